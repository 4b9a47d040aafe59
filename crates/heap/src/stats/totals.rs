//! Totals: what a heap holds and has done since it was made.

use super::{HoldTimes, TimeHistogram};
use crate::{
    heap::Shared,
    space::sizes::{self, CLASSES},
    sync::{AtomicU64, Ordering, lock},
};
use std::time::Duration;

/// What a heap holds and has done ([`Heap::stats`](crate::Heap::stats)). Sizes in bytes. The figures are read one after the
/// other while mutators run, so sums of them may be a little off; what a cycle found is as of the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// Live objects and garbage not yet collected, to within a chunk per mutator (Go's `HeapAlloc`).
    pub heap_bytes: usize,
    /// Objects that the last cycle found alive.
    pub live_objects: u64,
    /// Their bytes (Go's `/gc/heap/live:bytes`).
    pub live_bytes: u64,
    /// All that was ever allocated (Go's `TotalAlloc`), to within a chunk per mutator.
    pub total_alloc_bytes: u64,
    /// Objects ever allocated (Go's `Mallocs`).
    pub allocs: u64,
    /// Objects ever freed (Go's `Frees`), as of the last sweep.
    pub frees: u64,
    /// Heap bytes that the next cycle is to end below (Go's `NextGC`); `usize::MAX` if none is due.
    pub goal: usize,
    /// Heap bytes at which the next cycle starts.
    pub trigger: usize,
    /// What memory is used for.
    pub classes: MemoryClasses,
    /// Memory the heap has grown to (Go's `HeapSys`).
    pub committed: usize,
    /// Free pages (part of Go's `HeapIdle`).
    pub idle: usize,
    /// Free pages that have not been given back to the operating system.
    pub idle_resident: usize,
    /// Bytes given back to the operating system, ever.
    pub released: u64,
    /// Bytes of memory outside that the client reported.
    pub external: usize,
    /// Cycles run.
    pub cycles: u64,
    /// Cycles that a client asked for.
    pub forced_cycles: u64,
    /// Processor time of background marking.
    pub background_cpu: Duration,
    /// Time mutators spent on assists.
    pub assist_cpu: Duration,
    /// Processor time of the collector's thread: handshakes, roots, sweeping.
    pub collector_cpu: Duration,
    /// Mutators attached now.
    pub mutators: usize,
    /// Finalizers that wait to be run.
    pub finalizers_queued: usize,
    /// The longest holds of the mutators attached now, and the sums of theirs.
    pub holds: HoldTimes,
}

pub(crate) fn read(shared: &Shared) -> HeapStats {
    let c = &shared.counters;
    let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
    let pages = shared.space.page_bytes();
    let flow = Flow::read(shared);
    let mutators = lock(&shared.registry).roster.members.clone();
    let mut holds = HoldTimes::default();
    for m in &mutators {
        holds.merge(&m.holds.read());
    }
    HeapStats {
        heap_bytes: shared.heap_bytes(),
        live_objects: load(&c.live_objects),
        live_bytes: load(&c.live_bytes),
        total_alloc_bytes: flow.alloc_bytes,
        allocs: flow.allocs.iter().sum(),
        frees: flow.frees.iter().sum(),
        classes: MemoryClasses::read(shared, &flow),
        goal: shared.goal.load(Ordering::Relaxed),
        trigger: shared.trigger.load(Ordering::Relaxed),
        committed: pages.committed,
        idle: pages.free,
        idle_resident: pages.free_resident,
        released: load(&c.released_bytes),
        external: shared.external.load(Ordering::Relaxed),
        cycles: load(&c.cycles),
        forced_cycles: load(&c.forced),
        background_cpu: Duration::from_nanos(load(&c.background_nanos)),
        assist_cpu: Duration::from_nanos(load(&c.assist_nanos)),
        collector_cpu: Duration::from_nanos(load(&c.collector_nanos)),
        mutators: mutators.len(),
        finalizers_queued: shared.specials.queued(),
        holds,
    }
}

/// Objects and bytes that mutators have allocated and sweeps have freed. The class past the last one is that of large objects.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) allocs: [u64; CLASSES + 1],
    pub(super) frees: [u64; CLASSES + 1],
    pub(super) alloc_bytes: u64,
    pub(super) free_bytes: u64,
}

