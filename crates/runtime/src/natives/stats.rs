//! Statistics: `runtime.MemStats`, metrics, and what `runtime/debug` reads.

use super::memory::persistent_bytes;
use super::{GoSlice, GoString, natives};
use crate::gc_history::{History, RECENT};
use crate::worker::Outcome;
use crate::{metrics, runtime};
use trigo_heap::Metric;

/// `runtime.MemStats` of Go.
#[repr(C)]
struct MemStats {
    alloc: u64,
    total_alloc: u64,
    sys: u64,
    lookups: u64,
    mallocs: u64,
    frees: u64,
    heap_alloc: u64,
    heap_sys: u64,
    heap_idle: u64,
    heap_inuse: u64,
    heap_released: u64,
    heap_objects: u64,
    stack_inuse: u64,
    stack_sys: u64,
    mspan_inuse: u64,
    mspan_sys: u64,
    mcache_inuse: u64,
    mcache_sys: u64,
    buck_hash_sys: u64,
    gc_sys: u64,
    other_sys: u64,
    next_gc: u64,
    last_gc: u64,
    pause_total_ns: u64,
    pause_ns: [u64; RECENT],
    pause_end: [u64; RECENT],
    num_gc: u32,
    num_forced_gc: u32,
    gc_cpu_fraction: f64,
    enable_gc: bool,
    debug_gc: bool,
    by_size: [BySize; 61],
}

#[repr(C)]
struct BySize {
    size: u32,
    mallocs: u64,
    frees: u64,
}

/// `readMetric` of goroot/src/runtime/metrics.go.
#[repr(C)]
struct ReadMetric {
    name: GoString,
    kind: usize,
    scalar: u64,
    /// Where in the lists of counts and bounds a histogram's begin, and how many bounds it has. Of counts there is one less.
    first: usize,
    bounds: usize,
}

/// Writes metrics to lists; how many.
///
/// # Safety
/// 1. The lists are of [`ReadMetric`], `u64` and `f64`, and nobody else uses them.
unsafe fn write_metrics(to: GoSlice, counts: GoSlice, bounds: GoSlice) -> usize {
    let all = metrics::read();
    let mut first = 0;
    for (i, (name, value)) in all.iter().enumerate() {
        let mut metric = ReadMetric {
            name: GoString::of(name.as_bytes()),
            kind: 1,
            scalar: 0,
            first,
            bounds: 0,
        };
        match value {
            Metric::Count(n) => metric.scalar = *n,
            Metric::Number(x) => (metric.kind, metric.scalar) = (2, x.to_bits()),
            Metric::Histogram(h) => {
                (metric.kind, metric.bounds) = (3, h.bounds.len());
                assert!(
                    first + h.bounds.len() <= counts.len.min(bounds.len),
                    "runtime: room for metrics"
                );
                // SAFETY: (1), and there is room.
                unsafe {
                    let (counts, bounds) = (counts.start.cast::<u64>(), bounds.start.cast::<f64>());
                    counts.add(first).copy_from(h.counts.as_ptr(), h.counts.len());
                    bounds.add(first).copy_from(h.bounds.as_ptr(), h.bounds.len());
                }
                first += h.bounds.len();
            }
            _ => unreachable!("metrics have three kinds"),
        }
        assert!(i < to.len, "runtime: room for metrics");
        // SAFETY: (1), and there is room.
        unsafe { to.start.cast::<ReadMetric>().add(i).write(metric) };
    }
    all.len()
}

natives! {
    "runtime.readMemStatsNative" read_mem_stats(w, to: *mut MemStats) {
        w.mutator.count_allocated();
        let history = History::read();
        let stats = runtime().heap.mem_stats();
        let stacks = runtime().goroutines.stack_bytes();
        // SAFETY: Go code passes a `MemStats`, which holds no pointers.
        let to = unsafe { &mut *to };
        to.alloc = stats.heap_alloc as u64;
        to.total_alloc = stats.total_alloc;
        to.lookups = 0;
        to.mallocs = stats.mallocs;
        to.frees = stats.frees;
        to.heap_alloc = stats.heap_alloc as u64;
        to.heap_sys = stats.heap_sys as u64;
        to.heap_idle = stats.heap_idle as u64;
        to.heap_inuse = stats.heap_inuse as u64;
        to.heap_released = stats.heap_released as u64;
        to.heap_objects = stats.heap_objects;
        to.stack_inuse = stacks as u64;
        to.stack_sys = stacks as u64;
        to.mspan_inuse = stats.mspan_inuse as u64;
        to.mspan_sys = stats.mspan_inuse as u64;
        to.mcache_inuse = stats.mcache_inuse as u64;
        to.mcache_sys = stats.mcache_inuse as u64;
        to.buck_hash_sys = stats.buck_hash_sys as u64;
        to.gc_sys = stats.gc_sys as u64;
        to.other_sys = persistent_bytes() as u64;
        to.sys = stats.sys as u64 + to.stack_sys + to.other_sys;
        to.next_gc = stats.next_gc as u64;
        to.last_gc = history.last_end;
        to.pause_total_ns = history.paused;
        to.pause_ns = history.pauses;
        to.pause_end = history.ends;
        to.num_gc = history.cycles as u32;
        to.num_forced_gc = history.forced as u32;
        to.gc_cpu_fraction = stats.gc_cpu_fraction;
        (to.enable_gc, to.debug_gc) = (true, false);
        // The first is that of no size, as in Go.
        let (none, classes) = to.by_size.split_first_mut().expect("there are some");
        *none = BySize { size: 0, mallocs: 0, frees: 0 };
        for (to, class) in classes.iter_mut().zip(&stats.by_size) {
            *to = BySize { size: class.size as u32, mallocs: class.mallocs, frees: class.frees };
        }
        Outcome::Done
    }

    /// The form of `runtime/debug.ReadGCStats`.
    "runtime.readGCStatsNative" read_gc_stats(_w, pauses: *mut GoSlice) {
        let words = History::read().words();
        // SAFETY: Go code passes a slice with room for these.
        unsafe {
            let slice = &mut *pauses;
            assert!(slice.cap >= words.len(), "runtime: short slice passed to readGCStats");
            std::ptr::copy_nonoverlapping(words.as_ptr(), slice.start.cast(), words.len());
            slice.len = words.len();
        }
        Outcome::Done
    }

    "runtime.readMetricsNative" read_metrics(w, to: GoSlice, counts: GoSlice, bounds: GoSlice) -> (n: usize) {
        w.mutator.count_allocated();
        // SAFETY: Go code passes lists of these, of which only the names are pointers, and those not to the heap.
        *n = unsafe { write_metrics(to, counts, bounds) };
        Outcome::Done
    }
}
