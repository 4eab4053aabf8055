//! Waits grow with failures, shrink after success, follow the server's wish, and are never in step.

use std::time::Duration;

use crate::cli::backoff::Backoff;

fn longest(backoff: &mut Backoff) -> u128 {
    backoff.next(0).as_millis()
}

#[test]
fn each_failure_doubles_up_to_half_a_minute() {
    let mut backoff = Backoff::new();
    let waits: Vec<u128> = (0..7).map(|_| longest(&mut backoff)).collect();
    assert_eq!(waits, [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    backoff.succeed();
    assert_eq!(longest(&mut backoff), 2000);
}

#[test]
fn the_servers_wish_is_the_base_within_reason() {
    let mut backoff = Backoff::new();
    backoff.wish(500);
    assert_eq!([longest(&mut backoff), longest(&mut backoff)], [500, 1000]);
    backoff.wish(45_000);
    backoff.succeed();
    assert_eq!(
        [longest(&mut backoff), longest(&mut backoff)],
        [45_000, 45_000],
        "never shorter than asked for"
    );
    backoff.wish(u64::MAX);
    assert_eq!(longest(&mut backoff), 60_000);
    backoff.wish(0);
    backoff.succeed();
    assert_eq!(longest(&mut backoff), 1);
}

#[test]
fn a_quarter_is_left_to_chance() {
    for random in [0, 1, 499, 500, 12_345, u64::MAX] {
        let wait = Backoff::new().next(random);
        assert!(wait >= Duration::from_millis(1500) && wait <= Duration::from_millis(2000), "{wait:?}");
    }
}
