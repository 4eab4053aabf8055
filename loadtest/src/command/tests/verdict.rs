//! A run passes only when nothing at all is wrong. Each row spoils one count of a clean run.

use crate::command::measure::Accounts;
use crate::load::Tally;

fn clean() -> Accounts {
    let tally =
        Tally { delivered: 10, heartbeats: 3, positions: 1, others: 2, bytes: 99, ..Tally::default() };
    Accounts { tally, owed: 10, missing: 0, lacking: 0, refused: 0, wrong_acks: 0, stories: Vec::new() }
}

#[test]
fn a_clean_run_passes() {
    assert!(clean().passed());
    assert_eq!(clean().line(), "EXACT: delivered 10 of 10");
}

#[test]
fn any_fault_fails_and_is_named() {
    let check = |spoil: fn(&mut Accounts), named: &str| {
        let mut accounts = clean();
        spoil(&mut accounts);
        assert!(!accounts.passed(), "{named}");
        let line = accounts.line();
        assert!(line.starts_with("FAULTY: ") && line.contains(named), "{line}");
    };
    check(|accounts| accounts.missing = 1, "missing 1");
    check(|accounts| accounts.refused = 1, "refused 1");
    check(|accounts| accounts.wrong_acks = 1, "wrong acks 1");
    check(|accounts| accounts.tally.duplicated = 1, "duplicated 1");
    check(|accounts| accounts.tally.misordered = 1, "misordered 1");
    check(|accounts| accounts.tally.id_holes = 1, "id holes 1");
    check(|accounts| accounts.tally.foreign = 1, "foreign 1");
    check(|accounts| accounts.tally.changed = 1, "changed 1");
    check(|accounts| accounts.tally.gaps = 1, "gaps 1");
    check(|accounts| accounts.tally.lost = 1, "lost streams 1");
    check(|accounts| accounts.tally.delivered = 11, "delivered 11 of 10");
}
