//! The memory of a log whose disk has changed an entry since it was sealed. Setup: three keyed events in a real
//! log, one byte of the second one's entry flipped in the file.

use std::os::unix::fs::FileExt as _;

use crate::ingest::tests::rig::{Rig, dir};
use crate::ingest::tests::support::{created, withdrawn};
use crate::limits;
use crate::log::Durability;

#[test]
fn a_changed_entry_is_not_taken_for_the_truth() {
    let dir = dir();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    rig.publish(&[withdrawn("7").key("a")]).unwrap();
    rig.publish(&[created("8", "alice", "bob").key("b")]).unwrap();
    rig.publish(&[withdrawn("9").key("c")]).unwrap();
    rig.stop();
    // It seals the segment.
    Rig::open(dir.path(), Durability::Commit).stop();
    let path = dir.path().join(format!("seg/{:020}.seg", 1));
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let digest_at = limits::SEGMENT_BYTES_MIN - limits::SEAL_BYTES - 2 * limits::ENTRY_BYTES as u64 + 32;
    let mut byte = [0];
    file.read_exact_at(&mut byte, digest_at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], digest_at).unwrap();
    let mut rig = Rig::open(dir.path(), Durability::Commit);
    assert_eq!(rig.publish(&[withdrawn("7").key("a")]).unwrap(), [(1, true)]);
    assert_eq!(rig.publish(&[withdrawn("9").key("c")]).unwrap(), [(3, true)]);
    let again = rig.publish(&[created("8", "alice", "bob").key("b")]).unwrap();
    assert_eq!(again, [(4, false)], "not a conflict with what nobody published");
    rig.stop();
}
