//! A thread beside the workers: it makes the goroutine of timers ready when one is due, and asks workers to give way when
//! goroutines have waited for their turn.

use crate::clock;
use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Condvar, Mutex, lock};
use std::sync::Once;
use std::time::Duration;

/// Who wants to be made ready when; none if nobody does.
static ALARM: Mutex<Alarm> = Mutex::new(Alarm { goroutine: 0, when: i64::MAX });
static CHANGED: Condvar = Condvar::new();
static STARTED: Once = Once::new();

struct Alarm {
    goroutine: usize,
    when: i64,
}

/// How long a goroutine may run while others wait, as in Go.
const TURN: Duration = Duration::from_millis(10);

/// Has the goroutine, which is about to park, made ready at a time of [`clock::now`], unless somebody else does so before.
pub(crate) fn wake_at(goroutine: *mut Goroutine, when: i64) {
    STARTED.call_once(|| {
        let thread = std::thread::Builder::new().name("monitor".to_string());
        thread.spawn(run).expect("runtime: cannot create a thread");
    });
    let mut alarm = lock(&ALARM);
    // What waits for a time is not dead, however idle the program is.
    if (alarm.when == i64::MAX) != (when == i64::MAX) {
        runtime().scheduler.outside(when != i64::MAX);
    }
    *alarm = Alarm { goroutine: goroutine as usize, when };
    CHANGED.notify_one();
}

fn run() {
    let mut alarm = lock(&ALARM);
    loop {
        let left = alarm.when.saturating_sub(clock::now());
        if left <= 0 {
            let goroutine = alarm.goroutine as *mut Goroutine;
            alarm.when = i64::MAX;
            // First ready, so that the program does not look dead in between. It may have been made ready for a new timer.
            runtime().scheduler.ready(goroutine);
            runtime().scheduler.outside(false);
            continue;
        }
        let busy = runtime().scheduler.wants_turn();
        let wait = Duration::from_nanos(left as u64).min(if busy { TURN } else { Duration::MAX });
        let timeout = CHANGED.wait_timeout(alarm, wait.min(TURN * 10));
        alarm = timeout.unwrap_or_else(|error| error.into_inner()).0;
        if busy && runtime().scheduler.wants_turn() {
            runtime().scheduler.preempt_all();
        }
    }
}
