//! A quiet subscriber with a filter, while 10,001 events for others pass: in place of a heartbeat it is told
//! the position, from which it can resume. A subscriber to everything never sees such a frame.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Frame, Server, Subscription, created, data_directory, publish, publish_lines, topped_up};

const EVENTS: usize = 10_050;

#[test]
fn a_quiet_subscriber_is_told_where_the_log_is() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--heartbeat-ms", "200"]);
    let mut quiet = Subscription::open(server.address, "/events/subscribe?users=GQUIET");
    let mut everything = Subscription::open(server.address, "/events/subscribe?all=true");
    assert_eq!(quiet.greeting().id.as_deref(), Some("0"));
    everything.greeting();
    let lines: Vec<String> = (0..EVENTS).map(|number| topped_up("1", &number.to_string())).collect();
    for batch in lines.chunks(4000) {
        let answer = publish_lines(server.address, batch);
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    let frame = quiet.named("position");
    let position = frame.id.clone().unwrap();
    let expected = format!("event: position\ndata: {{\"lastEventId\":\"{position}\"}}\nid: {position}\n\n");
    assert_eq!(frame.raw, expected);
    let number: usize = position.parse().unwrap();
    assert!((10_000..=EVENTS).contains(&number), "position {position}");

    drop(quiet);
    let last = publish(server.address, &created("2", "GQUIET", "GB"));
    let mut resumed = Subscription::resume(server.address, "/events/subscribe?users=GQUIET", &position);
    assert_eq!(resumed.greeting().id, Some(position));
    assert_eq!(resumed.event().id.as_deref(), Some(last.as_str()));

    // `ids` refuses anything but events: among all of them there was no position frame.
    let ids: Vec<String> = (1..=EVENTS + 1).map(|id| id.to_string()).collect();
    assert_eq!(everything.ids(EVENTS + 1), ids);
    // Two quiet moments later there is none either.
    for _ in 0..2 {
        let quiet = everything.next().unwrap();
        assert_eq!(quiet, Frame::Comment(": hb\n".to_owned()));
    }
}
