//! Tests of the hub over a real log in a temporary directory and sockets that take what they like.

mod control_frames;
mod filters;
mod holes;
mod model;
mod pressed;
mod support;
mod waiting;
