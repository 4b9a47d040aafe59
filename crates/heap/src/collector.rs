//! The collector's threads: one that drives cycles, and markers that run when a processor is idle.
//!
//! The driver sleeps until a mutator crosses the trigger, a client asks, or the program has been idle; it
//! then runs one [`cycle`] at a time and gives memory back afterwards. It takes part in marking only
//! when the markers, which run at the lowest priority, got less than the background's share.

mod class;
pub(crate) mod control;
mod cycle;
mod foresight;
mod handshake;
mod hunt;
mod loan;
mod markers;
mod release;
mod verify;
mod warm;

pub(crate) use control::{Action, Control};
pub(crate) use hunt::{Hunt, Hunted};
pub(crate) use loan::Moment;

use crate::{
    heap::Shared,
    pace::{Limiter, Pacer},
    stats::{MemoryClasses, Reason, now, thread_cpu},
    sync::{Ordering, lock},
};
use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// A cycle is forced after this long without one, as in Go.
const FORCE_AFTER: Duration = Duration::from_secs(120);
/// How long a program must not have allocated for its first idle cycle.
const IDLE_AFTER: Duration = Duration::from_secs(1);
/// Bytes that an idle program may allocate meanwhile.
const IDLE_BYTES: usize = 256 << 10;
/// The pause between looks at whether a rest must be cut short.
const LOOK: Duration = Duration::from_millis(1);
/// A trigger that is nearer than this counts as reached.
const NEAR: usize = 64 << 10;
/// Idle cycles take at most one part in this many of a processor.
const IDLE_COST: u32 = 4000;

/// The threads of a heap. Dropping it ends and joins them.
#[derive(Debug)]
pub(crate) struct Threads {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(shared: &Arc<Shared>) -> Self {
        let mut handles = Vec::new();
        for i in 0..shared.config.markers.max(1) {
            let shared = Arc::clone(shared);
            let spawned = thread::Builder::new()
                .name(format!("trigo-mark-{i}"))
                .spawn(move || or_abort(|| markers::run(&shared)));
            handles.push(spawned.expect("the system has room for a thread"));
        }
        shared.control.set_markers(handles.iter().map(|h| h.thread().clone()).collect());
        let driver = Arc::clone(shared);
        let spawned = thread::Builder::new()
            .name("trigo-gc".into())
            .spawn(move || or_abort(|| Driver::new(driver).run()));
        let handle = spawned.expect("the system has room for a thread");
        shared.control.set_collector(handle.thread().clone());
        handles.push(handle);
        Self { shared: Arc::clone(shared), handles }
    }
}

/// Runs a thread of the heap. If it panics, which code of the client's on it can, the process ends: a cycle would never
/// get on.
fn or_abort(run: impl FnOnce()) {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            if thread::panicking() {
                eprintln!(
                    "trigo-heap: {} panicked, in an observer, a root source or a trace function; no cycle could end any more, aborting",
                    thread::current().name().unwrap_or("a thread of the heap")
                );
                std::process::abort();
            }
        }
    }
    let _abort = Abort;
    run();
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.control.shut_down();
        for handle in self.handles.drain(..) {
            // The last handle may be dropped by an observer, on the driver itself.
            if handle.thread().id() != thread::current().id() {
                handle.join().expect("a thread of the heap that panics ends the process");
            }
        }
        self.shared.drop_callbacks();
    }
}

/// The driver's own state.
struct Driver {
    heap: Arc<Shared>,
    pacer: Pacer,
    limiter: Limiter,
    marker: crate::mark::Marker,
    cycle: u32,
    idle: Idle,
    recent_needs: release::RecentNeeds,
    foresight: foresight::Foresight,
    page_use: warm::PageUse,
    /// The offset in the range up to which tables were mapped ahead.
    tables_to: usize,
    /// Memory was given back, and the tables that serve it were not, or not all.
    tables_kept: bool,
    /// When memory may be given back again, by the process's clock.
    next_release: u64,
    /// Nanoseconds, by the process's clock, at which the last cycle ended.
    last_end: u64,
    /// Under a memory limit that leaves too little room: when the next cycle may start for the heap's size, by the process's clock. Cycles then take at
    /// most half of the time, unless the heap doubles meanwhile.
    rest_until: u64,
    /// Bytes of the heap's tables, as of the last plan.
    beside_pages: usize,
    /// Processor nanoseconds the limiter has seen, of collecting and in all.
    limited: (u64, u64),
    /// Nanoseconds of mutators' answers to handshakes, as of the last record.
    paused: u64,
}

/// When the program counts as idle, and how long until the next look.
struct Idle {
    interval: Duration,
    next: u64,
    seen: usize,
}

impl Driver {
    fn new(heap: Arc<Shared>) -> Self {
        let pacer = Pacer::new(*lock(&heap.targets));
        let idle = Idle { interval: IDLE_AFTER, next: now() + nanos(IDLE_AFTER), seen: 0 };
        let marker = crate::mark::Marker::new();
        let limiter = Limiter::default();
        let recent_needs = release::RecentNeeds::default();
        let last_end = now();
        let limited = (0, last_end);
        Self {
            heap,
            pacer,
            limiter,
            marker,
            cycle: 0,
            idle,
            recent_needs,
            foresight: foresight::Foresight::default(),
            page_use: warm::PageUse::default(),
            tables_to: 0,
            tables_kept: false,
            next_release: 0,
            last_end,
            limited,
            rest_until: 0,
            beside_pages: 0,
            paused: 0,
        }
    }

