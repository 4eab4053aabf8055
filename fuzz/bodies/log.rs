//! A log whose files were changed: whoever surveys, opens, searches or repairs it must not panic, and what is handed
//! out as whole has the checksums that its place asks for.
//!
//! Input: a byte of options, then edits (`edits`) of a small log with a hole, batches, sealed segments with their
//! sidecars, and an open one. That nothing is passed over in silence is for the tests of the log itself: here a change
//! may forge checksums, and so anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use tailwire::event::EventId;
use tailwire::log::{
    Access, Disk, Durability, Entry, Examined, Extent, Fault, Flags, FoundEvent, LogOptions, Opened, Reader,
    Record, Run, Segment, Step, Survey, Syncer, Visitor, Writer, open, rehearse_repair, repair,
};
use zerocopy::IntoBytes as _;

use crate::edits::{Done, Edits, SEGMENT_BYTES};
use crate::memory_disk::{Files, MemoryDisk};

const NOW_MS: u64 = 1_700_000_000_000;
/// Turns of the indexer, and steps of a reader, after which one of them goes in circles.
const TURNS_MAX: usize = 200;
const STEPS_MAX: usize = 20_000;

pub(crate) fn run(data: &[u8]) {
    let (options, data) = data.split_first().unwrap_or((&0, &[]));
    let mut files = original().files.clone();
    let done = Edits { data }.apply(&mut files);
    let disk = Arc::new(MemoryDisk::of(&files));
    survey(&*disk);
    // A repair begins segments of the size that servers use, which takes a hundred times as long as all else.
    if options % 16 == 15 {
        try_repair(&files, &done);
    }
    let opened = open_at(disk, options & 2 > 0).or_else(|| open_at(Arc::new(MemoryDisk::of(&files)), true));
    let Some(mut log) = opened else { return };
    let whole = read_all(&log.reader, &|segment, id| check(segment, id, &done));
    for _ in 0..TURNS_MAX {
        match log.indexer.turn() {
            Ok(indexed) if indexed.more => {}
            _ => break,
        }
    }
    search(&log.reader, &whole, !done.forged && !done.sidecars);
    if options & 1 > 0 {
        goes_on(log);
    }
}

/// The log before it is changed.
struct Original {
    files: Files,
    /// By the number of the segment and the event's id.
    entries: BTreeMap<(u64, EventId), Vec<u8>>,
    /// The number of the segment that is not sealed.
    open: u64,
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let files = make();
        let survey = MemoryDisk::of(&files);
        let survey = Survey::open(&survey, Access::Read).expect("an intact log");
        let last = survey.segments().last().map(|base| format!("seg/{:020}.seg", base.0)).expect("segments");
        let open = u64::from_le_bytes(files[&last][32..40].try_into().expect("eight bytes"));
        let log = open_at(Arc::new(MemoryDisk::of(&files)), false).expect("an intact log opens");
        let (view, mut entries) = (log.reader.view(), BTreeMap::new());
        for id in read_all(&log.reader, &|_, _| ()) {
            let segment = view.segment(id).expect("it was read");
            entries.insert((segment.seg_id(), id), segment.entry(id).as_bytes().to_vec());
        }
        assert!(view.segments().len() > 4 && files.keys().any(|name| name.ends_with(".idx")));
        Original { files, entries, open }
    })
}

fn make() -> Files {
    let disk = Arc::new(MemoryDisk::default());
    let start = |new_epoch| {
        let options = LogOptions { new_epoch, ..log_options(false) };
        open(Arc::clone(&disk) as Arc<dyn Disk>, options, NOW_MS).expect("an intact log opens")
    };
    let Opened { mut writer, mut syncer, .. } = start(false);
    append(&mut writer, &mut syncer, 3);
    syncer.close().expect("memory does not fail");
    drop((writer, syncer));
    let Opened { mut writer, mut syncer, mut preparer, mut indexer, .. } = start(true);
    let preparer = std::thread::spawn(move || preparer.run());
    for batch in 0..50 {
        append(&mut writer, &mut syncer, 1 + batch % 3);
    }
    syncer.checkpoint().expect("memory does not fail");
    append(&mut writer, &mut syncer, 3);
    // The preparer ends once everything is sealed.
    drop((writer, syncer));
    preparer.join().expect("the preparer does not panic");
    while indexer.turn().expect("memory does not fail").more {}
    drop(indexer);
    disk.files().into_iter().filter(|(name, _)| !name.ends_with(".tmp") && name != "LOCK").collect()
}

