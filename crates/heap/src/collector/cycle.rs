//! One cycle: idle → barrier on → allocate black → roots → mark → close → the dead → flip → sweep → idle.
//!
//! Every arrow up to the flip is a handshake that all mutators have answered before the next begins.
//! Barrier-on and allocate-black are two: an object that is born black is not scanned, so before the first one
//! exists, everybody must be recording what is stored into it.

use super::{Driver, control::Action, hunt::Hunt, loan::Moment, warm};
use crate::{
    mark::STRIDE,
    mutator::Template,
    pace,
    stats::{CycleRecord, Reason, now, paused_nanos, thread_cpu},
    sync::{AtomicU64, Ordering, lock},
};
use std::{sync::Arc, thread, time::Duration};

/// How often the driver looks at the pace while marking.
const TICK: Duration = Duration::from_micros(500);
/// The longest stretch the driver marks for.
const SLICE: u64 = 100_000;

/// Runs one whole cycle.
pub(super) fn run(driver: &mut Driver, reason: Reason) {
    let mut cycle = Cycle::begin(driver, reason);
    cycle.prepare();
    cycle.scan_roots();
    cycle.mark();
    cycle.process_dead();
    cycle.flip();
    cycle.sweep();
    cycle.end();
}

struct Cycle<'d> {
    driver: &'d mut Driver,
    record: CycleRecord,
    /// When the phase under way began.
    phase: u64,
    cpu: u64,
    before: Totals,
    /// Bytes allocated since the last flip and before all mutators allocated black.
    allocated_white: usize,
    last_tick: Tick,
    /// Stacks that may be leaked, in a leak cycle.
    hunt: Option<Hunt>,
}

/// Running totals, to take differences of.
#[derive(Clone, Copy)]
struct Totals {
    objects: u64,
    bytes: u64,
    scanned: u64,
    assist: u64,
    background: u64,
}

struct Tick {
    at: u64,
    credit: u64,
}

impl<'d> Cycle<'d> {
    fn begin(driver: &'d mut Driver, reason: Reason) -> Self {
        let heap = Arc::clone(&driver.heap);
        let number = heap.control.start_cycle();
        let observers = lock(&heap.observers).clone();
        observers.iter().for_each(|o| o.cycle_begins(number));
        heap.roots.forget_dropped();
        heap.pool.closing().reset();
        heap.prepare_packets();
        heap.counters.stack_bytes.store(0, Ordering::Relaxed);
        heap.credit.store(0, Ordering::Relaxed);
        driver.cycle = driver.cycle.wrapping_add(1).max(1);
        let before = Totals::read(driver);
        let record = CycleRecord {
            number,
            reason,
            start: heap.born.elapsed(),
            prepare: Duration::ZERO,
            roots: Duration::ZERO,
            mark: Duration::ZERO,
            rounds: 0,
            dead: Duration::ZERO,
            flip: Duration::ZERO,
            sweep: Duration::ZERO,
            slowest_answer: (Duration::ZERO, 0),
            paused: Duration::ZERO,
            heap_at_start: heap.heap_bytes(),
            heap_at_end: 0,
            live: 0,
            goal: heap.goal.load(Ordering::Relaxed),
            stacks: 0,
            globals: 0,
            objects_marked: 0,
            scanned: 0,
            assist: Duration::ZERO,
            background: Duration::ZERO,
            collector: Duration::ZERO,
            mutators: 0,
            processors: heap.processors,
            total_percent: 0,
        };
        // A heap that has outgrown its goal, because that was lowered, is not to wait for all of the cycle.
        heap.bound.store(driver.pacer.bound(record.heap_at_start, record.goal), Ordering::Relaxed);
        let time = now();
        let last_tick = Tick { at: time, credit: 0 };
        Self {
            driver,
            record,
            phase: time,
            cpu: thread_cpu(),
            before,
            allocated_white: 0,
            last_tick,
            hunt: heap.control.take_hunt(number),
        }
    }

