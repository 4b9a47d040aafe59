//! `cycle.svg`: one cycle, drawn from its record. Above, its phases to scale; below, each as wide as the
//! others, with what mutators and heap are in for meanwhile.
use crate::{
    phases,
    svg::{Anchor, Svg},
};
use std::time::Duration;
use trigo_heap::{CycleRecord, Reason};

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 20.0;
const INNER: f64 = WIDTH - 2.0 * LEFT;
const BOX: f64 = INNER / 6.0;
const SCALE_TOP: f64 = 64.0;
const SCALE: f64 = 26.0;
const BOXES_TOP: f64 = 130.0;
const BOXES: f64 = 106.0;
const LANES_TOP: f64 = BOXES_TOP + BOXES + 14.0;
const LANE: f64 = 24.0;
const HEAP_TOP: f64 = LANES_TOP + 4.0 * LANE + 24.0;
const HEAP: f64 = 110.0;
const INK: &str = "#333333";
const BOLD: &str = "font-weight=\"bold\"";

/// Draws the picture.
pub fn draw(record: &CycleRecord) -> String {
    let mut svg = Svg::new(WIDTH, HEAP_TOP + HEAP + 66.0, "One cycle of the collector");
    let total: Duration = phases(record).iter().map(|(.., took)| *took).sum();
    let why = match record.reason {
        Reason::Allocation => "the heap had reached its trigger",
        Reason::Forced => "the program asked for it",
        _ => "the program was idle",
    };
    let title = format!("Cycle {}: {} in all, because {why}", record.number, time(total));
    svg.text((LEFT, 28.0), Anchor::Start, "font-size=\"16\" font-weight=\"bold\"", &title);
    svg.text((LEFT, SCALE_TOP - 8.0), Anchor::Start, "fill=\"#666666\"", "to scale");
    let scale_end = (WIDTH - LEFT, SCALE_TOP - 8.0);
    svg.text(scale_end, Anchor::End, "fill=\"#666666\"", &time(total));

    let mut from = 0.0;
    for (i, (name, colour, took)) in phases(record).into_iter().enumerate() {
        let to = from + took.as_secs_f64() / total.as_secs_f64();
        let (left, right) = (LEFT + from * INNER, LEFT + to * INNER);
        svg.rect([left, SCALE_TOP, (right - left).max(0.5), SCALE], colour, 1.0);
        let x = column(i as f64);
        let (above, below) = (SCALE_TOP + SCALE, BOXES_TOP);
        svg.area(
            &[(left, above), (right, above), (x + BOX - 4.0, below), (x, below)],
            colour,
            0.18,
        );
        svg.rect([x, BOXES_TOP, BOX - 4.0, BOXES], colour, 0.18);
        svg.rect([x, BOXES_TOP, BOX - 4.0, 4.0], colour, 1.0);
        svg.text((x + 8.0, BOXES_TOP + 24.0), Anchor::Start, BOLD, name);
        svg.text((x + BOX - 12.0, BOXES_TOP + 24.0), Anchor::End, "", &time(took));
        for (line, text) in (0..).zip(happens(record, i)) {
            let y = BOXES_TOP + 44.0 + 17.0 * f64::from(line);
            svg.text((x + 8.0, y), Anchor::Start, "font-size=\"11\"", &text);
        }
        from = to;
    }
    lanes(&mut svg);
    heap(&mut svg, record);
    let trace = format!("font-size=\"10\" font-family=\"monospace\" fill=\"{INK}\"");
    svg.text((LEFT, HEAP_TOP + HEAP + 48.0), Anchor::Start, &trace, &record.to_string());
    svg.finish()
}

/// The left edge of column `at`.
fn column(at: f64) -> f64 {
    LEFT + at * BOX
}

