//! The rounds: stage by stage, round by round, each contender in turn on a server started afresh. Nothing that
//! a contender does breaks the run off; it is entered as a fault and the next one has its turn.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::client::{Launch, Program, pin_to_cpu, raise_file_limit};
use crate::command::{CommandError, Outcome};
use crate::compare::contender::{Contender, Missing, Places};
use crate::compare::figure::Figure;
use crate::compare::options::Options;
use crate::compare::plan::Plan;
use crate::compare::results::{Fault, Results};
use crate::compare::stage::Stage;
use crate::compare::workload::{Found, work};
use crate::compare::{chart, report, table};
use crate::load::{Subject, SubjectError};

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareError {
    #[error("there is nobody to compare with; {0}")]
    Missing(#[from] Missing),
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// What the rounds need besides their results.
struct Contest<'a> {
    options: &'a Options,
    server_cpu: usize,
    plan: Plan,
    programs: Vec<(Contender, Program)>,
    steps: u32,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, CommandError> {
    let plan = options.plan();
    let (server_cpu, tool_cpu) = options.cpus();
    let mut results = Results::default();
    let mut programs = Vec::new();
    let places = Places::usual(options.tailwire.clone());
    for contender in plan.contenders.iter().copied() {
        match contender.find(&places) {
            Ok(program) => programs.push((contender, program)),
            // Without Tailwire the others are compared with nothing.
            Err(missing) if contender == Contender::Tailwire => Err(CompareError::from(missing))?,
            Err(missing) => results.skipped.push(missing),
        }
    }
    raise_file_limit(plan.connections().into()).map_err(SubjectError::from)?;
    pin_to_cpu(tool_cpu).map_err(SubjectError::from)?;
    let mut contest = Contest { options, server_cpu, plan, programs, steps: 0 };
    for stage in contest.plan.stages.clone() {
        for round in 0..stage.rounds(contest.plan.rounds) {
            contest.round(stage, round, &mut results);
        }
    }
    let json = report::json(&contest.plan, &results);
    if let Some(path) = &options.json {
        write(path, &format!("{json:#}\n"))?;
    }
    if let Some(path) = &options.svg {
        write(path, &chart::svg(&contest.plan, &results))?;
    }
    let passed = !results.has_faults(Contender::Tailwire);
    Ok(Outcome { passed, text: table::text(&contest.plan, &results), json })
}

impl Contest<'_> {
    fn round(&mut self, stage: Stage, round: u32, results: &mut Results) {
        let steps = self.steps_in_all();
        for (contender, program) in self.programs.clone() {
            if !Plan::offers(contender, stage) {
                continue;
            }
            self.steps += 1;
            let label = format!("{}/{steps} {}: ", self.steps, contender.name());
            let mut fault = |story| results.faults.push(Fault { contender, stage, round: round + 1, story });
            let found = match self.turn(contender, program, stage, &label) {
                Ok((found, warning)) => {
                    let new = warning.filter(|warning| !results.warnings.contains(warning));
                    results.warnings.extend(new);
                    found
                }
                Err(story) => {
                    fault(story);
                    continue;
                }
            };
            if !found.accounts.passed() {
                let stories = found.accounts.stories.first().map(|story| format!("; {story}"));
                fault(found.accounts.line() + &stories.unwrap_or_default());
            }
            for (measure, value) in found.values {
                results.enter(contender, Figure::of(stage, measure), round, value);
            }
        }
    }

    /// One contender's turn. An error is told as a story, with the end of the server's own log.
    fn turn(
        &self,
        contender: Contender,
        program: Program,
        stage: Stage,
        label: &str,
    ) -> Result<(Found, Option<&'static str>), String> {
        let args =
            if contender == Contender::Tailwire { self.options.server_arg.clone() } else { Vec::new() };
        let data_parent = self.options.data_dir.clone();
        let launch = Launch { program, args, cpu: Some(self.server_cpu), data_parent };
        let subject = Subject::of(&launch, contender.name()).map_err(|error| told(&error))?;
        let found = work(&subject, &self.plan, stage, label);
        let found = found.map_err(|error| format!("{}\n{}", told(&error), subject.log_tail()))?;
        let warning = subject.warning().filter(|_| contender == Contender::Tailwire);
        subject.stop().map_err(|error| told(&error))?;
        Ok((found, warning))
    }

    fn steps_in_all(&self) -> u32 {
        let of_stage = |stage: &Stage| {
            let offering = self.programs.iter().filter(|(contender, _)| Plan::offers(*contender, *stage));
            stage.rounds(self.plan.rounds) * offering.count() as u32
        };
        self.plan.stages.iter().map(of_stage).sum()
    }
}

/// An error with its causes, on one line.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    text
}

fn write(path: &Path, text: &str) -> Result<(), CompareError> {
    fs::write(path, text).map_err(|source| CompareError::Write { path: path.to_owned(), source })
}
