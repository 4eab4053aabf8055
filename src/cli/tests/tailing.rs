//! `tail` follows a stream over cuts without losing or repeating an event, and ends when it should.

use std::cell::RefCell;
use std::time::Duration;

use crate::cli::exit::Exit;
use crate::cli::tail::Tail;
use crate::cli::tests::script::{Script, answer, stream};
use crate::config::{Start, TailOptions, TokenSource};

struct Run {
    exit: Exit,
    out: String,
    err: String,
    waits: Vec<Duration>,
    requests: Vec<String>,
}

fn run(change: impl Fn(&mut TailOptions), answers: Vec<String>) -> Run {
    let script = Script::play(answers);
    let mut options = TailOptions {
        url: script.url.clone(),
        token: TokenSource::None,
        all: true,
        streams: Vec::new(),
        users: Vec::new(),
        types: Vec::new(),
        start: Start::Latest,
        json: true,
        colours: false,
        count: None,
    };
    change(&mut options);
    let (mut out, mut err, waits) = (Vec::new(), Vec::new(), RefCell::new(Vec::new()));
    let wait = |length| {
        waits.borrow_mut().push(length);
        assert!(waits.borrow().len() < 10, "it never ends");
    };
    let exit = Tail::new(&options, &mut out, &mut err, &wait, false).run();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit, out: text(out), err: text(err), waits: waits.into_inner(), requests: script.requests() }
}

const GREETING: &str =
    "retry: 400\ndata: {\"type\":\"connected\",\"lastEventId\":\"4\",\"earliestEventId\":\"1\"}\nid: 4\n\n";

fn frame(id: u64) -> String {
    format!("event: stream.paused\ndata: {{\"streamId\":{id}}}\nid: {id}\n\n")
}

fn ids(out: &str) -> Vec<&str> {
    out.lines().map(|line| line.split('"').nth(3).unwrap()).collect()
}

#[test]
fn a_cut_inside_an_event_loses_and_repeats_nothing() {
    let cut = frame(7);
    let first = stream(&format!("{GREETING}{}{}{}", frame(5), frame(6), &cut[..cut.len() - 3]));
    let second = stream(&format!("{}{}", frame(7), frame(8)));
    let run = run(|options| options.count = Some(4), vec![first, second]);
    assert_eq!((run.exit, ids(&run.out)), (Exit::Done, vec!["5", "6", "7", "8"]));
    assert!(!run.requests[0].to_ascii_lowercase().contains("last-event-id"), "{}", run.requests[0]);
    assert!(run.requests[1].to_ascii_lowercase().contains("\r\nlast-event-id: 6\r\n"), "{}", run.requests[1]);
    assert!(run.err.contains("connected, after event 4"), "{}", run.err);
    assert_eq!(run.waits.len(), 1);
    assert!(run.waits[0] <= Duration::from_millis(400), "the server's retry: is honoured: {:?}", run.waits);
}

#[test]
fn a_cut_before_the_first_event_resumes_at_the_greeting() {
    let start = |options: &mut TailOptions| {
        options.start = Start::Earliest;
        options.count = Some(1);
    };
    let run = run(start, vec![stream(GREETING), stream(&frame(5))]);
    assert!(
        run.requests[0].starts_with("GET /events/subscribe?all=true&from=earliest "),
        "{}",
        run.requests[0]
    );
    assert!(run.requests[1].starts_with("GET /events/subscribe?all=true "), "{}", run.requests[1]);
    assert!(run.requests[1].to_ascii_lowercase().contains("last-event-id: 4"), "{}", run.requests[1]);
}

