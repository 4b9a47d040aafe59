//! Who may use a stack that is not running: its resumer or the marker that scans it.
//!
//! Each stack has one word: the mark cycle it was last scanned in and whether it is PARKED, RUNNING
//! or being SCANNED. Resuming and scanning both claim a parked stack by compare-and-swap, so nobody
//! resumes a stack that is being scanned and nobody scans one that runs. A running stack is scanned
//! by its own worker, in that worker's answer to the handshake.

use crate::sync::{AtomicU64, Ordering, spin_loop, yield_now};

const PARKED: u64 = 0;
const RUNNING: u64 = 1;
const SCANNING: u64 = 2;
const STATE: u64 = 3;

/// The claim word of one stack.
#[derive(Debug)]
pub(crate) struct StackClaim(pub(super) AtomicU64);

impl StackClaim {
    /// A stack born running in, and already scanned for, mark cycle `cycle`.
    pub(crate) fn born(cycle: u32) -> Self {
        Self(AtomicU64::new(u64::from(cycle) << 2 | RUNNING))
    }

    /// Whether the stack is parked or being scanned.
    pub(crate) fn is_off_cpu(&self) -> bool {
        self.0.load(Ordering::SeqCst) & STATE != RUNNING
    }

    /// Whether the stack is parked and has been neither scanned nor resumed and scanned in `cycle`.
    pub(crate) fn is_parked_unscanned(&self, cycle: u32) -> bool {
        let word = self.0.load(Ordering::SeqCst);
        word & STATE == PARKED && (word >> 2) as u32 != cycle
    }

    /// Claims a parked stack that has not been scanned in `cycle`; the caller scans it and calls [`Self::scanned_in`].
    pub(crate) fn try_scan(&self, cycle: u32) -> bool {
        let word = self.0.load(Ordering::SeqCst);
        word & STATE == PARKED
            && (word >> 2) as u32 != cycle
            && self
                .0
                .compare_exchange(
                    word,
                    word & !STATE | SCANNING,
                    Ordering::SeqCst,
                    Ordering::SeqCst,
                )
                .is_ok()
    }

    /// Ends a claim of [`Self::try_scan`].
    pub(crate) fn scanned_in(&self, cycle: u32) {
        self.0.store(u64::from(cycle) << 2 | PARKED, Ordering::SeqCst);
    }

    /// Notes that the running worker scanned its own stack for `cycle`.
    pub(crate) fn scanned_by_owner(&self, cycle: u32) {
        self.0.store(u64::from(cycle) << 2 | RUNNING, Ordering::SeqCst);
    }

    /// Parks the running stack.
    pub(crate) fn park(&self) {
        let word = self.0.load(Ordering::Relaxed);
        // The owner alone writes while RUNNING. Release (part of SeqCst): the stack's contents go with it.
        self.0.store(word & !STATE | PARKED, Ordering::SeqCst);
    }

    /// Claims the stack for running if it is parked and not being scanned. Returns the cycle it was last scanned in.
    pub(crate) fn try_resume(&self) -> Option<u32> {
        let word = self.0.load(Ordering::SeqCst);
        let running = word & !STATE | RUNNING;
        let claim =
            || self.0.compare_exchange(word, running, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        (word & STATE == PARKED && claim()).then_some((word >> 2) as u32)
    }

    /// [`Self::try_resume`], waiting out a scan.
    pub(crate) fn resume(&self) -> u32 {
        let mut spins = 0u32;
        loop {
            if let Some(cycle) = self.try_resume() {
                return cycle;
            }
            spins += 1;
            if spins < 64 { spin_loop() } else { yield_now() }
        }
    }
}
