//! The rules of this source tree that a machine can check, run by `cargo test`.
//!
//! The export list. A rule takes a map of paths to texts and returns findings, so that its own tests can plant a
//! fault without touching a file. What rustc, rustfmt and clippy check already is not repeated here.

mod homes;
mod layout;
mod ranks;
mod sizes;
mod source;
mod tests;
mod words;
