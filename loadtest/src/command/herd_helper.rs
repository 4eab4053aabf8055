//! `loadtest herd-helper`: one process's share of the subscribers. Started by this tool alone; it is told what
//! to do on its standard input and ends with it.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::client::{cpu_seconds, raise_file_limit};
use crate::command::outcome::CommandError;
use crate::load::{Expected, Filter, HelperError, Herd, Run, SubjectError, drain};

/// One process's share of the subscribers (started by this tool alone)
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    addr: SocketAddr,
    #[arg(long)]
    run: u64,
    #[arg(long)]
    topics: u64,
    #[arg(long, value_enum)]
    filter: Filter,
    #[arg(long)]
    first: usize,
    #[arg(long)]
    subscribers: usize,
    #[arg(long)]
    source: usize,
}

/// Serves its subscribers until it has settled, or nobody tells it anything any more.
pub(crate) fn run(options: &Options) -> Result<(), CommandError> {
    raise_file_limit(options.subscribers as u64).map_err(SubjectError::from)?;
    let run = Run::starting_at(options.run, options.topics);
    let mut herd = Herd::new(options.addr, run, options.filter)?;
    herd.set_first(options.first, options.source);
    herd.open(options.subscribers, None, &ProgressBar::hidden())?;
    say(&json!("greeted"))?;
    let orders = orders();
    let mut cpu = 0.0;
    loop {
        herd.pump(Duration::from_millis(20))?;
        match orders.try_recv() {
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(()),
            Ok(order) if order == "clear" => {
                herd.latency.clear();
                cpu = cpu_seconds(std::process::id())?;
                say(&json!(herd.tally.delivered))?;
            }
            Ok(order) => {
                let unknown = || HelperError::Answer(order.to_string());
                let expected = order.get("expected").and_then(Expected::read).ok_or_else(unknown)?;
                drain(&mut herd, &expected)?;
                let mut share = herd.share(&expected).json();
                if let Value::Object(fields) = &mut share {
                    let used = cpu_seconds(std::process::id())? - cpu;
                    fields.insert("cpuSeconds".to_owned(), used.into());
                }
                say(&share)?;
            }
        }
    }
}

/// The lines of standard input, as they come.
fn orders() -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str(&line) else { return };
            if sender.send(order).is_err() {
                return;
            }
        }
    });
    receiver
}

fn say(answer: &Value) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{answer}").and_then(|()| out.flush());
    Ok(said.map_err(HelperError::Gone)?)
}
