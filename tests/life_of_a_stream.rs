//! One payment stream from its creation to its end. Subscribers to its sender and to its recipient are there
//! before it exists; each gets each event once, live and again by replay after a restart, in the same bytes.
//! Somebody else gets nothing, which a later event for that user proves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Block, Server, Subscription, created, data_directory, data_of, post, publish, type_of};

const SENDER: &str = "GSENDER";
const RECIPIENT: &str = "GRECIPIENT";

/// The whole life, over the routes; ids 1 to 7.
fn live(server: &Server) {
    let creation = format!(
        "{{\"streamId\":7,\"sender\":\"{SENDER}\",\"recipient\":\"{RECIPIENT}\",\"tokenAddress\":\"CUSDC\",\
         \"ratePerSecond\":\"10\",\"depositedAmount\":\"1000\",\"startTime\":1708560000}}"
    );
    let steps = [
        ("/streams", creation),
        ("/streams/7/top-up", "{\"amount\":\"500\",\"newDepositedAmount\":\"1500\"}".to_owned()),
        ("/streams/7/withdraw", format!("{{\"recipient\":\"{RECIPIENT}\",\"amount\":\"20\"}}")),
        ("/streams/7/pause", format!("{{\"sender\":\"{SENDER}\",\"pausedAt\":1708560100}}")),
        ("/streams/7/resume", format!("{{\"sender\":\"{SENDER}\",\"newEndTime\":1708570000}}")),
        ("/streams/7/cancel", "{\"refundedAmount\":\"1480\",\"amountWithdrawn\":\"20\"}".to_owned()),
        ("/streams/7/complete", format!("{{\"recipient\":\"{RECIPIENT}\",\"totalWithdrawn\":\"20\"}}")),
    ];
    for (number, (target, body)) in steps.iter().enumerate() {
        let answer = post(server.address, target, body);
        assert_eq!(answer.status, 201, "{target}: {answer:?}");
        assert_eq!(answer.json()["eventId"], (number + 1).to_string().as_str(), "{target}");
    }
}

fn assert_life(events: &[Block]) {
    let names: Vec<&str> = events.iter().map(type_of).collect();
    let expected = ["created", "topped_up", "withdrawn", "paused", "resumed", "cancelled", "completed"];
    assert_eq!(names, expected.map(|name| format!("stream.{name}")));
    let ids: Vec<_> = events.iter().filter_map(|event| event.id.as_deref()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7"]);
    for event in events {
        assert_eq!(data_of(event)["streamId"], 7, "{}", event.raw);
    }
    assert!(!events[2].data.contains(SENDER), "the withdrawal names only the recipient: {}", events[2].data);
    assert_eq!(data_of(&events[2])["amount"], "20");
}

#[test]
fn both_parties_follow_a_stream_from_before_it_exists_and_again_after_a_restart() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let filters = [
        format!("users={SENDER}"),
        format!("users={RECIPIENT}"),
        "streams=7".to_owned(),
        format!("users={SENDER}&users={RECIPIENT}&streams=7"),
    ];
    let subscribe = |server: &Server, filter: &str| {
        let mut subscription = Subscription::open(server.address, &format!("/events/subscribe?{filter}"));
        subscription.greeting();
        subscription
    };
    let mut subscriptions: Vec<_> = filters.iter().map(|filter| subscribe(&server, filter)).collect();
    let mut foreign = subscribe(&server, "users=GFOREIGN");
    live(&server);
    // The marker: had anything else been for the foreign user, it would come first. For the parties it is
    // nothing.
    publish(server.address, &created("8", "GFOREIGN", "GOTHER"));
    let marker = foreign.event();
    assert_eq!(marker.id.as_deref(), Some("8"));
    let seen: Vec<Vec<Block>> = subscriptions.iter_mut().map(|subscription| subscription.events(7)).collect();
    seen.iter().for_each(|events| assert_life(events));
    assert_eq!(publish(server.address, &created("9", SENDER, RECIPIENT)), "9");
    for subscription in &mut subscriptions[..2] {
        assert_eq!(subscription.event().id.as_deref(), Some("9"), "something came in between");
    }
    drop(subscriptions);

    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &[]);
    for (filter, before) in filters.iter().zip(&seen) {
        let target = format!("/events/subscribe?{filter}");
        let mut replay = Subscription::resume(server.address, &target, "0");
        replay.greeting();
        assert_eq!(&replay.events(7), before, "replay of {filter}");
        let mut middle = Subscription::resume(server.address, &target, "3");
        middle.greeting();
        assert_eq!(middle.events(4), before[3..], "resumed after 3, {filter}");
    }
    let mut foreign = Subscription::resume(server.address, "/events/subscribe?users=GFOREIGN", "0");
    foreign.greeting();
    assert_eq!(foreign.event(), marker);
}
