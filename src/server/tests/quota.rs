//! Failed authentications are counted against the address that sent them and nobody else.

use crate::server::client_address::ClientAddress;
use crate::server::quota::{Limits, Quota};
use crate::throttle::{Rate, RetryAfterMs};

fn client(address: &str, proxied: bool) -> ClientAddress {
    ClientAddress { proxied, ..ClientAddress::peer(address.parse().unwrap()) }
}

#[test]
fn failures_are_bound_by_a_rate() {
    let limits = Limits {
        auth_failures_per_address: Some(Rate::per_minute(1, 3).unwrap()),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..Limits::default()
    };
    let quota = Quota::new(&limits);
    let failed = |client: &ClientAddress, now_ms| quota.authentication_failed(&limits, client, now_ms);
    for (bad, neighbour) in [
        (client("192.0.2.1", false), client("192.0.2.2", false)),
        (client("2001:db8::1", true), client("2001:db8:0:1::1", true)),
        // For whom a proxy speaks is counted even where the proxy itself would not be.
        (client("127.0.0.1", true), client("192.0.2.3", true)),
        (client("10.0.0.1", true), client("192.0.2.4", true)),
    ] {
        for _ in 0..3 {
            assert_eq!(failed(&bad, 5), Ok(()));
        }
        assert_eq!(failed(&bad, 5), Err(RetryAfterMs(60_000)), "{bad:?}");
        assert_eq!(failed(&bad, 60_005), Ok(()), "what is refused costs nothing");
        assert_eq!(failed(&neighbour, 5), Ok(()));
    }
    for exempt in [client("127.0.0.1", false), client("10.0.0.9", false), client("::1", false)] {
        for _ in 0..10 {
            assert_eq!(failed(&exempt, 5), Ok(()), "{exempt:?}");
        }
    }
}
