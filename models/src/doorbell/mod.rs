//! The server's bell over an eventfd that is none.
//!
//! The export list.

#[path = "../../../src/doorbell/bell.rs"]
mod bell;
mod eventfd;

pub(crate) use bell::Doorbell;
pub(crate) use eventfd::Eventfd;
