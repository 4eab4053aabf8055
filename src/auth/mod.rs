//! Who may ask for what. So far: the rule for origins (CORS) and the rule against DNS rebinding.
//!
//! The export list. No input or output; it judges values.

mod origin;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use origin::{OriginPolicy, OriginVerdict};
