//! The thread that makes postings in the background: calls `Indexer::turn` as long as more is due, and then every so
//! often. What fails there is told and tried again; it never ends the server.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::log::Indexer;

/// Longest time in which events are stored that nobody makes postings of.
const PAUSE: Duration = Duration::from_millis(200);

/// Returns soon after the sender of `stop` is gone.
pub(in crate::app) fn run(mut indexer: Indexer, stop: &Receiver<()>) {
    let mut told = String::new();
    let mut pause = Duration::ZERO;
    while stop.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        pause = match indexer.turn() {
            Ok(indexed) => {
                if let Some(base) = indexed.damaged {
                    tracing::warn!(
                        base = base.0,
                        "a sidecar (.idx) was not what was written and is made anew: look after the disk"
                    );
                }
                if let Some(base) = indexed.written {
                    told.clear();
                    tracing::debug!(base = base.0, "a sidecar is written");
                }
                if indexed.more { Duration::ZERO } else { PAUSE }
            }
            Err(error) => {
                let error = error.to_string();
                if error != told {
                    tracing::warn!(%error, "no sidecar (.idx) could be made: searches of old events take longer");
                    told = error;
                }
                PAUSE
            }
        };
    }
}
