//! Every way to publish one event: the routes of a payment stream, `POST /events` in both forms, amounts as
//! numbers, names in all spellings, and the limits of an event. What was published is read back from a
//! subscription.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use simd_json::prelude::*;
use support::{
    Server, Subscription, created, data_directory, data_of, get, post, publish, topped_up, type_of,
};

const EVERYTHING: &str = "/events/subscribe?all=true&from=earliest";

#[test]
fn each_route_makes_its_event() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let routes = [
        ("top-up", "topped_up", "{\"amount\":\"5\",\"newDepositedAmount\":\"105\"}"),
        ("withdraw", "withdrawn", "{\"amount\":\"5\",\"recipient\":\"GB\",\"ledger\":12}"),
        ("pause", "paused", "{\"pausedAt\":1708560000}"),
        ("resume", "resumed", "{\"newEndTime\":1708570000}"),
        ("cancel", "cancelled", "{}"),
        ("complete", "completed", "{\"totalStreamed\":\"100\"}"),
    ];
    let mut subscription = Subscription::open(server.address, EVERYTHING);
    subscription.greeting();
    for stream in ["7", "a.Name_with:all-8"] {
        for (action, name, body) in routes {
            let target = format!("/streams/{stream}/{action}");
            let answer = post(server.address, &target, body);
            assert_eq!(answer.status, 201, "{target}: {answer:?}");
            let event = subscription.event();
            assert_eq!(type_of(&event), format!("stream.{name}"));
            assert_eq!(answer.json()["eventId"].as_str(), event.id.as_deref(), "{target}");
            let (data, sent) =
                (data_of(&event), simd_json::to_owned_value(&mut body.to_owned().into_bytes()));
            for (field, value) in sent.unwrap().as_object().unwrap() {
                assert_eq!(&data[field.as_str()], value, "{field} of {target}");
            }
            match stream.parse::<u64>() {
                Ok(number) => assert_eq!(data["streamId"], number, "{target}"),
                Err(_) => assert_eq!(data["streamId"], stream, "{target}"),
            }
        }
    }
    for target in ["/streams/7/pay", "/streams/7", "/streams/7/top-up/again", "/streams//top-up"] {
        let answer = post(server.address, target, "{\"amount\":\"5\"}");
        assert!(matches!(answer.status, 400 | 404 | 405), "{target}: {answer:?}");
    }
    let answer = post(server.address, "/streams/007/top-up", "{\"amount\":\"5\"}");
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[test]
fn a_new_stream_may_have_an_id_and_the_short_field_names() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let short = "{\"sender\":\"GA\",\"recipient\":\"GB\",\"amount\":250,\"token\":\"CTOKEN\"}";
    let answer = post(server.address, "/streams", short);
    assert_eq!(answer.status, 201, "{answer:?}");
    let long = "{\"streamId\":\"42\",\"sender\":\"GA\",\"recipient\":\"GB\",\"tokenAddress\":\"CTOKEN\",\
                \"ratePerSecond\":1,\"depositedAmount\":\"250\",\"startTime\":1708560000,\"memo\":\"rent\"}";
    let answer = post(server.address, "/streams", long);
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    assert_eq!(json["id"], "42");
    assert_eq!(json["status"], "pending");
    assert_eq!(json["memo"], "rent");

    let mut subscription = Subscription::open(server.address, EVERYTHING);
    subscription.greeting();
    let data = data_of(&subscription.event());
    assert_eq!(data["depositedAmount"], "250");
    assert_eq!(data["tokenAddress"], "CTOKEN");
    for absent in ["ratePerSecond", "startTime", "amount", "token"] {
        assert!(data.get(absent).is_none(), "{absent} in {data:?}");
    }
    assert_eq!(data_of(&subscription.event())["ratePerSecond"], "1");
    let answer = post(server.address, "/events", &created("\"pending-abcdefghijklmnop\"", "GA", "GB"));
    assert_eq!(answer.status, 400, "the server alone names pending streams: {answer:?}");
}

#[test]
fn the_two_spellings_of_a_number_are_one_payment_stream() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, "/events/subscribe?streams=7");
    subscription.greeting();
    publish(server.address, &topped_up("7", "1"));
    publish(server.address, &topped_up("\"7\"", "2"));
    assert_eq!(post(server.address, "/streams/7/top-up", "{\"amount\":\"3\"}").status, 201);
    assert_eq!(subscription.ids(3), ["1", "2", "3"]);
    for wrong in
        ["\"07\"", "\"18446744073709551616\"", "-7", "7.5", "\"\"", "\"a b\"", "null", "[7]", "\"ü\""]
    {
        let answer = post(server.address, "/events", &topped_up(wrong, "1"));
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.error();
    }
    let (longest, longer) = (format!("\"{}\"", "n".repeat(64)), format!("\"{}\"", "n".repeat(65)));
    assert_eq!(post(server.address, "/events", &topped_up(&longest, "1")).status, 201);
    assert_eq!(post(server.address, "/events", &topped_up(&longer, "1")).status, 400);
    assert_eq!(publish(server.address, &topped_up("18446744073709551615", "1")), "5");
}

