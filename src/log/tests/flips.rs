//! The bit-flip sweep: a log with everything in it, one bit of it changed on the platter, and what a subscriber
//! would then be sent.
//!
//! Each flip is refused with the place, or announced, or changes nothing; never is an event delivered that was not
//! written so, and never is one passed over in silence. The one thing that cannot be told apart, damage inside the
//! last commit before an unclean stop and a write that was torn, is asserted to be exactly that. `verify` has to see
//! every flip of a byte that means something.

use std::collections::BTreeMap;
use std::sync::Arc;

use zerocopy::IntoBytes as _;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::{Random, SimDisk};
use crate::log::tests::support::{Log, NOW_MS, SMALL_SEGMENT, options};
use crate::log::{
    Access, Disk, Extent, Fault, FoundEvent, LogOptions, OpenError, Run, Step, Survey, Visitor,
    rehearse_repair,
};

const SEAL_AT: u64 = SMALL_SEGMENT - 64 * 1024;
/// Places in frames and in the other entries that are tried, in each segment.
const SAMPLES: u64 = 50;

/// A log as it lies on the disk, and what is in it.
struct Original {
    files: BTreeMap<String, Vec<u8>>,
    /// What each event is: its entry but for where it lies, its time, its frame.
    events: BTreeMap<EventId, Whole>,
    /// The segments, and how many events each holds; the last one is open.
    segments: Vec<(EventId, u64)>,
    /// Events from here on are of the last commit, which the CHECKPOINT does not prove.
    unproven: EventId,
}

/// One event as a subscriber and a filter see it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    time_ms: u64,
    /// The entry's hashes, key, aux; payload offset, kind, flags.
    index: Vec<u8>,
    frame: Vec<u8>,
}

/// Where in a file a flip is, as far as what it may do depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Meta,
    Checkpoint,
    Header,
    Frame {
        sealed: bool,
    },
    Entry {
        sealed: bool,
    },
    Seal,
    BlockCrcs,
    /// Bytes that mean nothing.
    Nothing,
}

/// What became of a flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Refused,
    Announced,
    Harmless,
    /// The end is missing, as after a torn write.
    TakenForTorn,
}

#[test]
fn a_flipped_bit_is_detected_or_harmless_wherever_it_is() {
    let original = make();
    let mut random = Random::new(20);
    let flips = original.flips(&mut random);
    let total = flips.len();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let counts = std::sync::Mutex::new(BTreeMap::<(Part, Outcome), u64>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, offset, bit, part)) =
                    flips.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let place = format!("bit {bit} of byte {offset} of {name} ({part:?})");
                    let outcome = original.try_flip(name, *offset, *bit, *part, &place);
                    *counts.lock().unwrap().entry((*part, outcome)).or_default() += 1;
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    let of = |part: Part, outcome| counts.get(&(part, outcome)).copied().unwrap_or(0);
    assert!(total > 4000 && counts.values().sum::<u64>() == total as u64, "{counts:?}");
    // What each part comes to; the numbers are of this log, so the sums alone are asserted.
    for (part, allowed) in [
        (Part::Meta, &[Outcome::Refused][..]),
        (Part::Checkpoint, &[Outcome::Harmless]),
        (Part::Header, &[Outcome::Refused]),
        (Part::Frame { sealed: true }, &[Outcome::Announced]),
        (Part::Frame { sealed: false }, &[Outcome::Refused, Outcome::TakenForTorn]),
        (Part::Entry { sealed: true }, &[Outcome::Announced]),
        (Part::Entry { sealed: false }, &[Outcome::Refused, Outcome::TakenForTorn]),
        (Part::Seal, &[Outcome::Harmless]),
        (Part::BlockCrcs, &[Outcome::Harmless]),
        (Part::Nothing, &[Outcome::Harmless]),
    ] {
        let all: u64 = counts.iter().filter(|((of, _), _)| *of == part).map(|(_, count)| count).sum();
        let good: u64 = allowed.iter().map(|&outcome| of(part, outcome)).sum();
        assert!(all > 0 && good == all, "{part:?}: {counts:?}");
    }
    for part in [Part::Frame { sealed: false }, Part::Entry { sealed: false }] {
        assert!(of(part, Outcome::Refused) > 0 && of(part, Outcome::TakenForTorn) > 0, "{counts:?}");
    }
}

