//! Cuts a batch into the texts of its events: the elements of a JSON array, or the lines of NDJSON.
//!
//! It finds borders and does not check what stands between them: if each piece is JSON by itself, then so is
//! the whole. Reading the pieces one by one keeps the working memory small and tells which event is at fault.

use memchr::{memchr, memchr2};

use crate::event::fault::JsonFault;

/// The elements of the JSON array that `text` is.
pub(super) struct Elements<'t> {
    text: &'t [u8],
    at: usize,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Opened,
    Between,
    Done,
}

impl<'t> Elements<'t> {
    /// `text` begins with `[`, after white space.
    pub(super) fn new(text: &'t [u8]) -> Self {
        let at = text.iter().take_while(|byte| is_space(byte)).count() + 1;
        Self { text, at, state: State::Opened }
    }

    fn take(&mut self) -> Result<Option<&'t [u8]>, JsonFault> {
        let end = border(self.text, self.at).ok_or(JsonFault::Unclosed)?;
        let element = self.text.get(self.at..end).unwrap_or_default();
        let empty = element.iter().all(is_space);
        let last = match self.text.get(end) {
            Some(b',') => false,
            Some(b']') => true,
            _ => return Err(JsonFault::Syntax { offset: end }),
        };
        let none = empty && last && self.state == State::Opened;
        if empty && !none {
            return Err(JsonFault::Syntax { offset: end });
        }
        self.at = end + 1;
        self.state = if last { State::Done } else { State::Between };
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.iter().position(|byte| !is_space(byte)) {
            Some(more) if last => Err(JsonFault::Trailing { offset: self.at + more }),
            _ => Ok((!none).then_some(element)),
        }
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = Result<&'t [u8], JsonFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.state = State::Done;
        }
        taken.transpose()
    }
}

/// The lines of `text` that are not blank, without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Result<&[u8], JsonFault>> {
    let mut rest = Some(text);
    let line = move || {
        let text = rest?;
        let end = memchr(b'\n', text);
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    };
    std::iter::from_fn(line).filter(|line| !line.iter().all(is_space)).map(Ok)
}

pub(super) fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The next comma or closing bracket that belongs to no bracket opened after `from`.
fn border(text: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = from;
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at + 1)?,
            b'[' | b'{' => depth += 1,
            b',' if depth == 0 => return Some(at),
            b']' | b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return Some(at),
            },
            _ => {}
        }
        at += 1;
    }
}

/// The quote that ends the string whose inside begins at `at`.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
