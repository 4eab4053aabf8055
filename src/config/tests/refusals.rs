//! What is refused, and that the sentence names the place, the cause and the cure.

use crate::config::tests::support::{World, args};

fn check(world: &World<'_>, parts: &[&str]) {
    let sentence = world.refusal();
    for part in parts {
        assert!(sentence.contains(part), "{sentence:?} does not say {part:?}");
    }
}

#[test]
fn bad_values_name_the_flag_and_the_range() {
    let cases: [(&str, &[&str]); 26] = [
        ("--segment-bytes 4194305", &["multiple of 4096", "4194304"]),
        ("--segment-bytes 3MiB", &["--segment-bytes", "3MiB", "4 to 512 MiB"]),
        ("--segment-bytes 513MiB", &["4 to 512 MiB"]),
        ("--segment-bytes 64MB", &["a number with KiB, MiB, GiB or TiB"]),
        ("--retain-bytes 64MB", &["--retain-bytes", "\"64MB\" is not a size"]),
        ("--retain-bytes 2097152T", &["0 to 1048576 TiB"]),
        ("--retain-bytes 0", &["--retain-bytes 0 is less than three segments", "at least 402653184"]),
        (
            "--retain-bytes 11M --segment-bytes 4M",
            &["11534336", "4194304", "12582912", "smaller --segment-bytes"],
        ),
        ("--retain-age 7", &["--retain-age", "\"7\" is not an age", "like 90s, 12h or 7d"]),
        ("--retain-age 1w", &["not an age"]),
        ("--retain-age 0d", &["1s to 36500d"]),
        ("--retain-age 99999999999999999999d", &["not an age"]),
        ("--min-free-bytes some", &["--min-free-bytes", "not a size"]),
        ("--segment-bytes 99999999999999999999999999", &["not a size"]),
        ("--listen localhost", &["--listen", "127.0.0.1:3001"]),
        ("--workers 0", &["--workers", "1 to 256"]),
        ("--workers -1", &["--workers"]),
        ("--max-connections many", &["whole number"]),
        ("--heartbeat-ms 99", &["100 to 3600000 milliseconds"]),
        ("--durability sometimes", &["commit, interval:"]),
        ("--heartbeat-ms 15s", &["\"15s\" is not a whole number of milliseconds, like 15000"]),
        ("--durability interval:x", &["\"interval:x\" is", "like interval:50"]),
        ("--durability interval:0", &["1 to 60000 milliseconds"]),
        ("--cors-origin *", &["--cors-origin", "https://app.example"]),
        ("--cors-origin https://app.example/page", &["nothing after them"]),
        ("--log-filter infoo", &["error, warn, info"]),
    ];
    for (line, parts) in cases {
        check(&args(line), parts);
    }
}

#[test]
fn other_machines_need_the_word_insecure() {
    for address in ["0.0.0.0:3001", "[::]:3001", "192.0.2.7:80", "[2001:db8::1]:80"] {
        check(&args(&format!("--listen {address}")), &[address, "--insecure", "127.0.0.1"]);
        assert!(args(&format!("--listen {address} --insecure")).config().insecure);
    }
    for address in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1"] {
        args(&format!("--listen {address}")).config();
    }
}

#[test]
fn unknown_keys_of_the_file_name_themselves_and_the_known_ones() {
    let file = |text| World { args: "--config tailwire.toml", file: Some(text), ..World::default() };
    check(
        &file("lisen = \"127.0.0.1:1\""),
        &["`lisen`", "did you mean `listen`", "known keys: listen, workers"],
    );
    check(&file("segment_bytes = 1"), &["did you mean `segment-bytes`"]);
    check(&file("[server]\nport = 1"), &["`server`", "known keys"]);
    check(&file("listen = "), &["tailwire.toml is not TOML", "line 1"]);
    check(&file("workers = 1.5"), &["`workers` in tailwire.toml: 1.5 is of the wrong kind"]);
    check(
        &file("insecure = \"yes\""),
        &["`insecure`", "\"yes\" is of the wrong kind", "write true or false"],
    );
    check(&file("cors-origin = [1]"), &["an array is of the wrong kind", "an array of strings"]);
    check(&file("heartbeat-ms = 5"), &["`heartbeat-ms` in tailwire.toml", "100 to"]);
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    check(&args("--config nowhere.toml"), &["nowhere.toml", "--config"]);
}

#[test]
fn the_environment_is_named_when_it_is_at_fault() {
    let env = [("TAILWIRE_WORKERS", "x")];
    check(&World { env: &env, ..World::default() }, &["TAILWIRE_WORKERS", "whole number"]);
}

#[test]
fn unknown_flags_and_words_are_refused() {
    for line in
        ["--lisen 127.0.0.1:1", "srve", "--listen 127.0.0.1:1 tail", "publish", "publish flown streamId=7"]
    {
        args(line).refusal();
    }
}
