//! Tests of the composition root's parts that do something themselves.

mod keys;
mod upkeep;
