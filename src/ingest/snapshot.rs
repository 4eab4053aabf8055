//! The memory as a file: what it knew after the last event of a sealed segment, so that a start reads that and the
//! events since, however long the log is. `docs/log-format.md` has the bytes.
//!
//! It holds nothing that the log's entries have not said, but it outlives them: what retention removed is still
//! known from here. It counts only for the very segments that it was made from; `supported_by` decides that.

use std::io;
use std::sync::Arc;

use crate::event::EventId;
use crate::ingest::dedupe::{Reached, Seen};
use crate::ingest::memory::{Bounds, Memory};
use crate::ingest::parties::Pair;
use crate::log::{Disk, Section, Sections, SideFile, SideWriter, View};

const NAME: &str = "MEMORY";
const MAGIC: [u8; 8] = *b"TWMEMO\r\n";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 96;
/// A segment or a hole; a payment stream, a key or a source.
const SHORT_BYTES: usize = 16;
const LONG_BYTES: usize = 24;

/// What a snapshot was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) uuid: [u8; 16],
    /// The last event that it knows.
    pub(crate) through: EventId,
    /// Base and seg_id of the segments that were kept up to there, in order.
    pub(crate) segments: Vec<(EventId, u64)>,
    /// The holes among those, by the last id before and the first after: events that a repair has lost.
    pub(crate) holes: Vec<(EventId, EventId)>,
}

/// Why a snapshot does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it does not begin as one of ours")]
    Magic,
    #[error("it is of version {0}, and this program knows version 1")]
    Version(u16),
    #[error("it is of another log")]
    Foreign,
    #[error("it was made from segments that are not those of the log any more, or not yet")]
    History,
}

/// A snapshot in memory.
pub(crate) struct Taken {
    pub(crate) origin: Origin,
    pub(crate) memory: Memory,
    pub(crate) bytes: u64,
}

impl Origin {
    /// What the memory of everything up to `through` is made from.
    pub(crate) fn of(uuid: [u8; 16], view: &View, through: EventId) -> Self {
        let kept = view.segments().iter().filter(|segment| segment.base() <= through);
        let segments = kept.map(|segment| (segment.base(), segment.seg_id())).collect();
        let before = view.holes().iter().filter(|hole| hole.after < through);
        let holes = before.map(|hole| (hole.after, hole.first)).collect();
        Self { uuid, through, segments, holes }
    }

    /// Whether the log still says what it said: the segments up to `through`, but for those that retention removed,
    /// are the same files, and nothing before it was lost.
    pub(crate) fn supported_by(&self, uuid: [u8; 16], view: &View) -> Result<(), Unusable> {
        if self.uuid != uuid {
            return Err(Unusable::Foreign);
        }
        let (earliest, now) = (view.earliest(), Self::of(uuid, view, self.through));
        let listed = self.segments.iter().filter(|(base, _)| *base >= earliest);
        let same =
            listed.eq(&now.segments) && now.holes.iter().all(|hole| self.holes.binary_search(hole).is_ok());
        let last = view.segment(self.through).map(|segment| segment.last(self.through.next()));
        let whole = self.through < earliest || last == Some(self.through);
        if same && whole { Ok(()) } else { Err(Unusable::History) }
    }
}

/// The file.
#[derive(Clone)]
pub(crate) struct SnapshotFile {
    file: SideFile,
}

impl SnapshotFile {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { file: SideFile::new(disk, NAME) }
    }

    /// Reads it, each of the large tables on a thread of its own; `None` where there is none. Of a table that was
    /// made under a higher bound those stay that would be forgotten last.
    pub(crate) fn read(&self, bounds: Bounds) -> Result<Option<Taken>, Unusable> {
        let Some(mut sections) = self.file.open()? else { return Ok(None) };
        let bytes = sections.file_bytes()?;
        let layout = Layout::decode(&sections.first(HEADER_BYTES)?)?;
        if layout.end() != Some(bytes) {
            return Err(
                io::Error::new(io::ErrorKind::InvalidData, "it has not the length it must have").into()
            );
        }
        let [segments_at, holes_at, parties_at, keys_at, sources_at] = layout.sections(&sections);
        let (mut segments, mut holes) = (Vec::new(), Vec::new());
        each(segments_at, |[base, seg_id]| segments.push((EventId(base), seg_id)))?;
        each(holes_at, |[after, first]| holes.push((EventId(after), EventId(first))))?;
        let mut memory = Memory::new(bounds);
        let Memory { parties, keys, sources } = &mut memory;
        let ended = layout.ended;
        let (with_parties, with_identities) = std::thread::scope(|scope| {
            let mut place = 0;
            let with_parties = scope.spawn(move || {
                each(parties_at, |[stream, sender, recipient]| {
                    parties.observe(stream, Pair { sender, recipient }, place < ended);
                    place += 1;
                })
            });
            let observe_key =
                |[key, id, digest]: [u64; 3]| keys.observe(key, Seen { id: EventId(id), digest });
            let with_identities = each(keys_at, observe_key).and_then(|()| {
                each(sources_at, |[source, id, position]| {
                    sources.observe(source, Reached { position, id: EventId(id) });
                })
            });
            (with_parties.join(), with_identities)
        });
        with_parties.unwrap_or_else(|_| Err(io::Error::other("the thread that read it panicked")))?;
        with_identities?;
        let origin = Origin { uuid: layout.uuid, through: layout.through, segments, holes };
        Ok(Some(Taken { origin, memory, bytes }))
    }

    /// Puts a new one in its place. Its bytes.
    pub(crate) fn write(&self, origin: &Origin, memory: &Memory) -> io::Result<u64> {
        let layout = Layout::of(origin, memory);
        let bytes = layout.end().unwrap_or(u64::MAX);
        self.file.replace(bytes, |writer| {
            writer.put(&layout.encode())?;
            writer.end()?;
            let segments = origin.segments.iter().map(|&(base, seg_id)| [base.0, seg_id]);
            put(writer, segments)?;
            put(writer, origin.holes.iter().map(|(after, first)| [after.0, first.0]))?;
            let parties = memory.parties.iter();
            put(writer, parties.map(|(stream, pair, _)| [stream, pair.sender, pair.recipient]))?;
            put(writer, memory.keys.iter().map(|(key, seen)| [key, seen.id.0, seen.digest]))?;
            let sources = memory.sources.iter();
            put(writer, sources.map(|(source, reached)| [source, reached.id.0, reached.position]))
        })
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        self.file.remove()
    }
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    uuid: [u8; 16],
    through: EventId,
    segments: u64,
    holes: u64,
    ended: u64,
    parties: u64,
    keys: u64,
    sources: u64,
}

