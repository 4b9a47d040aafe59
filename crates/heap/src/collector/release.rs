//! Giving memory back to the operating system, in the background and at a bounded rate.
//!
//! The heap keeps what it needs to grow to its highest goal of the last seconds, or what it used then if that was more (and
//! a little beyond, because free memory is not where it was), and a twentieth; other free pages go back, up to 32 MiB at a time
//! with a pause between. Under a memory limit the limit decides, if lower.

use super::Driver;
use crate::{
    stats::{now, thread_cpu},
    sync::Ordering,
};
use std::time::Duration;

/// The pause between two batches.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// The pause while there is memory that may still be needed again.
pub(super) const WAIT: Duration = Duration::from_millis(500);
/// The most bytes a batch releases.
const BATCH: usize = 32 << 20;
/// The most bytes released by one call to the operating system, which holds the page tables' lock meanwhile.
const STEP: usize = 2 << 20;

/// Bytes that the heap keeps beyond what it has used lately.
const SLACK: usize = 4 << 20;

/// The most memory that the heap needed in the last few seconds, to grow to its goal or, if it is much faster than its
/// collector, beyond: what it is about to need again is not given back.
#[derive(Debug, Default)]
pub(super) struct RecentNeeds {
    /// The highest of this period and the one before.
    highest: [usize; 2],
    began: u64,
}

impl RecentNeeds {
    /// Half of the time that a need is remembered at least.
    const PERIOD: u64 = 2_000_000_000;

    pub(super) fn add(&mut self, bytes: usize, time: u64) {
        if time - self.began > Self::PERIOD {
            let before = if time - self.began > 2 * Self::PERIOD { 0 } else { self.highest[0] };
            self.highest = [0, before];
            self.began = time;
        }
        self.highest[0] = self.highest[0].max(bytes);
    }

    fn highest(&self) -> usize {
        self.highest[0].max(self.highest[1])
    }
}

/// `bytes` and a twentieth.
fn and_a_twentieth(bytes: usize) -> usize {
    bytes.saturating_add(bytes / 20)
}

impl Driver {
    /// Notes what the heap needs now, and has needed since this was called last.
    pub(super) fn note_needs(&mut self) {
        let goal = self.heap.goal.load(Ordering::Relaxed);
        let used = and_a_twentieth(self.heap.space.take_peak()) + SLACK;
        self.recent_needs.add(and_a_twentieth(goal).max(used), now());
    }

    /// Releases a batch if the heap holds more than it needs, and did not release one a moment ago. True if it should be
    /// called again soon.
    pub(super) fn release_some(&mut self) -> bool {
        if now() < self.next_release {
            return true;
        }
        let before = thread_cpu();
        // A program that allocates is not to find that its spare stocks are gone, or to map the tables anew.
        let idle = !self.foresight.is_growing();
        let mut given = 0;
        while given < BATCH {
            let released = match self.surplus() {
                0 => 0,
                surplus => self.heap.space.release_some(surplus.clamp(64 << 10, STEP), idle),
            };
            if released == 0 {
                break;
            }
            given += released;
        }
        self.count_released(given, before);
        self.tables_kept |= given > 0;
        if idle && std::mem::take(&mut self.tables_kept) {
            self.forget_tables_ahead();
            self.heap.pool.forget_ahead();
            self.heap.space.release_free_tables(STEP);
        }
        if given > 0 {
            // Whatever wakes this thread meanwhile.
            self.next_release = now() + TICK.as_nanos() as u64;
        }
        given >= BATCH
    }

    /// Releases all free memory.
    pub(super) fn release_all(&mut self) {
        let before = thread_cpu();
        self.forget_tables_ahead();
        self.heap.pool.forget_ahead();
        let mut given = 0;
        loop {
            match self.heap.space.release_some(STEP, true) {
                0 => break,
                released => given += released,
            }
        }
        self.count_released(given, before);
    }

    /// Counts bytes that were given back, and the time that it took since the thread had used `before` nanoseconds.
    fn count_released(&self, bytes: usize, before: u64) {
        let c = &self.heap.counters;
        c.released_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        c.releasing_nanos.fetch_add(thread_cpu() - before, Ordering::Relaxed);
    }

    /// Bytes of resident free memory beyond what the heap is to keep.
    fn surplus(&self) -> usize {
        self.surplus_over(self.recent_needs.highest())
    }

    /// Whether there will be a surplus once the needs of the last seconds are forgotten.
    pub(super) fn will_release(&self) -> bool {
        self.surplus_over(0) > 0
    }

    /// Bytes that count towards a memory limit and are no pages: the heap's own tables, and what the client reported.
    fn outside_pages(&self) -> usize {
        self.beside_pages.saturating_add(self.heap.external.load(Ordering::Relaxed))
    }

    /// Whether what counts towards the memory limit is within a tenth of it, or beyond: time to look often.
    pub(super) fn near_limit(&self) -> bool {
        let pages = self.heap.space.page_bytes();
        let resident = pages.committed - pages.free + pages.free_resident;
        let limit = self.pacer.targets.memory_limit;
        limit.is_some_and(|limit| resident.saturating_add(self.outside_pages()) > limit / 10 * 9)
    }

    fn surplus_over(&self, least: usize) -> usize {
        let pages = self.heap.space.page_bytes();
        let resident = pages.committed - pages.free + pages.free_resident;
        let mut keep = and_a_twentieth(self.heap.goal.load(Ordering::Relaxed)).max(least);
        if let Some(limit) = self.pacer.targets.memory_limit {
            keep = keep.min((limit / 20 * 19).saturating_sub(self.outside_pages()));
        }
        resident.saturating_sub(keep).min(pages.free_resident)
    }
}
