//! Fuzzes what `bodies/sse.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/chunks.rs"]
mod chunks;
#[path = "../bodies/sse.rs"]
mod sse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sse::run(data));
