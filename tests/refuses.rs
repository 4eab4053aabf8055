//! A server that cannot do what it was asked says so in a sentence, ends with an error, and leaves nothing
//! behind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Server, Subscription, data_directory, get, publish, run_to_end, topped_up};

const BINARY: &str = env!("CARGO_BIN_EXE_tailwire");

/// Runs a command that must fail, and gives what it said on stderr.
fn refusal(command: &mut Command) -> String {
    let output = run_to_end(command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{command:?}: {} {said}", output.status);
    assert!(said.trim().contains(' '), "no sentence: {said:?}");
    for ugly in ["panicked", "Os {", "Err(", "RUST_BACKTRACE"] {
        assert!(!said.contains(ugly), "{ugly} in {said}");
    }
    said
}

fn serve(directory: &Path, listen: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["serve", "--listen", listen, "--data-dir"]).arg(directory.join("data")).args(flags);
    command
}

fn assert_says(said: &str, one_of: &[&str]) {
    let lower = said.to_ascii_lowercase();
    assert!(one_of.iter().any(|word| lower.contains(word)), "none of {one_of:?} in {said:?}");
}

fn assert_untouched(directory: &Path) {
    let left: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn a_public_address_needs_keys_or_a_word_for_it() {
    let directory = data_directory();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:3001"] {
        let said = refusal(&mut serve(directory.path(), listen, &[]));
        assert_says(&said, &["--insecure"]);
        assert_says(&said, &["127.0.0.1"]);
        assert_untouched(directory.path());
    }
    let server = Server::start_at("0.0.0.0:0", directory.path(), &["--insecure"]);
    let address = (std::net::Ipv4Addr::LOCALHOST, server.address.port()).into();
    assert_eq!(get(address, "/health").status, 200);
    // It stays in sight.
    let warning = "--insecure: everyone who reaches 0.0.0.0:";
    assert_eq!(server.log().matches(warning).count(), 1, "{}", server.log());
    let ready = get(address, "/ready").json();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["warning"], "open to everyone: started with --insecure");
    assert!(server.terminate().success());
    // On a loopback address the word allows nothing.
    let server = Server::start(directory.path(), &["--insecure"]);
    assert!(!get(server.address, "/ready").text().contains("warning"));
    assert!(!server.log().contains(warning), "{}", server.log());
}

#[test]
fn too_few_files_are_noticed_before_any_is_made() {
    let directory = data_directory();
    let limited = |limit: &str, flags: &[&str]| {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "ulimit -n \"$0\" && exec \"$@\"",
            limit,
            BINARY,
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]);
        command.arg("--data-dir").arg(directory.path().join("data")).args(flags);
        command
    };
    let said = refusal(&mut limited("300", &["--max-connections", "5000"]));
    assert_says(&said, &["nofile", "ulimit", "open files", "file limit"]);
    assert!(said.contains("5000") || said.contains("5,000") || said.contains("300"), "no number in {said:?}");
    assert_untouched(directory.path());
    let said = refusal(&mut limited("20", &[]));
    assert_says(&said, &["nofile", "ulimit", "open files", "file limit"]);
    assert_untouched(directory.path());
}

#[test]
fn a_second_server_on_the_same_port_is_refused() {
    let (directory, other) = (data_directory(), data_directory());
    let server = Server::start(directory.path(), &[]);
    let listen = server.address.to_string();
    let said = refusal(&mut serve(other.path(), &listen, &[]));
    assert_says(&said, &[&listen]);
    assert_says(&said, &["in use", "already"]);
    assert_untouched(other.path());
    for _ in 0..10 {
        assert_eq!(
            get(server.address, "/health").status,
            200,
            "the first server lost connections to the second"
        );
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    publish(server.address, &topped_up("1", "1"));
    let said = refusal(&mut serve(directory.path(), "127.0.0.1:0", &[]));
    assert_says(&said, &["lock", "in use", "already", "another"]);
    assert_says(&said, &["data"]);
    assert_eq!(publish(server.address, &topped_up("1", "1")), "2", "the first server was disturbed");
    // The lock ends with its owner, even when that was killed.
    server.kill();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?all=true&from=earliest");
    subscription.greeting();
    assert_eq!(subscription.ids(2), ["1", "2"]);
}

#[test]
fn a_wrong_setting_is_named() {
    let directory = data_directory();
    for (flags, named) in [
        (&["--no-such-flag"][..], "--no-such-flag"),
        (&["--workers", "0"], "workers"),
        (&["--workers", "many"], "workers"),
        (&["--segment-bytes", "5"], "segment-bytes"),
        (&["--segment-bytes", "99999999999"], "segment-bytes"),
        (&["--durability", "perhaps"], "durability"),
        (&["--durability", "interval:soon"], "durability"),
        (&["--heartbeat-ms", "0"], "heartbeat-ms"),
        (&["--max-connections", "0"], "max-connections"),
    ] {
        let said = refusal(&mut serve(directory.path(), "127.0.0.1:0", flags));
        assert_says(&said.replace('_', "-"), &[named]);
        assert_untouched(directory.path());
    }
    let said = refusal(&mut serve(directory.path(), "nowhere", &[]));
    assert_says(&said, &["listen", "nowhere"]);
    assert_untouched(directory.path());
    let said = refusal(Command::new(BINARY).arg("swerve"));
    assert_says(&said, &["swerve"]);
}

#[test]
fn a_data_directory_that_cannot_be_one_is_refused() {
    let directory = data_directory();
    std::fs::write(directory.path().join("data"), "a file").unwrap();
    let said = refusal(&mut serve(directory.path(), "127.0.0.1:0", &[]));
    assert_says(&said, &["data"]);
    assert_eq!(std::fs::read(directory.path().join("data")).unwrap(), b"a file");
}
