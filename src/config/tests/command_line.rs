//! `tailwire`, `tailwire serve` and `tailwire --flag` are one command; the values of every flag arrive.

use std::path::PathBuf;

use crate::config::tests::support::args;
use crate::config::{Config, KeySettings};
use crate::log::Durability;
use crate::server::SendMethod;

fn defaults() -> Config {
    Config {
        listen: "127.0.0.1:3001".parse().unwrap(),
        data_dir: PathBuf::from("./data"),
        workers: None,
        durability: Durability::Commit,
        max_connections: None,
        heartbeat_ms: 15_000,
        write_timeout_ms: 60_000,
        request_timeout_ms: 10_000,
        idle_timeout_ms: 75_000,
        drain_timeout_ms: 10_000,
        segment_bytes: 134_217_728,
        retain_bytes: None,
        retain_age_ms: None,
        min_free_bytes: 1 << 30,
        scrub_bytes_per_second: 8_388_608,
        insecure: false,
        keys: KeySettings::default(),
        new_epoch: false,
        accept_gap: false,
        strict_addresses: false,
        payment_streams_max: 1_000_000,
        cors_origins: Vec::new(),
        send: SendMethod::Auto,
        coalesce_us: 0,
        log_json: false,
        log_filter: "info".to_owned(),
    }
}

#[test]
fn nothing_said_is_the_documented_defaults() {
    assert_eq!(args("").config(), defaults());
    assert_eq!(args("serve").config(), defaults());
}

#[test]
fn the_word_serve_may_be_left_out() {
    let expected = Config { listen: "127.0.0.1:0".parse().unwrap(), heartbeat_ms: 500, ..defaults() };
    assert_eq!(args("--listen 127.0.0.1:0 --heartbeat-ms 500").config(), expected);
    assert_eq!(args("serve --listen 127.0.0.1:0 --heartbeat-ms 500").config(), expected);
}

#[test]
fn every_flag_arrives() {
    let config = args(
        "--listen [::1]:80 --data-dir /srv/x --workers 3 --durability interval:50 --max-connections 77 \
         --heartbeat-ms 1000 --write-timeout-ms 2000 --request-timeout-ms 3000 --idle-timeout-ms 4000 \
         --drain-timeout-ms 0 --segment-bytes 4MiB --scrub-bytes-per-second 1MiB \
         --retain-bytes 12M --retain-age 7d --min-free-bytes 0 --insecure --new-epoch --accept-gap \
         --strict-addresses --payment-streams-max 9 --cors-origin https://A.example \
         --cors-origin http://b.example:81 --send plain --coalesce-us 500 \
         --log-format json --log-level warn,tailwire::log=debug",
    )
    .config();
    let expected = Config {
        listen: "[::1]:80".parse().unwrap(),
        data_dir: PathBuf::from("/srv/x"),
        workers: Some(3),
        durability: Durability::Interval { ms: 50 },
        max_connections: Some(77),
        heartbeat_ms: 1000,
        write_timeout_ms: 2000,
        request_timeout_ms: 3000,
        idle_timeout_ms: 4000,
        drain_timeout_ms: 0,
        segment_bytes: 4 << 20,
        retain_bytes: Some(12 << 20),
        retain_age_ms: Some(604_800_000),
        min_free_bytes: 0,
        scrub_bytes_per_second: 1 << 20,
        insecure: true,
        keys: KeySettings::default(),
        new_epoch: true,
        accept_gap: true,
        strict_addresses: true,
        payment_streams_max: 9,
        cors_origins: vec!["https://a.example".to_owned(), "http://b.example:81".to_owned()],
        send: SendMethod::Plain,
        coalesce_us: 500,
        log_json: true,
        log_filter: "warn,tailwire::log=debug".to_owned(),
    };
    assert_eq!(config, expected);
}

#[test]
fn sizes_are_bytes_or_carry_a_binary_suffix() {
    for (text, bytes) in
        [("4194304", 4 << 20), ("4096KiB", 4 << 20), ("128mib", 128 << 20), ("512MiB", 512 << 20)]
    {
        assert_eq!(args(&format!("--segment-bytes {text}")).config().segment_bytes, bytes, "{text}");
    }
    for (text, bytes) in [("0", 0), ("5K", 5 << 10), ("20GiB", 20 << 30), ("3t", 3 << 40), ("2TiB", 2 << 40)]
    {
        assert_eq!(args(&format!("--min-free-bytes {text}")).config().min_free_bytes, bytes, "{text}");
    }
}

#[test]
fn ages_carry_their_unit() {
    let cases = [("none", None), ("90s", Some(90)), ("30m", Some(1800)), ("12h", Some(43_200))];
    for (text, seconds) in cases.into_iter().chain([("36500d", Some(36_500 * 86_400))]) {
        let age_ms = args(&format!("--retain-age {text}")).config().retain_age_ms;
        assert_eq!(age_ms, seconds.map(|seconds: u64| seconds * 1000), "{text}");
    }
}

#[test]
fn auto_leaves_the_choice_to_the_machine() {
    let config = args("--workers auto --max-connections auto").config();
    assert_eq!((config.workers, config.max_connections), (None, None));
}
