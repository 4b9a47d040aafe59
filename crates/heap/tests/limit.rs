//! The memory limit counts what costs memory, holds where the live heap lets it, and never stops the program.
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use trigo_heap::{Config, CycleRecord, Heap, Layout, Mutator, Observer, Root};

const MIB: usize = 1 << 20;

/// Tests that measure memory or time run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

fn heap(gc_percent: Option<u32>, limit: usize) -> Heap {
    let memory_limit = Some(limit);
    Heap::new(Config { gc_percent, memory_limit, ..Config::default() }).expect("address space")
}

/// What the limit is about: memory that is in use or was not given back.
fn cost(heap: &Heap) -> usize {
    let stats = heap.stats();
    stats.classes.total() - stats.classes.released + stats.external
}

/// Allocates `bytes` bytes in objects of varying size, of which the last `keep` bytes stay alive; the highest cost seen.
fn churn(heap: &Heap, m: &mut Mutator, bytes: usize, keep: usize) -> usize {
    let (mut done, mut peak, mut at) = (0, 0, 0);
    let mut ring: Vec<Option<Root>> = (0..keep / 2048).map(|_| None).collect();
    while done < bytes {
        // 2 KiB in the mean, a few of them large.
        let size = if at % 100 == 0 { 100_000 } else { at * 7919 % 2060 + 16 };
        let object = m.alloc(Layout::NO_SCAN, size).unwrap();
        // SAFETY: the object has as many bytes.
        unsafe { object.write_bytes(1, size) };
        let place = at % ring.len();
        ring[place] = Some(m.root(object));
        (done, at) = (done + size, at + 1);
        if at % 256 == 0 {
            peak = peak.max(cost(heap));
        }
    }
    peak
}

#[test]
fn the_peak_stays_near_the_limit_when_the_live_heap_allows_it() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    for gc_percent in [None, Some(400)] {
        let limit = 64 * MIB;
        let heap = heap(gc_percent, limit);
        let mut m = heap.attach();
        let peak = churn(&heap, &mut m, 600 * MIB, 16 * MIB);
        assert!(peak < limit / 100 * 115, "{} KiB under {} KiB", peak >> 10, limit >> 10);
        assert!(peak > limit / 2, "the room is used: {} KiB", peak >> 10);
    }
}

#[test]
fn external_memory_counts_towards_the_limit() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let heap = heap(None, 64 * MIB);
    let mut m = heap.attach();
    heap.add_external(32 * MIB);
    m.collect();
    let peak = churn(&heap, &mut m, 300 * MIB, 8 * MIB);
    assert!(peak < 64 * MIB / 100 * 115, "{} KiB", peak >> 10);
    heap.sub_external(32 * MIB);
}

#[derive(Debug, Default)]
struct Collecting(Mutex<Duration>);

impl Observer for Collecting {
    fn cycle_ended(&self, r: &CycleRecord) {
        let took = [r.prepare, r.roots, r.mark, r.dead, r.flip, r.sweep].iter().sum::<Duration>();
        *self.0.lock().unwrap() += took;
    }
}

#[test]
fn a_limit_below_the_live_heap_slows_the_program_and_does_not_stop_it() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let heap = heap(Some(100), 8 * MIB);
    let collecting = Arc::new(Collecting::default());
    heap.observe(collecting.clone());
    let mut m = heap.attach();
    let start = Instant::now();
    churn(&heap, &mut m, 200 * MIB, 24 * MIB);
    let (all, spent) = (start.elapsed(), *collecting.0.lock().unwrap());
    assert!(all < Duration::from_secs(20), "{all:?}");
    assert!(heap.stats().cycles > 2);
    assert!(spent <= all.mul_f64(0.6), "collecting took {spent:?} of {all:?}");
}

#[test]
fn a_limit_set_late_has_free_memory_given_back() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let heap = Heap::new(Config { idle_cycles: false, ..Config::default() }).unwrap();
    let mut m = heap.attach();
    churn(&heap, &mut m, 64 * MIB, 60 * MIB);
    m.collect();
    heap.set_memory_limit(Some(16 * MIB));
    let start = Instant::now();
    while cost(&heap) > 16 * MIB && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(cost(&heap) <= 16 * MIB, "{} KiB", cost(&heap) >> 10);
}
