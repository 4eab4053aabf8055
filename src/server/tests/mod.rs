//! Tests of what the server does without sockets.

mod accept;
mod coalesce;
mod lines;
mod pager;
mod stride;
