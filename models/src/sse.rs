//! Event frames, from the server's file.
//!
//! The export list.

#[path = "../../src/sse/frame.rs"]
mod frame;

pub(crate) use frame::{FrameLayout, FrameTooLong, Framing, event};
