//! Tests of what the server does without sockets.

mod accept;
mod addresses;
mod client_address;
mod coalesce;
mod expiry;
mod lines;
mod pager;
mod quota;
mod stride;
