//! The tool aims at loopback addresses and nothing else, however the address is dressed.

use crate::client::LoopbackUrl;

#[test]
fn loopback_addresses_are_taken() {
    let check = |text: &str, addr: &str| {
        let url: LoopbackUrl = text.parse().unwrap();
        assert_eq!(url.addr, addr.parse().unwrap(), "{text}");
    };
    check("http://127.0.0.1:3001", "127.0.0.1:3001");
    check("http://127.8.9.1:80/", "127.8.9.1:80");
    check("http://localhost:3001", "127.0.0.1:3001");
    check("http://[::1]:3001", "[::1]:3001");
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "127.0.0.1:3001",
        "https://127.0.0.1:3001",
        "http://127.0.0.1",
        "http://10.0.0.1:3001",
        "http://0.0.0.0:3001",
        "http://[::]:3001",
        "http://example.org:3001",
        "http://localhost.example.org:3001",
        "http://localhost:3001@10.0.0.1:80",
        "http://127.0.0.1:3001/events",
        "http://127.0.0.1:3001?x",
        "",
    ] {
        assert!(text.parse::<LoopbackUrl>().is_err(), "{text}");
    }
}
