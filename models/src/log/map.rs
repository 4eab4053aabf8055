//! In the place of the map of a file: the memory that stands for the file, with each access to it checked.

use std::io;
use std::sync::Arc;

use crate::memory::Memory;

#[derive(Debug)]
pub(crate) struct Region {
    memory: Arc<Memory>,
}

impl Region {
    pub(crate) fn over(memory: Arc<Memory>) -> Self {
        Self { memory }
    }

    pub(in crate::log) fn of_nothing() -> io::Result<Self> {
        Ok(Self { memory: Arc::new(Memory::zeros(1)) })
    }

    pub(in crate::log) fn slice(&self, offset: u64, bytes: usize) -> &[u8] {
        self.memory.read(offset as usize, bytes)
    }

    pub(in crate::log) fn prefetch(&self, _ranges: impl Iterator<Item = (u64, usize)>) {}

    pub(in crate::log) fn populate(&self, _offset: u64, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::log) fn bring(&self, ranges: impl Iterator<Item = (u64, usize)>) -> io::Result<usize> {
        Ok(ranges.map(|(_, bytes)| bytes).sum())
    }

    pub(in crate::log) fn is_resident(&self, _offset: u64, _bytes: usize) -> bool {
        true
    }
}
