//! Whether the monitor watches turns: a flag between those that leave goroutines waiting and the monitor, which stops when none
//! waits.
//!
//! Who leaves a goroutine waiting looks at the flag afterwards; the monitor looks for goroutines that wait after it has taken
//! the flag down: so one of the two sees the other.

use crate::sync::{AtomicBool, Ordering, fence};

/// The flag. Its accesses are relaxed: the fences order them.
pub(crate) struct Watching(AtomicBool);

impl Watching {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The caller left a goroutine waiting. True if the monitor has to be woken: nobody else will.
    pub(crate) fn start(&self) -> bool {
        fence(Ordering::SeqCst);
        !self.is_on() && !self.0.swap(true, Ordering::Relaxed)
    }

    /// The monitor saw nobody wait. False if somebody does after all, and it goes on.
    pub(crate) fn stop(&self, somebody_waits: impl FnOnce() -> bool) -> bool {
        self.0.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let goes_on = somebody_waits();
        if goes_on {
            self.0.store(true, Ordering::Relaxed);
        }
        !goes_on
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::{AtomicUsize, Condvar, Mutex, lock};
    use loom::thread;
    use std::sync::Arc;

    struct Shared {
        watching: Watching,
        waiting: AtomicUsize,
        lock: Mutex<()>,
        changed: Condvar,
    }

    impl Shared {
        /// What the scheduler does, and `monitor::watch`.
        fn leave_one_waiting(&self, look: bool) {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            if look && self.watching.start() {
                drop(lock(&self.lock));
                self.changed.notify_one();
            }
        }

        fn somebody_waits(&self) -> bool {
            self.waiting.load(Ordering::Relaxed) > 0
        }

        /// What the monitor does until it has seen somebody wait.
        fn monitor(&self) {
            loop {
                let mut guard = lock(&self.lock);
                while !self.watching.is_on() {
                    guard = self.changed.wait(guard).unwrap();
                }
                drop(guard);
                if self.somebody_waits() {
                    return;
                }
                self.watching.stop(|| self.somebody_waits());
            }
        }
    }

    fn model(look: bool) {
        loom::model(move || {
            let shared = Arc::new(Shared {
                watching: Watching::new(),
                waiting: AtomicUsize::new(0),
                lock: Mutex::new(()),
                changed: Condvar::new(),
            });
            // The monitor was about to stop.
            assert!(shared.watching.start());
            let other = thread::spawn({
                let shared = Arc::clone(&shared);
                move || shared.leave_one_waiting(look)
            });
            shared.monitor();
            other.join().unwrap();
        });
    }

    #[test]
    fn a_goroutine_that_waits_is_seen_by_the_monitor() {
        model(true);
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn one_that_is_left_waiting_without_a_look_at_the_flag_is_not() {
        model(false);
    }
}
