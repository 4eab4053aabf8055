//! A day in the life of a server, in a few seconds: everything that makes it ask something of the kernel. What it
//! answers is looked at only so far that the day has really been had.

use std::path::Path;

use crate::support::{
    PLACEHOLDER, Server, Subscription, created, everything, get, post, publish, publish_lines, topped_up,
    until,
};

/// Small segments, so that a day fills some, and few are kept.
pub const FLAGS: &[&str] = &["--segment-bytes", "4MiB", "--retain-bytes", "12MiB", "--min-free-bytes", "0"];

/// The quick start, live delivery, full segments, retention, a snapshot, and replay of all and of a filter.
pub fn morning(server: &Server, data: &Path) {
    let address = server.address;
    let mut live = Subscription::open(address, "/events/subscribe?all=true");
    live.greeting();
    assert_eq!(post(address, "/streams", PLACEHOLDER).status, 201);
    assert_eq!(live.event().id.as_deref(), Some("1"));
    let many: Vec<_> = (0..10).map(|_| Subscription::open(address, "/events/subscribe?all=true")).collect();
    publish(address, &created("7", "GSENDER", "GRECIPIENT"));
    for mut subscription in many {
        subscription.greeting();
        subscription.event();
    }
    let (segments, first) = (data.join("seg"), data.join("seg/00000000000000000001.seg"));
    assert!(first.exists());
    until("a segment is removed", || {
        // Enough is there: now it is for the server's clock.
        if names(&segments).iter().filter(|name| name.ends_with(".seg")).count() < 6 && first.exists() {
            let answer = publish_lines(address, &large_batch());
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        (!first.exists()).then_some(())
    });
    until("a snapshot is taken", || data.join("MEMORY").exists().then_some(()));
    until("a sidecar is made", || names(&segments).iter().any(|name| name.ends_with(".idx")).then_some(()));
    evening(server);
}

/// What is stored is read again.
pub fn evening(server: &Server) {
    let address = server.address;
    for filter in ["all=true", "users=GSENDER", "streams=7"] {
        let mut replay = Subscription::open(address, &format!("/events/subscribe?{filter}&from=earliest"));
        replay.greeting();
        until("an event is replayed", || (replay.block().data.contains("\"amount\"")).then_some(()));
        assert_eq!(get(address, &format!("/events?{filter}&order=desc&limit=10")).status, 200);
    }
    assert!(!everything(address).is_empty());
    publish(address, &topped_up("7", "1"));
    for target in ["/events/stats", "/ready", "/health", "/"] {
        assert_eq!(get(address, target).status, 200, "{target}");
    }
}

/// Most of a MiB.
fn large_batch() -> Vec<String> {
    let memo = "m".repeat(29_000);
    let event = |amount| {
        format!(
            "{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":7,\"amount\":\"{amount}\",\"memo\":\"{memo}\"}}}}"
        )
    };
    (1..25).map(event).collect()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
