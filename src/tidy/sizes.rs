//! Sizes that keep code readable: a function on one screen, a file in one sitting, a line beside another.

use crate::tidy::source::{Finding, Tree, line_of, words};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// rustfmt holds code to 110 (rustfmt.toml) but leaves comments and strings alone; those get a little more.
const COLUMNS_MAX: usize = 120;

pub(in crate::tidy) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in tree.sources() {
        let mut find = |line: usize, message: String| {
            findings.push(Finding { path: path.to_owned(), line, message });
        };
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            find(
                lines,
                format!("{lines} lines; at most {FILE_LINES_MAX}: split it by what the parts are for"),
            );
        }
        for (index, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                find(index + 1, format!("{columns} columns; at most {COLUMNS_MAX}: break the line"));
            }
        }
        for (name, first, length) in functions(&file.code) {
            if length > FUNCTION_LINES_MAX {
                find(
                    first,
                    format!(
                        "`{name}` has {length} lines; at most {FUNCTION_LINES_MAX}: give a part its own name"
                    ),
                );
            }
        }
    }
    findings
}

/// Each function with a body: its name, its first line, and its length in lines from `fn` to the closing brace.
fn functions(code: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for offset in words(code, "fn") {
        let rest = &code[offset + "fn".len()..];
        let name = rest.trim_start().split(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        let Some(end) = body_end(code.as_bytes(), offset) else { continue };
        let first = line_of(code, offset);
        found.push((name, first, line_of(code, end) - first + 1));
    }
    found
}

/// The offset of the brace that closes the body of the function at `from`; `None` where it has no body.
fn body_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0usize, 0usize);
    for (offset, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' if braces == 0 => brackets += 1,
            b')' | b']' if braces == 0 => brackets = brackets.saturating_sub(1),
            b';' if braces == 0 && brackets == 0 => return None,
            b'{' if brackets == 0 => braces += 1,
            b'}' if braces == 1 => return Some(offset),
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    None
}
