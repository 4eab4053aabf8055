//! Work that is done about once a second beside everything else, on one thread: retention, the disk's floor.
//!
//! Duties have their turns one after the other, so one that has much to do does a part of it each time. None of
//! them is in anybody's way: whoever publishes or subscribes does not wait for this thread.

use std::convert::Infallible;
use std::error::Error;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::{StartError, threads};
use crate::clock;
use crate::log::{Floor, Retainer, Retention};

/// The rest between two rounds.
const PERIOD: Duration = Duration::from_secs(1);

/// Why a duty could not be done; told once for as long as its text is the same.
pub(in crate::app) type Trouble = Box<dyn Error + Send + Sync>;

/// Something to be done in every round.
pub(in crate::app) struct Duty {
    name: &'static str,
    work: Box<dyn FnMut(u64) -> Result<(), Trouble> + Send>,
    /// What was told last and is so still.
    trouble: Option<String>,
}

/// What is to be told of a duty's turn.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::app) enum News {
    Trouble(String),
    Over,
}

/// Ends the thread when it is dropped, at once unless a duty has its turn.
pub(in crate::app) struct Stop(#[expect(dead_code, reason = "nothing is sent")] mpsc::Sender<Infallible>);

/// A duty; `work` gets the time in unix milliseconds.
pub(in crate::app) fn duty(
    name: &'static str,
    work: impl FnMut(u64) -> Result<(), Trouble> + Send + 'static,
) -> Duty {
    Duty { name, work: Box::new(work), trouble: None }
}

/// Starts the thread, with the first round at once.
pub(in crate::app) fn start(mut duties: Vec<Duty>) -> Result<(Stop, JoinHandle<()>), StartError> {
    let (stop, stopped) = mpsc::channel();
    let thread = threads::spawn("tw-upkeep", move || {
        loop {
            for duty in &mut duties {
                let news = duty.turn(clock::unix_ms());
                tell(duty.name, news);
            }
            if !matches!(stopped.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    })?;
    Ok((Stop(stop), thread))
}

impl Duty {
    pub(in crate::app) fn turn(&mut self, now_ms: u64) -> Option<News> {
        let trouble = (self.work)(now_ms).err().map(|trouble| trouble.to_string());
        if trouble == self.trouble {
            return None;
        }
        self.trouble.clone_from(&trouble);
        Some(trouble.map_or(News::Over, News::Trouble))
    }
}

fn tell(duty: &'static str, news: Option<News>) {
    match news {
        None => {}
        Some(News::Trouble(trouble)) => tracing::warn!(duty, "{trouble}"),
        Some(News::Over) => tracing::info!(duty, "in order again"),
    }
}

/// Old segments go.
pub(in crate::app) fn retention(mut retainer: Retainer, retention: Retention) -> Duty {
    let by_age = retention.age_ms_max.is_some();
    duty("retention", move |now_ms| {
        let removed = retainer.retain(retention, now_ms)?;
        if removed.segments > 0 {
            tracing::info!(segments = removed.segments, bytes = removed.bytes, "old events were removed");
        }
        if removed.clock_stepped && by_age {
            tracing::warn!("the clock was set; no event is removed by what it says until it has gone evenly");
        }
        Ok(())
    })
}

/// Publishing stops while too little of the disk is free.
pub(in crate::app) fn floor(mut floor: Floor) -> Duty {
    duty("disk floor", move |_| Ok(floor.check()?))
}
