//! A look at a log directory from outside: changes nothing, takes no lock, works beside a running server.
//!
//! It believes headers and seals and reads entry by entry only what is not sealed; `Survey` with `Extent::Whole`
//! believes nothing.

use crate::event::EventId;
use crate::log::checkpoint::Checkpoint;
use crate::log::open_error::OpenError;
use crate::log::{Access, Disk, Examined, Extent, Fault, FoundEvent, Hole, Survey, Visitor};

/// What a log directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// `None`: META cannot be read.
    pub uuid: Option<[u8; 16]>,
    pub format: u16,
    pub epoch: u32,
    pub created_ms: u64,
    /// The first kept event, or the first that will be.
    pub earliest: EventId,
    /// The last event that is there; the position before the first in an empty log.
    pub last: EventId,
    pub segments: Vec<Examined>,
    pub holes: Vec<Hole>,
    pub checkpoint: Option<Checkpoint>,
    pub faults: Vec<Fault>,
}

/// Summarises the log on `disk`: META, CHECKPOINTs, headers and seals, and every entry of what is not sealed.
pub fn inspect(disk: &dyn Disk) -> Result<Inspection, OpenError> {
    let survey = Survey::open(disk, Access::ReadUncached)?;
    let mut faults = Faults(Vec::new());
    let examine = |&base: &EventId| survey.examine(base, Extent::Summary, &mut faults);
    let segments: Vec<Examined> = survey.segments().iter().map(examine).collect();
    let (mut all, last) = survey.conclude(&segments);
    all.extend(faults.0);
    Ok(Inspection {
        uuid: survey.uuid(),
        format: crate::log::format::VERSION,
        epoch: survey.epoch(),
        created_ms: survey.created_ms(),
        earliest: segments.first().map_or(last.next(), |segment| segment.base),
        last,
        segments: segments.into_iter().filter(|segment| !segment.gone).collect(),
        holes: survey.holes().to_vec(),
        checkpoint: survey.checkpoint(),
        faults: all,
    })
}

struct Faults(Vec<Fault>);

impl Visitor for Faults {
    fn event(&mut self, _event: &FoundEvent<'_>) -> bool {
        true
    }

    fn fault(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    fn read(&mut self, _bytes: u64) {}
}
