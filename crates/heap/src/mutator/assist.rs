//! Assists: a mutator that allocates while a cycle marks pays for it with marking.
//!
//! An assist takes at most 20 µs. Debt that it cannot pay off in that time is paid by later ones, or by
//! waiting for the background to catch up, if it grows past a bound.

use super::Mutator;
use crate::{
    mark::Marker,
    stats::{Stretch, now},
    sync::Ordering,
};
use std::time::Duration;

/// The most nanoseconds one assist takes.
const LONGEST: u64 = 20_000;
/// Scan bytes of debt below which no assist is worth its overhead.
const LEAST_DEBT: f64 = (32 << 10) as f64;
/// Scan bytes of debt at which the mutator waits.
const MOST_DEBT: f64 = (1 << 20) as f64;

impl Mutator {
    /// Pays the debt of this mutator's allocations.
    pub(super) fn assist(&mut self, sp: usize) {
        if !self.owes_an_assist() {
            return;
        }
        self.use_credit();
        if self.private().debt < LEAST_DEBT || self.shared().pool.closing().is_closed() {
            return;
        }
        let stretch = Stretch::begin();
        self.mark_until(stretch.start + LONGEST);
        self.state().holds.assist(&stretch);
        let nanos = now() - stretch.start;
        self.heap.shared.counters.assist_nanos.fetch_add(nanos, Ordering::Relaxed);
        if self.private().debt > MOST_DEBT {
            self.wait_for_credit(sp);
        }
    }

    /// Whether there is enough debt for an assist.
    pub(super) fn owes_an_assist(&self) -> bool {
        let private = self.private();
        private.marking && private.scanned && private.debt >= LEAST_DEBT
    }

    /// Pays with work that was done in the background.
    fn use_credit(&mut self) {
        let want = self.private().debt as u64;
        let credit = &self.heap.shared.credit;
        let take = |have: u64| (have > 0).then(|| have - have.min(want));
        // Relaxed: a count of bytes and nothing more.
        if let Ok(had) = credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            self.private().debt -= had.min(want) as f64;
        }
    }

    fn mark_until(&mut self, deadline: u64) {
        let shared = &self.heap.shared;
        let private = self.private();
        let marker = private.marker.get_or_insert_with(|| Box::new(Marker::new()));
        let debt = private.debt;
        marker.run(shared, |work| work.scanned as f64 >= debt || now() >= deadline);
        let work = marker.take_work();
        private.debt -= work.scanned as f64;
        shared.counters.add_work(work);
        shared.counters.assisted_bytes.fetch_add(work.scanned as u64, Ordering::Relaxed);
    }

    /// Waits, blocked, until the background has caught up or the mark phase ends.
    fn wait_for_credit(&mut self, _sp: usize) {
        let shared = std::sync::Arc::clone(self.shared());
        let cycle = self.private().cycle;
        while self.private().debt > LEAST_DEBT
            && self.private().marking
            && self.private().cycle == cycle
        {
            self.blocked(|| shared.control.wait_for_progress(Duration::from_micros(200)));
            self.use_credit();
            if shared.pool.closing().is_closed() || shared.pool.is_empty() {
                return;
            }
        }
    }
}
