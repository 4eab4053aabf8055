//! Opening a log directory: lock, create or recover, begin a new segment, hand out the parts.
//!
//! Nothing is handed out before everything it may show is durable.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::log::checkpoint::{self, Checkpoint, Checkpoints};
use crate::log::disk::Lock;
use crate::log::format::Geometry;
use crate::log::header::{Damage, Header};
use crate::log::meta::{HOLES_MAX, Hole, META, Meta};
use crate::log::open_error::{OpenError, io_error};
use crate::log::prepare::zeroed;
use crate::log::recover::{Chain, Recovery, parse_name};
use crate::log::shared::{Live, SEGMENTS, Shared, SyncState, TMP_SUFFIX, segment_name};
use crate::log::{
    Disk, DiskFile, Durability, Indexer, LogOptions, Preparer, Reader, Region, Retainer, Scrubber, Segment,
    Syncer, View, Writer,
};

const LOCK: &str = "LOCK";
/// Size of the first segment after a start, where segments are larger: everybody waits while it is zeroed, and the
/// next start for its scan if it stays the last. The one after it is prepared beside the traffic.
const FIRST_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

const _: () = assert!(FIRST_SEGMENT_BYTES >= crate::limits::SEGMENT_BYTES_MIN, "any batch fits it");

/// The parts of an open log, one for each thread.
pub struct Opened {
    pub writer: Writer,
    pub syncer: Syncer,
    pub preparer: Preparer,
    pub retainer: Retainer,
    pub scrubber: Scrubber,
    pub indexer: Indexer,
    pub reader: Reader,
    pub recovered: Recovered,
}

/// What recovery found, to be logged by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    pub clean: bool,
    pub segments: usize,
    pub earliest: EventId,
    pub last: EventId,
    /// Entries of a torn tail that were dropped (`commit` never acknowledged them).
    pub torn_entries: u64,
    pub new_epoch: bool,
    /// Sealed segments whose sums were made anew, their events being whole.
    pub resealed: usize,
}

/// How much of a sealed segment recovery looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Depth {
    /// Header and seal: what a start has time for.
    Seals,
    /// Every event.
    Events,
}

/// Opens or creates the log on `disk`. `now_ms`: unix milliseconds.
pub fn open(disk: Arc<dyn Disk>, options: LogOptions, now_ms: u64) -> Result<Opened, OpenError> {
    open_at(disk, options, Depth::Seals, now_ms)
}

/// `open`, looking as deep as it is told.
pub(in crate::log) fn open_at(
    disk: Arc<dyn Disk>,
    options: LogOptions,
    depth: Depth,
    now_ms: u64,
) -> Result<Opened, OpenError> {
    let bytes = options.segment_bytes;
    let first = Geometry::new(bytes).and_then(|_| Geometry::new(bytes.min(FIRST_SEGMENT_BYTES)));
    let geometry = first.ok_or(OpenError::SegmentBytes { bytes })?;
    let lock = lock(&*disk)?;
    let mut meta = match read_meta(&*disk)? {
        Some(meta) => {
            // A killed server may have left names that are not durable yet, META's too: before anything is built
            // on them.
            let synced = disk.sync_dir("").and_then(|()| disk.sync_dir(SEGMENTS));
            synced.map_err(io_error("syncing", SEGMENTS))?;
            meta
        }
        None => create(&*disk, now_ms)?,
    };
    let checkpoint =
        Checkpoint::read(&*disk, meta.uuid).map_err(io_error("reading", checkpoint::NAMES[0]))?;
    let before = meta.clone();
    let chain = if meta.first_kept == EventId::ZERO {
        Chain::default()
    } else {
        let accept_gap = options.accept_gap;
        Recovery { disk: &*disk, meta: &mut meta, checkpoint, accept_gap, depth }.run()?
    };
    let start = place(&mut meta, &chain, checkpoint, &options, now_ms)?;
    if meta != before && meta.first_kept != EventId::ZERO {
        meta.write(&*disk).map_err(io_error("writing", META))?;
    }
    let created_ms = now_ms.max(start.last_ms);
    let header = Header { uuid: meta.uuid, seg_id: 0, base: start.next, created_ms, geometry };
    let active = match begin_segment(&*disk, header) {
        // Without room for events those that are kept can be read all the same.
        Err(error) if is_full(&error) && meta.first_kept != EventId::ZERO => in_name_only(&header),
        begun => begun,
    };
    let active = active.map_err(io_error("creating", &segment_name(start.next)))?;
    drop_empty(&*disk, &chain, start.next)?;
    let relaxed = options.durability != Durability::Commit;
    let generation = checkpoint.map_or(0, |checkpoint| checkpoint.generation);
    let checkpoints = note_start(&*disk, &meta, generation, start.next.previous(), relaxed);
    let checkpoints = checkpoints.map_err(io_error("writing", checkpoint::NAMES[0]))?;
    if meta.first_kept == EventId::ZERO {
        meta.first_kept = start.next;
        meta.write(&*disk).map_err(io_error("writing", META))?;
    }
    let recovered = Recovered {
        clean: checkpoint.is_none_or(|checkpoint| checkpoint.clean) && !start.unclean,
        segments: chain.kept.len(),
        earliest: chain.kept.first().map_or(start.next, |kept| kept.segment.base()),
        last: start.next.previous(),
        torn_entries: chain.torn,
        new_epoch: start.new_epoch,
        resealed: chain.resealed,
    };
    Ok(hand_out(disk, lock, &options, meta, chain, checkpoints, active, start, recovered))
}

