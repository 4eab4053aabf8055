//! The unit file and the example settings, as systemd and the server read them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::filter::{allowed, file, unit, values};
use crate::support::{BINARY, Server, data_directory, run_to_end, skipped};

/// Ten times the exposure that `systemd-analyze security` may find; from 0, "locked up", to 100. Today it is 10.
const EXPOSURE_MAX: &str = "12";

#[test]
fn systemd_takes_it() {
    let Some(analyze) = Analyze::with(&unit()) else { return };
    let output = run_to_end(Command::new("systemd-analyze").arg("verify").arg(&analyze.unit));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
}

#[test]
fn systemd_finds_it_confined() {
    let Some(analyze) = Analyze::with(&unit()) else { return };
    assert_eq!(analyze.is_confined(), Ok(()));
    // The bound is one that a single slip does not keep.
    for forgotten in [
        &["CapabilityBoundingSet="][..],
        &["DynamicUser=", "User="],
        &["RestrictNamespaces="],
        &["SystemCallFilter="],
        &["ProtectKernelTunables=", "ProtectKernelModules=", "ProtectKernelLogs="],
    ] {
        let is_kept = |line: &&str| !forgotten.iter().any(|setting| line.starts_with(setting));
        let kept: Vec<_> = unit().lines().filter(is_kept).map(str::to_owned).collect();
        assert!(kept.len() + forgotten.len() <= unit().lines().count(), "{forgotten:?}");
        let analyze = Analyze::with(&kept.join("\n")).unwrap();
        assert!(analyze.is_confined().is_err(), "a unit without {forgotten:?} goes unseen");
    }
}

#[test]
fn its_list_has_no_call_that_needs_a_privilege_or_reads_another_process() {
    let Some(_possible) = Analyze::with(&unit()) else { return };
    let allowed = allowed(&unit());
    for call in "add_key bpf chown init_module kexec_load keyctl memfd_create mount open_by_handle_at perf_event_open \
                 process_vm_readv ptrace reboot setuid shmat swapon userfaultfd"
        .split_whitespace()
    {
        assert!(!allowed.contains(call), "{call}");
    }
}

#[test]
fn a_stop_has_the_time_that_draining_takes() {
    let unit = unit();
    let seconds: u64 = values(&unit, "TimeoutStopSec")[0].parse().unwrap();
    let example = std::fs::read_to_string(file("deploy/tailwire.toml")).unwrap();
    let drain =
        example.lines().find_map(|line| line.trim_start_matches('#').strip_prefix("drain-timeout-ms = "));
    let drain_ms: u64 = drain.unwrap().parse().unwrap();
    assert!(drain_ms + 10_000 <= seconds * 1000, "{drain_ms} ms, {seconds} s");
}

/// As it is, and with every line in effect that is a comment.
#[test]
fn the_example_settings_are_settings() {
    let example = std::fs::read_to_string(file("deploy/tailwire.toml")).unwrap();
    let all: String = example.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
    assert!(
        all.matches(" = ").count() > example.matches("\n#").count() / 4,
        "nothing was uncommented: {all}"
    );
    for settings in [example, all] {
        let directory = data_directory();
        let config = directory.path().join("tailwire.toml");
        std::fs::write(&config, settings).unwrap();
        let server = Server::start(directory.path(), &["--config", config.to_str().unwrap()]);
        assert!(server.terminate().success());
    }
}

/// `#key = value` in effect; sentences have a space behind their `#`.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#')
        .filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .unwrap_or(line)
}

/// A copy of the unit that names this build.
struct Analyze {
    unit: PathBuf,
    _directory: tempfile::TempDir,
}

impl Analyze {
    /// `None`, after a loud line: there is no systemd-analyze.
    fn with(unit: &str) -> Option<Self> {
        if let Err(error) = Command::new("systemd-analyze").arg("--version").output() {
            skipped(&format!("what systemd says of the unit: systemd-analyze cannot be run ({error})"));
            return None;
        }
        let directory = data_directory();
        let path = directory.path().join("tailwire.service");
        assert!(unit.contains("ExecStart=/usr/local/bin/tailwire serve --config "));
        std::fs::write(&path, unit.replace("/usr/local/bin/tailwire", Path::new(BINARY).to_str().unwrap()))
            .unwrap();
        Some(Self { unit: path, _directory: directory })
    }

    fn is_confined(&self) -> Result<(), String> {
        let mut command = Command::new("systemd-analyze");
        command
            .args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX])
            .arg(&self.unit);
        let output = run_to_end(&mut command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Overall exposure level"), "{output:?}");
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}