    fn run(&mut self) {
        class::take_short_turns();
        while !self.heap.control.is_shut_down() {
            if self.heap.control.take_retarget() {
                self.replan();
            }
            self.lend(Moment::Idle, 0);
            if let Some(request) = self.heap.control.release_is_due() {
                self.release_all();
                self.heap.control.finish_release(request);
            }
            match self.due() {
                Some(reason) => self.run_cycle(reason),
                None => {
                    self.note_needs();
                    let released = self.release_some();
                    let nap = self.nap(released);
                    let before = thread_cpu();
                    self.heap.control.rest(nap);
                    let spent = thread_cpu() - before;
                    self.heap.counters.collector_nanos.fetch_add(spent, Ordering::Relaxed);
                }
            }
        }
        self.heap.control.finish_waiters();
    }

    /// Why a cycle is due now, if one is.
    fn due(&mut self) -> Option<Reason> {
        let heap = &self.heap;
        if heap.control.forced_is_due() {
            return Some(Reason::Forced);
        }
        let time = now();
        let rested = time >= self.rest_until || heap.heap_bytes() >= self.pacer.twice();
        let near = self.foresight.look(heap, time);
        if rested && (heap.control.take_trigger() || near) && self.has_reached_trigger(near) {
            return Some(Reason::Allocation);
        }
        let heap = &self.heap;
        if time < self.idle.next || lock(&heap.targets).gc_percent.is_none() {
            return None;
        }
        let allocated = heap.allocated.load(Ordering::Relaxed);
        let active = allocated.abs_diff(self.idle.seen) > IDLE_BYTES || heap.roots.any_dropped();
        let quiet_since_look = allocated.abs_diff(self.idle.seen) <= IDLE_BYTES;
        self.idle.seen = allocated;
        if active {
            self.idle.interval = IDLE_AFTER;
        }
        self.idle.next = time + nanos(self.idle.interval);
        let overdue = time - self.last_end > nanos(FORCE_AFTER) && allocated > 0;
        let worth = heap.config.idle_cycles
            && quiet_since_look
            && heap.heap_bytes() >= heap.config.min_heap;
        (overdue || worth).then_some(Reason::Idle)
    }

    /// Whether the heap is as large as it may become before a cycle, or is `foreseen` to be so in a moment. Under a memory limit
    /// that is planned anew: free slots of spans counted against the limit have been filled since the last plan, without the
    /// heap's taking more memory.
    fn has_reached_trigger(&mut self, foreseen: bool) -> bool {
        if self.pacer.targets.memory_limit.is_some() {
            self.replan();
        }
        foresight::left(&self.heap) <= NEAR || (foreseen && self.foresight.is_near(&self.heap))
    }

    fn run_cycle(&mut self, reason: Reason) {
        let (began, before) = (now(), thread_cpu());
        cycle::run(self, reason);
        let cost = Duration::from_nanos(thread_cpu() - before) + self.pacer_cost();
        self.last_end = now();
        self.foresight.begin(&self.heap, self.last_end);
        if !self.pacer.can_hold_limit() {
            self.rest_until = self.last_end + (self.last_end - began);
        }
        self.idle.seen = self.heap.allocated.load(Ordering::Relaxed);
        self.idle.interval = match reason {
            Reason::Idle => {
                (self.idle.interval * 2).clamp(cost * IDLE_COST, FORCE_AFTER.max(cost * IDLE_COST))
            }
            _ => IDLE_AFTER,
        };
        self.idle.next = self.last_end + nanos(self.idle.interval);
    }

    /// Processor time the last cycle's background marking took.
    fn pacer_cost(&self) -> Duration {
        Duration::from_nanos(self.pacer.scanned as u64)
    }

    fn replan(&mut self) {
        self.pacer.targets = *lock(&self.heap.targets);
        let pages = self.heap.space.page_bytes();
        let used = pages.committed - pages.free;
        self.beside_pages = MemoryClasses::beside_pages(&self.heap);
        self.pacer.beside.overhead =
            used.saturating_sub(self.heap.heap_bytes()) + self.beside_pages;
        self.pacer.beside.resident = used + pages.free_resident;
        self.pacer.beside.external = self.heap.external.load(Ordering::Relaxed);
        self.heap.set_plan(self.pacer.plan());
        if self.heap.heap_bytes() >= self.heap.trigger.load(Ordering::Relaxed) {
            self.heap.control.trigger();
        }
    }

    /// Fills the reserves, and says how long to sleep then: at most until they or the trigger are to be looked at.
    fn nap(&mut self, released: bool) -> Duration {
        let looks = [self.warm_up(warm::PART), self.foresight.nap(&self.heap)];
        looks.into_iter().flatten().fold(self.longest_nap(released), Duration::min)
    }

    /// How long to sleep, if nobody allocates: shortly while there is memory to give back, else until the next look at idleness.
    fn longest_nap(&self, released: bool) -> Duration {
        if released {
            return release::TICK;
        }
        if self.heap.control.is_triggered() {
            // A cycle is due once the rest is over, or the heap too large, and nobody will say so again.
            return Duration::from_nanos(self.rest_until.saturating_sub(now())).min(LOOK);
        }
        if self.near_limit() {
            return release::TICK;
        }
        let longest = if self.will_release() { release::WAIT } else { FORCE_AFTER };
        if self.pacer.targets.gc_percent.is_none() {
            // There is no look at idleness.
            return longest;
        }
        let idle = Duration::from_nanos(self.idle.next.saturating_sub(now())).max(release::TICK);
        idle.min(longest)
    }
}

fn nanos(d: Duration) -> u64 {
    d.as_nanos() as u64
}
