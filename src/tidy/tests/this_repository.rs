//! The tree this test was built from keeps every rule.

use std::path::Path;

use crate::tidy::source::Tree;
use crate::tidy::{homes, layout, ranks, sizes, words};

fn holds(rule: fn(&Tree) -> Vec<crate::tidy::source::Finding>) {
    let findings = rule(&Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))));
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn ranks_are_kept() {
    holds(ranks::check);
}

#[test]
fn crates_and_unsafe_stay_at_home() {
    holds(homes::check);
}

#[test]
fn every_file_is_declared_named_and_opened_by_its_purpose() {
    holds(layout::check);
}

#[test]
fn files_functions_and_lines_are_short() {
    holds(sizes::check);
}

#[test]
fn nothing_is_left_unfinished() {
    holds(words::check);
}
