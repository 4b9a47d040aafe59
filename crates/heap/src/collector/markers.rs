//! Marker threads: they mark whenever a cycle does and a processor has nothing else to do.
//!
//! They run under the scheduling class for idle work, so a mutator that wakes up gets its processor at
//! once. For the same reason they take no lock that a mutator may wait for.
//!
//! What is grey and in a marker's hands, nobody else gets at, and no cycle closes before it is marked. But on a busy machine a
//! thread of that class may wait a second for its turn. So a marker takes work only when it was woken promptly, which says that a
//! processor is idle; puts everything down when it finds that it was away; and if it was so for long, sits out some cycles.

use crate::{
    heap::Shared,
    mark::{Marker, STRIDE, Work},
    stats::{now, thread_cpu},
    sync::Ordering,
};
use std::{thread, time::Duration};

/// How long a marker without work sleeps before it looks again: at first, and at most. Each look that finds none doubles it.
const NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_micros(800);
/// Nanoseconds within which a thread runs after it was woken if a processor is idle, with time to spare.
const PROMPT: u64 = 500_000;
/// Nanoseconds between two looks at the clock that say that the processor was taken away in between.
const AWAY: u64 = 2_000_000;
/// The same if it was for longer than mutators of this heap keep it.
const LONG_AWAY: u64 = 20_000_000;
/// Cycles that a marker sits out then.
const SIT_OUT: u32 = 32;
/// Strides between two looks at the clock: some ten microseconds.
const LOOK_EVERY: u32 = 16;

/// The life of a marker thread.
pub(super) fn run(heap: &Shared) {
    super::class::run_when_idle();
    let mut marker = Marker::new();
    let (mut seen, mut sit_out) = (0, 0);
    while !heap.control.is_shut_down() {
        let cycle = heap.control.marking();
        if cycle == 0 || cycle == seen {
            thread::park();
            continue;
        }
        seen = cycle;
        sit_out = match sit_out {
            0 if mark(heap, &mut marker, cycle) > LONG_AWAY => SIT_OUT,
            n => n.saturating_sub(1),
        };
    }
}

/// Marks until the phase of `cycle` ends, or the thread was away for too long. For how many nanoseconds it was away the last time.
fn mark(heap: &Shared, marker: &mut Marker, cycle: u32) -> u64 {
    let mut prompt = clock() <= heap.control.marking_since() + PROMPT;
    let mut away = 0;
    while heap.control.marking() == cycle && away <= LONG_AWAY {
        if !prompt || heap.pool.is_empty() {
            wait_for_work(heap, cycle, prompt);
        }
        away = take_part(heap, marker, cycle);
        prompt = away == 0;
    }
    away
}

/// Marks until nothing is left to take, or the phase of `cycle` ends, or it turns out that the thread has not run for a while:
/// then it says for how many nanoseconds.
fn take_part(heap: &Shared, marker: &mut Marker, cycle: u32) -> u64 {
    let (cpu, mut reported) = (thread_cpu(), Work::default());
    let (mut looked, mut strides, mut away) = (clock(), 0, 0);
    let mut look = || {
        let before = std::mem::replace(&mut looked, clock());
        Some(looked - before).filter(|&gap| gap > AWAY).unwrap_or(0)
    };
    marker.run(heap, STRIDE, |work| {
        report_progress(heap, work, &mut reported);
        strides = (strides + 1) % LOOK_EVERY;
        if strides == 0 {
            away = look();
        }
        away > 0 || heap.control.marking() != cycle
    });
    away = away.max(look());
    let work = marker.take_work();
    report_progress(heap, &work, &mut reported);
    heap.counters.add_work(work);
    heap.counters.background_nanos.fetch_add(thread_cpu() - cpu, Ordering::Relaxed);
    away
}

/// The process's clock; under Miri, where it counts steps, nobody is ever away.
fn clock() -> u64 {
    if cfg!(miri) { 0 } else { now() }
}

/// Adds what was scanned since the last report to the credit of mutators.
fn report_progress(heap: &Shared, work: &Work, reported: &mut Work) {
    let scanned = work.scanned - reported.scanned;
    if scanned > 0 {
        heap.add_credit(scanned as u64);
        *reported = *work;
    }
}

/// Sleeps until there is work, and a nap that ended in time says that a processor is idle. The first does if it was `prompt`.
fn wait_for_work(heap: &Shared, cycle: u32, mut prompt: bool) {
    if heap.pool.is_quiet() {
        heap.control.wake_collector();
    }
    let mut nap = NAP;
    heap.while_hungry(|| {
        while (heap.pool.is_empty() || !prompt) && heap.control.marking() == cycle {
            let due = clock() + nap.as_nanos() as u64;
            thread::park_timeout(nap);
            prompt = clock() <= due + PROMPT;
            nap = (2 * nap).min(LONGEST_NAP);
        }
    });
}
