//! When cycles run: not at all without a percentage, and whoever is blocked does not delay one.

#[path = "support/watch.rs"]
mod watch;

use std::{sync::mpsc, thread};
use trigo_heap::{Config, Heap, Layout};
use watch::Watch;

const MIB: usize = 1 << 20;

#[test]
fn without_a_percentage_no_cycle_runs_until_there_is_one_again() {
    let _watch = Watch::new(60, "without_a_percentage");
    let config = Config { gc_percent: None, idle_cycles: false, ..Config::default() };
    let heap = Heap::new(config).unwrap();
    let mut m = heap.attach();
    (0..64 * MIB / 64).for_each(|_| _ = m.alloc(Layout::NO_SCAN, 64).unwrap());
    assert_eq!(heap.stats().cycles, 0);
    assert!(heap.stats().heap_bytes >= 63 * MIB);
    heap.set_gc_percent(Some(100));
    while heap.stats().cycles == 0 {
        m.alloc(Layout::NO_SCAN, 64).unwrap();
    }
    assert!(heap.stats().heap_bytes < 63 * MIB);
}

#[test]
fn a_blocked_mutator_does_not_delay_a_cycle_and_keeps_what_it_holds() {
    let _watch = Watch::new(60, "a_blocked_mutator");
    let heap = Heap::new(Config::default()).unwrap();
    let (ready, is_ready) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let other = heap.clone();
        scope.spawn(move || {
            let mut m = other.attach();
            let object = m.alloc(Layout::POINTERS, 64).unwrap();
            let root = m.root(object);
            ready.send(()).unwrap();
            m.blocked(|| is_released.recv()).unwrap_err();
            assert_eq!(root.get(), Some(object));
        });
        is_ready.recv().unwrap();
        let mut m = heap.attach();
        (0..3).for_each(|_| m.collect());
        assert_eq!((heap.stats().cycles, heap.stats().live_objects), (3, 1));
        drop(release);
    });
}
