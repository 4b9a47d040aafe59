//! Mapping memory before mutators touch it.
//!
//! Who touches a page first waits for the system to map and zero it: some microseconds, on a virtual machine sometimes a
//! hundred, and for a huge page as many at least. While a heap grows, that is most of what an allocation can be held up
//! for. So the collector's thread keeps a reserve of free memory that is mapped already, as long as less than the heap's goal is
//! resident, and never more than up to the goal: what it needs in the end is what it would have needed anyway.
//!
//! The tables that serve the memory are small, and a fault there is the heap's own doing, so they are mapped further ahead. And
//! the thread sets stocks of blocks aside, which mutators take without looking for them.
//!
//! Waking a thread takes a mutator as long as a fault does. So while mutators use the reserve the thread looks at it again and
//! again, and before, when half of the time has passed that the free memory above it will last at the rate seen last. When they
//! have stopped it sleeps, and who goes on wakes it.

use super::Driver;
use crate::{space::sizes::BLOCK, stats::now, sync::Ordering};
use std::time::Duration;

/// The pause between two looks at a reserve that is being used.
const LOOK: Duration = Duration::from_millis(2);
/// Heaps below this size, in bytes, have no reserve: they stay small.
const LEAST_HEAP: usize = 16 << 20;
/// A heap of `n` bytes has a reserve of `n / PART`, and of `n / MARKING_PART` while it is marked: then it is about to stop
/// growing, what is mapped beyond it is not needed, and this thread looks more often.
pub(super) const PART: usize = 32;
pub(super) const MARKING_PART: usize = 128;
/// The most bytes of a reserve.
const MOST: usize = 32 << 20;
/// The most bytes that are mapped in one turn: meanwhile nobody drives the cycle.
const TURN: usize = 4 << 20;
/// The most bytes that are mapped at a time, by one call to the system.
const STEP: usize = 512 << 10;
/// The most bytes of the range that the tables serve already, beyond what the heap has grown to.
const TABLES: usize = 128 << 20;
/// The most of it that is added in one turn.
const TABLES_TURN: usize = 16 << 20;

/// How fast free pages are used.
#[derive(Debug, Default)]
pub(super) struct PageUse {
    /// Bytes in use at the last look, and its time.
    seen: usize,
    at: u64,
    /// Bytes a nanosecond before it. What a sweep gives back does not count.
    rate: f64,
}

impl PageUse {
    fn look(&mut self, used: usize, time: u64) {
        let passed = time - self.at;
        if passed >= LOOK.as_nanos() as u64 / 4 {
            if used >= self.seen {
                self.rate = (used - self.seen) as f64 / passed as f64;
            }
            (self.seen, self.at) = (used, time);
        }
    }

    /// Half of the time that `bytes` bytes last, if any are used.
    fn nap(&self, bytes: usize) -> Option<Duration> {
        let nanos = bytes as f64 / self.rate / 2.0;
        (self.rate > 0.0).then(|| Duration::from_nanos(nanos as u64).max(LOOK))
    }
}

impl Driver {
    /// Fills the reserves, that of memory to one in `part` of the heap, and has a mutator that uses them wake this thread.
    /// How long until the next look, if there is to be one.
    pub(super) fn warm_up(&mut self, part: usize) -> Option<Duration> {
        let pages = self.heap.space.page_bytes();
        if pages.committed < LEAST_HEAP || self.near_limit() {
            return None;
        }
        self.page_use.look(pages.committed - pages.free, now());
        let resident = pages.committed - pages.free + pages.free_resident;
        let growth = self.heap.goal.load(Ordering::Relaxed).saturating_sub(resident);
        let reserve = (pages.committed / part).min(MOST).min(growth);
        let missing = reserve.saturating_sub(pages.free_resident);
        let low = reserve - reserve / 8;
        let used = [
            self.warm_tables(pages.committed, growth),
            pages.free_resident < low && self.warm_pages(missing.min(TURN)),
            self.foresight.is_growing() && self.heap.space.set_stocks_aside(),
        ];
        if used.contains(&true) {
            return Some(LOOK);
        }
        self.heap.space.watch_reserve(low);
        self.page_use.nap(pages.free_resident.saturating_sub(low))
    }

