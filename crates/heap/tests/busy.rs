//! Cycles end although other threads want every processor all the time: few wait for a marker, which yields to everybody.

use std::{
    hint::spin_loop,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use trigo_heap::{Config, CycleRecord, Heap, Layout, Observer};

/// Objects that are alive: eight megabytes.
const OBJECTS: usize = 128 << 10;
const CYCLES: usize = 60;
/// The longest that they may mark in the mean, a few turns of the scheduler's.
const LONGEST: Duration = Duration::from_millis(70);

/// How long each cycle marked.
#[derive(Debug, Default)]
struct Times(Mutex<Vec<Duration>>);

impl Observer for Times {
    fn cycle_ended(&self, record: &CycleRecord) {
        self.0.lock().unwrap().push(record.mark);
    }
}

#[test]
fn cycles_do_not_wait_for_markers_that_get_no_processor() {
    let heap = Heap::new(Config { idle_cycles: false, ..Config::default() }).unwrap();
    let mut mutator = heap.attach();
    let live = mutator.alloc(Layout::POINTERS, OBJECTS * 8).unwrap();
    let live = mutator.root(live);
    for i in 0..OBJECTS {
        let object = mutator.alloc(Layout::POINTERS, 64).unwrap();
        let array = live.get().unwrap().as_ptr().cast::<*mut u8>();
        // SAFETY: the slot is one of the array, which the root keeps.
        unsafe { mutator.store(array.add(i), object.as_ptr()) };
    }
    let times = Arc::new(Times::default());
    heap.observe(times.clone());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, |n| n.get());
        for _ in 0..2 * processors {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    spin_loop();
                }
            });
        }
        while times.0.lock().unwrap().len() < CYCLES {
            (0..1000).for_each(|_| _ = mutator.alloc(Layout::POINTERS, 64).unwrap());
        }
        stop.store(true, Ordering::Relaxed);
    });
    let times = times.0.lock().unwrap();
    let mean = times.iter().sum::<Duration>() / times.len() as u32;
    assert!(mean < LONGEST, "marking took {mean:?} in the mean of {times:?}");
}
