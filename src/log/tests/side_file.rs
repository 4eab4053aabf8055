//! Side files: replaced as a whole, found damaged or found whole. Setup: a simulated disk.

use std::io;
use std::sync::Arc;

use crate::log::tests::sim_disk::{Faults, SimDisk};
use crate::log::{Sections, SideFile, SideWriter};

const FIRST_BYTES: usize = 40;
const SECOND_BYTES: u64 = 1_000_000;

/// A version: a short section and a long one, all bytes of the version.
fn write(version: u8, writer: &mut SideWriter) -> io::Result<()> {
    writer.put(&[version; FIRST_BYTES])?;
    writer.end()?;
    for _ in 0..SECOND_BYTES / 1000 {
        writer.put(&[version; 1000])?;
    }
    writer.end()
}

/// The version the file holds; an error unless all of it is that version.
fn read(file: &SideFile) -> io::Result<Option<u8>> {
    let Some(mut sections) = file.open()? else { return Ok(None) };
    let first = sections.first(FIRST_BYTES)?;
    let offset = Sections::after(0, FIRST_BYTES as u64);
    let mut section = sections.section(offset, SECOND_BYTES);
    let mut bytes = Vec::new();
    while let Some(piece) = section.next_piece()? {
        bytes.extend_from_slice(piece);
    }
    assert_eq!(bytes, vec![first[0]; SECOND_BYTES as usize]);
    assert_eq!(sections.file_bytes()?, Sections::after(offset, SECOND_BYTES));
    Ok(Some(first[0]))
}

#[test]
fn cut_off_anywhere_the_old_one_is_there_or_the_new_one() {
    let (mut old, mut new) = (0, 0);
    for (calls, seed) in (0..12).flat_map(|calls| (0..12).map(move |seed| (calls, seed))) {
        let disk = SimDisk::new(seed);
        let file = SideFile::new(Arc::new(disk.clone()), "SIDE");
        assert_eq!(read(&file).unwrap(), None);
        file.replace(SECOND_BYTES, |writer| write(1, writer)).unwrap();
        disk.set_faults(Faults { crash_after: Some(calls), ..Faults::default() });
        let replaced = file.replace(SECOND_BYTES, |writer| write(2, writer)).is_ok();
        let after = SideFile::new(Arc::new(disk.crash(seed)), "SIDE");
        match read(&after).unwrap_or_else(|error| panic!("cut at {calls}, seed {seed}: {error}")) {
            Some(1) if !replaced => old += 1,
            Some(2) => new += 1,
            found => panic!("cut at {calls}, seed {seed}: {found:?}, replaced: {replaced}"),
        }
    }
    assert!(old > 0 && new > 0, "{old} old, {new} new");
}

#[test]
fn any_changed_byte_and_any_other_length_is_found() {
    let disk = SimDisk::new(1);
    let file = SideFile::new(Arc::new(disk.clone()), "SIDE");
    file.replace(SECOND_BYTES, |writer| write(1, writer)).unwrap();
    let bytes = disk.read_all("SIDE");
    let places = (0..60).chain((60..bytes.len()).step_by(49_999)).chain(bytes.len() - 5..bytes.len());
    for place in places {
        disk.corrupt("SIDE", place as u64, |byte| byte ^ 0x10);
        assert_eq!(read(&file).unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {place}");
        disk.corrupt("SIDE", place as u64, |byte| byte ^ 0x10);
    }
    for end in [0, 3, FIRST_BYTES, FIRST_BYTES + 4, bytes.len() - 1] {
        disk.replace("SIDE", &bytes[..end]);
        assert_eq!(read(&file).unwrap_err().kind(), io::ErrorKind::InvalidData, "{end} bytes");
    }
    disk.replace("SIDE", &bytes);
    assert_eq!(read(&file).unwrap(), Some(1));
}

#[test]
fn the_second_section_of_another_file_is_not_taken_for_its_own() {
    let disk = SimDisk::new(1);
    let file = SideFile::new(Arc::new(disk.clone()), "SIDE");
    file.replace(SECOND_BYTES, |writer| write(1, writer)).unwrap();
    let one = disk.read_all("SIDE");
    file.replace(SECOND_BYTES, |writer| write(2, writer)).unwrap();
    let two = disk.read_all("SIDE");
    let mixed = [&one[..FIRST_BYTES + 4], &two[FIRST_BYTES + 4..]].concat();
    disk.replace("SIDE", &mixed);
    assert_eq!(read(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn it_leaves_the_log_its_room_and_a_failure_leaves_the_old_one() {
    let disk = SimDisk::new(1);
    let file = SideFile::new(Arc::new(disk.clone()), "SIDE");
    file.replace(SECOND_BYTES, |writer| write(1, writer)).unwrap();
    let faults = [
        Faults { free_bytes: Some(64 * 1024 * 1024), ..Faults::default() },
        Faults { fail_sync: Some(1), ..Faults::default() },
        Faults { fail_rename: true, ..Faults::default() },
    ];
    for faults in faults {
        disk.set_faults(faults);
        file.replace(SECOND_BYTES, |writer| write(2, writer)).unwrap_err();
        assert_eq!(read(&file).unwrap(), Some(1), "{faults:?}");
        assert!(!disk.names().iter().any(|name| name.ends_with(".tmp")), "{faults:?}: {:?}", disk.names());
    }
    disk.set_faults(Faults::default());
    file.replace(SECOND_BYTES, |writer| write(2, writer)).unwrap();
    assert_eq!(read(&file).unwrap(), Some(2));
    file.remove().unwrap();
    file.remove().unwrap();
    assert_eq!(read(&file).unwrap(), None);
}
