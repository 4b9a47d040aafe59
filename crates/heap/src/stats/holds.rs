//! How long mutators were held.
//!
//! A hold is what the heap did to a thread: the time it computed, and the time it slept, waiting for a lock. What
//! the processor was taken away for in between is none, and reported apart. On a clock the two look alike, and the system
//! knows of the second only in part: what a virtual machine's host does meanwhile it may count as the thread's own. So a
//! hold is cut into steps of so little work that none can take [`HoldTimes::STEP`] ([`Stretch::step`] names them), unless it
//! faults or sleeps. One that took longer without either stood still for what it took beyond that. If the thread was switched
//! away meanwhile, the system preempted it; if not, it stalled, which nobody but its clock shows: an interrupt, or the host.
//! Of a step that faults, only what the system itself says it gave to others is left out. How
//! often that happens per second of holds is to be compared with how often it happens to a thread that only looks at the
//! clock. What a mutator waits because it allocates faster than the collector can follow is reported apart as well.

use super::{TimeHistogram, now, thread_cpu};
use crate::sync::{AtomicU64, Ordering};

/// The longest times one mutator was held by the heap, written by itself.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    handshake: AtomicU64,
    assist: AtomicU64,
    alloc: AtomicU64,
    waited: AtomicU64,
    wall: AtomicU64,
    total: AtomicU64,
    long: AtomicU64,
    preempted: AtomicU64,
    preemptions: AtomicU64,
    stalled: AtomicU64,
    stalls: AtomicU64,
    pauses: TimeHistogram,
}

/// How long a mutator was held by the heap, in nanoseconds. What the processor was taken away for meanwhile is left out of
/// the first three, and of their total, and reported apart; what the thread waited for a lock, and what the system took to
/// map memory, is not left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HoldTimes {
    /// The longest answer to a handshake, with the scan of the mutator's own stack.
    pub handshake: u64,
    /// The longest assist.
    pub assist: u64,
    /// The longest time in which an allocation got new free slots, or a large object its pages.
    pub alloc: u64,
    /// The longest time that the mutator, blocked, waited for the collector: for marking to make up for a debt of its
    /// allocations that no assist could pay, or for a flip because the heap had reached its bound.
    pub waited: u64,
    /// The longest of the first three kinds by the clock alone, with what the processor was taken away for.
    pub wall: u64,
    /// The sum of all times of the first three kinds that were measured.
    pub total: u64,
    /// How many of them took [`HoldTimes::LONG`] or longer: a count.
    pub long: u64,
    /// For how long, in all of them, the system let another thread run: beyond [`HoldTimes::STEP`] each time.
    pub preempted: u64,
    /// How often that was.
    pub preemptions: u64,
    /// For how long, in all of them, the thread stood still for no reason that the system counts: beyond
    /// [`HoldTimes::STEP`] each time. Interrupts, and on a virtual machine what the host does meanwhile. This is to be compared
    /// with what happens, in as long a time, to a thread that only looks at the clock: were the heap's own work among it,
    /// there would be more of it in holds.
    pub stalled: u64,
    /// How often that was.
    pub stalls: u64,
}

impl HoldTimes {
    /// From so many nanoseconds on a hold counts as long.
    pub const LONG: u64 = 100_000;

    /// Nanoseconds that no step of a hold can take unless the thread sleeps, faults or stands still. A step is less than five
    /// hundred accesses of memory, most of them in sequence; about fifty of them may miss all caches.
    pub const STEP: u64 = 10_000;
}

/// What the system counts of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    /// How often it has gone to sleep.
    slept: i64,
    /// How often it has faulted.
    faulted: i64,
    /// How often it was switched away although it could have run on.
    switched: i64,
}

impl Counts {
    /// Of the calling thread.
    fn read() -> Self {
        if cfg!(miri) {
            return Self { slept: 0, faulted: 0, switched: 0 };
        }
        // SAFETY: zero bytes are a valid `rusage`.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: writes one `rusage` to a valid place.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
        Self {
            slept: usage.ru_nvcsw,
            faulted: usage.ru_minflt + usage.ru_majflt,
            switched: usage.ru_nivcsw,
        }
    }
}

