//! The page: every row, every target, and where the time goes.

use std::fmt::Write;

use anyhow::Result;

use super::profile::Profile;
use super::row::What;
use super::{Measured, Peer};
use crate::machine::Machine;
use crate::page::number;

/// No row may be above this while there is neither escape analysis nor inlining.
const MOST: f64 = 5.0;
/// What binary trees may cost of Go's CPU.
const TREES: f64 = 0.7;
/// What a program that tells its memory may take of Go's.
const MEMORY: f64 = 1.8;

const COLUMNS: [&str; 6] = ["wall_s", "cpu_s", "rss_mb", "cycles", "gc_cpu_ms", "size_kb"];

/// Renders the page as text.
pub fn render(machine: &Machine, rows: &[Measured], profiles: &Result<Vec<Profile>>) -> String {
    let mut page = format!("# Go programs\n\n{machine}");
    let rounds = |pick: fn(usize, usize) -> usize| rows.iter().map(|row| row.rounds).reduce(pick);
    let (least, most) = (rounds(usize::min).unwrap_or(0), rounds(usize::max).unwrap_or(0));
    let runs = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let _ = writeln!(page, "{:<11} medians of {runs}, interleaved", "runs");
    let mut group = "";
    for row in rows.iter().filter(|row| row.rounds > 0) {
        if row.row.group != group {
            group = row.row.group;
            let _ = write!(page, "\n## {group}\n\n{:<15} {:<6}", "row", "peer");
            COLUMNS.iter().for_each(|column| {
                let _ = write!(page, " {column:>9}");
            });
            page.push('\n');
        }
        table(&mut page, row);
    }
    page.push_str("\n## Targets\n\n");
    for row in rows.iter().filter(|row| row.rounds > 0) {
        targets(&mut page, row);
    }
    page.push_str("\n## Where the time goes\n\nShares of the CPU time of rows above Go's.\n");
    match profiles {
        Ok(profiles) => profiles.iter().for_each(|profile| functions(&mut page, profile)),
        Err(error) => {
            let _ = writeln!(page, "\nNot known: {error:#}.");
        }
    }
    page
}

fn table(page: &mut String, row: &Measured) {
    let mut line = |first: &str, second: &str, cell: &dyn Fn(&str) -> Option<f64>| {
        let _ = write!(page, "{first:<15} {second:<6}");
        for column in COLUMNS {
            let _ = write!(page, " {:>9}", cell(column).map_or("-".into(), number));
        }
        page.push('\n');
    };
    for peer in Peer::ALL {
        line(row.row.name, peer.name(), &|column| row.figure(peer, column));
    }
    let finite = |column: &str| row.ratio(column).filter(|ratio| ratio.is_finite());
    line("", "ratio", &finite);
    for failure in &row.failures {
        let _ = writeln!(page, "{:<15} failed: {failure}", row.row.name);
    }
}

/// `NAME MEASURED TARGET ok|short`. A row that failed is short of its targets.
fn targets(page: &mut String, row: &Measured) {
    let name = row.row.name;
    let mut target = |figure: &str, column: &str, limit: f64| {
        let ratio = row.ratio(column).filter(|_| row.failures.is_empty());
        let verdict = if ratio.is_some_and(|ratio| ratio <= limit) { "ok" } else { "short" };
        let measured = ratio.map_or("failed".into(), number);
        let _ = writeln!(page, "{name}-{figure} {measured} {limit} {verdict}");
    };
    if row.figure(Peer::Go, "memory_kb").is_some() {
        target("memory", "memory_kb", MEMORY);
    }
    target("cpu", "cpu_s", if name == "trees" { TREES } else { MOST });
    match row.row.what {
        What::Run => {}
        What::Start => {
            target("wall", "wall_s", MOST);
            target("size", "size_kb", MOST);
        }
        What::Cold | What::Unchanged => target("wall", "wall_s", MOST),
    }
}

fn functions(page: &mut String, profile: &Profile) {
    let [go, trigo] = &profile.functions;
    let _ = writeln!(page, "\n{:<15} {:<56} go", profile.row, "trigo");
    for at in 0..go.len().max(trigo.len()) {
        let cell = |functions: &[(f64, String)]| {
            functions.get(at).map_or(String::new(), |(share, name)| format!("{share:5.1} % {name}"))
        };
        let line = format!("{:<15} {:<56} {}", "", cell(trigo), cell(go));
        let _ = writeln!(page, "{}", line.trim_end());
    }
}
