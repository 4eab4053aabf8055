//! Which files there are: every one declared, named for what it holds, opened by its purpose; `mod.rs` an export list.

use std::collections::BTreeSet;

use crate::tidy::source::{Finding, Tree, is_test, line_of, words};

/// Names that say nothing, so that everything ends up in them.
const DRAWERS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

pub(in crate::tidy) fn check(tree: &Tree) -> Vec<Finding> {
    let declared = declared(tree);
    let mut findings = Vec::new();
    for (path, file) in tree.sources() {
        let mut find = |line: usize, message: &str| {
            findings.push(Finding { path: path.to_owned(), line, message: message.to_owned() });
        };
        if !declared.contains(path) {
            find(1, "no `mod` line leads here, so rustc never sees this file: declare it or delete it");
        }
        let parts = path.trim_end_matches(".rs").split('/');
        if parts.into_iter().any(|part| DRAWERS.contains(&part)) {
            find(1, "a drawer: move each function beside the type it serves");
        }
        if !file.text.starts_with("//!") {
            find(
                1,
                "begin with a `//!` paragraph: what the file is for, and what it deliberately does not do",
            );
        }
        if (path.ends_with("/mod.rs") && !is_test(path)) || path == "src/lib.rs" {
            for line in foreign_items(&file.code) {
                find(line, "this file is an export list: move the item to a file named for it");
            }
        }
    }
    findings
}

/// The files that rustc compiles: the roots, and what `mod` lines lead to from them.
fn declared(tree: &Tree) -> BTreeSet<String> {
    let mut open: Vec<String> =
        tree.sources().map(|(path, _)| path).filter(|path| is_root(path)).map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Some(file) = tree.get(&path) else { continue };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let stem = name.trim_end_matches(".rs");
        let own =
            if is_root(&path) || stem == "mod" { folder.to_owned() } else { format!("{folder}/{stem}") };
        for offset in words(&file.code, "mod") {
            let rest = file.code[offset + "mod".len()..].trim_start();
            let Some((child, _)) = rest.split_once(';').filter(|(child, _)| !child.contains(['{', '(']))
            else {
                continue;
            };
            if let Some(named) = path_attribute(&file.text[..offset]) {
                open.push(joined(folder, named));
                continue;
            }
            open.push(format!("{own}/{}.rs", child.trim()));
            open.push(format!("{own}/{}/mod.rs", child.trim()));
        }
        seen.insert(path);
    }
    seen
}

/// The file that `named` is as seen from `folder`.
fn joined(folder: &str, named: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in named.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The file that `#[path = "…"]` right before a `mod` names.
fn path_attribute(before: &str) -> Option<&str> {
    let (_, attribute) = before.trim_end().trim_end_matches("pub").trim_end().rsplit_once("#[path = \"")?;
    attribute.strip_suffix("\"]").filter(|named| !named.contains('"'))
}

/// Files that cargo compiles on its own.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts.as_slice(),
        ["src", "lib.rs" | "main.rs"]
            | [_, "src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | [_, "src", "bin", _]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches", _, "main.rs"]
            | ["fuzz", "fuzz_targets", _]
    )
}

/// The lines of items that are neither `mod` nor `use`.
fn foreign_items(code: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let end = item_end(bytes, at);
        let item = code[at..end].trim_start();
        let item = match item.strip_prefix("pub") {
            Some(rest) => rest
                .trim_start()
                .strip_prefix('(')
                .map_or(rest, |rest| rest.split_once(')').map_or("", |(_, rest)| rest)),
            None => item,
        };
        let item = item.trim_start();
        let listed = (item.starts_with("mod ") || item.starts_with("use ")) && item.ends_with(';');
        if !listed && !item.starts_with('#') {
            lines.push(line_of(code, at));
        }
        at = end;
    }
    lines
}

/// Where the item or attribute that begins at `at` ends: behind its `;`, its closing brace, or its closing bracket.
fn item_end(bytes: &[u8], at: usize) -> usize {
    let attribute = bytes[at] == b'#';
    let is_use = !attribute
        && bytes[at..]
            .split(|byte| *byte == b';')
            .next()
            .is_some_and(|item| item.windows(4).any(|window| window == b"use "));
    let mut depth = 0usize;
    for (offset, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                let closed = (attribute && *byte == b']') || (*byte == b'}' && !is_use);
                if depth == 0 && closed {
                    return offset + 1;
                }
            }
            b';' if depth == 0 => return offset + 1,
            _ => {}
        }
    }
    bytes.len()
}