/// A log with a hole, two epochs, batches, sealed segments, and an open one that was killed.
fn make() -> Original {
    let disk = SimDisk::new(11);
    let open = |options| Log::open_with(Arc::new(disk.clone()), options).unwrap();
    let mut log = open(options());
    log.fill_to(EventId(30));
    log.close();
    let mut log = open(LogOptions { new_epoch: true, ..options() });
    let first = log.writer.next_id();
    while log.reader.view().segments().len() < 5 {
        log.append(3, NOW_MS + log.writer.next_id().sequence()).unwrap();
        log.syncer.sync().unwrap();
        log.preparer.turn();
    }
    log.append(7, NOW_MS + 100_000).unwrap();
    log.syncer.sync().unwrap();
    log.syncer.checkpoint().unwrap();
    log.append(2, NOW_MS + 100_001).unwrap();
    log.syncer.sync().unwrap();
    let unproven = log.writer.next_id();
    log.append(3, NOW_MS + 100_002).unwrap();
    log.syncer.sync().unwrap();
    assert!(first.epoch() > 0);
    let files: BTreeMap<String, Vec<u8>> = disk
        .names()
        .into_iter()
        .filter(|name| !name.ends_with(".tmp"))
        .map(|name| (name.clone(), disk.read_all(&name)))
        .collect();
    let view = log.reader.view();
    let segments = view.segments().iter().map(|segment| {
        let last = segment.last(log.reader.visible());
        (segment.base(), (last.0 + 1).saturating_sub(segment.base().0))
    });
    let segments = segments.collect();
    let (events, gaps) = subscribe(&log);
    assert_eq!(gaps.len(), 1, "between the epochs");
    Original { files, events, segments, unproven }
}

impl Original {
    fn disk(&self) -> SimDisk {
        let disk = SimDisk::new(1);
        for (name, bytes) in &self.files {
            let file = disk.create(name).unwrap();
            file.allocate_zeroed(bytes.len() as u64).unwrap();
            let pages = bytes.chunks(4096).enumerate().filter(|(_, page)| page.iter().any(|&byte| byte != 0));
            for (at, page) in pages {
                file.write_at(at as u64 * 4096, page).unwrap();
            }
            file.sync().unwrap();
        }
        disk
    }

    /// Every bit of what is small, sampled bits of what is not.
    fn flips(&self, random: &mut Random) -> Vec<(String, u64, u8, Part)> {
        let mut flips = Vec::new();
        every(&mut flips, "META", 0..self.files["META"].len() as u64, Part::Meta);
        every(&mut flips, "CHECKPOINT.a", 0..64, Part::Checkpoint);
        every(&mut flips, "CHECKPOINT.b", 0..64, Part::Checkpoint);
        let open = self.segments.len() - 1;
        for at in [0, 2, open] {
            let (base, count) = self.segments[at];
            let (name, sealed) = (segment_name(base), at < open);
            let entry = |slot: u64| SEAL_AT - 64 * (slot + 1);
            let data_end = 4096 + self.frame_bytes(base, count);
            if at > 0 {
                every(&mut flips, &name, 0..72, Part::Header);
                for slot in [0, count - 1] {
                    every(&mut flips, &name, entry(slot)..entry(slot) + 64, Part::Entry { sealed });
                }
            }
            if sealed && at > 0 {
                every(&mut flips, &name, SEAL_AT..SEAL_AT + 72, Part::Seal);
                every(&mut flips, &name, SEAL_AT + 128..SEAL_AT + 132, Part::BlockCrcs);
            }
            let mut sample = |bytes: std::ops::Range<u64>, part: Part| {
                for _ in 0..if bytes.is_empty() { 0 } else { SAMPLES } {
                    let at = bytes.start + random.below(bytes.end - bytes.start);
                    flips.push((name.clone(), at, random.below(8) as u8, part));
                }
            };
            sample(4096..data_end, Part::Frame { sealed });
            sample(entry(count - 1)..SEAL_AT, Part::Entry { sealed });
            sample(72..4096, Part::Nothing);
            sample(data_end..entry(count - 1), Part::Nothing);
            sample(SEAL_AT + if sealed { 132 } else { 72 }..SMALL_SEGMENT, Part::Nothing);
        }
        flips
    }

