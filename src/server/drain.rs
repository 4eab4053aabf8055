//! The orderly end of a worker: acks finished, everything visible delivered, `reconnect` frames with spread retries,
//! connections shut down rather than reset.

use std::time::Duration;

use crate::hub::Control;
use crate::server::sweep;
use crate::server::worker::Worker;
use crate::sse::Reason;

const STEP: Duration = Duration::from_millis(10);
/// Clients of a drained server come back within this time, each at another moment.
const RETRY_MS_MIN: u64 = 1000;
const RETRY_MS_SPREAD: u64 = 4000;

/// A replay that is still running after this share of the time is cut off at a frame's border: it resumes.
const PATIENCE_SHARE: u32 = 4;

/// Runs after the last tick, within `drain_timeout_ms`.
pub(crate) async fn drain(worker: &Worker) {
    let heartbeat_ms = worker.shared.settings.heartbeat_ms as u32;
    let timeout_ms = worker.shared.settings.drain_timeout_ms as u32;
    let begun_ms = worker.now_ms();
    // The kernel refuses further connections, which a browser takes for a reason to try again.
    let _listening_ends = rustix::net::shutdown(&worker.listener, rustix::net::Shutdown::Both);
    loop {
        let passed_ms = worker.now_ms().wrapping_sub(begun_ms);
        worker.sweep_deadlines(0, usize::MAX);
        worker.end_expired();
        sweep::tick(worker, heartbeat_ms);
        let acked = worker.waiting.is_empty();
        if acked {
            // The writer thread ends when every worker has let go of it.
            worker.publisher.borrow_mut().take();
        }
        let delivered = acked && worker.hub.borrow().is_idle(worker.shared.reader.visible());
        if delivered || passed_ms >= timeout_ms / PATIENCE_SHARE {
            end_all(worker);
        }
        let gone = worker.hub.borrow().is_empty() && worker.connections.borrow().is_empty();
        if acked && gone && worker.lingering.borrow().is_empty() {
            return;
        }
        if passed_ms >= timeout_ms {
            break;
        }
        monoio::time::sleep(STEP).await;
    }
    let left = worker.hub.borrow().len() + worker.connections.borrow().len();
    tracing::warn!(
        worker = worker.index,
        connections = left,
        "the time to drain is over; the rest is cut off"
    );
    worker.publisher.borrow_mut().take();
}

/// Tells every subscriber to come back; one that was told is not told again.
fn end_all(worker: &Worker) {
    let mut hub = worker.hub.borrow_mut();
    for id in hub.ids() {
        let retry_ms = (RETRY_MS_MIN + worker.random() % RETRY_MS_SPREAD) as u32;
        hub.end(id, Control::Reconnect { retry_ms, reason: Reason::Shutdown });
    }
    worker.bell.ring();
}
