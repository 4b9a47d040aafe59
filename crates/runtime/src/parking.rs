//! Two protocols between workers: the state of a goroutine, and the permit of a worker in a call of the system.
//!
//! * A goroutine parks, and somebody makes it ready: in any order, on any threads. Each [`ready`] ends exactly one
//!   [`park`], and what its caller did before is seen by the goroutine afterwards. Between being found in a list and
//!   parking it may give way to others: a `ready` that comes then, or before, counts all the same.
//! * A permit to run Go code belongs to one worker at a time. A worker in a call of the system may lose its permit to
//!   others, and learns of it when it comes back.

use crate::sync::{AtomicU32, Ordering};

/// What a goroutine does. The numbers up to `DEAD` are Go's too (traceback.go); 0 is one that was never set up.
pub(crate) mod state {
    pub(crate) const RUNNABLE: u32 = 1;
    pub(crate) const RUNNING: u32 = 2;
    pub(crate) const WAITING: u32 = 4;
    pub(crate) const DEAD: u32 = 5;
    /// Running, and made ready already for when it parks next.
    pub(crate) const NOTIFIED: u32 = 6;
    /// Gave way to others, and is to run on; and the same of one that is `NOTIFIED`.
    pub(crate) const YIELDED: u32 = 7;
    pub(crate) const YIELDED_NOTIFIED: u32 = 8;
}

/// The goroutine's half, once it can be resumed: true if it waits now, false if it was made ready meanwhile and runs on.
pub(crate) fn park(word: &AtomicU32) -> bool {
    // Release: who makes it ready, and runs it, sees what it did. Acquire: it sees what happened before it was notified.
    let waits =
        word.compare_exchange(state::RUNNING, state::WAITING, Ordering::AcqRel, Ordering::Acquire);
    if waits.is_err() {
        word.store(state::RUNNING, Ordering::Relaxed);
    }
    waits.is_ok()
}

/// The goroutine gives way, once it can be resumed: its caller, and nobody else, puts it into the queue.
pub(crate) fn give_way(word: &AtomicU32) {
    // Release: who sees that it does not run may look at where it is suspended. Acquire: the store below would hide what
    // happened before it was notified.
    let yielded =
        word.compare_exchange(state::RUNNING, state::YIELDED, Ordering::Release, Ordering::Acquire);
    if yielded.is_err() {
        word.store(state::YIELDED_NOTIFIED, Ordering::Release);
    }
}

/// The goroutine was in the queue and runs on.
pub(crate) fn resume(word: &AtomicU32) {
    let mut seen = word.load(Ordering::Relaxed);
    loop {
        let next = match seen {
            state::YIELDED_NOTIFIED => state::NOTIFIED,
            _ => state::RUNNING,
        };
        // Acquire: what who made it ready did. Only from YIELDED can it change meanwhile.
        match word.compare_exchange(seen, next, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => seen = now,
        }
    }
}

/// What [`ready`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// It waited: the caller, and nobody else, has it run.
    Queue,
    /// It runs, or will without this, and does not wait the next time.
    Notified,
    /// It was ready already.
    Twice,
}

/// The other half.
pub(crate) fn ready(word: &AtomicU32) -> Ready {
    let mut seen = word.load(Ordering::Relaxed);
    loop {
        let (next, found) = match seen {
            state::WAITING => (state::RUNNABLE, Ready::Queue),
            state::RUNNING => (state::NOTIFIED, Ready::Notified),
            state::YIELDED => (state::YIELDED_NOTIFIED, Ready::Notified),
            _ => return Ready::Twice,
        };
        // As in `park`.
        match word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return found,
            Err(now) => seen = now,
        }
    }
}

/// Whose the permit of a worker is.
#[derive(Debug)]
pub(crate) struct Permit(AtomicU32);

