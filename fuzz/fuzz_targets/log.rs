//! Fuzzes what `bodies/log.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/edits.rs"]
mod edits;
#[path = "../bodies/log.rs"]
mod log;
#[path = "../bodies/memory_disk.rs"]
mod memory_disk;

libfuzzer_sys::fuzz_target!(|data: &[u8]| log::run(data));
