//! Requests of an enemy. `well_framed` ones keep the connection usable, so that more of them fit into it;
//! `broken` ones may be anything.

use crate::support::{PLACEHOLDER, Random, created, request, topped_up};

pub(crate) struct Generator {
    pub(crate) random: Random,
    number: u64,
}

const TARGETS: &[&str] = &[
    "/health",
    "/ready",
    "/metrics",
    "/events?all=true&limit=3",
    "/events?users=GA&after=2&order=desc",
    "/events/stats",
    "/nothing",
    "/v1/events?streams=1,2,3",
    "/events?all=true&after=18446744073709551615",
    "/events?streams=%ff%00&users=%0d%0aX:%20y",
    "/events?all=true&limit=-1&limit=99999999999999999999",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/events/subscribe",
    "/streams/\u{fc}/top-up",
];
const NUMBERS: &[&str] =
    &["0", "-1", "18446744073709551616", "1e308", "1e999", "0.1", "-0", "00", "NaN", "\"\\u0000\""];
const SPLICES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"ffffffffffffffff\r\n",
    b"0\r\n\r\n",
    b"HTTP/1.0",
    b"HTTP/9.9",
    b"{\"a\":",
    b"\"\\ud800\"",
    b"%00",
    b"/../",
];

impl Generator {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, number: 0 }
    }

    /// A request whose frame is whole, whatever its content is worth.
    pub(crate) fn well_framed(&mut self) -> Vec<u8> {
        if self.random.chance(40) {
            let target = self.random.pick(TARGETS);
            let target: String = target.chars().filter(char::is_ascii).collect();
            return request(self.random.pick(&["GET", "HEAD", "OPTIONS", "DELETE"]), &target, &[], b"");
        }
        let mut body = self.body().into_bytes();
        // A few stay valid, so that there is something in the log.
        if self.random.chance(85) {
            self.mutate(&mut body);
        }
        let kind = self.random.pick(&["application/json", "application/x-ndjson", "text/plain"]);
        let target =
            self.random.pick(&["/events", "/events", "/streams", "/streams/1/top-up", "/streams/x/cancel"]);
        request("POST", target, &[("Content-Type", kind)], &body)
    }

    /// Anything: a whole request with changed bytes, a piece of one, or noise.
    pub(crate) fn broken(&mut self) -> Vec<u8> {
        match self.random.below(10) {
            0 => self.noise(),
            1 => self.oversized(),
            2 => {
                let mut bytes = self.well_framed();
                bytes.truncate(self.random.below(bytes.len()));
                bytes
            }
            3 => self.subscription(),
            4 => self.chunked(),
            _ => {
                let mut bytes = self.well_framed();
                self.mutate(&mut bytes);
                bytes
            }
        }
    }

    fn body(&mut self) -> String {
        self.number += 1;
        let stream = (self.number % 50).to_string();
        match self.random.below(8) {
            0 => PLACEHOLDER.to_owned(),
            1 => created(&stream, "GA", "GB"),
            2 => format!("[{},{}]", topped_up(&stream, "1"), topped_up("\"x\"", "2")),
            3 => format!("{}\n{}\n", topped_up(&stream, "1"), topped_up(&stream, "2")),
            4 => topped_up(self.random.pick(NUMBERS), "1"),
            5 => topped_up("1", "1").replace("\"1\"", self.random.pick(NUMBERS)),
            6 => {
                let open = self.random.pick(&["[", "{\"a\":", "[{\"a\":", "\""]);
                open.repeat(1 + self.random.below(3000))
            }
            _ => "{\"eventType\":\"PAUSED\",\"streamId\":1,\"dedupeKey\":\"k\",\"position\":-1}".to_owned(),
        }
    }

    /// Changes one to four places.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.random.below(4) {
            let at = self.random.below(bytes.len() + 1);
            let byte = (self.random.next() & 0xff) as u8;
            match self.random.below(6) {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => bytes[at] ^= 1 << (byte % 8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at, byte),
                4 => {
                    let splice = self.random.pick(SPLICES);
                    bytes.splice(at..at, splice.iter().copied());
                }
                _ => {
                    let end = (at + self.random.below(40)).min(bytes.len());
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
            }
        }
    }

    fn noise(&mut self) -> Vec<u8> {
        let length = self.random.below(2000);
        (0..length).map(|_| (self.random.next() & 0xff) as u8).collect()
    }

    /// Something longer than it may be.
    fn oversized(&mut self) -> Vec<u8> {
        let long = "a".repeat(1 + self.random.below(50_000));
        match self.random.below(4) {
            0 => request("GET", &format!("/{long}"), &[], b""),
            1 => request("GET", "/health", &[("X-Long", &long)], b""),
            2 => {
                let names: Vec<String> =
                    (0..self.random.below(400)).map(|number| format!("X-{number}")).collect();
                let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
                request("GET", "/health", &fields, b"")
            }
            _ => request("POST", "/events", &[("Content-Length", "4000000000")], long.as_bytes()),
        }
    }

    fn subscription(&mut self) -> Vec<u8> {
        let position = self.random.pick(&["0", "5", "-1", "99999999999999999999", "\u{fc}", "a\tb"]);
        let query = self.random.pick(&[
            "all=true",
            "streams=1,2,,3",
            "users=%00",
            "all=true&since=12",
            "users=GA&types=x",
        ]);
        let target = format!("/events/subscribe?{query}");
        let mut bytes = request("GET", &target, &[("Last-Event-ID", position)], b"");
        if self.random.chance(50) {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn chunked(&mut self) -> Vec<u8> {
        let body = self.body();
        let size = match self.random.below(4) {
            0 => "fffffffffffffffff".to_owned(),
            1 => format!("{:x}", body.len() + 1),
            2 => format!("{:x};{}", body.len(), "e".repeat(self.random.below(20_000))),
            _ => format!("{:x}", body.len()),
        };
        let text = format!("{size}\r\n{body}\r\n0\r\n\r\n");
        let fields = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")];
        request("POST", "/events", &fields, text.as_bytes())
    }
}