/// Where the log goes on.
struct Start {
    next: EventId,
    last_ms: u64,
    new_epoch: bool,
    unclean: bool,
}

/// The next id; a new epoch where events that were shown or acked may have been lost. Changes META alone.
fn place(
    meta: &mut Meta,
    chain: &Chain,
    checkpoint: Option<Checkpoint>,
    options: &LogOptions,
    now_ms: u64,
) -> Result<Start, OpenError> {
    let fresh = meta.first_kept == EventId::ZERO;
    let last = chain.kept.last().map_or(meta.first_kept.previous(), |kept| kept.last);
    let unclean = !fresh && checkpoint.is_none_or(|checkpoint| !checkpoint.clean);
    let relaxed = checkpoint.is_none_or(|checkpoint| checkpoint.relaxed);
    // A repair that was cut off has begun an epoch and could not record where.
    let begun = meta.next_after(last).epoch() < meta.epoch;
    let new_epoch = !fresh && (options.new_epoch || chain.end_lost || begun || unclean && relaxed);
    if new_epoch {
        if !begun || options.new_epoch {
            let used = chain.empty.iter().copied().chain([last]);
            let used = used.chain(checkpoint.map(|checkpoint| checkpoint.durable));
            let next = meta.next_epoch(used).ok_or(OpenError::EpochsExhausted)?;
            meta.epoch = if options.new_epoch { next.max(epoch_of_time(now_ms)) } else { next };
        }
        meta.add_hole(Hole { after: last, first: EventId::new(meta.epoch, 1), missed: None });
    }
    if meta.holes.len() > HOLES_MAX {
        return Err(OpenError::TooManyHoles);
    }
    let next = if fresh { EventId::ZERO.next() } else { meta.next_after(last) };
    let last_ms = chain.kept.last().map_or(0, |kept| kept.last_ms);
    Ok(Start { next, last_ms, new_epoch, unclean })
}

