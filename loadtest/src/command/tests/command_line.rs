//! The command line refuses what would be unbounded, remote, or meaningless.

use clap::{CommandFactory, Parser};

use crate::Cli;

#[test]
fn it_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn good_lines_are_taken() {
    for line in [
        "loadtest fanout",
        "loadtest fanout --spawn t --subscribers 5000 --seconds 30 --compare-sendloop --rounds 5 --json",
        "loadtest fanout --spawn t --filter users --topics 9 --server-arg=--durability --server-arg none",
        "loadtest idle --url http://127.0.0.1:1 --server-pid 7",
        "loadtest idle --spawn t --subscribers 18000 --filter same",
        "loadtest slow --spawn t --fast 1000 --slow-rate 1024 --seconds 180",
        "loadtest publish --sendloop --connections 64 --batch 1000",
        "loadtest replay --spawn t --events 200000",
        "loadtest sendloop-server --listen 127.0.0.1:0",
        "loadtest saturate --spawn t --in-flight 16 --json run.json --svg run.svg",
        "loadtest storm --spawn t --own 9900 --all 100 --behind 1000000 --behind-of log",
        "loadtest filtered --spawn t --subscribers 10000 --compare-sendloop --json --rounds 2",
        "loadtest soak --spawn t --seconds 5 --churn 50 --away 100 --filter users --topics 9",
        "loadtest hostile --spawn t --attack slow-heads,never-read --attackers 5000 --drip-ms 500",
        "loadtest fanout --spawn t --subscribers 24000 --processes 2",
    ] {
        let parsed = Cli::try_parse_from(line.split(' '));
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
}

#[test]
fn bad_lines_are_refused() {
    for line in [
        "loadtest",
        "loadtest fanout --url http://10.0.0.1:3001",
        "loadtest sendloop-server --listen 0.0.0.0:80",
        "loadtest fanout --spawn t --sendloop",
        "loadtest fanout --spawn t --url http://127.0.0.1:1",
        "loadtest fanout --spawn t --server-pid 7",
        "loadtest fanout --subscribers 0",
        "loadtest fanout --subscribers 1000000",
        "loadtest fanout --seconds 999999",
        "loadtest fanout --rate 0",
        "loadtest fanout --processes 0",
        "loadtest saturate --in-flight 1000",
        "loadtest storm --all 0",
        "loadtest soak --seconds 1",
        "loadtest hostile --attack everything",
        "loadtest hostile --attackers 100000",
        "loadtest hostile --storm-rate 1000000",
        "loadtest publish --batch 5000",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}
