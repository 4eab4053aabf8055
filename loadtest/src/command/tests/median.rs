//! The median that comparisons are read by.

use crate::command::compare::median;

#[test]
fn the_middle_or_the_mean_of_the_two_in_the_middle() {
    assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(vec![4.0, 1.0, 2.0, 100.0]), 3.0);
    assert_eq!(median(vec![5.0]), 5.0);
    assert!(median(Vec::new()).is_nan());
}
