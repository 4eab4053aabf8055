//! Flag over environment over file over default, one setting at a time, and never a mixture within one.

use crate::config::tests::support::World;

const FILE: &str =
    "heartbeat-ms = 4000\nworkers = \"2\"\nstrict-addresses = true\ncors-origin = [\"https://file.example\"]";

fn check(args: &str, env: &[(&str, &str)], file: Option<&str>, heartbeat_ms: u64) {
    let config = World { args, env, file }.config();
    assert_eq!(config.heartbeat_ms, heartbeat_ms, "{args} {env:?}");
}

#[test]
fn the_nearest_place_wins() {
    let env = [("TAILWIRE_HEARTBEAT_MS", "3000")];
    let named = [("TAILWIRE_HEARTBEAT_MS", "3000"), ("TAILWIRE_CONFIG", "tailwire.toml")];
    let file_only = [("TAILWIRE_CONFIG", "tailwire.toml")];
    check("--config tailwire.toml --heartbeat-ms 2000", &env, Some(FILE), 2000);
    check("--config tailwire.toml", &env, Some(FILE), 3000);
    check("", &named, Some(FILE), 3000);
    check("", &file_only, Some(FILE), 4000);
    check("serve --config tailwire.toml", &[], Some(FILE), 4000);
    check("", &[], Some(FILE), 15_000);
}

#[test]
fn an_empty_variable_is_not_set() {
    check("", &[("TAILWIRE_HEARTBEAT_MS", "")], None, 15_000);
}

#[test]
fn switches_and_lists_come_from_every_place() {
    let file = World { args: "--config tailwire.toml", file: Some(FILE), ..World::default() }.config();
    assert!(file.strict_addresses);
    assert_eq!(file.workers, Some(2));
    assert_eq!(file.cors_origins, ["https://file.example"]);

    let env = [
        ("TAILWIRE_STRICT_ADDRESSES", "0"),
        ("TAILWIRE_CORS_ORIGIN", "https://a.example, https://b.example"),
    ];
    let env = World { args: "--config tailwire.toml", env: &env, file: Some(FILE) }.config();
    assert!(!env.strict_addresses, "the environment can turn off what the file turns on");
    assert_eq!(
        env.cors_origins,
        ["https://a.example", "https://b.example"],
        "lists replace, they do not add up"
    );
}
