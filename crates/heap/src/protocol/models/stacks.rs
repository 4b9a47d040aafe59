//! Stacks: none is scanned while it runs, and none is missed in a cycle.

use super::explore;
use crate::{
    protocol::{gate::Gate, stack_claim::StackClaim},
    sync::{Ordering, UnsafeCell, yield_now},
};
use loom::thread;
use std::sync::Arc;

const CYCLE: u32 = 1;

/// Claims a stack for running; the cycle it was last scanned in.
type Claim = fn(&StackClaim) -> u32;
/// What a worker does before it blocks for good.
type Script = fn(&Worker, &Stack, Claim);

/// A stack, and how often it was scanned in the cycle.
struct Stack {
    claim: StackClaim,
    scans: UnsafeCell<u32>,
}

/// A worker: its gate, and what only the gate's holder touches.
struct Worker {
    gate: Gate,
    private: UnsafeCell<Private>,
}

struct Private {
    /// This worker was scanned in the cycle.
    scanned: bool,
    /// It runs the stack.
    runs: bool,
}

impl Stack {
    fn scan(&self) {
        // SAFETY: that nobody else is in here is what loom checks.
        self.scans.with_mut(|n| unsafe { *n += 1 });
    }

    /// Code that runs on the stack writes to it.
    fn run(&self) {
        // SAFETY: as in `scan`.
        self.scans.with_mut(|n| assert!(unsafe { *n } <= 1));
    }
}

impl Worker {
    fn new(runs: bool) -> Arc<Self> {
        let private = UnsafeCell::new(Private { scanned: false, runs });
        Arc::new(Self { gate: Gate::new(0), private })
    }

    fn private<R>(&self, f: impl FnOnce(&mut Private) -> R) -> R {
        // SAFETY: that nobody else is in here is what loom checks.
        self.private.with_mut(|private| f(unsafe { &mut *private }))
    }

    /// Answers handshake 1 by scanning the worker's own stack, and handshake 2 by nothing.
    fn answer(&self, stack: &Stack, n: u32) {
        self.private(|private| {
            if n == 1 {
                private.scanned = true;
                if private.runs {
                    stack.scan();
                    stack.claim.scanned_by_owner(CYCLE);
                }
            }
        });
    }

    fn safepoint(&self, stack: &Stack) {
        if let Some(n) = self.gate.pending() {
            self.answer(stack, n);
            self.gate.finish(n);
        }
    }

    fn park(&self, stack: &Stack) {
        stack.run();
        self.private(|private| private.runs = false);
        stack.claim.park();
    }

    fn resume(&self, stack: &Stack, claim: Claim) {
        let last = claim(&stack.claim);
        self.private(|private| {
            private.runs = true;
            if private.scanned && last != CYCLE {
                stack.scan();
                stack.claim.scanned_by_owner(CYCLE);
            }
        });
        stack.run();
    }
}

/// A stack goes from one worker to another while the collector scans: workers first, then parked stacks. One more
/// handshake on, it has been scanned once.
fn stack_changes_hands(claim: Claim) {
    let stack = Arc::new(Stack { claim: StackClaim::born(0), scans: UnsafeCell::new(0) });
    let workers = [Worker::new(true), Worker::new(false)];
    let scripts: [Script; 2] = [
        |worker, stack, _| {
            worker.park(stack);
            worker.safepoint(stack);
        },
        |worker, stack, claim| {
            worker.safepoint(stack);
            // A scheduler resumes a stack once it was parked.
            if stack.claim.is_off_cpu() {
                worker.resume(stack, claim);
            }
        },
    ];
    let threads = [0, 1].map(|i| {
        let (stack, worker, script) = (Arc::clone(&stack), Arc::clone(&workers[i]), scripts[i]);
        thread::spawn(move || {
            script(&worker, &stack, claim);
            worker.gate.block();
        })
    });
    let handshake = |n: u32| {
        workers.iter().for_each(|worker| worker.gate.ask(n));
        for worker in &workers {
            let gate = &worker.gate;
            while !gate.has_answered(n) && !gate.answer_for(n, || worker.answer(&stack, n)) {
                yield_now();
            }
        }
    };
    handshake(1);
    if stack.claim.try_scan(CYCLE) {
        stack.scan();
        stack.claim.scanned_in(CYCLE);
    }
    handshake(2);
    for thread in threads {
        thread.join().unwrap();
    }
    // SAFETY: the threads have ended.
    stack.scans.with(|n| assert_eq!(unsafe { *n }, 1, "scans of the stack"));
}

/// A stack that changes hands is scanned once, and by nobody while it runs.
#[test]
fn a_stack_is_scanned_once_in_a_cycle_and_never_while_it_runs() {
    explore(2, || stack_changes_hands(StackClaim::resume));
}

/// Fails: a worker does not ask when the stack that it resumes was scanned.
#[test]
#[should_panic(expected = "scans of the stack")]
fn a_stack_resumed_without_a_look_at_its_cycle_is_missed() {
    explore(2, || {
        stack_changes_hands(|claim| {
            claim.resume();
            CYCLE
        });
    });
}

/// Fails: a worker resumes a stack without waiting for its scan to end.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_stack_resumed_without_a_claim_runs_while_it_is_scanned() {
    explore(2, || {
        stack_changes_hands(|claim| {
            const RUNNING: u64 = 1;
            let word = claim.0.load(Ordering::SeqCst);
            claim.0.store(word & !3 | RUNNING, Ordering::SeqCst);
            (word >> 2) as u32
        });
    });
}
