//! `cycles.svg`: heap size, goal and resident memory over the whole run, with every cycle's phases.
use crate::{
    Sample, phases,
    svg::{Anchor, Svg},
};
use trigo_heap::CycleRecord;

const MIB: f64 = (1 << 20) as f64;
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 280.0;
/// The strip below the plot in which phases are drawn.
const STRIP: f64 = 22.0;
const INK: &str = "#333333";
const GREY: &str = "#dddddd";

/// Draws the picture.
pub fn draw(samples: &[Sample], records: &[CycleRecord]) -> String {
    let mut svg = Svg::new(960.0, 430.0, "Heap size and cycles over time");
    let end = samples.last().map_or(1.0, |s| s.at.as_secs_f64());
    let most = samples.iter().map(|s| s.resident).max().unwrap_or(1) as f64 / MIB * 1.05;
    let x = |seconds: f64| LEFT + seconds / end * WIDTH;
    let y = |mib: f64| TOP + HEIGHT - mib.min(most) / most * HEIGHT;

    let title = "A heap is filled, churned, dropped and left idle";
    svg.text((LEFT, 26.0), Anchor::Start, "font-size=\"15\" font-weight=\"bold\"", title);
    for mib in (0..).map(|i| i * 32).take_while(|&mib| f64::from(mib) < most) {
        let at = y(f64::from(mib));
        svg.line(&[(LEFT, at), (LEFT + WIDTH, at)], GREY, "");
        svg.text((LEFT - 8.0, at + 4.0), Anchor::End, "", &format!("{mib} MiB"));
    }

    let strip = TOP + HEIGHT + 8.0;
    for record in records {
        let mut from = record.start.as_secs_f64();
        for (name, colour, took) in phases(record) {
            let to = from + took.as_secs_f64();
            let width = (x(to) - x(from)).max(0.3);
            svg.rect([x(from), strip, width, STRIP], colour, 1.0);
            if name == "mark" {
                svg.rect([x(from), TOP, width, HEIGHT], colour, 0.15);
            }
            from = to;
        }
    }

    // Points within a level stretch add nothing.
    let curve = |value: fn(&Sample) -> usize| -> Vec<(f64, f64)> {
        let level =
            |i: usize| samples[i - 1..=i + 1].windows(2).all(|s| value(&s[0]) == value(&s[1]));
        let corners = (0..samples.len()).filter(|&i| i == 0 || i + 1 == samples.len() || !level(i));
        let points = corners.map(|i| &samples[i]);
        points.map(|s| (x(s.at.as_secs_f64()), y(value(s) as f64 / MIB))).collect()
    };
    let heap = curve(|s| s.heap);
    let mut area = vec![(x(0.0), y(0.0))];
    area.extend(&heap);
    area.push((x(end), y(0.0)));
    svg.area(&area, "#4e79a7", 0.3);
    svg.line(&heap, "#4e79a7", "stroke-width=\"1.5\"");
    svg.line(&curve(|s| s.goal), "#e15759", "stroke-dasharray=\"5 3\"");
    svg.line(&curve(|s| s.resident), INK, "stroke-width=\"1.2\"");

    svg.line(&[(LEFT, y(0.0)), (LEFT + WIDTH, y(0.0))], INK, "");
    let seconds = (0..).map(f64::from).take_while(|&s| s < end);
    for second in seconds {
        svg.text((x(second), strip + STRIP + 18.0), Anchor::Middle, "", &format!("{second} s"));
    }
    legend(&mut svg, strip + STRIP + 38.0, records);
    svg.finish()
}

fn legend(svg: &mut Svg, y: f64, records: &[CycleRecord]) {
    let lines = [
        ("heap: live objects and garbage", "#4e79a7", ""),
        ("goal", "#e15759", "stroke-dasharray=\"5 3\""),
        ("resident", INK, ""),
    ];
    let mut x = LEFT;
    for (name, colour, style) in lines {
        svg.line(
            &[(x, y - 4.0), (x + 22.0, y - 4.0)],
            colour,
            &format!("stroke-width=\"2\" {style}"),
        );
        svg.text((x + 28.0, y), Anchor::Start, "", name);
        x += 48.0 + 6.2 * name.len() as f64;
    }
    let Some(record) = records.first() else { return };
    for (name, colour, _) in phases(record) {
        svg.rect([x, y - 10.0, 12.0, 12.0], colour, 1.0);
        svg.text((x + 16.0, y), Anchor::Start, "", name);
        x += 34.0 + 6.2 * name.len() as f64;
    }
}
