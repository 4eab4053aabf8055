//! What the wire costs a worker: reading the two heads that matter, writing an event's frame, and reading
//! frames as a client does. No sockets, no log.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tailwire::event::{EventId, EventType};
use tailwire::http::parse_head;
use tailwire::sse::{Decoder, event, unchunked};

const POST: &[u8] = b"POST /events HTTP/1.1\r\n\
    Host: 127.0.0.1:3001\r\n\
    User-Agent: indexer/1.4\r\n\
    Accept: application/json\r\n\
    Content-Type: application/json\r\n\
    Idempotency-Key: 6f1d1a2e-3b1c-4f0e-9d0a-2f5f0b6c7d8e\r\n\
    Content-Length: 412\r\n\
    \r\n";

const SUBSCRIBE: &[u8] =
    b"GET /v1/events/subscribe?streams=1,2,3&users=GDQP2KPQGKIHYJGXNUIYOMHARUARCA7DJT5 HTTP/1.1\r\n\
    Host: localhost:3001\r\n\
    Connection: keep-alive\r\n\
    sec-ch-ua-platform: \"Linux\"\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 \
    Safari/537.36\r\n\
    Accept: text/event-stream\r\n\
    sec-ch-ua: \"Chromium\";v=\"156\", \"Not)A;Brand\";v=\"24\"\r\n\
    Cache-Control: no-cache\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: cors\r\n\
    Sec-Fetch-Dest: empty\r\n\
    Referer: http://localhost:3001/\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Last-Event-ID: 90412\r\n\
    \r\n";

const DATA: &[u8] = concat!(
    r#"{"streamId":7,"amount":"1500000000","recipient":"GDQP2KPQGKIHYJGXNUIYOMHARUARCA7DJT5FO2FFO"#,
    r#"OKY3B2WSQHG4W37","transactionHash":"3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39"#,
    r#"aa607c8889","ledger":51234567,"timestamp":1708560000}"#,
)
.as_bytes();

const FRAMES: u64 = 64;

fn heads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse_head");
    for (name, head) in [("post", POST), ("browser_subscribe", SUBSCRIBE)] {
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| parse_head(black_box(head)).unwrap().unwrap());
        });
    }
    group.finish();
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames");
    let mut out = Vec::with_capacity(1024);
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            out.clear();
            event(&mut out, EventId(black_box(90_412)), EventType::Withdrawn, black_box(DATA)).unwrap()
        });
    });

    let mut stream = Vec::new();
    for id in 0..FRAMES {
        let mut frame = Vec::new();
        event(&mut frame, EventId(90_412 + id), EventType::Withdrawn, DATA).unwrap();
        stream.extend_from_slice(unchunked(&frame));
    }
    group.throughput(Throughput::Elements(FRAMES));
    group.bench_function("decode", |bencher| {
        let mut events = Vec::with_capacity(FRAMES as usize);
        bencher.iter(|| {
            events.clear();
            Decoder::new(64 * 1024).feed(black_box(&stream), &mut events).unwrap();
            assert_eq!(events.len() as u64, FRAMES);
        });
    });
    group.finish();
}

criterion_group!(wire, heads, frames);
criterion_main!(wire);
