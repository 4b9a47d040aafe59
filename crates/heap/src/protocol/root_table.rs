//! Tables of the heap's own that are roots: finalizers and their closures, and the queue of what is due.
//!
//! They are no slots, so no write barrier sees their changes: who puts something in or takes it out shades it while a cycle
//! marks.
//!
//! Invariant: whatever is in a table when marking closes is marked, and so is what was taken out of it before. The collector
//! reads each table once in a cycle. What it does not meet was put in later, and shaded then; or it was taken out earlier, by
//! a mutator that shaded it and whose own stack may have been scanned before.

use crate::sync::{Mutex, lock};

/// A table that the collector reads as roots while mutators change it.
#[derive(Debug, Default)]
pub(crate) struct RootTable<T>(Mutex<T>);

impl<T> RootTable<T> {
    #[cfg(loom)]
    pub(crate) fn new(table: T) -> Self {
        Self(Mutex::new(table))
    }

    /// Changes the table by `f`, and while this mutator sees `marking` calls `shade` with what that put in or took out. Not a
    /// safepoint; waits for a short lock.
    pub(crate) fn change<R>(
        &self,
        marking: bool,
        f: impl FnOnce(&mut T) -> R,
        shade: impl FnOnce(&R),
    ) -> R {
        let changed = f(&mut lock(&self.0));
        if marking {
            shade(&changed);
        }
        changed
    }

    /// Calls `f` with the table: to read it, or to change it where no mutator can miss what is in it (collector).
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut lock(&self.0))
    }
}