impl Permit {
    const OWN: u32 = 0;
    const LENT: u32 = 1;
    const TAKEN: u32 = 2;

    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(Self::OWN))
    }

    /// The worker enters a call of the system: from now on others may take the permit.
    pub(crate) fn lend(&self) {
        // SeqCst: who makes work and then finds no permit to take, made it before this; the worker, which looks for work
        // next, sees it.
        self.0.store(Self::LENT, Ordering::SeqCst);
    }

    /// Takes the permit away, if it is lent: true for one caller at most.
    pub(crate) fn take(&self) -> bool {
        self.0.compare_exchange(Self::LENT, Self::TAKEN, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The call has returned: whether the permit is still the worker's.
    pub(crate) fn claim_back(&self) -> bool {
        self.0.swap(Self::OWN, Ordering::SeqCst) == Self::LENT
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::AtomicUsize;
    use loom::thread;
    use std::sync::Arc;

    /// A goroutine's word, and how often it ran since it began to wait.
    struct Goroutine {
        word: AtomicU32,
        /// Written by who makes it ready, read by the goroutine.
        message: AtomicUsize,
        runs: AtomicUsize,
    }

    fn running() -> Arc<Goroutine> {
        Arc::new(Goroutine {
            word: AtomicU32::new(state::RUNNING),
            message: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
        })
    }

    /// The goroutine parks; who finds that it waited runs it on, on the other thread.
    #[test]
    fn a_ready_ends_exactly_one_park() {
        loom::model(|| {
            let goroutine = running();
            let other = thread::spawn({
                let goroutine = Arc::clone(&goroutine);
                move || {
                    goroutine.message.store(7, Ordering::Relaxed);
                    let found = ready(&goroutine.word);
                    if found == Ready::Queue {
                        run(&goroutine);
                    }
                    found
                }
            });
            let waits = park(&goroutine.word);
            if !waits {
                run(&goroutine);
            }
            let found = other.join().unwrap();
            assert_eq!(waits, found == Ready::Queue);
            assert_eq!(goroutine.runs.load(Ordering::Relaxed), 1);
        });
    }

    fn run(goroutine: &Goroutine) {
        goroutine.word.store(state::RUNNING, Ordering::Relaxed);
        assert_eq!(goroutine.message.load(Ordering::Relaxed), 7);
        goroutine.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// It stands in a list, as somebody finds it, and gives way once before it parks.
    #[test]
    fn a_ready_is_not_lost_to_a_goroutine_that_gives_way() {
        loom::model(|| {
            let goroutine = running();
            let other = thread::spawn({
                let goroutine = Arc::clone(&goroutine);
                move || {
                    goroutine.message.store(7, Ordering::Relaxed);
                    ready(&goroutine.word)
                }
            });
            give_way(&goroutine.word);
            resume(&goroutine.word);
            let waits = park(&goroutine.word);
            if !waits {
                run(&goroutine);
            }
            let found = other.join().unwrap();
            let expected = if waits { Ready::Queue } else { Ready::Notified };
            assert_eq!(found, expected);
        });
    }

    #[test]
    fn two_that_make_a_goroutine_ready_put_it_in_the_queue_once() {
        loom::model(|| {
            let word = Arc::new(AtomicU32::new(state::WAITING));
            let other = thread::spawn({
                let word = Arc::clone(&word);
                move || ready(&word)
            });
            let found = [ready(&word), other.join().unwrap()];
            assert!(found == [Ready::Queue, Ready::Twice] || found == [Ready::Twice, Ready::Queue]);
        });
    }

    #[test]
    fn a_permit_has_one_owner() {
        loom::model(|| {
            let permit = Arc::new(Permit::new());
            permit.lend();
            let takers: Vec<_> = (0..2)
                .map(|_| {
                    let permit = Arc::clone(&permit);
                    thread::spawn(move || permit.take())
                })
                .collect();
            let kept = permit.claim_back();
            let taken = takers.into_iter().filter_map(|taker| taker.join().ok());
            let taken = taken.filter(|&taken| taken).count();
            assert_eq!(taken + usize::from(kept), 1);
        });
    }
}
