//! Rule 1: a closing round succeeds only if no reachable object is white.

use super::{
    explore,
    marking::{Mutator, Private, World},
};
use crate::protocol::packets::{Packet, Pool};
use loom::thread;
use std::sync::Arc;

/// A closing round of a world whose mutators `visit` visits; whether it found white entries.
type Round = fn(pool: &Pool, visit: &mut dyn FnMut() -> bool) -> bool;
type Take = fn(&Pool) -> Option<Packet>;

fn shipped(pool: &Pool, visit: &mut dyn FnMut() -> bool) -> bool {
    pool.closing_round(|| {
        visit();
    })
}

/// What a mutator does beside the collector before it blocks for good.
type Script = fn(&World, &Mutator);

/// Runs mutators and a marker beside a collector that closes by `round`, and checks what the mutators hold then.
fn close<const N: usize>(world: World, mutators: [(Mutator, Script); N], round: Round) {
    let world = Arc::new(world);
    // A marker that holds what is published by now, or comes by later.
    world.pool.enter();
    let packet = (world.take)(&world.pool);
    if packet.is_none() {
        world.pool.leave();
    }
    let marker = thread::spawn({
        let world = Arc::clone(&world);
        move || match packet {
            Some(packet) => world.go_on(Some(packet)),
            None => world.mark(),
        }
    });
    let mutators = mutators.map(|(mutator, script)| {
        let mutator = Arc::new(mutator);
        let thread = thread::spawn({
            let (world, mutator) = (Arc::clone(&world), Arc::clone(&mutator));
            move || {
                script(&world, &mutator);
                mutator.gate.block();
            }
        });
        (mutator, thread)
    });
    let mut handshake = 0;
    let marks = world.close(|| {
        round(&world.pool, &mut || {
            handshake += 1;
            // No short cut: everybody is visited.
            mutators.iter().fold(false, |found, (m, _)| m.visit(&world, handshake) | found)
        })
    });
    marker.join().unwrap();
    for (mutator, thread) in mutators {
        thread.join().unwrap();
        let held = mutator.private(|private| private.held);
        world.assert_reached(held, marks);
    }
}

/// Object 1 is grey and points to 2. A mutator that may have been visited takes 2 out of it.
fn grey_object_loses_its_child(take: Take, round: Round) {
    let world = World { take, ..World::new([0, 2, 0, 0]) };
    world.shade(1);
    let script: Script = |world, mutator| {
        mutator.safepoint(world);
        mutator.take_field(world, 1);
    };
    close(world, [(Mutator::new(Private::default()), script)], round);
}

/// White object 2, which points to 3, is in a buffer that is flushed because it is full.
fn full_buffer(take: Take, round: Round) {
    let world = World { take, ..World::new([0, 0, 3, 0]) };
    let script: Script = |world, mutator| {
        mutator.flush(world);
    };
    close(world, [(Mutator::new(Private { buffer: vec![2], held: 2 }), script)], round);
}

/// Only the buffer of one mutator leads to 2, whose field another one takes.
fn two_mutators(round: Round) {
    let world = World::new([0, 0, 3, 0]);
    let first: Script = |world, mutator| mutator.safepoint(world);
    let second: Script = |world, mutator| {
        mutator.safepoint(world);
        mutator.take_field(world, 2);
    };
    let mutators = [
        (Mutator::new(Private { buffer: vec![2], held: 0 }), first),
        (Mutator::new(Private::default()), second),
    ];
    close(world, mutators, round);
}

/// A mutator that was visited early changes an object that a marker still holds.
#[test]
fn a_round_closes_only_when_nothing_reachable_is_white() {
    explore(3, || grey_object_loses_its_child(Pool::take, shipped));
}

/// A mutator flushes its buffer while a round begins, and a marker takes what was in it.
#[test]
fn a_round_sees_a_flush_that_overlaps_it() {
    explore(3, || full_buffer(Pool::take, shipped));
}

/// The last way to an object is in the buffer of one mutator, and another one cuts what leads on from there.
#[test]
fn a_round_sees_the_buffers_of_all_mutators() {
    explore(2, || two_mutators(shipped));
}

/// A marker that publishes half of what it found, and a second one that takes that half.
#[test]
fn a_round_sees_work_that_passes_from_marker_to_marker() {
    explore(3, || {
        let world = Arc::new(World { spills: true, ..World::new([0, 2, 3, 0]) });
        world.shade(1);
        let marker = || {
            let world = Arc::clone(&world);
            thread::spawn(move || world.mark())
        };
        let markers = [marker(), marker()];
        let marks = world.close(|| world.pool.closing_round(|| {}));
        world.assert_reached(1, marks);
        for marker in markers {
            marker.join().unwrap();
        }
    });
}

/// Fails: markers are looked for only after the visits.
#[test]
#[should_panic(expected = "is white")]
fn a_round_that_looks_for_markers_after_the_visits_loses_objects() {
    explore(3, || {
        grey_object_loses_its_child(Pool::take, |pool, visit| {
            pool.closing().open();
            visit();
            pool.is_quiet() && pool.closing().close()
        });
    });
}

/// Fails: no look at the pool after the visits.
#[test]
#[should_panic(expected = "is white")]
fn a_round_without_a_look_at_the_pool_after_the_visits_loses_objects() {
    explore(2, || {
        full_buffer(Pool::take, |pool, visit| {
            pool.closing().open();
            pool.is_quiet() && {
                visit();
                pool.closing().close()
            }
        });
    });
}

/// Fails: mutators are visited until a round finds no white entry and no work.
#[test]
#[should_panic(expected = "is white")]
fn a_plain_flush_loses_objects() {
    explore(2, || {
        grey_object_loses_its_child(Pool::take, |pool, visit| {
            let found = visit();
            !found && pool.is_quiet()
        });
    });
}

/// Fails: work is taken without a word.
#[test]
#[should_panic(expected = "is white")]
fn taking_without_dirty_loses_objects() {
    explore(3, || full_buffer(|pool| pool.pop(&pool.full), shipped));
}

/// Fails: DIRTY is said when the work has been taken.
#[test]
#[should_panic(expected = "is white")]
fn dirty_after_taking_loses_objects() {
    let late: Take = |pool| {
        let packet = pool.pop(&pool.full)?;
        pool.closing().dirty();
        Some(packet)
    };
    explore(3, move || full_buffer(late, shipped));
}
