//! Tests of the baseline's own HTTP. That it delivers is tested with the accounting it serves.

mod requests;
