//! What the server makes is its user's alone: files of mode 0600 in directories of mode 0700, whatever the umask. A
//! directory that others may enter, and running as root, are told of once.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::life::{self, FLAGS};
use crate::support::{BINARY, Server, data_directory, get, publish, run_to_end, serve, topped_up, until};

const OPEN: &str = "so others on this machine may enter it";
const ROOT: &str = "running as root";

#[test]
fn all_that_a_busy_server_makes_is_its_own() {
    let directory = data_directory();
    let data = directory.path().join("above/data");
    let server = start("000", &directory.path().join("above"), FLAGS);
    life::morning(&server, &data);
    // A file that is in use is seen by its name; what came and went before is as the rest.
    let busy = modes(&data);
    assert!(server.terminate().success());
    for seen in [busy, modes(&data), damage_and_accept(directory.path()), damage_and_repair(directory.path())]
    {
        assert_private(&seen);
        for needed in ["LOCK", "META", "MEMORY", "CHECKPOINT.a", "CHECKPOINT.b", ".seg", ".idx"] {
            assert!(seen.keys().any(|name| name.ends_with(needed)), "no {needed} in {seen:?}");
        }
    }
    // The directories above it are made as closely.
    assert_eq!(directory.path().join("above").metadata().unwrap().mode() & 0o7777, 0o700);
}

/// A umask that takes everything away would leave files that nobody can open again.
#[test]
fn a_umask_that_takes_all_away_is_as_harmless() {
    let directory = data_directory();
    for id in ["1", "2"] {
        let server = start("777", directory.path(), FLAGS);
        assert_eq!(publish(server.address, &topped_up("1", "1")), id);
        assert!(server.terminate().success());
        assert_private(&modes(&directory.path().join("data")));
    }
}

#[test]
fn an_open_directory_is_told_of_once_with_the_cure() {
    let directory = data_directory();
    let data = directory.path().join("data");
    for (mode, told) in [(0o755, 1), (0o770, 1), (0o701, 1), (0o700, 0)] {
        std::fs::create_dir_all(&data).unwrap();
        rustix::fs::chmod(&data, mode.into()).unwrap();
        let server = Server::start(directory.path(), &[]);
        assert_eq!(get(server.address, "/ready").status, 200);
        let log = server.log();
        assert_eq!(log.matches(OPEN).count(), told, "{mode:o}: {log}");
        let cure = format!("chmod -R go-rwx {}", data.display());
        assert_eq!(log.matches(&cure).count(), told, "{mode:o}: {log}");
        assert_eq!(log.matches(&format!("mode {mode:04o}")).count(), told, "{mode:o}: {log}");
    }
    // What it was told of, it has not changed by itself.
    assert_eq!(data.metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn root_is_told_that_it_is_not_needed() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    assert_eq!(get(server.address, "/ready").status, 200);
    let told = server.log().matches(ROOT).count();
    assert_eq!(told, usize::from(rustix::process::geteuid().is_root()), "{}", server.log());
}

/// A damaged segment that a start with `--accept-gap` puts aside.
fn damage_and_accept(directory: &Path) -> BTreeMap<String, u32> {
    let data = directory.join("above/data");
    damage(&data);
    let server = start("000", &directory.join("above"), &[FLAGS, &["--accept-gap"]].concat());
    life::evening(&server);
    assert!(server.terminate().success());
    with_bad(&data)
}

/// Another, that `tailwire log repair` mends.
fn damage_and_repair(directory: &Path) -> BTreeMap<String, u32> {
    let data = directory.join("above/data");
    let bad = |seen: &BTreeMap<String, u32>| seen.keys().filter(|name| name.ends_with(".bad")).count();
    let before = bad(&modes(&data));
    damage(&data);
    let mut command = with_umask("000");
    command.args([BINARY, "log", "repair", "--yes", "--data-dir"]).arg(&data);
    let output = run_to_end(&mut command);
    assert!(output.status.success(), "{output:?}");
    let seen = with_bad(&data);
    assert!(bad(&seen) > before, "{seen:?}");
    seen
}

/// Makes the newest segment's header unreadable.
fn damage(data: &Path) {
    let names = modes(data).into_keys().filter(|name| name.ends_with(".seg"));
    let last = data.join(names.max().unwrap());
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[..4096].fill(0xAA);
    let file = std::fs::OpenOptions::new().write(true).open(&last).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes[..4096], 0).unwrap();
}

fn with_bad(data: &Path) -> BTreeMap<String, u32> {
    let seen = modes(data);
    assert!(seen.keys().any(|name| name.ends_with(".bad")), "{seen:?}");
    seen
}

/// The mode of everything below `data`, and of itself, by its path from there; directories end in `/`.
fn modes(data: &Path) -> BTreeMap<String, u32> {
    let mut seen = BTreeMap::new();
    let mut open = vec![data.to_owned()];
    while let Some(path) = open.pop() {
        // It may have been a temporary file.
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let mut name = path.strip_prefix(data).unwrap().to_str().unwrap().to_owned();
        if metadata.is_dir() {
            name.push('/');
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        seen.insert(name, metadata.mode() & 0o7777);
    }
    seen
}

fn assert_private(seen: &BTreeMap<String, u32>) {
    for (name, mode) in seen {
        let wanted = if name.ends_with('/') { 0o700 } else { 0o600 };
        assert_eq!(*mode, wanted, "{name} has mode {mode:04o}");
    }
}

fn start(umask: &str, directory: &Path, flags: &[&str]) -> Server {
    let server = Server::attempt(serve(with_umask(umask).arg(BINARY), directory, flags)).unwrap();
    until("it is ready", || (get(server.address, "/ready").status == 200).then_some(()));
    server
}

/// The rest of the command runs with this umask.
fn with_umask(umask: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask \"$0\" && exec \"$@\"", umask]);
    command
}
