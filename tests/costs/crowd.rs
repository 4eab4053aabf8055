//! Subscribers and one publisher who wait for one another: the next event is published when everybody has the last, so
//! that a test counts the deliveries it means.

use std::net::SocketAddr;

use crate::support::{Client, Subscription, created, request, topped_up};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const NDJSON: (&str, &str) = ("Content-Type", "application/x-ndjson");

pub struct Crowd {
    subscribers: Vec<Subscription>,
    publisher: Client,
    /// Bytes of event blocks, without chunk lines, that the subscribers got.
    pub block_bytes: u64,
    published: u64,
}

impl Crowd {
    /// Connects subscribers of everything, and reads their greetings.
    pub fn gather(address: SocketAddr, subscribers: usize) -> Self {
        Self::gather_by(address, (0..subscribers).map(|_| "/events/subscribe?all=true".to_owned()))
    }

    /// Connects a subscriber for each target.
    pub fn gather_by(address: SocketAddr, targets: impl Iterator<Item = String>) -> Self {
        let mut subscribers: Vec<_> = targets.map(|target| Subscription::open(address, &target)).collect();
        subscribers.iter_mut().for_each(|subscriber| drop(subscriber.greeting()));
        Self { subscribers, publisher: Client::connect(address), block_bytes: 0, published: 0 }
    }

    /// Publishes events of payment stream 1 in one request, and waits until everybody has them.
    pub fn batch(&mut self, events: usize) {
        self.publish(events, 1);
        for subscriber in &mut self.subscribers {
            let blocks = subscriber.events(events);
            self.block_bytes += blocks.iter().map(|block| block.raw.len() as u64).sum::<u64>();
        }
    }

    /// Publishes an event for the one subscriber of this payment stream, who waits for it.
    pub fn event_for(&mut self, subscriber: usize, stream: u64) {
        self.publish(1, stream);
        let block = self.subscribers[subscriber].event();
        self.block_bytes += block.raw.len() as u64;
    }

    /// Publishes and waits for the answer alone.
    pub fn publish(&mut self, events: usize, stream: u64) {
        let stream = stream.to_string();
        let mut lines = Vec::new();
        for _ in 0..events {
            self.published += 1;
            // Once the parties are known, an event is found to be theirs.
            let first = self.published == 1;
            lines.push(if first { created(&stream, "GA", "GB") } else { topped_up(&stream, "1000000") });
        }
        let kind = if events == 1 { JSON } else { NDJSON };
        self.publisher.send(request("POST", "/events", &[kind], lines.join("\n").as_bytes()));
        let answer = self.publisher.answer();
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}
