//! Reads one JSON text: checked, brought to one line, open to look at member by member.
//!
//! Most texts are plain enough for `quick`. All others are for `simd-json`, which unescapes strings in place and
//! forgets how numbers were spelled. So it gets a copy, and `walk` goes over the text it came from in step with its
//! tape. This file knows nothing of events.

use std::ops::Range;

use simd_json::{Buffers, INPUT_PADDING, Node, StaticNode, Tape};

use crate::event::fault::JsonFault;
use crate::event::lexis::diagnose;
use crate::event::quick;
use crate::event::walk::{Walked, walk};
use crate::limits;

/// Deepest nesting that is read at all: an event's data within the object around it.
pub(super) const DEPTH_READ_MAX: usize = limits::JSON_DEPTH_MAX + 1;

/// The working memory to read JSON texts one after another.
pub(super) struct Reader {
    copy: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    walked: Walked,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            copy: Vec::new(),
            buffers: Buffers::with_max_depth(0, DEPTH_READ_MAX + 1),
            tape: Tape(Vec::new()),
            walked: Walked::default(),
        }
    }

    /// Reads `text` and shows it to `take`.
    pub(super) fn read<T>(
        &mut self,
        text: &[u8],
        take: impl FnOnce(&Document<'_>) -> T,
    ) -> Result<T, JsonFault> {
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let quick = quick::read(text, &mut tape.0, &mut self.walked);
        let taken = quick.map(|()| Document { nodes: &tape.0, walked: &self.walked });
        match taken {
            Some(document) => {
                let taken = take(&document);
                self.tape = tape.reset();
                Ok(taken)
            }
            None => {
                self.tape = tape.reset();
                self.read_any(text, take)
            }
        }
    }

    /// As `read`, by way of `simd-json` whatever the text is.
    pub(super) fn read_any<T>(
        &mut self,
        text: &[u8],
        take: impl FnOnce(&Document<'_>) -> T,
    ) -> Result<T, JsonFault> {
        self.copy.clear();
        self.copy.extend_from_slice(text);
        self.copy.resize(text.len() + INPUT_PADDING, b' ');
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        simd_json::fill_tape_padded(&mut self.copy, text.len(), &mut self.buffers, &mut tape)
            .map_err(|error| diagnose(text, &error))?;
        walk(text, &tape.0, &mut self.walked)?;
        let taken = take(&Document { nodes: &tape.0, walked: &self.walked });
        self.tape = tape.reset();
        Ok(taken)
    }
}

/// A JSON text that was read.
pub(super) struct Document<'d> {
    nodes: &'d [Node<'d>],
    walked: &'d Walked,
}

impl<'d> Document<'d> {
    pub(super) fn root(&'d self) -> Value<'d> {
        Value { document: self, node: 0 }
    }

    /// The members of the event that this is to be.
    pub(super) fn event(&'d self) -> Result<Members<'d>, JsonFault> {
        let root = self.root();
        root.members().ok_or_else(|| JsonFault::NotAnObject { found: root.kind().noun() })
    }

    /// Checks that not more than `levels` of objects and arrays stand in each other.
    pub(super) fn depth_within(&self, levels: usize) -> Result<(), JsonFault> {
        match self.walked.depth <= levels {
            true => Ok(()),
            false => Err(JsonFault::Depth { max: limits::JSON_DEPTH_MAX }),
        }
    }

    /// The text of a place in it, without white space outside strings.
    pub(super) fn text(&self, place: Range<usize>) -> &[u8] {
        self.walked.compact.get(place).unwrap_or_default()
    }

    fn place(&self, first: usize, last: usize) -> Range<usize> {
        let start = self.walked.spans.get(first).map_or(0, |span| span.start);
        let end = self.walked.spans.get(last).map_or(0, |span| span.end);
        start..end
    }
}

/// What a value is. Integers keep their spelling: an optional sign and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'d> {
    Null,
    Bool,
    Integer(&'d str),
    Float,
    Text(&'d str),
    Array,
    Object,
}

impl Kind<'_> {
    /// The kind as a sentence names it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float => "a number with a fraction or an exponent",
            Self::Text(_) => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// One value of a document.
#[derive(Clone, Copy)]
pub(super) struct Value<'d> {
    document: &'d Document<'d>,
    node: usize,
}

impl<'d> Value<'d> {
    pub(super) fn kind(self) -> Kind<'d> {
        match self.document.nodes.get(self.node) {
            Some(Node::String(text)) => Kind::Text(text),
            Some(Node::Object { .. }) => Kind::Object,
            Some(Node::Array { .. }) => Kind::Array,
            Some(Node::Static(StaticNode::Bool(_))) => Kind::Bool,
            Some(Node::Static(StaticNode::F64(_))) => Kind::Float,
            Some(Node::Static(StaticNode::I64(_) | StaticNode::U64(_))) => {
                Kind::Integer(std::str::from_utf8(self.raw()).unwrap_or_default())
            }
            Some(Node::Static(StaticNode::Null)) | None => Kind::Null,
        }
    }

    /// The value's text, without white space outside strings.
    pub(super) fn raw(self) -> &'d [u8] {
        self.document.text(self.document.place(self.node, self.node))
    }

    pub(super) fn document(self) -> &'d Document<'d> {
        self.document
    }

    /// The members in their order, if this is an object.
    pub(super) fn members(self) -> Option<Members<'d>> {
        match self.document.nodes.get(self.node) {
            Some(Node::Object { len, .. }) => {
                Some(Members { document: self.document, node: self.node + 1, left: *len })
            }
            _ => None,
        }
    }
}

/// One member of an object.
#[derive(Clone, Copy)]
pub(super) struct Member<'d> {
    /// The name, unescaped.
    pub(super) name: &'d str,
    pub(super) value: Value<'d>,
}

impl Member<'_> {
    /// Where name and value stand together, `"name":value`; one comma behind it stands the next member.
    pub(super) fn place(self) -> Range<usize> {
        self.value.document.place(self.value.node - 1, self.value.node)
    }
}

/// The members of an object in their order.
#[derive(Clone)]
pub(super) struct Members<'d> {
    document: &'d Document<'d>,
    node: usize,
    left: usize,
}

impl<'d> Iterator for Members<'d> {
    type Item = Member<'d>;

    fn next(&mut self) -> Option<Member<'d>> {
        self.left = self.left.checked_sub(1)?;
        let Some(Node::String(name)) = self.document.nodes.get(self.node) else { return None };
        let node = self.node + 1;
        self.node = match self.document.nodes.get(node)? {
            Node::Object { count, .. } | Node::Array { count, .. } => node + count + 1,
            _ => node + 1,
        };
        Some(Member { name, value: Value { document: self.document, node } })
    }
}
