//! Words that mean unfinished work.

use crate::tidy::source::{Finding, Tree, line_of};

/// Put together so that this file does not hold what it looks for.
const UNFINISHED: &[&str] = &[
    concat!("FIX", "ME"),
    concat!("ST", "UB"),
    concat!("db", "g!("),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

pub(in crate::tidy) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in tree.sources() {
        for word in UNFINISHED {
            findings.extend(file.text.match_indices(word).map(|(offset, _)| Finding {
                path: path.to_owned(),
                line: line_of(&file.text, offset),
                message: format!(
                    "{word} is unfinished work: finish it, or write down why not in a full sentence"
                ),
            }));
        }
    }
    findings
}
