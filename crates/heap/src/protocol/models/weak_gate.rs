//! Rule 2: weak loads of white objects wait once they alone have spoiled three rounds, so that cycles end.

use super::{
    explore,
    marking::{Mutator, OBJECTS, Private, World},
};
use crate::{
    protocol::{
        weak_cell::WeakCell,
        weak_gate::{ROUNDS, WeakGate},
    },
    sync::yield_now,
};
use loom::thread;
use std::sync::Arc;

/// A heap that nothing but weak references lead into, and a mutator that sees marking.
struct Heap {
    world: World,
    gate: WeakGate,
    cells: [WeakCell; OBJECTS],
    mutator: Mutator,
}

/// How a mutator loads a cell; `None` if it has to wait.
type Load = fn(&Heap, &WeakCell) -> Option<usize>;
/// How it waits.
type Wait = fn(&Heap);

fn shipped(heap: &Heap, cell: &WeakCell) -> Option<usize> {
    load_through(heap, &heap.gate, cell)
}

fn load_through(heap: &Heap, gate: &WeakGate, cell: &WeakCell) -> Option<usize> {
    let world = &heap.world;
    let marked = |object| !world.is_white(object);
    cell.load(true, world.pool.closing(), gate, marked, |object| world.shade(object))
}

/// Waits as `Weak::get` does: blocked.
fn blocked(heap: &Heap) {
    heap.mutator.gate.block();
    yield_now();
    heap.mutator.gate.unblock();
    heap.mutator.safepoint(&heap.world);
}

impl Heap {
    fn new(fields: [usize; OBJECTS]) -> Arc<Self> {
        Arc::new(Self {
            world: World::new(fields),
            gate: WeakGate::new(),
            cells: std::array::from_fn(WeakCell::new),
            mutator: Mutator::new(Private::default()),
        })
    }

    /// One more round spoiled by weak loads alone shuts the gate.
    fn nearly_shut(self: Arc<Self>) -> Arc<Self> {
        (1..ROUNDS).for_each(|_| self.gate.count_spoiled(true));
        self
    }

    fn shut(self: Arc<Self>) -> Arc<Self> {
        (0..ROUNDS).for_each(|_| self.gate.count_spoiled(true));
        self
    }

    /// Starts a mutator that loads `targets` one after the other, with a safepoint before each, and returns what it got.
    fn loader(
        self: &Arc<Self>,
        targets: &'static [usize],
        load: Load,
        wait: Wait,
    ) -> thread::JoinHandle<Vec<usize>> {
        let heap = Arc::clone(self);
        thread::spawn(move || {
            let get = |&target: &usize| {
                heap.mutator.safepoint(&heap.world);
                loop {
                    match load(&heap, &heap.cells[target]) {
                        Some(loaded) => break loaded,
                        None => wait(&heap),
                    }
                }
            };
            let loaded = targets.iter().map(get).collect();
            heap.mutator.gate.block();
            loaded
        })
    }

    /// Closes as a cycle does, and clears the cells of the dead. What is marked then. Fails if more than one round is spoiled
    /// though the gate is shut.
    fn close(&self) -> u64 {
        let (mut handshake, mut late) = (0, 0);
        let marks = self.world.close(|| {
            let was_shut = self.gate.is_shut();
            let closed = self.world.pool.closing_round(|| {
                handshake += 1;
                self.mutator.visit(&self.world, handshake);
            });
            if !closed {
                late += u32::from(was_shut);
                self.gate.count_spoiled(true);
            }
            assert!(late <= 1, "rounds are spoiled though the gate is shut");
            closed
        });
        self.gate.open();
        let dead = (1..OBJECTS).filter(|object| marks >> object & 1 == 0);
        dead.for_each(|object| self.cells[object].clear());
        self.world.pool.closing().all_dead_are_known();
        marks
    }
}

/// A mutator loads one white object after the other while the collector tries to close.
fn loads_against_rounds(load: Load, wait: Wait) {
    let heap = Heap::new([0; OBJECTS]).nearly_shut();
    let loader = heap.loader(&[1, 2, 3], load, wait);
    let marks = heap.close();
    let loaded = loader.join().unwrap();
    loaded.into_iter().for_each(|object| heap.world.assert_reached(object, marks));
}

/// A mutator loads an object that marking has not reached yet, while the gate is shut.
fn load_of_the_living(load: Load) {
    let heap = Heap::new([0, 2, 0, 0]).shut();
    heap.world.shade(1);
    let loader = heap.loader(&[2], load, blocked);
    heap.close();
    assert_eq!(loader.join().unwrap(), [2], "the living target was not returned");
}

/// However many white objects a mutator loads, the gate ends the rounds that this spoils.
#[test]
fn weak_loads_spoil_one_more_round_once_the_gate_is_shut() {
    explore(3, || loads_against_rounds(shipped, blocked));
}

/// A load that has waited returns what marking has reached meanwhile.
#[test]
fn a_weak_load_that_waits_returns_a_living_target() {
    explore(3, || load_of_the_living(shipped));
}

/// A round that was spoiled by something else too starts the count anew; a gate that is shut stays so.
#[test]
fn only_rounds_that_weak_loads_alone_spoil_shut_the_gate() {
    explore(1, || {
        let gate = WeakGate::new();
        (1..ROUNDS).for_each(|_| gate.count_spoiled(true));
        gate.count_spoiled(false);
        (1..ROUNDS).for_each(|_| gate.count_spoiled(true));
        assert!(!gate.is_shut());
        gate.count_spoiled(true);
        gate.count_spoiled(false);
        assert!(gate.is_shut());
        gate.open();
        assert!(!gate.is_shut());
    });
}

/// Fails: loads do not look at the gate.
#[test]
#[should_panic(expected = "rounds are spoiled though the gate is shut")]
fn weak_loads_that_do_not_wait_keep_a_cycle_from_ending() {
    explore(2, || {
        let load: Load = |heap, cell| load_through(heap, &WeakGate::new(), cell);
        loads_against_rounds(load, blocked);
    });
}

/// Fails: a load says DIRTY, and then looks at the gate.
#[test]
#[should_panic(expected = "rounds are spoiled though the gate is shut")]
fn weak_loads_that_wait_after_dirty_keep_a_cycle_from_ending() {
    explore(2, || {
        let load: Load = |heap, cell| {
            let white = heap.world.is_white(cell.peek());
            if white && heap.world.pool.closing().dirty() && heap.gate.is_shut() {
                return None;
            }
            shipped(heap, cell)
        };
        loads_against_rounds(load, blocked);
    });
}

/// Fails: who waits for the gate cannot be visited.
#[test]
#[should_panic(expected = "exceeded maximum number of branches")]
fn a_weak_load_that_waits_and_is_not_blocked_is_waited_for() {
    explore(2, || loads_against_rounds(shipped, |_| yield_now()));
}

/// Fails: a load returns nothing where it would have to wait.
#[test]
#[should_panic(expected = "the living target was not returned")]
fn a_weak_load_that_gives_up_at_the_gate_loses_a_living_target() {
    explore(2, || load_of_the_living(|heap, cell| shipped(heap, cell).or(Some(0))));
}
