//! The server under the unit's list of system calls, as an ordinary user without capabilities, on a machine of which it
//! may write its data directory alone. Any call outside the list ends it.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::filter::{allowed, file, numbers, unit};
use crate::life::{self, FLAGS};
use crate::support::{BINARY, Server, data_directory, get, run_to_end, skipped, until};

const NOBODY: u32 = 65_534;

#[test]
fn it_lives_as_an_ordinary_user_under_the_list() {
    let directory = data_directory();
    for first in [true, false] {
        let Some(server) = start(directory.path(), &unit(), &[]) else { return };
        let server = server.unwrap();
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
        for line in
            ["Uid:\t65534\t65534\t65534\t65534", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]
        {
            assert!(status.contains(line), "no {line:?} in {status}");
        }
        if first {
            life::morning(&server, &directory.path().join("data"));
        } else {
            life::evening(&server);
        }
        assert!(!server.log().contains("as root"), "{}", server.log());
        assert!(!server.log().contains("WARN"), "{}", server.log());
        assert!(server.terminate().success());
    }
}

/// The list is in force, and the rings need their place in it.
#[test]
fn without_the_rings_in_the_list_it_does_not_live() {
    for call in ["io_uring_setup", "io_uring_enter"] {
        let directory = data_directory();
        let without = unit() + &format!("\nSystemCallFilter=~{call}\n");
        // It may be lost at its start, or by the first request.
        match start(directory.path(), &without, &[]) {
            None => return,
            Some(Err((said, status))) => assert!(!status.success(), "{call}: {said}"),
            Some(Ok(server)) => assert!(!server.ended().success(), "{call}"),
        }
    }
}

/// Also what nobody may: the place beside the data, and a second look at what systemd would hide.
#[test]
fn it_may_write_nothing_else() {
    let directory = data_directory();
    let Some(server) = start(directory.path(), &unit(), &[]) else { return };
    let server = server.unwrap();
    assert_eq!(get(server.address, "/ready").status, 200);
    let mounts = std::fs::read_to_string(format!("/proc/{}/mounts", server.pid().as_raw_nonzero())).unwrap();
    let writable = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (place, options) = (words.next()?, words.nth(1)?);
        // The /dev that is seen is the last, and that is read-only.
        let kernel = ["/proc", "/sys", "/dev"].iter().any(|top| place.starts_with(top));
        (!kernel && options.split(',').any(|option| option == "rw")).then(|| place.to_owned())
    };
    assert!(mounts.contains("tailwire-test /dev tmpfs ro,"), "{mounts}");
    let data = directory.path().join("data").to_str().unwrap().to_owned();
    assert_eq!(mounts.lines().filter_map(writable).collect::<Vec<_>>(), [data], "{mounts}");
    assert!(server.terminate().success());
}

/// SIGHUP reads the keys again, from files that are its user's to read.
#[test]
fn keys_are_read_again_under_the_list() {
    let help = run_to_end(Command::new(BINARY).args(["serve", "--help"])).stdout;
    if !String::from_utf8(help).unwrap().contains("--jwt-secret-file") {
        skipped("reading keys again under the unit's list of system calls: this build has no keys");
        return;
    }
    let directory = data_directory();
    let key = directory.path().join("key");
    std::fs::write(&key, "a secret of a test, of 32 bytes or more").unwrap();
    rustix::fs::chmod(&key, 0o600.into()).unwrap();
    rustix::fs::chown(&key, Some(rustix::fs::Uid::from_raw(NOBODY)), None).unwrap();
    let flags = ["--jwt-secret-file", key.to_str().unwrap()];
    let Some(server) = start(directory.path(), &unit(), &flags) else { return };
    let server = server.unwrap();
    let read = |times| (server.log().matches("tokens are verified with").count() >= times).then_some(());
    until("the keys are read", || read(1));
    server.signal(Signal::HUP);
    until("the keys are read again", || read(2));
    assert_eq!(get(server.address, "/health").status, 200);
    assert!(server.terminate().success());
}

/// Starts it with the settings of the example. `None`, after a loud line: it is not possible here.
fn start(
    directory: &Path,
    unit: &str,
    flags: &[&str],
) -> Option<Result<Server, (String, std::process::ExitStatus)>> {
    if !rustix::process::geteuid().is_root() {
        skipped("a server under the unit's list of system calls: needs root, to become an ordinary user");
        return None;
    }
    let data = directory.join("data");
    std::fs::create_dir_all(&data).unwrap();
    rustix::fs::chown(&data, Some(rustix::fs::Uid::from_raw(NOBODY)), None).unwrap();
    rustix::fs::chmod(&data, 0o700.into()).unwrap();
    rustix::fs::chmod(directory, 0o755.into()).unwrap();
    std::fs::write(directory.join("calls"), list(unit)).unwrap();
    std::fs::copy(file("tests/deployed/under_filter.py"), directory.join("under_filter.py")).unwrap();
    std::fs::copy(file("deploy/tailwire.toml"), directory.join("tailwire.toml")).unwrap();

    let mut command = Command::new("unshare");
    command.args(["--mount", "sh"]).arg(file("tests/deployed/sandbox.sh")).arg(directory).arg(BINARY);
    command.args(["serve", "--config"]).arg(directory.join("tailwire.toml"));
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).args(FLAGS).args(flags);
    Some(Server::attempt(&mut command))
}

/// The numbers of the calls, a line each. Some names are other machines' alone.
fn list(unit: &str) -> String {
    let numbers = numbers();
    let known =
        allowed(unit).into_iter().filter_map(|name| numbers.get(&name).map(|number| format!("{number}\n")));
    let list: String = known.collect();
    assert!(list.lines().count() > 100, "{list}");
    list
}
