//! Duties have their turns until the thread is stopped, and their troubles are told once.

use std::sync::mpsc;

use crate::app::upkeep::{News, duty, start};

#[test]
fn a_trouble_is_told_when_it_begins_changes_and_ends() {
    let outcomes = [None, Some("full"), Some("full"), Some("gone"), Some("gone"), None, None, Some("full")];
    let mut turns = outcomes.into_iter();
    let mut duty =
        duty("test", move |_| turns.next().flatten().map_or(Ok(()), |trouble| Err(trouble.into())));
    let told: Vec<_> = outcomes.iter().map(|_| duty.turn(0)).collect();
    let trouble = |text: &str| Some(News::Trouble(text.to_owned()));
    let expected =
        [None, trouble("full"), None, trouble("gone"), None, Some(News::Over), None, trouble("full")];
    assert_eq!(told, expected);
}

#[test]
fn every_duty_has_a_turn_at_once_and_the_thread_ends_when_told() {
    let (done, turns) = mpsc::channel();
    let other = done.clone();
    let (stop, thread) = start(vec![
        duty("one", move |now_ms| Ok(done.send(("one", now_ms))?)),
        duty("other", move |now_ms| Ok(other.send(("other", now_ms))?)),
    ])
    .unwrap();
    let first: Vec<_> = turns.iter().take(4).collect();
    let names: Vec<_> = first.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["one", "other", "one", "other"]);
    assert!(first.iter().all(|(_, now_ms)| *now_ms > 1_700_000_000_000), "unix milliseconds: {first:?}");
    drop(stop);
    thread.join().unwrap();
    assert!(turns.iter().count() <= 2, "no more than the round that was going on");
}
