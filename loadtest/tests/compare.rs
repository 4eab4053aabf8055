//! `loadtest compare` from the command line to its files, with the two contenders that need no installing and
//! in tiny sizes: what it prints, what it writes, and that a contender that fails does not break it off.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const TINY: &str = "--subjects loop,tailwire --stages narrow,saturate16,replay --rounds 1 --subscribers 3 --rate 20 \
    --seconds 1 --saturate-ms 60 --saturate-events 300 --replay-subscribers 2 --replay-events 700";

fn compare(tailwire: &Path, directory: &Path) -> Output {
    let file = |name: &str| directory.join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.arg("compare").args(TINY.split_whitespace()).arg("--tailwire").arg(tailwire);
    command.arg("--data-dir").arg(directory);
    command.arg("--json").arg(file("compare.json")).arg("--svg").arg(file("compare.svg"));
    command.output().unwrap()
}

fn json(directory: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(directory.join("compare.json")).unwrap()).unwrap()
}

/// The server's binary beside the tool's, built if it is not there yet.
fn tailwire() -> PathBuf {
    let tool = Path::new(env!("CARGO_BIN_EXE_loadtest"));
    let server = tool.with_file_name("tailwire");
    if !server.exists() {
        let target = tool.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "tailwire", "--bin", "tailwire", "--target-dir"]).arg(target);
        assert!(build.status().unwrap().success(), "tailwire cannot be built");
    }
    server
}

#[test]
fn two_contenders_are_measured_and_told_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    let output = compare(&tailwire(), directory.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for part in ["send loop", "tailwire", "accounts EXACT", "replay, 2 subscribers × 700 events", "none"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(text.contains("without durable-streams"), "goals name who is missing:\n{text}");

    let json = json(directory.path());
    for figure in json["figures"].as_array().unwrap() {
        let median = |who: &str| figure["values"][who]["median"].as_f64();
        // So few deliveries may cost less than the tick of 10 ms that CPU is counted in.
        let may_lack = figure["measure"] == "cpuRatioToLoop";
        assert!(may_lack || median("tailwire").is_some_and(|value| value >= 0.0), "{figure}");
        let has_log = figure["stage"] != "replay";
        assert!(
            may_lack || median("sendLoop").is_some() == has_log,
            "the send loop replays nothing: {figure}"
        );
    }
    let frames = json["figures"].as_array().unwrap().iter().find(|one| one["measure"] == "framesPerSecond");
    assert!(frames.unwrap()["values"]["tailwire"]["median"].as_f64().unwrap() > 0.0);
    let svg = std::fs::read_to_string(directory.path().join("compare.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(">tailwire<"), "{svg}");
}

#[test]
fn a_contender_that_fails_is_told_and_the_others_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let output = compare(Path::new("/bin/false"), directory.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.matches("FAULT tailwire, ").count(), 3, "once a stage:\n{text}");
    assert!(text.contains("before it was ready"), "{text}");
    let json = json(directory.path());
    assert!(json["figures"][0]["values"]["sendLoop"]["median"].as_f64().is_some(), "{json}");
    assert_eq!(json["faults"].as_array().map(Vec::len), Some(3), "{json}");
}

#[test]
fn without_tailwire_there_is_no_comparison() {
    let directory = tempfile::tempdir().unwrap();
    let output = compare(Path::new("/nonexistent/tailwire"), directory.path());
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("/nonexistent/tailwire is not there") && told.contains("cargo build"), "{told}");
}
