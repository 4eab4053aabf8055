//! A file beside the segments that can be made again from them: sections of bytes, each with a checksum, replaced as
//! a whole.
//!
//! Whatever is cut off, the old file is there or the new one. What the sections mean, whether the log still
//! supports them, and when a new one is due are not decided here.

use std::io;
use std::sync::Arc;

use crate::log::shared::FREE_BYTES_MIN;
use crate::log::{Access, Disk, DiskFile};

/// Bytes written or read in one call. A multiple of every record's size, so that no record lies across two
/// pieces.
const PIECE_BYTES: usize = 384 * 1024;
/// Bytes after which the file is synced, so that a large one never stands before a commit as a whole.
const UNSYNCED_BYTES_MAX: u64 = 4 * 1024 * 1024;
const CRC_BYTES: u64 = 4;

/// One file by name in the log's directory.
#[derive(Clone)]
pub struct SideFile {
    disk: Arc<dyn Disk>,
    name: &'static str,
}

impl SideFile {
    pub fn new(disk: Arc<dyn Disk>, name: &'static str) -> Self {
        Self { disk, name }
    }

    /// Opens it for reading; `None` where there is none.
    pub fn open(&self) -> io::Result<Option<Sections>> {
        match self.disk.open(self.name, Access::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(|file| Some(Sections { file, seed: 0 })),
        }
    }

    /// Puts a new file in its place, durably: `write` says what it holds, `bytes` about how much that is. Bytes
    /// written. An error leaves the old one, and is `StorageFull` where the log itself may need the room.
    pub fn replace(
        &self,
        bytes: u64,
        write: impl FnOnce(&mut SideWriter) -> io::Result<()>,
    ) -> io::Result<u64> {
        if self.disk.free_bytes()? < bytes.saturating_add(FREE_BYTES_MIN) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let tmp_name = format!("{}.tmp", self.name);
        let made = self.disk.create(&tmp_name).and_then(|file| {
            let mut writer = SideWriter::new(file);
            write(&mut writer)?;
            writer.finish()
        });
        let replaced = made.and_then(|bytes| self.disk.rename(&tmp_name, self.name).map(|()| bytes));
        if replaced.is_err() {
            let _replaced_by_the_next = self.disk.unlink(&tmp_name);
        }
        let bytes = replaced?;
        self.disk.sync_dir("")?;
        Ok(bytes)
    }

    /// Removes it, durably; one that is not there is no error.
    pub fn remove(&self) -> io::Result<()> {
        match self.disk.unlink(self.name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.disk.sync_dir(""),
        }
    }
}

/// Writes sections one after the other.
pub struct SideWriter {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file, and up to where that is synced.
    offset: u64,
    synced: u64,
    /// Of the section up to `hashed` in the buffer.
    crc: u32,
    hashed: usize,
    /// The first section's checksum, from which those of the others go on.
    seed: Option<u32>,
}

impl SideWriter {
    fn new(file: Arc<dyn DiskFile>) -> Self {
        let buffer = Vec::with_capacity(PIECE_BYTES);
        Self { file, buffer, offset: 0, synced: 0, crc: 0, hashed: 0, seed: None }
    }

    /// Adds bytes to the section; few at a time.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > PIECE_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends the section with its checksum.
    pub fn end(&mut self) -> io::Result<()> {
        self.hash();
        let crc = self.crc;
        self.put(&crc.to_le_bytes())?;
        self.hashed = self.buffer.len();
        self.crc = *self.seed.get_or_insert(crc);
        Ok(())
    }

    fn hash(&mut self) {
        let new = self.buffer.get(self.hashed..).unwrap_or_default();
        self.crc = crc32c::crc32c_append(self.crc, new);
        self.hashed = self.buffer.len();
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hash();
        self.file.write_at(self.offset, &self.buffer)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        self.hashed = 0;
        if self.offset - self.synced >= UNSYNCED_BYTES_MAX {
            self.file.sync()?;
            self.synced = self.offset;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync()?;
        Ok(self.offset)
    }
}

/// An open side file.
#[derive(Clone)]
pub struct Sections {
    file: Arc<dyn DiskFile>,
    seed: u32,
}

impl Sections {
    pub fn file_bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    /// The first section, `bytes` long, and by it what the checksums of the others go on from.
    pub fn first(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut section = self.section(0, bytes as u64);
        let mut first = Vec::with_capacity(bytes.min(PIECE_BYTES));
        while let Some(piece) = section.next_piece()? {
            first.extend_from_slice(piece);
        }
        self.seed = section.crc;
        Ok(first)
    }

    /// A section of `bytes` bytes at `offset`; the checksum and the next section follow it.
    pub fn section(&self, offset: u64, bytes: u64) -> Section {
        Section {
            file: Arc::clone(&self.file),
            offset,
            left: Some(bytes),
            crc: self.seed,
            buffer: Vec::new(),
        }
    }

    /// Where the section after one of `bytes` bytes begins.
    pub fn after(offset: u64, bytes: u64) -> u64 {
        offset.saturating_add(bytes).saturating_add(CRC_BYTES)
    }
}

/// Reads a section piece by piece. Only after the last piece is it known whether they were what was written.
pub struct Section {
    file: Arc<dyn DiskFile>,
    offset: u64,
    /// Bytes to come; `None` once the checksum was found right.
    left: Option<u64>,
    crc: u32,
    buffer: Vec<u8>,
}

impl Section {
    /// The next bytes, `None` at the end. `InvalidData`: the bytes are not what was written; none of them is to be
    /// used.
    pub fn next_piece(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(left) = self.left else { return Ok(None) };
        if left == 0 {
            let mut crc = [0; CRC_BYTES as usize];
            self.read(&mut crc)?;
            if u32::from_le_bytes(crc) != self.crc {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
            }
            self.left = None;
            return Ok(None);
        }
        let bytes = left.min(PIECE_BYTES as u64) as usize;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(bytes, 0);
        self.read(&mut buffer)?;
        self.crc = crc32c::crc32c_append(self.crc, &buffer);
        self.buffer = buffer;
        self.left = Some(left - bytes as u64);
        Ok(Some(&self.buffer))
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        if self.file.read_at(self.offset, bytes)? < bytes.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is shorter than it must be"));
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
