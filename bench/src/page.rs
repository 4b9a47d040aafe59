//! The page: the machine, every row, every target.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::machine::Machine;
use crate::rounds::{CaseResult, Results};
use crate::targets;

/// The figures every row has, before those of its workload.
const COMMON: [&str; 4] = ["wall_s", "cpu_s", "peak_rss_mb", "cycles"];

/// Renders the results as text.
pub fn render(machine: &Machine, results: &Results, quick: bool) -> String {
    let mut page = format!("# Heap\n\n{machine}");
    let seconds = results.stolen as f64 / 100.0;
    let _ = writeln!(page, "{:<11} {seconds:.2} s of all cores during the runs", "stolen");
    let _ = writeln!(page, "{:<11} medians of interleaved rounds", "figures");
    if quick {
        page.push_str("\nQuick: sizes are tiny and the figures mean nothing.\n");
    }
    for result in &results.cases {
        table(&mut page, result);
    }
    page.push_str("\n## Targets\n\n");
    for line in targets::lines(results) {
        page.push_str(&line);
        page.push('\n');
    }
    page
}

fn table(page: &mut String, result: &CaseResult) {
    let CaseResult { case, rounds, .. } = result;
    let job = case.job.arguments().join(" ");
    let _ = writeln!(page, "\n## {}\n\n{job}: {rounds} rounds\n", case.name);
    let names: BTreeSet<&str> =
        result.rows.iter().flat_map(|row| row.medians.keys()).map(String::as_str).collect();
    let own = names.into_iter().filter(|name| !COMMON.contains(name));
    let columns: Vec<&str> = COMMON.into_iter().chain(own).collect();
    let _ = write!(page, "{:<10}", "peer");
    for column in &columns {
        let _ = write!(page, " {column:>width$}", width = width(column));
    }
    page.push('\n');
    for row in &result.rows {
        let _ = write!(page, "{:<10}", row.peer.name());
        for column in &columns {
            let cell = row.medians.get(*column).map_or("-".into(), |&value| number(value));
            let _ = write!(page, " {cell:>width$}", width = width(column));
        }
        page.push('\n');
        for failure in &row.failures {
            let _ = writeln!(page, "{:<10} failed: {failure}", row.peer.name());
        }
    }
}

fn width(column: &str) -> usize {
    column.len().max(9)
}

/// Four significant digits, or all digits before the point.
pub fn number(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 + 1 };
    let decimals = if value.fract() == 0.0 { 0 } else { (4 - digits).clamp(0, 6) as usize };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_keep_four_digits() {
        assert_eq!(number(0.012345), "0.01235");
        assert_eq!(number(12.3456), "12.35");
        assert_eq!(number(123456.7), "123457");
        assert_eq!(number(12.0), "12");
        assert_eq!(number(0.0), "0");
    }
}
