//! Tests of the harness itself: a judge that never convicts proves nothing.

mod decoder;
mod oracle;
mod prediction;
