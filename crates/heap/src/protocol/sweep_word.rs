//! Who may change the bits of a span: the mutator that owns it, or whoever sweeps it.
//!
//! Each span has one word: the epoch it was last swept for, and whether a mutator owns it. The word changes under the lock of
//! the span's list only; what it guards is the span's bits, which its owner changes without the lock.
//!
//! Invariant: once the sweep of an epoch has ended, every unowned span has been swept for it, once. A span that the sweep
//! passes by because it is owned is due when its owner gives it up.

use crate::sync::{AtomicU32, Ordering};

/// Set while a mutator owns the span. Epochs are smaller.
const OWNED: u32 = 1 << 31;

/// The sweep word of one span. All accesses are under the lock of the span's list, or before the span is in it.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct SweepWord(pub(super) AtomicU32);

impl SweepWord {
    /// A span that a mutator of epoch `epoch` takes: it has been swept for that epoch, or is fresh.
    pub(crate) fn own(&self, epoch: u32) {
        // Relaxed, here and below: guarded by the list.
        self.0.store(epoch | OWNED, Ordering::Relaxed);
    }

    /// The owner gives the span up; true if it must now be swept for `epoch`, that of the list.
    #[must_use]
    pub(crate) fn disown(&self, epoch: u32) -> bool {
        let swept = self.0.load(Ordering::Relaxed) & !OWNED;
        self.0.store(swept, Ordering::Relaxed);
        swept != epoch
    }

    /// Whether nobody owns the span and it has not been swept for `epoch`.
    pub(crate) fn is_due(&self, epoch: u32) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        word & OWNED == 0 && word != epoch
    }

    /// The span is being swept for `epoch`.
    pub(crate) fn set_swept(&self, epoch: u32) {
        self.0.store(epoch, Ordering::Relaxed);
    }
}
