//! All that either reader finds in a JSON text, so that a test from outside can hold one against the other.
//!
//! Nothing in the server asks for it: `json` takes the quick reader's word or goes to the other.

use std::fmt::Write as _;

use crate::event::JsonFault;
use crate::event::json::{Document, Reader, Value};

/// What `text` comes to as publishers' texts are read, by the quick reader where it will, and by the strict one alone:
/// kinds and names of the values, their texts, the depth.
pub fn readings(text: &[u8]) -> [Result<String, JsonFault>; 2] {
    let mut reader = Reader::new();
    [reader.read(text, everything), reader.read_any(text, everything)]
}

fn everything(document: &Document<'_>) -> String {
    let mut out = String::new();
    value(document.root(), &mut out);
    let depth = (0..usize::MAX).find(|levels| document.depth_within(*levels).is_ok());
    let _never_fails = write!(out, "{depth:?}");
    out
}

/// Recursion ends with the nesting, which both readers bound.
fn value(found: Value<'_>, out: &mut String) {
    let _never_fails = writeln!(out, "{:?} {:?}", found.kind(), String::from_utf8_lossy(found.raw()));
    for member in found.members().into_iter().flatten() {
        let text = String::from_utf8_lossy(found.document().text(member.place()));
        let _never_fails = write!(out, "{:?} {text:?} ", member.name);
        value(member.value, out);
    }
}
