//! The keyed hashes, which stand on disk: their values may not change within a format version.
//!
//! The reference vector is that of the SipHash-2-4 paper: the key 00 01 … 0f, over the bytes 00 01 … 0e. The
//! other golden values come from another implementation of it, over the domain byte and the text.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::topic::{StreamId, TopicHash, TopicHasher, User};

const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[test]
fn the_hash_function_is_siphash_2_4() {
    let mut hasher = SipHasher24::new_with_key(&KEY);
    hasher.write(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(hasher.finish(), 0xa129_ca61_49be_45e5);
}

#[test]
fn hashes_on_disk_never_change() {
    let hasher = TopicHasher::new(KEY);
    let stream = |text: &str| hasher.stream(&StreamId::parse(text).unwrap()).0;
    let user = |text: &str| hasher.user(&User::parse(text).unwrap()).0;
    assert_eq!(stream("7"), 0x96eb_348c_38f5_ae5b);
    assert_eq!(stream("pending-abcdefgh23456722"), 0x7599_93d1_bc2e_e991);
    assert_eq!(user("GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"), 0xb282_126f_7672_989f);
    assert_eq!(hasher.key("tx:7"), 0xf9e5_58be_fc21_60d6);
    assert_eq!(hasher.source("indexer"), 0x1a20_d355_a5b2_9891);
    assert_eq!(hasher.digest(1, br#"{"streamId":7}"#), 0x4fea_1eb5_d7cd_e653);
}

#[test]
fn the_same_text_has_another_hash_in_each_domain_and_under_each_key() {
    let hashes = [KEY, [0; 16]].map(|key| {
        let hasher = TopicHasher::new(key);
        let TopicHash(stream) = hasher.stream(&StreamId::parse("7").unwrap());
        let TopicHash(user) = hasher.user(&User::parse("7").unwrap());
        [
            stream,
            user,
            hasher.key("7"),
            hasher.source("7"),
            hasher.digest(b'7', b""),
            hasher.digest(b'8', b""),
        ]
    });
    let mut all = hashes.concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 12);
    assert!(!all.contains(&TopicHash::NONE.0));
}
