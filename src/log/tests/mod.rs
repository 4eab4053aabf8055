//! Tests of the log through its public face, over a real directory or over the simulated disk.

mod accepted;
mod append;
mod crash;
mod damage;
mod find_model;
mod golden;
mod poison;
mod positions;
mod postings;
mod refusals;
mod searching;
mod sidecar_crash;
mod sidecar_race;
mod sidecars;
mod sim_disk;
mod support;