    fn frame_bytes(&self, base: EventId, count: u64) -> u64 {
        let events = self.events.range(base..EventId(base.0 + count));
        events.map(|(_, whole)| whole.frame.len() as u64).sum()
    }

    fn try_flip(&self, name: &str, offset: u64, bit: u8, part: Part, place: &str) -> Outcome {
        let disk = self.disk();
        disk.corrupt(name, offset, |byte| byte ^ 1 << bit);
        let faults = verify(&disk);
        match Log::open_with(Arc::new(disk), options()) {
            Ok(log) => {
                let outcome = self.judge(&log, place);
                let seen = faults.iter().any(|fault| fault.file.contains(name));
                let torn = outcome == Outcome::TakenForTorn;
                assert!(seen == (part != Part::Nothing) || torn, "{place}: verify says {faults:?}");
                if part == (Part::Frame { sealed: true }) {
                    self.judge_repaired(name, offset, bit, place);
                }
                outcome
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains(name), "{place}: {said}");
                assert!(
                    faults.iter().any(|fault| fault.file.contains(name)),
                    "{place}: verify says {faults:?}"
                );
                let disk = self.disk();
                disk.corrupt(name, offset, |byte| byte ^ 1 << bit);
                let accepting = LogOptions { accept_gap: true, ..options() };
                match Log::open_with(Arc::new(disk), accepting) {
                    Ok(log) => {
                        let outcome = self.judge(&log, place);
                        assert_eq!(outcome, Outcome::Announced, "{place}: accepted");
                    }
                    // Nobody can make up who the log is.
                    Err(OpenError::MetaDamaged { .. } | OpenError::Version { .. }) => {}
                    Err(OpenError::Foreign { .. }) => {}
                    Err(error) => panic!("{place}: {error}"),
                }
                Outcome::Refused
            }
        }
    }

    /// Everything that is sent was written so, and everything else is announced.
    fn judge(&self, log: &Log, place: &str) -> Outcome {
        let (sent, gaps) = subscribe(log);
        for (id, whole) in &sent {
            assert_eq!(Some(whole), self.events.get(id), "{place}: event {id} was not written so");
        }
        let last = log.reader.visible();
        for (id, whole) in sent.iter().step_by(23) {
            // Who asks by time is not led past an event either.
            let found = log.reader.view().at_or_after(whole.time_ms, last);
            assert!(found <= *id, "{place}: {found} for {id}");
        }
        let missing: Vec<EventId> = self.events.keys().filter(|id| !sent.contains_key(id)).copied().collect();
        let is_announced = |id: &EventId| gaps.iter().any(|(after, earliest)| after < id && id < earliest);
        let silent: Vec<&EventId> = missing.iter().filter(|id| !is_announced(id)).collect();
        for id in &silent {
            let cut_off = **id > last && **id >= self.unproven;
            assert!(cut_off, "{place}: event {id} is passed over in silence, the last is {last}");
        }
        if !silent.is_empty() {
            Outcome::TakenForTorn
        } else if missing.is_empty() {
            Outcome::Harmless
        } else {
            assert!(missing.len() <= self.segments.iter().map(|one| one.1 as usize).max().unwrap());
            Outcome::Announced
        }
    }

    /// A repair records the same hole and changes nothing else.
    fn judge_repaired(&self, name: &str, offset: u64, bit: u8, place: &str) {
        let disk = self.disk();
        disk.corrupt(name, offset, |byte| byte ^ 1 << bit);
        let below: Arc<dyn Disk> = Arc::new(disk.clone());
        let names = disk.names();
        let plan = rehearse_repair(&below, NOW_MS).unwrap();
        assert_eq!(
            (disk.names(), disk.read_all(name)[offset as usize]),
            (names, self.files[name][offset as usize] ^ 1 << bit)
        );
        let done = crate::log::repair(below, NOW_MS).unwrap();
        assert_eq!((&plan.holes, &plan.aside), (&done.holes, &done.aside), "{place}");
        assert!(plan.reasons.len() == 1 && plan.holes.len() == 1, "{place}: {plan:?}");
        let faults = verify(&disk);
        assert!(faults.iter().all(|fault| fault.file.ends_with(".bad")), "{place}: {faults:?}");
        let log = Log::open(Arc::new(disk));
        assert_eq!(self.judge(&log, place), Outcome::Announced, "{place}: repaired");
        assert_eq!(log.reader.view().damaged_pieces(), 0, "{place}: repaired");
    }
}

