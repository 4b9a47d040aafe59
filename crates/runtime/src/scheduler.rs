//! The scheduler: goroutines that are ready, in the order in which they became so, and workers that take them.
//!
//! At most `GOMAXPROCS` workers run Go code at a time: each of those has a *permit*. A worker in a call of the system keeps
//! its permit, but others may take it away when there is work; then it has to get one anew when it comes back.
//!
//! The states of a goroutine are the other protocol here. Who parks and who makes ready may meet in any order:
//! [`park`] and [`ready`] are the two halves, and each ready ends exactly one park.

use crate::goroutine::{Goroutine, state};
use crate::sync::{AtomicU32, AtomicUsize, Condvar, Mutex, Ordering, lock};
use crate::worker::{Worker, place};
use std::collections::VecDeque;

/// The goroutine's half: true if it waits now, false if it was made ready meanwhile and runs on.
pub(crate) fn park(word: &AtomicU32) -> bool {
    // Release: who makes it ready, and runs it, sees what it did. Acquire: it sees what happened before it was notified.
    let waits =
        word.compare_exchange(state::RUNNING, state::WAITING, Ordering::AcqRel, Ordering::Acquire);
    if waits.is_err() {
        word.store(state::RUNNING, Ordering::Relaxed);
    }
    waits.is_ok()
}

/// What [`ready`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// It waited: the caller puts it in the queue.
    Queue,
    /// It runs, and will not wait the next time.
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
            state::RUNNING | state::SYSCALL => (state::NOTIFIED, Ready::Notified),
            _ => return Ready::Twice,
        };
        // As in `park`.
        match word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return found,
            Err(now) => seen = now,
        }
    }
}

/// The scheduler.
#[cfg(not(loom))]
pub(crate) struct Scheduler {
    shared: Mutex<Shared>,
    /// Workers without work wait here.
    work: Condvar,
    /// Length of the queue, for a look without the lock.
    queued: AtomicUsize,
}

#[cfg(not(loom))]
#[derive(Default)]
struct Shared {
    queue: VecDeque<usize>,
    /// Workers with a permit.
    running: usize,
    /// Permits.
    most: usize,
    /// Workers that wait for work.
    idle: usize,
    workers: Vec<usize>,
    /// Goroutines that wait for something outside: files, signals, calls of the system, timers.
    outside: usize,
    /// The program has nothing more to run; told once.
    dead: bool,
}

#[cfg(not(loom))]
impl Scheduler {
    pub(crate) fn new(most: usize) -> Self {
        let shared = Shared { most, ..Shared::default() };
        Self { shared: Mutex::new(shared), work: Condvar::new(), queued: AtomicUsize::new(0) }
    }

    /// Whether somebody waits for a turn. A hint.
    pub(crate) fn wants_turn(&self) -> bool {
        self.queued.load(Ordering::Relaxed) > 0
    }

    /// Makes a goroutine ready; false if it was already.
    pub(crate) fn ready(&self, goroutine: *mut Goroutine) -> bool {
        // SAFETY: goroutines are never freed.
        match ready(unsafe { &(*goroutine).state }) {
            Ready::Queue => self.push(goroutine),
            Ready::Notified => {}
            Ready::Twice => return false,
        }
        true
    }

    /// Puts a goroutine that is RUNNABLE, and nobody else's, at the end of the queue.
    pub(crate) fn push(&self, goroutine: *mut Goroutine) {
        let mut shared = lock(&self.shared);
        shared.queue.push_back(goroutine as usize);
        self.queued.store(shared.queue.len(), Ordering::Relaxed);
        self.find_worker(&mut shared);
    }

    /// There is work: has somebody do it, unless all permits are in use.
    fn find_worker(&self, shared: &mut Shared) {
        if shared.running >= shared.most && !shared.retake() {
            return;
        }
        if shared.idle > 0 {
            self.work.notify_one();
        } else {
            // It counts as running from now on, so that the next push starts no other.
            shared.running += 1;
            let number = shared.workers.len();
            shared.workers.push(0);
            crate::start::spawn_worker(number);
        }
    }

    /// The number of the first worker, which has a permit from the beginning.
    pub(crate) fn first(&self) -> usize {
        let mut shared = lock(&self.shared);
        shared.running += 1;
        shared.workers.push(0);
        0
    }

    /// A worker that was spawned has started.
    pub(crate) fn started(&self, worker: &Worker) {
        lock(&self.shared).workers[worker.number] = &raw const *worker as usize;
    }

