//! A weak reference's cell: the race between a load and the death of its target.
//!
//! The loading mutator reads the target, then finds out whether the target may be handed out; the
//! collector clears the cells of dead targets after marking has closed and before any mutator may
//! reuse a dead slot. A cell that was cleared stays clear.
//!
//! Invariant: a load returns an object only if the object is marked in this cycle, or the load
//! itself published it as work before marking closed.

use super::{closing::Closing, weak_gate::WeakGate};
use crate::sync::{AtomicUsize, Ordering, fence};

/// A cell that holds the address of its target, or zero once that is dead.
#[derive(Debug)]
pub(crate) struct WeakCell(AtomicUsize);

impl WeakCell {
    pub(crate) fn new(target: usize) -> Self {
        Self(AtomicUsize::new(target))
    }

    /// The target without any claim that it may be used.
    pub(crate) fn peek(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets the target for good (collector, after CLOSED and before the flip).
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
        // Release: with the fence in `load`, if the collector goes on to mark the target for its finalizer.
        fence(Ordering::Release);
    }

    /// Loads the target. While this mutator sees marking, `marked` tells whether an address is marked
    /// and `publish` turns a white one grey. Zero if the target is dead; `None` if the load has to wait because of `gate`. No
    /// safepoint inside.
    pub(crate) fn load(
        &self,
        marking: bool,
        closing: &Closing,
        gate: &WeakGate,
        marked: impl FnOnce(usize) -> bool,
        publish: impl FnOnce(usize),
    ) -> Option<usize> {
        let target = self.0.load(Ordering::Relaxed);
        if target == 0 || !marking {
            return Some(target);
        }
        if marked(target) {
            // The mark may have been set after the death, for a finalizer. Then the cell was cleared first. Acquire: a reader of such a mark
            // sees that; the mark itself was read relaxed.
            fence(Ordering::Acquire);
            return Some(if self.0.load(Ordering::Relaxed) == target { target } else { 0 });
        }
        // Before DIRTY, which would spoil the round all the same.
        if gate.is_shut() {
            return None;
        }
        // Acquire: pairs with the fence in `pack_marks`.
        fence(Ordering::Acquire);
        if !closing.dirty() {
            // White because dead, or because a sweep has taken the mark; a sweep comes after DONE.
            return Some(if closing.is_done() { self.0.load(Ordering::Relaxed) } else { 0 });
        }
        publish(target);
        Some(target)
    }
}
