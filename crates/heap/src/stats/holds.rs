//! How long mutators were held.

use super::{now, thread_cpu};
use crate::sync::{AtomicU64, Ordering};

/// The longest times one mutator was held by the heap, written by itself.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    handshake: AtomicU64,
    assist: AtomicU64,
    alloc: AtomicU64,
    preempted: AtomicU64,
    pauses: Pauses,
}

/// Answers to handshakes by the time they took: a histogram with a bucket for each power of two of nanoseconds.
#[derive(Debug)]
pub(crate) struct Pauses {
    counts: [AtomicU64; Self::BUCKETS],
    nanos: AtomicU64,
}

impl Default for Pauses {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self { counts: std::array::from_fn(|_| zero()), nanos: zero() }
    }
}

impl Pauses {
    /// Bucket `i` holds times below `2^i` nanoseconds that no earlier one holds; the last one everything else.
    pub(crate) const BUCKETS: usize = 40;

    fn add(&self, nanos: u64) {
        let bucket = (u64::BITS - nanos.leading_zeros()) as usize;
        // Relaxed, here and below: figures, and one writer.
        self.counts[bucket.min(Self::BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Adds another histogram to this one.
    pub(crate) fn merge(&self, other: &Pauses) {
        for (sum, n) in self.counts.iter().zip(&other.counts) {
            sum.fetch_add(n.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.nanos.fetch_add(other.nanos(), Ordering::Relaxed);
    }

    /// How many times fell into each bucket.
    pub(crate) fn counts(&self) -> Vec<u64> {
        self.counts.iter().map(|n| n.load(Ordering::Relaxed)).collect()
    }

    /// The sum of all times.
    pub(crate) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }
}

/// The longest times a mutator was held by the heap, in nanoseconds. What the kernel took the processor away for
/// during a handshake or an assist is left out of those and reported apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldTimes {
    /// The longest answer to a handshake, with the scan of the mutator's own stack.
    pub handshake: u64,
    /// The longest assist.
    pub assist: u64,
    /// The longest refill of an allocation cursor.
    pub alloc: u64,
    /// The longest time without the processor in one of these.
    pub preempted: u64,
}

impl Holds {
    pub(crate) fn handshake(&self, start: u64, cpu: u64) {
        let held = self.hold(&self.handshake, start, cpu);
        self.pauses.add(held);
    }

    pub(crate) fn assist(&self, start: u64, cpu: u64) {
        self.hold(&self.assist, start, cpu);
    }

    pub(crate) fn alloc(&self, start: u64) {
        raise(&self.alloc, now() - start);
    }

    /// The mutator's answers to handshakes.
    pub(crate) fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    fn hold(&self, longest: &AtomicU64, start: u64, cpu: u64) -> u64 {
        let (wall, cpu) = (now() - start, thread_cpu() - cpu);
        raise(longest, wall.min(cpu));
        raise(&self.preempted, wall.saturating_sub(cpu));
        wall.min(cpu)
    }

    pub(crate) fn read(&self) -> HoldTimes {
        HoldTimes {
            handshake: self.handshake.load(Ordering::Relaxed),
            assist: self.assist.load(Ordering::Relaxed),
            alloc: self.alloc.load(Ordering::Relaxed),
            preempted: self.preempted.load(Ordering::Relaxed),
        }
    }
}

/// Raises a maximum that one thread writes.
fn raise(longest: &AtomicU64, nanos: u64) {
    if nanos > longest.load(Ordering::Relaxed) {
        longest.store(nanos, Ordering::Relaxed);
    }
}
