//! The allocation profile: exact at rate 1, unbiased at any other, right about what is alive.
use std::{
    cell::Cell,
    sync::{Arc, atomic::AtomicUsize},
};
use trigo_heap::{Config, Heap, Layout, Sampling, SiteProfile};

thread_local!(static SITE: Cell<u64> = const { Cell::new(0) });

fn sampled_heap(rate: u64) -> Heap {
    let config = Config { gc_percent: None, ..Config::default() };
    let heap = Heap::new(config).expect("address space");
    heap.set_sampling(Some(Sampling { rate, site: Arc::new(|_| SITE.get()) }));
    heap
}

fn site(heap: &Heap, site: u64) -> SiteProfile {
    let all = heap.allocation_profile();
    *all.iter().find(|s| s.site == site).expect("the site was sampled")
}

#[test]
fn at_rate_one_every_figure_is_exact() {
    let heap = sampled_heap(1);
    let mut m = heap.attach();
    let mut roots = Vec::new();
    for i in 0..300 {
        SITE.set(i % 3);
        let (layout, bytes) =
            [(Layout::POINTERS, 40), (Layout::NO_SCAN, 100), (Layout::POINTERS, 100_000)]
                [i as usize % 3];
        let object = m.alloc(layout, bytes).unwrap();
        if i % 2 == 0 {
            roots.push(m.root(object));
        }
    }
    m.collect();
    m.collect();
    for (n, size, scan) in [(0, 48.0, 1.0), (1, 112.0, 0.0), (2, 100_000.0, 1.0)] {
        let s = site(&heap, n);
        assert_eq!((s.samples, s.alloc_objects, s.live_objects), (100, 100.0, 50.0), "{n}");
        assert_eq!((s.alloc_bytes, s.live_bytes), (100.0 * size, 50.0 * size));
        // Two cycles have marked the fifty that live.
        assert_eq!((s.marked_bytes, s.scanned_bytes), (100.0 * size, 100.0 * size * scan));
    }
    drop(roots);
    m.collect();
    assert_eq!((site(&heap, 2).live_objects, site(&heap, 2).alloc_objects), (0.0, 100.0));
    heap.set_sampling(None);
    m.alloc(Layout::NO_SCAN, 40_000).unwrap();
    assert_eq!(site(&heap, 2).samples, 100);
}

/// Sites of very different size and frequency, interleaved, with collections that drop half-used runs.
#[test]
fn estimates_are_near_the_truth_for_frequent_and_rare_sites() {
    let heap = sampled_heap(4096);
    let mut m = heap.attach();
    let plan = [(Layout::NO_SCAN, 16), (Layout::POINTERS, 16), (Layout::NO_SCAN, 1024)];
    let mut truth = [(0usize, 0usize); 3];
    let mut roots = Vec::new();
    for i in 0..2_000_000u32 {
        let n = if i % 50 == 0 { 2 } else { usize::from(i % 10 == 3) };
        SITE.set(n as u64);
        let object = m.alloc(plan[n].0, plan[n].1).unwrap();
        truth[n].0 += 1;
        if i % 40 == 0 || i % 40 == 3 || i % 40 == 4 {
            roots.push(m.root(object));
            truth[n].1 += 1;
        }
        if i % 400_000 == 0 {
            m.collect();
        }
    }
    m.collect();
    for (n, (allocated, live)) in truth.into_iter().enumerate() {
        let s = site(&heap, n as u64);
        let near = |estimate: f64, truth: usize| {
            let chance = 1.0 - (-(plan[n].1 as f64) / 4096.0).exp();
            let deviation = (truth as f64 * (1.0 - chance) / chance).sqrt();
            assert!((estimate - truth as f64).abs() < 5.0 * deviation, "{n}: {estimate}, {truth}");
        };
        near(s.alloc_objects, allocated);
        near(s.live_objects, live);
        assert!((s.live_bytes / s.live_objects - plan[n].1 as f64).abs() < 1e-6);
    }
}

#[test]
fn sites_are_asked_on_the_allocating_thread_and_threads_add_up() {
    let asked = Arc::new(AtomicUsize::new(0));
    let heap = Heap::new(Config::default()).expect("address space");
    let count = asked.clone();
    let site = move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        SITE.get()
    };
    heap.set_sampling(Some(Sampling { rate: 1, site: Arc::new(site) }));
    std::thread::scope(|scope| {
        for n in 0..4 {
            let heap = &heap;
            scope.spawn(move || {
                SITE.set(n);
                let mut m = heap.attach();
                for _ in 0..1000 {
                    m.alloc(Layout::NO_SCAN, 32).unwrap();
                }
            });
        }
    });
    let sites = heap.allocation_profile();
    assert_eq!(
        sites.iter().map(|s| (s.site, s.samples)).collect::<Vec<_>>(),
        [(0, 1000), (1, 1000), (2, 1000), (3, 1000)]
    );
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 4000);
}
