//! Events to publish, as short as the contract allows.

use std::net::SocketAddr;

use super::client::{Answer, Json, get, post, post_with};
use super::subscription::Block;

/// The body of the quick start, byte for byte.
pub const PLACEHOLDER: &str = concat!(
    r#"{"sender":"GABC...","recipient":"GDEF...","tokenAddress":"CUSDC...","ratePerSecond":"1000000","#,
    r#""depositedAmount":"86400000000","startTime":1708560000}"#
);

/// A `stream.created` for `POST /events`.
pub fn created(stream: &str, sender: &str, recipient: &str) -> String {
    format!(
        "{{\"type\":\"stream.created\",\"data\":{{\"streamId\":{stream},\"sender\":\"{sender}\",\
         \"recipient\":\"{recipient}\",\"tokenAddress\":\"CUSDC\",\"ratePerSecond\":\"1\",\
         \"depositedAmount\":\"100\",\"startTime\":1708560000}}}}"
    )
}

/// A `stream.topped_up` for `POST /events`.
pub fn topped_up(stream: &str, amount: &str) -> String {
    format!("{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":{stream},\"amount\":\"{amount}\"}}}}")
}

/// Publishes one event that must be taken, and gives its id.
pub fn publish(address: SocketAddr, event: &str) -> String {
    let answer = post(address, "/events", event);
    assert_eq!(answer.status, 201, "{event} was answered {answer:?}");
    match &answer.json()["eventId"] {
        Json::String(id) => id.clone(),
        other => panic!("the event id is {other:?}"),
    }
}

/// Publishes a batch as NDJSON.
pub fn publish_lines(address: SocketAddr, events: &[String]) -> Answer {
    let body = events.join("\n") + "\n";
    post_with(address, "/events", &[("Content-Type", "application/x-ndjson")], &body)
}

/// A block's data.
pub fn data_of(block: &Block) -> Json {
    let mut bytes = block.data.clone().into_bytes();
    simd_json::to_owned_value(&mut bytes).unwrap_or_else(|error| panic!("{error}: {}", block.raw))
}

pub fn type_of(block: &Block) -> &str {
    block.event.as_deref().unwrap_or("")
}

/// An event as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: u64,
    pub kind: String,
    pub data: String,
}

/// Every event of the log, by as many pages as it takes.
pub fn everything(address: SocketAddr) -> Vec<Stored> {
    let mut events: Vec<Stored> = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let answer = get(address, &format!("/events?all=true&limit=1000&after={after}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let Json::Array(found) = &page["events"] else { panic!("no events in {page:?}") };
        events.extend(found.iter().map(|event| Stored {
            id: text(&event["id"]).parse().unwrap(),
            kind: text(&event["type"]),
            data: simd_json::to_string(&event["data"]).unwrap(),
        }));
        if page["hasMore"] != true {
            return events;
        }
        after = text(&page["lastEventId"]);
    }
}

pub fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}
