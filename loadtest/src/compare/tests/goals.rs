//! A goal is met up to its bound and not beyond, and is neither met nor missed without those it needs.

use crate::compare::contender::Contender::{DurableStreams, Loop, Nchan, Tailwire};
use crate::compare::figure::{Figure, Measure};
use crate::compare::goal::{GOALS, Goal, Verdict};
use crate::compare::stage::Stage;
use crate::compare::tests::results;

fn goal(stage: Stage, measure: Measure) -> &'static Goal {
    GOALS.iter().find(|goal| goal.figure == Figure::of(stage, measure)).unwrap()
}

#[test]
fn the_ratio_to_the_loop_is_the_median_of_the_rounds_ratios() {
    let goal = goal(Stage::Narrow, Measure::CpuRatio);
    let check = |own: &[f64], of_loop: &[f64]| {
        let results = results(&[
            (Tailwire, Stage::Narrow, Measure::Cpu, own),
            (Loop, Stage::Narrow, Measure::Cpu, of_loop),
        ]);
        goal.check(&results)
    };
    // The medians' ratio would be 8 / 8.
    assert_eq!(check(&[4.0, 8.0, 9.0], &[8.0, 10.0, 3.0]), Verdict::Met(0.8));
    assert_eq!(check(&[9.5], &[10.0]), Verdict::Met(0.95));
    assert_eq!(check(&[9.6], &[10.0]), Verdict::NotMet(0.96));
    // A round that one of them lacks does not count.
    assert_eq!(check(&[4.0, 1.0], &[8.0]), Verdict::Met(0.5));
    assert_eq!(check(&[4.0], &[]), Verdict::Unknown("send loop"));
    assert_eq!(check(&[], &[4.0]), Verdict::Unknown("tailwire"));
}

#[test]
fn bounds_by_others_figures() {
    let check = |stage, measure, other, own: f64, of_other: f64| {
        let results = results(&[(Tailwire, stage, measure, &[own]), (other, stage, measure, &[of_other])]);
        goal(stage, measure).check(&results)
    };
    assert_eq!(check(Stage::Narrow, Measure::P50, DurableStreams, 7.0, 10.0), Verdict::Met(0.7));
    assert_eq!(check(Stage::Narrow, Measure::P50, DurableStreams, 8.0, 10.0), Verdict::NotMet(0.8));
    assert_eq!(check(Stage::Narrow, Measure::P99, Loop, 11.0, 10.0), Verdict::Met(1.1));
    assert_eq!(check(Stage::Narrow, Measure::P99, Loop, 12.0, 10.0), Verdict::NotMet(1.2));
    assert_eq!(check(Stage::Replay, Measure::Frames, Nchan, 100.0, 10.0), Verdict::Met(10.0));
    assert_eq!(check(Stage::Replay, Measure::Frames, Nchan, 99.0, 10.0), Verdict::NotMet(9.9));
    assert_eq!(check(Stage::Saturate16, Measure::Rate, DurableStreams, 3.0, 2.0), Verdict::NotMet(1.5));
    // Somebody else's figure is no stand-in.
    assert_eq!(check(Stage::Replay, Measure::Frames, DurableStreams, 9.0, 1.0), Verdict::Unknown("nchan"));
}

#[test]
fn bounds_that_are_numbers() {
    let check = |stage, measure, own: f64| {
        goal(stage, measure).check(&results(&[(Tailwire, stage, measure, &[own])]))
    };
    assert_eq!(check(Stage::Idle, Measure::Memory, 64.0), Verdict::Met(64.0));
    assert_eq!(check(Stage::Idle, Measure::Memory, 65.0), Verdict::NotMet(65.0));
    assert_eq!(check(Stage::Saturate1, Measure::P99, 25.5), Verdict::NotMet(25.5));
    assert_eq!(check(Stage::Saturate16, Measure::AckP50, 0.5), Verdict::Met(0.5));
}
