//! Each third-party crate has a home, and `unsafe` stands in few files, so that either can be replaced or audited.

use crate::tidy::ranks::module_of;
use crate::tidy::source::{Finding, Tree, is_test, line_of, words};

/// Anywhere: these shape types and say nothing about what a module does.
const ANYWHERE: &[&str] = &["*"];

/// Where each dependency may be named.
const HOMES: &[(&str, &[&str])] = &[
    ("arc-swap", &["auth", "log"]),
    ("aws-lc-rs", &["auth"]),
    ("base64", &["auth"]),
    ("bytes", &["http", "server"]),
    ("clap", &["config"]),
    ("crc32c", &["log"]),
    ("crossbeam", &["ingest", "server"]),
    ("foldhash", &["hub", "ingest"]),
    ("hashbrown", &["hub", "server"]),
    ("http", &["http", "server"]),
    ("httparse", &["http"]),
    ("httpdate", &["http", "server"]),
    ("indicatif", &["cli"]),
    ("io-uring", &["server"]),
    ("ipnet", &["config", "server"]),
    ("jiff", &["server", "cli"]),
    ("jsonwebtoken", &["auth"]),
    ("libc", &["app", "log", "server"]),
    ("memchr", &["event"]),
    ("memmap2", &["log"]),
    ("mimalloc", &["main"]),
    ("monoio", &["server"]),
    ("rustix", ANYWHERE),
    ("serde", &["auth", "config"]),
    ("serde_json", &["auth"]),
    ("simd-json", &["event", "cli"]),
    ("siphasher", &["topic"]),
    ("slab", &["hub", "server"]),
    ("socket2", &["server"]),
    ("thiserror", ANYWHERE),
    ("toml", &["config"]),
    ("tracing", &["server", "ingest", "app"]),
    ("tracing-subscriber", &["app"]),
    ("ureq", &["cli"]),
    ("zerocopy", &["log"]),
    ("zeroize", &["auth", "cli", "config"]),
];

/// The files that may hold `unsafe`. Each use has its `SAFETY` comment (clippy sees to that).
const UNSAFE_FILES: &[&str] = &[
    "models/src/memory/file.rs",
    "loadtest/src/chaos/cutting.rs",
    "src/app/signals.rs",
    "src/app/threads.rs",
    "src/log/map.rs",
    "src/main.rs",
    "src/server/ring.rs",
    "src/server/socket.rs",
    "src/server/tcp_info.rs",
    "tests/steps/counting.rs",
    "tests/support/device.rs",
];

pub(in crate::tidy) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = dependencies(tree);
    for (path, file) in tree.sources() {
        findings.extend(unsafe_uses(path, &file.code));
        if !path.starts_with("src/") || is_test(path) {
            continue;
        }
        let module = module_of(path).unwrap_or(if path == "src/main.rs" { "main" } else { "" });
        for (name, homes) in HOMES.iter().filter(|(_, homes)| *homes != ANYWHERE) {
            if homes.contains(&module) {
                continue;
            }
            findings.extend(uses(&file.code, &name.replace('-', "_")).map(|offset| Finding {
                path: path.to_owned(),
                line: line_of(&file.code, offset),
                message: format!("`{name}` lives in {}: call that module instead", homes.join(" and ")),
            }));
        }
    }
    findings
}

/// `unsafe` where it is not listed, and a listing that is needed no more.
fn unsafe_uses(path: &str, code: &str) -> Vec<Finding> {
    let find = |line: usize, message: &str| Finding {
        path: path.to_owned(),
        line,
        message: format!("{message} (UNSAFE_FILES, src/tidy/homes.rs)"),
    };
    let uses = words(code, "unsafe").map(|offset| line_of(code, offset));
    match UNSAFE_FILES.contains(&path) {
        false => uses
            .map(|line| find(line, "`unsafe` in a file not listed for it: do without, or list it"))
            .collect(),
        true if uses.count() == 0 => vec![find(1, "listed for `unsafe` and has none: take it off the list")],
        true => Vec::new(),
    }
}

/// Every dependency has a row in HOMES.
fn dependencies(tree: &Tree) -> Vec<Finding> {
    let Some(manifest) = tree.get("Cargo.toml") else { return Vec::new() };
    let table: toml::Table = manifest.text.parse().unwrap();
    let names = table.get("dependencies").and_then(toml::Value::as_table);
    let homeless = names
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|name| HOMES.iter().all(|(known, _)| known != name));
    homeless
        .map(|name| Finding {
            path: "Cargo.toml".to_owned(),
            line: 1,
            message: format!(
                "`{name}` has no home: name the module that may use it in HOMES, src/tidy/homes.rs"
            ),
        })
        .collect()
}

/// Where a path begins with this crate's name: `http::…` and `use http;`, but not `crate::http::…`.
fn uses<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(code, name).filter(move |offset| {
        let (before, after) = (&code[..*offset], &code[offset + name.len()..]);
        let path = after.starts_with("::") || (before.ends_with("use ") && after.starts_with(';'));
        path && !before.ends_with(':')
    })
}
