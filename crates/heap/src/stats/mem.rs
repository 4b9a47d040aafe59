//! The heap's part of Go's `runtime.MemStats`.

use super::MemoryClasses;
use super::totals::{Flow, paused_nanos};
use crate::{
    Heap,
    space::sizes::{CLASSES, size_of_class},
    sync::{AtomicU64, Ordering},
};
use std::time::Duration;

/// The fields of Go's `runtime.MemStats` that a heap can tell; each is named after Go's, in bytes unless it says otherwise.
/// Reading them stops nobody. Always: `heap_sys = heap_inuse + heap_idle`, `heap_idle ≥ heap_released`,
/// `heap_inuse ≥ heap_alloc`, and `sys` is the sum of the other fields ending in `sys` and of the two `_inuse` of metadata.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MemStats {
    /// `Alloc` and `HeapAlloc`: objects that have not been freed.
    pub heap_alloc: usize,
    /// `TotalAlloc`: all that was ever allocated, to within a chunk per mutator and kind.
    pub total_alloc: u64,
    /// `Sys`: everything below, as address space that was taken into use.
    pub sys: usize,
    /// `Mallocs`: objects ever allocated, as `total_alloc`.
    pub mallocs: u64,
    /// `Frees`: objects freed by sweeps.
    pub frees: u64,
    /// `HeapSys`: pages for objects.
    pub heap_sys: usize,
    /// `HeapIdle`: free pages.
    pub heap_idle: usize,
    /// `HeapInuse`: pages with objects, or claimed for them.
    pub heap_inuse: usize,
    /// `HeapReleased`: the part of the free pages that costs no memory.
    pub heap_released: usize,
    /// `HeapObjects`: objects that have not been freed.
    pub heap_objects: u64,
    /// `MSpanInuse` and `MSpanSys`: tables that lead from an address to its span.
    pub mspan_inuse: usize,
    /// `MCacheInuse` and `MCacheSys`: the mutators' states.
    pub mcache_inuse: usize,
    /// `BuckHashSys`: the allocation profile.
    pub buck_hash_sys: usize,
    /// `GCSys`: marks, allocation bits and the other tables.
    pub gc_sys: usize,
    /// `NextGC`: the goal of the next cycle; `usize::MAX` if none is due.
    pub next_gc: usize,
    /// `LastGC`: when the last cycle ended, since the heap was made; zero before the first.
    pub last_gc: Duration,
    /// `PauseTotalNs`: the sum of all answers to handshakes. Each held one mutator.
    pub pause_total: Duration,
    /// `NumGC`: cycles.
    pub num_gc: u64,
    /// `NumForcedGC`: those that a client asked for.
    pub num_forced_gc: u64,
    /// `GCCPUFraction`: collecting, of all processors' time since the heap was made.
    pub gc_cpu_fraction: f64,
    /// `BySize`: for each size class.
    pub by_size: Vec<BySize>,
}

/// The figures of one size class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BySize {
    /// `Size`: bytes of a slot.
    pub size: usize,
    /// `Mallocs`: objects ever allocated.
    pub mallocs: u64,
    /// `Frees`: objects freed by sweeps.
    pub frees: u64,
}

impl Heap {
    /// The heap's part of Go's `MemStats`. Blocks while a thread attaches or a handshake begins.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout};
    /// let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// mutator.alloc(Layout::NO_SCAN, 100_000)?;
    /// assert_eq!(heap.mem_stats().heap_alloc, 100_000);
    /// mutator.collect();
    /// let stats = heap.mem_stats();
    /// assert_eq!((stats.mallocs, stats.frees, stats.heap_alloc), (1, 1, 0));
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn mem_stats(&self) -> MemStats {
        let heap = &*self.shared;
        let c = &heap.counters;
        let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
        let flow = Flow::read(heap);
        let classes = MemoryClasses::read(heap, &flow);
        let (mallocs, frees) = (flow.allocs.iter().sum::<u64>(), flow.frees.iter().sum::<u64>());
        let collecting = [&c.assist_nanos, &c.collector_nanos, &c.background_nanos]
            .map(load)
            .iter()
            .sum::<u64>();
        let passed = heap.born.elapsed().as_nanos() as f64 * heap.processors as f64;
        let class = |i: usize| BySize {
            size: size_of_class(i),
            mallocs: flow.allocs[i],
            frees: flow.frees[i],
        };
        MemStats {
            heap_alloc: classes.objects,
            total_alloc: flow.alloc_bytes,
            sys: classes.total(),
            mallocs,
            frees,
            heap_sys: classes.heap(),
            heap_idle: classes.free + classes.released,
            heap_inuse: classes.objects + classes.unused,
            heap_released: classes.released,
            heap_objects: mallocs - frees.min(mallocs),
            mspan_inuse: classes.spans,
            mcache_inuse: classes.mutators,
            buck_hash_sys: classes.profile,
            gc_sys: classes.tables,
            next_gc: heap.goal.load(Ordering::Relaxed),
            last_gc: Duration::from_nanos(load(&c.last_end)),
            pause_total: Duration::from_nanos(paused_nanos(heap)),
            num_gc: load(&c.cycles),
            num_forced_gc: load(&c.forced),
            gc_cpu_fraction: collecting as f64 / passed.max(1.0),
            by_size: (0..CLASSES).map(class).collect(),
        }
    }
}
