//! A survey beside a server: what the server changes meanwhile is no fault, what is missing is.

use std::sync::Arc;

use crate::event::EventId;
use crate::log::shared::segment_name;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS};
use crate::log::{Access, Disk, Extent, Fault, FaultKind, FoundEvent, Retention, Survey, Visitor};

#[derive(Default)]
struct All {
    faults: Vec<Fault>,
    ids: Vec<EventId>,
    wanted: Option<usize>,
}

impl Visitor for All {
    fn event(&mut self, event: &FoundEvent<'_>) -> bool {
        self.ids.push(event.id);
        self.wanted.is_none_or(|wanted| self.ids.len() < wanted)
    }

    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn read(&mut self, _bytes: u64) {}
}

fn filled() -> (SimDisk, Log) {
    let disk = SimDisk::new(6);
    let mut log = Log::open(Arc::new(disk.clone()));
    log.fill_to(EventId(600));
    (disk, log)
}

/// Examines all segments of a survey that was opened before.
fn examine(survey: &Survey<'_>) -> (All, Vec<Fault>, EventId) {
    let mut all = All::default();
    let bases = survey.segments();
    let examined: Vec<_> = bases.iter().map(|&base| survey.examine(base, Extent::Whole, &mut all)).collect();
    let (faults, last) = survey.conclude(&examined);
    (all, faults, last)
}

#[test]
fn what_retention_removes_meanwhile_is_no_fault() {
    let (disk, mut log) = filled();
    let survey = Survey::open(&disk, Access::Read).unwrap();
    let half = Retention { bytes_max: Some(log.reader.view().bytes() / 2), age_ms_max: None };
    assert!(log.retainer.retain(half, NOW_MS).unwrap().segments > 0);
    let (all, faults, last) = examine(&survey);
    assert_eq!((all.faults, faults, last), (Vec::new(), Vec::new(), EventId(600)));
    assert_eq!(all.ids.first().copied(), Some(log.reader.earliest()));
}

#[test]
fn what_is_written_meanwhile_is_no_fault() {
    let (disk, mut log) = filled();
    let survey = Survey::open(&disk, Access::Read).unwrap();
    log.fill_to(EventId(900));
    log.append(3, NOW_MS).unwrap();
    let (all, faults, last) = examine(&survey);
    assert_eq!((all.faults, faults), (Vec::new(), Vec::new()));
    assert!(last >= EventId(600) && all.ids.len() as u64 == last.0);
}

#[test]
fn a_missing_segment_is_a_fault() {
    let (disk, log) = filled();
    let bases: Vec<EventId> = log.reader.view().segments().iter().map(|segment| segment.base()).collect();
    let survey = Survey::open(&disk, Access::Read).unwrap();
    disk.unlink(&segment_name(bases[1])).unwrap();
    let (all, ..) = examine(&survey);
    assert_eq!(all.faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [FaultKind::Unreadable]);
    // The same, seen from the names alone.
    let (_, faults, _) = examine(&Survey::open(&disk, Access::Read).unwrap());
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!((fault.kind, fault.event), (FaultKind::Chain, Some(bases[1])));
}

#[test]
fn a_range_reads_no_more_than_it_names() {
    let (disk, log) = filled();
    let base = log.reader.view().segments()[1].base();
    let survey = Survey::open(&disk, Access::Read).unwrap();
    let (first, last) = (EventId(base.0 + 3), EventId(base.0 + 5));
    let mut all = All::default();
    survey.examine(base, Extent::Events { first, last }, &mut all);
    assert_eq!(all.ids, [first, first.next(), last]);
    let mut all = All { wanted: Some(2), ..All::default() };
    survey.examine(base, Extent::Whole, &mut all);
    assert_eq!((all.ids.len(), all.faults.len()), (2, 0));
}