#[test]
fn the_filter_and_the_start_reach_the_server() {
    let change = |options: &mut TailOptions| {
        options.all = false;
        options.streams = vec!["7".to_owned(), "a:b".to_owned()];
        options.users = vec!["G&A".to_owned()];
        options.types = vec!["stream.paused".to_owned()];
        options.start = Start::After(41);
        options.count = Some(1);
    };
    let run = run(change, vec![stream(&frame(42))]);
    let request = run.requests[0].to_ascii_lowercase();
    for part in ["streams=7&streams=a", "users=g%26a", "types=stream.paused", "\r\nlast-event-id: 41\r\n"] {
        assert!(request.contains(part), "{part}: {request}");
    }
    assert!(!request.contains("all="), "{request}");
}

#[test]
fn gaps_and_farewells_go_to_standard_error() {
    let gap = "event: gap\ndata: {\"requested\":\"5\",\"earliest\":\"900\",\"missed\":894}\nid: 899\n\n";
    let farewell = "event: reconnect\nretry: 9000\ndata: {\"reason\":\"shutdown\"}\n\n";
    let run = run(
        |options| options.count = Some(1),
        vec![stream(&format!("{gap}{farewell}")), stream(&frame(900))],
    );
    assert_eq!(ids(&run.out), ["900"]);
    assert!(run.err.contains("894 of them") && run.err.contains("shutdown"), "{}", run.err);
    assert!(run.requests[1].to_ascii_lowercase().contains("last-event-id: 899"), "a gap moves the position");
    assert!(run.waits[0] >= Duration::from_millis(6750), "three quarters of 9 s at least: {:?}", run.waits);
}

/// The first column of each line.
fn times(out: &str) -> Vec<&str> {
    out.lines().filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn a_replayed_event_is_not_shown_with_the_time_of_its_arrival() {
    let page = answer("200 OK", "", r#"{"events":[{"id":"5","type":"stream.paused","data":{}}]}"#);
    let body = || stream(&format!("{GREETING}{}{}", frame(5), frame(6)));
    let people = |start: Start| {
        move |options: &mut TailOptions| {
            (options.json, options.start, options.count) = (false, start.clone(), Some(2))
        }
    };
    let replay = run(people(Start::Earliest), vec![body(), page]);
    let [old, new] = times(&replay.out)[..] else { panic!("{}", replay.out) };
    assert!(old == "-" && new.ends_with('Z'), "{}", replay.out);
    assert!(
        replay.requests[1].starts_with("GET /events?all=true&order=desc&limit=1 "),
        "{}",
        replay.requests[1]
    );

    let untold = run(people(Start::After(4)), vec![body(), answer("403 Forbidden", "", "")]);
    assert_eq!(times(&untold.out), ["-", "-"], "{}", untold.out);

    let live = run(people(Start::Latest), vec![body()]);
    assert!(times(&live.out).iter().all(|time| time.ends_with('Z')), "{}", live.out);
}

#[test]
fn https_to_a_server_without_tls_is_not_tried_again() {
    let https = |options: &mut TailOptions| options.url = options.url.replace("http:", "https:");
    let run = run(https, vec![answer("400 Bad Request", "", "")]);
    assert_eq!((run.exit, run.waits.len()), (Exit::Refused, 0));
    assert!(run.err.contains("does not speak TLS: write http://"), "{}", run.err);
}

#[test]
fn a_refusal_for_good_ends_it_and_one_for_now_does_not() {
    let bad = answer("400 Bad Request", "", r#"{"error":"bad","message":"since is in seconds"}"#);
    let run_bad = run(|_| {}, vec![bad]);
    assert_eq!(run_bad.exit, Exit::Refused);
    assert!(run_bad.err.contains("since is in seconds"), "{}", run_bad.err);

    let busy = answer("503 Service Unavailable", "Retry-After: 7\r\n", r#"{"message":"full"}"#);
    let run = run(|options| options.count = Some(1), vec![busy, stream(&frame(1))]);
    assert_eq!((run.exit, ids(&run.out)), (Exit::Done, vec!["1"]));
    assert!(run.waits[0] >= Duration::from_millis(5250), "{:?}", run.waits);
}
