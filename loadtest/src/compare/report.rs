//! The comparison as JSON: the values of every round, so that others can take their own means, and what the
//! text says of goals, faults and absentees.

use serde_json::{Map, Value, json};

use crate::compare::figure::Figure;
use crate::compare::goal::{GOALS, Goal, Verdict};
use crate::compare::plan::Plan;
use crate::compare::results::Results;

pub(crate) fn json(plan: &Plan, results: &Results) -> Value {
    let figures: Vec<Value> =
        Figure::all(plan).into_iter().map(|figure| figure_json(plan, results, figure)).collect();
    let goals = GOALS.iter().filter(|goal| plan.stages.contains(&goal.figure.stage));
    json!({
        "workload": "compare",
        "kernel": rustix::system::uname().release().to_string_lossy(),
        "contenders": plan.contenders.iter().map(|contender| contender.key()).collect::<Vec<_>>(),
        "rounds": plan.rounds,
        "subscribers": plan.subscribers,
        "rate": plan.rate,
        "seconds": plan.seconds,
        "saturateMs": plan.saturate.as_millis() as u64,
        "saturateEvents": plan.saturate_events,
        "idleSubscribers": plan.idle_subscribers,
        "replaySubscribers": plan.replay_subscribers,
        "replayEvents": plan.replay_events,
        "figures": figures,
        "goals": goals.map(|goal| goal_json(goal, results)).collect::<Vec<_>>(),
        "skipped": results.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "faults": results.faults.iter().map(|fault| json!({
            "contender": fault.contender.key(),
            "stage": fault.stage.key(),
            "round": fault.round,
            "story": fault.story,
        })).collect::<Vec<_>>(),
        "warnings": results.warnings,
    })
}

fn figure_json(plan: &Plan, results: &Results, figure: Figure) -> Value {
    let mut values = Map::new();
    for contender in &plan.contenders {
        let rounds = results.rounds(*contender, figure);
        if !rounds.is_empty() {
            let median = results.median(*contender, figure);
            values.insert(contender.key().to_owned(), json!({ "median": median, "rounds": rounds }));
        }
    }
    json!({
        "stage": figure.stage.key(),
        "what": plan.words(figure.stage),
        "measure": figure.measure.key(),
        "moreIsBetter": figure.measure.more_is_better(),
        "best": results.best(&plan.contenders, figure).map(|contender| contender.key()),
        "values": values,
    })
}

fn goal_json(goal: &Goal, results: &Results) -> Value {
    let verdict = goal.check(results);
    let value = match verdict {
        Verdict::Met(value) | Verdict::NotMet(value) => Some(value),
        Verdict::Unknown(_) => None,
    };
    json!({
        "stage": goal.figure.stage.key(),
        "measure": goal.figure.measure.key(),
        "bound": goal.bound.words(),
        "verdict": verdict.words(),
        "value": value,
    })
}
