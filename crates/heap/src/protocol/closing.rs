//! Ending a mark phase without stopping anybody.
//!
//! One word holds OPEN, DIRTY or CLOSED. A closing round is, in this order:
//!
//! 1. the collector stores OPEN;
//! 2. it checks that the packet pool is empty and, after that, that no marker is active;
//! 3. it visits every mutator by a handshake; a visit publishes the white entries of its barrier buffer;
//! 4. it checks again that the pool is empty;
//! 5. it moves OPEN to CLOSED by compare-and-swap.
//!
//! Everybody else says [`Closing::dirty`] *before* publishing work and *after* taking work. If the
//! last step succeeds, then unmarked means dead.
//!
//! Why step 2 comes before the visits: at that moment no object is grey, so a white object can be
//! reached only through a white entry of some barrier buffer. Nobody has been visited yet, so either
//! the owner of that entry publishes it before or during its visit (DIRTY, or seen in step 4), or
//! somebody marked it first, and had to take work for that (DIRTY). Checking for grey objects only
//! after the visits loses objects: a mutator that was visited early may overwrite a field of an
//! object that a marker still holds grey, and keep the only pointer in its buffer.

use crate::sync::{AtomicU32, Ordering};

const OPEN: u32 = 0;
const DIRTY: u32 = 1;
const CLOSED: u32 = 2;
const DONE: u32 = 3;

/// The closing word of a heap. Its fourth state, DONE, says that the dead have been processed too: from then on sweeps
/// clear marks, and what a weak cell holds is alive.
#[derive(Debug)]
pub(crate) struct Closing(AtomicU32);

impl Closing {
    /// A word that is DIRTY: no round is under way, nothing is closed.
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(DIRTY))
    }

    /// Starts a round (collector only).
    pub(crate) fn open(&self) {
        self.0.store(OPEN, Ordering::SeqCst);
    }

    /// Leaves CLOSED for the next cycle (collector only, while no mutator is marking).
    pub(crate) fn reset(&self) {
        self.0.store(DIRTY, Ordering::SeqCst);
    }

    /// Spoils a round that is under way. False if the mark phase has already closed.
    #[inline]
    pub(crate) fn dirty(&self) -> bool {
        match self.0.compare_exchange(OPEN, DIRTY, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) | Err(DIRTY) => true,
            Err(_) => false,
        }
    }

    /// Whether nobody has spoiled the round that is under way (collector only): marking is at rest.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.0.load(Ordering::SeqCst) == OPEN
    }

    /// Ends the round (collector only): true if nobody spoiled it, and the mark phase is over.
    pub(crate) fn close(&self) -> bool {
        self.0.compare_exchange(OPEN, CLOSED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Says that every dead object's weak references are clear (collector, before the first sweep).
    pub(crate) fn all_dead_are_known(&self) {
        self.0.store(DONE, Ordering::SeqCst);
    }

    /// Whether the dead have been processed.
    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::SeqCst) == DONE
    }

    /// Whether the mark phase is over.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= CLOSED
    }
}
