//! Shared by the black-box tests: a server of their own, an HTTP client and a reader of event streams.
//! Written apart from the server's code so that the two cannot share a mistake. Everything waits with a
//! deadline and reads until a delimiter, never once.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod client;
mod events;
mod publishers;
mod random;
mod readers;
mod server;
mod small_disk;
mod subscription;

pub use client::{Answer, Client, Json, delete, get, get_with, post, post_with, request};
pub use events::{PLACEHOLDER, created, data_of, publish, publish_lines, topped_up, type_of};
pub use publishers::{Amounts, Publishers, assert_refusal, history};
pub use random::Random;
pub use readers::Readers;
pub use server::{Server, data_directory, run_to_end};
pub use small_disk::SmallDisk;
pub use subscription::{Block, Frame, Subscription};

use std::time::{Duration, Instant};

/// How long anything may take before the test fails. Generous, since the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
