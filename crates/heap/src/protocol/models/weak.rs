//! Weak references: a load never returns an object that has died, nor another one in its slot.

use super::{
    explore,
    marking::{Mutator, Private, World},
};
use crate::{
    protocol::{bits, closing::Closing, weak_cell::WeakCell, weak_gate::WeakGate},
    sync::{AtomicU64, yield_now},
};
use loom::thread;
use std::sync::Arc;

/// The target of the weak reference. It is white, and nothing else leads to it.
const TARGET: usize = 2;

/// How a mutator that sees marking loads the cell.
type Load = fn(&WeakCell, &World) -> usize;

fn shipped(cell: &WeakCell, world: &World) -> usize {
    let marked = |object| !world.is_white(object);
    let shade = |object| world.shade(object);
    let loaded = cell.load(true, world.pool.closing(), &WeakGate::new(), marked, shade);
    loaded.expect("the gate is open")
}

/// What happens once marking has closed.
#[derive(Clone, Copy, PartialEq)]
enum Afterwards {
    Nothing,
    /// A dead target has a finalizer: the collector marks it.
    Finalize,
    /// A mutator that flips earlier than the loading one sweeps the target's span.
    Sweep,
}

/// A mutator loads a weak reference by `load`, between its handshakes, while marking closes and the target dies.
fn load_against_death(load: Load, afterwards: Afterwards) {
    let world = Arc::new(World::new([0, 0, 3, 0]));
    let cell = Arc::new(WeakCell::new(TARGET));
    let loader = Arc::new(Mutator::new(Private::default()));
    let thread = thread::spawn({
        let (world, cell, loader) = (Arc::clone(&world), Arc::clone(&cell), Arc::clone(&loader));
        move || {
            loader.safepoint(&world);
            let loaded = load(&cell, &world);
            loader.private(|private| private.held = loaded);
            loader.gate.block();
        }
    });
    let mut handshake = 0;
    let marks = world.close(|| {
        world.pool.closing_round(|| {
            handshake += 1;
            loader.visit(&world, handshake);
        })
    });
    if marks >> TARGET & 1 == 0 {
        cell.clear();
        if afterwards == Afterwards::Finalize {
            bits::mark(&world.marks[TARGET]);
        }
    }
    world.pool.closing().all_dead_are_known();
    if afterwards == Afterwards::Sweep {
        sweep(&world);
    }
    thread.join().unwrap();
    let held = loader.private(|private| private.held);
    world.assert_reached(held, marks);
}

/// A mutator loads a weak reference by `load` after marking has closed, before it flips. Its target is alive.
fn load_against_sweep(load: Load) {
    let world = Arc::new(World::new([0, 0, 3, 0]));
    world.shade(TARGET);
    world.close(|| world.pool.closing_round(|| {}));
    let cell = Arc::new(WeakCell::new(TARGET));
    // Started first: see the head of `models`.
    let sweeper = thread::spawn({
        let world = Arc::clone(&world);
        move || {
            world.pool.closing().all_dead_are_known();
            bits::pack_marks(&world.marks, &[AtomicU64::new(0)]);
        }
    });
    let loader = thread::spawn({
        let (world, cell) = (Arc::clone(&world), Arc::clone(&cell));
        move || load(&cell, &world)
    });
    sweeper.join().unwrap();
    assert_eq!(loader.join().unwrap(), TARGET, "the living target was not returned");
}

/// Another mutator, which has flipped, sweeps: all marks are gone.
fn sweep(world: &Arc<World>) {
    let other = Arc::new(Mutator::new(Private::default()));
    other.gate.ask(1);
    let thread = thread::spawn({
        let (world, other) = (Arc::clone(world), Arc::clone(&other));
        move || {
            let n = other.gate.pending().expect("asked before the thread began");
            other.gate.finish(n);
            bits::pack_marks(&world.marks, &[AtomicU64::new(0)]);
        }
    });
    while !other.gate.has_answered(1) {
        yield_now();
    }
    thread.join().unwrap();
}

/// While marking closes, a load returns the target only if that is marked in time.
#[test]
fn a_weak_load_keeps_its_target_alive_or_returns_nothing() {
    explore(3, || load_against_death(shipped, Afterwards::Nothing));
}

/// A target that the collector marks for its finalizer is dead to weak references.
#[test]
fn a_weak_load_does_not_return_an_object_with_a_queued_finalizer() {
    explore(3, || load_against_death(shipped, Afterwards::Finalize));
}

/// A slot that has been swept may hold another object by the time a load returns.
#[test]
fn a_weak_load_does_not_return_another_object_in_the_slot() {
    explore(3, || load_against_death(shipped, Afterwards::Sweep));
}

/// A target that is alive is returned even if a sweep has taken its mark.
#[test]
fn a_weak_load_returns_a_living_target_whose_mark_was_swept() {
    explore(3, || load_against_sweep(shipped));
}

/// What a load does under CLOSED with a target that looks marked, or looks white.
#[derive(Clone, Copy)]
struct Late {
    marked: fn(&WeakCell, usize) -> usize,
    white: fn(&WeakCell, &Closing, usize) -> usize,
}

const LATE: Late = Late { marked: |cell, _| cell.peek(), white: |_, _, _| 0 };

/// A load without fences that goes on by `late`.
fn load_by(late: Late, cell: &WeakCell, world: &World) -> usize {
    let target = cell.peek();
    if target == 0 {
        return 0;
    }
    if !world.is_white(target) {
        return (late.marked)(cell, target);
    }
    if !world.pool.closing().dirty() {
        return (late.white)(cell, world.pool.closing(), target);
    }
    world.shade(target);
    target
}

/// Fails: the cell is looked at once.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_a_second_look_returns_the_dead() {
    let load: Load =
        |cell, world| load_by(Late { marked: |_, target| target, ..LATE }, cell, world);
    explore(3, move || load_against_death(load, Afterwards::Finalize));
}

/// Fails: nothing orders the look at the mark before the second look at the cell.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_a_fence_returns_the_dead() {
    let load: Load = |cell, world| load_by(LATE, cell, world);
    explore(3, move || load_against_death(load, Afterwards::Finalize));
}

/// Fails: once the dead are known, what looks white is returned unseen.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_that_trusts_done_alone_returns_the_dead() {
    let load: Load = |cell, world| {
        let white =
            |_: &WeakCell, closing: &Closing, target| if closing.is_done() { target } else { 0 };
        load_by(Late { white, ..LATE }, cell, world)
    };
    explore(3, move || load_against_death(load, Afterwards::Sweep));
}

/// Fails: what looks white after marking has closed is taken for dead.
#[test]
#[should_panic(expected = "the living target was not returned")]
fn a_weak_load_that_takes_white_for_dead_loses_a_living_target() {
    let load: Load = |cell, world| load_by(LATE, cell, world);
    explore(3, move || load_against_sweep(load));
}

/// Fails: a white target is shaded without a word to the collector.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_dirty_returns_the_dead() {
    let load: Load = |cell, world| {
        let white = |object| !world.is_white(object);
        let loaded = cell.load(true, &Closing::new(), &WeakGate::new(), white, |o| world.shade(o));
        loaded.expect("the gate is open")
    };
    explore(3, move || load_against_death(load, Afterwards::Nothing));
}
