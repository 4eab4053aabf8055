//! Publishers that go on until they are told to stop, and know exactly what they were told of each event; and
//! what the log says of it afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use simd_json::prelude::*;

use super::client::{Answer, Client, get, request};

/// How long a publisher rests after an event: the load is one that a test can count. After a refusal it is longer.
const REST: Duration = Duration::from_millis(1);
const REST_REFUSED: Duration = Duration::from_millis(5);

/// Amounts by event id: which event is which; empty for an event that has none.
pub type Amounts = BTreeMap<u64, String>;

#[derive(Default)]
struct Told {
    stop: AtomicBool,
    refused: AtomicUsize,
    stored: Mutex<Amounts>,
}

pub struct Publishers {
    told: Arc<Told>,
    threads: Vec<JoinHandle<()>>,
}

impl Publishers {
    /// Starts `count` publishers whose events have `pad` bytes beside what they need.
    pub fn start(address: SocketAddr, count: usize, pad: usize) -> Self {
        let told = Arc::<Told>::default();
        let publisher = |number: usize| {
            let told = Arc::clone(&told);
            std::thread::spawn(move || told.publish(address, number, pad))
        };
        let threads = (0..count).map(publisher).collect();
        Self { told, threads }
    }

    /// How many events are stored, for all that their publishers know.
    pub fn stored(&self) -> usize {
        self.told.stored.lock().unwrap().len()
    }

    /// The last event that is stored, for all that its publisher knows.
    pub fn last(&self) -> u64 {
        self.told.stored.lock().unwrap().last_key_value().map_or(0, |(id, _)| *id)
    }

    /// How many were refused for the moment.
    pub fn refused(&self) -> usize {
        self.told.refused.load(Ordering::Relaxed)
    }

    /// Ends them; the events that are stored.
    pub fn stop(self) -> Amounts {
        self.told.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        std::mem::take(&mut *self.told.stored.lock().unwrap())
    }
}

impl Told {
    fn publish(&self, address: SocketAddr, publisher: usize, pad: usize) {
        let mut client = Client::connect(address);
        let memo = "x".repeat(pad);
        for number in 0.. {
            let amount = (publisher * 10_000_000 + number).to_string();
            let data = format!("{{\"streamId\":{publisher},\"amount\":\"{amount}\",\"memo\":\"{memo}\"}}");
            let body = format!("{{\"type\":\"stream.topped_up\",\"data\":{data}}}");
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            client.send(request("POST", "/events", &[("Content-Type", "application/json")], body.as_bytes()));
            let answer = client.answer();
            match answer.status {
                201 => {
                    let id = answer.json()["eventId"].as_str().unwrap().parse().unwrap();
                    let before = self.stored.lock().unwrap().insert(id, amount);
                    assert_eq!(before, None, "{id} was given twice");
                    std::thread::park_timeout(REST);
                }
                503 => {
                    assert_refusal(&answer);
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    std::thread::park_timeout(REST_REFUSED);
                }
                _ => panic!("{answer:?}"),
            }
        }
    }
}

/// A refusal for the moment says when to try again, and why in a sentence without a path.
pub fn assert_refusal(answer: &Answer) {
    assert_eq!(answer.error(), "unavailable", "{answer:?}");
    let seconds: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0, "{answer:?}");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("retry later") && !message.contains('/'), "{message}");
}

/// All events that are kept, read page by page; their ids are dense.
pub fn history(address: SocketAddr) -> Amounts {
    let mut amounts = Amounts::new();
    let stats = get(address, "/events/stats").json();
    let earliest: u64 = stats["earliestEventId"].as_str().unwrap().parse().unwrap();
    let mut after = (earliest - 1).to_string();
    loop {
        let page = get(address, &format!("/events?all=true&limit=1000&after={after}")).json();
        for event in page["events"].as_array().unwrap() {
            let id: u64 = event["id"].as_str().unwrap().parse().unwrap();
            assert!(amounts.last_key_value().is_none_or(|(last, _)| last + 1 == id), "a hole before {id}");
            let amount = event["data"].get("amount").and_then(|amount| amount.as_str());
            amounts.insert(id, amount.unwrap_or_default().to_owned());
        }
        after = page["lastEventId"].as_str().unwrap().to_owned();
        if !page["hasMore"].as_bool().unwrap() {
            return amounts;
        }
    }
}
