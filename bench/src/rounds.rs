//! The interleaved run: every pair of workload and peer once a round, so that a machine that
//! grows slower or faster meanwhile does so to all; then the median of each figure.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use crate::job::Case;
use crate::kept::{Figures, Kept, Round, Run};
use crate::machine::stolen;
use crate::mmu;
use crate::peer::Peer;
use crate::process::{Sample, measure};

/// All that a page needs.
pub struct Results {
    pub cases: Vec<CaseResult>,
    /// Time the hypervisor took from all cores during the runs, in hundredths of a second.
    pub stolen: u64,
}

/// One workload on all of its peers.
pub struct CaseResult {
    pub case: Case,
    /// How often it ran on each.
    pub rounds: usize,
    /// In the order of `case.peers`.
    pub rows: Vec<Row>,
}

/// One workload on one peer.
pub struct Row {
    pub peer: Peer,
    /// The median of each figure over the rounds that succeeded.
    pub medians: Figures,
    /// What went wrong, for each run that failed.
    pub failures: Vec<String>,
}

impl Results {
    /// The medians of what was run of these cases.
    pub fn new(cases: &[Case], kept: &Kept) -> Self {
        let result = |case: &Case| {
            let rounds: Vec<&Round> = kept.rounds(&case.key()).collect();
            let row =
                |&peer| Row::new(peer, rounds.iter().filter_map(|round| round.run(&peer.name())));
            let rows = case.peers.iter().map(row).collect();
            (!rounds.is_empty()).then(|| CaseResult {
                case: case.clone(),
                rounds: rounds.len(),
                rows,
            })
        };
        let stolen =
            cases.iter().flat_map(|case| kept.rounds(&case.key())).map(|round| round.stolen).sum();
        Self { cases: cases.iter().filter_map(result).collect(), stolen }
    }

    /// The median of a figure, if that workload ran on that peer and each run succeeded.
    pub fn median(&self, case: &str, peer: Peer, figure: &str) -> Option<f64> {
        let row = self.row(case, peer)?;
        row.failures.is_empty().then(|| row.medians.get(figure).copied())?
    }

    /// The row of a workload on a peer, if it was run.
    pub fn row(&self, case: &str, peer: Peer) -> Option<&Row> {
        let result = self.cases.iter().find(|result| result.case.name == case)?;
        result.rows.iter().find(|row| row.peer == peer)
    }

    /// How many runs failed.
    pub fn failures(&self) -> usize {
        self.cases.iter().flat_map(|case| &case.rows).map(|row| row.failures.len()).sum()
    }
}

/// Runs the rounds that are not kept yet, until `until`: what has not begun by then is left out. A child that fails is
/// recorded and does not end the run.
pub fn run(
    cases: &[Case],
    rounds: usize,
    until: Option<Instant>,
    go_program: &Path,
    kept: &mut Kept,
) -> Result<()> {
    for round in 0..rounds {
        for case in cases {
            if kept.rounds(&case.key()).count() > round {
                continue;
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(());
            }
            eprintln!("round {} of {rounds}: {}", round + 1, case.name);
            kept.add(run_once(case, round, go_program)?)?;
        }
    }
    Ok(())
}

/// Runs a case once on each peer. Each round begins with another one, so that none always follows the same.
fn run_once(case: &Case, round: usize, go_program: &Path) -> Result<Round> {
    let stolen_before = stolen();
    let mut runs = BTreeMap::new();
    for turn in 0..case.peers.len() {
        let peer = case.peers[(turn + round) % case.peers.len()];
        eprintln!("  {}", peer.name());
        let sample = measure(&mut peer.command(&case.job, go_program)?);
        let run = match sample.and_then(|sample| figures(&sample)) {
            Ok(figures) => Run::Figures(figures),
            Err(error) => Run::Failure(format!("{error:#}")),
        };
        runs.insert(peer.name(), run);
    }
    let stolen = stolen() - stolen_before;
    Ok(Round { case: case.name.clone(), job: case.job.arguments(), stolen, runs })
}

impl Row {
    fn new<'r>(peer: Peer, runs: impl Iterator<Item = &'r Run>) -> Self {
        let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut failures = Vec::new();
        for run in runs {
            match run {
                Run::Figures(figures) => {
                    for (name, &value) in figures {
                        columns.entry(name).or_default().push(value);
                    }
                }
                Run::Failure(failure) => failures.push(failure.clone()),
            }
        }
        let medians =
            columns.into_iter().map(|(name, values)| (name.to_owned(), median(values))).collect();
        Row { peer, medians, failures }
    }
}

/// The figures of one run: what the parent measured, what the child reported, and what follows
/// from its samples and pauses.
fn figures(sample: &Sample) -> Result<Figures> {
    let report = &sample.report;
    let mut figures = report.figures.clone();
    let mut set = |name: &str, value| figures.insert(name.to_owned(), value);
    set("wall_s", sample.wall.as_secs_f64());
    set("cpu_s", sample.cpu.as_secs_f64());
    set("peak_rss_mb", report.peak_rss as f64 / 1e6);
    set("cycles", report.cycles as f64);
    if !report.samples.is_empty() {
        let mut histogram = Histogram::<u64>::new(3)?;
        for &nanos in &report.samples {
            histogram.record(nanos).context("a latency is beyond the histogram")?;
        }
        set("samples", histogram.len() as f64);
        set("p50_us", histogram.value_at_quantile(0.5) as f64 / 1e3);
        set("p99_us", histogram.value_at_quantile(0.99) as f64 / 1e3);
        set("p99.9_us", histogram.value_at_quantile(0.999) as f64 / 1e3);
        set("max_us", histogram.max() as f64 / 1e3);
    }
    if !report.pauses.is_empty() {
        for (name, window) in [("mmu_1ms_pct", 1_000_000), ("mmu_10ms_pct", 10_000_000)] {
            let each = report.pauses.iter().map(|p| mmu::minimum(p, report.elapsed, window));
            set(name, 100.0 * each.fold(1.0, f64::min));
        }
    }
    Ok(figures)
}

/// The middle value, or the mean of the middle two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
