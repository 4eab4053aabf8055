//! Tests of what the server does without sockets.

mod addresses;
mod client_address;
mod coalesce;
mod pager;
mod quota;
mod stride;
