//! Times by length: a histogram in the buckets of Go's `runtime/metrics`.
//!
//! Each power of two of nanoseconds is cut into four parts, from 2^8 on; what lies below is in four parts of 64 ns, and times of
//! 2^47 ns and more, which is a day and a half, are in the last bucket. Source: `histogram.go` of Go's runtime.

use super::metrics::Histogram;
use crate::sync::{AtomicU64, Ordering};

/// The power of two that the first four parts end at, and the first one that has none.
const FIRST: u32 = 8;
const END: u32 = 47;
/// Parts of a power of two.
const PARTS: usize = 4;
/// Buckets of times from zero on: those in parts, and the one beyond.
const BUCKETS: usize = (END - FIRST + 1) as usize * PARTS + 1;

/// How often something took how long. Any number of threads may add to it.
#[derive(Debug)]
pub struct TimeHistogram {
    counts: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

impl Default for TimeHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeHistogram {
    /// An empty one.
    pub const fn new() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS], nanos: AtomicU64::new(0) }
    }

    /// Counts a time in nanoseconds.
    pub fn add(&self, nanos: u64) {
        // Relaxed, here and below: figures.
        self.counts[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Adds another histogram to this one.
    pub(crate) fn merge(&self, other: &TimeHistogram) {
        for (sum, n) in self.counts.iter().zip(&other.counts) {
            sum.fetch_add(n.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.nanos.fetch_add(other.nanos(), Ordering::Relaxed);
    }

    /// The sum of all times, in nanoseconds.
    pub(crate) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }

    /// The histogram in seconds, as Go's `runtime/metrics` has it: with a first bucket for times below zero, of which there are
    /// none.
    pub fn seconds(&self) -> Histogram {
        let below = (0..BUCKETS).map(|i| lowest(i) as f64 / 1e9);
        let bounds = [f64::NEG_INFINITY].into_iter().chain(below).chain([f64::INFINITY]).collect();
        let counts = self.counts.iter().map(|n| n.load(Ordering::Relaxed));
        Histogram { counts: [0].into_iter().chain(counts).collect(), bounds }
    }
}

/// The bucket of a time.
fn bucket(nanos: u64) -> usize {
    let power = (u64::BITS - nanos.leading_zeros()).max(FIRST);
    if power > END {
        return BUCKETS - 1;
    }
    // The first power has no leading one that all of its times share.
    let part = (nanos >> (power.max(FIRST + 1) - 3)) as usize % PARTS;
    (power - FIRST) as usize * PARTS + part
}

/// The least time of a bucket.
fn lowest(bucket: usize) -> u64 {
    let (power, part) = (FIRST + (bucket / PARTS) as u32, (bucket % PARTS) as u64);
    if power == FIRST { part << (FIRST - 2) } else { (PARTS as u64 + part) << (power - 3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_begins_where_the_one_before_ends() {
        assert_eq!(lowest(0), 0);
        for i in 1..BUCKETS {
            assert_eq!((bucket(lowest(i) - 1), bucket(lowest(i))), (i - 1, i));
        }
        assert_eq!((lowest(BUCKETS - 1), bucket(u64::MAX)), (1 << END, BUCKETS - 1));
    }

    #[test]
    fn bounds_are_those_of_go() {
        let times = TimeHistogram::new();
        [0, 63, 64, 300, 1 << 20].into_iter().for_each(|nanos| times.add(nanos));
        let Histogram { counts, bounds } = times.seconds();
        assert_eq!((counts.len(), bounds.len()), (162, 163));
        let first = [f64::NEG_INFINITY, 0.0, 64e-9, 128e-9, 192e-9, 256e-9, 320e-9];
        assert!(
            bounds
                .iter()
                .zip(first)
                .all(|(have, want)| (have - want).abs() < 1e-15 || *have == want)
        );
        assert!(bounds.is_sorted());
        assert_eq!((counts.iter().sum::<u64>(), counts[1], times.nanos()), (5, 2, 427 + (1 << 20)));
    }
}