/// The ten minutes since 1970: a backup does not know the epochs of an earlier restore of it, the clock does.
/// 0 for a time past 2128, which would use the epochs up.
fn epoch_of_time(now_ms: u64) -> u32 {
    let epoch = u32::try_from(now_ms / 600_000).unwrap_or(u32::MAX);
    if epoch <= EventId::EPOCH_MAX / 2 { epoch } else { 0 }
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn Lock>, OpenError> {
    disk.lock(LOCK, &format!("pid {}", std::process::id())).map_err(|error| {
        if error.kind() == io::ErrorKind::WouldBlock {
            OpenError::Locked { holder: read_holder(disk) }
        } else {
            io_error("locking", LOCK)(error)
        }
    })
}

fn read_holder(disk: &dyn Disk) -> String {
    let mut text = [0; 64];
    let read =
        disk.open(LOCK, crate::log::Access::Read).and_then(|file| file.read_at(0, &mut text)).unwrap_or(0);
    let holder = String::from_utf8_lossy(text.get(..read).unwrap_or_default()).into_owned();
    if holder.is_empty() { "unknown".to_owned() } else { holder }
}

pub(in crate::log) fn read_meta(disk: &dyn Disk) -> Result<Option<Meta>, OpenError> {
    match Meta::read(disk).map_err(io_error("reading", META))? {
        None => Ok(None),
        Some(Ok(meta)) => Ok(Some(meta)),
        Some(Err(Damage::Version(found))) => Err(OpenError::Version { file: META.to_owned(), found }),
        Some(Err(damage)) => Err(OpenError::MetaDamaged { damage }),
    }
}

/// Makes a log in a directory that holds none. Until `first_kept` is set, a crash leaves a directory that is
/// made anew.
fn create(disk: &dyn Disk, now_ms: u64) -> Result<Meta, OpenError> {
    let root = disk.list("").map_err(io_error("listing", "the data directory"))?;
    let segments = disk.list(SEGMENTS).map_err(io_error("listing", SEGMENTS))?;
    let leftover = root.iter().find(|name| checkpoint::NAMES.contains(&name.as_str()));
    if let Some(found) = leftover.or(segments.iter().find(|name| parse_name(name).is_some())) {
        return Err(OpenError::MetaMissing { found: found.clone() });
    }
    let mut meta = Meta {
        uuid: [0; 16],
        hash_key: [0; 16],
        epoch: 0,
        first_kept: EventId::ZERO,
        created_ms: now_ms,
        holes: Vec::new(),
    };
    let filled = disk.fill_random(&mut meta.uuid).and_then(|()| disk.fill_random(&mut meta.hash_key));
    filled.map_err(io_error("drawing random bytes for", META))?;
    let made = disk.make_dir(SEGMENTS).and_then(|()| disk.sync_dir("")).and_then(|()| meta.write(disk));
    made.map_err(io_error("writing", META))?;
    Ok(meta)
}

/// The segment that takes the first events.
struct Active {
    segment: Arc<Segment>,
    file: Option<Arc<dyn DiskFile>>,
}

/// Makes the segment that takes the first events, and makes its name durable.
fn begin_segment(disk: &dyn Disk, header: Header) -> io::Result<Active> {
    let tmp_name = format!("{SEGMENTS}/first{TMP_SUFFIX}");
    let mut seg_id = [0; 8];
    disk.fill_random(&mut seg_id)?;
    let header = Header { seg_id: u64::from_le_bytes(seg_id), ..header };
    let made = zeroed(disk, &tmp_name, header.geometry.file_bytes());
    if made.is_err() {
        let _left_for_the_next_start = disk.unlink(&tmp_name);
    }
    let (file, region) = made?;
    file.write_at(0, &header.encode())?;
    file.sync()?;
    disk.rename(&tmp_name, &segment_name(header.base))?;
    disk.sync_dir(SEGMENTS)?;
    let segment = Segment::new(region, &header);
    segment.set_named();
    Ok(Active { segment: Arc::new(segment), file: Some(file) })
}

/// Stands for the segment until one can be prepared; events are refused until then.
fn in_name_only(header: &Header) -> io::Result<Active> {
    Ok(Active { segment: Arc::new(Segment::new(Region::of_nothing()?, header)), file: None })
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Removes the segments that turned out to hold nothing, but for the one that the new segment has replaced.
fn drop_empty(disk: &dyn Disk, chain: &Chain, next: EventId) -> Result<(), OpenError> {
    for &base in chain.empty.iter().filter(|&&base| base != next) {
        let name = segment_name(base);
        disk.unlink(&name).map_err(io_error("removing", &name))?;
    }
    disk.sync_dir(SEGMENTS).map_err(io_error("syncing", SEGMENTS))
}

/// From here on a start that finds no clean CHECKPOINT knows that this one was not closed.
fn note_start(
    disk: &dyn Disk,
    meta: &Meta,
    generation: u64,
    durable: EventId,
    relaxed: bool,
) -> io::Result<Checkpoints> {
    let mut checkpoints = Checkpoints::open(disk, meta.uuid, generation)?;
    checkpoints.write(durable, false, relaxed)?;
    Ok(checkpoints)
}

#[expect(clippy::too_many_arguments, reason = "everything that `open` has gathered goes into the parts here")]
fn hand_out(
    disk: Arc<dyn Disk>,
    lock: Box<dyn Lock>,
    options: &LogOptions,
    meta: Meta,
    chain: Chain,
    checkpoints: Checkpoints,
    active: Active,
    start: Start,
    recovered: Recovered,
) -> Opened {
    let last = start.next.previous();
    let segments =
        chain.kept.into_iter().map(|kept| kept.segment).chain([Arc::clone(&active.segment)]).collect();
    let view = View::new(segments, meta.holes.clone().into());
    let live = active.file.clone();
    let live = live.map(|file| Live { segment: Arc::clone(&active.segment), file, tmp_name: None });
    let sync_state = SyncState { dirty: VecDeque::from_iter(live), checkpoints, checkpointed: last };
    let (durability, segment_bytes) = (options.durability, options.segment_bytes);
    let shared = Arc::new(Shared::new(disk, lock, durability, segment_bytes, meta, view, sync_state, last));
    Opened {
        writer: Writer::new(Arc::clone(&shared), (active.segment, active.file), start.last_ms),
        syncer: Syncer::new(Arc::clone(&shared)),
        preparer: Preparer::new(Arc::clone(&shared)),
        retainer: Retainer::new(Arc::clone(&shared)),
        scrubber: Scrubber::new(Arc::clone(&shared)),
        indexer: Indexer::new(Arc::clone(&shared)),
        reader: Reader::new(shared),
        recovered,
    }
}
