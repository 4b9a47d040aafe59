//! What a heap tells about itself: totals, one record per cycle, how long mutators were held, and all of it under Go's names.

mod counters;
mod holds;
mod mem;
mod metrics;
mod record;
mod times;
mod totals;

pub(crate) use counters::Counters;
pub use holds::HoldTimes;
pub(crate) use holds::{Holds, Stretch, Watch};
pub use mem::{BySize, MemStats};
pub use metrics::{Histogram, Metric};
pub use record::{CycleRecord, Observer, Reason};
pub use times::TimeHistogram;
pub use totals::{HeapStats, MemoryClasses};
pub(crate) use totals::{paused_nanos, read};

/// Nanoseconds of a clock that does not go back.
#[inline]
pub(crate) fn now() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds of processor time the calling thread has used.
pub(crate) fn thread_cpu() -> u64 {
    clock(if cfg!(miri) { libc::CLOCK_MONOTONIC } else { libc::CLOCK_THREAD_CPUTIME_ID })
}

#[inline]
fn clock(id: libc::clockid_t) -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec to a valid place.
    unsafe { libc::clock_gettime(id, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}
