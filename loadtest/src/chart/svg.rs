//! Writes charts as one SVG: a panel below another, colours by style sheet, so that it reads well on a light
//! and on a dark page. No script, no fonts but the reader's own.

use std::fmt::Write;

use serde_json::Value;

use crate::chart::find;
use crate::chart::panel::{Panel, latency, memory};

const WIDTH: f64 = 760.0;
const PANEL_HEIGHT: f64 = 380.0;
/// Room around the plot of a panel.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 24.0;
const ABOVE: f64 = 64.0;
const BELOW: f64 = 56.0;

const STYLE: &str = "
  .ground { fill: #ffffff } .grid { stroke: #e4e7eb } .axis { stroke: #9aa5b1 }
  text { fill: #323f4b; font: 12px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round } .c0 { stroke: #1d5fd1 } .c1 { stroke: #b7600b }
  .c2 { stroke: #0b7a55 } .c3 { stroke: #7d3fc0 } .c4 { stroke: #c02637 } .c5 { stroke: #0d7490 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0f1419 } .grid { stroke: #27313b } .axis { stroke: #616e7c } text { fill: #d5dbe1 }
    .c0 { stroke: #6ba6ff } .c1 { stroke: #f5a94b } .c2 { stroke: #43cf9d } .c3 { stroke: #c398f5 }
    .c4 { stroke: #ff7d88 } .c5 { stroke: #56cfe6 }
  }
";

/// The charts of a run; `None` when its JSON holds nothing to draw.
pub(crate) fn draw(json: &Value) -> Option<String> {
    let panels: Vec<Panel> =
        [latency(&find::distributions(json)), memory(&find::memory(json))].into_iter().flatten().collect();
    if panels.is_empty() {
        return None;
    }
    let height = PANEL_HEIGHT * panels.len() as f64;
    // Writing to a String cannot fail, here and below.
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
    );
    let workload = json.get("workload").and_then(Value::as_str).unwrap_or("run");
    for (nth, panel) in panels.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", nth as f64 * PANEL_HEIGHT);
        write_panel(&mut svg, panel, workload);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

fn write_panel(svg: &mut String, panel: &Panel, workload: &str) {
    let (right, floor) = (WIDTH - RIGHT, PANEL_HEIGHT - BELOW);
    let x = |value: f64| LEFT + value / panel.width * (right - LEFT);
    let y = |value: f64| floor - (value - panel.bottom) / (panel.top - panel.bottom) * (floor - ABOVE);
    text(svg, LEFT, 28.0, "start", "title", &format!("{workload}: {}", panel.title));
    for (at, name) in &panel.y_ticks {
        let y = y(*at);
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>");
        text(svg, LEFT - 8.0, y + 4.0, "end", "tick", name);
    }
    for (at, name) in &panel.x_ticks {
        let x = x(*at);
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{x:.1} {ABOVE}V{floor}\"/>");
        text(svg, x, floor + 18.0, "middle", "tick", name);
    }
    let _ = writeln!(svg, "<path class=\"axis\" fill=\"none\" d=\"M{LEFT} {ABOVE}V{floor}H{right}\"/>");
    text(svg, (LEFT + right) / 2.0, PANEL_HEIGHT - 16.0, "middle", "tick", panel.x_title);
    let mut legend = LEFT;
    for (nth, line) in panel.lines.iter().enumerate() {
        let points: Vec<String> =
            line.points.iter().map(|(px, py)| format!("{:.1},{:.1}", x(*px), y(*py))).collect();
        let _ = writeln!(svg, "<polyline class=\"line c{nth}\" points=\"{}\"/>", points.join(" "));
        let _ = writeln!(svg, "<path class=\"line c{nth}\" d=\"M{legend:.1} 46h18\"/>");
        text(svg, legend + 24.0, 50.0, "start", "tick", &line.name);
        legend += 48.0 + 6.6 * line.name.chars().count() as f64;
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, class: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>"
    );
}