impl Flow {
    pub(super) fn read(shared: &Shared) -> Self {
        let c = &shared.counters;
        let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
        // Frees are read first: so none is seen without its allocation.
        let mut frees = [0; CLASSES + 1];
        for (frees, freed) in frees.iter_mut().zip(c.freed_by_class.iter().chain([&c.freed_large]))
        {
            *frees = load(freed);
        }
        let small = |n: &[u64; CLASSES + 1]| -> u64 {
            (0..CLASSES).map(|class| n[class] * sizes::size_of_class(class) as u64).sum()
        };
        let free_bytes = small(&frees) + load(&c.freed_large_bytes);
        let mut allocs = [0; CLASSES + 1];
        allocs[CLASSES] = load(&c.large_objects);
        let registry = lock(&shared.registry);
        for kind in 2..shared.space.kinds.len() {
            let attached =
                registry.roster.members.iter().map(|m| load(&m.bytes[kind])).sum::<u64>();
            let size = u64::from(shared.space.kinds.get(kind as u16).size);
            let class = sizes::class_of(size as usize).expect("kinds are of size classes");
            allocs[class] += (registry.departed[kind] + attached) / size;
        }
        let alloc_bytes = small(&allocs) + load(&c.large_bytes);
        Self { allocs, frees, alloc_bytes, free_bytes }
    }
}

/// How the memory of a heap is spent, in bytes; Go's `/memory/classes`. Every byte is in one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryClasses {
    /// Objects that have not been freed.
    pub objects: usize,
    /// The rest of the spans that they lie in.
    pub unused: usize,
    /// Free pages that cost memory.
    pub free: usize,
    /// Free pages that cost none: given back, or never used.
    pub released: usize,
    /// The mutators' states: cursors, barrier buffers, markers.
    pub mutators: usize,
    /// Tables that lead from an address to its span.
    pub spans: usize,
    /// Mark and allocation bits, layouts, packets of grey objects, root handles.
    pub tables: usize,
    /// The allocation profile.
    pub profile: usize,
}

impl MemoryClasses {
    pub(super) fn read(shared: &Shared, flow: &Flow) -> Self {
        let pages = shared.space.page_bytes();
        let in_use = pages.committed - pages.free;
        let objects = (flow.alloc_bytes.saturating_sub(flow.free_bytes) as usize).min(in_use);
        let (spans, maps) = shared.space.table_bytes();
        let tables = maps + shared.layouts.memory() + shared.pool.memory() + shared.roots.memory();
        Self {
            objects,
            unused: in_use - objects,
            free: pages.free_resident,
            released: pages.free - pages.free_resident,
            mutators: lock(&shared.registry).roster.members.len() * crate::mutator::STATE_BYTES,
            spans,
            tables,
            profile: shared.profile.memory(),
        }
    }

    /// Memory that the heap takes beside its pages.
    pub(crate) fn beside_pages(shared: &Shared) -> usize {
        let classes = Self::read(shared, &Flow::read(shared));
        classes.total() - classes.heap()
    }

    /// Everything (Go's `/memory/classes/total:bytes`, and `Sys`).
    pub fn total(&self) -> usize {
        self.heap() + self.mutators + self.spans + self.tables + self.profile
    }

    /// The part that is pages for objects (Go's `HeapSys`).
    pub fn heap(&self) -> usize {
        self.objects + self.unused + self.free + self.released
    }
}

/// The answers to handshakes of all mutators, also of those that have left.
pub(super) fn pauses(shared: &Shared) -> TimeHistogram {
    let sum = TimeHistogram::new();
    let registry = lock(&shared.registry);
    sum.merge(&registry.departed_pauses);
    registry.roster.members.iter().for_each(|m| sum.merge(m.holds.pauses()));
    sum
}

/// The sum of their times, in nanoseconds.
pub(crate) fn paused_nanos(shared: &Shared) -> u64 {
    let registry = lock(&shared.registry);
    let attached = registry.roster.members.iter().map(|m| m.holds.pauses().nanos()).sum::<u64>();
    registry.departed_pauses.nanos() + attached
}
