//! Event streams there and back: what is framed is read again field by field, by our decoder at any split and by a
//! second one that is the letter of the standard; and any bytes are read alike by both.
//!
//! Input: a program that makes frames (`Program`), and at the same time a stream as some server may send it.

use tailwire::event::{EventId, EventType};
use tailwire::limits::FRAME_BYTES_MAX;
use tailwire::sse::{
    Decoder, Event, Framing, Gap, Greeting, Reason, check, event, gap, greeting, heartbeat, last_chunk,
    payload, position, reconnect, unchunked,
};

use crate::chunks::dechunked;

/// Long enough that no input here is refused for its length.
const BLOCK_BYTES_MAX: usize = 1 << 20;
const REASONS: [Reason; 3] = [Reason::Shutdown, Reason::TokenExpired, Reason::Capacity];

pub(crate) fn run(data: &[u8]) {
    same_events(data);
    let mut program = Program { data, expected: Vec::new(), last: String::new() };
    let (mut chunked, mut closed, mut frames) = (Vec::new(), Vec::new(), 0);
    while program.frame(&mut chunked, &mut closed) {
        frames += 1;
    }
    last_chunk(&mut chunked, Framing::Chunked);
    last_chunk(&mut closed, Framing::Close);
    let parts = dechunked(&chunked).expect("whole chunks");
    assert_eq!(parts.bytes, chunked.len(), "nothing follows the last chunk");
    assert_eq!(parts.chunks.len(), frames, "a frame is a chunk");
    assert_eq!(parts.body, closed, "both framings carry the same stream");
    let found = same_events(&closed);
    let ours =
        found.iter().filter(|event| matches!(&*event.event, "gap" | "message" | "position" | "reconnect"));
    ours.for_each(|event| {
        assert!(!event.data.contains(|letter: char| letter.is_ascii_control()), "{event:?}")
    });
    let found: Vec<Event> = found.into_iter().map(plain).collect();
    assert_eq!(found, program.expected.into_iter().map(plain).collect::<Vec<_>>(), "what was framed");
}

/// An event whose data, where it is ours, is written as another would write it: how a character of a text is escaped is
/// not the client's to see.
fn plain(mut event: Event) -> Event {
    if event.event == "gap" || event.event == "message" {
        let value: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
        event.data = value.to_string();
    }
    event
}

/// Frames made of bytes, and what a client must find.
struct Program<'a> {
    data: &'a [u8],
    expected: Vec<Event>,
    /// The last event id so far.
    last: String,
}