    /// Maps what serves the next part of the range in the tables; false if they serve all that the heap may grow by already.
    fn warm_tables(&mut self, committed: usize, growth: usize) -> bool {
        let end = (committed + growth.min(TABLES)).min(self.heap.space.len());
        let start = self.tables_to.max(committed);
        if start < end {
            self.tables_to = end.min(start + TABLES_TURN);
            self.heap.space.warm_tables(start..self.tables_to);
            self.heap.space.warm_rare_tables(start..self.tables_to);
        }
        start < end
    }

    /// Maps so many bytes of cold memory; false if there is no more.
    fn warm_pages(&self, mut missing: usize) -> bool {
        while missing > 0 {
            match self.heap.space.warm_some(missing.next_multiple_of(BLOCK).min(STEP)) {
                0 => return false,
                warmed => missing = missing.saturating_sub(warmed),
            }
        }
        true
    }

    /// Gives back the tables that were mapped for memory that the heap does not have: it shrinks.
    pub(super) fn forget_tables_ahead(&mut self) {
        self.heap.space.release_tables_to(self.tables_to);
        self.tables_to = 0;
    }
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::{Config, Heap, Layout};
    use std::time::Instant;

    /// Allocates `bytes` bytes, in objects of 4 KiB, and checks that they read as zero.
    fn grow(heap: &Heap, bytes: usize) {
        let mut mutator = heap.attach();
        for _ in 0..bytes / 4096 {
            let object = mutator.alloc(Layout::NO_SCAN, 4096).expect("there is room");
            // SAFETY: the object was just allocated, and has so many bytes.
            let object = unsafe { std::slice::from_raw_parts(object.as_ptr(), 4096) };
            assert!(object.iter().all(|&byte| byte == 0));
        }
    }

    /// Whether a heap has `bytes` bytes of free resident memory, now or within two seconds.
    fn has_reserve(heap: &Heap, bytes: usize) -> bool {
        let start = Instant::now();
        let has = || heap.shared.space.page_bytes().free_resident >= bytes;
        while !has() && start.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(1));
        }
        has()
    }

    #[test]
    fn a_heap_that_grows_has_a_reserve_until_it_reaches_its_goal() {
        let goal = 64 << 20;
        let heap = Heap::new(Config { min_heap: goal, ..Config::default() }).unwrap();
        grow(&heap, 4 << 20);
        let small = heap.shared.space.page_bytes();
        assert!(small.free_resident < BLOCK * 8, "a small heap stays small: {small:?}");
        for _ in 0..4 {
            grow(&heap, 8 << 20);
            let committed = heap.shared.space.page_bytes().committed;
            assert!(has_reserve(&heap, committed / PART / 2), "of {committed}");
        }
        let pages = heap.shared.space.page_bytes();
        assert!(pages.committed - pages.free + pages.free_resident <= goal + STEP, "{pages:?}");
    }

    #[test]
    fn the_next_look_is_after_half_of_the_time_that_free_memory_lasts() {
        let millis = |n: u64| n * 1_000_000;
        let mut pages = PageUse::default();
        pages.look(100 << 20, millis(10));
        pages.look(110 << 20, millis(20));
        let nap = pages.nap(40 << 20).unwrap();
        assert!(nap.abs_diff(Duration::from_millis(20)) < Duration::from_micros(1), "{nap:?}");
        assert_eq!(pages.nap(1 << 20), Some(LOOK));
        pages.look(50 << 20, millis(30));
        assert!(pages.nap(40 << 20).unwrap() < Duration::from_millis(21), "a sweep is no rest");
        pages.look(50 << 20, millis(40));
        assert_eq!(pages.nap(40 << 20), None, "nobody uses any");
    }

    #[test]
    fn a_heap_near_its_memory_limit_has_no_reserve() {
        let config = Config { gc_percent: None, memory_limit: Some(36 << 20), ..Config::default() };
        let heap = Heap::new(config).unwrap();
        let mut mutator = heap.attach();
        let list = mutator.empty_root();
        for _ in 0..(32 << 20) / 4096 {
            let object = mutator.alloc(Layout::POINTERS, 4096).expect("there is room");
            let next = list.get().map_or(std::ptr::null_mut(), |next| next.as_ptr());
            // SAFETY: the object was just allocated, and this is a word of it.
            unsafe { mutator.init(object.as_ptr().cast(), next) };
            list.set(&mut mutator, Some(object));
        }
        assert!(!has_reserve(&heap, (32 << 20) / PART), "{:?}", heap.shared.space.page_bytes());
    }
}
