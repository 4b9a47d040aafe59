//! Leak cycles: which parked stacks will never run again, because nothing that runs can wake them.
//!
//! A leak cycle leaves the suspects' stacks, and root handles that serve only them, out of the roots.
//! When marking has come to rest, a suspect that waits for a marked object can still be woken: it is
//! scanned after all, and marking goes on. What is left when that finds nobody more is leaked. Then those are
//! scanned too, so that leaked memory is kept, and the cycle ends like any other (Vlad Saioc, Milind
//! Chabbi, "Dynamic partial deadlock detection and recovery via garbage collection", 2025; Go 1.27's
//! goroutine leak profile).

use crate::{
    Heap, Mutator, Root, Stack,
    collector::{Hunt, Hunted},
};
use std::{ptr::NonNull, sync::Arc};

/// A parked stack that may be leaked, and what would wake it.
#[derive(Debug, Clone)]
pub struct Suspect<'a> {
    stack: &'a Arc<Stack>,
    waits_for: Vec<NonNull<u8>>,
    roots: Vec<&'a Root>,
}

impl<'a> Suspect<'a> {
    /// A suspect that nothing can wake, until [`Suspect::waits_for`] says otherwise.
    pub fn new(stack: &'a Arc<Stack>) -> Self {
        Self { stack, waits_for: Vec::new(), roots: Vec::new() }
    }

    /// Whoever reaches `object` could wake the stack: a channel it receives from, say. An address outside of the heap
    /// counts as reachable.
    pub fn waits_for(mut self, object: NonNull<u8>) -> Self {
        self.waits_for.push(object);
        self
    }

    /// `root` serves the stack alone: it is no root until the stack is found alive, or leaked.
    pub fn with_root(mut self, root: &'a Root) -> Self {
        self.roots.push(root);
        self
    }
}

impl Mutator {
    /// Runs a cycle that finds out which of `suspects` are leaked: neither woken while it ran nor waiting for an object
    /// that can be reached without leaked stacks. Returns their places in `suspects`, in order. Nothing of theirs is freed.
    /// Blocks until the cycle has been swept. A safepoint.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout, Suspect};
    /// let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let (known, forgotten) = (mutator.alloc(Layout::POINTERS, 8)?, mutator.alloc(Layout::POINTERS, 8)?);
    /// let channel = mutator.root(known);
    /// let words = [[known.as_ptr() as usize], [forgotten.as_ptr() as usize]];
    /// let stacks = words.each_ref().map(|words| {
    ///     let (top, sp) = (words.as_ptr_range().end.cast(), words.as_ptr().cast());
    ///     // SAFETY: the words do not change while the stack is parked, and this function holds what they point to.
    ///     unsafe { mutator.new_parked_stack(top, sp) }
    /// });
    /// let leaked = mutator.collect_leaks(&[
    ///     Suspect::new(&stacks[0]).waits_for(known),
    ///     Suspect::new(&stacks[1]).waits_for(forgotten),
    /// ]);
    /// assert_eq!(leaked, [1]);
    /// assert_eq!(heap.stats().live_objects, 2);
    /// # drop(channel);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn collect_leaks(&mut self, suspects: &[Suspect<'_>]) -> Vec<usize> {
        let heap = self.heap().clone();
        self.blocked(|| heap.collect_leaks(suspects))
    }
}

impl Heap {
    /// [`Mutator::collect_leaks`] for a thread that is not attached to this heap.
    ///
    /// # Panics
    /// As for [`Heap::collect`].
    pub fn collect_leaks(&self, suspects: &[Suspect<'_>]) -> Vec<usize> {
        self.shared.assert_may_wait();
        let hunted = suspects.iter().enumerate().map(|(place, suspect)| Hunted {
            place,
            stack: Arc::clone(suspect.stack),
            waits_for: suspect.waits_for.iter().map(|o| o.as_ptr() as usize).collect(),
            slots: suspect.roots.iter().map(|root| root.slot_address()).collect(),
        });
        let (hunt, result) = Hunt::new(hunted.collect());
        self.shared.control.ask_hunt(hunt);
        result.recv().expect("a heap with a handle has a collector")
    }
}
