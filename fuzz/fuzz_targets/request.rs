//! Fuzzes what `bodies/request.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/chunks.rs"]
mod chunks;
#[path = "../bodies/request.rs"]
mod request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| request::run(data));
