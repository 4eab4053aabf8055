//! Tests of the log through its public face, over a real directory or over the simulated disk.

mod accepted;
mod ages;
mod append;
mod crash;
mod damage;
mod flips;
mod floor;
mod golden;
mod poison;
mod positions;
mod refusals;
mod scrubbing;
mod sim_disk;
mod support;
mod surveys;
