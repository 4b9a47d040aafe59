//! Ending a mark phase without stopping anybody.
//!
//! One word holds OPEN, DIRTY or CLOSED. A closing round ([`Pool::closing_round`]) is, in this order:
//!
//! 1. the collector stores OPEN;
//! 2. it checks that no marker is active (and, to save a vain round, that the packet pool is empty);
//! 3. it visits every mutator by a handshake; a visit publishes the white entries of its barrier buffer;
//! 4. it checks that the pool is empty;
//! 5. it moves OPEN to CLOSED by compare-and-swap.
//!
//! Who takes work, or shades the white target of a weak reference, says [`Closing::dirty`] *first*. If
//! step 5 succeeds, then unmarked means dead:
//!
//! * A marker is counted active before it says DIRTY and takes work. If it says so before OPEN, step 2
//!   sees it, unless it has marked or published everything by then; if after OPEN, it spoils the round.
//!   So from step 2 on nothing is taken and nothing is marked, and whatever is in the pool then, or comes
//!   into it, is still there in step 4.
//! * If step 4 finds nothing, no object was grey at step 2, and a white object could be reached only through
//!   a white entry of some barrier buffer. But the owner of such an entry had not been visited yet, and would
//!   have published it, at the latest during its visit, for step 4 to find. Hence there was none.
//! * From then on mutators come by white objects only through weak references, and say DIRTY.
//!
//! What does not do, as the models show:
//!
//! * Looking for active markers only after the visits. A mutator visited early may overwrite a field of an
//!   object that a marker still holds grey, and keep the only pointer in its buffer.
//! * Saying DIRTY before *publishing* and after *taking*. One party says DIRTY before OPEN and publishes after
//!   step 2; another takes that work and is held up before it says DIRTY; step 4 finds nothing, the round
//!   closes, and grey work is in private hands. With DIRTY before taking, publishing need not say it.
//!
//! [`Pool::closing_round`]: super::packets::Pool::closing_round

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

    /// Spoils a round that is under way: called before work is taken and before the target of a weak reference is
    /// shaded. False if the mark phase has already closed.
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
