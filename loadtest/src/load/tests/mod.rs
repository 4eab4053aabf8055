//! Tests of the accounting and of what feeds it. A scripted server plays the faults that a real one must
//! never show; the send loop plays the server that shows none.

mod account;
mod bodies;
mod event;
mod gathering;
mod herd;
mod known;
mod leaving;
mod ledger;
mod publisher;
mod script;
mod seq_set;
mod share;
mod slow_reader;
mod stall;
