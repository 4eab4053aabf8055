//! Tests of the topic module, through its public face.

mod hashes;
mod names;
