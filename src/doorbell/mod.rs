//! Wakes a worker thread from another thread.
//!
//! The export list. The bell carries no message: who is woken looks at the commit point and at its answer queue
//! itself.

mod bell;
mod eventfd;

pub use bell::Doorbell;
pub use eventfd::Eventfd;
