//! A small tidy tree with one fault planted at a time: the rule finds it, at its line, and only it.

use crate::tidy::source::{Finding, Tree};
use crate::tidy::{homes, layout, ranks, sizes, words};

const RULES: [fn(&Tree) -> Vec<Finding>; 5] =
    [ranks::check, homes::check, layout::check, sizes::check, words::check];

fn tree() -> Tree {
    let mut tree = Tree::default();
    tree.insert("Cargo.toml", "[dependencies]\nthiserror = \"2\"\nhttparse = \"1\"\n");
    tree.insert("src/lib.rs", "//! The library.\n\npub mod hub;\npub mod limits;\npub mod log;\n");
    tree.insert("src/main.rs", "//! The binary.\nfn main() { unsafe { a() } }\n");
    tree.insert("src/limits.rs", "//! Bounds.\npub const A: u8 = 1;\n");
    tree.insert("src/log/mod.rs", "//! The log.\n\nmod reader;\n\npub use reader::{\n    Reader,\n};\n");
    tree.insert("src/log/reader.rs", "//! Reads.\nuse crate::limits::A;\npub struct Reader;\n");
    tree.insert("src/hub/mod.rs", "//! Out.\n#[cfg(test)]\nmod tests;\nmod tail;\npub use tail::Tail;\n");
    tree.insert("src/hub/tail.rs", "//! Tails.\nuse crate::log::Reader;\npub struct Tail(Reader);\n");
    tree.insert("src/hub/tests/mod.rs", "//! Tests.\nuse crate::server::anything;\n");
    tree
}

/// Puts `text` at `path` and expects one finding there, at `line`, that says `part`.
fn check(path: &str, text: &str, line: usize, part: &str) {
    let mut tree = tree();
    tree.insert(path, text);
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    let [finding] = findings.as_slice() else { panic!("{path}: {findings:?}") };
    assert_eq!((finding.path.as_str(), finding.line), (path, line), "{finding}");
    assert!(finding.message.contains(part), "{finding}");
}

#[test]
fn the_tree_without_a_fault_is_tidy() {
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree())).collect();
    assert_eq!(findings, []);
}

#[test]
fn imports_up_and_sideways() {
    check(
        "src/log/reader.rs",
        "//! R.\n\nuse crate::hub::Tail;\n",
        3,
        "`log` (rank 3) may not use `crate::hub`",
    );
    check("src/log/reader.rs", "//! R.\nfn a() { crate::http::pairs() }\n", 2, "`crate::http`");
    check("src/limits.rs", "//! L.\nuse crate::log::Reader;\n", 2, "(rank 0)");
    check("src/hub/tail.rs", "//! T.\nuse crate::{log::Reader, limits};\n", 2, "one `use");
    check("src/hub/tail.rs", "//! T.\nuse super::server::Server;\n", 2, "full path");
    check("src/hub/tail.rs", "//! T.\nuse crate::log::*;\n", 2, "glob");
}

#[test]
fn crates_away_from_home_and_without_one() {
    check("src/hub/tail.rs", "//! T.\n\nuse httparse::Request;\n", 3, "`httparse` lives in http");
    check("src/main.rs", "//! M.\nfn main() { ureq::get(unsafe { a() }) }\n", 2, "`ureq` lives in cli");
    check("Cargo.toml", "[dependencies]\nleftpad = \"1\"\n", 1, "`leftpad` has no home");
}

#[test]
fn unsafe_outside_its_files() {
    let mut listed = tree();
    listed.insert("src/log/map.rs", "//! Maps.\nfn a() { safe() }\n");
    assert!(homes::check(&listed)[0].message.contains("has none"));
    listed.insert("src/log/map.rs", "//! Maps.\nfn a() { unsafe { b() } }\n");
    assert_eq!(homes::check(&listed), []);
    check("src/hub/tail.rs", "//! T. Not unsafe here.\nfn a() { unsafe { b() } }\n", 2, "UNSAFE_FILES");
}

#[test]
fn files_nobody_declares() {
    check("src/hub/lost.rs", "//! Lost.\n", 1, "no `mod` line");
    check("src/limits/deep.rs", "//! Lost.\n", 1, "no `mod` line");
    check("loadtest/src/lost.rs", "//! Lost.\n", 1, "no `mod` line");
}

#[test]
fn files_named_by_a_path_are_declared() {
    let mut tree = tree();
    tree.insert(
        "tests/a.rs",
        "//! A.\n#[path = \"a/part.rs\"]\nmod part;\n#[path = \"../fuzz/bodies/b.rs\"]\nmod b;\nmod lost;\n",
    );
    tree.insert("tests/a/part.rs", "//! P.\n");
    tree.insert("fuzz/bodies/b.rs", "//! B.\n");
    assert_eq!(layout::check(&tree), []);
    tree.insert("tests/a/lost.rs", "//! L.\n");
    assert_eq!(layout::check(&tree).len(), 1, "`mod lost;` in tests/a.rs means tests/lost.rs");
}

#[test]
fn drawers() {
    check("src/lib.rs", "//! L.\npub mod hub;\npub mod limits;\npub mod log;\nfn a() {}\n", 5, "export list");
    let mut tree = tree();
    tree.insert("src/hub/mod.rs", "//! O.\nmod tail;\nmod tests;\nmod utils;\n");
    tree.insert("src/hub/utils.rs", "//! U.\n");
    let findings = layout::check(&tree);
    assert!(findings.iter().any(|finding| finding.message.contains("a drawer")), "{findings:?}");
}

#[test]
fn export_lists_that_hold_more() {
    let list = "//! The log.\nmod reader;\npub use reader::Reader;\n";
    check("src/log/mod.rs", &format!("{list}pub struct Open {{\n    a: u8,\n}}\n"), 4, "export list");
    check("src/log/mod.rs", &format!("{list}\npub fn open() -> u8 {{ 1 }}\n"), 5, "export list");
    check("src/log/mod.rs", &format!("{list}mod inner {{ use a; }}\n"), 4, "export list");
}

#[test]
fn sizes_over_the_line() {
    let body = "    call();\n".repeat(78);
    check("src/limits.rs", &format!("//! L.\n\nfn eighty() {{\n{body}}}\n"), 3, "`eighty` has 80 lines");
    let body = "    call();\n".repeat(68);
    let mut fits = tree();
    fits.insert("src/limits.rs", &format!("//! L.\nfn seventy(a: [u8; 4]) {{\n{body}}}\n"));
    assert_eq!(sizes::check(&fits), []);
    check("src/limits.rs", &format!("//! L.\n{}", "const A: u8 = 1;\n".repeat(400)), 401, "401 lines");
    check("src/limits.rs", &format!("//! L.\n// {}\n", "ü".repeat(118)), 2, "121 columns");
}

#[test]
fn no_purpose_and_unfinished_work() {
    check("src/limits.rs", "pub const A: u8 = 1;\n", 1, "//!");
    check("src/limits.rs", concat!("//! L.\n// FIX", "ME later\n"), 2, "unfinished");
    check("src/limits.rs", concat!("//! L.\nfn a() { db", "g!(1) }\n"), 2, "unfinished");
}
