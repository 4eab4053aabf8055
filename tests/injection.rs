//! Nothing that a publisher writes can forge anything: from every place of every form of publishing, a reader that
//! keeps to WHATWG's algorithm sees one event with the fields that were sent, or the publisher is refused and nobody
//! sees anything.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "injection/payloads.rs"]
mod payloads;
#[path = "injection/places.rs"]
mod places;
mod support;

use std::net::SocketAddr;

use payloads::PAYLOADS;
use places::{PLACES, Place};
use serde_json::Value;
use support::{Answer, Client, EventSource, Server, data_directory, request};

const LIVE: &str = "/events/subscribe?all=true";
const REPLAY: &str = "/events/subscribe?all=true&from=earliest";

/// Subscribers of several kinds, and what all of them are to have seen.
struct Witnesses {
    address: SocketAddr,
    live: Vec<EventSource>,
    seen: Vec<Value>,
}

impl Witnesses {
    fn new(address: SocketAddr) -> Self {
        let live = ["HTTP/1.1", "HTTP/1.0"].map(|version| EventSource::open(address, LIVE, version));
        let mut witnesses = Self { address, live: live.into(), seen: Vec::new() };
        for witness in &mut witnesses.live {
            assert_eq!(witness.next().event, "message", "the greeting");
        }
        witnesses
    }

    /// Each sees an event with this data next.
    fn expect(&mut self, shown: Value) {
        self.seen.push(shown);
        let number = self.seen.len();
        for witness in &mut self.live {
            assert_sees(witness, number, self.seen.last().unwrap());
        }
    }

    /// Nobody has seen more, and one who reads it all later sees the same.
    fn finish(mut self) {
        support::publish(self.address, &support::topped_up("1", "1"));
        self.expect(serde_json::json!({"streamId": 1, "amount": "1"}));
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let mut late = EventSource::open(self.address, REPLAY, version);
            late.next();
            for (index, shown) in self.seen.iter().enumerate() {
                assert_sees(&mut late, index + 1, shown);
            }
            self.live.push(late);
        }
        for witness in &self.live {
            assert_eq!((witness.retries(), witness.meaningless()), (1, &[][..]), "a forged field");
        }
    }
}

fn assert_sees(witness: &mut EventSource, number: usize, shown: &Value) {
    let message = witness.next();
    assert_eq!(message.last_event_id, number.to_string(), "{message:?} for {shown}");
    assert!(message.event.starts_with("stream."), "{message:?} for {shown}");
    assert_eq!(serde_json::from_str::<Value>(&message.data).unwrap(), *shown, "{message:?}");
    assert!(!message.data.contains('\n'), "{message:?}");
}

/// The fields that an answer may have. None of them repeats what a request said, but for an origin that is allowed.
const FIELDS: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "etag",
    "location",
    "referrer-policy",
    "retry-after",
    "transfer-encoding",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
];

fn assert_clean(answer: &Answer) {
    for (name, value) in &answer.fields {
        assert!(FIELDS.contains(&name.as_str()), "{name} in {answer:?}");
        assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name} in {answer:?}");
        assert!(!value.to_ascii_lowercase().contains("forged"), "{name} in {answer:?}");
    }
    if let Some(location) = answer.field("location") {
        let after =
            location.strip_prefix("/events?all=true&after=").and_then(|rest| rest.strip_suffix("&limit=1"));
        assert!(after.is_some_and(|id| id.parse::<u64>().is_ok()), "{location}");
    }
    let json = answer.field("content-type") == Some("application/json");
    assert!(!json || answer.body.iter().all(|&byte| byte >= b' '), "a bare control in {answer:?}");
    if answer.status >= 400 {
        answer.error();
    }
}

fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(address);
    client.send_what_goes(bytes);
    let answer = client.answer();
    assert_clean(&answer);
    answer
}

