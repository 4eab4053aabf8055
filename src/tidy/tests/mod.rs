//! The rules hold for this repository, and each rule catches what it is for.

mod code_alone;
mod planted;
mod this_repository;
