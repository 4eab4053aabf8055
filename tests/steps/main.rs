//! What the hub's steps cost, in counts that are the same on every machine: allocations, sends, bytes copied. The rest
//! of the way is in `costs`; this needs no server, so that a planted fault is found in seconds (`tests/planted`).

#![allow(unreachable_pub, reason = "as tests/support has it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod allocations;
mod copies;
mod counting;
mod rig;

#[global_allocator]
static COUNTING: counting::Counting = counting::Counting;
