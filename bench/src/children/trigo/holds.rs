//! Two mutators beside a large heap, every operation timed.

use std::time::{Duration, Instant};

use trigo_heap::{Heap, HoldTimes, Mutator};

use super::object::{Object, build, check_all, object_kind};
use super::{attached, init, new, pointers, set};
use crate::job::Order;
use crate::meter::{Counts, Reason, RunDelay, Spins, spin};
use crate::random::Random;
use crate::report::{Pause, Report};

/// How many objects each mutator keeps.
const RING: usize = 4096;
/// Operations between two readings of the run delay.
const STRETCH: u32 = 64;
/// The length in nanoseconds from which an operation counts as a pause.
const PAUSE_FLOOR: u64 = 5000;
/// How long each of two threads spins to see what the machine itself does to a thread.
const CONTROL: Duration = Duration::from_secs(3);
/// GOGC, low so that the run sees several cycles.
const PERCENT: u32 = 25;

/// What one mutator saw.
struct Seen {
    operations: u64,
    delayed: u64,
    pauses: Vec<Pause>,
    holds: HoldTimes,
    /// Operations without a hold that stood still, and for how many nanoseconds beyond a step.
    stalls: u64,
    stalled: u64,
}

pub fn run(mutator: &mut Mutator, report: &mut Report, log2: u32, millis: u64) {
    let tree = build(mutator, log2, Order::Shuffled);
    let heap = mutator.heap().clone();
    heap.set_gc_percent(Some(PERCENT));
    mutator.collect();
    let control = mutator.blocked(|| {
        std::thread::scope(|scope| {
            let step = Duration::from_nanos(HoldTimes::STEP);
            let threads = [(); 2].map(|()| scope.spawn(move || spin(CONTROL, step)));
            threads.map(|thread| thread.join().expect("it only spins"))
        })
    });
    let longest = control.iter().map(|spins| spins.longest).max().unwrap_or(0);
    let spun = |part: fn(&Spins) -> u64| control.iter().map(part).sum::<u64>() as f64;
    report.set("control_max_us", longest as f64 / 1e3);
    report.set("control_stalls_per_s", spun(|s| s.stalls) / (spun(|s| s.ran) / 1e9));
    report.set("control_stalled_pct", 100.0 * spun(|s| s.stalled) / spun(|s| s.ran));
    let cycles_before = heap.stats().cycles;
    let length = Duration::from_millis(millis);
    let start = Instant::now();
    // The tree's address crosses to other threads as a number; this frame keeps it alive.
    let address = tree as usize;
    let seen = mutator.blocked(|| {
        std::thread::scope(|scope| {
            let mutators = [1, 2].map(|seed| {
                let heap = &heap;
                scope.spawn(move || churn(heap, address as *mut Object, seed, start, length))
            });
            mutators.map(|thread| thread.join().expect("a mutator panicked"))
        })
    });
    report.elapsed = start.elapsed().as_nanos() as u64;
    report.cycles = heap.stats().cycles - cycles_before;
    let all = || seen.iter().flat_map(|seen| &seen.pauses);
    let longest = all().map(|&[_, length, _]| length).max().unwrap_or(0);
    let own = all().map(|&[_, length, delay]| length.saturating_sub(delay)).max().unwrap_or(0);
    // The heap keeps the maximum of each kind of hold; their sum bounds a hold that is made of one of each.
    let hold = |part: fn(&HoldTimes) -> u64| {
        seen.iter().map(|seen| part(&seen.holds)).max().unwrap_or(0) as f64 / 1e3
    };
    report.set("hold_handshake_us", hold(|h| h.handshake));
    report.set("hold_assist_us", hold(|h| h.assist));
    report.set("hold_alloc_us", hold(|h| h.alloc));
    report.set("hold_max_us", hold(|h| h.handshake + h.assist + h.alloc));
    report.set("hold_wall_us", hold(|h| h.wall));
    report.set("waited_max_us", hold(|h| h.waited));
    let sum =
        |part: fn(&HoldTimes) -> u64| seen.iter().map(|seen| part(&seen.holds)).sum::<u64>() as f64;
    report.set("hold_total_ms", sum(|h| h.total) / 1e6);
    report.set("hold_long", sum(|h| h.long));
    let ran = sum(|h| h.total) + sum(|h| h.stalled);
    report.set("hold_stalls_per_s", sum(|h| h.stalls) / (ran / 1e9));
    report.set("hold_stalled_pct", 100.0 * sum(|h| h.stalled) / ran);
    // The same threads at the same time, where the heap does nothing.
    let seen_sum = |part: fn(&Seen) -> u64| seen.iter().map(part).sum::<u64>() as f64;
    let threads = report.elapsed as f64 * seen.len() as f64;
    let outside = threads - ran - seen_sum(|s| s.delayed);
    report.set("outside_stalls_per_s", seen_sum(|s| s.stalls) / (outside / 1e9));
    report.set("outside_stalled_pct", 100.0 * seen_sum(|s| s.stalled) / outside);
    report.set("hold_preempted_ms", sum(|h| h.preempted) / 1e6);
    report.set("hold_preemptions", sum(|h| h.preemptions));
    report.set("op_max_us", longest as f64 / 1e3);
    report.set("op_max_own_us", own as f64 / 1e3);
    report.set("run_delay_ms", seen.iter().map(|seen| seen.delayed).sum::<u64>() as f64 / 1e6);
    report.set("operations", seen.iter().map(|seen| seen.operations).sum::<u64>() as f64);
    report.pauses = seen.map(|seen| seen.pauses).into();
    check_all(tree, log2);
}

fn churn(heap: &Heap, tree: *mut Object, seed: u64, start: Instant, length: Duration) -> Seen {
    attached(heap, |mutator| {
        let kind = object_kind(heap);
        let ring = pointers::<Object>(mutator, RING);
        let mut random = Random::new(seed);
        let delay = RunDelay::new();
        let first = delay.read();
        let mut before = first;
        let mut seen = Seen {
            operations: 0,
            delayed: 0,
            pauses: Vec::new(),
            holds: HoldTimes::default(),
            stalls: 0,
            stalled: 0,
        };
        let mut counts = Counts::read();
        let mut last = start.elapsed();
        while last < length {
            for _ in 0..STRETCH {
                let held = mutator.holds().total;
                let object: *mut Object = new(mutator, kind);
                // SAFETY: the tree is held by the main thread and does not change; the slot is one
                // of the ring, which this frame holds.
                unsafe {
                    (*object).id = seen.operations;
                    init(mutator, &raw mut (*object).left, (*tree).left);
                    set(mutator, ring.add(random.below(RING)), object);
                }
                mutator.poll();
                seen.operations += 1;
                let mut now = start.elapsed();
                let took = (now - last).as_nanos() as u64;
                if took > PAUSE_FLOOR {
                    if counts.take() == Reason::Stalled && mutator.holds().total == held {
                        let beyond = took.saturating_sub(HoldTimes::STEP);
                        seen.stalls += u64::from(beyond > 0);
                        seen.stalled += beyond;
                    }
                    let after = delay.read();
                    seen.pauses.push([last.as_nanos() as u64, took, after - before]);
                    before = after;
                    now = start.elapsed();
                }
                last = now;
            }
            before = delay.read();
            last = start.elapsed();
        }
        seen.delayed = delay.read() - first;
        seen.holds = mutator.holds();
        seen
    })
}