fn log_options(accept_gap: bool) -> LogOptions {
    let segment_bytes = SEGMENT_BYTES as u64;
    LogOptions { segment_bytes, durability: Durability::Commit, new_epoch: false, accept_gap }
}

/// A batch, flushed: the events of a payment stream and two of four users.
fn append(writer: &mut Writer, syncer: &mut Syncer, events: u64) {
    let first = writer.next_id();
    let frame = |n: u64| format!("frame of {} {}", first.0 + n, "x".repeat(100 + (n as usize * 331) % 500));
    let frames: Vec<String> = (0..events).map(frame).collect();
    let bytes = frames.iter().map(String::len).sum();
    writer.begin(frames.len(), bytes, NOW_MS + first.sequence()).expect("there is room");
    for (n, frame) in (0..events).zip(&frames) {
        let id = EventId(first.0 + n);
        let more = if n + 1 < events { Flags::BATCH_MORE } else { 0 };
        let (stream, sender, recipient) = (100 + id.0 % 3, 1 + id.0 % 4, 1 + id.0 / 2 % 4);
        let (key, aux, kind) = (id.0, 5, (id.0 % 8) as u8);
        let frame = frame.as_bytes();
        let record =
            Record { stream, sender, recipient, key, aux, flags: more, kind, payload_offset: 6, frame };
        writer.push(id, record);
    }
    writer.flush().expect("memory does not fail");
    syncer.sync().expect("memory does not fail");
}

fn open_at(disk: Arc<MemoryDisk>, accept_gap: bool) -> Option<Opened> {
    open(disk, log_options(accept_gap), NOW_MS).ok()
}

/// Looks at everything as `log verify` does.
fn survey(disk: &dyn Disk) {
    struct All(Vec<Fault>);
    impl Visitor for All {
        fn event(&mut self, event: &FoundEvent<'_>) -> bool {
            assert_eq!(event.frame.len(), event.entry.frame_len());
            true
        }
        fn fault(&mut self, fault: Fault) {
            self.0.push(fault);
        }
        fn read(&mut self, _bytes: u64) {}
    }
    let Ok(survey) = Survey::open(disk, Access::Read) else { return };
    let mut all = All(Vec::new());
    let examine = |&base| survey.examine(base, Extent::Deep, &mut all);
    let examined: Vec<Examined> = survey.segments().iter().map(examine).collect();
    all.0.extend(survey.conclude(&examined).0);
    for fault in &all.0 {
        assert!(!fault.to_string().is_empty());
    }
}

/// A repair does what its rehearsal said, and leaves a log that opens.
fn try_repair(files: &Files, done: &Done) {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::of(files));
    let Ok(plan) = rehearse_repair(&disk, NOW_MS) else { return };
    let repaired = repair(Arc::clone(&disk), NOW_MS).expect("a repair that was rehearsed");
    assert_eq!((&plan.holes, &plan.aside), (&repaired.holes, &repaired.aside));
    let log = open(disk, log_options(false), NOW_MS).expect("a log that was repaired opens");
    read_all(&log.reader, &|segment, id| check(segment, id, done));
}

