//! A heap that nothing happens to costs nothing. One test in its process: it looks at the process's threads.

use std::{
    fs, thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, Heap, Layout};

/// How often the collector's thread has gone to sleep.
fn naps() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("the system tells of threads");
    let sum = tasks.flatten().map(|task| {
        let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").trim() != "trigo-gc" {
            return 0;
        }
        let status = read("status");
        let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|n| n.trim().parse().ok()).expect("the system counts switches")
    });
    sum.sum()
}

#[test]
fn the_collector_sleeps_while_there_is_nothing_to_do() {
    for gc_percent in [None, Some(100)] {
        let heap = Heap::new(Config { gc_percent, ..Config::default() }).expect("address space");
        let mut mutator = heap.attach();
        let mut objects = Vec::new();
        for _ in 0..1000 {
            let object = mutator.alloc(Layout::NO_SCAN, 1000).expect("room");
            objects.push(mutator.root(object));
        }
        mutator.collect();
        // Longer than it takes to see that the program is idle, and what is not needed is given back.
        let wait = |mutator: &mut trigo_heap::Mutator, time| {
            mutator.blocked(|| thread::sleep(time));
        };
        wait(&mut mutator, Duration::from_secs(8));
        let before = naps();
        wait(&mut mutator, Duration::from_secs(2));
        let slept = naps() - before;
        assert!(slept <= 5, "it wakes {slept} times in two seconds, GOGC={gc_percent:?}");
        // Who turns collections on again is heard.
        heap.set_gc_percent(Some(50));
        drop(objects);
        let (cycles, start) = (heap.stats().cycles, Instant::now());
        while heap.stats().cycles == cycles {
            mutator.alloc(Layout::NO_SCAN, 1000).expect("room");
            let soon = start.elapsed() < Duration::from_secs(60);
            assert!(soon, "no cycle after GOGC={gc_percent:?}");
        }
    }
}
