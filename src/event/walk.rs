//! Goes over a JSON text in step with its `simd-json` tape, and writes it down without white space outside
//! strings.
//!
//! On the way it refuses what the tape lets pass: names that stand twice, nesting that is too deep, halves of
//! surrogate pairs, loose spellings. Every byte of the text is accounted for here, so a fault of the tape
//! cannot become a line of the log that is not JSON. This file knows nothing of events.

use std::ops::Range;

use simd_json::Node;
use simd_json::StaticNode;

use crate::event::fault::{JsonFault, clip};
use crate::event::json::DEPTH_READ_MAX;
use crate::event::lexis::{number_end, string_end};
use crate::limits;

/// Up to this many names are compared each with each; more are sorted.
const NAMES_COMPARED_MAX: usize = 16;

/// What a walk finds. Kept between walks for its memory.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The text without white space outside strings.
    pub(super) compact: Vec<u8>,
    /// Where each node of the tape stands in `compact`.
    pub(super) spans: Vec<Range<usize>>,
    /// The deepest nesting found.
    pub(super) depth: usize,
    /// The nodes of the names of the objects that are open.
    pub(super) names: Vec<usize>,
}

impl Walked {
    /// Forgets the walk before. `bytes`: how long the next text is.
    pub(super) fn clear(&mut self, bytes: usize) {
        self.compact.clear();
        self.compact.reserve(bytes);
        self.spans.clear();
        self.names.clear();
        self.depth = 0;
    }
}

/// Walks over `text`, whose tape is `nodes`.
pub(super) fn walk(text: &[u8], nodes: &[Node<'_>], walked: &mut Walked) -> Result<(), JsonFault> {
    walked.clear(text.len());
    walked.spans.reserve(nodes.len());
    let mut walker = Walker { text, at: 0, nodes, depth: 0, walked };
    walker.value()?;
    walker.skip_space();
    if walker.at < text.len() {
        return Err(JsonFault::Trailing { offset: walker.at });
    }
    Ok(())
}

/// The place in the text and in the tape; the next node is the one after the last span.
struct Walker<'w, 't> {
    text: &'w [u8],
    at: usize,
    nodes: &'w [Node<'t>],
    depth: usize,
    walked: &'w mut Walked,
}

impl Walker<'_, '_> {
    /// One value. Recursion ends at `DEPTH_READ_MAX`.
    fn value(&mut self) -> Result<(), JsonFault> {
        self.skip_space();
        let node = self.walked.spans.len();
        match self.nodes.get(node) {
            Some(Node::String(unescaped)) => self.string(unescaped),
            Some(Node::Static(scalar)) => self.scalar(*scalar),
            Some(Node::Object { len, .. }) => self.object(node, *len),
            Some(Node::Array { len, .. }) => self.array(node, *len),
            None => Err(self.syntax()),
        }
    }

    fn object(&mut self, node: usize, len: usize) -> Result<(), JsonFault> {
        let start = self.open(b'{')?;
        let names = self.walked.names.len();
        for member in 0..len {
            if member > 0 {
                self.punctuation(b',')?;
            }
            self.skip_space();
            let name_node = self.walked.spans.len();
            let Some(Node::String(name)) = self.nodes.get(name_node) else { return Err(self.syntax()) };
            self.string(name)?;
            // Printable ASCII, as nearly all names are, is told without decoding.
            let plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            if !plain && name.chars().any(char::is_control) {
                return Err(JsonFault::Name { name: clip(name) });
            }
            self.walked.names.push(name_node);
            self.punctuation(b':')?;
            self.value()?;
        }
        self.distinct(names)?;
        self.walked.names.truncate(names);
        self.close(b'}', node, start)
    }

    fn array(&mut self, node: usize, len: usize) -> Result<(), JsonFault> {
        let start = self.open(b'[')?;
        for element in 0..len {
            if element > 0 {
                self.punctuation(b',')?;
            }
            self.value()?;
        }
        self.close(b']', node, start)
    }