/// A stretch of time in which the calling thread may be held.
#[derive(Debug)]
pub(crate) struct Stretch {
    counts: Counts,
    counted: u64,
    /// Processor time that the thread had used when it was counted.
    cpu: u64,
    start: u64,
    /// When the step under way began.
    last: u64,
    preempted: [u64; 2],
    stalled: [u64; 2],
}

impl Stretch {
    /// Nanoseconds for which what was counted is good for further holds. What happens in them before a hold begins is taken
    /// for a part of it, so they are few.
    const GOOD: u64 = 30_000;

    /// Begins now.
    pub(crate) fn begin() -> Self {
        let (counts, cpu, start) = (Counts::read(), thread_cpu(), now());
        let (preempted, stalled) = ([0; 2], [0; 2]);
        Self { counts, counted: start, cpu, start, last: start, preempted, stalled }
    }

    /// Begins anew, without asking the system again if it was asked a moment ago: that takes as long as short holds do.
    fn again(&mut self) {
        let start = now();
        if start - self.counted > Self::GOOD {
            *self = Self::begin();
        } else {
            (self.start, self.last) = (start, start);
            (self.preempted, self.stalled) = ([0; 2], [0; 2]);
        }
    }

    /// Ends a step: at most 16 objects marked, 32 words of a stack or of a barrier buffer shaded, one span swept, the slots
    /// of one claim zeroed, or what is done for one kind of objects in answer to a handshake. The time.
    #[inline]
    pub(crate) fn step(&mut self) -> u64 {
        let time = now();
        if time - self.last > HoldTimes::STEP {
            self.long_step(time, true);
        } else {
            self.last = time;
        }
        time
    }

    /// Ends a step that calls the system, and so may take any time of its own. It is known to have been interrupted only if the
    /// thread was switched away.
    pub(crate) fn call(&mut self) {
        let time = now();
        if time - self.last > HoldTimes::STEP {
            self.long_step(time, false);
        } else {
            self.last = time;
        }
    }

    #[cold]
    fn long_step(&mut self, time: u64, bounded: bool) {
        let (before, counts, cpu) = (self.counts, Counts::read(), thread_cpu());
        let beyond = time - self.last - HoldTimes::STEP;
        let switched = counts.switched != before.switched;
        if counts.slept != before.slept {
            // It waited for something, at least for a part of the time.
        } else if counts.faulted != before.faulted {
            if switched {
                let without = (time - self.counted).saturating_sub(cpu - self.cpu);
                add(&mut self.preempted, without.min(beyond));
            }
        } else if switched {
            add(&mut self.preempted, beyond);
        } else if bounded {
            add(&mut self.stalled, beyond);
        }
        (self.counts, self.cpu, self.counted) = (counts, cpu, time);
        // What it takes to ask is part of the next step: who calls the system may lose the processor there.
        self.last = time;
    }
}

/// Adds `nanos` to a sum, and one to how many there are.
fn add([sum, count]: &mut [u64; 2], nanos: u64) {
    *sum += nanos;
    *count += 1;
}

/// A stretch that is used for several short holds.
#[derive(Debug, Default)]
pub(crate) struct Watch(Option<Stretch>);

impl Watch {
    /// A hold begins now.
    pub(crate) fn begin(&mut self) -> &mut Stretch {
        if let Some(stretch) = &mut self.0 {
            stretch.again();
        }
        self.0.get_or_insert_with(Stretch::begin)
    }

    /// The hold that began last, or one that begins now.
    pub(crate) fn stretch(&mut self) -> &mut Stretch {
        self.0.get_or_insert_with(Stretch::begin)
    }

    /// The thread has gone to sleep for a reason that is no hold.
    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }
}

impl Holds {
    pub(crate) fn handshake(&self, stretch: &mut Stretch) {
        let held = self.hold(&self.handshake, stretch);
        self.pauses.add(held);
    }

    pub(crate) fn assist(&self, stretch: &mut Stretch) {
        self.hold(&self.assist, stretch);
    }

    pub(crate) fn alloc(&self, stretch: &mut Stretch) {
        self.hold(&self.alloc, stretch);
    }

    /// The mutator has waited for the collector since `start`.
    pub(crate) fn wait(&self, start: u64) {
        raise(&self.waited, now() - start);
    }

