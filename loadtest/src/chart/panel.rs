//! One chart before it is drawn: axes with their ticks, and lines in the axes' own measure.

use crate::chart::find::Line;

/// A chart whose lines lie in `0..=width` and `bottom..=top`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) x_title: &'static str,
    pub(crate) width: f64,
    pub(crate) bottom: f64,
    pub(crate) top: f64,
    pub(crate) x_ticks: Vec<(f64, String)>,
    pub(crate) y_ticks: Vec<(f64, String)>,
    pub(crate) lines: Vec<Line>,
}

/// Latency by percentile: each step to the right holds a tenth of the samples before it, each step up is ten
/// times as long.
pub(crate) fn latency(distributions: &[Line]) -> Option<Panel> {
    let nines = |part: f64| -(1.0 - part).log10();
    let lines: Vec<Line> = distributions
        .iter()
        .map(|line| {
            // The last point is at 1, infinitely many nines out.
            let points = line.points.iter().filter(|(part, us)| *part < 1.0 && *us > 0.0);
            Line {
                name: line.name.clone(),
                points: points.map(|(part, us)| (nines(*part), (us / 1000.0).log10())).collect(),
            }
        })
        .filter(|line| line.points.len() > 1)
        .collect();
    let ys = || lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y));
    let width = lines.iter().flat_map(|line| &line.points).map(|(x, _)| x.ceil()).fold(2.0, f64::max);
    let (bottom, top) = (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    if lines.is_empty() {
        return None;
    }
    let (bottom, top) = (bottom.floor(), top.ceil().max(bottom.floor() + 1.0));
    let names = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %"];
    let mut x_ticks: Vec<(f64, String)> = (0..)
        .map(f64::from)
        .zip(names)
        .take_while(|(x, _)| *x <= width)
        .map(|(x, name)| (x, name.to_owned()))
        .collect();
    x_ticks.push((nines(0.5), "50 %".to_owned()));
    let decades = (top - bottom) as i32;
    let y_ticks = (0..=decades).map(|step| bottom + f64::from(step)).map(|y| (y, milliseconds(y))).collect();
    let (title, x_title) = ("Latency by percentile", "part of all that took no longer");
    Some(Panel { title, x_title, width, bottom, top, x_ticks, y_ticks, lines })
}

/// Memory over time, from zero.
pub(crate) fn memory(readings: &[Line]) -> Option<Panel> {
    const MIB: f64 = 1024.0 * 1024.0;
    let lines: Vec<Line> = readings
        .iter()
        .map(|line| Line {
            name: line.name.clone(),
            points: line.points.iter().map(|(x, bytes)| (*x, bytes / MIB)).collect(),
        })
        .collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let width = points().map(|(x, _)| *x).fold(0.0, f64::max);
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max);
    if width <= 0.0 || highest <= 0.0 {
        return None;
    }
    let y_step = step(highest);
    let top = (highest / y_step).ceil() * y_step;
    let ticks = |to: f64, step: f64, unit: &str| {
        let count = (to / step + 1e-9).floor() as i32;
        (0..=count)
            .map(|nth| f64::from(nth) * step)
            .map(|at| (at, format!("{} {unit}", plain(at))))
            .collect::<Vec<(f64, String)>>()
    };
    let (title, x_title) = ("The server's memory", "seconds from the first event");
    let (x_ticks, y_ticks) = (ticks(width, step(width), "s"), ticks(top, y_step, "MiB"));
    Some(Panel { title, x_title, width, bottom: 0.0, top, x_ticks, y_ticks, lines })
}

/// A step of 1, 2 or 5 times a power of ten that divides `span` into four to ten.
fn step(span: f64) -> f64 {
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| rough <= factor * power).unwrap_or(10.0);
    factor * power
}

fn milliseconds(log10: f64) -> String {
    let ms = 10f64.powf(log10);
    if ms < 1000.0 { format!("{} ms", plain(ms)) } else { format!("{} s", plain(ms / 1000.0)) }
}

/// Up to three digits behind the point, none that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
