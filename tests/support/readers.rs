//! A thread that reads from many subscribers in step: each of them must get the expected events, in order and
//! nothing between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use super::subscription::Subscription;

pub struct Readers {
    expected: Sender<u64>,
    reached: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Subscription>>,
}

impl Readers {
    /// The subscribers have taken their greeting.
    pub fn start(mut subscriptions: Vec<Subscription>) -> Self {
        let (expected, ids) = mpsc::channel::<u64>();
        let reached = Arc::<AtomicU64>::default();
        let progress = Arc::clone(&reached);
        let thread = std::thread::spawn(move || {
            for id in ids {
                let text = id.to_string();
                for subscription in &mut subscriptions {
                    assert_eq!(subscription.event().id.as_deref(), Some(text.as_str()));
                }
                progress.store(id, Ordering::Release);
            }
            subscriptions
        });
        Self { expected, reached, thread }
    }

    /// Every subscriber is to get this event next.
    pub fn expect(&self, id: u64) {
        let sent = self.expected.send(id);
        assert!(sent.is_ok(), "the readers have failed; see above");
    }

    /// The last expected event that every subscriber has got.
    pub fn reached(&self) -> u64 {
        assert!(!self.thread.is_finished(), "the readers have failed; see above");
        self.reached.load(Ordering::Acquire)
    }

    /// Waits until every subscriber has got what was expected; the subscribers.
    pub fn finish(self) -> Vec<Subscription> {
        drop(self.expected);
        self.thread.join().unwrap()
    }
}
