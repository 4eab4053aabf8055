//! Long bodies, which are received in place: one behind the other on a connection, whole or in chunks, in one piece or
//! with a pause near the end. Each is taken to its last byte, and none takes a byte of the next.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{Client, Server, data_directory, request, topped_up};

const LINES: (&str, &str) = ("Content-Type", "application/x-ndjson");

/// Lines of about 80 bytes; the amounts go on from `first`.
fn lines(first: usize, count: usize) -> Vec<u8> {
    (first..first + count)
        .flat_map(|amount| (topped_up("1", &amount.to_string()) + "\n").into_bytes())
        .collect()
}

fn in_chunks(body: &[u8], bytes: usize) -> Vec<u8> {
    let head = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut request = head.as_bytes().to_vec();
    for chunk in body.chunks(bytes) {
        request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

#[test]
fn each_is_taken_whole_and_nothing_of_the_next() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut client = Client::connect(server.address);
    let mut expected = 0;
    for pause_before_end in [0, 1, 5000] {
        let mut bytes = Vec::new();
        let counts = [900, 3, 4000, 1, 4000];
        for (at, count) in counts.into_iter().enumerate() {
            let body = lines(1, count);
            bytes.extend(match at {
                1 | 2 => in_chunks(&body, 20_000),
                4 => in_chunks(&body, 70_000),
                _ => request("POST", "/events", &[LINES], &body),
            });
        }
        // The rest of the first body comes in one piece with all that follows.
        let first = request("POST", "/events", &[LINES], &lines(1, counts[0])).len();
        let rest = bytes.split_off(first - pause_before_end);
        client.send(bytes);
        client.send(rest);
        for count in counts {
            let answer = client.answer();
            assert_eq!(answer.status, 201, "{answer:?}");
            let text = answer.text();
            let ids: Vec<usize> = text
                .split("\"eventId\":\"")
                .skip(1)
                .map(|rest| rest.split_once('"').unwrap().0.parse().unwrap())
                .collect();
            assert_eq!(ids, (expected + 1..=expected + count).collect::<Vec<_>>());
            expected += count;
        }
    }
    let history = support::get(server.address, "/events?all=true&after=0&limit=1");
    assert!(history.json()["events"].as_array().is_some_and(|events| events.len() == 1), "{history:?}");
}
