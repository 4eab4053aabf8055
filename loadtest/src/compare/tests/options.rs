//! The command line chooses contenders and stages and refuses what would be unbounded.

use clap::Parser;

use crate::compare::contender::Contender;
use crate::compare::options::Options;
use crate::compare::plan::Plan;
use crate::compare::stage::Stage;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn plan(line: &str) -> Option<Plan> {
    Line::try_parse_from(line.split(' ')).ok().map(|line| line.options.plan())
}

#[test]
fn everybody_and_everything_unless_named() {
    let all = plan("compare").unwrap();
    assert_eq!(all.contenders, Contender::all());
    assert_eq!(all.stages, Stage::all());
    assert_eq!(all.rounds, 7);
    let few = plan("compare --subjects tailwire,loop --stages idle,narrow --rounds 2 --quick").unwrap();
    assert_eq!(few.contenders, [Contender::Loop, Contender::Tailwire], "in the order of the table");
    assert_eq!(few.stages, [Stage::Narrow, Stage::Idle]);
    assert_eq!(few.rounds, 2, "what is asked for goes before --quick");
    assert_eq!(plan("compare --quick").unwrap().rounds, 1);
}

#[test]
fn sizes_hold_for_every_stage() {
    let plan = plan("compare --subscribers 200 --rate 50 --seconds 2").unwrap();
    let (narrow, wide) = (plan.load(Stage::Narrow), plan.load(Stage::Wide));
    assert_eq!((narrow.subscribers, narrow.rate, narrow.events), (200, 50.0, 100));
    assert_eq!((wide.subscribers, wide.rate, wide.events), (1000, 10.0, 20));
    assert!(plan.connections() > 10_000, "those that are idle are the most");
}

#[test]
fn bad_lines_are_refused() {
    for line in [
        "compare --subjects mercure",
        "compare --stages soak",
        "compare --rounds 0",
        "compare --subscribers 60000",
        "compare --seconds 55",
        "compare --replay-events 1000000",
    ] {
        assert!(plan(line).is_none(), "{line}");
    }
}
