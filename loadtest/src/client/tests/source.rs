//! Source addresses: the kernel's choice first, then one loopback address after another, all of them usable.

use std::net::TcpListener;
use std::time::Duration;

use crate::client::{connect_from, source_address};

#[test]
fn each_source_is_a_loopback_address_of_its_own() {
    let server = "127.0.0.1:9".parse().unwrap();
    assert_eq!(source_address(server, 0), None);
    assert_eq!(source_address(server, 1), Some("127.0.0.2".parse().unwrap()));
    assert_eq!(source_address(server, 255), Some("127.0.1.0".parse().unwrap()));
    assert_eq!(source_address(server, 1 << 24), None, "past the end");
    assert_eq!(source_address("[::1]:9".parse().unwrap(), 1), None);
}

#[test]
fn a_connection_comes_from_where_it_was_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    for nth in [0, 1, 7] {
        let source = source_address(server, nth);
        let client = connect_from(source, server, Duration::from_secs(5)).unwrap();
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert_eq!(peer.ip(), source.unwrap_or(server.ip()));
    }
}
