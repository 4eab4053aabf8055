//! An independent client of the HTTP and SSE contract: it shares no code with the server, so that what it
//! finds wrong is found by another hand.
//!
//! The export list. Decoders are pure functions of bytes; `http` and `subscription` do blocking input and
//! output, `server` runs a server as a child process, `usage` reads what a process costs from `/proc`.

mod address;
mod chunk;
mod clock;
mod decoder;
mod dialect;
mod frame;
mod head;
mod http;
mod program;
mod response;
mod rival;
mod server;
mod sockstat;
mod source;
mod subscription;
mod system;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;
mod usage;

pub(crate) use address::LoopbackUrl;
pub(crate) use chunk::{Extent, extent};
pub(crate) use clock::now_ns;
pub(crate) use decoder::{Decoder, StreamError};
pub(crate) use dialect::Dialect;
pub(crate) use frame::Frame;
pub(crate) use http::Connection;
pub(crate) use program::Program;
pub(crate) use response::{Response, ResponseError, event_ids};
pub(crate) use rival::RivalDecoder;
pub(crate) use server::{Launch, Server, ServerError};
pub(crate) use sockstat::SocketMemory;
pub(crate) use source::{connect_from, source_address};
pub(crate) use subscription::{Subscription, SubscriptionError};
pub(crate) use system::{SystemError, allowed_cpus, pin_to_cpu, raise_file_limit};
pub(crate) use usage::{Memory, UsageError, cpu_seconds, softirq_seconds};