    /// The mutator's answers to handshakes.
    pub(crate) fn pauses(&self) -> &TimeHistogram {
        &self.pauses
    }

    /// A hold ends, and its last step; how long it was.
    fn hold(&self, longest: &AtomicU64, stretch: &mut Stretch) -> u64 {
        let wall = stretch.step() - stretch.start;
        let held = wall - stretch.preempted[0] - stretch.stalled[0];
        raise(longest, held);
        raise(&self.wall, wall);
        // Relaxed: figures, and one writer.
        let add = |sum: &AtomicU64, n| _ = sum.fetch_add(n, Ordering::Relaxed);
        add(&self.total, held);
        if wall >= HoldTimes::STEP {
            add(&self.long, u64::from(held >= HoldTimes::LONG));
            add(&self.preempted, stretch.preempted[0]);
            add(&self.preemptions, stretch.preempted[1]);
            add(&self.stalled, stretch.stalled[0]);
            add(&self.stalls, stretch.stalled[1]);
        }
        held
    }

    pub(crate) fn read(&self) -> HoldTimes {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        HoldTimes {
            handshake: load(&self.handshake),
            assist: load(&self.assist),
            alloc: load(&self.alloc),
            waited: load(&self.waited),
            wall: load(&self.wall),
            total: load(&self.total),
            long: load(&self.long),
            preempted: load(&self.preempted),
            preemptions: load(&self.preemptions),
            stalled: load(&self.stalled),
            stalls: load(&self.stalls),
        }
    }
}

impl HoldTimes {
    /// Takes another mutator's times in: the longest of both, and the sums.
    pub(crate) fn merge(&mut self, other: &HoldTimes) {
        self.handshake = self.handshake.max(other.handshake);
        self.assist = self.assist.max(other.assist);
        self.alloc = self.alloc.max(other.alloc);
        self.waited = self.waited.max(other.waited);
        self.wall = self.wall.max(other.wall);
        self.total += other.total;
        self.long += other.long;
        self.preempted += other.preempted;
        self.preemptions += other.preemptions;
        self.stalled += other.stalled;
        self.stalls += other.stalls;
    }
}

/// Raises a maximum that one thread writes.
fn raise(longest: &AtomicU64, nanos: u64) {
    if nanos > longest.load(Ordering::Relaxed) {
        longest.store(nanos, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use std::{hint::black_box, thread, time::Duration};

    /// What an assist of one step counts that does `f`, and by the clock.
    fn assist(f: impl FnOnce()) -> HoldTimes {
        let holds = Holds::default();
        let mut stretch = Stretch::begin();
        f();
        holds.assist(&mut stretch);
        holds.read()
    }

    #[test]
    fn a_step_that_sleeps_or_faults_counts_whole() {
        let slept = assist(|| thread::sleep(Duration::from_millis(2)));
        assert!(slept.assist >= 2_000_000 && slept.assist == slept.wall, "{slept:?}");
        let faulted = assist(|| drop(black_box(vec![1u8; 64 << 20])));
        assert!(faulted.assist > HoldTimes::STEP && faulted.stalls == 0, "{faulted:?}");
        assert_eq!(faulted.assist, faulted.wall - faulted.preempted, "{faulted:?}");
    }

    #[test]
    fn a_step_that_takes_long_for_no_reason_counts_as_long_as_one_may_take() {
        let start = now();
        let spun = assist(|| while now() - start < 2_000_000 {});
        assert_eq!(spun.assist, HoldTimes::STEP, "{spun:?}");
        assert_eq!(spun.preemptions + spun.stalls, 1);
        assert_eq!(spun.wall, spun.assist + spun.preempted + spun.stalled);
    }

    #[test]
    fn a_step_that_calls_the_system_counts_whole_unless_the_thread_was_switched_away() {
        let holds = Holds::default();
        let mut stretch = Stretch::begin();
        let start = now();
        while now() - start < 2_000_000 {}
        stretch.call();
        holds.assist(&mut stretch);
        let times = holds.read();
        assert!(times.stalled < 1_000_000, "{times:?}");
        assert!(times.preemptions > 0 || times.assist >= 2_000_000, "{times:?}");
    }
}
