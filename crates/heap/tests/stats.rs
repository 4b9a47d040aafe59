//! What the heap tells about itself adds up.
use std::{
    collections::HashMap,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use trigo_heap::{Config, Heap, Histogram, Layout, Metric, Mutator};

fn heap() -> Heap {
    Heap::new(Config { idle_cycles: false, ..Config::default() }).expect("address space")
}

fn churn(m: &mut Mutator, seed: usize) {
    let mut roots = Vec::new();
    for i in 0..20_000usize {
        let bytes = i.wrapping_mul(2_654_435_761).wrapping_add(seed) % 900 + 1;
        let object = m.alloc(Layout::NO_SCAN, if i % 500 == 0 { 50_000 } else { bytes }).unwrap();
        if i % 7 == 0 {
            roots.push(m.root(object));
        }
        if roots.len() > 300 {
            roots.clear();
        }
    }
}

fn check_identities(heap: &Heap) {
    let s = heap.mem_stats();
    assert_eq!(s.heap_sys, s.heap_inuse + s.heap_idle);
    assert!(s.heap_idle >= s.heap_released && s.heap_inuse >= s.heap_alloc);
    let sum = s.heap_sys + s.mspan_inuse + s.mcache_inuse + s.buck_hash_sys + s.gc_sys;
    assert_eq!(s.sys, sum);
    assert!(s.mallocs >= s.frees);
    let metrics: HashMap<_, _> = heap.metrics().into_iter().collect();
    let count = |name: &str| match metrics[name] {
        Metric::Count(n) => n,
        ref other => panic!("{name} is {other:?}"),
    };
    let classes =
        metrics.keys().filter(|n| n.starts_with("/memory/classes/") && !n.contains("total"));
    assert_eq!(classes.map(|n| count(n)).sum::<u64>(), count("/memory/classes/total:bytes"));
    let scan = ["globals", "heap", "stack"].map(|n| count(&format!("/gc/scan/{n}:bytes")));
    assert_eq!(scan.iter().sum::<u64>(), count("/gc/scan/total:bytes"));
    assert_eq!(
        count("/gc/cycles/total:gc-cycles"),
        count("/gc/cycles/automatic:gc-cycles") + count("/gc/cycles/forced:gc-cycles")
    );
    for (sizes, total) in [
        ("/gc/heap/allocs-by-size:bytes", "/gc/heap/allocs:objects"),
        ("/gc/heap/frees-by-size:bytes", "/gc/heap/frees:objects"),
    ] {
        let histogram = histogram(&metrics[sizes]);
        assert_eq!(histogram.counts.iter().sum::<u64>(), count(total), "{sizes}");
    }
}

fn histogram(metric: &Metric) -> &Histogram {
    let Metric::Histogram(h) = metric else { panic!("{metric:?} is no histogram") };
    assert_eq!(h.bounds.len(), h.counts.len() + 1);
    assert!(h.bounds.is_sorted_by(|a, b| a < b) && h.bounds.last() == Some(&f64::INFINITY));
    h
}

#[test]
fn identities_hold_when_nobody_is_active() {
    let heap = heap();
    let mut m = heap.attach();
    let kept: Vec<_> = (0..1000)
        .map(|i| {
            let object = m.alloc(Layout::POINTERS, i % 700 + 8).unwrap();
            m.root(object)
        })
        .collect();
    let large = m.alloc(Layout::NO_SCAN, 1 << 20).unwrap();
    let large = m.root(large);
    for round in 0..5 {
        // Some mutators leave before the flip, the last one stays.
        m.blocked(|| {
            std::thread::scope(|scope| {
                for n in 0..3 {
                    let heap = &heap;
                    scope.spawn(move || churn(&mut heap.attach(), n * 77 + round));
                }
            });
        });
        churn(&mut m, round);
        m.collect();
        let stats = heap.stats();
        assert_eq!(stats.allocs - stats.frees, stats.live_objects, "round {round}");
        assert_eq!(stats.live_objects, 1001);
        let s = heap.mem_stats();
        assert_eq!(s.heap_objects, 1001);
        assert_eq!(s.heap_alloc as u64, stats.live_bytes);
        assert_eq!(s.mallocs, 1001 + 80_000 * (round as u64 + 1));
        check_identities(&heap);
    }
    drop((kept, large));
    m.collect();
    let s = heap.mem_stats();
    assert_eq!((s.heap_objects, s.heap_alloc, s.mallocs - s.frees), (0, 0, 0));
    assert!(s.by_size.iter().all(|class| class.mallocs == class.frees));
}

#[test]
fn identities_that_are_promised_always_hold_under_load_too() {
    let heap = heap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let heap = &heap;
                scope.spawn(move || (0..20).for_each(|i| churn(&mut heap.attach(), n * 31 + i)))
            })
            .collect();
        let mut last = (0, 0);
        while threads.iter().any(|t| !t.is_finished()) {
            let s = heap.mem_stats();
            assert!(s.mallocs >= last.0 && s.frees >= last.1, "totals never fall");
            last = (s.mallocs, s.frees);
            check_identities(&heap);
        }
    });
    let metrics = heap.metrics();
    let pauses = histogram(&metrics.iter().find(|m| m.0 == "/gc/pauses:seconds").unwrap().1);
    assert!(pauses.counts.iter().sum::<u64>() > 0, "also those of mutators that have left");
    assert!(heap.mem_stats().pause_total > Duration::ZERO);
}

