//! Which pages may read and publish. Two listeners: one on loopback without keys, one public with an
//! operator's list.

use crate::auth::OriginPolicy;
use crate::auth::OriginVerdict::{self, Allowed, ForeignHost, ForeignOrigin, SameOrigin};

fn allowed(origin: &str) -> OriginVerdict {
    Allowed(origin.to_owned())
}

#[track_caller]
fn check(policy: &OriginPolicy, host: &str, origin: &str, expected: &OriginVerdict) {
    let present = |text| Some(text).filter(|text| *text != "-");
    let verdict = policy.judge(present(host), present(origin));
    assert_eq!(&verdict, expected, "of host {host:?}, origin {origin:?}");
}

#[test]
fn keyless_loopback_listener_must_be_asked_as_loopback() {
    let policy = OriginPolicy { allowed: vec![], loopback: true };
    for host in ["localhost", "LocalHost:3001", "127.0.0.1:3001", "127.9.8.7", "[::1]", "[::1]:3001", "-"] {
        check(&policy, host, "-", &SameOrigin);
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:3001",
        "128.0.0.1",
        "127.1",
        "0x7f000001",
        "0.0.0.0",
        "[::]",
        "[::2]:3001",
        "::1",
        "localhost@evil.example",
        "",
    ] {
        check(&policy, host, "-", &ForeignHost);
        check(&policy, host, "http://localhost:5173", &ForeignHost);
    }
}

#[test]
fn keyless_loopback_listener_takes_local_pages() {
    let policy = OriginPolicy { allowed: vec!["https://app.example".to_owned()], loopback: true };
    for origin in [
        "http://localhost",
        "http://localhost:5173",
        "http://127.0.0.1:3000",
        "http://[::1]:8080",
        "https://app.example",
    ] {
        check(&policy, "127.0.0.1:3001", origin, &allowed(origin));
    }
    for origin in [
        "http://evil.example",
        "https://localhost:5173",
        "http://localhost.evil.example",
        "http://127.0.0.2:3000",
        "http://localhost:99999",
        "null",
        "",
        "http://",
        "file://",
        "http://localhost:3000@evil.example",
    ] {
        check(&policy, "127.0.0.1:3001", origin, &ForeignOrigin);
    }
    check(&policy, "localhost:3001", "http://localhost:3001", &SameOrigin);
}

#[test]
fn public_listener_takes_its_own_pages_and_the_named() {
    let named = ["https://app.example", "http://Dev.example:8080/", "https://port.example:443", "*", "null"];
    let policy = OriginPolicy { allowed: named.map(str::to_owned).to_vec(), loopback: false };
    for (host, origin, expected) in [
        ("api.example", "-", SameOrigin),
        ("api.example", "https://api.example", SameOrigin),
        ("API.example", "https://api.EXAMPLE", SameOrigin),
        ("api.example:443", "https://api.example", SameOrigin),
        ("api.example", "http://api.example:80", SameOrigin),
        ("[2001:db8::1]:3001", "http://[2001:db8::1]:3001", SameOrigin),
        ("api.example", "https://api.example:444", ForeignOrigin),
        ("api.example:3001", "https://api.example", ForeignOrigin),
        ("api.example", "chrome-extension://api.example", ForeignOrigin),
        ("api.example", "https://app.example", allowed("https://app.example")),
        ("api.example", "https://app.example:443", allowed("https://app.example:443")),
        ("api.example", "http://dev.example:8080", allowed("http://dev.example:8080")),
        ("api.example", "https://port.example", allowed("https://port.example")),
        ("-", "https://app.example", allowed("https://app.example")),
        ("api.example", "http://app.example", ForeignOrigin),
        ("api.example", "https://sub.app.example", ForeignOrigin),
        ("api.example", "https://app.example.evil", ForeignOrigin),
        ("api.example", "http://localhost:5173", ForeignOrigin),
        ("api.example", "null", ForeignOrigin),
        ("api.example", "*", ForeignOrigin),
        ("-", "https://api.example", ForeignOrigin),
    ] {
        check(&policy, host, origin, &expected);
    }
}

#[test]
fn fields_echo_the_origin_with_credentials() {
    assert_eq!(
        OriginPolicy::fields("http://localhost:5173"),
        [
            ("Access-Control-Allow-Origin", "http://localhost:5173".to_owned()),
            ("Access-Control-Allow-Credentials", "true".to_owned()),
            ("Access-Control-Expose-Headers", "Location, Retry-After".to_owned()),
            ("Vary", "Origin".to_owned()),
        ]
    );
    let named = "Authorization, Content-Type, Last-Event-ID, Cache-Control, Idempotency-Key, Prefer";
    assert_eq!(
        OriginPolicy::preflight_fields("GET, HEAD, OPTIONS"),
        [
            ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS".to_owned()),
            ("Access-Control-Allow-Headers", named.to_owned()),
            ("Access-Control-Max-Age", "600".to_owned()),
        ]
    );
}
