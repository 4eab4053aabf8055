//! The query of a subscription: decoded as written by hand, the same however it is encoded, and a filter of what it
//! names and no more.
//!
//! Input: a query, and behind a line feed the `Last-Event-ID` field.

use tailwire::event::EventType;
use tailwire::http::{Detail, pairs};
use tailwire::limits::{FAULTS_MAX, FILTER_TERMS_MAX};
use tailwire::server::{Params, Start};
use tailwire::topic::{StreamId, TopicHasher, User};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (query, header) = match text.split_once('\n') {
        Some((query, header)) => (query, Some(header)),
        None => (text, None),
    };
    let (Ok(decoded), Ok(params)) = (pairs(query), Params::read(query)) else {
        assert!(pairs(query).is_err() && Params::read(query).is_err(), "one of them reads it");
        assert_eq!(plain_pairs(query), None, "it can be decoded");
        return;
    };
    assert_eq!(plain_pairs(query).as_ref(), Some(&decoded), "decoded otherwise");
    let again = encoded(&decoded);
    assert_eq!(pairs(&again).as_ref(), Ok(&decoded), "encoded and decoded again");
    let hasher = TopicHasher::new([7; 16]);
    let filter_of = |params: &Params| {
        params.asked(FILTER_TERMS_MAX).map(|asked| (!asked.is_nothing()).then(|| asked.filter(&hasher)))
    };
    let filter = filter_of(&params);
    let twin = Params::read(&again).expect("it decodes to the same pairs");
    assert_eq!(filter_of(&twin), filter);
    assert_eq!(twin.start(header), params.start(header));
    match filter {
        Ok(filter) => check_filter(filter.as_ref(), &decoded, &hasher),
        Err(faults) => check_faults(&faults),
    }
    match params.start(header) {
        Ok(start) => check_start(&start, header, &decoded),
        Err(fault) => check_faults(&[fault]),
    }
}

/// The filter names each term of the query and nothing else.
fn check_filter(filter: Option<&tailwire::hub::Filter>, pairs: &[(String, String)], hasher: &TopicHasher) {
    let of = |name: &'static str| {
        let values = pairs.iter().filter(move |pair| pair.0 == name).map(|pair| pair.1.as_str());
        values.flat_map(|value| value.split(',')).filter(|term| !term.is_empty())
    };
    let streams = of("streams").map(|term| hasher.stream(&StreamId::parse(term).expect("a good term")));
    let users = of("users").map(|term| hasher.user(&User::parse(term).expect("a good term")));
    let mut topics: Vec<_> = streams.chain(users).collect();
    assert!(topics.len() <= FILTER_TERMS_MAX);
    topics.sort_unstable();
    topics.dedup();
    let all = pairs.iter().rfind(|pair| pair.0 == "all").is_some_and(|pair| matches!(&*pair.1, "true" | "1"));
    let Some(filter) = filter else {
        assert!(topics.is_empty() && !all, "something was asked for");
        return;
    };
    assert_eq!(filter.is_all(), all);
    if !all {
        assert!(!topics.is_empty(), "a filter of nothing");
        assert_eq!(filter.topics(), topics);
        assert_eq!(filter.names_users(), of("users").next().is_some());
    }
    let types: Vec<_> = of("types").map(|name| EventType::from_name(name).expect("a good type")).collect();
    for kind in EventType::ALL {
        assert_eq!(filter.types().has(kind.code()), types.is_empty() || types.contains(&kind), "{kind:?}");
    }
}

/// The header goes before the parameter, and either before a time.
fn check_start(start: &Start, header: Option<&str>, pairs: &[(String, String)]) {
    let last = |name: &str| pairs.iter().rfind(|pair| pair.0 == name).map(|pair| pair.1.as_str());
    let id = header.filter(|id| !id.is_empty()).or(last("lastEventId").filter(|id| !id.is_empty()));
    match start {
        Start::After(text) => assert_eq!(Some(text.as_str()), id),
        Start::Since { text, .. } => assert!(id.is_none() && last("since") == Some(text)),
        Start::Earliest => assert!(id.is_none() && last("from") == Some("earliest")),
        Start::Latest => assert!(id.is_none() && last("since").is_none()),
    }
}

fn check_faults(faults: &[Detail]) {
    assert!((1..=FAULTS_MAX).contains(&faults.len()), "{} faults", faults.len());
    for fault in faults {
        assert!(!fault.message.chars().any(|letter| letter.is_ascii_control()), "{:?}", fault.message);
    }
}

/// The pairs of a query by the letter of the WHATWG's URL standard, section 5.1. None: not UTF-8.
fn plain_pairs(query: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for sequence in query.split('&').filter(|sequence| !sequence.is_empty()) {
        let (name, value) = sequence.split_once('=').unwrap_or((sequence, ""));
        pairs.push((plain_text(name)?, plain_text(value)?));
    }
    Some(pairs)
}

fn plain_text(text: &str) -> Option<String> {
    let (bytes, mut at, mut out) = (text.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        match (bytes[at], digits) {
            (b'%', Some(digits)) => {
                out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

/// Every byte percent-encoded.
fn encoded(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}
