//! The client commands' options.

use crate::config::tests::support::{World, args};
use crate::config::{Command, Field, PublishOptions, Start, TailOptions, TokenSource, What};
use crate::event::EventType;

fn tail(line: &str) -> TailOptions {
    match args(line).parse() {
        Ok(Command::Tail(options)) => options,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn publish_takes_a_type_and_fields() {
    let world = args("publish --url http://127.0.0.1:9/ topped_up streamId=7 amount=5=5 note:={}");
    let field =
        |name: &str, value: &str, json| Field { name: name.to_owned(), value: value.to_owned(), json };
    let expected = PublishOptions {
        url: "http://127.0.0.1:9".to_owned(),
        token: TokenSource::None,
        what: What::Event {
            kind: EventType::ToppedUp,
            fields: vec![
                field("streamId", "7", false),
                field("amount", "5=5", false),
                field("note", "{}", true),
            ],
            idempotency_key: None,
        },
    };
    match world.parse() {
        Ok(Command::Publish(options)) => assert_eq!(options, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_server_comes_from_the_flag_then_the_environment() {
    let env = [("TAILWIRE_URL", "http://env:1")];
    for (line, url) in [("tail --url http://flag:2", "http://flag:2"), ("tail", "http://env:1")] {
        match (World { args: line, env: &env, file: None }).parse() {
            Ok(Command::Tail(options)) => assert_eq!(options.url, url),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tail("tail").url, "http://localhost:3001");
}

#[test]
fn a_server_is_named_by_scheme_and_host() {
    for good in [
        "http://localhost",
        "HTTPS://events.example",
        "http://[::1]:3001",
        "http://[::1]",
        "http://10.0.0.1:80",
        "https://a.example/wire",
    ] {
        assert_eq!(tail(&format!("tail --url {good}")).url, good);
        assert_eq!(tail(&format!("tail --url {good}/")).url, good);
    }
    let bad = [
        "localhost:3001",
        "localhost",
        "ftp://x",
        "://x",
        "http://",
        "http:///x",
        "http://x:port",
        "http://x:0",
        "http://x:",
        "http://x:99999",
        "http://::1:80",
        "http://[::1",
        "http://x?all=true",
        "http://a@x",
        "http://\u{e9}",
    ];
    for bad in bad {
        for (line, env) in [(format!("tail --url {bad}"), ""), ("publish --stdin".to_owned(), bad)] {
            let env = [("TAILWIRE_URL", env)];
            let said = World { args: &line, env: &env, file: None }.refusal();
            let place = if line.starts_with("tail") { "--url: " } else { "TAILWIRE_URL: " };
            assert!(said.starts_with(place) && said.contains("like http://localhost:3001"), "{bad}: {said}");
        }
    }
}

#[test]
fn tail_without_a_filter_is_everything() {
    assert!(tail("tail").all);
    assert!(tail("tail --all").all);
    let some = tail("tail --streams 7,8 --streams 9 --users GA --types withdrawn,stream.created");
    assert!(!some.all);
    assert_eq!(some.streams, ["7", "8", "9"]);
    assert_eq!(some.users, ["GA"]);
    assert_eq!(some.types, ["stream.withdrawn", "stream.created"]);
}

#[test]
fn tail_starts_where_it_is_told() {
    assert_eq!(tail("tail").start, Start::Latest);
    assert_eq!(tail("tail --from earliest").start, Start::Earliest);
    assert_eq!(tail("tail --last-event-id 41").start, Start::After(41));
    assert_eq!(
        tail("tail --since 2026-01-01T00:00:00Z").start,
        Start::Since("2026-01-01T00:00:00Z".to_owned())
    );
    for line in ["tail --all --streams 7", "tail --last-event-id x", "tail --last-event-id 1 --since 5"] {
        args(line).refusal();
    }
    assert!(args("tail --last-event-id 4x").refusal().contains("an event id; write a whole number"));
}
