//! A record with a distribution of each kind and a series gives two panels of well-formed SVG.

use serde_json::{Value, json};

use crate::chart::draw;
use crate::chart::find::{distributions, memory};

fn record() -> Value {
    let curve = |us: f64| json!({ "count": 3, "percentiles": [[0.0, us], [0.5, us * 2.0], [1.0, us * 9.0]] });
    let reading = |at: f64, bytes: u64| json!([at, { "anonymous": bytes, "rss": bytes * 2, "pss": 0 }]);
    json!({
        "workload": "soak",
        "result": { "server": "a <b> & c", "delivery": curve(900.0), "ack": curve(40.0), "name": "x" },
        "more": [{ "server": "a <b> & c", "delivery": curve(1.0) }],
        "memoryOverTime": [reading(0.0, 1 << 20), reading(5.0, 3 << 20)],
    })
}

/// Panics unless every tag is closed in its order and no bare `<` or `&` stands in text.
fn check_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        for piece in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;"].iter().any(|name| piece.starts_with(name)), "bare &: {text}");
        }
        let end = rest.find('>').unwrap();
        let tag = &rest[at + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name)),
            (false, true) => {}
            (false, false) => open.push(name),
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

#[test]
fn each_distribution_is_found_once_by_its_name() {
    let names: Vec<String> = distributions(&record()).into_iter().map(|line| line.name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, ["a <b> & c: ack", "a <b> & c: delivery"]);
}

#[test]
fn memory_is_found_by_its_form() {
    let lines = memory(&record());
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].points, [(0.0, f64::from(1 << 20)), (5.0, f64::from(3 << 20))]);
}

#[test]
fn the_drawing_is_well_formed_in_both_colour_schemes() {
    let svg = draw(&record()).unwrap();
    check_well_formed(&svg);
    assert_eq!(svg.matches("<polyline").count(), 4, "{svg}");
    assert!(svg.contains("prefers-color-scheme: dark"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_record_without_distributions_has_no_drawing() {
    assert_eq!(draw(&json!({ "workload": "idle", "delivery": { "count": 0, "percentiles": [] } })), None);
}
