//! A module may use lower ranks only; siblings are strangers.

use crate::tidy::source::{Finding, Tree, is_test, line_of, words};

/// The modules of the crate by rank, lowest first (docs/architecture.md).
const RANKS: &[&[&str]] = &[
    &["limits", "clock", "json", "sync"],
    &["topic"],
    &["event"],
    &["log", "http", "sse", "auth", "throttle", "metrics", "doorbell"],
    &["ingest", "hub"],
    &["server"],
    &["config"],
    &["app", "cli"],
];

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|modules| modules.contains(&module))
}

/// Imports upward, sideways, by `super::`, in braces behind `crate::`, and by glob.
pub(in crate::tidy) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in tree.sources() {
        let Some(module) = module_of(path).filter(|_| !is_test(path)) else { continue };
        let mut find = |offset: usize, message: String| {
            findings.push(Finding { path: path.to_owned(), line: line_of(&file.code, offset), message });
        };
        let Some(own) = rank(module) else {
            find(0, format!("module `{module}` has no rank: give it one in RANKS, src/tidy/ranks.rs"));
            continue;
        };
        for offset in paths(&file.code, "crate") {
            let target = word_at(&file.code, offset + "crate::".len());
            match rank(target) {
                _ if target == module => {}
                None if target.is_empty() => {
                    find(offset, "write one `use crate::module::Name` each".to_owned())
                }
                None => find(offset, format!("module `{target}` has no rank: give it one in RANKS")),
                Some(rank) if rank < own => {}
                Some(rank) => find(
                    offset,
                    format!(
                        "`{module}` (rank {own}) may not use `crate::{target}` (rank {rank}): \
                         pass a value down, or move what both need to a lower rank"
                    ),
                ),
            }
        }
        for offset in paths(&file.code, "super") {
            find(offset, "write the full path from `crate::`, so that ranks can be read".to_owned());
        }
        for (offset, _) in file.code.match_indices("::*;") {
            find(offset, "name what you import; a glob hides where names come from".to_owned());
        }
    }
    findings
}

/// The top module of a file of the library; the root files have none.
pub(in crate::tidy) fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let first = inside.split('/').next()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(module, "lib" | "main")).then_some(module)
}

/// Where a path begins with `root::`.
fn paths(code: &str, root: &str) -> Vec<usize> {
    words(code, root).filter(|offset| code[offset + root.len()..].starts_with("::")).collect()
}

/// The identifier at `offset`; empty where none begins.
pub(in crate::tidy) fn word_at(code: &str, offset: usize) -> &str {
    let rest = &code[offset..];
    let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    &rest[..rest.find(|letter| !part(letter)).unwrap_or(rest.len())]
}
