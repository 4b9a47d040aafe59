//! The last cycles, as `runtime.MemStats` and `debug.ReadGCStats` tell of them.
//!
//! Nobody stops the world: the pause of a cycle is the sum of what mutators took to answer its handshakes.

use crate::clock;
use crate::sync::{Mutex, lock};
use std::sync::Arc;
use trigo_heap::{CycleRecord, Heap, Observer, Reason};

/// Cycles that are remembered, as in Go.
pub(crate) const RECENT: usize = 256;

static HISTORY: Mutex<History> = Mutex::new(History::new());

/// All cycles up to a moment. Times in nanoseconds, points in time since 1970.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) cycles: usize,
    pub(crate) forced: usize,
    pub(crate) paused: u64,
    pub(crate) last_end: u64,
    /// The pause and the end of each of the last cycles: that of number `n`, from 1, at `(n - 1) % RECENT`.
    pub(crate) pauses: [u64; RECENT],
    pub(crate) ends: [u64; RECENT],
}

impl History {
    const fn new() -> Self {
        Self {
            cycles: 0,
            forced: 0,
            paused: 0,
            last_end: 0,
            pauses: [0; RECENT],
            ends: [0; RECENT],
        }
    }

    /// The history up to now.
    pub(crate) fn read() -> Self {
        lock(&HISTORY).clone()
    }

    fn add(&mut self, record: &CycleRecord, end: u64) {
        let pause = record.paused.as_nanos() as u64;
        self.pauses[self.cycles % RECENT] = pause;
        self.ends[self.cycles % RECENT] = end;
        self.cycles += 1;
        self.forced += usize::from(record.reason == Reason::Forced);
        self.paused += pause;
        self.last_end = end;
    }

    /// What `debug.ReadGCStats` reads: the pauses that are remembered and then their ends, the latest first; the end of the last
    /// cycle, how many there were, the sum of all pauses.
    pub(crate) fn words(&self) -> Vec<u64> {
        let latest = (0..self.cycles).rev().map(|i| i % RECENT).take(RECENT);
        let pauses = latest.clone().map(|i| self.pauses[i]);
        let ends = latest.map(|i| self.ends[i]);
        pauses.chain(ends).chain([self.last_end, self.cycles as u64, self.paused]).collect()
    }
}

/// Writes cycles down.
#[derive(Debug)]
struct Write;

impl Observer for Write {
    fn cycle_ended(&self, record: &CycleRecord) {
        let now = clock::nanoseconds(clock::read(libc::CLOCK_REALTIME));
        lock(&HISTORY).add(record, now as u64);
    }
}

/// Has the history hear of each cycle.
pub(crate) fn observe(heap: &Heap) {
    heap.observe(Arc::new(Write));
}
