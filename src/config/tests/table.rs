//! The settings table is sound, `--help` teaches it, and docs/operations.md repeats it word for word.

use crate::config::tests::support::args;
use crate::config::{Form, SETTINGS};

/// The table of docs/operations.md, as it must stand there.
fn table() -> String {
    let mut text = String::from("| flag | environment | default | what it does |\n|---|---|---|---|\n");
    for setting in SETTINGS {
        let (flag, default) = match setting.form {
            Form::Value(name) => (format!("`--{} {name}`", setting.name), format!("`{}`", setting.default)),
            Form::List(name) => (format!("`--{} {name}` …", setting.name), "none".to_owned()),
            Form::Switch => (format!("`--{}`", setting.name), "off".to_owned()),
            Form::Secret => (format!("none; `{}` in the file", setting.name), "none".to_owned()),
        };
        text.push_str(&format!("| {flag} | `{}` | {default} | {} |\n", setting.variable(), setting.help));
    }
    text
}

#[test]
fn the_operations_page_has_the_same_table() {
    let page = include_str!("../../../docs/operations.md");
    assert!(page.contains(&table()), "put this table into docs/operations.md:\n{}", table());
}

#[test]
fn help_names_every_setting_with_its_default() {
    let help = args("--help").refusal();
    for setting in SETTINGS {
        assert!(help.contains(&format!("--{}", setting.name)), "{} is missing", setting.name);
        assert!(help.contains(setting.group.heading()), "{} is missing", setting.group.heading());
    }
    for part in ["[default: 127.0.0.1:3001]", "TAILWIRE_HEARTBEAT_MS", "Examples:", "publish", "tail"] {
        assert!(help.contains(part), "{part:?} is missing in {help}");
    }
}

#[test]
fn names_are_unique_and_plain() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(setting.name.bytes().all(plain), "{}", setting.name);
        assert!(SETTINGS.iter().skip(index + 1).all(|other| other.name != setting.name), "{}", setting.name);
    }
}