    fn open(&mut self, bracket: u8) -> Result<usize, JsonFault> {
        self.depth += 1;
        if self.depth > DEPTH_READ_MAX {
            return Err(JsonFault::Depth { max: limits::JSON_DEPTH_MAX });
        }
        self.walked.depth = self.walked.depth.max(self.depth);
        let start = self.walked.compact.len();
        self.walked.spans.push(start..start);
        self.punctuation(bracket)?;
        Ok(start)
    }

    fn close(&mut self, bracket: u8, node: usize, start: usize) -> Result<(), JsonFault> {
        self.punctuation(bracket)?;
        self.depth -= 1;
        let end = self.walked.compact.len();
        if let Some(span) = self.walked.spans.get_mut(node) {
            *span = start..end;
        }
        Ok(())
    }

    /// A string, which the tape says is `unescaped`.
    fn string(&mut self, unescaped: &str) -> Result<(), JsonFault> {
        let inner = self.at + 1;
        let end = inner + unescaped.len();
        let plain = self.text.get(self.at) == Some(&b'"')
            && self.text.get(inner..end) == Some(unescaped.as_bytes())
            && self.text.get(end) == Some(&b'"');
        let end = if plain { end + 1 } else { string_end(self.text, self.at)? };
        self.token(end);
        Ok(())
    }

    fn scalar(&mut self, scalar: StaticNode) -> Result<(), JsonFault> {
        let word = match scalar {
            StaticNode::Null => "null",
            StaticNode::Bool(true) => "true",
            StaticNode::Bool(false) => "false",
            StaticNode::I64(_) | StaticNode::U64(_) | StaticNode::F64(_) => return self.number(scalar),
        };
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.token(end);
        Ok(())
    }

    fn number(&mut self, scalar: StaticNode) -> Result<(), JsonFault> {
        let offset = self.at;
        let (end, whole) = number_end(self.text, offset).ok_or(JsonFault::Syntax { offset })?;
        match scalar {
            StaticNode::F64(_) if whole => return Err(JsonFault::Integer { offset }),
            StaticNode::F64(number) if !number.is_finite() => return Err(JsonFault::Float { offset }),
            StaticNode::F64(_) => {}
            _ if whole => {}
            _ => return Err(JsonFault::Syntax { offset }),
        }
        self.token(end);
        Ok(())
    }

    /// Takes the text up to `end` as one node.
    fn token(&mut self, end: usize) {
        let start = self.walked.compact.len();
        self.walked.compact.extend_from_slice(self.text.get(self.at..end).unwrap_or_default());
        self.walked.spans.push(start..self.walked.compact.len());
        self.at = end;
    }

    fn punctuation(&mut self, byte: u8) -> Result<(), JsonFault> {
        self.skip_space();
        if self.text.get(self.at) != Some(&byte) {
            return Err(self.syntax());
        }
        self.walked.compact.push(byte);
        self.at += 1;
        Ok(())
    }

    /// Checks that the open object, whose names begin at `from`, has no name twice.
    fn distinct(&mut self, from: usize) -> Result<(), JsonFault> {
        let nodes = self.nodes;
        let text = |node: &usize| match nodes.get(*node) {
            Some(Node::String(name)) => *name,
            _ => "",
        };
        let names = self.walked.names.get_mut(from..).unwrap_or_default();
        let twice = if names.len() <= NAMES_COMPARED_MAX {
            let mut later = names.iter();
            std::iter::from_fn(|| later.next().map(|name| (name, later.clone())))
                .find_map(|(name, mut later)| later.find(|other| text(name) == text(other)))
        } else {
            names.sort_unstable_by_key(text);
            names.array_windows().find(|[name, next]| text(name) == text(next)).map(|[name, _]| name)
        };
        match twice {
            Some(name) => Err(JsonFault::Duplicate { name: clip(text(name)) }),
            None => Ok(()),
        }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn syntax(&self) -> JsonFault {
        JsonFault::Syntax { offset: self.at }
    }
}