/// `text` with a payload's bytes, of a character each, in its place.
fn filled(text: &str, number: usize, payload: &str) -> Vec<u8> {
    let payload: Vec<u8> = payload.chars().map(|byte| u8::try_from(u32::from(byte)).unwrap()).collect();
    let text = text.replace('N', &number.to_string());
    let pieces: Vec<&[u8]> = text.split('§').map(str::as_bytes).collect();
    pieces.join(payload.as_slice())
}

#[test]
fn from_every_place_every_payload_is_one_event_or_none() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--heartbeat-ms", "1000"]);
    let mut witnesses = Witnesses::new(server.address);
    let (mut number, mut taken) = (0, 0);
    for place in PLACES {
        for (payload, text) in PAYLOADS {
            number += 1;
            let body = filled(place.body, number, payload);
            let fields = [("Content-Type", place.content_type)];
            let answer = send(server.address, &request("POST", place.target, &fields, &body));
            let shown = text.filter(|text| (place.admits)(text)).and_then(|text| shown(place, number, text));
            let expected = if shown.is_some() { 201 } else { 400 };
            assert_eq!(answer.status, expected, "{} with {payload:?}: {answer:?}", place.name);
            if let Some(shown) = shown {
                taken += 1;
                witnesses.expect(shown);
            }
        }
    }
    assert!(taken >= 300 && number - taken >= 1000, "{taken} of {number}");
    witnesses.finish();
    assert!(server.terminate().success());
}

fn shown(place: &Place, number: usize, text: &str) -> Option<Value> {
    let quoted = serde_json::to_string(text).unwrap();
    let inner = &quoted[1..quoted.len() - 1];
    let shown = place.shown?.replace('N', &number.to_string()).replace('§', inner);
    Some(serde_json::from_str(&shown).unwrap())
}

