//! Work beside the writer and the sync thread: the next segment ahead of need, and the seals of the finished
//! ones.
//!
//! It may wait for the disk as long as it likes; nobody but a writer that has filled a whole segment
//! meanwhile waits for it.

use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use crate::log::shared::{Bench, Live, SEGMENTS, Shared, Spare, TMP_SUFFIX};
use crate::log::{Disk, DiskFile};

/// How long a failed preparation rests before the next try.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Bytes that stay free beside a new segment: for META, CHECKPOINTs and the operator's way out.
pub(in crate::log) const FREE_BYTES_FLOOR: u64 = 64 * 1024 * 1024;

/// Prepares the next segment ahead of need. Lives on a background thread.
pub struct Preparer {
    shared: Arc<Shared>,
    prepared: u64,
}

/// What the preparer has to do next.
enum Work {
    Sync,
    Seal(Live),
    Prepare,
    /// Rest after a failure, or until something changes.
    Rest,
    End,
}

impl Preparer {
    pub(in crate::log) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, prepared: 0 }
    }

    /// Blocks until the writer asks for segments, prepares them, and returns when the writer and the syncer
    /// are gone. A failure is remembered (publishing answers 503) and tried again after a second,
    /// however often the writer asks.
    pub fn run(&mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let bench = shared.bench();
            let (work, bench) = next_work(&shared, bench);
            match work {
                Work::End => {
                    drop(bench);
                    return self.drop_spare();
                }
                Work::Rest => {
                    if bench.failure.is_some() && shared.poisoned().is_none() {
                        let idle = |bench: &mut Bench| {
                            bench.owners > 0 && !bench.sync_wanted && bench.sealable.is_empty()
                        };
                        let rested = shared.bench_changed.wait_timeout_while(bench, RETRY_AFTER, idle);
                        let (mut bench, outcome) = rested.unwrap_or_else(std::sync::PoisonError::into_inner);
                        bench.rested = outcome.timed_out();
                    } else {
                        drop(shared.bench_changed.wait(bench));
                    }
                }
                work => {
                    drop(bench);
                    self.perform(work);
                }
            }
        }
    }

    /// Does what is to be done now and waits for nothing. For the simulator, which has one thread.
    #[cfg(test)]
    pub(in crate::log) fn turn(&mut self) {
        let shared = Arc::clone(&self.shared);
        shared.bench().rested = true;
        loop {
            let (work, bench) = next_work(&shared, shared.bench());
            drop(bench);
            match work {
                Work::End | Work::Rest => return,
                work => self.perform(work),
            }
        }
    }

    /// Whether a failure keeps it from preparing.
    #[cfg(test)]
    pub(in crate::log) fn is_resting(&self) -> bool {
        let bench = self.shared.bench();
        bench.failure.is_some() && !bench.rested
    }

    fn perform(&mut self, work: Work) {
        match work {
            // A failure has poisoned the log: whoever writes next is told.
            Work::Sync => drop(self.shared.sync()),
            Work::Seal(live) => self.seal(&live),
            Work::Prepare => self.prepare(),
            Work::Rest | Work::End => {}
        }
    }

    /// The next start would drop it as well; until then it would take its place on the disk.
    fn drop_spare(&self) {
        let spare = self.shared.bench().spare.take();
        if let Some(spare) = spare {
            let _left_for_the_next_start = self.shared.disk.unlink(&spare.name);
        }
    }

    fn seal(&self, live: &Live) {
        let header = live.segment.header(self.shared.uuid);
        let count = live.segment.count().unwrap_or(0) as u32;
        match crate::log::seal::seal(&*live.file, &live.segment, &header, count) {
            Ok(seal) => live.segment.set_seal(seal),
            Err(error) => self.shared.poison(format!("sealing segment {} failed: {error}", header.base)),
        }
    }

    fn prepare(&mut self) {
        self.prepared += 1;
        let name = format!("{SEGMENTS}/spare-{}{TMP_SUFFIX}", self.prepared);
        let made = create_spare(&*self.shared.disk, &name, self.shared.segment_bytes);
        let mut bench = self.shared.bench();
        match made {
            Ok(spare) => {
                bench.failure = None;
                bench.spare = Some(spare);
            }
            Err(error) => bench.failure = Some(error.to_string()),
        }
        drop(bench);
        self.shared.bench_changed.notify_all();
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.shared.poison_if_unwinding("preparer of segments");
    }
}

fn next_work<'a>(shared: &Shared, mut bench: MutexGuard<'a, Bench>) -> (Work, MutexGuard<'a, Bench>) {
    let poisoned = shared.poisoned().is_some();
    let work = if std::mem::take(&mut bench.sync_wanted) && !poisoned {
        Work::Sync
    } else if let Some(live) = bench.sealable.pop_front().filter(|_| !poisoned) {
        Work::Seal(live)
    } else if bench.owners == 0 {
        Work::End
    } else if bench.spare.is_none() && !poisoned && (bench.failure.is_none() || bench.rested) {
        bench.rested = false;
        Work::Prepare
    } else {
        Work::Rest
    };
    (work, bench)
}

/// Why no segment could be prepared.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error("{free} bytes are free on the log's disk, and a segment needs {needed}: free some space")]
    DiskFull { free: u64, needed: u64 },
    #[error("preparing a segment failed: {0}")]
    Io(#[from] io::Error),
}

fn create_spare(disk: &dyn Disk, name: &str, segment_bytes: u64) -> Result<Spare, PrepareError> {
    let (free, needed) = (disk.free_bytes()?, segment_bytes + FREE_BYTES_FLOOR);
    if free < needed {
        return Err(PrepareError::DiskFull { free, needed });
    }
    let made = zeroed(disk, name, segment_bytes);
    if made.is_err() {
        // Give back what a half-made file took; the next start would drop it as well.
        let _left_for_the_next_start = disk.unlink(name);
    }
    let (file, region) = made?;
    Ok(Spare { file, region, name: name.to_owned() })
}

/// A file of zeros, allocated, synced and mapped.
pub(in crate::log) fn zeroed(
    disk: &dyn Disk,
    name: &str,
    bytes: u64,
) -> io::Result<(Arc<dyn DiskFile>, crate::log::Region)> {
    let file = disk.create(name)?;
    file.allocate_zeroed(bytes)?;
    file.sync()?;
    let region = file.map()?;
    Ok((file, region))
}
