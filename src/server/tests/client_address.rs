//! Whom a request comes from: the table of peers, trusted ranges and fields.

use ipnet::IpNet;

use crate::http::{Proxied, parse_head};
use crate::server::client_address::ClientAddress;

const TRUSTED: [&str; 3] = ["10.0.0.0/8", "127.0.0.1/32", "2001:db8:f::/48"];

fn client(peer: &str, fields: &str) -> (String, bool) {
    let trusted: Vec<IpNet> = TRUSTED.iter().map(|range| range.parse().unwrap()).collect();
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let head = parse_head(head.as_bytes()).unwrap().unwrap();
    let client = ClientAddress::peer(peer.parse().unwrap()).forwarded(&trusted, &head);
    (client.address.to_string(), client.proxied)
}

#[test]
fn the_last_hop_that_is_no_trusted_proxy_is_the_client() {
    for (peer, fields, address, proxied) in [
        // Nobody believes a stranger.
        ("192.0.2.9", "X-Forwarded-For: 198.51.100.1\r\n", "192.0.2.9", false),
        ("192.0.2.9", "Forwarded: for=198.51.100.1\r\n", "192.0.2.9", false),
        ("127.0.0.2", "X-Forwarded-For: 198.51.100.1\r\n", "127.0.0.2", false),
        // A proxy that says nothing is itself the client.
        ("10.0.0.1", "", "10.0.0.1", false),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1", true),
        ("10.0.0.1", "Forwarded: for=198.51.100.1\r\n", "198.51.100.1", true),
        ("2001:db8:f::1", "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1", true),
        // What the client wrote before the proxy added its address is not looked at.
        ("10.0.0.1", "X-Forwarded-For: 6.6.6.6, 198.51.100.1\r\n", "198.51.100.1", true),
        ("10.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1", true),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.1, 10.0.0.2, 10.9.9.9\r\n", "198.51.100.1", true),
        ("10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3", true),
        // What is not understood ends the walk at the proxy that named it.
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.1, unknown\r\n", "10.0.0.1", true),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.1, nonsense, 10.0.0.2\r\n", "10.0.0.2", true),
        ("10.0.0.1", "Forwarded: for=198.51.100.1, for=_hidden\r\n", "10.0.0.1", true),
        ("10.0.0.1", "X-Forwarded-For:\r\n", "10.0.0.1", true),
        // A proxied client is not this machine, whatever its address.
        ("127.0.0.1", "X-Forwarded-For: 127.0.0.1\r\n", "127.0.0.1", true),
        // Both fields: they agree, or neither is believed.
        (
            "10.0.0.1",
            "X-Forwarded-For: 198.51.100.1\r\nForwarded: for=198.51.100.1\r\n",
            "198.51.100.1",
            true,
        ),
        ("10.0.0.1", "X-Forwarded-For: 198.51.100.1\r\nForwarded: for=6.6.6.6\r\n", "10.0.0.1", true),
        ("10.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=\"\r\n", "10.0.0.1", true),
    ] {
        assert_eq!(client(peer, fields), (address.to_owned(), proxied), "{peer} {fields:?}");
    }
}

#[test]
fn a_long_way_is_walked_to_its_bound_and_no_further() {
    let hops = vec!["10.0.0.2"; 1000].join(", ");
    let fields = format!("X-Forwarded-For: 198.51.100.1, {hops}\r\n");
    assert_eq!(client("10.0.0.1", &fields), ("10.0.0.2".to_owned(), true));
}

#[test]
fn a_proxied_connection_is_never_local() {
    let peer = ClientAddress::peer("127.0.0.1".parse().unwrap());
    assert!(peer.is_local() && peer.said(Proxied::Itself).is_local());
    assert!(!peer.said(Proxied::Unknown).is_local());
    assert!(!peer.said(Proxied::Client("127.0.0.1".parse().unwrap())).is_local());
}
