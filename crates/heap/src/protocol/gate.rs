//! The gate: soft handshakes between the collector and one mutator.
//!
//! The collector asks for handshake `n`; the mutator answers at its next safepoint, or, while it is
//! blocked, the collector claims it and answers in its place. Nobody else is held meanwhile.
//!
//! Invariants:
//! * The mutator's private state is touched by the mutator while RUNNING and by the collector while
//!   CLAIMED; while BLOCKED by nobody.
//! * At most one handshake is outstanding, so the request word and the answer word say everything.
//! * The collector looks at answer and state in turn until one of them lets it go on, so a mutator that
//!   blocks or comes back between two looks is not missed.
//! * The poll word is set before the request and cleared before the answer: set afterwards, it could
//!   outlive a handshake that the mutator found by itself, and make every safepoint slow until the next.
//! * The stack guard is raised after the poll word is set. Who sets the guard anew takes its old value in the same step
//!   and then looks at the poll word, so a request is seen in one of the two; seen in the guard alone, it has been
//!   answered.
//! * The client may interrupt a mutator by the same two words, in the same order. Handshakes and interrupts have a bit of the
//!   poll word each, so neither takes the other away.

use crate::sync::{AtomicU32, AtomicUsize, Ordering, spin_loop, yield_now};

const RUNNING: u32 = 0;
const BLOCKED: u32 = 1;
const CLAIMED: u32 = 2;

/// Bits of the poll word.
const HANDSHAKE: u32 = 1;
const INTERRUPT: u32 = 2;

/// The words that the collector and one mutator share.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Gate {
    /// Non-zero when a safepoint must call its slow path; compiled code tests it.
    poll: AtomicU32,
    state: AtomicU32,
    asked: AtomicU32,
    answered: AtomicU32,
}

/// The lowest stack pointer that the client's functions may be entered with. It is raised above all of them when a
/// handshake is asked for, so that the check of the stack is one for the request as well.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct StackGuard(AtomicUsize);

impl StackGuard {
    const RAISED: usize = usize::MAX;

    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Makes the next function entry take its slow path (after [`Gate::ask`] or [`Gate::interrupt`]).
    pub(crate) fn raise(&self) {
        // Release: pairs with `set`.
        self.0.store(Self::RAISED, Ordering::Release);
    }

    /// Sets the guard, or raises it if a handshake or an interrupt is pending (mutator).
    pub(crate) fn set(&self, lowest: usize, gate: &Gate) {
        // Acquire: who takes away RAISED sees the poll word that was set before. A swap, which reads what it overwrites.
        self.0.swap(lowest, Ordering::AcqRel);
        if gate.must_poll() {
            self.0.store(Self::RAISED, Ordering::Relaxed);
        }
    }
}

impl Gate {
    /// A running mutator that owes no answer up to handshake `now`.
    pub(crate) fn new(now: u32) -> Self {
        Self {
            poll: AtomicU32::new(0),
            state: AtomicU32::new(RUNNING),
            asked: AtomicU32::new(now),
            answered: AtomicU32::new(now),
        }
    }

    /// Asks for handshake `n` (collector).
    pub(crate) fn ask(&self, n: u32) {
        self.poll.fetch_or(HANDSHAKE, Ordering::Relaxed);
        // Release (part of SeqCst): whoever sees the request clears the poll word after it was set.
        self.asked.store(n, Ordering::SeqCst);
    }

    /// Has the next safepoint take its slow path for the client's own reasons (any thread).
    pub(crate) fn interrupt(&self) {
        // Relaxed: as for `must_poll`.
        self.poll.fetch_or(INTERRUPT, Ordering::Relaxed);
    }

    /// Whether there was an interrupt since the last call (mutator).
    pub(crate) fn take_interrupt(&self) -> bool {
        // Relaxed: nothing is told but that it was.
        self.poll.load(Ordering::Relaxed) & INTERRUPT != 0
            && self.poll.fetch_and(!INTERRUPT, Ordering::Relaxed) & INTERRUPT != 0
    }

