//! The scheduler: goroutines that are ready, in the order in which they became so, and workers that take them.
//!
//! At most `GOMAXPROCS` workers run Go code at a time: each of those has a *permit*. A worker in a call of the system keeps
//! its permit, but others may take it away when there is work; then it has to get one anew when it comes back.
//!
//! What threads do to each other without the scheduler's lock is in [`parking`](crate::parking).

use crate::goroutine::Goroutine;
use crate::parking::{Ready, ready};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock};
use crate::worker::Worker;
use std::collections::{BTreeSet, VecDeque};

/// The scheduler.
pub(crate) struct Scheduler {
    shared: Mutex<Shared>,
    /// Workers without work wait here.
    work: Condvar,
    /// Length of the queue, for a look without the lock.
    queued: AtomicUsize,
}

#[derive(Default)]
struct Shared {
    queue: VecDeque<usize>,
    /// Workers with a permit.
    running: usize,
    /// The numbers of the permits that nobody has, as far as any was ever in use.
    free: BTreeSet<usize>,
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

impl Scheduler {
    pub(crate) fn new(most: usize) -> Self {
        let shared = Shared { most, ..Shared::default() };
        Self { shared: Mutex::new(shared), work: Condvar::new(), queued: AtomicUsize::new(0) }
    }

    /// Whether somebody waits for a turn. A hint.
    pub(crate) fn wants_turn(&self) -> bool {
        self.queued.load(Ordering::SeqCst) > 0
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
        // SeqCst: see `Permit::lend`.
        self.queued.store(shared.queue.len(), Ordering::SeqCst);
        let found = self.find_worker(&mut shared);
        drop(shared);
        if !found {
            crate::monitor::watch();
        }
    }

    /// There is work: has somebody do it, unless all permits are in use; whether somebody will.
    fn find_worker(&self, shared: &mut Shared) -> bool {
        if shared.running >= shared.most && !shared.retake() {
            return false;
        }
        if shared.idle > 0 {
            self.work.notify_one();
        } else {
            // It counts as running from now on, so that the next push starts no other.
            let permit = shared.permit();
            let number = shared.workers.len();
            shared.workers.push(0);
            crate::start::spawn_worker(number, permit);
        }
        true
    }

    /// The number of the first worker, and that of its permit.
    pub(crate) fn first(&self) -> (usize, usize) {
        let mut shared = lock(&self.shared);
        shared.workers.push(0);
        (0, shared.permit())
    }

    /// A worker that was spawned has started.
    pub(crate) fn started(&self, worker: &Worker) {
        lock(&self.shared).workers[worker.number] = &raw const *worker as usize;
    }

    /// The next goroutine for a worker with a permit. Waits, without it, while there is none.
    pub(crate) fn next(&self, worker: &mut Worker) -> *mut Goroutine {
        let mut shared = lock(&self.shared);
        // A worker that came back from the system may have a number beyond those of Go's Ps, until it comes here.
        if shared.running <= shared.most
            && worker.id.load(Ordering::Relaxed) < shared.most
            && let Some(next) = self.pop(&mut shared)
        {
            return next;
        }
        shared.give_back(worker);
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
        let (next, permit) = worker.mutator.blocked(|| {
            let mut shared = lock(&self.shared);
            loop {
                if shared.running < shared.most
                    && let Some(next) = self.pop(&mut shared)
                {
                    shared.idle -= 1;
                    return (next, shared.permit());
                }
                shared = self.work.wait(shared).unwrap_or_else(|error| error.into_inner());
            }
        });
        worker.id.store(permit, Ordering::Relaxed);
        next
    }

    fn pop(&self, shared: &mut Shared) -> Option<*mut Goroutine> {
        let next = shared.queue.pop_front();
        self.queued.store(shared.queue.len(), Ordering::Relaxed);
        next.map(|at| at as *mut Goroutine)
    }

    /// The worker's goroutine is about to call the system, and may be long.
    pub(crate) fn enter_syscall(&self, worker: &Worker) {
        worker.permit.lend();
        if self.wants_turn() {
            let mut shared = lock(&self.shared);
            if worker.permit.take() {
                shared.give_back(worker);
                shared.outside += 1;
                if !shared.queue.is_empty() {
                    self.find_worker(&mut shared);
                }
            }
        }
    }

    /// The call has returned: whether the goroutine may go on at once; if not, it has to wait for its turn.
    pub(crate) fn leave_syscall(&self, worker: &Worker) -> bool {
        if worker.permit.claim_back() {
            return true;
        }
        let mut shared = lock(&self.shared);
        shared.outside -= 1;
        // `next` gives the permit back at once if there are too many.
        worker.id.store(shared.permit(), Ordering::Relaxed);
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

    /// Calls `f` with each worker that has started.
    pub(crate) fn each_worker(&self, mut f: impl FnMut(&Worker)) {
        let workers = lock(&self.shared).workers.clone();
        for at in workers.into_iter().filter(|&at| at != 0) {
            // SAFETY: workers are never freed.
            f(unsafe { &*(at as *const Worker) });
        }
    }
}

impl Shared {
    /// A permit: its number, the lowest that nobody has.
    fn permit(&mut self) -> usize {
        let fresh = self.running + self.free.len();
        self.running += 1;
        self.free.pop_first().unwrap_or(fresh)
    }

    /// Takes a worker's permit back.
    fn give_back(&mut self, worker: &Worker) {
        self.running -= 1;
        self.free.insert(worker.id.load(Ordering::Relaxed));
    }

    /// Takes the permit of a worker in a call of the system.
    fn retake(&mut self) -> bool {
        for &at in self.workers.iter().filter(|&&at| at != 0) {
            // SAFETY: workers are never freed.
            let worker = unsafe { &*(at as *const Worker) };
            if worker.permit.take() {
                self.give_back(worker);
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
