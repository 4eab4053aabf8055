//! How a client command ends, as scripts see it.

use std::process::ExitCode;

/// The outcome of a client command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Exit {
    Done,
    /// The same again will not work: the server refused, or the input is wrong.
    Refused,
    /// Trying again later may work (`EX_TEMPFAIL` of sysexits.h).
    TryLater,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Refused => Self::FAILURE,
            Exit::TryLater => Self::from(75),
        }
    }
}
