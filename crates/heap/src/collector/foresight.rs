//! When the heap will have grown to its trigger.
//!
//! A mutator that meets the trigger wakes the collector's thread, which takes it as long as half of a hold may take. So the
//! thread looks itself, from time to time: each time when half of the time has passed that it will take at the rate seen last,
//! and it begins a cycle when the trigger is less than half a look away. While nobody allocates it sleeps, and is woken.

use crate::{heap::Shared, sync::Ordering};
use std::time::Duration;

/// The shortest time between two looks.
const LOOK: Duration = Duration::from_millis(1);
/// Heaps whose trigger is below this many bytes are collected too often for looks to pay.
const LEAST_HEAP: usize = 16 << 20;
/// A heap that has not grown for so many nanoseconds has stopped growing.
const LATELY: u64 = 100_000_000;
/// However fast it grows, the heap is not near before only this part of the trigger is missing.
const PART: usize = 64;

/// How fast the heap grows.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// Bytes of the heap at the last look, and its time.
    seen: usize,
    at: u64,
    /// Bytes a nanosecond before it.
    rate: f64,
    /// When it was last seen to have grown.
    grew: u64,
}

impl Foresight {
    /// A cycle has ended: the heap has shrunk, and grows from here on at the rate it had.
    pub(super) fn begin(&mut self, heap: &Shared, time: u64) {
        (self.seen, self.at) = (heap.heap_bytes(), time);
        if self.rate > 0.0 {
            self.grew = time;
        }
    }

    /// Looks at the heap; whether it is near its trigger.
    pub(super) fn look(&mut self, heap: &Shared, time: u64) -> bool {
        let passed = time - self.at;
        if passed >= LOOK.as_nanos() as u64 / 2 {
            let bytes = heap.heap_bytes();
            self.rate = bytes.saturating_sub(self.seen) as f64 / passed as f64;
            (self.seen, self.at) = (bytes, time);
            if self.rate > 0.0 {
                self.grew = time;
            }
        }
        self.is_near(heap)
    }

    /// Whether the heap has grown lately. Between two looks that are close a growing heap may not.
    pub(super) fn is_growing(&self) -> bool {
        self.grew > 0 && self.at - self.grew < LATELY
    }

    /// Whether the trigger is nearer than half a look.
    pub(super) fn is_near(&self, heap: &Shared) -> bool {
        let trigger = heap.trigger.load(Ordering::Relaxed);
        let step = (self.rate * LOOK.as_nanos() as f64 / 2.0) as usize;
        trigger >= LEAST_HEAP && left(heap) <= step.min(trigger / PART)
    }

    /// How long until the next look, if the heap grows.
    pub(super) fn nap(&self, heap: &Shared) -> Option<Duration> {
        let worth = self.rate > 0.0 && heap.trigger.load(Ordering::Relaxed) >= LEAST_HEAP;
        let nanos = left(heap) as f64 / self.rate / 2.0;
        worth.then(|| Duration::from_nanos(nanos as u64).max(LOOK))
    }
}

/// Bytes that the heap may grow by before a cycle is due.
pub(super) fn left(heap: &Shared) -> usize {
    heap.trigger.load(Ordering::Relaxed).saturating_sub(heap.heap_bytes())
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::{Config, Heap};

    /// Nanoseconds of a look.
    const STEP: u64 = 1_000_000;

    #[test]
    fn a_trigger_is_near_when_it_is_less_than_half_a_look_away() {
        let heap = Heap::new(Config { idle_cycles: false, ..Config::default() }).unwrap();
        let shared = &heap.shared;
        shared.trigger.store(100 << 20, Ordering::Relaxed);
        let mut foresight = Foresight::default();
        assert!(!foresight.look(shared, STEP) && foresight.nap(shared).is_none());
        shared.allocated.store(60 << 20, Ordering::Relaxed);
        assert!(!foresight.look(shared, 11 * STEP), "it grows by 6 MiB in a look");
        let nap = foresight.nap(shared).unwrap();
        assert!((nap.as_nanos() as u64).abs_diff(40 * STEP / 6 / 2) < STEP / 100, "{nap:?}");
        shared.allocated.store(96 << 20, Ordering::Relaxed);
        assert!(!foresight.look(shared, 17 * STEP));
        assert_eq!(foresight.nap(shared), Some(LOOK));
        shared.allocated.store(98 << 20, Ordering::Relaxed);
        assert!(!foresight.look(shared, 17 * STEP + STEP / 3), "two parts of a hundred are left");
        shared.allocated.store(99 << 20, Ordering::Relaxed);
        assert!(foresight.look(shared, 17 * STEP + STEP / 3));
        assert!(!foresight.look(shared, 20 * STEP), "it has grown slowly since");
        assert!(!foresight.look(shared, 30 * STEP) && foresight.nap(shared).is_none(), "or not");
        assert!(foresight.is_growing(), "it has grown a moment ago");
        foresight.look(shared, 20 * STEP + LATELY);
        assert!(!foresight.is_growing());
    }
}
