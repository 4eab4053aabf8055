//! Tests of what the server does without sockets.

mod accept;
mod coalesce;
mod expiry;
mod lines;
mod pager;
mod stride;
