//! Moments go round after 203 days: a bucket of another round is full, and one across the border counts on.

use crate::throttle::tests::one;
use crate::throttle::{Buckets, Rate};

const ROUND_MS: u64 = (1 << 44) / 1000;

#[test]
fn a_bucket_counts_on_over_the_border() {
    let buckets = Buckets::new(Rate::per_second(1, 10).unwrap());
    let mut now_ms = ROUND_MS - 3000;
    for _ in 0..10 {
        assert!(one(&buckets, 7, now_ms).is_ok());
    }
    for _ in 0..20 {
        assert!(one(&buckets, 7, now_ms).is_err());
        now_ms += 1000;
        assert!(one(&buckets, 7, now_ms).is_ok(), "at {now_ms}");
    }
}

#[test]
fn a_bucket_left_alone_is_full_however_long() {
    for days in 1..400 {
        let buckets = Buckets::new(Rate::per_second(1, 10).unwrap());
        for _ in 0..10 {
            assert!(one(&buckets, 7, 5).is_ok());
        }
        assert!(one(&buckets, 7, 5).is_err());
        assert!(one(&buckets, 7, 5 + days * 86_400_000).is_ok(), "after {days} days");
    }
}
