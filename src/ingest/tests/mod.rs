//! Tests of the way in. One behaviour a file; `support` holds what all share, `rig` and `faulty` what the
//! tests over a real log share.

mod bounds;
mod crash;
mod crash_case;
mod crash_model;
mod crash_run;
mod durable;
mod failing;
mod faulty;
mod identity;
mod model;
mod parties;
mod places;
mod queue;
mod restart;
mod restart_cut;
mod rig;
mod rotten;
mod snapshots;
mod stored;
mod support;
mod threads;
mod waiting;
