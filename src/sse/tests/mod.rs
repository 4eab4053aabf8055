//! Tests of the event stream's bytes, through the module's public face.

mod checking;
mod control_frames;
mod decoding;
mod decoding_splits;
mod event_frames;
