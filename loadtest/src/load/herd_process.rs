//! Processes that hold a share of the subscribers, past the limit of open files of one. Each is this same
//! program with a herd of its own; it is told by lines on its standard input when to forget its latencies and
//! when to settle, and answers by lines of JSON. What it counted is added to the caller's herd, value by
//! value, so that the sum is what one process would have found.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::load::event::Filter;
use crate::load::gather::Expected;
use crate::load::herd::{Herd, Share};
use crate::load::publisher::Order;

/// How subscribers are divided among processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shares {
    pub(crate) subscribers: usize,
    /// At least 1.
    pub(crate) processes: usize,
}

/// The processes beside this one; none where one is enough.
#[derive(Debug)]
pub(crate) struct Helpers {
    helpers: Vec<Helper>,
}

#[derive(Debug)]
struct Helper {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Why a helper process failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperError {
    #[error("a helper process cannot be started")]
    Start(#[source] std::io::Error),
    #[error("a helper process ended or cannot be talked to; it has told why above")]
    Gone(#[source] std::io::Error),
    #[error("a helper process answered what this tool does not know: {0}")]
    Answer(String),
}

impl Shares {
    /// The number of the first subscriber of a process.
    pub(crate) fn first(&self, process: usize) -> usize {
        self.subscribers * process / self.processes
    }

    /// How many subscribers a process has.
    pub(crate) fn of(&self, process: usize) -> usize {
        self.first(process + 1) - self.first(process)
    }
}

impl Helpers {
    /// Starts one process for each share but the last. They open their subscriptions meanwhile.
    pub(crate) fn start(order: &Order, filter: Filter, shares: Shares) -> Result<Helpers, HelperError> {
        let start = |process: usize| -> Result<Helper, HelperError> {
            let mut command = Command::new(std::env::current_exe().map_err(HelperError::Start)?);
            command.arg("herd-helper").args(["--filter", &filter.to_string()]);
            let numbers = [
                ("--run", order.run.id),
                ("--topics", order.run.topics),
                ("--first", shares.first(process) as u64),
                ("--subscribers", shares.of(process) as u64),
                ("--source", process as u64),
            ];
            numbers.iter().for_each(|(name, number)| {
                command.arg(name).arg(number.to_string());
            });
            command.arg("--addr").arg(order.addr.to_string());
            let mut child =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(HelperError::Start)?;
            let pipes = child.stdin.take().zip(child.stdout.take());
            let (orders, answers) = pipes.ok_or_else(|| HelperError::Answer("no pipes".to_owned()))?;
            Ok(Helper { child, orders, answers: BufReader::new(answers) })
        };
        let helpers = (0..shares.processes.saturating_sub(1)).map(start).collect::<Result<_, _>>()?;
        Ok(Helpers { helpers })
    }

    /// Waits until all their subscribers were greeted.
    pub(crate) fn await_greeted(&mut self) -> Result<(), HelperError> {
        self.helpers.iter_mut().try_for_each(|helper| helper.answer().map(drop))
    }

    /// Has them forget their latencies. Returns the deliveries they have had.
    pub(crate) fn clear(&mut self) -> Result<u64, HelperError> {
        let mut delivered = 0;
        for helper in &mut self.helpers {
            helper.order(&json!("clear"))?;
            let answer = helper.answer()?;
            delivered += answer.as_u64().ok_or_else(|| HelperError::Answer(answer.to_string()))?;
        }
        Ok(delivered)
    }

    /// Waits until they have what they are owed, and adds what they counted to `herd`. Returns the CPU seconds
    /// they used since `clear`.
    pub(crate) fn settle(&mut self, expected: &Expected, herd: &mut Herd) -> Result<f64, HelperError> {
        let order = json!({ "expected": expected.by_topic() });
        self.helpers.iter_mut().try_for_each(|helper| helper.order(&order))?;
        let mut cpu = 0.0;
        for helper in &mut self.helpers {
            let answer = helper.answer()?;
            let unknown = || HelperError::Answer(answer.to_string().chars().take(200).collect());
            herd.add(&Share::read(&answer).ok_or_else(unknown)?);
            cpu += answer.get("cpuSeconds").and_then(Value::as_f64).ok_or_else(unknown)?;
        }
        Ok(cpu)
    }
}

impl Helper {
    fn order(&mut self, order: &Value) -> Result<(), HelperError> {
        writeln!(self.orders, "{order}").map_err(HelperError::Gone)
    }

    fn answer(&mut self) -> Result<Value, HelperError> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(HelperError::Gone)?;
        if line.is_empty() {
            return Err(HelperError::Gone(std::io::ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_str(&line).map_err(|_| HelperError::Answer(line.chars().take(200).collect()))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