    fn prepare(&mut self) {
        let cycle = self.driver.cycle;
        self.handshake(Action::BarrierOn { cycle }, |t| {
            (t.cycle, t.marking, t.scanned) = (cycle, true, false);
        });
        self.handshake(Action::AllocateBlack, |t| t.black = true);
        self.allocated_white = self.driver.heap.allocated.load(Ordering::Relaxed);
        self.record.prepare = self.lap();
    }

    fn scan_roots(&mut self) {
        let heap = Arc::clone(&self.driver.heap);
        self.set_assist_ratio();
        heap.control.set_marking(self.driver.cycle);
        self.handshake(Action::Scan, |t| t.scanned = true);
        let excluded = self.hunt.as_ref().map(Hunt::excluded).unwrap_or_default();
        self.record.globals = heap.roots.scan(&heap, &excluded);
        heap.specials.scan(&heap);
        let parked = heap.roots.stacks.scan(&heap, self.driver.cycle, &excluded);
        self.record.stacks = parked + heap.counters.stack_bytes.load(Ordering::Relaxed) as usize;
        self.record.roots = self.lap();
    }

    /// Marks until a closing round succeeds.
    fn mark(&mut self) {
        let heap = Arc::clone(&self.driver.heap);
        loop {
            if heap.pool.is_quiet() {
                heap.prepare_packets();
                if self.closing_round() {
                    break;
                }
                heap.specials.gate.count_spoiled(!heap.control.take_barrier_spoils());
                continue;
            }
            self.tick();
            if !heap.pool.is_quiet() {
                thread::park_timeout(TICK);
            }
        }
        heap.specials.gate.open();
        heap.control.set_marking(0);
        heap.assist_ratio.store(0, Ordering::Relaxed);
        self.record.mark = self.lap();
    }

    /// One closing round: see [`crate::protocol::closing`] for its order.
    fn closing_round(&mut self) -> bool {
        let heap = Arc::clone(&self.driver.heap);
        self.record.rounds += 1;
        heap.control.take_barrier_spoils();
        heap.pool.closing_round(|| {
            self.handshake(Action::Visit, |_| {});
            if heap.pool.is_empty() && heap.pool.closing().is_at_rest() && self.hunt_goes_on() {
                // Not yet: whoever resumed a suspect meanwhile is scanning it, and done by the next visit.
                heap.pool.closing().dirty();
            }
        })
    }

    /// Marking is at rest: in a leak cycle, whether there was something left out of the roots, which has now been scanned.
    fn hunt_goes_on(&mut self) -> bool {
        let cycle = self.driver.cycle;
        self.hunt.as_mut().is_some_and(|hunt| hunt.go_on(&self.driver.heap, cycle))
    }

    /// Adjusts the assists to the pace, and marks here if the background got less than its share.
    fn tick(&mut self) {
        self.set_assist_ratio();
        self.driver.warm_up(warm::MARKING_PART);
        let heap = Arc::clone(&self.driver.heap);
        heap.prepare_packets();
        let time = now();
        let elapsed = (time - self.last_tick.at) as f64;
        let processors = heap.processors as f64;
        let done = heap.counters.scanned_bytes.load(Ordering::Relaxed)
            + heap.credit.load(Ordering::Relaxed);
        let progress = done.wrapping_sub(self.last_tick.credit) as f64;
        // Half a byte a nanosecond is what marking does when every object misses the cache.
        let share = 0.5 * elapsed * pace::BACKGROUND_SHARE * processors;
        if progress < share && !heap.pool.is_empty() {
            let cpu = thread_cpu();
            self.driver.marker.run(&heap, STRIDE, |_| now() >= time + SLICE);
            let work = self.driver.marker.take_work();
            heap.credit.fetch_add(work.scanned as u64, Ordering::Relaxed);
            heap.counters.add_work(work);
            let spent = thread_cpu() - cpu;
            heap.counters.background_nanos.fetch_add(spent, Ordering::Relaxed);
            // Not also the collector's own.
            self.cpu += spent;
        }
        self.last_tick = Tick { at: time, credit: done };
    }

    fn set_assist_ratio(&mut self) {
        let heap = &self.driver.heap;
        let totals = Totals::read(self.driver);
        let done = (totals.scanned - self.before.scanned) as usize;
        let ratio = self.driver.pacer.assist_ratio(heap.heap_bytes(), self.record.goal, done);
        let ratio = if self.record.goal == usize::MAX || self.limiting() { 0.0 } else { ratio };
        self.driver.heap.assist_ratio.store(ratio.to_bits(), Ordering::Relaxed);
    }

