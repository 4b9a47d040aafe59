//! Handshakes, as the driver conducts them: ask every mutator, answer for those that are blocked, wait for the rest.

use super::{Driver, control::Action};
use crate::{
    mutator::{MutatorState, Template},
    stats::{Stretch, now},
    sync::{lock, spin_loop},
};
use std::{sync::Arc, thread, time::Duration};

/// Looks at a gate before the driver sleeps between looks.
const SPINS: u32 = 200;
/// Sleep between looks at the gates. Nobody wakes the driver when it has answered: that would take a mutator as long as half of
/// a hold may take.
const NAP: Duration = Duration::from_micros(50);
/// A mutator that has not answered for this long is looked up: its thread may be gone.
const SUSPECT: u64 = 200_000_000;

impl Driver {
    /// Asks every mutator for `action` and waits until all have answered. Mutators that attach meanwhile start with what
    /// `update` makes of the template. Returns the longest time that an answer took, and whose it was.
    pub(super) fn handshake(
        &self,
        action: Action,
        update: impl FnOnce(&mut Template),
    ) -> (Duration, u32) {
        let heap = &self.heap;
        let (n, mut waiting) = {
            let mut registry = lock(&heap.registry);
            if let Action::Flip { .. } = action {
                registry.flip_departed(&heap.counters.flipped);
            }
            heap.control.set_action(action);
            registry.roster.ask(update, MutatorState::ask)
        };
        let asked = now();
        let mut slowest = (Duration::ZERO, 0);
        let mut looks = 0;
        while !waiting.is_empty() {
            waiting.retain(|mutator| {
                let answer_for = || {
                    // SAFETY: the gate is claimed while this runs.
                    unsafe { mutator.answer(heap, action, &mut Stretch::begin()) }
                };
                let done =
                    mutator.gate().has_answered(n) || mutator.gate().answer_for(n, answer_for);
                if done {
                    let took = Duration::from_nanos(now() - asked);
                    if took > slowest.0 {
                        slowest = (took, mutator.id());
                    }
                }
                !done
            });
            looks += 1;
            if !waiting.is_empty() {
                wait_for_answers(&waiting, looks, asked);
            }
        }
        slowest
    }

    /// Runs `f` while every mutator waits at a safepoint or is blocked, with no run claimed: allocation bits then say
    /// exactly what is allocated. Mutators that would attach wait.
    pub(super) fn with_all_held<R>(&self, f: impl FnOnce() -> R) -> R {
        let ask = || _ = self.handshake(Action::Hold, |_| {});
        self.heap.control.hold.during(ask, f)
    }
}

/// Waits a moment for the mutators in `waiting`, and aborts if one of their threads is gone.
fn wait_for_answers(waiting: &[Arc<MutatorState>], looks: u32, asked: u64) {
    if looks < SPINS {
        spin_loop();
        return;
    }
    thread::park_timeout(NAP);
    if looks.is_multiple_of(1024) && now() - asked > SUSPECT {
        for mutator in waiting {
            if !mutator.thread_lives() {
                eprintln!(
                    "trigo-heap: the thread of mutator {} ended without dropping its Mutator; its roots are lost, aborting",
                    mutator.id()
                );
                std::process::abort();
            }
        }
    }
}
