//! What a connection sends, as requests: read whole, byte by byte and in pieces, and by a second reader that has the
//! whole of it before it and takes the plainest way.
//!
//! Input: the bytes of a connection. Nothing is answered here; what a request asks for is not looked at.

use tailwire::http::{BodyDecoder, BodyLength, Head, HeadReader, RequestError, parse_head};
use tailwire::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX};

use crate::chunks::{Chunked, dechunked};

/// Requests of one connection that are read.
const REQUESTS_MAX: usize = 8;

/// What a connection said, as far as it was understood.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    requests: Vec<(Head, Vec<u8>)>,
    /// Bytes of all whole requests.
    used: usize,
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// More bytes are wanted, or enough requests were read.
    Open,
    /// At the head or at the body of the next request.
    Refused(RequestError),
}

/// How the bytes come in.
#[derive(Debug, Clone, Copy)]
enum Way {
    Whole,
    Bytes,
    /// Pieces of many lengths; plain bytes of bodies go past the decoder.
    Pieces(u64),
}

pub(crate) fn run(data: &[u8]) {
    let whole = read(data, Way::Whole);
    for way in [Way::Bytes, Way::Pieces(data.len() as u64), Way::Pieces(seed(data))] {
        assert_eq!(read(data, way), whole, "{way:?} has another meaning than the whole");
    }
    check(data, &whole);
}

fn seed(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Reads requests as a server does that receives its bytes one `way` or the other.
fn read(data: &[u8], way: Way) -> Meaning {
    let mut meaning = Meaning { requests: Vec::new(), used: 0, end: End::Open };
    let mut come = Come { data, way, held: 0..0 };
    while meaning.requests.len() < REQUESTS_MAX {
        match come.request() {
            Ok(Some(request)) => meaning.requests.push(request),
            Ok(None) => break,
            Err(error) => {
                meaning.end = End::Refused(error);
                break;
            }
        }
        meaning.used = come.held.start;
    }
    meaning
}

/// The bytes that have come and were not used.
struct Come<'a> {
    data: &'a [u8],
    way: Way,
    held: std::ops::Range<usize>,
}

impl Come<'_> {
    fn request(&mut self) -> Result<Option<(Head, Vec<u8>)>, RequestError> {
        let mut reader = HeadReader::default();
        let head = loop {
            if let Some(head) = reader.read(&self.data[self.held.clone()])? {
                break head;
            }
            if !self.more() {
                return Ok(None);
            }
        };
        self.held.start += head.bytes;
        assert!(self.held.start <= self.held.end, "a head is longer than what came");
        let (mut decoder, mut body) = (BodyDecoder::new(head.body), Vec::new());
        loop {
            let progress = decoder.read(&self.data[self.held.clone()], &mut body)?;
            self.held.start += progress.consumed;
            assert!(self.held.start <= self.held.end && body.len() <= BODY_BYTES_MAX);
            if progress.done {
                return Ok(Some((head, body)));
            }
            assert!(self.held.is_empty(), "bytes are left over and the body is not complete");
            let past = matches!(self.way, Way::Pieces(_)) && self.past(&mut decoder, &mut body);
            if !past && !self.more() {
                return Ok(None);
            }
        }
    }

    /// The next bytes of the body go where they belong without the decoder, as the kernel puts them there. False: the
    /// decoder must see them, or there are none.
    fn past(&mut self, decoder: &mut BodyDecoder, body: &mut Vec<u8>) -> bool {
        let plain = decoder.plain_bytes().min(self.data.len() - self.held.end).min(self.step());
        body.extend_from_slice(&self.data[self.held.end..self.held.end + plain]);
        decoder.passed(plain);
        self.held = self.held.end + plain..self.held.end + plain;
        plain > 0
    }

    fn more(&mut self) -> bool {
        let step = self.step().min(self.data.len() - self.held.end);
        self.held.end += step;
        step > 0
    }

    fn step(&mut self) -> usize {
        match &mut self.way {
            Way::Whole => self.data.len(),
            Way::Bytes => 1,
            Way::Pieces(state) => {
                *state =
                    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                1 + (*state >> 33) as usize % [3, 17, 90][(*state >> 61) as usize % 3]
            }
        }
    }
}

/// Holds what was understood against the bytes themselves.
fn check(data: &[u8], meaning: &Meaning) {
    let mut at = 0;
    for (head, body) in &meaning.requests {
        assert!(head.bytes <= HEAD_BYTES_MAX);
        let (text, rest) = data[at..].split_at(head.bytes);
        assert_eq!(parse_head(text), Ok(Some(head.clone())), "the head alone means the same");
        at += head.bytes + check_request(text, head, rest, body);
    }
    assert_eq!(at, meaning.used, "the requests end where they were said to");
}

/// The length of the body on the wire.
fn check_request(text: &[u8], head: &Head, rest: &[u8], body: &[u8]) -> usize {
    let lines = lines(text);
    let (line, fields) = lines.split_first().expect("a request line");
    assert_eq!(line.split(|byte| *byte == b' ').count(), 3, "the request line has three parts");
    let of = |name: &str| -> Vec<&[u8]> {
        let fields = fields.iter().map(|field| {
            let colon = field.iter().position(|byte| *byte == b':').expect("a field has a colon");
            (&field[..colon], field[colon + 1..].trim_ascii())
        });
        fields.filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.1).collect()
    };
    assert_eq!(head.headers.len(), fields.len(), "no field is lost or made up");
    assert!(of("host").len() <= 1);
    assert!(head.path.starts_with('/') || head.path == "*", "{:?}", head.path);
    assert!(!head.path.chars().any(|letter| letter.is_ascii_control()), "{:?}", head.path);
    match (of("content-length").as_slice(), of("transfer-encoding").as_slice()) {
        ([], []) => assert!(head.body == BodyLength::Exact(0) && !head.has_length),
        ([length], []) => {
            let length = std::str::from_utf8(length).expect("digits");
            assert!(length.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(head.body, BodyLength::Exact(length.parse().expect("digits")));
        }
        ([], encodings) => {
            let codings: Vec<&[u8]> =
                encodings.iter().flat_map(|line| line.split(|byte| *byte == b',')).collect();
            assert!(codings.len() == 1 && codings[0].trim_ascii().eq_ignore_ascii_case(b"chunked"));
            assert_eq!(head.body, BodyLength::Chunked);
        }
        both => panic!("a body with two lengths: {both:?}"),
    }
    match head.body {
        BodyLength::Exact(bytes) => {
            assert_eq!(rest.get(..bytes as usize), Some(body), "the body is what follows the head");
            bytes as usize
        }
        BodyLength::Chunked => {
            let Chunked { body: plain, bytes, .. } = dechunked(rest).expect("chunks that can be taken apart");
            assert_eq!(plain, body, "the chunks hold the body");
            bytes
        }
    }
}

/// The lines of a head, without the empty ones around them; each ends with CR LF and holds neither otherwise.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        rest = after;
    }
    let inner = rest.strip_suffix(b"\r\n\r\n").expect("an empty line ends a head");
    let mut lines = Vec::new();
    for line in inner.split(|byte| *byte == b'\n') {
        lines.push(line.strip_suffix(b"\r").unwrap_or(line));
    }
    let ends = inner.windows(2).filter(|two| two == b"\r\n").count();
    assert_eq!(ends + 1, lines.len(), "every LF has its CR");
    for line in &lines {
        assert!(!line.is_empty() && line[0] != b' ' && line[0] != b'\t');
        assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "no CR, LF or NUL inside a line");
    }
    lines
}
