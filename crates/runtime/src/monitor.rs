//! A thread beside the workers: it makes the goroutine of timers ready when one is due, and has goroutines give way that ran
//! for a whole turn while others wait for theirs. It sleeps while there is neither.

use crate::clock;
use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Condvar, Mutex, Ordering, lock};
use crate::watching::Watching;
use std::sync::Once;
use std::time::Duration;

/// Who wants to be made ready when; none if nobody does.
static ALARM: Mutex<Alarm> = Mutex::new(Alarm { goroutine: 0, when: i64::MAX });
static CHANGED: Condvar = Condvar::new();
static STARTED: Once = Once::new();

/// Whether turns are watched.
static WATCHING: Watching = Watching::new();

struct Alarm {
    goroutine: usize,
    when: i64,
}

/// How long a goroutine may run while others wait, in nanoseconds, as in Go.
const TURN: i64 = 10_000_000;

/// Has the goroutine, which is about to park, made ready at a time of [`clock::now`], unless somebody else does so before.
pub(crate) fn wake_at(goroutine: *mut Goroutine, when: i64) {
    start();
    let mut alarm = lock(&ALARM);
    // What waits for a time is not dead, however idle the program is.
    if (alarm.when == i64::MAX) != (when == i64::MAX) {
        runtime().scheduler.outside(when != i64::MAX);
    }
    *alarm = Alarm { goroutine: goroutine as usize, when };
    CHANGED.notify_one();
}

/// A goroutine is ready and no worker is free to run it: no other shall run for longer than a turn from now on.
pub(crate) fn watch() {
    if WATCHING.start() {
        start();
        // The monitor looks at the flag under the lock before it sleeps.
        drop(lock(&ALARM));
        CHANGED.notify_one();
    }
}

fn start() {
    STARTED.call_once(|| {
        let thread = std::thread::Builder::new().name("monitor".to_string());
        thread.spawn(run).expect("runtime: cannot create a thread");
    });
}

fn run() {
    let mut turns = Turns { next: i64::MAX, seen: Vec::new() };
    let mut alarm = lock(&ALARM);
    loop {
        let now = clock::now();
        if alarm.when <= now {
            let goroutine = alarm.goroutine as *mut Goroutine;
            alarm.when = i64::MAX;
            drop(alarm);
            // First ready, so that the program does not look dead in between. It may have been made ready for a new timer.
            runtime().scheduler.ready(None, goroutine);
            runtime().scheduler.outside(false);
            alarm = lock(&ALARM);
            continue;
        }
        if !WATCHING.is_on() {
            turns.next = i64::MAX;
        } else if turns.next == i64::MAX {
            turns.next = now + TURN;
        }
        let until = turns.next.min(alarm.when);
        if turns.next <= now {
            drop(alarm);
            turns.look(now);
            alarm = lock(&ALARM);
            continue;
        }
        let left = Duration::from_nanos((until - now) as u64);
        let timeout = CHANGED.wait_timeout(alarm, left);
        alarm = timeout.unwrap_or_else(|error| error.into_inner()).0;
    }
}

/// The workers' turns, as they were seen last.
struct Turns {
    /// When to look next; never while turns are not watched.
    next: i64,
    /// By the worker's number.
    seen: Vec<usize>,
}

impl Turns {
    /// Has those give way that run what they ran when this was last called, a turn ago.
    fn look(&mut self, now: i64) {
        let scheduler = &runtime().scheduler;
        if !scheduler.has_work() && WATCHING.stop(|| scheduler.has_work()) {
            return;
        }
        self.next = now + TURN;
        scheduler.each_worker(|worker| {
            let turn = worker.turns.load(Ordering::Relaxed);
            if self.seen.len() <= worker.number {
                self.seen.resize(worker.number + 1, 0);
            }
            if self.seen[worker.number] == turn {
                worker.interrupter.interrupt();
            }
            self.seen[worker.number] = turn;
        });
    }
}
