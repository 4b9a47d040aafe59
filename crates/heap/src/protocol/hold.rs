//! The hold: all mutators wait while somebody looks at the whole heap.
//!
//! The hold is announced first; then a handshake asks every mutator, and who has answered waits until the hold is over. Nothing
//! but diagnosis does this.
//!
//! Invariant: while the heap is looked at, no mutator touches it. Each is in one of three places:
//! * It has answered and waits, because it looks for a hold after its last answer and before it goes on.
//! * It is blocked, and was answered for; when it comes back it looks too.
//! * It is about to join, and looks for a hold under the lock under which it becomes a member: so it sees the announcement, or
//!   is asked.
//!
//! A mutator may see the announcement before it is asked, so who waits goes on answering.

use crate::sync::{AtomicU32, Mutex, MutexGuard, Ordering, lock};

/// Whether mutators have to wait.
#[derive(Debug)]
pub(crate) struct Hold(AtomicU32);

impl Hold {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Holds everybody by a handshake that `ask` carries out, and does `look` meanwhile (collector).
    pub(crate) fn during<R>(&self, ask: impl FnOnce(), look: impl FnOnce() -> R) -> R {
        // Relaxed: who answers after this comes after it by the handshake, who joins by the lock.
        self.0.store(1, Ordering::Relaxed);
        ask();
        let result = look();
        // Release: pairs with `is_on`.
        self.0.store(0, Ordering::Release);
        result
    }

    /// Whether a hold has been announced and is not over.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        // Acquire: who goes on comes after whatever was done with the heap.
        self.0.load(Ordering::Acquire) != 0
    }

    /// Answers what is asked, as long as `answer` finds something, and waits while a hold is on (mutator).
    pub(crate) fn pass(&self, mut answer: impl FnMut() -> bool) {
        let mut looks = 0;
        loop {
            while answer() {}
            if !self.is_on() {
                return;
            }
            wait(looks);
            looks += 1;
        }
    }

    /// Locks what a mutator joins, at a time when there is no hold.
    pub(crate) fn lock_between<'m, T>(&self, members: &'m Mutex<T>) -> MutexGuard<'m, T> {
        let mut looks = 0;
        loop {
            let guard = lock(members);
            if !self.is_on() {
                return guard;
            }
            drop(guard);
            wait(looks);
            looks += 1;
        }
    }
}

/// Lets some time pass between two looks: little at first.
#[cfg(not(loom))]
fn wait(looks: u32) {
    match looks {
        0..64 => crate::sync::spin_loop(),
        64..128 => crate::sync::yield_now(),
        _ => std::thread::sleep(std::time::Duration::from_micros(50)),
    }
}

#[cfg(loom)]
fn wait(_looks: u32) {
    crate::sync::yield_now();
}
