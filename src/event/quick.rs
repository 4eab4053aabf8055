//! Reads in one pass the JSON that publishers send as a rule: no escapes, no fractions, few members, ASCII names.
//!
//! Whatever else a text holds, a fault as well, it leaves to `simd-json` and `walk`: it says nothing of what is
//! wrong. What it takes it must read as they do, which a property test sees to. This file knows nothing of events.

use simd_json::{Node, StaticNode};

use crate::event::elements::is_space;
use crate::event::json::DEPTH_READ_MAX;
use crate::event::walk::Walked;

/// Integers of up to this many digits fit both `i64` and `u64`.
const DIGITS_MAX: usize = 18;
/// Members of one object, each of which may have to be compared with all before it.
const MEMBERS_MAX: usize = 64;

/// Reads `text` into the tape that `simd-json` would make of it, and into what `walk` would find. None: it is not for
/// this reader, and what it left in `nodes` and `walked` is of no use.
pub(super) fn read<'t>(text: &'t [u8], nodes: &mut Vec<Node<'t>>, walked: &mut Walked) -> Option<()> {
    let text = std::str::from_utf8(text).ok()?;
    nodes.clear();
    walked.clear(text.len());
    let mut quick = Quick { text, at: 0, copied: 0, depth: 0, nodes, walked };
    quick.value()?;
    quick.next();
    if quick.at < text.len() {
        return None;
    }
    quick.drop_to(text.len());
    Some(())
}

struct Quick<'q, 't> {
    text: &'t str,
    at: usize,
    /// Up to here the text is in `walked.compact`, or was white space.
    copied: usize,
    depth: usize,
    nodes: &'q mut Vec<Node<'t>>,
    walked: &'q mut Walked,
}

