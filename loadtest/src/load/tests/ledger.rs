//! All who get an event must get the same one: same id, same bytes, same acknowledgement.

use crate::load::ledger::{Agreement, Ledger};

#[test]
fn the_first_delivery_is_the_measure_of_the_others() {
    let mut ledger = Ledger::default();
    let mut check =
        |seq, id, data: &str, wanted| assert_eq!(ledger.check(seq, id, data.as_bytes()), wanted, "{data}");
    check(3, 10, "some data of an event", Agreement::Same);
    check(3, 10, "some data of an event", Agreement::Same);
    check(3, 11, "some data of an event", Agreement::OtherId);
    check(3, 10, "some data of an evenT", Agreement::OtherBytes);
    check(3, 10, "some dat4 of an event", Agreement::OtherBytes);
    check(3, 10, "some data of an event ", Agreement::OtherBytes);
    check(0, 9, "another", Agreement::Same);
    check(u64::MAX, 12, "a number beyond all bounds", Agreement::OtherId);
}

#[test]
fn acknowledgements_are_held_against_deliveries() {
    let mut ledger = Ledger::default();
    for seq in 0..4 {
        ledger.check(seq, seq + 100, b"x");
    }
    assert_eq!(ledger.contradicted(&[(0, 100), (1, 101), (3, 103)]), 0);
    assert_eq!(ledger.contradicted(&[(0, 100), (1, 102), (3, 104)]), 2);
    assert_eq!(ledger.contradicted(&[(50, 1)]), 0, "what was never delivered is missing, not contradicted");
}
