//! Fuzzes what `bodies/jwt.rs` says, and where it says what must hold.

#![no_main]

#[path = "../bodies/jwt.rs"]
mod jwt;
#[path = "../bodies/plain.rs"]
mod plain;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jwt::run(data));
