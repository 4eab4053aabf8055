//! Tests of the log through its public face, over a real directory or over the simulated disk.

mod accepted;
mod append;
mod crash;
mod damage;
mod golden;
mod poison;
mod positions;
mod refusals;
mod scan_parts;
mod side_file;
pub(crate) mod sim_disk;
mod support;
