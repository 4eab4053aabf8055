//! The set against a plain one, over numbers in shuffled windows with repeats and omissions, from a fixed
//! seed.

use std::collections::BTreeSet;

use crate::load::seq_set::SeqSet;

/// A small generator (Knuth's MMIX constants), so that a failure can be run again.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn it_agrees_with_a_plain_set() {
    for seed in 0..200 {
        let mut state = seed;
        let mut set = SeqSet::default();
        let mut plain = BTreeSet::new();
        for step in 0..500u64 {
            // Mostly forward, now and then up to 40 back: repeats, holes, and holes filled late.
            let number = (step * 3 / 2).saturating_sub(next(&mut state) % 40);
            assert_eq!(set.insert(number), plain.insert(number), "seed {seed}, step {step}, number {number}");
        }
        assert_eq!(set.len(), plain.len() as u64, "seed {seed}");
    }
}

#[test]
fn only_the_newest_holes_are_remembered() {
    let mut set = SeqSet::default();
    for number in (1..100_000).step_by(2) {
        assert!(set.insert(number));
    }
    // The newest holes can still be filled; the oldest are given up.
    assert!(set.insert(99_998));
    assert!(!set.insert(2));
    assert_eq!(set.len(), 50_001);
}
