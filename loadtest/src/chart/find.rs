//! Finds in a run's JSON what can be drawn: distributions by their percentiles, and readings of memory by
//! their time.

use serde_json::Value;

/// One named line of (x, y).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines that one chart can tell apart.
pub(crate) const LINES_MAX: usize = 6;

/// Distributions as lines of (part of all, microseconds), named after where they stand; the first of each name.
pub(crate) fn distributions(json: &Value) -> Vec<Line> {
    let mut found = Vec::new();
    walk(json, "", "", &mut |name, value| {
        let points = pairs(value.get("percentiles")?, |y| y.as_f64());
        (!points.is_empty()).then(|| found.push(Line { name: name.to_owned(), points }))
    });
    unique(found)
}

/// Memory as lines of (seconds, bytes).
pub(crate) fn memory(json: &Value) -> Vec<Line> {
    let mut found = Vec::new();
    walk(json, "", "", &mut |_, value| {
        for (key, name) in [("anonymous", "heap and stacks (anonymous)"), ("rss", "RSS, mapped log included")]
        {
            let points = pairs(value, |reading| reading.get(key)?.as_f64());
            if points.len() > 1 {
                found.push(Line { name: name.to_owned(), points });
            }
        }
        Some(())
    });
    unique(found)
}

/// Calls `look` with each value and its name: its key, with the name of its server in front if there is one.
fn walk(value: &Value, server: &str, key: &str, look: &mut dyn FnMut(&str, &Value) -> Option<()>) {
    let name = if server.is_empty() { key.to_owned() } else { format!("{server}: {key}") };
    look(&name, value);
    match value {
        Value::Object(fields) => {
            let server = fields.get("server").and_then(Value::as_str).unwrap_or(server);
            fields.iter().for_each(|(key, value)| walk(value, server, key, look));
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, server, key, look)),
        _ => {}
    }
}

/// The points of an array of `[x, y]`; none of anything else.
fn pairs(value: &Value, y_of: impl Fn(&Value) -> Option<f64>) -> Vec<(f64, f64)> {
    let pair = |value: &Value| Some((value.get(0)?.as_f64()?, y_of(value.get(1)?)?));
    value.as_array().map(|values| values.iter().filter_map(pair).collect()).unwrap_or_default()
}

fn unique(found: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in found {
        if lines.len() < LINES_MAX && lines.iter().all(|known| known.name != line.name) {
            lines.push(line);
        }
    }
    lines
}
