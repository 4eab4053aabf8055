//! One subscriber that reads a trickle, on a thread of its own, until it is let loose; then it reads all it
//! can and must be shown to have lost nothing. Its receive buffer is small, so that what it does not read is
//! the server's concern within kilobytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Subscription, SubscriptionError};
use crate::load::account::{Account, Tally};
use crate::load::event::{Filter, Run};
use crate::load::ledger::Ledger;

const RECEIVE_BUFFER_BYTES: usize = 4096;
const TICK: Duration = Duration::from_millis(100);
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const LOOSE_READ_BYTES: usize = 64 * 1024;
/// Longest catching up, once loose.
const LOOSE_TIME_MAX: Duration = Duration::from_secs(120);
/// The value of `owed` while the reader is to be slow.
const NOT_LOOSE: u64 = u64::MAX;

/// A slow reader at work.
#[derive(Debug)]
pub(crate) struct SlowReader {
    /// Events it is owed in all, once it is loose.
    owed: Arc<AtomicU64>,
    thread: JoinHandle<Result<SlowReport, SlowError>>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(crate) struct SlowReport {
    pub(crate) tally: Tally,
    /// Bytes it read while it was slow.
    pub(crate) slow_bytes: u64,
    /// Events it had received when it was let loose.
    pub(crate) slow_events: u64,
    /// How long it took to catch up.
    pub(crate) catch_up: Duration,
}

/// Why a slow reader failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlowError {
    #[error("the slow reader's subscription failed")]
    Subscription(#[from] SubscriptionError),
    #[error("the slow reader was not greeted within {READ_TIMEOUT:?}")]
    NotGreeted,
    #[error("the slow reader's thread cannot be started")]
    Thread(#[from] std::io::Error),
    #[error("the slow reader's thread panicked; this is a fault of the load tool")]
    Panicked,
}

impl SlowReader {
    /// Subscribes to everything, waits for the greeting, and reads `rate` bytes a second from then on.
    pub(crate) fn start(addr: SocketAddr, run: Run, rate: u64) -> Result<SlowReader, SlowError> {
        let query = run.query(Filter::All, 0);
        let subscription = Subscription::open(addr, &query, Some(RECEIVE_BUFFER_BYTES), READ_TIMEOUT)?;
        let mut reader = Reader {
            subscription,
            run,
            account: Account::new(Filter::All, 0),
            ledger: Ledger::default(),
            tally: Tally::default(),
        };
        let deadline = Instant::now() + READ_TIMEOUT;
        while !reader.account.is_greeted() {
            if Instant::now() > deadline || reader.read(64)? == 0 {
                return Err(SlowError::NotGreeted);
            }
        }
        let owed = Arc::new(AtomicU64::new(NOT_LOOSE));
        let told = Arc::clone(&owed);
        let name = std::thread::Builder::new().name("slow-reader".to_owned());
        let thread = name.spawn(move || reader.live(rate, &told))?;
        Ok(SlowReader { owed, thread })
    }

    /// Lets it read all it can until it has the `owed` events, or its time is up.
    pub(crate) fn let_loose(self, owed: u64) -> Result<SlowReport, SlowError> {
        self.owed.store(owed, Ordering::Release);
        self.thread.join().map_err(|_| SlowError::Panicked)?
    }
}

struct Reader {
    subscription: Subscription,
    run: Run,
    account: Account,
    ledger: Ledger,
    tally: Tally,
}

impl Reader {
    fn live(mut self, rate: u64, owed: &AtomicU64) -> Result<SlowReport, SlowError> {
        let begun = Instant::now();
        let mut slow_bytes = 0;
        while owed.load(Ordering::Acquire) == NOT_LOOSE {
            let bytes = allowance(begun.elapsed(), rate, slow_bytes);
            if bytes > 0 {
                slow_bytes += self.read(bytes)? as u64;
            }
            if self.subscription.has_ended() {
                break;
            }
            std::thread::sleep(TICK);
        }
        let slow_events = self.account.received();
        let loosed = Instant::now();
        while self.account.received() < owed.load(Ordering::Acquire) && loosed.elapsed() < LOOSE_TIME_MAX {
            if self.read(LOOSE_READ_BYTES)? == 0 {
                self.tally.lost += u64::from(self.subscription.has_ended());
                break;
            }
        }
        Ok(SlowReport { tally: self.tally, slow_bytes, slow_events, catch_up: loosed.elapsed() })
    }

    fn read(&mut self, bytes_max: usize) -> Result<usize, SlowError> {
        let Reader { subscription, run, account, ledger, tally } = self;
        let count = subscription.read(bytes_max, &mut |frame| {
            account.enter(&frame, run, ledger, tally);
        })?;
        tally.bytes += count as u64;
        Ok(count)
    }
}

/// The bytes that may be read now, if `taken` were read in `elapsed` at a rate of so many a second.
pub(crate) fn allowance(elapsed: Duration, rate: u64, taken: u64) -> usize {
    let allowed = (elapsed.as_secs_f64() * rate as f64) as u64;
    usize::try_from(allowed.saturating_sub(taken))
        .map_or(LOOSE_READ_BYTES, |bytes| bytes.min(LOOSE_READ_BYTES))
}
