//! Assists: a mutator that allocates while a cycle marks pays for it with marking.
//!
//! An assist takes at most 12 µs. Debt that it cannot pay off in that time is paid by later ones; if it grows past a bound, the
//! mutator waits for the background to catch up.

use super::Mutator;
use crate::{
    mark::Work,
    stats::{Stretch, now},
    sync::Ordering,
};
use std::time::Duration;

/// The most nanoseconds one assist takes.
const LONGEST: u64 = 12_000;
/// Objects between two looks at the clock: a microsecond or two, if each misses the cache.
const STRIDE: usize = 16;
/// Scan bytes of debt below which no assist is worth its overhead.
const LEAST_DEBT: f64 = (32 << 10) as f64;
/// Scan bytes of debt at which the mutator waits.
const MOST_DEBT: f64 = (1 << 20) as f64;
/// Nanoseconds for which a mutator that waits marks at a time.
const SLICE: u64 = 100_000;
/// The pause between two looks at what the background has done.
const NAP: Duration = Duration::from_micros(200);

impl Mutator {
    /// Pays the debt of this mutator's allocations, or a part of it.
    pub(super) fn assist(&mut self) {
        if !self.is_in_debt() {
            return;
        }
        self.use_credit();
        let pool = &self.shared().pool;
        if !self.is_in_debt() || pool.closing().is_closed() || pool.is_quiet() {
            return;
        }
        if !pool.is_empty() {
            let mut stretch = Stretch::begin();
            self.mark_for(LONGEST, &mut stretch);
            self.state().holds.assist(&mut stretch);
        }
        if self.private().debt > MOST_DEBT {
            self.pay_off();
        }
    }

    /// Whether there is enough debt for an assist.
    pub(super) fn is_in_debt(&self) -> bool {
        let private = self.private();
        private.marking && private.scanned && private.debt >= LEAST_DEBT
    }

    /// Pays with work that was done in the background; true if there was any.
    fn use_credit(&mut self) -> bool {
        let want = self.private().debt as u64;
        let credit = &self.heap.shared.credit;
        let take = |have: u64| (have > 0).then(|| have - have.min(want));
        // Relaxed: a count of bytes and nothing more.
        let had = credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).unwrap_or(0);
        self.private().debt -= had.min(want) as f64;
        had > 0
    }

    /// Marks until the debt is paid, `nanos` have passed, or nothing is left to take.
    fn mark_for(&mut self, nanos: u64, stretch: &mut Stretch) {
        let shared = &self.heap.shared;
        let private = self.private();
        let (marker, debt) = (&mut private.marker, private.debt);
        let start = stretch.step();
        let stop = |work: &Work| stretch.step() >= start + nanos || work.scanned as f64 >= debt;
        marker.run(shared, STRIDE, stop);
        let work = marker.take_work();
        private.debt -= work.scanned as f64;
        shared.counters.add_work(work);
        shared.counters.assisted_bytes.fetch_add(work.scanned as u64, Ordering::Relaxed);
        shared.counters.assist_nanos.fetch_add(stretch.step() - start, Ordering::Relaxed);
    }

    /// Waits, blocked, until the background has paid the debt, the mark phase ends, or nothing is left that others could mark;
    /// and marks where the background does not get a processor.
    fn pay_off(&mut self) {
        let shared = std::sync::Arc::clone(self.shared());
        let (cycle, start) = (self.private().cycle, now());
        while self.is_in_debt() && self.private().cycle == cycle {
            self.blocked(|| shared.while_hungry(|| shared.control.wait_for_progress(NAP)));
            if shared.pool.closing().is_closed() || shared.pool.is_empty() {
                break;
            }
            if !self.use_credit() {
                self.mark_for(SLICE, &mut Stretch::begin());
            }
        }
        self.state().holds.wait(start);
    }
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::{Config, Heap, Layout, stats::HoldTimes};

    /// Objects that are grey, each of two pointers.
    const GREY: usize = 400_000;

    #[test]
    fn an_assist_ends_though_the_debt_is_not_paid() {
        let config =
            Config { gc_percent: None, idle_cycles: false, markers: 1, ..Config::default() };
        let heap = Heap::new(config).unwrap();
        let mut mutator = heap.attach();
        let pool = heap.shared.pool();
        let mut grey = pool.fresh();
        for _ in 0..GREY {
            let object = mutator.alloc(Layout::POINTERS, 16).unwrap().as_ptr() as usize;
            if !grey.push(object) {
                pool.publish(std::mem::replace(&mut grey, pool.fresh()));
                grey.push(object);
            }
        }
        pool.publish(grey);
        let owe = |mutator: &Mutator, debt| {
            let private = mutator.private();
            (private.marking, private.scanned, private.debt) = (debt > 0.0, debt > 0.0, debt);
        };
        let (mut times, mut in_all) = (Vec::new(), 0.0);
        for _ in 0..50 {
            owe(&mutator, MOST_DEBT);
            let mut stretch = Stretch::begin();
            let start = stretch.step();
            mutator.mark_for(LONGEST, &mut stretch);
            times.push(stretch.step() - start);
            let paid = MOST_DEBT - mutator.private().debt;
            // One that lost its processor at once may have marked nothing.
            assert!(paid < MOST_DEBT, "{paid} of {MOST_DEBT}");
            in_all += paid;
        }
        owe(&mutator, 0.0);
        assert!(in_all > 0.0, "nothing was paid");
        assert!(!pool.is_empty(), "there was more to mark than assists had time for");
        times.sort_unstable();
        let median = times[times.len() / 2];
        assert!(median < LONGEST + HoldTimes::STEP, "the median is {median} ns");
    }
}
