//! Handshakes: each is answered once, and a mutator's private state has one holder at a time.

use super::explore;
use crate::{
    protocol::gate::Gate,
    sync::{UnsafeCell, yield_now},
};
use loom::thread;
use std::sync::Arc;

/// A gate and the state it guards: the handshakes answered so far.
struct Guarded {
    gate: Gate,
    answers: UnsafeCell<Vec<u32>>,
}

impl Guarded {
    fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(0), answers: UnsafeCell::new(Vec::new()) })
    }

    fn answer(&self, n: u32) {
        // SAFETY: that nobody else is in here is what loom checks.
        self.answers.with_mut(|answers| unsafe { (*answers).push(n) });
    }

    fn safepoint(&self) {
        if self.gate.must_poll() {
            self.answer_pending();
        }
    }

    fn answer_pending(&self) {
        while let Some(n) = self.gate.pending() {
            self.answer(n);
            self.gate.finish(n);
        }
    }

    /// Uses the private state between safepoints.
    fn work(&self) {
        // SAFETY: as in `answer`.
        self.answers.with_mut(|answers| assert!(unsafe { (*answers).len() } <= 2));
    }
}

/// Runs `mutator`, then blocks, beside a collector that makes two handshakes by `serve`.
fn handshakes(mutator: fn(&Guarded), serve: fn(&Guarded, u32) -> bool) {
    let guarded = Guarded::new();
    let thread = thread::spawn({
        let guarded = Arc::clone(&guarded);
        move || {
            mutator(&guarded);
            guarded.gate.block();
        }
    });
    for n in 1..=2 {
        guarded.gate.ask(n);
        while !serve(&guarded, n) {
            yield_now();
        }
    }
    thread.join().unwrap();
    // SAFETY: the thread has ended.
    guarded.answers.with(|answers| assert_eq!(unsafe { &*answers }, &[1, 2]));
    assert!(!guarded.gate.must_poll(), "the poll word outlives the handshakes");
}

fn serve(guarded: &Guarded, n: u32) -> bool {
    guarded.gate.has_answered(n) || guarded.gate.answer_for(n, || guarded.answer(n))
}

/// A mutator that runs answers at its safepoints, once each.
#[test]
fn a_running_mutator_answers_every_handshake_once() {
    let mutator = |guarded: &Guarded| {
        guarded.work();
        guarded.safepoint();
        guarded.work();
        // An allocation slow path answers without a look at the poll word.
        guarded.answer_pending();
        guarded.work();
    };
    explore(3, move || handshakes(mutator, serve));
}

/// A mutator that blocks is answered for, and takes its state back from the collector.
#[test]
fn a_blocked_mutator_is_answered_for() {
    let mutator = |guarded: &Guarded| {
        guarded.work();
        guarded.gate.block();
        guarded.gate.unblock();
        guarded.answer_pending();
        guarded.work();
    };
    explore(3, move || handshakes(mutator, serve));
}

/// Fails: the collector answers for a mutator that it has not claimed.
#[test]
#[should_panic(expected = "Causality violation")]
fn answering_without_a_claim_shares_the_state() {
    let careless = |guarded: &Guarded, n| {
        if !guarded.gate.has_answered(n) {
            guarded.answer(n);
            guarded.gate.finish(n);
        }
        true
    };
    let mutator = |guarded: &Guarded| {
        guarded.gate.block();
        guarded.gate.unblock();
        guarded.work();
    };
    explore(2, move || handshakes(mutator, careless));
}

/// Fails: a mutator that comes back touches its state without waiting for the collector to let go.
#[test]
#[should_panic(expected = "Causality violation")]
fn coming_back_without_a_wait_shares_the_state() {
    let mutator = |guarded: &Guarded| {
        guarded.gate.block();
        guarded.work();
    };
    explore(2, move || handshakes(mutator, serve));
}

/// A handshake and an interrupt come at the same time, and the mutator answers each when it sees it.
#[test]
fn a_handshake_and_an_interrupt_do_not_take_each_other_away() {
    explore(3, || {
        let guarded = Guarded::new();
        let others: Vec<_> = [|gate: &Gate| gate.ask(1), |gate: &Gate| gate.interrupt()]
            .into_iter()
            .map(|ask| {
                let guarded = Arc::clone(&guarded);
                thread::spawn(move || ask(&guarded.gate))
            })
            .collect();
        guarded.safepoint();
        let interrupted = guarded.gate.take_interrupt();
        others.into_iter().for_each(|other| other.join().unwrap());
        guarded.safepoint();
        assert!(guarded.gate.has_answered(1));
        assert_ne!(interrupted, guarded.gate.take_interrupt());
        assert!(!guarded.gate.must_poll());
    });
}
