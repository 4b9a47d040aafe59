//! Rule 11: while `verify` looks at the heap no mutator touches it, and what it then finds marked leads to nothing white.

use super::{
    explore,
    marking::{Mutator, OBJECTS, Private, World},
};
use crate::{
    protocol::{hold::Hold, roster::Roster},
    sync::{Mutex, UnsafeCell, lock, yield_now},
};
use loom::thread;
use std::sync::Arc;

type Registry = Mutex<Roster<Mutator, ()>>;

/// A heap that is held while somebody looks at it.
struct Heap {
    world: World,
    hold: Hold,
    registry: Registry,
    /// What mutators touch between safepoints, and the collector while they are held.
    memory: UnsafeCell<()>,
}

/// What a mutator does beside the collector before it blocks for good.
type Script = fn(&Heap, &Mutator);
/// How the collector looks at a held heap.
type Look = fn(&Heap, &dyn Fn());

impl Heap {
    fn new(fields: [usize; OBJECTS]) -> Arc<Self> {
        Arc::new(Self {
            world: World::new(fields),
            hold: Hold::new(),
            registry: Mutex::new(Roster::new(())),
            memory: UnsafeCell::new(()),
        })
    }

    fn join(&self) -> Arc<Mutator> {
        self.hold.lock_between(&self.registry).join(new_mutator)
    }

    /// Has every mutator answer, and answers for those that are blocked.
    fn handshake(&self) {
        let (n, waiting) = lock(&self.registry).ask(|()| {}, |mutator, n| mutator.gate.ask(n));
        for mutator in waiting {
            let answer = || mutator.flush(&self.world);
            while !mutator.gate.has_answered(n) && !mutator.gate.answer_for(n, answer) {
                yield_now();
            }
        }
    }

    /// Touches the heap as mutators do between safepoints.
    fn touch(&self) {
        self.memory.with_mut(|_| {});
    }

    /// Fails if somebody touches the heap meanwhile, or something marked leads to something white.
    fn verify(&self) {
        self.memory.with(|_| {
            for object in (1..OBJECTS).filter(|&object| !self.world.is_white(object)) {
                let to = self.world.fields[object].load(crate::sync::Ordering::Relaxed);
                assert!(
                    to == 0 || !self.world.is_white(to),
                    "{object} leads to {to}, which is white"
                );
            }
        });
    }
}

fn new_mutator(handshake: u32, (): ()) -> Mutator {
    let mutator = Mutator::new(Private::default());
    mutator.gate.ask(handshake);
    mutator.gate.finish(handshake);
    mutator
}

/// Answers what is asked, as `Mutator::answer_pending` does but for the wait.
fn answer_one(heap: &Heap, mutator: &Mutator) -> bool {
    let Some(n) = mutator.gate.pending() else { return false };
    mutator.flush(&heap.world);
    mutator.gate.finish(n);
    true
}

fn answer_and_wait(heap: &Heap, mutator: &Mutator) {
    heap.hold.pass(|| answer_one(heap, mutator));
}

fn answer_only(heap: &Heap, mutator: &Mutator) {
    while answer_one(heap, mutator) {}
}

/// Two holds, one soon after the other.
fn shipped(heap: &Heap, ask: &dyn Fn()) {
    (0..2).for_each(|_| heap.hold.during(ask, || heap.verify()));
}

/// Runs a mutator beside a collector that looks at the held heap by `look`.
fn run_against_hold(script: Script, look: Look) {
    let heap = Heap::new([0; OBJECTS]);
    let mutator = heap.join();
    let thread = thread::spawn({
        let heap = Arc::clone(&heap);
        move || {
            script(&heap, &mutator);
            mutator.gate.block();
        }
    });
    look(&heap, &|| heap.handshake());
    thread.join().unwrap();
}

/// A mutator that joins by `join` and goes on at once.
fn join_against_hold(join: fn(&Heap) -> Arc<Mutator>) {
    let heap = Heap::new([0; OBJECTS]);
    let thread = thread::spawn({
        let heap = Arc::clone(&heap);
        move || {
            let mutator = join(&heap);
            heap.touch();
            answer_and_wait(&heap, &mutator);
            heap.touch();
            mutator.gate.block();
        }
    });
    shipped(&heap, &|| heap.handshake());
    thread.join().unwrap();
}

const RUNS: Script = |heap, mutator| {
    heap.touch();
    answer_and_wait(heap, mutator);
    heap.touch();
};