    /// The next goroutine for a worker with a permit. Waits, without it, while there is none.
    pub(crate) fn next(&self, worker: &mut Worker) -> *mut Goroutine {
        let mut shared = lock(&self.shared);
        if shared.running <= shared.most
            && let Some(next) = self.pop(&mut shared)
        {
            return next;
        }
        shared.running -= 1;
        if shared.is_dead() {
            shared.dead = true;
            drop(shared);
            crate::crash::deadlock(worker);
            shared = lock(&self.shared);
        } else if !shared.queue.is_empty() {
            self.find_worker(&mut shared);
        }
        shared.idle += 1;
        drop(shared);
        worker.mutator.blocked(|| {
            let mut shared = lock(&self.shared);
            loop {
                if shared.running < shared.most
                    && let Some(next) = self.pop(&mut shared)
                {
                    shared.running += 1;
                    shared.idle -= 1;
                    return next;
                }
                shared = self.work.wait(shared).unwrap_or_else(|error| error.into_inner());
            }
        })
    }

    fn pop(&self, shared: &mut Shared) -> Option<*mut Goroutine> {
        let next = shared.queue.pop_front();
        self.queued.store(shared.queue.len(), Ordering::Relaxed);
        next.map(|at| at as *mut Goroutine)
    }

    /// The worker's goroutine is about to call the system, and may be long.
    pub(crate) fn enter_syscall(&self, worker: &Worker) {
        // SeqCst: `retake` sees it, or the look at the queue sees what was pushed before that.
        worker.place.store(place::SYSCALL, Ordering::SeqCst);
        if self.wants_turn() {
            let mut shared = lock(&self.shared);
            if worker.retake() {
                shared.running -= 1;
                shared.outside += 1;
                if !shared.queue.is_empty() {
                    self.find_worker(&mut shared);
                }
            }
        }
    }

    /// The call has returned: whether the goroutine may go on at once; if not, it has to wait for its turn.
    pub(crate) fn leave_syscall(&self, worker: &Worker) -> bool {
        let own = worker.place.swap(place::GO, Ordering::SeqCst) == place::SYSCALL;
        if own {
            return true;
        }
        let mut shared = lock(&self.shared);
        shared.outside -= 1;
        // With a permit or without: `next` gives it back at once if there are too many.
        shared.running += 1;
        shared.running <= shared.most
    }

    /// A goroutine begins or ends to wait for something outside of the program.
    pub(crate) fn outside(&self, more: bool) {
        let mut shared = lock(&self.shared);
        if more { shared.outside += 1 } else { shared.outside -= 1 }
    }

    /// Changes the number of permits, if not zero; the old one.
    pub(crate) fn set_most(&self, most: usize) -> usize {
        let mut shared = lock(&self.shared);
        let old = shared.most;
        if most > 0 {
            shared.most = most;
            while shared.running < shared.most && !shared.queue.is_empty() {
                let before = shared.running;
                self.find_worker(&mut shared);
                if shared.running == before {
                    break;
                }
            }
        }
        old
    }

    /// Asks all workers to come to the scheduler at their next function entry.
    pub(crate) fn preempt_all(&self) {
        let shared = lock(&self.shared);
        for &at in shared.workers.iter().filter(|&&at| at != 0) {
            // SAFETY: workers are never freed.
            unsafe { (*(at as *const Worker)).preempt() };
        }
    }
}

#[cfg(not(loom))]
impl Shared {
    /// Takes the permit of a worker in a call of the system.
    fn retake(&mut self) -> bool {
        for &at in self.workers.iter().filter(|&&at| at != 0) {
            // SAFETY: workers are never freed.
            if unsafe { (*(at as *const Worker)).retake() } {
                self.running -= 1;
                self.outside += 1;
                return true;
            }
        }
        false
    }

    /// Whether nothing will ever run again.
    fn is_dead(&self) -> bool {
        !self.dead && self.running == 0 && self.queue.is_empty() && self.outside == 0
    }
}

#[cfg(not(loom))]
impl Worker {
    fn retake(&self) -> bool {
        let taken = self.place.compare_exchange(
            place::SYSCALL,
            place::RETAKEN,
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        taken.is_ok()
    }

    /// Raises the stack limit, so that the next function entry comes to the runtime.
    fn preempt(&self) {
        let words = self.mutator.state_address();
        // SAFETY: the word is one of the worker's, and written atomically by the heap as well.
        let limit = unsafe { &*words.add(trigo_abi::worker::STACK_LIMIT).cast::<AtomicUsize>() };
        limit.store(usize::MAX, Ordering::Release);
    }
}
