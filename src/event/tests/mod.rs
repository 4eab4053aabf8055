//! Tests of the event module, through its public face.

mod action;
mod addresses;
mod batch;
mod canonical;
mod fields;
mod forms;
mod hostile;
mod identity;
mod ids;
mod json;
mod new_stream;
mod properties;
mod support;
