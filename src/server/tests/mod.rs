//! Tests of what the server does without sockets.

mod coalesce;
mod expiry;
mod pager;
mod stride;
