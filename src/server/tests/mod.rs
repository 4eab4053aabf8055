//! Tests of what the server does without sockets.

mod coalesce;
mod pager;
mod stride;
