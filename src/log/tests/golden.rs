//! The bytes of format version 1, held still: a change here is a new format version. The checksums were
//! computed by a second program.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::checkpoint::Checkpoint;
use crate::log::format::{Entry, Geometry, Salt};
use crate::log::header::{Damage, Header, Seal};
use crate::log::meta::{Hole, Meta};
use crate::log::postings::Postings;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS, record};
use crate::log::{Record, sidecar};
use zerocopy::IntoBytes as _;

const UUID: [u8; 16] = *b"0123456789abcdef";

fn header() -> Header {
    let geometry = Geometry::new(4 << 20).unwrap();
    Header { uuid: UUID, seg_id: 0x1122_3344_5566_7788, base: EventId(42), created_ms: 0x0102_0304, geometry }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(name: &str, bytes: &[u8], golden: &str) {
    assert_eq!(hex(bytes), golden.replace([' ', '\n'], ""), "the bytes of {name}");
}

#[test]
fn the_segment_header() {
    let bytes = header().encode();
    assert_eq!(bytes.len(), 4096);
    assert!(bytes[72..].iter().all(|&byte| byte == 0));
    check(
        "a header",
        &bytes[..72],
        "54575345470d0a1a 0100 0010 4000 0000 30313233343536373839616263646566 8877665544332211
         2a00000000000000 0403020100000000 0000400000000000 00000100 785413d4",
    );
    assert_eq!(Header::decode(&bytes), Ok(header()));
}

#[test]
fn the_entry() {
    let seed = Salt::new(header().seg_id).seed(EventId(42));
    let mut entry = Entry {
        stream: 1.into(),
        sender: 2.into(),
        recipient: 3.into(),
        key: 4.into(),
        aux: 5.into(),
        time: 6.into(),
        frame_offset: 4096.into(),
        frame_crc: crc32c::crc32c_append(seed, b"frame").into(),
        frame_bytes: 5.into(),
        payload_offset: 1,
        kind: 7,
        flags: 3.into(),
        unsynced: 9.into(),
        crc: 0.into(),
    };
    entry.crc = entry.checksum(seed).into();
    check(
        "an entry",
        entry.as_bytes(),
        "0100000000000000 0200000000000000 0300000000000000 0400000000000000 0500000000000000
         06000000 00100000 51d509f8 0500 01 07 0300 0900 8ab5f7ea",
    );
    assert!(entry.is_valid(seed));
    assert!(!entry.is_valid(Salt::new(header().seg_id).seed(EventId(43))), "another id");
    assert!(!entry.is_valid(Salt::new(1).seed(EventId(42))), "another segment");
}

#[test]
fn the_seal() {
    let seal = Seal {
        count: 2,
        data_end: 5000,
        first_ms: 0x0102_0304,
        last_ms: 0x0102_0309,
        block_count: 1,
        blocks_crc: 0xAABB_CCDD,
        entries_crc: 0x1020_3040,
    };
    check(
        "a seal",
        &seal.encode(&header()),
        "54575345414c0d0a 0100 0000 02000000 8877665544332211 2a00000000000000 88130000 01000000
         0403020100000000 0903020100000000 ddccbbaa 40302010 00000000 87b6665d",
    );
    assert_eq!(Seal::decode(&seal.encode(&header()), &header()), Ok(seal));
    let other = Header { base: EventId(43), ..header() };
    assert_eq!(Seal::decode(&seal.encode(&header()), &other), Err(Damage::Field));
}

#[test]
fn meta() {
    let known = Hole { after: EventId(5), first: EventId(9), missed: Some(3) };
    let unknown = Hole { after: EventId(20), first: EventId::new(1, 1), missed: None };
    let meta = Meta {
        uuid: UUID,
        hash_key: *b"fedcba9876543210",
        epoch: 1,
        first_kept: EventId(3),
        created_ms: 0x0102_0304,
        holes: vec![known, unknown],
    };
    check(
        "META",
        &meta.encode(),
        "54574d4554410d0a 0100 0000 01000000 30313233343536373839616263646566
         66656463626139383736353433323130 0300000000000000 0403020100000000 02000000 00000000
         0500000000000000 0900000000000000 0300000000000000 1400000000000000 0100000000010000
         ffffffffffffffff fcb49085",
    );
    assert_eq!(Meta::decode(&meta.encode()), Ok(meta));
}

#[test]
fn a_checkpoint() {
    let checkpoint = Checkpoint { generation: 7, durable: EventId(41), clean: true, relaxed: true };
    check(
        "a CHECKPOINT",
        &checkpoint.encode(UUID),
        "5457434b50540d0a 0100 0300 00000000 30313233343536373839616263646566 0700000000000000
         2900000000000000 000000000000000000000000 0ebf5074",
    );
    assert_eq!(Checkpoint::decode(&checkpoint.encode(UUID), UUID), Some(checkpoint));
    assert_eq!(Checkpoint::decode(&checkpoint.encode(UUID), [0; 16]), None, "of another log");
}

/// The postings of events under these hashes.
fn postings(topics: &[[u64; 3]]) -> Postings {
    let mut log = Log::open(Arc::new(SimDisk::new(1)));
    log.writer.begin(topics.len(), 9 * topics.len(), NOW_MS).unwrap();
    for &[stream, sender, recipient] in topics {
        log.writer
            .push(log.writer.next_id(), Record { stream, sender, recipient, ..record(b"a short 1", 0) });
    }
    log.writer.flush().unwrap();
    Postings::build(&log.reader.view().segments()[0], 0..topics.len() as u32)
}

#[test]
fn a_sidecar() {
    let seal = Seal {
        count: 3,
        data_end: 5000,
        first_ms: 0,
        last_ms: 0,
        block_count: 1,
        blocks_crc: 0,
        entries_crc: 0x1020_3040,
    };
    let postings = postings(&[[5, 9, 0], [2, 9, 9], [9, 5, 5]]);
    let head = sidecar::encode_head(&header(), &seal, &postings);
    check(
        "a sidecar's head",
        &head[..72],
        "54574944580d0a1a 0100 0000 03000000 30313233343536373839616263646566 8877665544332211
         2a00000000000000 40302010 03000000 35000000 d276d344 00000000 fad649c4",
    );
    check("the CRCs of its blocks", &head[128..132], "320c9358");
    assert!(head[72..128].iter().chain(&head[132..]).all(|&byte| byte == 0) && head.len() == 4096);
    check(
        "its postings",
        postings.memory(),
        "0200000000000000 01000000 01000000 0500000000000000 02000000 00000000
         0900000000000000 03000000 02000000 00 01 00 00 00",
    );
}

#[test]
fn a_list_with_a_place_to_begin() {
    let topics: Vec<_> = (0..=129 * 3).map(|slot| if slot % 3 == 0 { [1, 0, 0] } else { [0; 3] }).collect();
    let row = "0100000000000000 82000000 00000000";
    let list = format!("7e010000 80000000 00 {}", "02".repeat(129));
    check("a long list", postings(&topics).memory(), &format!("{row} {list}"));
}

#[test]
fn a_flipped_bit_is_found_in_every_byte_that_means_something() {
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x10;
        bytes
    };
    let head = header().encode();
    for at in 0..72 {
        assert!(Header::decode(&flipped(&head, at)).is_err(), "byte {at} of a header");
    }
    let checkpoint =
        Checkpoint { generation: 7, durable: EventId(41), clean: false, relaxed: false }.encode(UUID);
    for at in 0..checkpoint.len() {
        assert_eq!(Checkpoint::decode(&flipped(&checkpoint, at), UUID), None, "byte {at} of a CHECKPOINT");
    }
    assert_eq!(Header::decode(&head[..71]), Err(Damage::Short));
    assert_eq!(Header::decode(&flipped(&head, 8)), Err(Damage::Checksum), "whole but for its version");
    assert_eq!(Header::decode(&flipped(&flipped(&head, 8), 68)), Err(Damage::Version(17)));
}