    /// Whether handshake `n` has been answered.
    pub(crate) fn has_answered(&self, n: u32) -> bool {
        // Acquire: what the mutator did for its answer is visible to the collector.
        self.answered.load(Ordering::Acquire) == n
    }

    /// If the mutator is blocked, claims it, runs `answer` in its place and lets go again (collector).
    pub(crate) fn answer_for(&self, n: u32, answer: impl FnOnce()) -> bool {
        if self
            .state
            .compare_exchange(BLOCKED, CLAIMED, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            return false;
        }
        if !self.has_answered(n) {
            answer();
            self.finish(n);
        }
        self.state.store(BLOCKED, Ordering::SeqCst);
        true
    }

    /// Whether the mutator has to answer by itself, as far as its own thread asks.
    pub(crate) fn is_running(&self) -> bool {
        // Relaxed: nobody but the thread itself changes RUNNING.
        self.state.load(Ordering::Relaxed) == RUNNING
    }

    /// Whether a safepoint has something to do (mutator).
    #[inline(always)]
    pub(crate) fn must_poll(&self) -> bool {
        // Relaxed: a late sight of the request only delays the answer; `pending` synchronises.
        self.poll.load(Ordering::Relaxed) != 0
    }

    /// The handshake this mutator owes an answer to, if any (mutator).
    pub(crate) fn pending(&self) -> Option<u32> {
        let asked = self.asked.load(Ordering::SeqCst);
        // Relaxed: only this mutator, or a claimer that has since let go, writes the answer.
        (asked != self.answered.load(Ordering::Relaxed)).then_some(asked)
    }

    /// Records the answer to handshake `n` (the party that holds the mutator's state).
    pub(crate) fn finish(&self, n: u32) {
        self.poll.fetch_and(!HANDSHAKE, Ordering::SeqCst);
        // Release: pairs with `has_answered`.
        self.answered.store(n, Ordering::SeqCst);
    }

    /// Enters BLOCKED: from here until `unblock` returns the caller must not touch heap or state (mutator).
    pub(crate) fn block(&self) {
        self.state.store(BLOCKED, Ordering::SeqCst);
    }

    /// Takes the state back, waiting out a claim. The caller answers what is pending next (mutator).
    pub(crate) fn unblock(&self) {
        let mut spins = 0u32;
        while self
            .state
            .compare_exchange(BLOCKED, RUNNING, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            spins += 1;
            if spins < 64 { spin_loop() } else { yield_now() }
        }
    }
}

// Loom cannot tell: it lets a swap find another value than the one that it overwrites.
#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{sync::Arc, thread, time::Instant};

    #[test]
    fn a_request_is_seen_by_the_stack_guard_although_the_stacks_change_meanwhile() {
        const REQUESTS: u32 = if cfg!(miri) { 100 } else { 100_000 };
        let words = Arc::new((StackGuard::new(), Gate::new(0)));
        let mutator = thread::spawn({
            let words = Arc::clone(&words);
            move || {
                let (guard, gate) = &*words;
                for n in 1..=REQUESTS {
                    guard.set(1, gate);
                    guard.set(2, gate);
                    let start = Instant::now();
                    while gate.pending() != Some(n)
                        || guard.0.load(Ordering::Relaxed) != StackGuard::RAISED
                    {
                        assert!(
                            start.elapsed().as_secs() < 20,
                            "function entries miss request {n}"
                        );
                        yield_now();
                    }
                    gate.finish(n);
                }
            }
        });
        let (guard, gate) = &*words;
        for n in 1..=REQUESTS {
            gate.ask(n);
            guard.raise();
            while !gate.has_answered(n) && !mutator.is_finished() {
                spin_loop();
            }
        }
        mutator.join().expect("every request is seen");
    }
}
