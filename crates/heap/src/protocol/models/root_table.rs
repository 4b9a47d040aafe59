//! Rule 5: what finalizers and their queue keep is a root, also if it is put in or taken out while a cycle marks.

use super::{explore, marking::World};
use crate::{
    protocol::{gate::Gate, root_table::RootTable},
    sync::{UnsafeCell, yield_now},
};
use loom::thread;
use std::sync::Arc;

/// The object that goes into the table or comes out; it leads to another.
const OBJECT: usize = 2;
const SCAN: u32 = 1;

/// A heap whose collector reads one table, and a mutator that sees marking.
struct Heap {
    world: World,
    table: RootTable<Vec<usize>>,
    gate: Gate,
    /// A reference on the mutator's stack.
    held: UnsafeCell<usize>,
}

/// What the mutator does beside the collector, and whether its changes to the table shade.
type Script = fn(&Heap, bool);

impl Heap {
    fn held<R>(&self, f: impl FnOnce(&mut usize) -> R) -> R {
        // SAFETY: that nobody else is in here is what loom checks.
        self.held.with_mut(|held| f(unsafe { &mut *held }))
    }

    fn answer(&self, n: u32) {
        let held = self.held(|held| *held);
        if n == SCAN && held != 0 {
            self.world.shade(held);
        }
    }

    fn safepoint(&self) {
        if let Some(n) = self.gate.pending() {
            self.answer(n);
            self.gate.finish(n);
        }
    }

    fn handshake(&self, n: u32) {
        self.gate.ask(n);
        while !self.gate.has_answered(n) && !self.gate.answer_for(n, || self.answer(n)) {
            yield_now();
        }
    }

    fn scan_table(&self) {
        self.table.with(|table| table.iter().for_each(|&object| self.world.shade(object)));
    }

    fn shade(&self, object: &usize) {
        self.world.shade(*object);
    }

    /// Puts the object into the table, as a new finalizer's closure, and forgets it.
    fn register(&self, marking: bool) {
        let object = self.held(std::mem::take);
        let put = |table: &mut Vec<usize>| {
            table.push(object);
            object
        };
        self.table.change(marking, put, |object| self.shade(object));
    }

    /// Takes the object out of the table, as a finalizer that is due.
    fn take(&self, marking: bool) {
        let object =
            self.table.change(marking, |table| table.remove(0), |object| self.shade(object));
        self.held(|held| *held = object);
    }
}

/// In which order the collector looks for roots.
#[derive(Clone, Copy)]
enum Order {
    /// As it does.
    StacksFirst,
    TableFirst,
}

/// Runs `script` beside a collector that looks for roots in `order`, marks and closes. The object begins in the table or on
/// the mutator's stack, and must be marked wherever it ends.
fn change_against_scan(in_table: bool, order: Order, shades: bool, script: Script) {
    let heap = Arc::new(Heap {
        world: World::new([0, 0, 3, 0]),
        table: RootTable::new(if in_table { vec![OBJECT] } else { Vec::new() }),
        gate: Gate::new(0),
        held: UnsafeCell::new(if in_table { 0 } else { OBJECT }),
    });
    heap.gate.finish(0);
    let thread = thread::spawn({
        let heap = Arc::clone(&heap);
        move || {
            script(&heap, shades);
            heap.gate.block();
        }
    });
    let mut handshake = SCAN;
    match order {
        Order::StacksFirst => {
            heap.handshake(SCAN);
            heap.scan_table();
        }
        Order::TableFirst => {
            heap.scan_table();
            heap.handshake(SCAN);
        }
    }
    let marks = heap.world.close(|| {
        heap.world.pool.closing_round(|| {
            handshake += 1;
            heap.handshake(handshake);
        })
    });
    thread.join().unwrap();
    heap.world.assert_reached(heap.held(|held| *held), marks);
    heap.table.with(|table| {
        for &object in table.iter() {
            heap.world.assert_reached(object, marks);
        }
    });
}

const REGISTER: Script = |heap, shades| {
    heap.register(shades);
    heap.safepoint();
};

const TAKE: Script = |heap, shades| {
    heap.safepoint();
    heap.take(shades);
    heap.safepoint();
};

#[test]
fn what_is_registered_while_marking_is_a_root() {
    explore(3, || change_against_scan(false, Order::StacksFirst, true, REGISTER));
}

/// That holds wherever the collector's scan of the table lies.
#[test]
fn what_is_registered_after_the_scan_of_its_table_is_a_root() {
    explore(3, || change_against_scan(false, Order::TableFirst, true, REGISTER));
}

/// Fails: what is put in is not shaded. It is but a second line of defence as long as stacks are scanned first.
#[test]
#[should_panic(expected = "is white")]
fn what_is_registered_without_shading_is_lost_after_the_scan_of_its_table() {
    explore(2, || change_against_scan(false, Order::TableFirst, false, REGISTER));
}

#[test]
fn what_is_taken_out_of_a_queue_while_marking_stays_a_root() {
    explore(3, || change_against_scan(true, Order::StacksFirst, true, TAKE));
}

/// Fails: what is taken out is not shaded, and the taker's stack has been scanned.
#[test]
#[should_panic(expected = "is white")]
fn what_is_taken_out_of_a_queue_without_shading_is_lost() {
    explore(2, || change_against_scan(true, Order::StacksFirst, false, TAKE));
}
