//! What `--coalesce-us` may hold, and for how long: by a clock of the test's own.

use crate::server::coalesce::Pacing;

/// Rings at these times, each with an event. Whoever is held asks again exactly when it was told to. Returns when
/// each event went.
fn went(window_us: u64, rings: &[u64]) -> Vec<u64> {
    let mut pacing = Pacing::new(window_us);
    let mut went = Vec::new();
    let mut held: Option<u64> = None;
    for (at, ring) in rings.iter().enumerate() {
        while let Some(again) = held.filter(|again| again <= ring) {
            held = pacing.hold(true, again).map(|wait| again + wait);
            if held.is_none() {
                went.resize(at, again);
            }
        }
        match pacing.hold(true, *ring) {
            None => {
                went.resize(at + 1, *ring);
                held = None;
            }
            Some(wait) => held = Some(ring + wait),
        }
    }
    while let Some(again) = held {
        held = pacing.hold(true, again).map(|wait| again + wait);
        went.resize(if held.is_none() { rings.len() } else { went.len() }, again);
    }
    went
}

/// Rings at uneven distances, some bursts and some long rests.
fn rings() -> Vec<u64> {
    let mut at = 1_000_000;
    let mut state = 7u64;
    (0..5000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let gap = [1, 40, 300, 5000][(state >> 33) as usize % 4];
            at += state >> 40 & 0x3f | gap;
            at
        })
        .collect()
}

#[test]
fn nothing_is_held_when_it_is_off() {
    let rings = rings();
    assert_eq!(went(0, &rings), rings);
}

#[test]
fn nothing_is_held_for_longer_than_the_setting() {
    let rings = rings();
    for window_us in [1, 100, 2000, 100_000] {
        let went = went(window_us, &rings);
        assert_eq!(went.len(), rings.len(), "each event goes");
        let longest = rings.iter().zip(&went).map(|(ring, went)| went - ring).max();
        assert!(longest <= Some(window_us), "{longest:?} of {window_us}");
    }
}

#[test]
fn an_event_after_a_rest_goes_at_once() {
    for window_us in [1, 100, 2000, 100_000] {
        let rings: Vec<u64> = (0..100).map(|index| 10 + index * window_us).collect();
        assert_eq!(went(window_us, &rings), rings, "{window_us}");
    }
}

#[test]
fn deliveries_begin_no_closer_together_than_the_setting() {
    for window_us in [100, 2000] {
        let mut began = went(window_us, &rings());
        began.dedup();
        assert!(began.windows(2).all(|pair| pair[1] - pair[0] >= window_us), "{window_us}");
        assert!(began.len() < rings().len(), "some go together");
    }
}

#[test]
fn what_brings_no_event_is_not_held_and_spends_nothing() {
    let mut pacing = Pacing::new(1000);
    assert_eq!(pacing.hold(true, 5000), None);
    // Within the time: those behind, heartbeats and answers of the pager go.
    assert_eq!(pacing.hold(false, 5001), None);
    assert_eq!(pacing.hold(true, 5400), Some(600));
    assert_eq!(pacing.hold(false, 5999), None);
    assert_eq!(pacing.hold(false, 7000), None);
    assert_eq!(pacing.hold(true, 7001), None, "after a quiet time, whoever else was served in it");
}
