//! Shared by the black-box tests: a server of their own, an HTTP client and a reader of event streams.
//! Written apart from the server's code so that the two cannot share a mistake. Everything waits with a
//! deadline and reads until a delimiter, never once.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod client;
pub mod device;
mod event_source;
mod events;
pub mod process;
mod publishers;
mod random;
mod readers;
mod server;
mod small_disk;
pub mod strace;
mod subscription;
pub mod tokens;

pub use client::{Answer, Client, Json, delete, get, get_with, post, post_with, request};
pub use event_source::{EventSource, Message};
pub use events::{
    PLACEHOLDER, Stored, created, data_of, everything, publish, publish_lines, text, topped_up, type_of,
};
pub use publishers::{Amounts, Publishers, assert_refusal, history};
pub use random::Random;
pub use readers::Readers;
pub use server::{BINARY, Server, data_directory, run_to_end, serve};
pub use small_disk::SmallDisk;
pub use subscription::{Block, Frame, Subscription};

use std::io::Write as _;
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

/// What `condition` gives within a short time, in which it gives something unless it never does.
pub fn soon<T>(mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + Duration::from_millis(300);
    loop {
        match condition() {
            None if Instant::now() < deadline => std::thread::park_timeout(Duration::from_millis(5)),
            other => return other,
        }
    }
}

/// Says loudly what was not tried. Written past the test harness, which shows nothing of a test that passes.
pub fn skipped(what: &str) {
    // In one piece, on lines of its own: others write there as well.
    let line = format!("\nSKIPPED: {what}\n");
    let _unwritable = std::io::stderr().lock().write_all(line.as_bytes());
}
