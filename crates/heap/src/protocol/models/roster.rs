//! Joining while the collector is at work: a new mutator answers the handshake under way or starts with what that gives.

use super::{
    explore,
    marking::{Mutator, Private, World},
};
use crate::{
    protocol::roster::Roster,
    sync::{Mutex, UnsafeCell, lock, yield_now},
};
use loom::thread;
use std::sync::Arc;

/// Handshakes: barrier on, scan, and the visits of closing rounds.
const BARRIER_ON: u32 = 1;
const SCAN: u32 = 2;

/// A mutator, and whether it records what it overwrites.
struct Member {
    mutator: Mutator,
    marking: UnsafeCell<bool>,
}

/// Everybody, and whether a new one is to record.
type Registry = Mutex<Roster<Member, bool>>;
type Join = fn(&Registry) -> Arc<Member>;
type Ask = fn(&Registry) -> (u32, Vec<Arc<Member>>);

impl Member {
    fn new(handshake: u32, marking: bool) -> Self {
        let mutator = Mutator::new(Private::default());
        mutator.gate.ask(handshake);
        mutator.gate.finish(handshake);
        Self { mutator, marking: UnsafeCell::new(marking) }
    }

    fn answer(&self, world: &World, n: u32) {
        match n {
            // SAFETY: that nobody else is in here is what loom checks.
            BARRIER_ON => self.marking.with_mut(|marking| unsafe { *marking = true }),
            SCAN => {
                let held = self.mutator.private(|private| private.held);
                if held != 0 {
                    world.shade(held);
                }
            }
            _ => self.mutator.flush(world),
        }
    }

    fn safepoint(&self, world: &World) {
        if let Some(n) = self.mutator.gate.pending() {
            self.answer(world, n);
            self.mutator.gate.finish(n);
        }
    }

    /// Takes what object 1 points to out of it, recorded if this mutator sees marking.
    fn take(&self, world: &World) {
        self.mutator.take_field(world, 1);
        // SAFETY: as in `answer`.
        if !self.marking.with(|marking| unsafe { *marking }) {
            self.mutator.private(|private| private.buffer.clear());
        }
    }
}

fn shipped_join(registry: &Registry) -> Arc<Member> {
    lock(registry).join(Member::new)
}

fn shipped_ask(registry: &Registry) -> (u32, Vec<Arc<Member>>) {
    lock(registry).ask(|marking| *marking = true, |member, n| member.mutator.gate.ask(n))
}

/// A thread joins by `join` and takes the child of a root, while the collector begins a cycle by `ask` and ends marking.
fn join_against_handshakes(join: Join, ask: Ask) {
    let world = Arc::new(World::new([0, 2, 3, 0]));
    let registry = Arc::new(Mutex::new(Roster::new(false)));
    let collector = thread::spawn({
        let (world, registry) = (Arc::clone(&world), Arc::clone(&registry));
        move || {
            let handshake = || {
                let (n, waiting) = ask(&registry);
                for member in waiting {
                    let gate = &member.mutator.gate;
                    while !gate.has_answered(n) && !gate.answer_for(n, || member.answer(&world, n))
                    {
                        yield_now();
                    }
                }
            };
            handshake();
            handshake();
            world.shade(1);
            world.close(|| world.pool.closing_round(handshake))
        }
    });
    let member = join(&registry);
    member.safepoint(&world);
    member.take(&world);
    member.safepoint(&world);
    member.mutator.gate.block();
    let marks = collector.join().unwrap();
    let held = member.mutator.private(|private| private.held);
    world.assert_reached(held, marks);
}

/// Whoever joins at any time of a cycle keeps what it takes.
#[test]
fn a_mutator_that_joins_while_a_cycle_begins_keeps_what_it_takes() {
    explore(3, || join_against_handshakes(shipped_join, shipped_ask));
}

/// Fails: the view is read before the mutator is a member.
#[test]
#[should_panic(expected = "is white")]
fn a_mutator_that_joins_with_an_older_view_loses_objects() {
    let join: Join = |registry| {
        let (handshake, view) = {
            let roster = lock(registry);
            (roster.handshake, roster.view)
        };
        lock(registry).join(|_, _| Member::new(handshake, view))
    };
    explore(3, move || join_against_handshakes(join, shipped_ask));
}

/// Fails: the view changes after the members have been asked.
#[test]
#[should_panic(expected = "is white")]
fn a_handshake_that_asks_before_the_view_changes_loses_objects() {
    let ask: Ask = |registry| {
        let asked = lock(registry).ask(|_| {}, |member, n| member.mutator.gate.ask(n));
        lock(registry).view = true;
        asked
    };
    explore(3, move || join_against_handshakes(shipped_join, ask));
}
