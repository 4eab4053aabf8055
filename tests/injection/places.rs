//! Where a publisher may write text: every form of publishing, every place in it, and what the place admits.

/// A place for a payload. `§` is where it stands, `N` a number that no other request has, in the body as in what
/// subscribers see of it; `None`: nothing.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
    pub(crate) shown: Option<&'static str>,
    pub(crate) admits: fn(&str) -> bool,
}

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

fn any(_: &str) -> bool {
    true
}

fn name(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn key(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn user(text: &str) -> bool {
    key(text) && !text.contains(',')
}

fn stream(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

fn none(_: &str) -> bool {
    false
}

macro_rules! place {
    ($name:literal, $target:literal, $kind:expr, $admits:expr, $body:literal, $shown:expr) => {
        Place {
            name: $name,
            target: $target,
            content_type: $kind,
            body: $body,
            shown: $shown,
            admits: $admits,
        }
    };
}

/// What most events show.
const PLAIN: Option<&str> = Some(r#"{"streamId":"s","amount":"1"}"#);
const MEMO: Option<&str> = Some(r#"{"streamId":"s","amount":"1","memo":"§"}"#);
const NAMED: Option<&str> = Some(r#"{"streamId":"s","amount":"1","n§":1}"#);
const DEEP: Option<&str> = Some(r#"{"streamId":"s","amount":"1","a":[{"n§":"§"}]}"#);
const NEW: Option<&str> = Some(
    r#"{"streamId":"tN","sender":"GA","recipient":"GB","tokenAddress":"C","depositedAmount":"1","memo":"§"}"#,
);

pub(crate) const PLACES: &[Place] = &[
    place!(
        "a value",
        "/events",
        JSON,
        any,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","memo":"§"}}"#,
        MEMO
    ),
    place!(
        "a name",
        "/events",
        JSON,
        name,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","n§":1}}"#,
        NAMED
    ),
    place!(
        "deep inside",
        "/events",
        JSON,
        name,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","a":[{"n§":"§"}]}}"#,
        DEEP
    ),
    place!(
        "a value of a batch",
        "/events",
        JSON,
        any,
        r#"[{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","memo":"§"}}]"#,
        MEMO
    ),
    place!(
        "a name of a batch",
        "/events",
        JSON,
        name,
        r#"[{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","n§":1}}]"#,
        NAMED
    ),
    place!(
        "a value of a line",
        "/events",
        NDJSON,
        any,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","memo":"§"}}"#,
        MEMO
    ),
    place!(
        "a name of a line",
        "/events",
        NDJSON,
        name,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","n§":1}}"#,
        NAMED
    ),
    place!(
        "a value of the indexer",
        "/events",
        JSON,
        any,
        r#"{"eventType":"TOPPED_UP","streamId":"s","amount":"1","memo":"§"}"#,
        MEMO
    ),
    place!(
        "a name of the indexer",
        "/events",
        JSON,
        name,
        r#"{"eventType":"TOPPED_UP","streamId":"s","amount":"1","n§":1}"#,
        NAMED
    ),
    place!(
        "a value of a new stream",
        "/streams",
        JSON,
        any,
        r#"{"streamId":"tN","sender":"GA","recipient":"GB","token":"C","amount":"1","memo":"§"}"#,
        NEW
    ),
    place!("a value of an action", "/streams/s/top-up", JSON, any, r#"{"amount":"1","memo":"§"}"#, MEMO),
    place!("a name of an action", "/streams/s/top-up", JSON, name, r#"{"amount":"1","n§":1}"#, NAMED),
    place!(
        "a hash",
        "/events",
        JSON,
        any,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1","transactionHash":"§"}}"#,
        Some(r#"{"streamId":"s","amount":"1","transactionHash":"§"}"#)
    ),
    place!(
        "a payment stream",
        "/events",
        JSON,
        stream,
        r#"{"type":"stream.topped_up","data":{"streamId":"s§","amount":"1"}}"#,
        Some(r#"{"streamId":"s§","amount":"1"}"#)
    ),
    place!(
        "a payment stream of the indexer",
        "/events",
        JSON,
        stream,
        r#"{"eventType":"TOPPED_UP","streamId":"s§","amount":"1"}"#,
        Some(r#"{"streamId":"s§","amount":"1"}"#)
    ),
    place!(
        "a payment stream beside the path",
        "/streams/s/top-up",
        JSON,
        none,
        r#"{"streamId":"s§","amount":"1"}"#,
        None
    ),
    place!(
        "a new payment stream",
        "/streams",
        JSON,
        stream,
        r#"{"streamId":"tN§","sender":"GA","recipient":"GB","token":"C","amount":"1"}"#,
        Some(r#"{"streamId":"tN§","sender":"GA","recipient":"GB","tokenAddress":"C","depositedAmount":"1"}"#)
    ),
    place!(
        "a sender",
        "/streams",
        JSON,
        user,
        r#"{"streamId":"tN","sender":"G§","recipient":"GB","token":"C","amount":"1"}"#,
        Some(r#"{"streamId":"tN","sender":"G§","recipient":"GB","tokenAddress":"C","depositedAmount":"1"}"#)
    ),
    place!(
        "a recipient",
        "/events",
        JSON,
        user,
        r#"{"type":"stream.withdrawn","data":{"streamId":"tN","amount":"1","recipient":"G§"}}"#,
        Some(r#"{"streamId":"tN","amount":"1","recipient":"G§"}"#)
    ),
    place!(
        "a token",
        "/streams",
        JSON,
        key,
        r#"{"streamId":"tN","sender":"GA","recipient":"GB","tokenAddress":"C§","amount":"1"}"#,
        Some(r#"{"streamId":"tN","sender":"GA","recipient":"GB","tokenAddress":"C§","depositedAmount":"1"}"#)
    ),
    place!(
        "a treasury",
        "/events",
        JSON,
        user,
        r#"{"type":"stream.fee_collected","data":{"streamId":"s","feeAmount":"1","treasury":"G§"}}"#,
        Some(r#"{"streamId":"s","feeAmount":"1","treasury":"G§"}"#)
    ),
    place!(
        "a party",
        "/events",
        JSON,
        user,
        r#"{"type":"stream.topped_up","data":{"streamId":"tN","amount":"1"},"parties":{"sender":"G§"}}"#,
        Some(r#"{"streamId":"tN","amount":"1"}"#)
    ),
    place!(
        "a name of a party",
        "/events",
        JSON,
        none,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"parties":{"x§":"G"}}"#,
        None
    ),
    place!(
        "a key",
        "/events",
        JSON,
        key,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"dedupeKey":"kN§"}"#,
        PLAIN
    ),
    place!(
        "a key of a line",
        "/events",
        NDJSON,
        key,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"dedupeKey":"kN§"}"#,
        PLAIN
    ),
    place!(
        "a key of the indexer",
        "/events",
        JSON,
        key,
        r#"{"eventType":"TOPPED_UP","streamId":"s","amount":"1","dedupeKey":"kN§"}"#,
        PLAIN
    ),
    place!(
        "a key of an action",
        "/streams/s/top-up",
        JSON,
        key,
        r#"{"amount":"1","dedupeKey":"kN§"}"#,
        PLAIN
    ),
    place!(
        "a source",
        "/events",
        JSON,
        key,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"source":"N§","position":1}"#,
        PLAIN
    ),
    place!(
        "a position",
        "/events",
        JSON,
        none,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"source":"N","position":"1§"}"#,
        None
    ),
    place!(
        "an amount",
        "/events",
        JSON,
        none,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1§"}}"#,
        None
    ),
    place!(
        "a type",
        "/events",
        JSON,
        none,
        r#"{"type":"stream.topped_up§","data":{"streamId":"s","amount":"1"}}"#,
        None
    ),
    place!(
        "a type of the indexer",
        "/events",
        JSON,
        none,
        r#"{"eventType":"TOPPED_UP§","streamId":"s","amount":"1"}"#,
        None
    ),
    place!(
        "a name beside the data",
        "/events",
        JSON,
        none,
        r#"{"type":"stream.topped_up","data":{"streamId":"s","amount":"1"},"x§":1}"#,
        None
    ),
];
