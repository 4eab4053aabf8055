//! A subscription refused only for now: a browser gives up for good on any status but 200, so it is told to come
//! back; who asks for a status gets one. The place of a subscriber that left is free again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::until;
use support::{
    Client, Frame, Server, Subscription, data_directory, data_of, get, get_with, publish, request, topped_up,
};

const TARGET: &str = "/events/subscribe?all=true";

#[test]
fn a_full_server_tells_a_subscriber_to_come_back() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--max-connections", "2"]);
    let mut inside = [Subscription::open(server.address, TARGET), Subscription::open(server.address, TARGET)];
    inside.iter_mut().for_each(|subscription| drop(subscription.greeting()));

    let mut refused = Subscription::open(server.address, TARGET);
    assert_eq!(refused.head.status, 200);
    assert_eq!(refused.head.field("content-type"), Some("text/event-stream; charset=utf-8"));
    let Some(Frame::Block(block)) = refused.next() else { panic!("no reconnect frame") };
    assert_eq!(block.event.as_deref(), Some("reconnect"), "{}", block.raw);
    assert_eq!(data_of(&block)["reason"], "capacity");
    assert!((5000..=15000).contains(&block.retry_ms.unwrap()), "{}", block.raw);
    assert_eq!(block.id, None, "only durable events and positions carry an id");
    assert!(refused.next().is_none(), "the stream ends with its last chunk");

    let status = get_with(server.address, TARGET, &[("Prefer", "status")]);
    assert_eq!(status.status, 503, "{status:?}");
    assert!(status.field("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(status.error(), "capacity");
    // What waiting will not mend is always its status, and publishing goes on.
    assert_eq!(get(server.address, "/events/subscribe").status, 400);
    publish(server.address, &topped_up("1", "1"));
    inside.iter_mut().for_each(|subscription| assert_eq!(subscription.ids(1), ["1"]));

    let [first, _second] = inside;
    drop(first);
    until("the place of the one that left is free", || {
        let mut client = Client::connect(server.address);
        client.send(request("GET", TARGET, &[("Prefer", "status")], b""));
        (client.head().status == 200).then_some(())
    });
}
