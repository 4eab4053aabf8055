//! Tests of the client: pure functions of bytes, so nothing here opens a socket.

mod address;
mod decoder_faults;
mod decoder_splits;
mod response;
mod rival_streams;
mod source;
mod usage;
