//! Changes to the files of a log, read from the fuzzer's bytes: single bytes, whole sectors, and fields whose checksum
//! is made good again, so that what stands behind the checksums is reached as well.
//!
//! An edit is a byte that says what, and its parameters; those that are missing are 0. The format is that of
//! docs/log-format.md.

use crate::memory_disk::Files;

/// The smallest segment that holds a few dozen events.
pub(crate) const SEGMENT_BYTES: usize = 21 * 4096;
const HEADER_BYTES: usize = 4096;
const SEAL_BYTES: usize = 64 * 1024;
/// Bytes of a segment's header and of its seal that mean something; the last four are their checksum.
const FIELDS_BYTES: usize = 72;
const ENTRY_BYTES: usize = 64;
const EDITS_MAX: usize = 32;
const FILE_BYTES_MAX: usize = 2 * SEGMENT_BYTES;

/// The fuzzer's bytes.
pub(crate) struct Edits<'a> {
    pub(crate) data: &'a [u8],
}

/// What was done, as far as it bears on what may be expected.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// A checksum was made good over a change.
    pub(crate) forged: bool,
    /// That of a seal.
    pub(crate) forged_seal: bool,
    /// A sidecar was touched.
    pub(crate) sidecars: bool,
}

impl Edits<'_> {
    pub(crate) fn apply(mut self, files: &mut Files) -> Done {
        let mut done = Done::default();
        for _ in 0..EDITS_MAX {
            if self.data.is_empty() {
                break;
            }
            self.edit(files, &mut done);
        }
        done
    }

    fn edit(&mut self, files: &mut Files, done: &mut Done) {
        let code = self.byte() % 12;
        let Some(name) = self.name(files, |_| true) else { return };
        done.sidecars |= name.ends_with(".idx") && !matches!(code, 2..=5);
        done.forged |= matches!(code, 2..=6);
        done.forged_seal |= code == 5;
        match code {
            0 => self.set(files, &name),
            1 => {
                let (at, mask) = (self.number(3), self.byte());
                if let Some(bytes) = files.get_mut(&name).filter(|bytes| !bytes.is_empty()) {
                    let at = at % bytes.len();
                    bytes[at] ^= mask;
                }
            }
            2 => self.entry(files, false),
            3 => self.entry(files, true),
            4 => self.fields(files, 0),
            5 => self.fields(files, SEGMENT_BYTES - SEAL_BYTES),
            6 => self.small(files),
            7 => {
                let bytes = self.number(3);
                if let Some(file) = files.get_mut(&name) {
                    file.resize(bytes % (2 * file.len() + 1).min(FILE_BYTES_MAX), 0);
                }
            }
            8 => drop(files.remove(&name)),
            9 => self.copy(files, &name),
            10 => {
                let (at, sectors) = (self.number(3), usize::from(self.byte()));
                if let Some(bytes) = files.get_mut(&name) {
                    let (start, end) = (at.min(bytes.len()), (at + 512 * sectors).min(bytes.len()));
                    bytes[start..end].fill(0);
                }
            }
            _ => {
                let to = self.name(files, |_| true);
                if let (Some(bytes), Some(to)) = (files.remove(&name), to) {
                    done.sidecars |= to.ends_with(".idx");
                    files.insert(to, bytes);
                }
            }
        }
    }

    /// Some bytes anywhere.
    fn set(&mut self, files: &mut Files, name: &str) {
        let (at, count) = (self.number(3), 1 + usize::from(self.byte()) % 16);
        let Some(bytes) = files.get_mut(name).filter(|bytes| !bytes.is_empty()) else { return };
        let at = at % bytes.len();
        let end = (at + count).min(bytes.len());
        bytes[at..end].fill_with(|| self.byte());
    }

    /// A field of an entry, or a byte of its frame, with good checksums of both.
    fn entry(&mut self, files: &mut Files, in_frame: bool) {
        let Some((segment, salt)) = self.segment(files) else { return };
        let slot = usize::from(self.byte()) % 64;
        let at = SEGMENT_BYTES - SEAL_BYTES - ENTRY_BYTES * (slot + 1);
        let (field, value) = (self.number(2), self.number(4));
        let base = u64::from_le_bytes(segment[40..48].try_into().expect("eight bytes"));
        let seed = crc32c::crc32c_append(salt, &base.wrapping_add(slot as u64).to_le_bytes());
        let offset = u32::from_le_bytes(segment[at + 44..at + 48].try_into().expect("four bytes")) as usize;
        let length =
            usize::from(u16::from_le_bytes(segment[at + 52..at + 54].try_into().expect("two bytes")));
        if in_frame {
            let Some(frame) = segment.get_mut(offset..offset + length).filter(|frame| !frame.is_empty())
            else {
                return;
            };
            frame[field % length] = value as u8;
            let crc = crc32c::crc32c_append(seed, frame).to_le_bytes();
            segment[at + 48..at + 52].copy_from_slice(&crc);
        } else {
            let (field, width) = (field % 60, 1 + field / 60 % 4);
            let end = (field + width).min(60);
            segment[at + field..at + end].copy_from_slice(&(value as u32).to_le_bytes()[..end - field]);
        }
        let crc = crc32c::crc32c_append(seed, &segment[at..at + 60]).to_le_bytes();
        segment[at + 60..at + 64].copy_from_slice(&crc);
    }

    /// A field of a header or of a seal, with a good checksum.
    fn fields(&mut self, files: &mut Files, from: usize) {
        let Some((segment, _)) = self.segment(files) else { return };
        reseal(&mut segment[from..from + FIELDS_BYTES], usize::from(self.byte()), self.number(8));
    }

    /// A field of META or of a CHECKPOINT, with a good checksum.
    fn small(&mut self, files: &mut Files) {
        let Some(name) = self.name(files, |name| !name.starts_with("seg/")) else { return };
        let (at, value) = (usize::from(self.byte()), self.number(8));
        if let Some(bytes) = files.get_mut(&name).filter(|bytes| bytes.len() > 12) {
            let covered = if name == "META" { bytes.len() } else { bytes.len().min(64) };
            reseal(&mut bytes[..covered], at, value);
        }
    }

    /// Sectors of one file over those of another.
    fn copy(&mut self, files: &mut Files, name: &str) {
        let (from, sectors) = (512 * usize::from(self.byte()), 1 + usize::from(self.byte()) % 8);
        let bytes =
            files.get(name).and_then(|bytes| bytes.get(from..(from + 512 * sectors).min(bytes.len())));
        let bytes = bytes.unwrap_or_default().to_vec();
        let Some(to) = self.name(files, |_| true) else { return };
        let at = 512 * usize::from(self.byte());
        if let Some(place) = files.get_mut(&to).and_then(|file| file.get_mut(at..at + bytes.len())) {
            place.copy_from_slice(&bytes);
        }
    }

    /// A segment of the size that was made, and the salt of its checksums.
    fn segment<'f>(&mut self, files: &'f mut Files) -> Option<(&'f mut Vec<u8>, u32)> {
        let name = self.name(files, |name| name.ends_with(".seg"))?;
        let segment = files.get_mut(&name).filter(|bytes| bytes.len() == SEGMENT_BYTES)?;
        let salt = crc32c::crc32c(&segment[32..40]);
        Some((segment, salt))
    }

    fn name(&mut self, files: &Files, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let names: Vec<&String> = files.keys().filter(|name| wanted(name)).collect();
        let at = usize::from(self.byte());
        names.get(at.checked_rem(names.len())?).map(|name| (*name).clone())
    }

    fn byte(&mut self) -> u8 {
        self.data.split_off_first().copied().unwrap_or(0)
    }

    fn number(&mut self, bytes: usize) -> usize {
        (0..bytes).fold(0, |number, _| number << 8 | usize::from(self.byte()))
    }
}

/// Sets eight bytes of a block whose last four are the checksum of those before, and makes that good.
fn reseal(block: &mut [u8], at: usize, value: usize) {
    let covered = block.len() - 4;
    let at = at % (covered - 7);
    block[at..at + 8].copy_from_slice(&value.to_le_bytes());
    let crc = crc32c::crc32c(&block[..covered]).to_le_bytes();
    block[covered..].copy_from_slice(&crc);
}

const _: () = assert!(HEADER_BYTES + SEAL_BYTES < SEGMENT_BYTES);