/// Reads everything as a subscriber from the start on does; the ids of the events that are whole.
fn read_all(reader: &Reader, check: &dyn Fn(&Segment, EventId)) -> BTreeSet<EventId> {
    let (visible, view) = (reader.visible(), reader.view());
    let (mut whole, mut position) = (BTreeSet::new(), EventId::ZERO);
    for _ in 0..STEPS_MAX {
        if position >= visible {
            return whole;
        }
        let next = match view.step(position, visible) {
            Step::Next(next) => next,
            Step::Gap { earliest, .. } => {
                assert!(earliest.previous() > position, "a gap that leads nowhere");
                position = earliest.previous();
                continue;
            }
            Step::Ahead => panic!("{position} is not past {visible}"),
        };
        let segment = view.segment(next).unwrap_or_else(|| panic!("no segment holds {next}"));
        position = match segment.frame_run(next, segment.last(visible), 3000) {
            Run::Whole(through) => {
                for id in (next.0..=through.0).map(EventId) {
                    check(segment, id);
                    whole.insert(id);
                }
                through
            }
            Run::Damaged(through) => through,
            Run::Unreadable => panic!("memory can be read"),
        };
        assert!(position >= next, "a run that leads back");
    }
    panic!("a reader goes in circles");
}

/// The checksums of an event that is handed out, made by another hand. Frames of a sealed segment are vouched for by
/// the seal, so who forges it, or an entry, leads to other bytes.
fn check(segment: &Segment, id: EventId, done: &Done) {
    let (entry, frame) = (segment.entry(id), segment.frame(id));
    let bytes = entry.as_bytes();
    let salt = crc32c::crc32c(&segment.seg_id().to_le_bytes());
    let seed = crc32c::crc32c_append(salt, &id.0.to_le_bytes());
    let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    assert!(entry.flags() & Flags::PRESENT > 0, "{id} is not there");
    assert_eq!(number(60), crc32c::crc32c_append(seed, &bytes[..60]), "the entry of {id}");
    let original = original();
    let sealed =
        segment.seg_id() != original.open && original.entries.keys().any(|key| key.0 == segment.seg_id());
    let forged = original.entries.get(&(segment.seg_id(), id)).is_none_or(|entry| entry != bytes);
    if !(done.forged_seal || sealed && forged) {
        assert_eq!(frame.len(), entry.frame_len(), "the frame of {id}");
        assert_eq!(number(48), crc32c::crc32c_append(seed, frame), "the frame of {id}");
        assert!(entry.payload_offset() < frame.len(), "the payload of {id}");
    }
}

/// Searches by time and by topic. `complete`: what is whole must be found where it stands.
fn search(reader: &Reader, whole: &BTreeSet<EventId>, complete: bool) {
    let (visible, view) = (reader.visible(), reader.view());
    for time_ms in [0, NOW_MS + 20, u64::MAX] {
        view.at_or_after(time_ms, visible);
    }
    let stands = |entry: &Entry, topics: &[u64]| {
        let named = [entry.stream(), entry.sender(), entry.recipient()];
        topics.is_empty() || topics.iter().any(|topic| named.contains(topic))
    };
    for topics in [&[][..], &[1], &[2, 101], &[1, 2, 3, 4, 100, 101, 102], &[77]] {
        for segment in view.segments() {
            let (first, last) = (segment.base(), segment.last(visible));
            if first > last {
                continue;
            }
            let found = view.find(topics, &|_| true, first, last, 1000, 100_000);
            for id in &found.ids {
                assert!(
                    first <= *id && *id <= last && stands(segment.entry(*id), topics),
                    "{id} for {topics:?}"
                );
            }
            assert!(found.ids.is_sorted_by(|one, other| one < other));
            if complete {
                let looked = whole.iter().filter(|id| first <= **id && **id <= found.through);
                let missed =
                    looked.filter(|id| stands(segment.entry(**id), topics) && !found.ids.contains(id));
                assert_eq!(
                    missed.collect::<Vec<_>>(),
                    Vec::<&EventId>::new(),
                    "events passed over for {topics:?}"
                );
            }
        }
    }
}

/// A log that was recovered takes events, and has them after the next start.
fn goes_on(mut log: Opened) {
    append(&mut log.writer, &mut log.syncer, 2);
    let last = log.reader.visible();
    let whole = read_all(&log.reader, &|_, _| ());
    assert!(whole.contains(&last), "{last} was written");
}
