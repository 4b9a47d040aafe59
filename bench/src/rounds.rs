//! The interleaved run: every pair of workload and peer once a round, so that a machine that
//! grows slower or faster meanwhile does so to all; then the median of each figure.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use crate::job::Case;
use crate::machine::stolen;
use crate::mmu;
use crate::peer::Peer;
use crate::process::{Sample, measure};

/// Figures by name; the name ends in the unit.
pub type Figures = BTreeMap<String, f64>;

/// All that a page needs.
pub struct Results {
    pub cases: Vec<CaseResult>,
    /// Time the hypervisor took from all cores during the run, in hundredths of a second.
    pub stolen: u64,
}

/// One workload on all of its peers.
pub struct CaseResult {
    pub case: Case,
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

/// Runs all rounds. A child that fails is recorded and does not end the run.
pub fn run(cases: &[Case], rounds: u32, go_program: &Path) -> Result<Results> {
    let stolen_before = stolen();
    let mut runs: Vec<Vec<Vec<Result<Figures>>>> =
        cases.iter().map(|case| case.peers.iter().map(|_| Vec::new()).collect()).collect();
    for round in 0..rounds as usize {
        for (case, runs) in cases.iter().zip(&mut runs) {
            for turn in 0..case.peers.len() {
                // Each round begins with another peer, so that none always follows the same one.
                let turn = (turn + round) % case.peers.len();
                let peer = case.peers[turn];
                eprintln!("round {} of {rounds}: {} on {}", round + 1, case.name, peer.name());
                let sample = measure(&mut peer.command(&case.job, go_program)?);
                runs[turn].push(sample.and_then(|sample| figures(&sample)));
            }
        }
    }
    let rows = |case: &Case, runs: Vec<Vec<Result<Figures>>>| {
        case.peers.iter().zip(runs).map(|(&peer, runs)| summarise(peer, runs)).collect()
    };
    let cases = cases
        .iter()
        .zip(runs)
        .map(|(case, runs)| CaseResult { rows: rows(case, runs), case: case.clone() });
    Ok(Results { cases: cases.collect(), stolen: stolen() - stolen_before })
}

fn summarise(peer: Peer, runs: Vec<Result<Figures>>) -> Row {
    let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut failures = Vec::new();
    for run in runs {
        match run {
            Ok(figures) => {
                for (name, value) in figures {
                    columns.entry(name).or_default().push(value);
                }
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    let medians = columns.into_iter().map(|(name, values)| (name, median(values))).collect();
    Row { peer, medians, failures }
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