    /// Whether collecting has taken more than its bound of processor time lately.
    fn limiting(&mut self) -> bool {
        let totals = Totals::read(self.driver);
        let processors = self.driver.heap.processors;
        let (collected, time) = (totals.assist + totals.background, now());
        let (last_collected, last_time) = self.driver.limited;
        let collecting = (collected - last_collected) as f64 / 1e9;
        let passed = (time - last_time) as f64 / 1e9 * processors as f64;
        self.driver.limited = (collected, time);
        self.driver.limiter.update(
            collecting,
            (passed - collecting).max(0.0),
            processors,
            self.record.number,
        )
    }

    fn process_dead(&mut self) {
        let heap = Arc::clone(&self.driver.heap);
        if heap.specials.process_dead(&heap) {
            let waiting = heap.specials.queued();
            let observers = lock(&heap.observers).clone();
            observers.iter().for_each(|o| o.finalizers_queued(waiting));
        }
        heap.profile.process_dead(&heap, self.driver.cycle);
        if heap.config.debug.verify {
            self.driver.with_all_held(|| super::verify::check(&heap));
        }
        self.driver.lend(Moment::Closed, self.record.number);
        self.record.dead = self.lap();
    }

    fn flip(&mut self) {
        let heap = Arc::clone(&self.driver.heap);
        let epoch = (heap.epoch.load(Ordering::Relaxed) + 1) & (u32::MAX >> 1);
        heap.pool.closing().all_dead_are_known();
        heap.spans.make_room(&heap.space);
        heap.spans.prepare(&heap.space, epoch);
        self.handshake(Action::Flip { epoch }, |t| {
            (t.epoch, t.marking, t.black) = (epoch, false, false);
        });
        heap.epoch.store(epoch, Ordering::Relaxed);
        heap.pool.clear();
        let totals = Totals::read(self.driver);
        let marked = (totals.bytes - self.before.bytes) as usize;
        self.record.heap_at_end = heap.heap_bytes();
        // Whoever had flipped already has added nothing to the one and something to the other meanwhile.
        let born_black = heap.born_black.swap(0, Ordering::Relaxed);
        self.record.live = marked.saturating_add(born_black);
        heap.base_live.store(self.record.live, Ordering::Relaxed);
        heap.allocated.fetch_sub(self.allocated_white, Ordering::Relaxed);
        (self.driver.pacer.marked, self.driver.pacer.born_black) = (self.record.live, born_black);
        let bound = self.driver.pacer.bound_while_sweeping();
        heap.bound.store(bound, Ordering::Relaxed);
        self.record.flip = self.lap();
    }

    /// Counts marks, files spans, frees large objects. Mutators sweep what they need meanwhile.
    fn sweep(&mut self) {
        let heap = Arc::clone(&self.driver.heap);
        let epoch = heap.epoch.load(Ordering::Relaxed);
        let (mut objects, mut bytes, mut span_bytes) = (0, 0, 0);
        heap.space.larges.retain(
            |span| span.is_dead(epoch),
            |span| {
                heap.counters.freed_large.fetch_add(1, Ordering::Relaxed);
                let bytes = span.bytes() as u64;
                heap.counters.freed_large_bytes.fetch_add(bytes, Ordering::Relaxed);
                heap.space.give_back_large(span);
            },
        );
        heap.space.larges.each(|span| {
            span.unmark();
            objects += 1;
            bytes += span.bytes();
        });
        heap.counters.live_large.store(objects, Ordering::Relaxed);
        let mut freed = [0; crate::space::sizes::CLASSES];
        for kind in 2..heap.space.kinds.len() as u16 {
            let swept = heap.spans.finish_sweep(&heap.space, kind);
            let info = heap.space.kinds.get(kind);
            objects += swept.live_slots as u64;
            bytes += swept.live_slots * info.size as usize;
            span_bytes += swept.spans * info.span_bytes();
            if let Some(class) = crate::space::sizes::class_of(info.size as usize) {
                let flipped = heap.counters.flipped[kind as usize].load(Ordering::Relaxed);
                freed[class] +=
                    (flipped / u64::from(info.size)).saturating_sub(swept.live_slots as u64);
            }
        }
        let c = &heap.counters;
        for (counter, freed) in c.freed_by_class.iter().zip(freed) {
            counter.store(freed, Ordering::Relaxed);
        }
        let set = |counter: &AtomicU64, n: u64| counter.store(n, Ordering::Relaxed);
        set(&c.live_objects, objects);
        set(&c.live_bytes, bytes as u64);
        set(&c.span_bytes, span_bytes as u64);
        self.record.sweep = self.lap();
    }

