//! The figures of Go's `runtime/metrics` that a heap can tell, under Go's names and in Go's units.
//!
//! Left to the embedding runtime: what concerns goroutines, the scheduler, its own stacks and non-collector
//! processor time. Sources: Go's `runtime/metrics` documentation.

use super::MemoryClasses;
use super::totals::{Flow, pauses};
use crate::{
    Heap,
    space::sizes::{CLASSES, size_of_class},
    sync::{AtomicU64, Ordering, lock},
};

/// The value of a metric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// Go's `KindUint64`.
    Count(u64),
    /// Go's `KindFloat64`.
    Number(f64),
    /// Go's `KindFloat64Histogram`.
    Histogram(Histogram),
}

/// How often values fell between two bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// `counts[i]` values were at least `bounds[i]` and less than `bounds[i + 1]`.
    pub counts: Vec<u64>,
    /// One more than there are counts, rising; the last is infinite.
    pub bounds: Vec<f64>,
}

impl Histogram {
    /// Objects by the size of their slots: those of a class are counted from one byte more than the class before holds.
    fn by_size(counts: &[u64; CLASSES + 1]) -> Self {
        let classes = (0..CLASSES).map(|class| size_of_class(class) as f64 + 1.0);
        let bounds = [1.0].into_iter().chain(classes).chain([f64::INFINITY]).collect();
        Self { counts: counts.to_vec(), bounds }
    }
}

impl Heap {
    /// The heap's metrics by name, in order of the names.
    ///
    /// Where this heap works unlike Go's: `pauses` are the answers of mutators to handshakes, one mutator each, since nobody
    /// is stopped otherwise; `mark/dedicated` is the collector's thread and `mark/idle` the markers, which run when a
    /// processor is idle; memory is given back by the collector's thread alone; `gogc` is the largest number if automatic collection is off, and so is the limit if there is
    /// none (the largest signed one, as in Go); `released` includes pages that were never used.
    ///
    /// Blocks while a thread attaches or a handshake begins.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Metric};
    /// let heap = Heap::new(Config::default())?;
    /// heap.collect();
    /// for (name, value) in heap.metrics() {
    ///     if name == "/gc/cycles/forced:gc-cycles" {
    ///         assert_eq!(value, Metric::Count(1));
    ///     }
    /// }
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn metrics(&self) -> Vec<(&'static str, Metric)> {
        let heap = &*self.shared;
        let c = &heap.counters;
        let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
        let flow = Flow::read(heap);
        let classes = MemoryClasses::read(heap, &flow);
        let pauses = pauses(heap);
        let targets = *lock(&heap.targets);
        let [[finalizers, finalized], [cleanups, cleaned]] = heap.specials.task_counts();
        let [assist, dedicated, idle, releasing] =
            [&c.assist_nanos, &c.collector_nanos, &c.background_nanos, &c.releasing_nanos]
                .map(load);
        let (cycles, forced) = (load(&c.cycles), load(&c.forced));
        let [stack, globals, scanned] = c.last_scan.each_ref().map(load);
        let (allocs, frees) = (flow.allocs.iter().sum::<u64>(), flow.frees.iter().sum::<u64>());
        let count = |n: u64| Metric::Count(n);
        let bytes = |n: usize| Metric::Count(n as u64);
        let seconds = |nanos: u64| Metric::Number(nanos as f64 / 1e9);
        vec![
            ("/cpu/classes/gc/mark/assist:cpu-seconds", seconds(assist)),
            ("/cpu/classes/gc/mark/dedicated:cpu-seconds", seconds(dedicated)),
            ("/cpu/classes/gc/mark/idle:cpu-seconds", seconds(idle)),
            ("/cpu/classes/gc/pause:cpu-seconds", seconds(pauses.nanos())),
            (
                "/cpu/classes/gc/total:cpu-seconds",
                seconds(assist + dedicated + idle + pauses.nanos()),
            ),
            ("/cpu/classes/scavenge/assist:cpu-seconds", seconds(0)),
            ("/cpu/classes/scavenge/background:cpu-seconds", seconds(releasing)),
            ("/cpu/classes/scavenge/total:cpu-seconds", seconds(releasing)),
            ("/gc/cleanups/executed:cleanups", count(cleaned)),
            ("/gc/cleanups/queued:cleanups", count(cleanups)),
            ("/gc/cycles/automatic:gc-cycles", count(cycles - forced.min(cycles))),
            ("/gc/cycles/forced:gc-cycles", count(forced)),
            ("/gc/cycles/total:gc-cycles", count(cycles)),
            ("/gc/finalizers/executed:finalizers", count(finalized)),
            ("/gc/finalizers/queued:finalizers", count(finalizers)),
            ("/gc/gogc:percent", count(targets.gc_percent.map_or(u64::MAX, u64::from))),
            (
                "/gc/gomemlimit:bytes",
                count(targets.memory_limit.map_or(i64::MAX as u64, |limit| limit as u64)),
            ),
            ("/gc/heap/allocs-by-size:bytes", Metric::Histogram(Histogram::by_size(&flow.allocs))),
            ("/gc/heap/allocs:bytes", count(flow.alloc_bytes)),
            ("/gc/heap/allocs:objects", count(allocs)),
            ("/gc/heap/frees-by-size:bytes", Metric::Histogram(Histogram::by_size(&flow.frees))),
            ("/gc/heap/frees:bytes", count(flow.free_bytes)),
            ("/gc/heap/frees:objects", count(frees)),
            ("/gc/heap/goal:bytes", bytes(heap.goal.load(Ordering::Relaxed))),
            ("/gc/heap/live:bytes", count(load(&c.live_bytes))),
            ("/gc/heap/objects:objects", count(allocs - frees.min(allocs))),
            ("/gc/heap/tiny/allocs:objects", count(0)),
            ("/gc/limiter/last-enabled:gc-cycle", count(load(&c.limited_in))),
            ("/gc/pauses:seconds", Metric::Histogram(pauses.seconds())),
            ("/gc/scan/globals:bytes", count(globals)),
            ("/gc/scan/heap:bytes", count(scanned)),
            ("/gc/scan/stack:bytes", count(stack)),
            ("/gc/scan/total:bytes", count(globals + scanned + stack)),
            ("/memory/classes/heap/free:bytes", bytes(classes.free)),
            ("/memory/classes/heap/objects:bytes", bytes(classes.objects)),
            ("/memory/classes/heap/released:bytes", bytes(classes.released)),
            ("/memory/classes/heap/unused:bytes", bytes(classes.unused)),
            ("/memory/classes/metadata/mcache/free:bytes", count(0)),
            ("/memory/classes/metadata/mcache/inuse:bytes", bytes(classes.mutators)),
            ("/memory/classes/metadata/mspan/free:bytes", count(0)),
            ("/memory/classes/metadata/mspan/inuse:bytes", bytes(classes.spans)),
            ("/memory/classes/metadata/other:bytes", bytes(classes.tables)),
            ("/memory/classes/profiling/buckets:bytes", bytes(classes.profile)),
            ("/memory/classes/total:bytes", bytes(classes.total())),
        ]
    }
}