impl Program<'_> {
    /// Appends the next frame in both framings. False: the bytes are used up.
    fn frame(&mut self, chunked: &mut Vec<u8>, closed: &mut Vec<u8>) -> bool {
        let Some((&code, rest)) = self.data.split_first() else { return false };
        self.data = rest;
        let id = EventId(self.number());
        let text = self.text(usize::from(code) / 8 * 4);
        let both = &mut [(chunked, Framing::Chunked), (closed, Framing::Close)];
        match code % 8 {
            0..=2 => self.event(id, &text, both),
            3 => {
                let found = Gap {
                    requested: &text,
                    earliest: id,
                    missed: Some(id.0).filter(|missed| missed % 2 > 0),
                };
                both.iter_mut().for_each(|(out, framing)| gap(out, *framing, &found));
                self.expect_gap(&found);
            }
            4 => {
                both.iter_mut().for_each(|(out, framing)| position(out, *framing, id));
                self.last = id.to_string();
                self.expect("position", format!("{{\"lastEventId\":\"{id}\"}}"), None);
            }
            5 => both.iter_mut().for_each(|(out, framing)| heartbeat(out, *framing)),
            6 => {
                let (retry, reason) = (id.0 as u32, REASONS[id.0 as usize % 3]);
                both.iter_mut().for_each(|(out, framing)| reconnect(out, *framing, retry, reason));
                self.expect("reconnect", format!("{{\"reason\":\"{}\"}}", reason.name()), Some(retry.into()));
            }
            _ => self.greeting(id, &text, both),
        }
        true
    }

    /// An event as `event` hands them on: its data is one line.
    fn event(&mut self, id: EventId, text: &str, both: &mut [(&mut Vec<u8>, Framing)]) {
        let kind = EventType::ALL[id.0 as usize % EventType::ALL.len()];
        let data = text.replace(['\r', '\n'], " ");
        let mut frame = Vec::new();
        let layout = event(&mut frame, id, kind, data.as_bytes()).expect("short data fits");
        assert!(layout.frame_bytes == frame.len() && frame.len() <= FRAME_BYTES_MAX);
        let offset = usize::from(layout.payload_offset);
        assert_eq!(payload(&frame, offset), data.as_bytes());
        assert_eq!(check(&frame, id, Some(kind), offset), Ok(data.as_bytes()));
        for (out, framing) in both {
            out.extend_from_slice(if *framing == Framing::Chunked { &frame } else { unchunked(&frame) });
        }
        self.last = id.to_string();
        self.expect(kind.name(), data, None);
    }

    fn greeting(&mut self, id: EventId, text: &str, both: &mut [(&mut Vec<u8>, Framing)]) {
        let found = Gap { requested: text, earliest: id, missed: None };
        let retry_ms = text.len() as u32;
        let hello = Greeting {
            retry_ms,
            client_id: text,
            last_event_id: id,
            earliest_event_id: EventId(id.0 / 2),
            gap: Some(found).filter(|_| !id.0.is_multiple_of(2)),
        };
        both.iter_mut().for_each(|(out, framing)| greeting(out, *framing, &hello));
        if hello.gap.is_none() {
            self.last = id.to_string();
        }
        let data = format!(
            "{{\"type\":\"connected\",\"clientId\":{},\"lastEventId\":\"{id}\",\"earliestEventId\":\"{}\"}}",
            quoted(text),
            id.0 / 2,
        );
        self.expect("message", data, Some(retry_ms.into()));
        if hello.gap.is_some() {
            self.expect_gap(&found);
        }
    }

    fn expect_gap(&mut self, gap: &Gap<'_>) {
        self.last = gap.earliest.previous().to_string();
        let missed = gap.missed.map_or("null".to_owned(), |missed| missed.to_string());
        let (requested, earliest) = (quoted(gap.requested), gap.earliest);
        let data = format!("{{\"requested\":{requested},\"earliest\":\"{earliest}\",\"missed\":{missed}}}");
        self.expect("gap", data, None);
    }

    fn expect(&mut self, event: &str, data: String, retry: Option<u64>) {
        self.expected.push(Event { event: event.to_owned(), data, id: self.last.clone(), retry });
    }

    fn number(&mut self) -> u64 {
        let taken = self.data.split_off(..self.data.len().min(8)).unwrap_or_default();
        taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn text(&mut self, bytes: usize) -> String {
        let taken = self.data.split_off(..self.data.len().min(bytes)).unwrap_or_default();
        String::from_utf8_lossy(taken).into_owned()
    }
}

/// The first 64 characters of a text as a JSON string, by another hand.
fn quoted(text: &str) -> String {
    serde_json::to_string(&text.chars().take(64).collect::<String>()).expect("a string is JSON")
}

/// The events of a stream by every reader. They must not differ.
fn same_events(stream: &[u8]) -> Vec<Event> {
    let standard = standard(stream);
    for step in [stream.len().max(1), 1, 7] {
        let (mut decoder, mut events) = (Decoder::new(BLOCK_BYTES_MAX), Vec::new());
        for piece in stream.chunks(step) {
            decoder.feed(piece, &mut events).expect("no block is too long");
        }
        assert_eq!(events, standard, "in pieces of {step}");
    }
    standard
}

/// The letter of WHATWG HTML, section 9.2.6, for a stream that is whole: decode as UTF-8, cut into lines, obey each.
fn standard(stream: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream));
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut last) = (Vec::new(), String::new());
    let (mut kind, mut data, mut retry) = (String::new(), String::new(), None);
    // What stands behind the last line end is no line.
    let Some((lines, _)) = text.rsplit_once('\n') else { return events };
    for line in lines.split('\n') {
        if line.is_empty() {
            if let Some(data) = data.strip_suffix('\n') {
                let event = if kind.is_empty() { "message".to_owned() } else { kind.clone() };
                events.push(Event { event, data: data.to_owned(), id: last.clone(), retry });
            }
            (kind, data, retry) = Default::default();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => kind = value.to_owned(),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => last = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                retry = value.parse().ok().or(retry);
            }
            _ => {}
        }
    }
    events
}