#[test]
fn sizes_fall_into_the_buckets_of_their_classes() {
    let heap = heap();
    let mut m = heap.attach();
    for bytes in [1, 8, 9, 16, 17, 32_769] {
        m.alloc(Layout::NO_SCAN, bytes).unwrap();
    }
    m.collect();
    for name in ["/gc/heap/allocs-by-size:bytes", "/gc/heap/frees-by-size:bytes"] {
        let metrics = heap.metrics();
        let h = histogram(&metrics.iter().find(|m| m.0 == name).unwrap().1);
        let filled: Vec<_> = (0..h.counts.len())
            .filter(|&i| h.counts[i] > 0)
            .map(|i| (h.bounds[i], h.counts[i]))
            .collect();
        assert_eq!(filled, [(1.0, 2), (9.0, 2), (17.0, 1), (32_769.0, 1)], "{name}");
    }
}

#[test]
fn finalizers_cleanups_and_targets_are_counted() {
    let heap = heap();
    let mut m = heap.attach();
    for i in 0..5 {
        let object = m.alloc(Layout::NO_SCAN, 64).unwrap();
        if i < 2 {
            m.set_finalizer(object, |_, _| {}).unwrap();
        } else {
            m.add_cleanup(object, || {}).unwrap();
        }
    }
    m.collect();
    let read = |name: &str| heap.metrics().into_iter().find(|m| m.0 == name).unwrap().1;
    assert_eq!(read("/gc/finalizers/queued:finalizers"), Metric::Count(2));
    assert_eq!(read("/gc/cleanups/queued:cleanups"), Metric::Count(3));
    assert_eq!(read("/gc/cleanups/executed:cleanups"), Metric::Count(0));
    m.run_finalizers();
    assert_eq!(read("/gc/finalizers/executed:finalizers"), Metric::Count(2));
    assert_eq!(read("/gc/cleanups/executed:cleanups"), Metric::Count(3));
    assert_eq!(read("/gc/gogc:percent"), Metric::Count(100));
    assert_eq!(read("/gc/gomemlimit:bytes"), Metric::Count(i64::MAX as u64));
    let s = heap.mem_stats();
    assert!(s.last_gc > Duration::ZERO && s.num_gc == 1 && s.num_forced_gc == 1);
}

#[test]
fn a_mutators_own_allocations_are_counted_exactly() {
    let heap = Heap::new(Config::default()).unwrap();
    let mut mutator = heap.attach();
    for n in 1..=100 {
        mutator.alloc(Layout::NO_SCAN, 64).unwrap();
        mutator.count_allocated();
        let stats = heap.mem_stats();
        assert_eq!((stats.mallocs, stats.total_alloc), (n, 64 * n));
    }
    mutator.collect();
    mutator.count_allocated();
    assert_eq!(heap.mem_stats().mallocs, 100);
}

#[test]
fn stacks_share_packets_when_they_are_scanned() {
    const STACKS: usize = 20_000;
    let heap = heap();
    let mut m = heap.attach();
    let mut words = vec![0usize; STACKS];
    let before = heap.mem_stats().gc_sys;
    let stacks: Vec<_> = words
        .iter_mut()
        .map(|word| {
            *word = m.alloc(Layout::NO_SCAN, 8).unwrap().as_ptr() as usize;
            let bottom = (&raw const *word).cast::<u8>();
            // SAFETY: the one word of the stack stays as it is; nothing collects before the stack holds it.
            unsafe { m.new_parked_stack(bottom.wrapping_add(8), bottom) }
        })
        .collect();
    m.collect();
    assert_eq!(heap.stats().live_objects, STACKS as u64);
    let grown = heap.mem_stats().gc_sys - before;
    assert!(grown < STACKS * 64, "the collector's tables grew by {grown} bytes");
    stacks.iter().for_each(|stack| m.remove_stack(stack));
}

/// What one mutator allocates black while another has not answered yet is part of the live heap all the same.
#[test]
fn what_is_born_black_is_counted_whoever_answers_late() {
    const LARGE: usize = 1 << 20;
    const OBJECTS: usize = 64;
    let heap =
        Heap::new(Config { gc_percent: Some(100_000), idle_cycles: false, ..Config::default() });
    let heap = heap.expect("address space");
    let (allocated, done) = (&AtomicUsize::new(0), &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let mut m = heap.attach();
        let attached = Arc::new(Barrier::new(2));
        let there = attached.clone();
        let heap = &heap;
        scope.spawn(move || {
            // It answers one handshake for each sixteen objects of the other.
            let mut late = heap.attach();
            there.wait();
            let mut seen = 16;
            while !done.load(Ordering::SeqCst) {
                if allocated.load(Ordering::SeqCst) >= seen {
                    late.poll();
                    seen += 16;
                }
                std::thread::yield_now();
            }
        });
        attached.wait();
        let collecting = scope.spawn(|| heap.collect());
        let allocate = |m: &mut Mutator| {
            let object = m.alloc(Layout::NO_SCAN, LARGE).unwrap();
            allocated.fetch_add(1, Ordering::SeqCst);
            let root = m.root(object);
            std::thread::sleep(Duration::from_millis(1));
            root
        };
        let roots: Vec<_> = (0..OBJECTS).map(|_| allocate(&mut m)).collect();
        done.store(true, Ordering::SeqCst);
        m.blocked(|| collecting.join().unwrap());
        let told = heap.stats().heap_bytes;
        assert!(told >= OBJECTS * LARGE, "{told}");
        drop(roots);
    });
}