impl<'t> Quick<'_, 't> {
    /// One value. Recursion ends at `DEPTH_READ_MAX`.
    fn value(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(),
            b'[' => self.array(),
            b'-' => self.number(1),
            b'0'..=b'9' => self.number(0),
            b't' => self.word("true", StaticNode::Bool(true)),
            b'f' => self.word("false", StaticNode::Bool(false)),
            b'n' => self.word("null", StaticNode::Null),
            _ => None,
        }
    }

    fn object(&mut self) -> Option<()> {
        let node = self.open()?;
        let names = self.walked.names.len();
        let (mut len, mut marks) = (0, 0);
        if self.next()? != b'}' {
            loop {
                if self.next()? != b'"' || len == MEMBERS_MAX {
                    return None;
                }
                self.name(names, &mut marks)?;
                if self.next()? != b':' {
                    return None;
                }
                self.at += 1;
                self.value()?;
                len += 1;
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.walked.names.truncate(names);
        self.close(node, |count| Node::Object { len, count });
        Some(())
    }

    fn array(&mut self) -> Option<()> {
        let node = self.open()?;
        let mut len = 0;
        if self.next()? != b']' {
            loop {
                self.value()?;
                len += 1;
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        self.close(node, |count| Node::Array { len, count });
        Some(())
    }

    /// Passes the bracket at hand; the node of what it opens.
    fn open(&mut self) -> Option<usize> {
        self.depth += 1;
        if self.depth > DEPTH_READ_MAX {
            return None;
        }
        self.walked.depth = self.walked.depth.max(self.depth);
        let (node, start) = (self.nodes.len(), self.place());
        self.push(Node::Static(StaticNode::Null), start);
        self.at += 1;
        Some(node)
    }

    fn close(&mut self, node: usize, made: impl FnOnce(usize) -> Node<'t>) {
        self.at += 1;
        self.depth -= 1;
        let (count, end) = (self.nodes.len() - node - 1, self.place());
        if let (Some(place), Some(span)) = (self.nodes.get_mut(node), self.walked.spans.get_mut(node)) {
            *place = made(count);
            span.end = end;
        }
    }

    /// Passes the comma at hand. False at `bracket`; None at anything else.
    fn goes_on(&mut self, bracket: u8) -> Option<bool> {
        match self.next()? {
            b',' => {
                self.at += 1;
                Some(true)
            }
            byte if byte == bracket => Some(false),
            _ => None,
        }
    }

    /// A member's name, other than those whose nodes follow `names`. `marks` has a bit for each of them.
    fn name(&mut self, names: usize, marks: &mut u64) -> Option<()> {
        let name = self.string()?;
        if !name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        let ends = [name.as_bytes().first(), name.as_bytes().last()].map(|end| end.copied().unwrap_or(0));
        let mark = 1 << ((name.len() + 5 * usize::from(ends[0]) + 11 * usize::from(ends[1])) % 64);
        if *marks & mark != 0 {
            let same =
                |node: &usize| matches!(self.nodes.get(*node), Some(Node::String(other)) if *other == name);
            if self.walked.names.get(names..).unwrap_or_default().iter().any(same) {
                return None;
            }
        }
        *marks |= mark;
        self.walked.names.push(self.nodes.len() - 1);
        Some(())
    }

    fn string(&mut self) -> Option<&'t str> {
        let (start, inner) = (self.place(), self.at + 1);
        let end = plain_end(self.text.as_bytes(), inner)?;
        let string = self.text.get(inner..end)?;
        self.at = end + 1;
        self.push(Node::String(string), start);
        Some(string)
    }

    /// An integer with `sign` bytes in front.
    fn number(&mut self, sign: usize) -> Option<()> {
        let start = self.place();
        let rest = self.text.as_bytes().get(self.at + sign..)?;
        let (mut digits, mut number) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = rest.get(digits) {
            if digits == DIGITS_MAX {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
            digits += 1;
        }
        if digits == 0 || digits > 1 && rest.first() == Some(&b'0') {
            return None;
        }
        self.at += sign + digits;
        let scalar = if sign > 0 { StaticNode::I64(-number) } else { StaticNode::U64(number as u64) };
        self.push(Node::Static(scalar), start);
        Some(())
    }

    fn word(&mut self, word: &str, scalar: StaticNode) -> Option<()> {
        let start = self.place();
        if !self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        self.push(Node::Static(scalar), start);
        Some(())
    }

    /// A node that stands from `start` to here.
    fn push(&mut self, node: Node<'t>, start: usize) {
        let end = self.place();
        self.nodes.push(node);
        self.walked.spans.push(start..end);
    }

    /// Where the byte at hand stands once white space is gone.
    fn place(&self) -> usize {
        self.walked.compact.len() + (self.at - self.copied)
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        if !is_space(&byte) {
            return Some(byte);
        }
        self.drop_to(self.at);
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| is_space(byte)).count();
        self.copied = self.at;
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the text up to `end` as it is.
    fn drop_to(&mut self, end: usize) {
        let kept = self.text.as_bytes().get(self.copied..end).unwrap_or_default();
        self.walked.compact.extend_from_slice(kept);
        self.copied = end;
    }
}

/// Where the string ends whose inside begins at `at`. None if it does not end, or holds an escape or a control
/// character.
fn plain_end(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let marked = marked(u64::from_le_bytes(*word));
        at += marked.trailing_zeros() as usize / 8;
        if marked != 0 {
            return (text.get(at) == Some(&b'"')).then_some(at);
        }
    }
    let rest = text.get(at..)?;
    let end = rest.iter().position(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\'))?;
    (rest.get(end) == Some(&b'"')).then_some(at + end)
}

/// The highest bit of the first byte that is a quote, a backslash or a control character. Bytes behind it may be marked
/// in error: what is borrowed for it in a subtraction comes from them.
fn marked(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xFF;
    let same = |byte: u8| {
        let different = word ^ (EACH * u64::from(byte));
        different.wrapping_sub(EACH) & !different
    };
    let control = word.wrapping_sub(EACH * 0x20) & !word;
    (same(b'"') | same(b'\\') | control) & (EACH << 7)
}