    fn end(mut self) {
        let heap = Arc::clone(&self.driver.heap);
        let totals = Totals::read(self.driver);
        let (assist, background) =
            (totals.assist - self.before.assist, totals.background - self.before.background);
        let scanned = totals.scanned - self.before.scanned;
        let record = &mut self.record;
        record.objects_marked = totals.objects - self.before.objects;
        record.scanned = scanned;
        record.assist = Duration::from_nanos(assist);
        record.background = Duration::from_nanos(background);
        record.collector = Duration::from_nanos(thread_cpu() - self.cpu);
        record.mutators = lock(&heap.registry).roster.members.len();
        let paused = paused_nanos(&heap);
        let before = std::mem::replace(&mut self.driver.paused, paused);
        record.paused = Duration::from_nanos(paused.saturating_sub(before));
        let marking = (assist + background) as f64 / 1e9;
        let processors = heap.processors;
        let wall = (record.roots + record.mark).as_secs_f64();
        let mutating = wall * processors.min(record.mutators.max(1)) as f64 - assist as f64 / 1e9;
        let born_black = record.live.saturating_sub((totals.bytes - self.before.bytes) as usize);
        self.driver.pacer.beside.roots = record.stacks + record.globals;
        self.driver.pacer.learn(
            record.live,
            scanned as usize,
            born_black,
            marking,
            mutating.max(1e-6),
        );
        let c = &heap.counters;
        c.collector_nanos.fetch_add(record.collector.as_nanos() as u64, Ordering::Relaxed);
        c.cycles.fetch_add(1, Ordering::Relaxed);
        let scan = [record.stacks as u64, record.globals as u64, scanned];
        for (counter, bytes) in c.last_scan.iter().zip(scan) {
            counter.store(bytes, Ordering::Relaxed);
        }
        c.limited_in.store(self.driver.limiter.last_enabled, Ordering::Relaxed);
        c.last_end.store(heap.born.elapsed().as_nanos() as u64, Ordering::Relaxed);
        c.forced.fetch_add(u64::from(record.reason == Reason::Forced), Ordering::Relaxed);
        let collecting =
            totals.assist + totals.background + c.collector_nanos.load(Ordering::Relaxed);
        let passed = heap.born.elapsed().as_nanos() as u64 * processors as u64;
        record.total_percent = (collecting * 100 / passed.max(1)) as u32;
        self.driver.replan();
        let observers = lock(&heap.observers).clone();
        observers.iter().for_each(|o| o.cycle_ended(&self.record));
        heap.control.finish_cycle();
        if let Some(hunt) = self.hunt {
            hunt.report();
        }
    }

    fn handshake(&mut self, action: Action, update: impl FnOnce(&mut Template)) {
        let slowest = self.driver.handshake(action, update);
        self.record.slowest_answer = self.record.slowest_answer.max(slowest);
    }

    /// The time since the phase under way began; begins the next.
    fn lap(&mut self) -> Duration {
        let time = now();
        Duration::from_nanos(time - std::mem::replace(&mut self.phase, time))
    }
}

impl Totals {
    fn read(driver: &Driver) -> Self {
        let c = &driver.heap.counters;
        let load = |a: &AtomicU64| a.load(Ordering::Relaxed);
        Self {
            objects: load(&c.marked_objects),
            bytes: load(&c.marked_bytes),
            scanned: load(&c.scanned_bytes),
            assist: load(&c.assist_nanos),
            background: load(&c.background_nanos),
        }
    }
}
