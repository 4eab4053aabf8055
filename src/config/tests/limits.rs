//! The limits of addresses and users: every flag arrives, `auto` depends on the address, and what makes no sense is
//! refused with the cure.

use crate::config::tests::support::args;
use crate::config::{Choice, LimitChoices};
use crate::server::Limits;
use crate::throttle::Rate;

pub(super) fn no_choices() -> LimitChoices {
    LimitChoices { filter_terms: 1024, ..LimitChoices::default() }
}

#[test]
fn every_limit_arrives() {
    let config = args(
        "--max-connections-per-address 3 --max-connections-per-user 0 --subscribe-rate-per-address 1/s:2 \
         --subscribe-rate-per-user off --publish-rate-per-address 3/m:4 --publish-rate-per-user auto \
         --auth-failure-rate-per-address 5/m:6 --filter-terms-max 7 --trusted-proxies 10.0.0.0/8 \
         --trusted-proxies ::1 --proxy-protocol",
    )
    .config();
    let expected = LimitChoices {
        connections_per_address: Choice::Set(3),
        connections_per_user: Choice::Off,
        subscriptions_per_address: Choice::Set(Rate::per_second(1, 2).unwrap()),
        subscriptions_per_user: Choice::Off,
        events_per_address: Choice::Set(Rate::per_minute(3, 4).unwrap()),
        events_per_user: Choice::Auto,
        auth_failures_per_address: Choice::Set(Rate::per_minute(5, 6).unwrap()),
        filter_terms: 7,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        proxy_protocol: true,
    };
    assert_eq!(config.limits, expected);
}

#[test]
fn auto_is_off_on_loopback_alone() {
    let limits = no_choices().on(true);
    assert_eq!(limits, Limits { filter_terms: 1024, ..Limits::default() });
    let limits = no_choices().on(false);
    assert_eq!((limits.connections_per_address, limits.connections_per_user), (Some(256), Some(256)));
    let rates = [
        limits.subscriptions_per_address,
        limits.subscriptions_per_user,
        limits.events_per_address,
        limits.events_per_user,
        limits.auth_failures_per_address,
    ];
    assert!(rates.iter().all(Option::is_some), "{rates:?}");
    let chosen = LimitChoices { connections_per_address: Choice::Set(9), ..no_choices() };
    assert_eq!(chosen.on(true).connections_per_address, Some(9), "what was asked for holds on loopback too");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (flags, cure) in [
        ("--max-connections-per-address -1", "not a whole number"),
        ("--subscribe-rate-per-address 5", "5/s:512"),
        ("--subscribe-rate-per-address 5/h:5", "5/s:512"),
        ("--subscribe-rate-per-address 5/s:", "5/s:512"),
        ("--publish-rate-per-user 0/s:5", "a rate is 1 to"),
        ("--publish-rate-per-user 1/m:5000", "a burst is 1 to 4320"),
        ("--filter-terms-max 1025", "choose 1 to 1024"),
        ("--trusted-proxies example.org", "10.0.0.0/8"),
        ("--trusted-proxies ::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("--proxy-protocol", "--trusted-proxies"),
    ] {
        let refusal = args(flags).refusal();
        assert!(refusal.contains(cure), "{flags}: {refusal}");
    }
}