#[test]
fn amounts_are_decimal_strings_up_to_i128_and_whole_numbers_become_such() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, EVERYTHING);
    subscription.greeting();
    let top_up = |amount: &str| {
        format!("{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":1,\"amount\":{amount}}}}}")
    };
    for (sent, kept) in [
        ("5", "5"),
        ("\"5\"", "5"),
        ("0", "0"),
        ("18446744073709551615", "18446744073709551615"),
        ("\"170141183460469231731687303715884105727\"", "170141183460469231731687303715884105727"),
    ] {
        publish(server.address, &top_up(sent));
        assert_eq!(data_of(&subscription.event())["amount"], kept, "{sent}");
    }
    for wrong in [
        "1.5",
        "\"1.5\"",
        "1e3",
        "\"\"",
        "\"abc\"",
        "\"170141183460469231731687303715884105728\"",
        "18446744073709551616",
        "true",
        "null",
        "{}",
        "\"0x10\"",
        "\" 5\"",
    ] {
        let answer = post(server.address, "/events", &top_up(wrong));
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.error();
    }
}

#[test]
fn the_indexer_form_is_understood() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let mut subscription = Subscription::open(server.address, EVERYTHING);
    subscription.greeting();
    let creation = "\"sender\":\"GA\",\"recipient\":\"GB\",\"tokenAddress\":\"C\",\"ratePerSecond\":\"1\",\
                    \"depositedAmount\":\"10\",\"startTime\":1708560000";
    for (kind, fields, name) in [
        ("CREATED", creation, "created"),
        ("TOPPED_UP", "\"amount\":\"1\"", "topped_up"),
        ("WITHDRAWN", "\"amount\":\"1\"", "withdrawn"),
        ("CANCELLED", "\"refundedAmount\":\"1\"", "cancelled"),
        ("COMPLETED", "\"totalWithdrawn\":\"1\"", "completed"),
        ("PAUSED", "\"ledger\":1", "paused"),
        ("RESUMED", "\"ledger\":1", "resumed"),
        ("FEE_COLLECTED", "\"feeAmount\":\"1\"", "fee_collected"),
    ] {
        let event = format!("{{\"eventType\":\"{kind}\",\"streamId\":1,{fields}}}");
        let id = publish(server.address, &event);
        let block = subscription.event();
        assert_eq!((type_of(&block), &block.id), (format!("stream.{name}").as_str(), &Some(id)));
        assert_eq!(block.data, format!("{{\"streamId\":1,{fields}}}"), "the data of {kind}");
    }
}

#[test]
fn an_event_that_is_wrong_is_refused_with_the_field_at_fault() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    for (event, field) in [
        ("{\"type\":\"stream.topped_up\",\"data\":{\"streamId\":1}}", "amount"),
        ("{\"type\":\"stream.topped_up\",\"data\":{\"amount\":\"1\"}}", "streamId"),
        ("{\"type\":\"stream.created\",\"data\":{\"streamId\":1,\"sender\":\"GA\"}}", "recipient"),
        ("{\"type\":\"stream.unheard_of\",\"data\":{\"streamId\":1}}", "type"),
        ("{\"type\":\"stream.paused\"}", "data"),
        ("{\"type\":\"stream.paused\",\"data\":{\"streamId\":1,\"sender\":\"G,A\"}}", "sender"),
        ("{\"type\":\"stream.paused\",\"data\":{\"streamId\":1,\"sender\":\"G\\nA\"}}", "sender"),
        ("{\"type\":\"stream.fee_collected\",\"data\":{\"streamId\":1}}", "feeAmount"),
    ] {
        let answer = post(server.address, "/events", event);
        assert_eq!(answer.status, 400, "{event}: {answer:?}");
        answer.error();
        let details = format!("{:?}", answer.json()["details"]);
        assert!(details.contains(field), "no detail names {field}: {}", answer.text());
    }
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("{{\"type\":\"stream.paused\",\"data\":{{\"streamId\":1,\"x\":{open}{close}}}}}")
    };
    assert_eq!(post(server.address, "/events", &deep(10)).status, 201);
    for event in [
        &deep(17),
        &deep(100_000),
        "{\"type\":\"stream.paused\",\"data\":{\"streamId\":1,\"x\":1,\"x\":2}}",
        "{\"type\":\"stream.paused\",\"data\":{\"streamId\":1,\"x\":99999999999999999999}}",
        "{\"type\":\"stream.paused\",\"data\":{\"streamId\":1}",
        "{\"type\":\"stream.paused\",\"data\":{\"streamId\":1}} x",
        "\"stream.paused\"",
        "[]]",
        "",
    ] {
        let answer = post(server.address, "/events", event);
        assert_eq!(answer.status, 400, "{}: {answer:?}", &event[..event.len().min(100)]);
        answer.error();
    }
    assert_eq!(get(server.address, "/events?all=true").json()["lastEventId"], "1", "nothing else was stored");
}

#[test]
fn an_event_may_be_long_but_not_too_long() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &[]);
    let event = |length: usize| {
        let memo = "m".repeat(length);
        format!("{{\"type\":\"stream.paused\",\"data\":{{\"streamId\":1,\"memo\":\"{memo}\"}}}}")
    };
    let id = publish(server.address, &event(60_000));
    let mut subscription = Subscription::open(server.address, EVERYTHING);
    subscription.greeting();
    let block = subscription.event();
    assert_eq!((block.id, block.data.len() > 60_000), (Some(id), true));
    for length in [61_440, 200_000] {
        let answer = post(server.address, "/events", &event(length));
        assert_eq!(answer.status, 413, "{length}: {}", answer.text());
        answer.error();
    }
    assert_eq!(publish(server.address, &event(1)), "2");
}