/// A mutator that runs waits at its safepoint, through two holds if need be.
#[test]
fn a_running_mutator_touches_nothing_while_the_heap_is_held() {
    explore(3, || run_against_hold(RUNS, shipped));
}

/// A mutator that comes back from being blocked waits before it goes on.
#[test]
fn a_blocked_mutator_that_comes_back_waits_for_the_end_of_the_hold() {
    explore(3, || {
        let script: Script = |heap, mutator| {
            heap.touch();
            mutator.gate.block();
            mutator.gate.unblock();
            answer_and_wait(heap, mutator);
            heap.touch();
        };
        run_against_hold(script, shipped);
    });
}

/// A mutator joins between two holds, or before one that it is asked for.
#[test]
fn a_mutator_that_joins_touches_nothing_while_the_heap_is_held() {
    explore(3, || join_against_hold(Heap::join));
}

/// Marking closes and the heap is held, while a mutator takes an object out of one and puts it into another.
#[test]
fn nothing_that_is_marked_leads_to_something_white_when_marking_has_closed() {
    explore(3, || move_against_verify(Mutator::take_field));
}

fn move_against_verify(take: fn(&Mutator, &World, usize)) {
    let heap = Heap::new([0, 2, 3, 0]);
    let mutator = heap.join();
    heap.world.shade(1);
    let thread = thread::spawn({
        let heap = Arc::clone(&heap);
        move || {
            answer_and_wait(&heap, &mutator);
            take(&mutator, &heap.world, 2);
            let taken = mutator.private(|private| private.held);
            heap.world.fields[1].store(taken, crate::sync::Ordering::Release);
            answer_and_wait(&heap, &mutator);
            mutator.gate.block();
        }
    });
    heap.world.close(|| heap.world.pool.closing_round(|| heap.handshake()));
    heap.hold.during(|| heap.handshake(), || heap.verify());
    thread.join().unwrap();
}

/// Fails: what is overwritten is not recorded. That is what `verify` is there to find.
#[test]
#[should_panic(expected = "which is white")]
fn verify_finds_what_a_store_without_a_barrier_has_hidden() {
    let silent: fn(&Mutator, &World, usize) = |mutator, world, object| {
        mutator.take_field(world, object);
        mutator.private(|private| private.buffer.clear());
    };
    explore(2, move || move_against_verify(silent));
}

/// Fails: the hold is announced when everybody has answered.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_hold_that_is_announced_after_the_handshake_holds_nobody() {
    let late: Look = |heap, ask| {
        ask();
        heap.hold.during(|| {}, || heap.verify());
    };
    explore(2, move || run_against_hold(RUNS, late));
}

/// Fails: a hold is announced and nobody is asked.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_hold_without_a_handshake_holds_nobody() {
    explore(2, || run_against_hold(RUNS, |heap, _| heap.hold.during(|| {}, || heap.verify())));
}

/// Fails: a mutator answers and goes on.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_mutator_that_answers_without_a_wait_touches_a_held_heap() {
    let script: Script = |heap, mutator| {
        heap.touch();
        answer_only(heap, mutator);
        heap.touch();
    };
    explore(2, move || run_against_hold(script, shipped));
}

/// Fails: who comes back answers what it was asked, but does not look for a hold that it was answered for.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_mutator_that_comes_back_without_a_look_touches_a_held_heap() {
    let script: Script = |heap, mutator| {
        mutator.gate.block();
        mutator.gate.unblock();
        answer_only(heap, mutator);
        heap.touch();
    };
    explore(2, move || run_against_hold(script, shipped));
}

/// Fails: who sees a hold announced waits for its end, and not for the handshake that comes first.
#[test]
#[should_panic(expected = "exceeded maximum number of branches")]
fn a_mutator_that_waits_without_answering_is_waited_for() {
    let script: Script = |heap, mutator| {
        answer_only(heap, mutator);
        while heap.hold.is_on() {
            yield_now();
        }
    };
    explore(2, move || run_against_hold(script, shipped));
}

/// Fails: who joins does not look for a hold.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_mutator_that_joins_without_a_look_touches_a_held_heap() {
    explore(2, || join_against_hold(|heap| lock(&heap.registry).join(new_mutator)));
}

/// Fails: who joins looks for a hold before it takes the lock.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_mutator_that_looks_before_it_locks_touches_a_held_heap() {
    let join: fn(&Heap) -> Arc<Mutator> = |heap| {
        while heap.hold.is_on() {
            yield_now();
        }
        lock(&heap.registry).join(new_mutator)
    };
    explore(2, move || join_against_hold(join));
}
