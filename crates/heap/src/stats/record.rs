//! The record of a cycle, and who is told of it.

use std::{fmt, time::Duration};

/// Why a cycle ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The heap reached its trigger.
    Allocation,
    /// A client asked for it.
    Forced,
    /// The program was idle, or no cycle had run for two minutes.
    Idle,
}

/// The record of one cycle. Sizes in bytes; its phases follow each other in the order of their fields. Its text form is
/// the line of Go's `gctrace`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CycleRecord {
    /// Its number, from 1.
    pub number: u64,
    /// Why it ran.
    pub reason: Reason,
    /// When it began, since the heap was made.
    pub start: Duration,
    /// From the first handshake until every mutator allocates black with the barrier on.
    pub prepare: Duration,
    /// Scanning roots and stacks.
    pub roots: Duration,
    /// Marking, with the closing rounds.
    pub mark: Duration,
    /// Closing rounds; more than one if mutators kept finding white objects.
    pub rounds: u32,
    /// From CLOSED until the flip: finalizers, weak references.
    pub dead: Duration,
    /// The flip: until every mutator sweeps and the barrier is off.
    pub flip: Duration,
    /// The background sweep.
    pub sweep: Duration,
    /// The longest that any mutator took to answer a handshake, and that mutator's number.
    pub slowest_answer: (Duration, u32),
    /// The sum of all answers of mutators to handshakes since the record before this: each held one of them.
    pub paused: Duration,
    /// Heap size when it began.
    pub heap_at_start: usize,
    /// Heap size when marking had ended.
    pub heap_at_end: usize,
    /// Live bytes it found.
    pub live: usize,
    /// The goal it was to end below.
    pub goal: usize,
    /// Bytes of stacks scanned.
    pub stacks: usize,
    /// Bytes of other roots scanned.
    pub globals: usize,
    /// Objects marked.
    pub objects_marked: u64,
    /// Bytes scanned.
    pub scanned: u64,
    /// Time mutators spent on assists.
    pub assist: Duration,
    /// Processor time of background marking.
    pub background: Duration,
    /// Processor time of the collector's thread.
    pub collector: Duration,
    /// Mutators attached when it ended.
    pub mutators: usize,
    /// Processors the process may use.
    pub processors: usize,
    /// All processor time of collecting since the heap was made, in percent of all that passed on all processors.
    pub total_percent: u32,
}

impl fmt::Display for CycleRecord {
    /// Go's `gctrace` line. The three clock figures are the preparation, the concurrent mark with roots, and what lies
    /// between its close and the end of the flip; nobody is stopped in any of them. Of the five processor figures the second is
    /// assists, the third the collector's thread, the fourth the markers. Sizes are whole MiB, rounded down; the goal is that of
    /// an address space where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |b: usize| b >> 20;
        let last = self.dead + self.flip;
        write!(
            f,
            "gc {} @{}.{:03}s {}%: {}+{}+{} ms clock, {}+{}/{}/{}+{} ms cpu, {}->{}->{} MB, {} MB goal, {} MB stacks, {} MB globals, {} P{}",
            self.number,
            self.start.as_secs(),
            self.start.subsec_millis(),
            self.total_percent,
            Milliseconds(self.prepare),
            Milliseconds(self.roots + self.mark),
            Milliseconds(last),
            Milliseconds(self.prepare),
            Milliseconds(self.assist),
            Milliseconds(self.collector),
            Milliseconds(self.background),
            Milliseconds(last),
            mib(self.heap_at_start),
            mib(self.heap_at_end),
            mib(self.live),
            mib(self.goal),
            mib(self.stacks),
            mib(self.globals),
            self.processors,
            if self.reason == Reason::Forced { " (forced)" } else { "" }
        )
    }
}

/// A time as Go's line has it: whole milliseconds from ten on, else two digits, the last of them a microsecond at least.
/// Source: `fmtNSAsMS` in `mgc.go` of Go's runtime.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (unit, decimals) = match micros {
            0 => return f.write_str("0"),
            1..100 => (1, 3),
            100..1_000 => (10, 2),
            1_000..10_000 => (100, 1),
            _ => (1_000, 0),
        };
        let scale = 10u128.pow(decimals);
        match (micros / unit, decimals as usize) {
            (n, 0) => write!(f, "{n}"),
            (n, width) => write!(f, "{}.{:0width$}", n / scale, n % scale),
        }
    }
}

/// Is told of every cycle ([`Heap::observe`](crate::Heap::observe)). What it does delays the next one: it must not wait for a
/// thread that is attached to the heap or ask for a cycle. A panic there ends the process, with a message.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use trigo_heap::{Config, CycleRecord, Heap, Observer};
///
/// #[derive(Debug, Default)]
/// struct Longest(AtomicU64);
///
/// impl Observer for Longest {
///     fn cycle_ended(&self, record: &CycleRecord) {
///         self.0.fetch_max(record.slowest_answer.0.as_nanos() as u64, Ordering::Relaxed);
///     }
/// }
///
/// let heap = Heap::new(Config::default())?;
/// let longest = Arc::new(Longest::default());
/// heap.observe(longest.clone());
/// heap.collect();
/// println!("the slowest mutator took {} ns to answer", longest.0.load(Ordering::Relaxed));
/// # Ok::<(), trigo_heap::Error>(())
/// ```
pub trait Observer: Send + Sync + fmt::Debug {
    /// A cycle begins. Pools empty themselves here. Called on the collector's thread before the barrier is on; it
    /// must not wait for a mutator.
    fn cycle_begins(&self, _number: u64) {}

    /// Finalizers or cleanups have been queued: so many wait to be run now, by [`Mutator::run_finalizers`] or from
    /// [`Mutator::next_due`]. Called on the collector's thread while the cycle still runs.
    ///
    /// [`Mutator::run_finalizers`]: crate::Mutator::run_finalizers
    /// [`Mutator::next_due`]: crate::Mutator::next_due
    fn finalizers_queued(&self, _waiting: usize) {}

    /// A cycle has ended and been swept. Called on the collector's thread.
    fn cycle_ended(&self, _record: &CycleRecord) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_two_digits() {
        let cases = [
            (0, "0"),
            (7, "0.007"),
            (99, "0.099"),
            (123, "0.12"),
            (999, "0.99"),
            (1_000, "1.0"),
            (9_999, "9.9"),
            (10_000, "10"),
            (123_456, "123"),
        ];
        for (micros, want) in cases {
            assert_eq!(Milliseconds(Duration::from_micros(micros)).to_string(), want);
        }
    }
}