/// What phase `i` does, in up to four short lines, with the record's figures.
fn happens(record: &CycleRecord, i: usize) -> Vec<String> {
    let mib = |bytes: f64| format!("{:.1} MiB", bytes / f64::from(1 << 20));
    match i {
        0 => ["two handshakes:", "1. barrier on", "2. new objects marked"].map(Into::into).into(),
        1 => vec![
            "one handshake: each mu-".into(),
            "tator scans its stack;".into(),
            format!("{} KiB of roots and", record.globals.div_ceil(1 << 10)),
            format!("{} KiB of stacks", record.stacks.div_ceil(1 << 10)),
        ],
        2 => vec![
            format!("{} objects,", record.objects_marked),
            format!("{} scanned;", mib(record.scanned as f64)),
            format!("assists took {};", time(record.assist)),
            match record.rounds {
                1 => "one closing round".into(),
                n => format!("{n} closing rounds"),
            },
        ],
        3 => [
            "marking has closed:",
            "white means dead. Weak",
            "references are cleared,",
            "finalizers are queued",
        ]
        .map(Into::into)
        .into(),
        4 => {
            ["one handshake: barrier", "off, spans given up, to", "be swept"].map(Into::into).into()
        }
        _ => [
            "marks become bits of",
            "allocation: mutators",
            "sweep what they take,",
            "the collector the rest",
        ]
        .map(Into::into)
        .into(),
    }
}

/// What holds for mutators, and when. Handshakes reach one mutator after the other, hence the halves.
fn lanes(svg: &mut Svg) {
    for (i, (from, to, colour, text)) in [
        (0.25, 4.5, "#4e79a7", "every mutator's write barrier is on"),
        (0.75, 4.5, "#f28e2b", "new objects are born marked"),
        (1.0, 3.0, "#9c755f", "allocation pays with assists when marking is late"),
        (4.5, 6.0, "#59a14f", "allocation takes the free runs"),
    ]
    .into_iter()
    .enumerate()
    {
        let y = LANES_TOP + i as f64 * LANE;
        svg.rect([column(from), y, (to - from) * BOX - 4.0, LANE - 5.0], colour, 0.35);
        svg.text((column(from) + 8.0, y + 14.0), Anchor::Start, "font-size=\"11\"", text);
    }
}

/// The heap's size through the cycle, against its goal.
fn heap(svg: &mut Svg, record: &CycleRecord) {
    let base = HEAP_TOP + HEAP;
    let top = record.goal.max(record.heap_at_end).max(record.heap_at_start) as f64 * 1.12;
    let y = |bytes: usize| base - bytes as f64 / top * HEAP;
    let end = (record.heap_at_start, record.heap_at_end, record.live);
    let curve = [
        (column(0.0), y(end.0)),
        (column(4.5), y(end.1)),
        (column(4.5), y(end.2)),
        (column(6.0), y(end.2)),
    ];
    let mut area = curve.to_vec();
    area.extend([(column(6.0), base), (column(0.0), base)]);
    svg.area(&area, "#4e79a7", 0.25);
    svg.line(&curve, "#4e79a7", "stroke-width=\"1.5\"");
    svg.line(&[(column(0.0), base), (column(6.0), base)], INK, "");
    let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let label = |svg: &mut Svg, x, y, text: String| {
        svg.text((x, y), Anchor::Start, "font-size=\"11\"", &text);
    };
    label(svg, column(0.0) + 6.0, y(end.0) + 16.0, format!("heap at start {}", mib(end.0)));
    label(svg, column(3.4), y(end.1) + 18.0, format!("at the end {}", mib(end.1)));
    label(svg, column(4.5) + 8.0, y(end.2) - 6.0, format!("live {}", mib(end.2)));
    if record.goal != usize::MAX {
        let goal = y(record.goal);
        svg.line(
            &[(column(0.0), goal), (column(6.0), goal)],
            "#e15759",
            "stroke-dasharray=\"5 3\"",
        );
        label(svg, column(5.0), goal - 5.0, format!("goal {}", mib(record.goal)));
    }
    let says = "the heap, in phases of equal width; unmarked objects are free from the flip on";
    svg.text((LEFT, base + 18.0), Anchor::Start, "font-size=\"11\" fill=\"#666666\"", says);
}

/// A duration with three figures.
fn time(d: Duration) -> String {
    match d.as_secs_f64() * 1e6 {
        us if us < 1e3 => format!("{us:.0} µs"),
        us if us < 1e5 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.0} ms", us / 1e3),
    }
}
