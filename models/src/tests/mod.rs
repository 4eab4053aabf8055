//! The models.

mod answers;
mod doorbell;
mod poison;
mod retention;
mod rig;
mod rolling;
mod soundness;
