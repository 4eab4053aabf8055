//! The process's limits, looked at and raised before any file is made.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Subscribers when the operator names no number and the limits allow it.
const MAX_CONNECTIONS_DEFAULT: usize = 10_000;
/// Descriptors for everything but subscribers: publishers and refusals, segments; and those of each worker.
const FILES_RESERVE: u64 = 224;
const FILES_PER_WORKER: u64 = 16;
/// Subscribers below which serving makes no sense.
const MAX_CONNECTIONS_MIN: u64 = 16;

/// A limit of the process that is too low.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error(
        "the process may open {limit} files, but --max-connections {asked} needs {needed}: raise the hard limit \
         (`ulimit -Hn {needed}`, or LimitNOFILE={needed} in the systemd unit), or ask for at most {possible}"
    )]
    Asked { limit: u64, asked: usize, needed: u64, possible: u64 },
    #[error(
        "the process may open {limit} files; Tailwire needs at least {needed}: raise the hard limit \
         (`ulimit -Hn 20000`, or LimitNOFILE=20000 in the systemd unit)"
    )]
    TooLow { limit: u64, needed: u64 },
}

/// Raises the soft file limit to the hard one and says how many subscribers there may be.
pub(in crate::app) fn max_connections(asked: Option<usize>, workers: usize) -> Result<usize, LimitError> {
    let limit = raise_files();
    let reserve = FILES_RESERVE + FILES_PER_WORKER * workers as u64;
    let possible = limit.saturating_sub(reserve);
    if possible < MAX_CONNECTIONS_MIN {
        return Err(LimitError::TooLow { limit, needed: reserve + MAX_CONNECTIONS_MIN });
    }
    match asked {
        Some(asked) if asked as u64 > possible => {
            Err(LimitError::Asked { limit, asked, needed: asked as u64 + reserve, possible })
        }
        Some(asked) => Ok(asked),
        None => Ok(MAX_CONNECTIONS_DEFAULT.min(possible as usize)),
    }
}

fn raise_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX >> 1);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(hard), maximum: limit.maximum });
    if raised.is_ok() { hard } else { limit.current.unwrap_or(hard) }
}
