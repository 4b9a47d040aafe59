//! How long mutators were held.
//!
//! A hold is what the heap did to a thread: the time it computed, and the time it slept, waiting for a lock. What
//! the kernel took the processor away for in between is none, and reported apart. The two look alike on a clock; how often
//! the thread has gone to sleep by itself tells them apart. What a mutator waits because it allocates faster than the
//! collector can follow is reported apart as well.

use super::{now, thread_cpu};
use crate::sync::{AtomicU64, Ordering};

/// The longest times one mutator was held by the heap, written by itself.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    handshake: AtomicU64,
    assist: AtomicU64,
    alloc: AtomicU64,
    waited: AtomicU64,
    preempted: AtomicU64,
    total: AtomicU64,
    long: AtomicU64,
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

/// How long a mutator was held by the heap, in nanoseconds: the longest times. What the kernel took the processor away for
/// meanwhile is left out of those and reported apart; what the thread waited for a lock is not left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldTimes {
    /// The longest answer to a handshake, with the scan of the mutator's own stack.
    pub handshake: u64,
    /// The longest assist.
    pub assist: u64,
    /// The longest time in which an allocation got new free slots, or a large object its pages.
    pub alloc: u64,
    /// The longest time that the mutator, blocked, waited for the collector: for marking to make up for a debt of its
    /// allocations that no assist could pay, or for a flip because the heap had reached its bound.
    pub waited: u64,
    /// The longest time without the processor in one of the first three.
    pub preempted: u64,
    /// The sum of all times of the first three kinds that were measured.
    pub total: u64,
    /// How many of them took [`HoldTimes::LONG`] or longer: a count. On a virtual machine each thread stands still now and
    /// then, because its host does something else and the kernel does not know; so that is to be compared with how often, in as
    /// long a time, it happens to a thread that only looks at the clock.
    pub long: u64,
}

impl HoldTimes {
    /// From so many nanoseconds on a hold counts as long.
    pub const LONG: u64 = 100_000;
}

/// Nanoseconds below which nobody asks where they went: the question takes a microsecond or two.
const SHORT: u64 = 20_000;

/// A stretch of time in which the calling thread may be held.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) start: u64,
    cpu: u64,
    /// How often the thread had gone to sleep; `None` if it does not in this stretch.
    sleeps: Option<i64>,
}

impl Stretch {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self { sleeps: Some(sleeps()), cpu: thread_cpu(), start: now() }
    }

    /// Begins a stretch in which the thread takes no lock, and so does not go to sleep by itself.
    pub(crate) fn begin_awake() -> Self {
        Self { sleeps: None, cpu: thread_cpu(), start: now() }
    }

    /// How long the thread has been held in the `wall` nanoseconds that end now and lie in this stretch, and how long it was
    /// without the processor although it could have run. What it did without before the `wall` counts as if in it.
    fn split(&self, wall: u64) -> (u64, u64) {
        // If it has gone to sleep, it has waited for something, at least for a part of the time.
        if wall < SHORT || self.sleeps.is_some_and(|before| sleeps() != before) {
            return (wall, 0);
        }
        let without = (now() - self.start).saturating_sub(thread_cpu() - self.cpu);
        (wall - without.min(wall), without.min(wall))
    }
}

/// A stretch that goes on over several short holds, because to begin one takes as long as they do.
#[derive(Debug, Default)]
pub(crate) struct Watch(Option<Stretch>);

impl Watch {
    /// Nanoseconds for which a stretch is good. What happens in them before a hold begins is taken for a part of it, so they
    /// are few.
    const GOOD: u64 = 50_000;

    /// A hold begins now.
    pub(crate) fn begin(&mut self) -> u64 {
        let start = now();
        if self.0.as_ref().is_some_and(|stretch| start - stretch.start < Self::GOOD) {
            return start;
        }
        self.0.insert(Stretch::begin()).start
    }

    /// The thread has gone to sleep for a reason that is no hold.
    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }

    fn split(&self, wall: u64) -> (u64, u64) {
        self.0.as_ref().map_or((wall, 0), |stretch| stretch.split(wall))
    }
}

/// How often the calling thread has gone to sleep.
fn sleeps() -> i64 {
    // SAFETY: zero bytes are a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes one `rusage` to a valid place.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    usage.ru_nvcsw
}

impl Holds {
    pub(crate) fn handshake(&self, stretch: &Stretch) {
        let held = self.hold(&self.handshake, stretch.split(now() - stretch.start));
        self.pauses.add(held);
    }

    pub(crate) fn assist(&self, stretch: &Stretch) {
        self.hold(&self.assist, stretch.split(now() - stretch.start));
    }

    /// A hold that began at `start`.
    pub(crate) fn alloc(&self, watch: &Watch, start: u64) {
        self.hold(&self.alloc, watch.split(now() - start));
    }

    /// The mutator has waited for the collector since `start`.
    pub(crate) fn wait(&self, start: u64) {
        raise(&self.waited, now() - start);
    }

    /// The mutator's answers to handshakes.
    pub(crate) fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    fn hold(&self, longest: &AtomicU64, (held, preempted): (u64, u64)) -> u64 {
        raise(longest, held);
        raise(&self.preempted, preempted);
        // Relaxed: figures, and one writer.
        self.total.fetch_add(held, Ordering::Relaxed);
        if held >= HoldTimes::LONG {
            self.long.fetch_add(1, Ordering::Relaxed);
        }
        held
    }

    pub(crate) fn read(&self) -> HoldTimes {
        HoldTimes {
            handshake: self.handshake.load(Ordering::Relaxed),
            assist: self.assist.load(Ordering::Relaxed),
            alloc: self.alloc.load(Ordering::Relaxed),
            waited: self.waited.load(Ordering::Relaxed),
            preempted: self.preempted.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            long: self.long.load(Ordering::Relaxed),
        }
    }
}

/// Raises a maximum that one thread writes.
fn raise(longest: &AtomicU64, nanos: u64) {
    if nanos > longest.load(Ordering::Relaxed) {
        longest.store(nanos, Ordering::Relaxed);
    }
}
