//! Fuzzes what `bodies/query.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/query.rs"]
mod query;

libfuzzer_sys::fuzz_target!(|data: &[u8]| query::run(data));
