//! The two CHECKPOINT files, written in turn: hints about what is durable and whether the last stop was
//! orderly.
//!
//! A lost CHECKPOINT costs safety nothing: without one a start counts as unclean, and recovery has the
//! entries' own evidence. The one that is not being written is always whole.

use std::io;
use std::mem::{offset_of, size_of};
use std::sync::Arc;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::event::EventId;
use crate::log::format::VERSION;
use crate::log::header::Damage;
use crate::log::{Access, Disk, DiskFile};

pub(in crate::log) const NAMES: [&str; 2] = ["CHECKPOINT.a", "CHECKPOINT.b"];
const MAGIC: [u8; 8] = *b"TWCKPT\r\n";
const CLEAN: u16 = 1;
const RELAXED: u16 = 2;
/// Where the log's uuid stands.
const UUID_AT: std::ops::Range<usize> = 16..32;
/// How often one that cannot be read is looked at.
const TRIES: usize = 3;

/// What is known about the log at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Counts the checkpoints written; the higher one stands.
    pub generation: u64,
    /// Every event up to here was durable.
    pub durable: EventId,
    /// The log was closed in order after this.
    pub clean: bool,
    /// Events may have been acked or shown before they were durable.
    pub relaxed: bool,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawCheckpoint {
    magic: [u8; 8],
    version: U16,
    flags: U16,
    reserved: U32,
    uuid: [u8; 16],
    generation: U64,
    durable: U64,
    padding: [u8; 12],
    crc: U32,
}

const _: () = assert!(offset_of!(RawCheckpoint, version) == 8);
const _: () = assert!(offset_of!(RawCheckpoint, flags) == 10);
const _: () = assert!(offset_of!(RawCheckpoint, uuid) == 16);
const _: () = assert!(offset_of!(RawCheckpoint, generation) == 32);
const _: () = assert!(offset_of!(RawCheckpoint, durable) == 40);
const _: () = assert!(offset_of!(RawCheckpoint, crc) == 60);
const _: () = assert!(size_of::<RawCheckpoint>() == 64, "a checkpoint lies in one sector");

impl Checkpoint {
    pub(in crate::log) fn encode(&self, uuid: [u8; 16]) -> [u8; size_of::<RawCheckpoint>()] {
        let flags = if self.clean { CLEAN } else { 0 } | if self.relaxed { RELAXED } else { 0 };
        let mut raw = RawCheckpoint {
            magic: MAGIC,
            version: VERSION.into(),
            flags: flags.into(),
            reserved: 0.into(),
            uuid,
            generation: self.generation.into(),
            durable: self.durable.0.into(),
            padding: [0; 12],
            crc: 0.into(),
        };
        raw.crc = raw.checksum().into();
        zerocopy::transmute!(raw)
    }

    /// `None` for anything but a whole checkpoint of this log.
    pub(in crate::log) fn decode(bytes: &[u8], uuid: [u8; 16]) -> Option<Self> {
        let (raw, _) = RawCheckpoint::ref_from_prefix(bytes).ok()?;
        let ours = raw.magic == MAGIC && raw.version.get() == VERSION && raw.uuid == uuid;
        (ours && raw.crc.get() == raw.checksum()).then(|| Self {
            generation: raw.generation.get(),
            durable: EventId(raw.durable.get()),
            clean: raw.flags.get() & CLEAN != 0,
            relaxed: raw.flags.get() & RELAXED != 0,
        })
    }

    /// The newest checkpoint of this log that can be read.
    pub(in crate::log) fn read(disk: &dyn Disk, uuid: [u8; 16]) -> io::Result<Option<Self>> {
        let mut newest: Option<Self> = None;
        for name in NAMES {
            let found = Self::read_one(disk, name, Some(uuid))?.and_then(Result::ok);
            newest = newest.into_iter().chain(found).max_by_key(|checkpoint| checkpoint.generation);
        }
        Ok(newest)
    }

    /// One of the two files; `None` where it is missing or was never written, an error where it holds something
    /// else. `uuid`: of the log, where that is known.
    pub(in crate::log) fn read_one(
        disk: &dyn Disk,
        name: &str,
        uuid: Option<[u8; 16]>,
    ) -> io::Result<Option<Result<Self, Damage>>> {
        let file = match disk.open(name, Access::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut bytes = [0; size_of::<RawCheckpoint>()];
        let mut decoded = Err(Damage::Short);
        // It is written in place: what a server writes meanwhile may be seen half.
        for _ in 0..TRIES {
            let read = file.read_at(0, &mut bytes)?;
            let bytes = bytes.get(..read).unwrap_or_default();
            // Its block is made before it is first written.
            if bytes.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let own = bytes.get(UUID_AT).and_then(|own| own.try_into().ok());
            let found = uuid.or(own).and_then(|uuid| Self::decode(bytes, uuid));
            decoded = found.ok_or(Damage::Checksum);
            if decoded.is_ok() {
                break;
            }
        }
        Ok(Some(decoded))
    }
}

impl RawCheckpoint {
    fn checksum(&self) -> u32 {
        self.as_bytes().get(..offset_of!(Self, crc)).map_or(0, crc32c::crc32c)
    }
}

/// Writes checkpoints to the two files in turn.
pub(in crate::log) struct Checkpoints {
    files: [Arc<dyn DiskFile>; 2],
    uuid: [u8; 16],
    generation: u64,
}

impl Checkpoints {
    /// Opens both files, making those that are missing. Both have their block from here on, so that a full disk
    /// is no reason for a CHECKPOINT to fail. `generation`: of the newest one that was read.
    pub(in crate::log) fn open(disk: &dyn Disk, uuid: [u8; 16], generation: u64) -> io::Result<Self> {
        let open = |name| -> io::Result<Arc<dyn DiskFile>> {
            let file = match disk.open(name, Access::ReadWrite) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(name),
                other => other,
            }?;
            if file.bytes()? == 0 {
                file.write_at(0, &[0; size_of::<RawCheckpoint>()])?;
                file.sync()?;
            }
            Ok(file)
        };
        let files = [open(NAMES[0])?, open(NAMES[1])?];
        disk.sync_dir("")?;
        Ok(Self { files, uuid, generation })
    }

    /// Writes the next checkpoint, durably.
    pub(in crate::log) fn write(&mut self, durable: EventId, clean: bool, relaxed: bool) -> io::Result<()> {
        self.generation += 1;
        let checkpoint = Checkpoint { generation: self.generation, durable, clean, relaxed };
        let file = &self.files[usize::from(!self.generation.is_multiple_of(2))];
        file.write_at(0, &checkpoint.encode(self.uuid))?;
        file.sync()
    }
}
