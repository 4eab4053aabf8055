//! Fuzzes what `bodies/event.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/event.rs"]
mod event;
#[path = "../bodies/plain.rs"]
mod plain;

libfuzzer_sys::fuzz_target!(|data: &[u8]| event::run(data));
