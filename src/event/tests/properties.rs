//! What holds for any input: no panic, and for any JSON, reading what is kept keeps it.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;

use crate::event::json::Reader;
use crate::event::tests::support::{LENIENT, STRICT, data};
use crate::event::{EventType, parse_action, parse_json, parse_ndjson, parse_new_stream, readings};
use crate::topic::StreamId;

/// Pieces of JSON, good and bad, to be strung together.
fn shards() -> impl Strategy<Value = Vec<u8>> {
    let shard = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u",
            "\\ud800",
            "\\udc00",
            " ",
            "\n",
            "\r\n",
            "\0",
            "-",
            "0",
            "1e9",
            "e400",
            "true",
            "null",
            "99999999999999999999",
            "\"a\":",
            "\"type\":",
            "\"stream.paused\"",
            "\"data\":",
            "\"eventType\":",
            "\"PAUSED\"",
            "\"streamId\":",
            "\"amount\":",
            "\"dedupeKey\":",
            "{\"eventType\":\"PAUSED\",\"streamId\":1}",
            "\u{feff}",
            "é",
        ])
        .prop_map(|text: &str| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(shard, 0..40).prop_map(|shards| shards.concat())
}

/// The text of a string, some of it escaped.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~é😀]{0,3}".prop_map(|text| text.replace(['"', '\\'], "_")),
        proptest::sample::select(vec![
            "\\n",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u0041",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\u0000",
            "\u{7f}",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// A JSON text with white space anywhere it may stand.
fn json() -> impl Strategy<Value = String> {
    let space = || proptest::sample::select(vec!["", "", " ", "\n", "\t\r "]);
    let leaf = prop_oneof![
        string(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,5}([eE][+-]?[0-9]{1,2})?",
        proptest::sample::select(vec!["true", "false", "null", "-0", "{}", "[ ]"]).prop_map(str::to_owned),
    ];
    let padded = move |inner| {
        (space(), inner, space()).prop_map(|(a, text, b): (_, String, _)| format!("{a}{text}{b}"))
    };
    padded(leaf.boxed()).boxed().prop_recursive(6, 60, 6, move |inner| {
        let element = padded(inner.boxed());
        let elements = proptest::collection::vec(element.boxed(), 0..6).boxed();
        let names = proptest::collection::vec((string(), space()), 6);
        prop_oneof![
            elements.clone().prop_map(|elements| format!("[{}]", elements.join(","))),
            (elements, names).prop_map(|(elements, names)| {
                let members = elements.iter().zip(names).enumerate();
                let members = members.map(|(n, (value, (name, space)))| {
                    format!("{space}\"{n}{}{space}:{value}", name.get(1..).unwrap())
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn compact(text: &str) -> Option<String> {
    let raw = |document: &crate::event::json::Document<'_>| document.root().raw().to_vec();
    Reader::new().read(text.as_bytes(), raw).ok().map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Whether a text may have a control character in a name.
fn may_be_refused(text: &str) -> bool {
    ["\\u0000", "\\n", "\u{7f}"].iter().any(|control| text.contains(control))
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(body in prop_oneof![shards(), proptest::collection::vec(any::<u8>(), 0..200)]) {
        let stream = StreamId::from_number(7);
        let batches = [parse_json(&body, LENIENT), parse_ndjson(&body, STRICT)];
        let read = batches.into_iter().flatten().flat_map(|batch| batch.events);
        let created = parse_new_stream(&body, &stream, LENIENT);
        let topped_up = parse_action(&body, &stream, EventType::ToppedUp, LENIENT);
        for event in read.chain(created).chain(topped_up) {
            prop_assert!(!event.data.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
            prop_assert!(simd_json::to_owned_value(&mut event.data.clone()).is_ok());
        }
    }

    #[test]
    fn the_quick_reader_reads_as_the_other_does(
        text in prop_oneof![json(), json().prop_map(|text| text.replace('\\', "_"))],
        cut in any::<Index>(),
        shards in shards(),
    ) {
        let mut cut_off = text.clone().into_bytes();
        cut_off.truncate(cut.index(text.len() + 1));
        for text in [text.as_bytes(), &cut_off, &shards] {
            let [quick, strict] = readings(text);
            prop_assert_eq!(quick, strict);
        }
    }

    #[test]
    fn what_is_kept_means_what_came(text in json()) {
        let Some(kept) = compact(&text) else {
            prop_assert!(may_be_refused(&text), "{text}");
            return Ok(());
        };
        prop_assert_eq!(compact(&kept), Some(kept.clone()));
        let value = |text: &str| simd_json::to_owned_value(&mut text.as_bytes().to_vec()).unwrap();
        prop_assert_eq!(value(&kept), value(&text));
    }

    #[test]
    fn an_event_that_is_kept_reads_as_itself(
        value in json(), stream in any::<u64>(), amount in 0..=i128::MAX
    ) {
        let body = format!(
            r#"{{"eventType":"TOPPED_UP","x":{value}, "streamId" : "{stream}","amount":"{amount}"}}"#
        );
        let Ok(events) = parse_json(body.as_bytes(), LENIENT) else {
            prop_assert!(may_be_refused(&value), "{value}");
            return Ok(());
        };
        let [event] = &events.events[..] else { panic!("{events:?}") };
        let again = format!(r#"[{{"type":"stream.topped_up","data":{}}}]"#, data(event));
        prop_assert_eq!(&parse_json(again.as_bytes(), LENIENT).unwrap().events, &events.events);
    }
}
