//! Every system call of a busy server, from its first to its last, is one that the unit lets through.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::filter::{allowed, unit, values};
use crate::life::{self, FLAGS};
use crate::support::{BINARY, Server, data_directory, serve, skipped, strace, until};

/// Calls without which the trace shows no whole day.
const EXPECTED: &[&str] = &[
    "accept4",
    "execve",
    "fallocate",
    "fdatasync",
    "flock",
    "io_uring_enter",
    "io_uring_setup",
    "mincore",
    "pread64",
    "pwrite64",
    "rename",
    "sched_setaffinity",
    "sched_setattr",
    "unlink",
];

#[test]
fn every_call_is_in_the_list() {
    let directory = data_directory();
    if let Some(why) = strace::impossible(directory.path()) {
        skipped(&format!("the system calls of a day: {why}"));
        return;
    }
    let traces = [day(directory.path(), "first", true), day(directory.path(), "second", false)];
    let lines = || traces.iter().flat_map(|trace| trace.lines());
    let made: BTreeSet<String> = lines().filter_map(call).map(|(name, _)| name.to_owned()).collect();
    let missing: Vec<_> = EXPECTED.iter().filter(|name| !made.contains(**name)).collect();
    assert!(missing.is_empty(), "a day without {missing:?}: {made:?}");

    assert_eq!(refused(&made, &unit()), Vec::<&str>::new(), "made, and not in SystemCallFilter=");
    // What is looked for is found.
    let without_ring = unit() + "\nSystemCallFilter=~io_uring_enter\n";
    assert_eq!(refused(&made, &without_ring), ["io_uring_enter"]);
    assert_eq!(refused(&made, &unit().replace("SystemCallFilter=mincore\n", "")), ["mincore"]);

    for (name, line) in lines().filter_map(call) {
        let executable = line.contains("PROT_EXEC") && (line.contains("PROT_WRITE") || name != "mmap");
        assert!(!executable, "MemoryDenyWriteExecute= refuses {line}");
        let families = values(&unit(), "RestrictAddressFamilies").concat();
        let family = line.split_once("socket(").and_then(|(_, rest)| rest.split_once(','));
        if let Some((family, _)) = family.filter(|_| name == "socket") {
            assert!(families.split_whitespace().any(|one| one == family), "{line}");
        }
    }
}

/// The trace of a server that comes, has its day and goes.
fn day(directory: &Path, name: &str, first: bool) -> String {
    let trace = directory.join(name);
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-s", "8", "-e", "signal=none", "-o"]).arg(&trace).arg(BINARY);
    let server = Server::attempt(serve(&mut command, directory, FLAGS)).unwrap();
    if first {
        life::morning(&server, &directory.join("data"));
        // Not in order: the next start recovers.
        server.kill();
    } else {
        life::evening(&server);
        assert!(server.terminate().success());
    }
    let mut seen = 0;
    until("the trace is complete", || {
        let text = std::fs::read_to_string(&trace).unwrap();
        let complete = std::mem::replace(&mut seen, text.len()) == text.len();
        complete.then_some(text)
    })
}

/// Name and line of a call as it begins: `PID name(…`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (_, line) = line.split_once(' ')?;
    let (name, _) = line.trim_start().split_once('(')?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some((name, line))
}

fn refused<'a>(made: &'a BTreeSet<String>, unit: &str) -> Vec<&'a str> {
    let allowed = allowed(unit);
    made.iter().filter(|name| !allowed.contains(*name)).map(String::as_str).collect()
}
