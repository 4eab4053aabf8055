//! The line that a soak is read by: exact on a line, and not fooled by noise or by one step.

use crate::command::trend::Trend;

const MIB: f64 = 1024.0 * 1024.0;

fn trend(bytes: impl Fn(f64) -> f64) -> Trend {
    Trend::of((0..100).map(|second| (f64::from(second), bytes(f64::from(second))))).unwrap()
}

#[test]
fn a_line_is_found_exactly() {
    let found = trend(|at| 100.0 * MIB + at * 3.0 * MIB);
    assert!((found.slope - 3.0 * MIB).abs() < 1.0 && found.error < 1.0, "{found:?}");
    assert!((found.rise() - 297.0 * MIB).abs() < 10.0, "{found:?}");
    assert!(!found.is_flat());
    assert!(found.line().starts_with("NOT FLAT"), "{}", found.line());
}

#[test]
fn what_does_not_grow_is_flat() {
    assert!(trend(|_| 5.0 * MIB).is_flat());
    // Up and down by 20 MiB, without a trend.
    assert!(trend(|at| 100.0 * MIB + if (at as u64).is_multiple_of(2) { 20.0 * MIB } else { 0.0 }).is_flat());
    assert!(trend(|at| 500.0 * MIB - at * MIB).is_flat(), "memory may shrink");
    // A leak of 64 bytes for each of 10,000 a second is none of these.
    assert!(!trend(|at| 20.0 * MIB + at * 640_000.0).is_flat());
}

#[test]
fn too_few_readings_tell_nothing() {
    assert_eq!(Trend::of((0..4).map(|at| (f64::from(at), 1.0))), None);
    assert_eq!(Trend::of((0..9).map(|_| (1.0, 1.0))), None);
    assert_eq!(Trend::of(std::iter::empty()), None);
}
