//! Requests that two readers were ever made to understand in two ways, each with a second request hidden behind it,
//! and what must come of them. The tables are data: who sends them, and through what, is the tests'.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]

mod chunks;
mod codings;
mod fields;
mod lengths;
mod lines;
mod targets;
mod versions;

/// Name, the section that decides (an RFC's number first), the answers, and the bytes.
///
/// One answer: the connection ends behind it, and what follows is never looked at. Two: the request behind was one in
/// its own right, and the connection goes on. An event is stored for each 201 and for nothing else.
///
/// In the bytes each character is a byte (so `\u{ff}` is one), FIRST stands for a payment stream of the row's own,
/// `<HIDDEN>` for a whole request that publishes for another, `<LENGTH>` and `<HEX>` for how long that is.
/// The hidden request follows every row once more.
pub type Row = (&'static str, &'static str, &'static [u16], &'static str);

/// A whole `POST` of the empty object for FIRST, with these fields (each with its line end) and this body.
macro_rules! post {
    ($fields:literal, $body:literal) => {
        concat!(
            "POST /streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n",
            $fields,
            "\r\n",
            $body
        )
    };
}

/// Such a `POST` with a body of two bytes, of which the fields say so, or not.
macro_rules! sized {
    ($fields:literal) => {
        crate::vectors::post!($fields, "{}")
    };
}

/// Such a `POST` with a body in chunks, of which the fields say so, or not.
macro_rules! coded {
    ($fields:literal) => {
        crate::vectors::post!($fields, "2\r\n{}\r\n0\r\n\r\n")
    };
}

/// A `POST` with a body in chunks that consists of these bytes.
macro_rules! chunked {
    ($body:literal) => {
        crate::vectors::post!("Transfer-Encoding: chunked\r\n", $body)
    };
}

pub(crate) use {chunked, coded, post, sized};

#[derive(Debug, Clone)]
pub struct Vector {
    pub name: &'static str,
    pub rule: &'static str,
    pub answers: &'static [u16],
    pub bytes: Vec<u8>,
    /// The payment streams of the request itself and of the hidden one.
    pub first: String,
    pub hidden: String,
}

impl Vector {
    /// The payment streams for which an event must have been stored, in their order.
    pub fn stored(&self) -> Vec<&str> {
        let names = [self.first.as_str(), self.hidden.as_str()];
        let stored = self.answers.iter().zip(names).filter(|(status, _)| **status == 201);
        stored.map(|(_, name)| name).collect()
    }

    fn new(row: &Row, number: usize) -> Self {
        let (name, rule, answers, text) = *row;
        let (first, hidden) = (format!("first-{number}"), format!("hidden-{number}"));
        let behind =
            format!("POST /streams/{hidden}/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        let text = format!("{text}<HIDDEN>")
            .replace("FIRST", &first)
            .replace("<LENGTH>", &behind.len().to_string())
            .replace("<HEX>", &format!("{:x}", behind.len()))
            .replace("<LONG>", &"x".repeat(40 * 1024))
            .replace("<MANY>", &"A: b\r\n".repeat(101))
            .replace("<ZEROS>", &"0".repeat(400))
            .replace("<HIDDEN>", &behind);
        let bytes = text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        Self { name, rule, answers, bytes, first, hidden }
    }
}

/// All vectors; `from`: the number of the first, so that one log can take several runs of them.
pub fn all(from: usize) -> Vec<Vector> {
    let tables = [
        chunks::ROWS,
        codings::ROWS,
        fields::ROWS,
        lengths::ROWS,
        lines::ROWS,
        targets::ROWS,
        versions::ROWS,
    ];
    let rows = tables.into_iter().flatten().enumerate();
    rows.map(|(number, row)| Vector::new(row, from + number)).collect()
}
