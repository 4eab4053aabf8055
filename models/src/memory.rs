//! A disk in memory that knows of every byte who has read and written it: a read that nothing orders after the write,
//! or a write that nothing orders after a read, ends the model. It loses nothing, and orders nothing by itself.

mod disk;
mod file;

pub(crate) use disk::MemoryDisk;
pub(crate) use file::Memory;
