//! What a heap tells about itself: totals, one record per cycle, and how long mutators were held.

use crate::{
    heap::Shared,
    mark::Work,
    space::sizes::CLASSES,
    sync::{AtomicU64, Ordering, lock},
};
use std::{fmt, time::Duration};

/// Nanoseconds of a clock that does not go back.
#[inline]
pub(crate) fn now() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds of processor time the calling thread has used.
pub(crate) fn thread_cpu() -> u64 {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

#[inline]
fn clock(id: libc::clockid_t) -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec to a valid place.
    unsafe { libc::clock_gettime(id, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Counters that many threads add to.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) assist_nanos: AtomicU64,
    pub(crate) assisted_bytes: AtomicU64,
    pub(crate) background_nanos: AtomicU64,
    pub(crate) collector_nanos: AtomicU64,
    pub(crate) marked_objects: AtomicU64,
    pub(crate) marked_bytes: AtomicU64,
    pub(crate) scanned_bytes: AtomicU64,
    pub(crate) stack_bytes: AtomicU64,
    pub(crate) large_objects: AtomicU64,
    pub(crate) large_bytes: AtomicU64,
    pub(crate) live_objects: AtomicU64,
    pub(crate) live_bytes: AtomicU64,
    pub(crate) live_large: AtomicU64,
    pub(crate) span_bytes: AtomicU64,
    pub(crate) released_bytes: AtomicU64,
    pub(crate) cycles: AtomicU64,
    pub(crate) forced: AtomicU64,
    /// Objects alive of each size class after the last sweep.
    pub(crate) live_by_class: [AtomicU64; CLASSES],
    /// Totals of allocation at the last flip, in objects and bytes.
    pub(crate) allocs_at_flip: AtomicU64,
    pub(crate) alloc_bytes_at_flip: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            assist_nanos: zero(),
            assisted_bytes: zero(),
            background_nanos: zero(),
            collector_nanos: zero(),
            marked_objects: zero(),
            marked_bytes: zero(),
            scanned_bytes: zero(),
            stack_bytes: zero(),
            large_objects: zero(),
            large_bytes: zero(),
            live_objects: zero(),
            live_bytes: zero(),
            live_large: zero(),
            span_bytes: zero(),
            released_bytes: zero(),
            cycles: zero(),
            forced: zero(),
            live_by_class: std::array::from_fn(|_| zero()),
            allocs_at_flip: zero(),
            alloc_bytes_at_flip: zero(),
        }
    }

    pub(crate) fn add_work(&self, work: Work) {
        // Relaxed: sums that are read after the phase has closed.
        self.marked_objects.fetch_add(work.objects as u64, Ordering::Relaxed);
        self.marked_bytes.fetch_add(work.bytes as u64, Ordering::Relaxed);
        self.scanned_bytes.fetch_add(work.scanned as u64, Ordering::Relaxed);
    }
}

/// The longest times one mutator was held by the heap, written by itself.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    handshake: AtomicU64,
    assist: AtomicU64,
    alloc: AtomicU64,
    preempted: AtomicU64,
}

/// The longest times a mutator was held by the heap, in nanoseconds. What the kernel took the processor away for
/// during a handshake or an assist is left out of those and reported apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldTimes {
    /// The longest answer to a handshake, with the scan of the mutator's own stack.
    pub handshake: u64,
    /// The longest assist.
    pub assist: u64,
    /// The longest refill of an allocation cursor.
    pub alloc: u64,
    /// The longest time without the processor in one of these.
    pub preempted: u64,
}

impl Holds {
    pub(crate) fn handshake(&self, start: u64, cpu: u64) {
        self.hold(&self.handshake, start, cpu);
    }

    pub(crate) fn assist(&self, start: u64, cpu: u64) {
        self.hold(&self.assist, start, cpu);
    }

    pub(crate) fn alloc(&self, start: u64) {
        raise(&self.alloc, now() - start);
    }

    fn hold(&self, longest: &AtomicU64, start: u64, cpu: u64) {
        let (wall, cpu) = (now() - start, thread_cpu() - cpu);
        raise(longest, wall.min(cpu));
        raise(&self.preempted, wall.saturating_sub(cpu));
    }

    pub(crate) fn read(&self) -> HoldTimes {
        HoldTimes {
            handshake: self.handshake.load(Ordering::Relaxed),
            assist: self.assist.load(Ordering::Relaxed),
            alloc: self.alloc.load(Ordering::Relaxed),
            preempted: self.preempted.load(Ordering::Relaxed),
        }
    }
}

/// Raises a maximum that one thread writes.
fn raise(longest: &AtomicU64, nanos: u64) {
    if nanos > longest.load(Ordering::Relaxed) {
        longest.store(nanos, Ordering::Relaxed);
    }
}

/// What a heap holds and has done. Sizes in bytes.
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
    /// The longest holds of the mutators attached now.
    pub holds: HoldTimes,
}