/// Every bit of these bytes.
fn every(flips: &mut Vec<(String, u64, u8, Part)>, name: &str, bytes: std::ops::Range<u64>, part: Part) {
    let bits = bytes.flat_map(|at| (0..8).map(move |bit| (at, bit)));
    flips.extend(bits.map(|(at, bit)| (name.to_owned(), at, bit, part)));
}

/// What a subscriber of everything is sent from the start on: events, and the gaps between them.
fn subscribe(log: &Log) -> (BTreeMap<EventId, Whole>, Vec<(EventId, EventId)>) {
    let (view, visible) = (log.reader.view(), log.reader.visible());
    let (mut events, mut gaps) = (BTreeMap::new(), Vec::new());
    let mut position = EventId::ZERO;
    while position < visible {
        let next = match view.step(position, visible) {
            Step::Next(next) => next,
            Step::Gap { earliest, .. } => {
                gaps.push((position, earliest));
                position = earliest.previous();
                continue;
            }
            Step::Ahead => break,
        };
        let segment = view.segment(next).unwrap();
        match segment.frame_run(next, segment.last(visible), 3000) {
            Run::Whole(through) => {
                for id in (next.0..=through.0).map(EventId) {
                    let entry = segment.entry(id);
                    let index = [&entry.as_bytes()[..40], &entry.as_bytes()[54..58]].concat();
                    let (time_ms, frame) = (segment.time_ms(id), segment.frame(id).to_vec());
                    events.insert(id, Whole { time_ms, index, frame });
                }
                position = through;
            }
            Run::Damaged(through) => {
                gaps.push((position, through.next()));
                position = through;
            }
            Run::Unreadable => panic!("the disk reads"),
        }
    }
    (events, gaps)
}

/// Everything that `verify` finds.
fn verify(disk: &SimDisk) -> Vec<Fault> {
    struct All(Vec<Fault>);
    impl Visitor for All {
        fn event(&mut self, _event: &FoundEvent<'_>) -> bool {
            true
        }
        fn fault(&mut self, fault: Fault) {
            self.0.push(fault);
        }
        fn read(&mut self, _bytes: u64) {}
    }
    let survey = Survey::open(disk, Access::Read).unwrap();
    let mut all = All(Vec::new());
    let examined: Vec<_> =
        survey.segments().iter().map(|&base| survey.examine(base, Extent::Whole, &mut all)).collect();
    all.0.extend(survey.conclude(&examined).0);
    all.0
}