impl Layout {
    fn of(origin: &Origin, memory: &Memory) -> Self {
        Self {
            uuid: origin.uuid,
            through: origin.through,
            segments: origin.segments.len() as u64,
            holes: origin.holes.len() as u64,
            ended: memory.parties.iter().take_while(|(_, _, ended)| *ended).count() as u64,
            parties: memory.parties.len() as u64,
            keys: memory.keys.len() as u64,
            sources: memory.sources.len() as u64,
        }
    }

    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.uuid);
        let counts =
            [self.through.0, self.segments, self.holes, self.ended, self.parties, self.keys, self.sources];
        for (field, count) in bytes[32..].chunks_exact_mut(8).zip(counts) {
            field.copy_from_slice(&count.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Unusable> {
        let version = bytes.get(8..10).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_le_bytes);
        if !bytes.starts_with(&MAGIC) {
            return Err(Unusable::Magic);
        }
        if version != VERSION {
            return Err(Unusable::Version(version));
        }
        let uuid = bytes.get(16..32).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        let fields = bytes.get(32..88).and_then(|bytes| <&[u8; 56]>::try_from(bytes).ok());
        let [through, segments, holes, ended, parties, keys, sources] = numbers(fields.unwrap_or(&[0; 56]));
        Ok(Self { uuid, through: EventId(through), segments, holes, ended, parties, keys, sources })
    }

    /// The bytes of each section but the first.
    fn section_bytes(&self) -> [Option<u64>; 5] {
        let records = |count: u64, bytes: usize| count.checked_mul(bytes as u64);
        [
            records(self.segments, SHORT_BYTES),
            records(self.holes, SHORT_BYTES),
            records(self.parties, LONG_BYTES),
            records(self.keys, LONG_BYTES),
            records(self.sources, LONG_BYTES),
        ]
    }

    /// Where the file must end; `None` for counts that no file has.
    fn end(&self) -> Option<u64> {
        let first = Sections::after(0, HEADER_BYTES as u64);
        self.section_bytes()
            .into_iter()
            .try_fold(first, |offset, bytes| Some(Sections::after(offset, bytes?)))
    }

    fn sections(&self, sections: &Sections) -> [Section; 5] {
        let mut offset = Sections::after(0, HEADER_BYTES as u64);
        self.section_bytes().map(|bytes| {
            let bytes = bytes.unwrap_or(0);
            let section = sections.section(offset, bytes);
            offset = Sections::after(offset, bytes);
            section
        })
    }
}

/// Writes records of `N` numbers, and the section's end.
fn put<const N: usize>(writer: &mut SideWriter, records: impl Iterator<Item = [u64; N]>) -> io::Result<()> {
    let mut bytes = [0; LONG_BYTES];
    for record in records {
        for (field, number) in bytes.chunks_exact_mut(8).zip(record) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        writer.put(&bytes[..8 * N])?;
    }
    writer.end()
}

/// Reads records of `N` numbers to the section's end.
fn each<const N: usize>(mut section: Section, mut take: impl FnMut([u64; N])) -> io::Result<()> {
    while let Some(piece) = section.next_piece()? {
        let (words, _) = piece.as_chunks::<8>();
        let (records, _) = words.as_chunks::<N>();
        records.iter().for_each(|record| take(record.map(u64::from_le_bytes)));
    }
    Ok(())
}

fn numbers<const N: usize>(bytes: &[u8; 56]) -> [u64; N] {
    let (words, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|at| words.get(at).copied().map_or(0, u64::from_le_bytes))
}
