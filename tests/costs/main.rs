//! What an event and a delivery cost the whole server, in counts that are the same on every machine: allocations,
//! system calls, sends, instructions. A change that makes one dearer fails here before any clock could tell.
//!
//! The bounds are what the code costs today, with little room. Whoever makes it cheaper brings them down; whoever has
//! a reason to make it dearer changes the bound in the same commit and says why. Nothing here measures time.

#![allow(unreachable_pub, reason = "as tests/support has it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod allocations;
#[path = "../steps/counting.rs"]
mod counting;
mod crowd;
mod engine;
mod instructions;
mod publishing;
#[path = "../steps/rig.rs"]
mod rig;
mod sends;
#[path = "../support/mod.rs"]
mod support;
mod trace;

#[global_allocator]
static COUNTING: counting::Counting = counting::Counting;
