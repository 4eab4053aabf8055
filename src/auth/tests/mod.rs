//! Tests of who may ask for what, through the module's public face.

mod origins;
mod signatures;
mod support;
