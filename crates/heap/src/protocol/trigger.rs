//! The trigger: a mutator that finds the heap large asks for a cycle, and the driver sleeps until somebody does.
//!
//! To wake a thread takes a mutator as long as half of a hold may take. So it does not if the driver is to look soon anyway.
//!
//! Invariant: a driver does not sleep for long with a request that nobody woke it for. The mutator asks before it looks whether
//! there will be a look soon, and the driver says that there will be none before it looks whether somebody has asked.

use crate::sync::{AtomicU32, Ordering};

/// Whether a cycle is asked for because of the heap's size.
#[derive(Debug)]
pub(crate) struct Trigger {
    asked: AtomicU32,
    /// The driver's sleep is short, or was before the cycle that it runs.
    looks_soon: AtomicU32,
}

impl Trigger {
    pub(crate) fn new() -> Self {
        Self { asked: AtomicU32::new(0), looks_soon: AtomicU32::new(0) }
    }

    /// Asks for a cycle; true if the driver must be woken (mutator).
    #[must_use]
    pub(crate) fn ask(&self) -> bool {
        // SeqCst, here and in `may_sleep`: neither party's look may come before what it says.
        self.asked.swap(1, Ordering::SeqCst) == 0 && self.looks_soon.load(Ordering::SeqCst) == 0
    }

    /// Says whether the driver will look `soon`; true if it may sleep until then (driver).
    #[must_use]
    pub(crate) fn may_sleep(&self, soon: bool) -> bool {
        self.looks_soon.store(u32::from(soon), Ordering::SeqCst);
        soon || self.asked.load(Ordering::SeqCst) == 0
    }

    /// Whether a cycle was asked for, and the wish not taken yet.
    pub(crate) fn is_asked(&self) -> bool {
        // Relaxed: a hint.
        self.asked.load(Ordering::Relaxed) != 0
    }

    /// Whether a cycle was asked for since this was called last (driver).
    pub(crate) fn take(&self) -> bool {
        self.is_asked() && self.asked.swap(0, Ordering::SeqCst) != 0
    }
}
