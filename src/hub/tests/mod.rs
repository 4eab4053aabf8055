//! Tests of the hub over a real log in a temporary directory and sockets that take what they like.

mod control_frames;
mod filters;
mod giving_back;
mod holes;
mod model;
mod pressed;
mod shared_filters;
mod support;
mod table;
mod waiting;
