//! Threads that take at once get the burst together, and not one token more.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::throttle::tests::one;
use crate::throttle::{Buckets, Rate};

const THREADS: u64 = 8;
const BURST: u32 = 1000;

#[test]
fn the_burst_is_given_once() {
    // Two keys of one set, among others that come and go there.
    let buckets = Buckets::with_room(Rate::per_minute(1, BURST).unwrap(), 8);
    let keys = [3 << 44, 5 << 44];
    let taken = keys.map(|_| AtomicU32::new(0));
    let barrier = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (buckets, taken, barrier) = (&buckets, &taken, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for turn in 0..BURST {
                    for (key, taken) in keys.iter().zip(taken) {
                        taken.fetch_add(u32::from(one(buckets, *key, 1).is_ok()), Ordering::Relaxed);
                    }
                    let _other = one(buckets, (100 + (thread + u64::from(turn)) % 5) << 44, 1);
                }
            });
        }
    });
    for taken in taken {
        assert_eq!(taken.into_inner(), BURST);
    }
}
