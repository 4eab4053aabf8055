//! HTTP/1.1 by hand over `httparse`: bytes in, values out, values in, bytes out. No input or output, no
//! clock.
//!
//! The export list. Which paths exist and what they do is `server`'s; this module knows RFC 9110, RFC 9112,
//! RFC 3986 and the shape of the error body.

mod body;
mod error;
mod forwarded;
mod length;
mod list;
mod percent;
mod proxy_head;
mod query;
mod request;
mod response;
mod scan;
mod target;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use body::{BodyDecoder, BodyLength, BodyProgress};
pub use error::RequestError;
pub use forwarded::{FORWARDED, Hop, X_FORWARDED_FOR, forwarded, x_forwarded_for};
pub use proxy_head::{NoProxyHead, Proxied, parse_proxy_head};
pub use query::{QueryError, pairs};
pub use request::{Head, HeadReader, Version, parse_head};
pub use response::{CONTINUE, Detail, Reply, stream_head};
