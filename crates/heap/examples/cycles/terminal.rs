//! The plot in the terminal: heap size as columns of blocks, and a lane for each part of a cycle.
use crate::{Sample, phases};
use std::{fmt::Write, time::Duration};
use trigo_heap::CycleRecord;

const WIDTH: usize = 96;
const HEIGHT: usize = 14;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The plot as text.
pub fn plot(samples: &[Sample], records: &[CycleRecord]) -> String {
    let end = samples.last().map_or(Duration::from_secs(1), |s| s.at).as_secs_f64();
    let column = |at: Duration| ((at.as_secs_f64() / end * WIDTH as f64) as usize).min(WIDTH - 1);
    let (mut heap, mut resident) = ([0; WIDTH], [0; WIDTH]);
    for sample in samples {
        let at = column(sample.at);
        heap[at] = heap[at].max(sample.heap);
        resident[at] = resident[at].max(sample.resident);
    }
    let top = *resident.iter().max().expect("there are columns");
    let mut text = String::from("MiB   █ heap: live objects and garbage   · resident\n");
    for row in (0..HEIGHT).rev() {
        let label = (top * (row + 1) / HEIGHT).div_ceil(1 << 20);
        let cells = (0..WIDTH).map(|at| cell(row, top, heap[at], resident[at]));
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{label:4} ┤{}", cells.collect::<String>().trim_end());
    }
    let _ = writeln!(text, "   0 └{}", "─".repeat(WIDTH));
    for (name, parts) in [
        ("begin", &["prepare", "roots"][..]),
        ("mark", &["mark"]),
        ("close", &["dead", "flip"]),
        ("sweep", &["sweep"]),
    ] {
        let cells = lane(records, parts, end).map(|share| EIGHTHS[(share * 8.0).ceil() as usize]);
        let _ = writeln!(text, "{name:>5} {}", cells.iter().collect::<String>().trim_end());
    }
    let _ = write!(text, "      0 s{:>width$.1} s", end, width = WIDTH - 5);
    text
}

/// What stands in row `row` of a column.
fn cell(row: usize, top: usize, heap: usize, resident: usize) -> char {
    let eighths = |bytes: usize| bytes * HEIGHT * 8 / top.max(1);
    match eighths(heap).saturating_sub(row * 8).min(8) {
        0 if eighths(resident).saturating_sub(1) / 8 == row => '·',
        filled => EIGHTHS[filled],
    }
}

/// The share of each column's time in which a cycle was in one of `parts`.
fn lane(records: &[CycleRecord], parts: &[&str], end: f64) -> [f64; WIDTH] {
    let step = end / WIDTH as f64;
    let mut lane = [0.0f64; WIDTH];
    for record in records {
        let mut from = record.start.as_secs_f64();
        for (name, _, took) in phases(record) {
            let to = from + took.as_secs_f64();
            if parts.contains(&name) {
                let columns = (from / step) as usize..=(to / step) as usize;
                for at in columns.filter(|&at| at < WIDTH) {
                    let start = at as f64 * step;
                    lane[at] += (to.min(start + step) - from.max(start)) / step;
                }
            }
            from = to;
        }
    }
    lane.map(|share| share.min(1.0))
}
