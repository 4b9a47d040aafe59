//! A burst of allocation never outruns the collector past its bound, however long a cycle takes to begin or to flip.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, CycleRecord, Heap, Layout, Observer};

const MIB: usize = 1 << 20;
const MUTATORS: usize = 2;
/// How long each cycle is held up before it begins and between the end of marking and the flip.
const HELD_UP: Duration = Duration::from_millis(100);

/// Cycles that a burst goes on for.
const CYCLES: u32 = 5;
/// Bytes after which a mutator gives up on that, if no cycle comes.
const MOST: usize = 1 << 30;

/// What mutators have not counted yet, and what they allocate in so long a wait for a flip.
fn unseen(wait: Duration) -> usize {
    MUTATORS * (2 + wait.as_millis() as usize / 10) * (16 << 10)
}

/// Holds cycles up, and keeps how far a heap went beyond its bound.
#[derive(Debug)]
struct Slow(Mutex<Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    held_up: u32,
    /// When the last cycle ended, or the test began.
    last: Instant,
    beyond_at_start: usize,
    beyond_at_flip: usize,
}

impl Observer for Slow {
    fn cycle_begins(&self, _cycle: u64) {
        thread::sleep(HELD_UP);
    }

    fn finalizers_queued(&self, _waiting: usize) {
        thread::sleep(HELD_UP);
        self.0.lock().unwrap().held_up += 1;
    }

    fn cycle_ended(&self, r: &CycleRecord) {
        let mut seen = self.0.lock().unwrap();
        // On a busy machine a cycle takes longer than it is held up here.
        let wait = std::mem::replace(&mut seen.last, Instant::now()).elapsed();
        let bound = |from: usize| from + r.goal / 10 + 4 * MIB + unseen(wait);
        let start = r.heap_at_start.saturating_sub(bound(r.goal));
        let flip = r.heap_at_end.saturating_sub(bound(r.goal.max(r.heap_at_start)));
        seen.beyond_at_start = seen.beyond_at_start.max(start);
        seen.beyond_at_flip = seen.beyond_at_flip.max(flip);
    }
}

#[test]
fn a_burst_of_allocation_never_outruns_the_collector_past_its_bound() {
    let heap = Heap::new(Config { idle_cycles: false, ..Config::default() }).unwrap();
    let begin = Seen { held_up: 0, last: Instant::now(), beyond_at_start: 0, beyond_at_flip: 0 };
    let slow = Arc::new(Slow(Mutex::new(begin)));
    heap.observe(slow.clone());
    let burst = || {
        let mut m = heap.attach();
        let mut left = MOST / MIB;
        while left > 0 && slow.0.lock().unwrap().held_up < CYCLES {
            left -= 1;
            let object = m.alloc(Layout::NO_SCAN, 64).unwrap();
            m.set_finalizer(object, |_, _| {}).unwrap();
            m.run_finalizers();
            (0..MIB / 64).for_each(|_| _ = m.alloc(Layout::NO_SCAN, 64).unwrap());
        }
    };
    thread::scope(|scope| (0..MUTATORS).for_each(|_| drop(scope.spawn(burst))));
    let Seen { held_up, beyond_at_start, beyond_at_flip, .. } = *slow.0.lock().unwrap();
    assert_eq!((beyond_at_start, beyond_at_flip), (0, 0), "bytes beyond the bound");
    assert!(held_up >= CYCLES, "cycles that were held up: {held_up}");
}
