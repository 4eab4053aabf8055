//! Peers that vanish without a FIN: subscribers connect from a network namespace of their own, over a pair of
//! virtual links, and their end of the link goes down. No packet says so. The server must take the places
//! back by itself, while a subscriber on another link stays and gets its events.
//!
//! Needs root and iproute2; says loudly when it is skipped. `TAILWIRE_VANISHED=5000` asks for that many
//! subscribers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

#[path = "vanished/link.rs"]
mod link;
mod support;

use std::net::{IpAddr, SocketAddr};

use link::Link;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use simd_json::prelude::*;
use support::{
    Client, Server, Subscription, created, data_directory, get, publish, request, topped_up, until,
};

/// Places of one address; below the limit that the server sets by default.
const EACH_ADDRESS: usize = 200;

fn active(server: SocketAddr) -> u64 {
    get(server, "/events/stats").json()["activeConnections"].as_u64().unwrap()
}

#[test]
fn the_places_of_vanished_subscribers_come_back() {
    if !rustix::process::getuid().is_root() {
        eprintln!("SKIPPED: vanished peers need root, for a network namespace");
        return;
    }
    let count: usize = std::env::var("TAILWIRE_VANISHED").map_or(50, |text| text.parse().unwrap());
    raise_file_limit(count as u64 + 500);
    let link = Link::make(count.div_ceil(EACH_ADDRESS));
    let directory = data_directory();
    let places = (count + 50).to_string();
    let flags =
        ["--insecure", "--heartbeat-ms", "500", "--write-timeout-ms", "3000", "--max-connections", &places];
    let server = Server::start_at("0.0.0.0:0", directory.path(), &flags);
    let port = server.address.port();
    let (near, far) = ((IpAddr::from([127, 0, 0, 1]), port).into(), (link.host_address(), port).into());

    let mut witness = Subscription::open(near, "/events/subscribe?all=true");
    witness.greeting();
    let mut subscriptions: Vec<Subscription> = link
        .connect(far, count, EACH_ADDRESS)
        .into_iter()
        .map(|stream| {
            let mut client = Client::over(stream);
            client.send(request("GET", "/events/subscribe?all=true", &[], b""));
            Subscription::over(client)
        })
        .collect();
    subscriptions.iter_mut().for_each(|subscription| drop(subscription.greeting()));
    publish(near, &created("1", "GA", "GB"));
    for subscription in &mut subscriptions {
        assert_eq!(subscription.ids(1), ["1"]);
    }
    until("all are counted", || (active(near) == count as u64 + 1).then_some(()));

    assert_eq!(get(far, "/events/stats").status, 403, "statistics are for this machine");

    link.cut();
    publish(near, &topped_up("1", "1"));
    // Polled with a deadline; how long it takes exactly is not what is proved.
    until("the places of the vanished are free", || (active(near) == 1).then_some(()));
    publish(near, &topped_up("1", "2"));
    assert_eq!(witness.ids(3), ["1", "2", "3"], "the subscriber that stayed");

    // Back on the link, a subscriber resumes where it was.
    link.mend();
    let stream = link.connect(far, 1, EACH_ADDRESS).pop().unwrap();
    let mut client = Client::over(stream);
    client.send(request("GET", "/events/subscribe?all=true", &[("Last-Event-ID", "1")], b""));
    let mut resumed = Subscription::over(client);
    assert_eq!(resumed.greeting().id.as_deref(), Some("1"));
    assert_eq!(resumed.ids(2), ["2", "3"]);
}

fn raise_file_limit(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let raised = maximum.map_or(files, |maximum| maximum.min(files));
        setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).unwrap();
    }
}
