//! What must be true of the figures: one line per target, `NAME MEASURED TARGET ok|short`.

use crate::page::number;
use crate::peer::Peer;
use crate::rounds::Results;

/// A figure of one row of the page.
struct Figure {
    case: String,
    peer: Peer,
    name: &'static str,
}

/// How a target's value follows from medians.
enum Measure {
    /// The figure itself.
    Plain(Figure),
    /// The first in terms of the second.
    Ratio(Figure, Figure),
    /// The first less the second.
    Excess(Figure, Figure),
}

/// A value that must not be exceeded.
struct Target {
    name: String,
    unit: &'static str,
    limit: f64,
    measure: Measure,
}

/// The line of each target whose rows were run. A row that failed is short of its target.
pub fn lines(results: &Results) -> Vec<String> {
    let measured =
        |target: &Target| target.figures().iter().all(|f| results.row(&f.case, f.peer).is_some());
    targets().iter().filter(|target| measured(target)).map(|target| target.line(results)).collect()
}

impl Target {
    fn figures(&self) -> Vec<&Figure> {
        match &self.measure {
            Measure::Plain(figure) => vec![figure],
            Measure::Ratio(a, b) | Measure::Excess(a, b) => vec![a, b],
        }
    }

    fn value(&self, results: &Results) -> Option<f64> {
        let median = |figure: &Figure| results.median(&figure.case, figure.peer, figure.name);
        Some(match &self.measure {
            Measure::Plain(figure) => median(figure)?,
            Measure::Ratio(a, b) => median(a)? / median(b)?,
            Measure::Excess(a, b) => median(a)? - median(b)?,
        })
    }

    fn line(&self, results: &Results) -> String {
        let Self { name, unit, limit, .. } = self;
        let value = self.value(results);
        let verdict = if value.is_some_and(|value| value <= *limit) { "ok" } else { "short" };
        let value = value.map_or("failed".into(), |value| format!("{}{unit}", number(value)));
        format!("{name} {value} {}{unit} {verdict}", number(*limit))
    }
}

fn figure(case: &str, peer: Peer, name: &'static str) -> Figure {
    Figure { case: case.to_owned(), peer, name }
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add =
        |name: String, limit, unit, measure| targets.push(Target { name, unit, limit, measure });
    for (ours, theirs, markers) in [(Peer::Trigo1, Peer::Go1, 1), (Peer::Trigo2, Peer::Go2, 2)] {
        let ratio = |case: &str, name: &'static str, theirs| {
            Measure::Ratio(figure(case, ours, name), figure(case, theirs, name))
        };
        add(format!("trees-cpu-{markers}"), 0.40, "", ratio("trees", "cpu_s", theirs));
        add(format!("trees-rss-{markers}"), 1.0, "", ratio("trees", "peak_rss_mb", theirs));
        for (name, column) in [("cpu", "cpu_s"), ("wall", "wall_s")] {
            let name = format!("trees-{name}-mimalloc-{markers}");
            add(name, 1.0, "", ratio("trees", column, Peer::Mimalloc));
        }
        for (case, limit) in [
            ("mark-4m", 0.8),
            ("mark-64m", 0.6),
            ("mark-1g-order", 0.4),
            ("mark-1g-shuffled", 0.35),
        ] {
            add(format!("{case}-{markers}"), limit, "", ratio(case, "ns_object", theirs));
        }
    }
    for size in [16, 32, 64] {
        let hot = figure(&format!("alloc-{size}-empty"), Peer::Trigo1, "ns_hot");
        add(format!("alloc-{size}-hot"), 3.0, "ns", Measure::Plain(hot));
        for occupancy in ["empty", "half", "alternate"] {
            let case = format!("alloc-{size}-{occupancy}");
            let [ours, theirs] =
                [Peer::Trigo1, Peer::Go1].map(|peer| figure(&case, peer, "ns_alloc"));
            add(case, 0.5, "", Measure::Ratio(ours, theirs));
        }
    }
    let hold = figure("holds", Peer::Trigo2, "hold_max_us");
    add("holds-max".into(), 100.0, "us", Measure::Plain(hold));
    let churned = figure("probe-churn", Peer::Trigo2, "p99.9_us");
    let idle = figure("probe-idle", Peer::Mimalloc, "p99.9_us");
    add("probe-p99.9-over-idle".into(), 1000.0, "us", Measure::Excess(churned, idle));
    let rss = figure("return", Peer::Trigo2, "idle_rss_mb");
    let bound = figure("return", Peer::Trigo2, "bound_mb");
    add("return-rss".into(), 1.0, "", Measure::Ratio(rss, bound));
    let idle = figure("return", Peer::Trigo2, "idle_cpu_pct");
    add("return-idle-cpu".into(), 0.1, "%", Measure::Plain(idle));
    targets
}
