//! Chunks of sends are short while anybody wants the worker, and grow to their bound while nobody does.

use crate::limits;
use crate::server::stride::Stride;

#[test]
fn chunks_grow_from_the_shortest_to_the_longest_while_nobody_wants_the_worker() {
    let mut stride = Stride::default();
    let mut lengths = vec![stride.sends()];
    while lengths.len() < 12 {
        stride.step(false);
        lengths.push(stride.sends());
    }
    assert_eq!(lengths[0], limits::SENDS_PER_CHUNK_MIN);
    assert!(lengths.windows(2).all(|pair| pair[1] <= 2 * pair[0] && pair[0] <= pair[1]), "{lengths:?}");
    assert_eq!(lengths[11], limits::SENDS_PER_CHUNK);
}

#[test]
fn chunks_are_the_shortest_at_once_when_somebody_does() {
    let mut stride = Stride::default();
    for quiet in 0..12 {
        (0..quiet).for_each(|_| stride.step(false));
        stride.step(true);
        assert_eq!(stride.sends(), limits::SENDS_PER_CHUNK_MIN);
    }
}
