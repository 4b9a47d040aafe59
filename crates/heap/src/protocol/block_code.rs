//! The code of a block of address space: which kind of span covers it.
//!
//! A look-up needs no lock and may happen at any time; it follows the code into tables that are written before the code is
//! published. A published code is taken back only after marking has closed and every mutator has flipped, and before the
//! next barrier-on, so whoever looks up addresses while it marks never sees a span retyped under its hands.

use crate::sync::{AtomicU16, Ordering};

/// The code of one block. Zero, which untouched memory reads as, is the code of a free block.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct BlockCode(pub(super) AtomicU16);

impl BlockCode {
    /// Nothing here.
    pub(crate) const FREE: u16 = 0;

    /// The code, and with it what was written before it was published.
    #[inline(always)]
    pub(crate) fn get(&self) -> u16 {
        // Acquire: pairs with `publish`.
        self.0.load(Ordering::Acquire)
    }

    /// Publishes a span that covers the block (its owner, who has written all that the code leads to).
    pub(crate) fn publish(&self, code: u16) {
        // Release: pairs with `get`.
        self.0.store(code, Ordering::Release);
    }

    /// Takes the code back (the sweep, or under the page heap's lock).
    pub(crate) fn unpublish(&self) {
        // Relaxed: the next look-up comes after another handshake, or after another `publish`.
        self.0.store(Self::FREE, Ordering::Relaxed);
    }
}
