//! The headline figures as bars in one SVG file: a panel a figure, a bar a contender, each panel to its own
//! scale. No script, no fonts, no colours but for Tailwire's, so that it reads on light and dark pages alike.

use std::fmt::Write;

use crate::compare::contender::Contender;
use crate::compare::figure::{Figure, Measure};
use crate::compare::plan::Plan;
use crate::compare::results::Results;
use crate::compare::stage::Stage;

const WIDTH: usize = 900;
const PANEL_WIDTH: usize = 430;
const NAME_WIDTH: usize = 120;
const BAR_WIDTH: f64 = 220.0;
const BAR_HEIGHT: usize = 18;
const TITLE_HEIGHT: usize = 44;
const PANEL_GAP: usize = 16;

/// What is drawn, where the plan has it.
const PANELS: [(Stage, Measure); 8] = [
    (Stage::Narrow, Measure::Cpu),
    (Stage::Wide, Measure::Cpu),
    (Stage::Narrow, Measure::P50),
    (Stage::Narrow, Measure::P99),
    (Stage::Saturate16, Measure::Rate),
    (Stage::Saturate16, Measure::P99),
    (Stage::Idle, Measure::Memory),
    (Stage::Replay, Measure::Frames),
];

/// The whole file. Writing to a String cannot fail.
pub(crate) fn svg(plan: &Plan, results: &Results) -> String {
    let drawn = PANELS.iter().map(|(stage, measure)| Figure::of(*stage, *measure));
    let drawn: Vec<Figure> = drawn.filter(|figure| plan.stages.contains(&figure.stage)).collect();
    let panel_height = TITLE_HEIGHT + plan.contenders.len() * (BAR_HEIGHT + 4) + PANEL_GAP;
    let height = drawn.len().div_ceil(2) * panel_height + PANEL_GAP;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (at, figure) in drawn.into_iter().enumerate() {
        let (left, top) = (PANEL_GAP + at % 2 * (PANEL_WIDTH + PANEL_GAP), at / 2 * panel_height);
        let _ = writeln!(text, "<g transform=\"translate({left} {top})\">");
        panel(&mut text, plan, results, figure);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}

fn panel(text: &mut String, plan: &Plan, results: &Results, figure: Figure) {
    let better = if figure.measure.more_is_better() { "more is better" } else { "less is better" };
    let _ = writeln!(text, "<text y=\"20\" font-weight=\"bold\">{}</text>", plan.words(figure.stage));
    let _ = writeln!(text, "<text y=\"36\">{} ({better})</text>", figure.measure.words());
    let values = plan.contenders.iter().map(|contender| (*contender, results.median(*contender, figure)));
    let values: Vec<(Contender, Option<f64>)> = values.collect();
    let most = values.iter().filter_map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    for (at, (contender, value)) in values.into_iter().enumerate() {
        let top = TITLE_HEIGHT + at * (BAR_HEIGHT + 4);
        let base = top + 13;
        let end = NAME_WIDTH - 8;
        let name = contender.name();
        let _ = writeln!(text, "<text x=\"{end}\" y=\"{base}\" text-anchor=\"end\">{name}</text>");
        // A slope of memory may come out below nothing.
        let width = value.map_or(0.0, |value| (BAR_WIDTH * value / most).max(1.0));
        let shown = match value {
            Some(value) => figure.measure.show(value),
            None if !Plan::offers(contender, figure.stage) => "none".to_owned(),
            None => "not measured".to_owned(),
        };
        let colour = if contender == Contender::Tailwire { "#0a7d4f" } else { "#8a94a6" };
        let _ = writeln!(
            text,
            "<rect x=\"{NAME_WIDTH}\" y=\"{top}\" width=\"{width:.1}\" height=\"{BAR_HEIGHT}\" fill=\"{colour}\"/>"
        );
        let _ =
            writeln!(text, "<text x=\"{:.1}\" y=\"{base}\">{shown}</text>", NAME_WIDTH as f64 + width + 6.0);
    }
}
