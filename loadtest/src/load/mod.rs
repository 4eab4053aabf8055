//! The parts every workload is built of: events that can be told apart, publishers, subscribers, and the
//! accounting of what each was owed and got. The export list.

mod account;
mod attack;
mod attackers;
mod event;
mod gather;
mod herd;
mod herd_process;
mod known;
mod latency;
mod ledger;
mod member;
mod publisher;
mod seq_set;
mod share;
mod sink;
mod slow_reader;
mod subject;
#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub(crate) use account::Tally;
pub(crate) use attack::{Attack, Fate};
pub(crate) use attackers::{AttackError, Siege, attack};
pub(crate) use event::{Filter, Run};
pub(crate) use gather::{Expected, GatherError, drain, gather, gather_while};
pub(crate) use herd::{Herd, HerdError};
pub(crate) use herd_process::{HelperError, Helpers, Shares};
pub(crate) use latency::Latency;
pub(crate) use ledger::EVENTS_MAX;
pub(crate) use member::Joining;
pub(crate) use publisher::{Order, Pace, PublishError, Receipt, publish};
pub(crate) use sink::{Discarded, discard};
pub(crate) use slow_reader::{SlowError, SlowReader, SlowReport};
pub(crate) use subject::{Cost, Subject, SubjectError};