pub(crate) fn read(shared: &Shared) -> HeapStats {
    let c = &shared.counters;
    let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
    let pages = shared.space.page_bytes();
    let (allocs, total_alloc_bytes) = allocation_totals(shared);
    let mutators = lock(&shared.registry).mutators.clone();
    let mut holds = HoldTimes::default();
    for m in &mutators {
        let own = m.holds.read();
        holds.handshake = holds.handshake.max(own.handshake);
        holds.assist = holds.assist.max(own.assist);
        holds.alloc = holds.alloc.max(own.alloc);
        holds.preempted = holds.preempted.max(own.preempted);
    }
    HeapStats {
        heap_bytes: shared.heap_bytes(),
        live_objects: load(&c.live_objects),
        live_bytes: load(&c.live_bytes),
        total_alloc_bytes,
        allocs,
        frees: load(&c.allocs_at_flip).saturating_sub(load(&c.live_objects)),
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

/// Objects and bytes allocated so far.
pub(crate) fn allocation_totals(shared: &Shared) -> (u64, u64) {
    let registry = lock(&shared.registry);
    let (mut objects, mut bytes) = (
        shared.counters.large_objects.load(Ordering::Relaxed),
        shared.counters.large_bytes.load(Ordering::Relaxed),
    );
    for kind in 2..shared.space.kinds.len() {
        let own = |m: &std::sync::Arc<crate::mutator::MutatorState>| {
            m.bytes[kind].load(Ordering::Relaxed)
        };
        let sum = registry.departed[kind] + registry.mutators.iter().map(own).sum::<u64>();
        objects += sum / u64::from(shared.space.kinds.get(kind as u16).size);
        bytes += sum;
    }
    (objects, bytes)
}

/// Why a cycle ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The heap reached its trigger.
    Allocation,
    /// A client asked for it.
    Forced,
    /// The program was idle, or no cycle had run for two minutes.
    Idle,
}

/// The record of one cycle. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CycleRecord {
    /// Its number, from 1.
    pub number: u64,
    /// Why it ran.
    pub reason: Reason,
    /// When it began, since the heap was made.
    pub start: Duration,
    /// From the first handshake until every mutator allocates black with the barrier on.
    pub prepare: Duration,
    /// Scanning roots and stacks.
    pub roots: Duration,
    /// Marking, with the closing rounds.
    pub mark: Duration,
    /// Closing rounds; more than one if mutators kept finding white objects.
    pub rounds: u32,
    /// From CLOSED until the flip: finalizers, weak references.
    pub dead: Duration,
    /// The flip: until every mutator sweeps and the barrier is off.
    pub flip: Duration,
    /// The background sweep.
    pub sweep: Duration,
    /// The longest that any mutator took to answer a handshake, and that mutator's number.
    pub slowest_answer: (Duration, u32),
    /// Heap size when it began.
    pub heap_at_start: usize,
    /// Heap size when marking had ended.
    pub heap_at_end: usize,
    /// Live bytes it found.
    pub live: usize,
    /// The goal it was to end below.
    pub goal: usize,
    /// Bytes of stacks scanned.
    pub stacks: usize,
    /// Bytes of other roots scanned.
    pub globals: usize,
    /// Objects marked.
    pub objects_marked: u64,
    /// Bytes scanned.
    pub scanned: u64,
    /// Time mutators spent on assists.
    pub assist: Duration,
    /// Processor time of background marking.
    pub background: Duration,
    /// Processor time of the collector's thread.
    pub collector: Duration,
    /// Mutators attached when it ended.
    pub mutators: usize,
    /// Processors the process may use.
    pub processors: usize,
    /// All processor time of collecting since the heap was made, in percent of all that passed on all processors.
    pub total_percent: u32,
}

impl fmt::Display for CycleRecord {
    /// Go's `gctrace` line. The three clock figures are the preparation, the concurrent mark with roots, and the closing;
    /// nobody is stopped in any of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let mib = |b: usize| b.div_ceil(1 << 20);
        write!(
            f,
            "gc {} @{:.3}s {}%: {:.3}+{:.2}+{:.3} ms clock, {:.3}+{:.2}/{:.2}/{:.2}+{:.3} ms cpu, {}->{}->{} MB, {} MB goal, {} MB stacks, {} MB globals, {} P{}",
            self.number,
            self.start.as_secs_f64(),
            self.total_percent,
            ms(self.prepare),
            ms(self.roots + self.mark),
            ms(self.dead + self.flip),
            ms(self.prepare),
            ms(self.assist),
            ms(self.collector),
            ms(self.background),
            ms(self.dead + self.flip),
            mib(self.heap_at_start),
            mib(self.heap_at_end),
            mib(self.live),
            if self.goal == usize::MAX { 0 } else { mib(self.goal) },
            mib(self.stacks),
            mib(self.globals),
            self.processors,
            if self.reason == Reason::Forced { " (forced)" } else { "" }
        )
    }
}

/// Is told of every cycle.
pub trait Observer: Send + Sync + fmt::Debug {
    /// A cycle begins. Pools empty themselves here. Called on the collector's thread before the barrier is on; it
    /// must not wait for a mutator.
    fn cycle_begins(&self, _number: u64) {}

    /// A cycle has ended and been swept. Called on the collector's thread.
    fn cycle_ended(&self, _record: &CycleRecord) {}
}
