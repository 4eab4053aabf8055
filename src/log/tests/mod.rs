//! Tests of the log through its public face, over a real directory or over the simulated disk.

mod accepted;
mod ages;
mod append;
mod crash;
mod crash_case;
mod crash_found;
mod crash_model;
pub(crate) mod crash_run;
pub(crate) mod crash_shrink;
mod crash_small;
pub(crate) mod crash_sweep;
mod damage;
mod flips;
mod floor;
mod golden;
mod poison;
mod positions;
mod refusals;
mod scrubbing;
pub(crate) mod sim_disk;
pub(crate) mod sim_faults;
mod sim_inode;
mod support;
mod surveys;
