//! A mutator leaves: what it holds goes back, what it has allocated stays in the heap's accounts.
//!
//! Invariant: what a mutator allocated before a flip is in the heap's count of that flip when its sweep begins, also if the
//! mutator leaves while the flip is under way; for the sweep counts the objects that live. So it does not leave the registry,
//! where it is asked for its answer, before its bytes have gone to the right side of the flip, and it does not block, which
//! lets the collector answer for it, before it has left.

use super::{Mutator, MutatorState, Registry};
use crate::sync::{AtomicU64, Ordering, lock};
use std::sync::Arc;

impl Drop for Mutator {
    fn drop(&mut self) {
        self.poll_slow();
        self.leave();
    }
}

impl Mutator {
    /// Leaves the heap. A handshake may have been asked for since the last safepoint.
    fn leave(&mut self) {
        let shared = Arc::clone(&self.heap.shared);
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        unsafe { self.state().retire(&shared) };
        let epoch = self.private().epoch;
        lock(&shared.registry).depart(self.state(), epoch, &shared.counters.flipped);
        self.state().gate.block();
    }
}

impl Registry {
    /// Removes `leaver`, which is in `epoch` and has counted what it allocated.
    fn depart(&mut self, leaver: &MutatorState, epoch: u32, flipped: &[AtomicU64]) {
        self.roster.leave(leaver);
        self.departed_pauses.merge(leaver.holds.pauses());
        let flip_under_way = epoch != self.roster.view().epoch;
        for (kind, own) in leaver.bytes.iter().enumerate() {
            self.departed[kind] += own.load(Ordering::Relaxed);
            let bytes = leaver.take_unflipped(kind);
            if flip_under_way {
                flipped[kind].fetch_add(bytes, Ordering::Relaxed);
            } else {
                self.departed_unflipped[kind] += bytes;
            }
        }
    }
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use crate::{Config, Heap, Layout, Mutator, collector::Action, mutator::native};
    use std::{mem::ManuallyDrop, ptr, thread};

    #[test]
    fn what_a_mutator_allocated_is_counted_at_the_flip_during_which_it_leaves() {
        let heap = Heap::new(Config::default()).unwrap();
        let mut leaver = heap.attach();
        let alloc = |m: &mut Mutator| m.alloc(Layout::NO_SCAN, 64).unwrap();
        (0..1000).for_each(|_| _ = alloc(&mut leaver));
        leaver.collect();
        assert_eq!(heap.stats().frees, 1000);
        let kept: Vec<_> = (0..1000)
            .map(|_| {
                let object = alloc(&mut leaver);
                leaver.root(object)
            })
            .collect();
        let collector = thread::spawn({
            let heap = heap.clone();
            move || heap.collect()
        });
        loop {
            if leaver.state().gate.pending().is_some() {
                if matches!(heap.shared.control.action(), Action::Flip { .. }) {
                    break;
                }
                native::with_spilled(|sp| leaver.answer_one(sp));
            }
            thread::yield_now();
        }
        leaver.leave();
        // It must not leave once more, but lets go of the heap, whose threads end.
        let left = ManuallyDrop::new(leaver);
        // SAFETY: neither is used again.
        drop(unsafe { (ptr::read(&left.heap), ptr::read(&left.owner)) });
        collector.join().unwrap();
        let stats = heap.stats();
        assert_eq!((stats.allocs, stats.frees, stats.live_objects), (2000, 1000, 1000));
        drop(kept);
    }
}
