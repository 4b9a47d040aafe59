//! Counters that the threads of a heap add to.

use crate::{
    mark::Work,
    space::{kinds::MAX_KINDS, sizes::CLASSES},
    sync::{AtomicU64, Ordering},
};

/// Counters that many threads add to.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) assist_nanos: AtomicU64,
    pub(crate) assisted_bytes: AtomicU64,
    pub(crate) background_nanos: AtomicU64,
    pub(crate) collector_nanos: AtomicU64,
    /// Processor time of giving memory back.
    pub(crate) releasing_nanos: AtomicU64,
    pub(crate) marked_objects: AtomicU64,
    pub(crate) marked_bytes: AtomicU64,
    pub(crate) scanned_bytes: AtomicU64,
    pub(crate) stack_bytes: AtomicU64,
    pub(crate) large_objects: AtomicU64,
    pub(crate) large_bytes: AtomicU64,
    pub(crate) live_objects: AtomicU64,
    pub(crate) live_bytes: AtomicU64,
    pub(crate) live_large: AtomicU64,
    pub(crate) span_bytes: AtomicU64,
    pub(crate) released_bytes: AtomicU64,
    pub(crate) cycles: AtomicU64,
    pub(crate) forced: AtomicU64,
    /// Bytes of each kind that mutators had allocated when they flipped last.
    pub(crate) flipped: Box<[AtomicU64]>,
    /// Small objects of each size class freed by all sweeps.
    pub(crate) freed_by_class: [AtomicU64; CLASSES],
    pub(crate) freed_large: AtomicU64,
    pub(crate) freed_large_bytes: AtomicU64,
    /// Bytes of stacks, other roots and heap that the last cycle scanned.
    pub(crate) last_scan: [AtomicU64; 3],
    /// The last cycle in which the limiter was in force; zero if none.
    pub(crate) limited_in: AtomicU64,
    /// When the last cycle ended, in nanoseconds since the heap was made.
    pub(crate) last_end: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            assist_nanos: zero(),
            assisted_bytes: zero(),
            background_nanos: zero(),
            collector_nanos: zero(),
            releasing_nanos: zero(),
            marked_objects: zero(),
            marked_bytes: zero(),
            scanned_bytes: zero(),
            stack_bytes: zero(),
            large_objects: zero(),
            large_bytes: zero(),
            live_objects: zero(),
            live_bytes: zero(),
            live_large: zero(),
            span_bytes: zero(),
            released_bytes: zero(),
            cycles: zero(),
            forced: zero(),
            flipped: (0..MAX_KINDS).map(|_| zero()).collect(),
            freed_by_class: std::array::from_fn(|_| zero()),
            freed_large: zero(),
            freed_large_bytes: zero(),
            last_scan: std::array::from_fn(|_| zero()),
            limited_in: zero(),
            last_end: zero(),
        }
    }

    pub(crate) fn add_work(&self, work: Work) {
        // Relaxed: sums that are read after the phase has closed.
        self.marked_objects.fetch_add(work.objects as u64, Ordering::Relaxed);
        self.marked_bytes.fetch_add(work.bytes as u64, Ordering::Relaxed);
        self.scanned_bytes.fetch_add(work.scanned as u64, Ordering::Relaxed);
    }
}
