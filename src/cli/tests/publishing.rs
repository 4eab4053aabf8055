//! `publish` sends what the server expects and tells what the server answered, in words and in its exit.

use std::cell::RefCell;
use std::time::Duration;

use crate::cli::exit::Exit;
use crate::cli::publish::{Publish, body};
use crate::cli::tests::script::{Script, answer};
use crate::config::{Field, PublishOptions, TokenSource, What};
use crate::event::EventType;

struct Run {
    exit: Exit,
    out: String,
    err: String,
    waits: Vec<Duration>,
    requests: Vec<String>,
}

fn run(what: What, input: &str, answers: Vec<String>) -> Run {
    let script = Script::play(answers);
    let options = PublishOptions { url: script.url.clone(), token: TokenSource::None, what };
    let (mut out, mut err, waits) = (Vec::new(), Vec::new(), RefCell::new(Vec::new()));
    let wait = |length| waits.borrow_mut().push(length);
    let exit = Publish { options: &options, out: &mut out, err: &mut err, wait: &wait }.run(input.as_bytes());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit, out: text(out), err: text(err), waits: waits.into_inner(), requests: script.requests() }
}

fn field(name: &str, value: &str, json: bool) -> Field {
    Field { name: name.to_owned(), value: value.to_owned(), json }
}

fn top_up() -> What {
    What::Event {
        kind: EventType::ToppedUp,
        fields: vec![field("streamId", "7", false), field("amount", "5000", false)],
        idempotency_key: Some("tx-1".to_owned()),
    }
}

