//! Tests of the hub over a real log in a temporary directory and sockets that take what they like.

mod control_frames;
mod filters;
mod giving_back;
mod holes;
mod model;
mod shared_filters;
mod pressed;
mod support;
mod table;
mod waiting;
