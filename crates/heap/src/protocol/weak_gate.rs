//! Weak loads that wait, so that cycles end.
//!
//! A weak load of a white object spoils the closing round that is under way. Mutators that go on loading would keep marking
//! from ending for as long as they find white objects. So after [`ROUNDS`] rounds in a row that nothing else has spoiled the gate
//! shuts, and loads of white objects wait, blocked, until marking has closed.
//!
//! Invariant: once the gate is shut, each mutator spoils one more round at most by weak loads: by one that was under way. A load
//! looks at the gate before it says DIRTY, and all of them see it shut at once, by sequential consistency. The visits of
//! a round would tell them too; but a round that finds work does not get as far as that.

use crate::sync::{AtomicU32, Ordering};

/// Rounds spoiled by nothing but weak loads, one after the other, after which the gate shuts.
pub(super) const ROUNDS: u32 = 3;

/// Whether weak loads of white objects wait: the number of rounds that were spoiled by weak loads alone.
#[derive(Debug)]
pub(crate) struct WeakGate(AtomicU32);

impl WeakGate {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts a spoiled round (collector). One that was spoiled by something else too starts the count anew, but does not
    /// open the gate.
    pub(crate) fn count_spoiled(&self, by_weak_loads_alone: bool) {
        // Relaxed: only the collector writes it.
        let rounds = self.0.load(Ordering::Relaxed);
        if rounds < ROUNDS {
            self.0.store(if by_weak_loads_alone { rounds + 1 } else { 0 }, Ordering::SeqCst);
        }
    }

    /// Lets all loads go on (collector, once marking has closed).
    pub(crate) fn open(&self) {
        // Relaxed: who sees it late waits a little longer.
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether loads of white objects wait.
    #[inline]
    pub(crate) fn is_shut(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= ROUNDS
    }
}