#[test]
fn an_event_of_the_command_line_is_stored() {
    let run = run(top_up(), "", vec![answer("201 Created", "", r#"{"eventId":"42"}"#)]);
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (Exit::Done, "42\n", ""));
    let request = &run.requests[0];
    assert!(request.starts_with("POST /events HTTP/1.1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains("\r\nidempotency-key: tx-1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains("\r\ncontent-type: application/json\r\n"), "{request}");
    assert!(
        request.ends_with(r#"{"type":"stream.topped_up","data":{"streamId":7,"amount":5000}}"#),
        "{request}"
    );
}

#[test]
fn a_duplicate_is_done_as_well_and_said_so() {
    let answers = vec![answer("200 OK", "", r#"{"eventId":"7","duplicate":true}"#)];
    let run = run(top_up(), "", answers);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "7\n"));
    assert!(run.err.contains("event 7 was stored before"), "{}", run.err);
}

#[test]
fn a_refusal_shows_the_servers_words() {
    let details = r#"[{"path":"data.amount","message":"required"}]"#;
    let message = r#""amount is \u001b[31mmissing""#;
    let body = &format!(r#"{{"error":"bad_field","message":{message},"details":{details}}}"#);
    let run = run(top_up(), "", vec![answer("400 Bad Request", "", body)]);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Refused, ""));
    assert_eq!(run.err, "tailwire: amount is \\u001b[31mmissing\n  data.amount: required\n");
}

#[test]
fn what_the_message_says_is_not_said_again() {
    let said = "this payment stream is known with another sender";
    for (path, message) in [("sender", said.to_owned()), ("data.sender", format!("data.sender: {said}"))] {
        let body =
            &format!(r#"{{"message":"{message}","details":[{{"path":"{path}","message":"{said}"}}]}}"#);
        let run = run(top_up(), "", vec![answer("409 Conflict", "", body)]);
        assert_eq!((run.exit, run.err), (Exit::Refused, format!("tailwire: {message}\n")));
    }
}

#[test]
fn a_fault_of_standard_input_is_named_by_its_line() {
    let input = "\n{\"a\":1}\n\n{\"b\":2}\n";
    let check = |message: &str, details: &str, expected: &str| {
        let body = &format!(r#"{{"message":"{message}","details":[{details}]}}"#);
        let run = run(What::Stdin, input, vec![answer("400 Bad Request", "", body)]);
        assert_eq!((run.exit, run.out.as_str()), (Exit::Refused, ""));
        let stopped = "tailwire: stopped at lines 2 to 4 of the input\n";
        assert_eq!(run.err, format!("tailwire: {expected}\n{stopped}"));
    };
    check("event [1]: not JSON", "", "line 4: not JSON");
    check("event 0 is 70000 bytes long", "", "the event on line 2 is 70000 bytes long");
    let amount = r#"{"path":"[1].data.amount","message":"required"}"#;
    check("[1].data.amount: required", amount, "line 4, data.amount: required");
    check("known", r#"{"path":"[0].data.sender","message":"known"}"#, "line 2, data.sender: known");
    check("event [7]: is not ours", "", "event [7]: is not ours");
    let one = run(What::Stdin, "{}\n", vec![answer("400 Bad Request", "", r#"{"message":"no"}"#)]);
    assert_eq!(one.err, "tailwire: no\ntailwire: stopped at line 1 of the input\n");
}

#[test]
fn https_to_a_server_without_tls_is_said_so() {
    let script = Script::play(vec![answer("400 Bad Request", "", "")]);
    let options = PublishOptions {
        url: script.url.replace("http:", "https:"),
        token: TokenSource::None,
        what: top_up(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = Publish { options: &options, out: &mut out, err: &mut err, wait: &|_| {} }.run([].as_slice());
    let err = String::from_utf8(err).unwrap();
    assert_eq!(exit, Exit::Refused, "{err}");
    assert!(err.contains("does not speak TLS: write http://"), "{err}");
}

#[test]
fn an_answer_that_is_not_ours_is_cut_and_cleaned() {
    let run = run(top_up(), "", vec![answer("404 Not Found", "", &"<html>\x07".repeat(100))]);
    assert_eq!(run.exit, Exit::Refused);
    assert!(run.err.contains("404") && run.err.len() < 500 && !run.err.contains('\x07'), "{}", run.err);
}

#[test]
fn what_is_refused_for_now_is_sent_again_as_told() {
    let busy = || answer("503 Service Unavailable", "Retry-After: 3\r\n", r#"{"message":"queue full"}"#);
    let run = run(top_up(), "", vec![busy(), busy(), answer("201 Created", "", r#"{"eventId":"9"}"#)]);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "9\n"));
    assert_eq!(run.waits, [Duration::from_secs(3); 2]);
    assert_eq!(run.requests[0], run.requests[2], "the same key again");
}

#[test]
fn it_gives_up_in_the_end_and_says_that_later_may_work() {
    let busy = || answer("503 Service Unavailable", "", r#"{"message":"queue full"}"#);
    let run = run(top_up(), "", (0..6).map(|_| busy()).collect());
    assert_eq!((run.exit, run.waits.len()), (Exit::TryLater, 5));
}

#[test]
fn an_unknown_outcome_is_not_sent_again() {
    let unknown = answer("500 Internal Server Error", "", r#"{"message":"it may or may not be stored"}"#);
    let run = run(top_up(), "", vec![unknown]);
    assert_eq!((run.exit, run.waits.len()), (Exit::TryLater, 0));
    assert!(run.err.contains("may or may not"), "{}", run.err);
}

#[test]
fn no_server_is_said_with_its_address() {
    // A port that was free a moment ago, and nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options =
        PublishOptions { url: format!("http://127.0.0.1:{port}"), token: TokenSource::None, what: top_up() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = Publish { options: &options, out: &mut out, err: &mut err, wait: &|_| {} }.run([].as_slice());
    assert_eq!(exit, Exit::TryLater);
    assert!(String::from_utf8(err).unwrap().contains(&format!("127.0.0.1:{port}")));
}

#[test]
fn lines_of_standard_input_go_together() {
    let results = r#"{"results":[{"eventId":"1"},{"eventId":"2","duplicate":true}]}"#;
    let run = run(What::Stdin, "{\"a\":1}\n\n{\"b\":2}\n", vec![answer("201 Created", "", results)]);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "1\n2\n"));
    assert!(run.requests[0].to_ascii_lowercase().contains("application/x-ndjson"), "{}", run.requests[0]);
    assert!(run.requests[0].ends_with("\r\n\r\n{\"a\":1}\n{\"b\":2}\n"), "{}", run.requests[0]);
}

#[test]
fn fields_become_json() {
    let fields = [
        field("a", "12", false),
        field("b", "007", false),
        field("c", "170141183460469231731687303715884105727", false),
        field("d", "-5", false),
        field("e", "x\"\n", false),
        field("f", "{\"k\":[1]}", true),
        field("g", "18446744073709551615", false),
        field("h", "+1", false),
    ];
    let text = String::from_utf8(body(EventType::Paused, &fields).unwrap()).unwrap();
    let data = [
        r#""a":12"#,
        r#""b":"007""#,
        r#""c":"170141183460469231731687303715884105727""#,
        r#""d":-5"#,
        r#""e":"x\"\n""#,
        r#""f":{"k":[1]}"#,
        r#""g":18446744073709551615"#,
        r#""h":"+1""#,
    ];
    assert_eq!(text, format!(r#"{{"type":"stream.paused","data":{{{}}}}}"#, data.join(",")));
    assert!(body(EventType::Paused, &[field("f", "{", true)]).is_err());
}