/// Members of an event's data behind the first two, and whether they are taken.
fn members() -> Vec<(String, bool)> {
    let nested = |levels: usize| format!(r#""x":{}1{}"#, "[".repeat(levels), "]".repeat(levels));
    let digits = "9".repeat(400);
    let taken = |text: &str| (text.to_owned(), true);
    let refused = |text: &str| (text.to_owned(), false);
    vec![
        refused(r#""a":1,"a":1"#),
        refused(r#""a":1,"\u0061":2"#),
        refused(r#""\u0061":1,"a":2"#),
        refused(r#""x":{"a":1,"a":2}"#),
        refused(r#""x":[{"a":1,"b":2,"\u0061":3}]"#),
        refused(r#""streamId":"other""#),
        refused(r#""\u0073treamId":"other""#),
        refused(r#""amount":"2""#),
        refused(r#""\u0061mount":"2""#),
        taken(r#""A":1,"a":2"#),
        taken(r#""\u0061\u0301":1,"\u00e1":2"#),
        taken(&nested(15)),
        refused(&nested(16)),
        refused(&nested(17)),
        refused(&nested(100_000)),
        refused(&r#""x":{"#.repeat(100_000)),
        taken(r#""x":9223372036854775807,"y":-9223372036854775808,"z":18446744073709551615"#),
        refused(r#""x":18446744073709551616"#),
        refused(r#""x":-9223372036854775809"#),
        refused(&format!(r#""x":{digits}"#)),
        refused(&format!(r#""x":-{digits}"#)),
        refused(r#""x":170141183460469231731687303715884105727"#),
        refused(r#""x":1e999"#),
        refused(r#""x":-1e999"#),
        refused(&format!(r#""x":{digits}e0"#)),
        taken(r#""x":1e308"#),
        taken(r#""x":1e-999"#),
        refused(r#""x":01"#),
        refused(r#""x":+1"#),
        refused(r#""x":.5"#),
        refused(r#""x":0x10"#),
        refused(r#""x":NaN"#),
        refused(r#""x":Infinity"#),
        refused(r#""x":1,"#),
        refused(r#""x":'y'"#),
        refused(r#""x":1/*"y":2*/"#),
        taken(&format!(r#""x":"{digits}""#)),
        taken(r#""newBalance":"170141183460469231731687303715884105727""#),
        refused(r#""newBalance":"170141183460469231731687303715884105728""#),
        refused(r#""newBalance":"-1""#),
        refused(r#""newBalance":1e3"#),
        refused(&format!(r#""newBalance":"{digits}""#)),
    ]
}

/// Bodies that readers of JSON take differently.
#[test]
fn names_twice_nesting_and_numbers() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut witnesses = Witnesses::new(server.address);
    for (members, taken) in &members() {
        let data = format!(r#"{{"streamId":"s","amount":"1",{members}}}"#);
        let envelope = format!(r#"{{"type":"stream.topped_up","data":{data}}}"#);
        let flat = format!(r#"{{"eventType":"TOPPED_UP",{}"#, &data[1..]);
        for (body, kind) in [
            (envelope.clone(), "application/json"),
            (format!("[{envelope}]"), "application/json"),
            (envelope, "application/x-ndjson"),
            (flat, "application/json"),
        ] {
            let bytes = request("POST", "/events", &[("Content-Type", kind)], body.as_bytes());
            let answer = send(server.address, &bytes);
            let short = &members[..members.len().min(80)];
            assert_eq!(answer.status, if *taken { 201 } else { 400 }, "{short} as {kind}: {answer:?}");
            if *taken {
                witnesses.expect(serde_json::from_str(&data).unwrap());
            }
        }
    }
    witnesses.finish();
}

/// Each byte, bare and encoded, in each part of a request that an answer or an event could repeat.
#[test]
fn from_a_path_a_query_or_a_field_no_byte_gets_into_a_head() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut witnesses = Witnesses::new(server.address);
    let heads: [&[u8]; 7] = [
        b"POST /streams/s\xA7forged/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET /events?all=true&after=\xA7forged&limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xA7forged HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /events?all=true HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:80\xA7forged\r\n\r\n",
        b"OPTIONS /events HTTP/1.1\r\nHost: localhost\r\nOrigin: http://forged\xA7.localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\xA7forged\r\n\r\n",
        b"POST /streams/s/cancel HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \xA7 \xA7forged\r\n\
         Content-Length: 0\r\n\r\n",
    ];
    for head in heads {
        for byte in 0..=255_u8 {
            let encoded = format!("%{byte:02x}").into_bytes();
            for written in [vec![byte], encoded] {
                let pieces: Vec<&[u8]> = head.split(|&part| part == 0xA7).collect();
                let answer = send(server.address, &pieces.join(written.as_slice()));
                if answer.status == 201 {
                    let name = answer.json();
                    let name = support::text(&name["id"]);
                    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte)));
                    witnesses.expect(serde_json::json!({ "streamId": name }));
                }
            }
        }
    }
    witnesses.finish();
}

/// A position is text that the greeting's `gap` repeats to the one who sent it.
#[test]
fn a_position_is_repeated_as_text() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let texts: Vec<&str> = PAYLOADS.iter().filter_map(|(_, text)| *text).collect();
    for text in texts {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let target = format!("/events/subscribe?all=true&lastEventId=x{encoded}");
        let mut source = EventSource::open(server.address, &target, "HTTP/1.1");
        let (greeting, gap) = (source.next(), source.next());
        assert_eq!((greeting.event.as_str(), greeting.last_event_id.as_str()), ("message", ""));
        assert_eq!((gap.event.as_str(), gap.last_event_id.as_str()), ("gap", "0"), "{text:?}");
        let data: Value = serde_json::from_str(&gap.data).unwrap();
        assert_eq!(data["requested"], format!("x{text}"));
        assert!(!gap.data.contains(|letter: char| letter.is_ascii_control()), "{gap:?}");
        assert_eq!((source.retries(), source.meaningless()), (1, &[][..]));
    }
}
