//! Keys of a running server: bad ones are refused at start, and SIGHUP exchanges them without an end to anything.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use support::{BINARY, Server, data_directory, get, run_to_end, until};

const SECRET: &str = "a secret of the tests, long enough for HS256";

/// Waits for the `count`th time that the log says this.
fn logged(server: &Server, words: &str, count: usize) {
    until(words, || (server.log().matches(words).count() >= count).then_some(()));
}

fn start(directory: &Path, secret: &Path) -> Server {
    Server::start_at("0.0.0.0:0", directory, &["--jwt-secret-file", secret.to_str().unwrap()])
}

#[test]
fn keys_are_exchanged_by_sighup() {
    let directory = data_directory();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
    let server = start(directory.path(), &secret);
    logged(&server, "verified with these keys", 1);
    logged(&server, "everybody on this machine may read it", 1);
    std::fs::write(&secret, "hunter2").unwrap();
    server.signal(Signal::HUP);
    logged(&server, "the keys were not exchanged", 1);
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&secret, SECRET.to_ascii_uppercase()).unwrap();
    server.signal(Signal::HUP);
    logged(&server, "verified with these keys", 2);
    let log = server.log();
    assert_eq!(log.matches("everybody on this machine").count(), 1, "{log}");
    for hidden in ["hunter2", SECRET, &SECRET.to_ascii_uppercase()] {
        assert!(!log.contains(hidden), "{log}");
    }
    let address = (std::net::Ipv4Addr::LOCALHOST, server.address.port()).into();
    assert_eq!(get(address, "/health").status, 200);
    assert!(server.terminate().success());
}

#[test]
fn sighup_without_keys_ends_nothing() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    server.signal(Signal::HUP);
    logged(&server, "no keys to read again", 1);
    assert_eq!(get(server.address, "/health").status, 200);
    assert!(server.terminate().success());
}

#[test]
fn a_bad_key_is_a_start_that_fails_before_any_file_is_made() {
    let directory = data_directory();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    let data = directory.path().join("data");
    let mut command = Command::new(BINARY);
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).arg("--jwt-secret-file").arg(&secret);
    let output = run_to_end(&mut command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("shorter than 32 bytes") && said.contains("openssl rand"), "{said}");
    assert!(!said.contains("hunter2") && !data.exists(), "{said}");
}
