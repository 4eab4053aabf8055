//! A source tree as values, and Rust text with its comments and literals blanked out so that rules see code alone.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Text files by their path from the top of the repository, with `/` between the parts.
#[derive(Debug, Clone, Default)]
pub(in crate::tidy) struct Tree {
    files: BTreeMap<String, File>,
}

/// One file: its text, and its text with comments and literals blanked out, line for line and column for column.
#[derive(Debug, Clone)]
pub(in crate::tidy) struct File {
    pub(in crate::tidy) text: String,
    pub(in crate::tidy) code: String,
}

/// One broken rule: where, what, and the cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tidy) struct Finding {
    pub(in crate::tidy) path: String,
    pub(in crate::tidy) line: usize,
    pub(in crate::tidy) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl Tree {
    /// Reads the Rust sources and the manifest of the repository at `top`.
    pub(in crate::tidy) fn read(top: &Path) -> Self {
        let mut tree = Self::default();
        for folder in [
            "src",
            "loadtest/src",
            "models/src",
            "tests",
            "benches",
            "examples",
            "fuzz/bodies",
            "fuzz/fuzz_targets",
        ] {
            tree.read_folder(top, folder);
        }
        tree.insert("Cargo.toml", &std::fs::read_to_string(top.join("Cargo.toml")).unwrap());
        tree
    }

    fn read_folder(&mut self, top: &Path, folder: &str) {
        // Folders that do not exist are none of this check's business.
        for entry in std::fs::read_dir(top.join(folder)).into_iter().flatten().flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                self.read_folder(top, &path);
            } else if path.ends_with(".rs") {
                self.insert(&path, &std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    pub(in crate::tidy) fn insert(&mut self, path: &str, text: &str) {
        let code = if path.ends_with(".rs") { code(text) } else { text.to_owned() };
        self.files.insert(path.to_owned(), File { text: text.to_owned(), code });
    }

    pub(in crate::tidy) fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The Rust files.
    pub(in crate::tidy) fn sources(&self) -> impl Iterator<Item = (&str, &File)> {
        let rust = |(path, _): &(&String, &File)| path.ends_with(".rs");
        self.files.iter().filter(rust).map(|(path, file)| (path.as_str(), file))
    }
}

/// Whether a file is test code, which may use what it likes: under a `tests` folder, or in the tidy test itself.
pub(in crate::tidy) fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.starts_with("src/tidy/")
}

/// The line, counted from 1, on which the byte at `offset` stands.
pub(in crate::tidy) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// The offsets of `word` in `code` where it stands as a whole word.
pub(in crate::tidy) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(offset, _)| offset).filter(move |offset| {
        let before = offset.checked_sub(1).and_then(|before| bytes.get(before));
        !part(before) && !part(bytes.get(offset + word.len()))
    })
}

/// Blanks out comments, strings and characters; line ends stay.
pub(in crate::tidy) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end > at {
            out.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that begins at `at` ends; `at` itself where none begins.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'"', ..] => at + quoted(rest, 1, b'"'),
        [b'\'', b'\\', ..] => at + quoted(rest, 1, b'\''),
        // A character and not a lifetime: the closing quote follows one character, which may be several bytes.
        [b'\'', ..] => match std::str::from_utf8(&rest[1..rest.len().min(5)]) {
            Ok(text) => at + character(text),
            Err(error) => at + character(std::str::from_utf8(&rest[1..=error.valid_up_to()]).unwrap_or("")),
        },
        [b'r', ..] if !word_before => at + raw_string(rest, 1),
        [b'b' | b'c', b'r', ..] if !word_before => at + raw_string(rest, 2),
        _ => at,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    rest.len().min(at + 1)
}

/// The length of `'x'` of which `text` is what follows the first quote; 0 where it is a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), Some('\'')) if letter != '\'' => letter.len_utf8() + 2,
        _ => 0,
    }
}

/// The length of a raw string whose hashes begin at `from`; 0 where it is none.
fn raw_string(rest: &[u8], from: usize) -> usize {
    let hashes = rest[from..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(from + hashes) != Some(&b'"') {
        return 0;
    }
    let closing = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let body = from + hashes + 1;
    let end = rest[body..].windows(closing.len()).position(|window| window == closing);
    end.map_or(rest.len(), |end| body + end + closing.len())
}
