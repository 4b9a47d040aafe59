//! Spare blocks: free memory for small spans that is handed out without a lock, a few neighbours at a time, of which the first
//! is named here.
//!
//! Whoever holds the page heap's lock may lose the processor, and mutators that need spans would wait until it is back; and to
//! look for free memory takes its time. So they take spare blocks while there are any. The collector's thread fills them up, and who
//! found none, and so got the lock, sets some aside for others.
//!
//! Invariant: a block is in one place: the page heap, a slot of this table, or a span. A slot changes by a swap, so one party
//! takes what it holds.

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// The most spare blocks.
#[cfg(not(loom))]
const SLOTS: usize = 128;
#[cfg(loom)]
const SLOTS: usize = 2;

/// The spare blocks of a heap.
#[derive(Debug)]
pub(crate) struct Spares {
    /// Zero, or twice a block's number plus one; odd if its memory reads as zero.
    pub(super) slots: [AtomicU32; SLOTS],
    count: AtomicUsize,
    dirty: AtomicUsize,
}

impl Spares {
    pub(crate) fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| AtomicU32::new(0)),
            count: AtomicUsize::new(0),
            dirty: AtomicUsize::new(0),
        }
    }

    /// How many blocks a heap of `blocks` should have to spare: a hundredth.
    pub(crate) fn wanted(blocks: usize) -> usize {
        (blocks / 100).min(SLOTS)
    }

    /// How many there are, and how many of those may hold old contents.
    pub(crate) fn count(&self) -> (usize, usize) {
        // Relaxed: a hint and a figure.
        (self.count.load(Ordering::Relaxed), self.dirty.load(Ordering::Relaxed))
    }

    /// Adds a block, `clean` if it reads as zero; false if there is no room.
    pub(crate) fn add(&self, block: usize, clean: bool) -> bool {
        let word = (block as u32 + 1) << 1 | u32::from(clean);
        // Release: the block's last user is done with it.
        let place = |slot: &AtomicU32| {
            slot.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed).is_ok()
        };
        let added = self.slots.iter().any(place);
        if added {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.dirty.fetch_add(usize::from(!clean), Ordering::Relaxed);
        }
        added
    }

    /// Takes a block; says whether it reads as zero.
    pub(crate) fn take(&self) -> Option<(usize, bool)> {
        let word = self.slots.iter().find_map(|slot| {
            // Relaxed: a look before the swap, which decides. Acquire: pairs with `add`.
            let filled = slot.load(Ordering::Relaxed) != 0;
            filled.then(|| slot.swap(0, Ordering::Acquire)).filter(|&word| word != 0)
        })?;
        let clean = word & 1 != 0;
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.dirty.fetch_sub(usize::from(!clean), Ordering::Relaxed);
        Some(((word >> 1) as usize - 1, clean))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{collections::HashSet, thread};

    #[test]
    fn each_block_is_taken_once() {
        let spares = Spares::new();
        for block in 0..SLOTS {
            assert!(spares.add(block, block % 2 == 0));
        }
        assert!(!spares.add(1000, true));
        assert_eq!(spares.count(), (SLOTS, SLOTS / 2));
        let taken: Vec<_> = thread::scope(|scope| {
            let take = || std::iter::from_fn(|| spares.take()).collect::<Vec<_>>();
            let threads = [0, 1].map(|_| scope.spawn(take));
            threads.into_iter().flat_map(|t| t.join().expect("it takes blocks")).collect()
        });
        assert_eq!(taken.iter().collect::<HashSet<_>>().len(), SLOTS);
        assert!(taken.iter().all(|&(block, clean)| clean == (block % 2 == 0)));
        assert_eq!((taken.len(), spares.count()), (SLOTS, (0, 0)));
    }
}
