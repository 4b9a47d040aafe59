//! Weak references: a load never returns an object that has died, nor another one in its slot.

use super::{
    explore,
    marking::{Mutator, Private, World},
};
use crate::{
    protocol::{bits, closing::Closing, weak_cell::WeakCell},
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
    cell.load(true, world.pool.closing(), marked, |object| world.shade(object))
}

/// What happens to a target that is dead, once its cell is clear.
#[derive(Clone, Copy)]
enum Afterwards {
    Nothing,
    /// It has a finalizer: the collector marks it.
    Finalize,
    /// A mutator that flips earlier than the loading one sweeps its span.
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
        match afterwards {
            Afterwards::Nothing => {}
            Afterwards::Finalize => {
                bits::mark(&world.marks[TARGET]);
            }
            Afterwards::Sweep => sweep(&world),
        }
    }
    thread.join().unwrap();
    let held = loader.private(|private| private.held);
    world.assert_reached(held, marks);
}

/// The dead have been processed, and another mutator, which has flipped, sweeps: the marks are gone.
fn sweep(world: &Arc<World>) {
    world.pool.closing().all_dead_are_known();
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

/// A load that leaves the second look at the cell, or its fence, out.
fn load_once(cell: &WeakCell, world: &World, again: fn(&WeakCell, usize) -> usize) -> usize {
    let target = cell.peek();
    if target == 0 {
        return 0;
    }
    if !world.is_white(target) {
        return again(cell, target);
    }
    if !world.pool.closing().dirty() {
        return 0;
    }
    world.shade(target);
    target
}

/// Fails: the cell is looked at once.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_a_second_look_returns_the_dead() {
    let load: Load = |cell, world| load_once(cell, world, |_, target| target);
    explore(3, move || load_against_death(load, Afterwards::Finalize));
}

/// Fails: nothing orders the look at the mark before the second look at the cell.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_a_fence_returns_the_dead() {
    let load: Load = |cell, world| {
        load_once(cell, world, |cell, target| if cell.peek() == target { target } else { 0 })
    };
    explore(3, move || load_against_death(load, Afterwards::Finalize));
}

/// Fails: a white target is shaded without a word to the collector.
#[test]
#[should_panic(expected = "is white")]
fn a_weak_load_without_dirty_returns_the_dead() {
    let load: Load = |cell, world| {
        cell.load(true, &Closing::new(), |object| !world.is_white(object), |o| world.shade(o))
    };
    explore(3, move || load_against_death(load, Afterwards::Nothing));
}
