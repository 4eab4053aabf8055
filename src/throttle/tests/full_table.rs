//! Out of room, the bucket nearest to full gives way: a flood of other keys wins nobody his tokens back.

use crate::throttle::tests::{key_of, one};
use crate::throttle::{Buckets, Rate};

#[test]
fn who_is_out_of_tokens_stays_so_in_a_flood_of_keys() {
    let buckets = Buckets::with_room(Rate::per_minute(1, 3).unwrap(), 64);
    let victim = key_of(5, 8, 0xabcde);
    for _ in 0..3 {
        assert!(one(&buckets, victim, 10).is_ok());
    }
    assert!(one(&buckets, victim, 10).is_err());
    for tag in 1..100_000 {
        assert!(one(&buckets, key_of(tag % 8, 8, tag), 11).is_ok(), "a new key has a full bucket: {tag}");
    }
    assert!(one(&buckets, victim, 12).is_err(), "a flood of keys gave the tokens back");
}

#[test]
fn buckets_of_one_set_stand_beside_each_other() {
    let buckets = Buckets::with_room(Rate::per_second(1, 1).unwrap(), 64);
    let keys: Vec<_> = (1..=8).map(|tag| key_of(3, 8, tag)).collect();
    for key in &keys {
        assert!(one(&buckets, *key, 10).is_ok());
    }
    for key in &keys {
        assert!(one(&buckets, *key, 10).is_err(), "{key:x} was forgotten though there is room");
    }
    for key in &keys {
        assert!(one(&buckets, *key, 1010).is_ok());
    }
}
