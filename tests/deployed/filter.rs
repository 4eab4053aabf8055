//! The unit file as text, and its list of system calls: by name as this machine's systemd understands it, and by number
//! as its C headers have it. What a call does is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use crate::support::run_to_end;

/// A file of this repository.
pub fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn unit() -> String {
    std::fs::read_to_string(file("deploy/systemd/tailwire.service")).unwrap()
}

/// What the unit gives a setting, one line each.
pub fn values<'a>(unit: &'a str, setting: &str) -> Vec<&'a str> {
    let named = |line: &'a str| line.strip_prefix(setting)?.strip_prefix('=');
    unit.lines().filter_map(named).collect()
}

/// The names of the calls that the unit lets through (systemd.exec(5), `SystemCallFilter=`).
pub fn allowed(unit: &str) -> BTreeSet<String> {
    let groups = groups();
    // Always let through when the list names what is allowed.
    let mut names = expanded(&groups, "@default");
    for line in values(unit, "SystemCallFilter") {
        let (takes_out, words) = line.strip_prefix('~').map_or((false, line), |rest| (true, rest));
        for name in words.split_whitespace().flat_map(|word| expanded(&groups, word)) {
            if takes_out {
                names.remove(&name);
            } else {
                names.insert(name);
            }
        }
    }
    names
}

/// The numbers of calls on this machine, by name.
pub fn numbers() -> BTreeMap<String, u32> {
    let mut command = Command::new("cc");
    command.args(["-dM", "-E", "-include", "sys/syscall.h", "-x", "c", "/dev/null"]);
    let output = run_to_end(&mut command);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let defined: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
        .filter(|(name, _)| name.starts_with("__NR"))
        .collect();
    let number = |value: &str| value.parse().ok().or_else(|| defined.get(value)?.parse().ok());
    let named =
        |(name, value): (&&str, &&str)| Some((name.strip_prefix("__NR_")?.to_owned(), number(value)?));
    defined.iter().filter_map(named).collect()
}

/// systemd's groups, each with what it names, groups among that.
fn groups() -> BTreeMap<String, Vec<String>> {
    let output = run_to_end(Command::new("systemd-analyze").args(["syscall-filter", "--no-pager"]));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut groups = BTreeMap::new();
    let mut members = None;
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.starts_with('@') {
            members = Some(groups.entry(line.trim().to_owned()).or_insert_with(Vec::new));
        } else if let Some(members) = members.as_mut().filter(|_| line.starts_with(' ')) {
            members.push(line.trim().to_owned());
        }
    }
    groups
}

fn expanded(groups: &BTreeMap<String, Vec<String>>, word: &str) -> BTreeSet<String> {
    if !word.starts_with('@') {
        return BTreeSet::from([word.to_owned()]);
    }
    let members = groups.get(word).unwrap_or_else(|| panic!("systemd knows no group {word}"));
    members.iter().flat_map(|member| expanded(groups, member)).collect()
}
