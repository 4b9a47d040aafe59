//! Compares Trigo with Go on random programs.
//!
//! Each seed is a [`program`], compiled and run by both ([`compare()`]), under Trigo also with many collections. What they
//! print, and whether they end well, must be the same.

mod compare;
mod generate;

pub use compare::{Peers, Verdict};
pub use generate::program;

use anyhow::Result;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

/// How many programs are built in one go: linking and the standard library cost more than one of them.
const BATCH: u64 = 25;

/// What came of many programs.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many behaved alike.
    pub same: u64,
    /// How many take so long under Go that they were not compared.
    pub skipped: u64,
    /// The seeds that differ, in order, and how.
    pub different: Vec<(u64, String)>,
}

impl Summary {
    /// Whether nothing differs, and enough was compared: a generator whose programs mostly do not count tests nothing.
    pub fn is_good(&self) -> bool {
        self.different.is_empty() && self.skipped <= self.same / 10 && self.same > 0
    }
}

/// Compares the programs of some seeds, as many at once as there are processors.
///
/// # Errors
/// If a compiler cannot be run, or Go refuses a program, which is a fault of the generator.
pub fn compare(peers: &Peers, seeds: Range<u64>) -> Result<Summary> {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    let work = || -> Result<()> {
        loop {
            let first = next.fetch_add(BATCH, Ordering::SeqCst);
            if first >= seeds.end {
                return Ok(());
            }
            let batch: Vec<u64> = (first..seeds.end.min(first + BATCH)).collect();
            let verdicts = peers.compare(&batch)?;
            let mut summary = summary.lock().unwrap_or_else(|poison| poison.into_inner());
            for (seed, verdict) in verdicts {
                match verdict {
                    Verdict::Same => summary.same += 1,
                    Verdict::Skipped => summary.skipped += 1,
                    Verdict::Different(how) => summary.different.push((seed, how)),
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let mut summary = summary.into_inner().unwrap_or_else(|poison| poison.into_inner());
    summary.different.sort();
    Ok(summary)
}
