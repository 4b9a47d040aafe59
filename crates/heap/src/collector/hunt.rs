//! The hunt for leaked stacks, as the driver conducts it in a leak cycle: see [`crate::leak`].

use crate::{Stack, heap::Shared, mark::Greyer, roots::Excluded, roots::Slot, sync::Ordering};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

/// A suspect: its place in the client's list, its stack, the objects it waits for, its own root slots.
#[derive(Debug)]
pub(crate) struct Hunted {
    pub(crate) place: usize,
    pub(crate) stack: Arc<Stack>,
    pub(crate) waits_for: Vec<usize>,
    pub(crate) slots: Vec<usize>,
}

/// The suspects of one leak cycle, and who wants to know.
#[derive(Debug)]
pub(crate) struct Hunt {
    /// The first cycle that will do.
    pub(super) cycle: u64,
    suspects: Vec<Hunted>,
    leaked: Vec<usize>,
    reply: SyncSender<Vec<usize>>,
}

impl Hunt {
    /// A hunt, and where its result will arrive.
    pub(crate) fn new(suspects: Vec<Hunted>) -> (Self, Receiver<Vec<usize>>) {
        let (reply, result) = sync_channel(1);
        (Self { cycle: 0, suspects, leaked: Vec::new(), reply }, result)
    }

    /// What is no root at first.
    pub(super) fn excluded(&self) -> Excluded {
        let slots = self.suspects.iter().flat_map(|s| s.slots.iter().copied());
        let stacks = self.suspects.iter().map(|s| Arc::as_ptr(&s.stack));
        Excluded { slots: slots.collect(), stacks: stacks.collect::<HashSet<_>>() }
    }

    /// Marking of `cycle` has come to rest: scans the suspects that can be woken, or if there are none, the leaked. False
    /// once nobody is left out any more.
    pub(super) fn go_on(&mut self, heap: &Shared, cycle: u32) -> bool {
        if self.suspects.is_empty() {
            return false;
        }
        let alive = |s: &mut Hunted| s.can_be_woken(heap, cycle);
        let alive: Vec<_> = self.suspects.extract_if(.., alive).collect();
        for suspect in &alive {
            suspect.scan(heap, cycle);
        }
        if alive.is_empty() {
            for suspect in self.suspects.drain(..) {
                suspect.scan(heap, cycle);
                self.leaked.push(suspect.place);
            }
        }
        true
    }

    /// Tells the result.
    pub(super) fn report(self) {
        // Whoever asked may have given up.
        let _ = self.reply.send(self.leaked);
    }
}

impl Hunted {
    /// Whether the stack has been woken, or waits for something that is marked or not of this heap.
    fn can_be_woken(&self, heap: &Shared, cycle: u32) -> bool {
        let reached = |&object: &usize| {
            let found = heap.space.find(object);
            found.is_none_or(|found| heap.space.is_marked(&found))
        };
        !self.stack.claim().is_parked_unscanned(cycle) || self.waits_for.iter().any(reached)
    }

    fn scan(&self, heap: &Shared, cycle: u32) {
        let mut greyer = Greyer::new(heap);
        // One that has been resumed meanwhile was scanned by its resumer.
        if self.stack.claim().try_scan(cycle) {
            self.stack.scan(&mut greyer);
            self.stack.claim().scanned_in(cycle);
        }
        for &slot in &self.slots {
            // SAFETY: slots live as long as the heap.
            let object = unsafe { &*(slot as *const Slot) }.load(Ordering::Relaxed);
            greyer.precise(object.expose_provenance());
        }
    }
}
