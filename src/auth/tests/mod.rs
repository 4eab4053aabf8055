//! Tests of who may ask for what, through the module's public face.

mod attacks;
mod claims;
mod credentials;
mod key_choice;
mod keys;
mod minting;
mod origins;
mod redaction;
mod rights;
mod signatures;
mod support;
mod tickets;
