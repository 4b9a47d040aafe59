//! Marker threads: they mark whenever a cycle does and a processor has nothing else to do.
//!
//! They run under the scheduling class for idle work, so a mutator that wakes up gets its processor at
//! once. For the same reason they take no lock that a mutator may wait for.

use crate::{
    heap::Shared,
    mark::{Marker, STRIDE, Work},
    stats::thread_cpu,
    sync::Ordering,
};
use std::{thread, time::Duration};

/// How long a marker without work sleeps before it looks again: at first, and at most. Each look that finds none doubles it.
const NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_micros(800);

/// The life of a marker thread.
pub(super) fn run(heap: &Shared) {
    super::class::run_when_idle();
    let mut marker = Marker::new();
    while !heap.control.is_shut_down() {
        match heap.control.marking() {
            0 => thread::park(),
            cycle => mark(heap, &mut marker, cycle),
        }
    }
}

/// Marks until the phase of `cycle` ends.
fn mark(heap: &Shared, marker: &mut Marker, cycle: u32) {
    let mut cpu = thread_cpu();
    while heap.control.marking() == cycle {
        let mut reported = Work::default();
        let drained = marker.run(heap, STRIDE, |work| {
            report_progress(heap, work, &mut reported);
            heap.control.marking() != cycle
        });
        let work = marker.take_work();
        report_progress(heap, &work, &mut reported);
        heap.counters.add_work(work);
        let spent = thread_cpu();
        heap.counters.background_nanos.fetch_add(spent - cpu, Ordering::Relaxed);
        cpu = spent;
        if drained {
            wait_for_work(heap, cycle);
        }
    }
}

/// Adds what was scanned since the last report to the credit of mutators.
fn report_progress(heap: &Shared, work: &Work, reported: &mut Work) {
    let scanned = work.scanned - reported.scanned;
    if scanned > 0 {
        heap.credit.fetch_add(scanned as u64, Ordering::Relaxed);
        *reported = *work;
    }
}

fn wait_for_work(heap: &Shared, cycle: u32) {
    if heap.pool.is_quiet() {
        heap.control.wake_collector();
    }
    let mut nap = NAP;
    heap.while_hungry(|| {
        while heap.pool.is_empty() && heap.control.marking() == cycle {
            thread::park_timeout(nap);
            nap = (2 * nap).min(LONGEST_NAP);
        }
    });
}
