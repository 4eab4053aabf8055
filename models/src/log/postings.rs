//! In the place of postings: a segment has none here.

pub(in crate::log) struct Postings;
