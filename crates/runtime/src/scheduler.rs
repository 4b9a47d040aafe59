//! The scheduler: goroutines that are ready, and workers that take them.
//!
//! At most `GOMAXPROCS` workers run Go code at a time: each of those has a *permit*, and with its number a
//! [queue](crate::queue). Who is made ready by a goroutine goes first in that one's queue; who gave way, or was made ready from
//! outside, stands at the end of the shared queue. A worker takes from its own queue, from the shared one, and then from
//! the others' queues; and from the shared one first each [`TURNS`]th time, so that nobody waits for ever. This is how
//! Go's scheduler works (`schedule`, `findRunnable`, `wakep` in proc.go).
//!
//! A goroutine may be wired to a thread (`LockOSThread`): that worker runs nothing else, and whoever finds the goroutine gives
//! it the permit.
//!
//! A worker in a call of the system keeps its permit, but others may take it away when there is work; then it has to get one
//! anew when it comes back.
//!
//! Invariants:
//! * The queue of a permit that nobody has is empty.
//! * While there is a permit to have and a goroutine that nobody took, some worker *seeks*: [`crate::seekers`].
//!
//! What threads do to each other without the scheduler's lock is in [`queue`](crate::queue), [`seekers`](crate::seekers) and
//! [`parking`](crate::parking), where it is modelled.

use crate::clock;
use crate::goroutine::Goroutine;
use crate::parking::{Ready, ready};
use crate::queue::Queue;
use crate::seekers::Seekers;
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, lock};
use crate::worker::{Public, Worker};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// The queues of permits, by their number. Who has a permit beyond them uses the shared queue.
static QUEUES: [Queue; 256] = [const { Queue::new() }; 256];

/// So often a worker looks into the shared queue first, as in Go.
const TURNS: usize = 61;
/// The most goroutines that are taken from the shared queue at once.
const BATCH: usize = 128;
/// How often a seeker looks at all queues before it rests.
const ROUNDS: usize = 4;

/// The scheduler.
pub(crate) struct Scheduler {
    shared: Mutex<Shared>,
    /// Workers without work wait here.
    work: Condvar,
    seekers: Seekers,
    /// Length of the shared queue, for a look without the lock.
    queued: AtomicUsize,
    /// Permits that there are, and whether more are in use: for a look without the lock.
    most: AtomicUsize,
    too_many: AtomicBool,
    /// The most permits that there ever were: so many queues may have something in them.
    reach: AtomicUsize,
}

#[derive(Default)]
struct Shared {
    queue: VecDeque<usize>,
    /// Workers with a permit.
    running: usize,
    /// The numbers of the permits that nobody has, as far as any was ever in use.
    free: BTreeSet<usize>,
    /// Permits, and since when there are so many.
    most: usize,
    since: i64,
    /// Nanoseconds of processors that permits were good for until then.
    offered: u64,
    /// Workers that wait for work.
    idle: usize,
    /// Permits for some of those, who seek when they wake.
    granted: Vec<usize>,
    workers: Vec<Option<Arc<Public>>>,
    /// Numbers of workers that have retired.
    vacant: Vec<usize>,
    /// Goroutines that wait for something outside: files, signals, calls of the system, timers.
    outside: usize,
    /// The program has nothing more to run; told once.
    dead: bool,
}

/// What a worker runs next.
#[derive(Clone, Copy)]
pub(crate) struct Next {
    pub(crate) goroutine: *mut Goroutine,
    /// It goes on in the turn of who made it ready: two that wake each other do not keep the rest waiting.
    pub(crate) same_turn: bool,
}

impl Next {
    fn new(goroutine: usize) -> Self {
        Self { goroutine: goroutine as *mut Goroutine, same_turn: false }
    }
}

impl Scheduler {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            shared: Mutex::new(Shared { most, since: clock::now(), ..Shared::default() }),
            work: Condvar::new(),
            seekers: Seekers::new(most),
            queued: AtomicUsize::new(0),
            most: AtomicUsize::new(most),
            too_many: AtomicBool::new(false),
            reach: AtomicUsize::new(most),
        }
    }

    /// Whether any goroutine waits for a turn. A hint, unless fences order it.
    pub(crate) fn has_work(&self) -> bool {
        // Relaxed: see `Seekers`.
        self.queued.load(Ordering::Relaxed) > 0 || self.queues().iter().any(|q| !q.is_empty())
    }

    /// The queues that may have something in them.
    fn queues(&self) -> &'static [Queue] {
        // Relaxed: who has a permit beyond, for it came back from the system, gives it back before it makes work.
        &QUEUES[..self.reach.load(Ordering::Relaxed).min(QUEUES.len())]
    }

    /// Whether the worker would take another goroutine if its own gave way. A hint.
    pub(crate) fn wants_turn(&self, worker: &Worker) -> bool {
        let own = own_queue(worker);
        self.queued.load(Ordering::Relaxed) > 0 || own.is_some_and(|own| !own.is_empty())
    }

    /// Makes a goroutine ready; false if it was already. `worker` is the caller's, if it has one and its permit.
    pub(crate) fn ready(&self, worker: Option<&Worker>, goroutine: *mut Goroutine) -> bool {
        // SAFETY: goroutines are never freed.
        match ready(unsafe { &(*goroutine).state }) {
            Ready::Queue => match worker.and_then(own_queue) {
                Some(own) => {
                    // SAFETY: as above; it is the caller's until it is in the queue.
                    unsafe { (*goroutine).note_queued() };
                    self.push_first(own, goroutine as usize);
                }
                None => self.push(goroutine),
            },
            Ready::Notified => {}
            Ready::Twice => return false,
        }
        true
    }

    /// Puts a goroutine that may run, and is nobody else's, at the end of the shared queue.
    pub(crate) fn push(&self, goroutine: *mut Goroutine) {
        // SAFETY: goroutines are never freed; it is the caller's until it is in the queue.
        unsafe { (*goroutine).note_queued() };
        let mut shared = lock(&self.shared);
        shared.queue.push_back(goroutine as usize);
        self.count(&shared);
        drop(shared);
        self.tell();
    }

    /// The same in the caller's queue, where it goes first.
    fn push_first(&self, own: &Queue, goroutine: usize) {
        let second = own.put_first(goroutine);
        if second != 0 && !own.push(second) {
            let mut shared = lock(&self.shared);
            shared.queue.extend(std::iter::from_fn(|| own.pop()).take(BATCH));
            shared.queue.push_back(second);
            self.count(&shared);
        }
        self.tell();
    }

    /// The caller has made work: somebody is to look for it, or, if all are busy, to run no longer than a turn.
    fn tell(&self) {
        // A seeker finds it, or sees that it is there when it has found something else.
        if !self.wake() && self.seekers.number() == 0 {
            crate::monitor::watch();
        }
    }

    /// There is work: has a worker look for it, if there is a permit to have and nobody looks. Whether it did so.
    fn wake(&self) -> bool {
        while self.seekers.wanted() {
            let mut shared = lock(&self.shared);
            if shared.running < shared.most || self.retake(&mut shared) {
                self.set_out(&mut shared);
                return true;
            }
            drop(shared);
            self.seekers.end();
            // Somebody may have relied on the seeker that there was for a moment.
            if !self.has_work() {
                return false;
            }
        }
        false
    }

    /// Gives a permit that nobody has to a worker that seeks: one of the idle, or a new one.
    fn set_out(&self, shared: &mut Shared) {
        let permit = self.permit(shared);
        if shared.idle > shared.granted.len() {
            shared.granted.push(permit);
            self.work.notify_one();
        } else {
            let number = shared.vacant.pop().unwrap_or(shared.workers.len());
            if number == shared.workers.len() {
                shared.workers.push(None);
            }
            crate::template::spawn_worker(number, permit);
        }
    }

    /// The number of the first worker, and that of its permit.
    pub(crate) fn first(&self) -> (usize, usize) {
        let mut shared = lock(&self.shared);
        shared.workers.push(None);
        self.seekers.begin();
        (0, self.permit(&mut shared))
    }

    /// A worker that was spawned has started.
    pub(crate) fn started(&self, worker: &Worker) {
        let public = &worker.public;
        lock(&self.shared).workers[public.number] = Some(Arc::clone(public));
    }

    /// The next goroutine for a worker with a permit. Waits, without it, while there is none.
    pub(crate) fn next(&self, worker: &mut Worker) -> Next {
        if !worker.wired.is_null() {
            return self.await_wired(worker);
        }
        loop {
            // Relaxed: who changes them does not wait for this. A worker that came back from the system may have a number
            // beyond those of Go's Ps, until it comes here.
            let surplus = self.too_many.load(Ordering::Relaxed)
                || worker.public.id.load(Ordering::Relaxed) >= self.most.load(Ordering::Relaxed);
            let found = if surplus { None } else { self.find(worker) };
            if let Some(next) = found {
                self.stop_seeking(worker);
                // SAFETY: goroutines are never freed; this one is nobody else's until it runs.
                match unsafe { &(*next.goroutine).thread }.clone() {
                    None => return next,
                    Some(owner) => self.hand_over(worker, &owner),
                }
            } else {
                self.rest(worker);
            }
        }
    }

    /// What the worker found runs on another's thread, which gets the permit, and the queue with it.
    fn hand_over(&self, worker: &mut Worker, owner: &Public) {
        owner.give(worker.public.id.load(Ordering::Relaxed));
        self.sleep(worker, lock(&self.shared));
    }

    /// The next goroutine for a worker to which one is wired is that one. Others run with its permit until somebody finds
    /// it and gives one back.
    fn await_wired(&self, worker: &mut Worker) -> Next {
        self.give_up(worker);
        let public = Arc::clone(&worker.public);
        let permit = worker.mutator.blocked(|| public.wait());
        public.id.store(permit, Ordering::Relaxed);
        Next::new(worker.wired as usize)
    }

    /// The worker, which runs nothing any more, is forgotten.
    pub(crate) fn retire(&self, worker: &mut Worker) {
        self.give_up(worker);
        let number = worker.public.number;
        let mut shared = lock(&self.shared);
        shared.workers[number] = None;
        if number != 0 {
            shared.vacant.push(number);
        }
    }

    /// The worker, which does not seek, gives its permit back and looks for no work.
    fn give_up(&self, worker: &mut Worker) {
        let mut shared = lock(&self.shared);
        self.give_back(&mut shared, worker.public.id.load(Ordering::Relaxed));
        let dead = shared.is_dead();
        shared.dead |= dead;
        drop(shared);
        self.seekers.fence();
        if dead {
            crate::crash::deadlock(worker);
        } else if self.has_work() {
            self.wake();
        }
    }

    /// Looks for a goroutine in all places.
    fn find(&self, worker: &mut Worker) -> Option<Next> {
        let own = own_queue(worker);
        worker.taken = worker.taken.wrapping_add(1);
        if worker.taken.is_multiple_of(TURNS)
            && let Some(next) = self.pop(None)
        {
            return Some(next);
        }
        if let Some(own) = own {
            if let Some(first) = own.take_first() {
                return Some(Next { same_turn: true, ..Next::new(first) });
            }
            if let Some(next) = own.pop() {
                return Some(Next::new(next));
            }
        }
        self.pop(own).or_else(|| self.steal(worker, own?))
    }

    /// The first of the shared queue; others go with it to `own`.
    fn pop(&self, own: Option<&Queue>) -> Option<Next> {
        // Relaxed: a hint; who rests looks again.
        if self.queued.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut shared = lock(&self.shared);
        let next = shared.queue.pop_front();
        if let Some(own) = own {
            let share = (shared.queue.len() / shared.most).min(BATCH);
            for _ in 0..share {
                let Some(more) = shared.queue.pop_front() else { break };
                if !own.push(more) {
                    shared.queue.push_front(more);
                    break;
                }
            }
        }
        self.count(&shared);
        next.map(Next::new)
    }

    /// Takes from other permits' queues, unless enough workers try.
    fn steal(&self, worker: &mut Worker, own: &Queue) -> Option<Next> {
        let queues = self.queues();
        if !worker.seeking {
            if 2 * self.seekers.number() >= self.most.load(Ordering::Relaxed) {
                return None;
            }
            self.seekers.begin();
            worker.seeking = true;
        }
        for round in 1..=ROUNDS {
            for i in 0..queues.len() {
                let other = &queues[(worker.taken + i) % queues.len()];
                if std::ptr::eq(own, other) {
                    continue;
                }
                if let Some(next) = other.steal(own) {
                    return Some(Next::new(next));
                }
                if round == ROUNDS && !other.is_empty() {
                    // Most often the other worker is just about to run who goes first there.
                    // SAFETY: sleeps for a moment.
                    worker.mutator.blocked(|| unsafe { libc::usleep(3) });
                    if let Some(first) = other.take_first() {
                        return Some(Next::new(first));
                    }
                }
            }
        }
        None
    }

    /// The worker has found something: if nobody else seeks, somebody does from now on who finds the rest.
    fn stop_seeking(&self, worker: &mut Worker) {
        if std::mem::take(&mut worker.seeking) && self.seekers.end() && self.has_work() {
            self.tell();
        }
    }

    /// The worker gives its permit back, and gets one again when there is work.
    fn rest(&self, worker: &mut Worker) {
        let mut shared = lock(&self.shared);
        self.give_back(&mut shared, worker.public.id.load(Ordering::Relaxed));
        if std::mem::take(&mut worker.seeking) {
            self.seekers.end();
        }
        // After both: see `Seekers`.
        self.seekers.fence();
        if shared.running < shared.most && self.has_work() {
            self.seek(&mut shared, worker);
        } else if shared.is_dead() {
            shared.dead = true;
            self.seek(&mut shared, worker);
            drop(shared);
            crate::crash::deadlock(worker);
        } else {
            self.sleep(worker, shared);
        }
    }

    /// The worker, which has no permit, waits for one.
    fn sleep(&self, worker: &mut Worker, mut shared: MutexGuard<'_, Shared>) {
        shared.idle += 1;
        drop(shared);
        let permit = worker.mutator.blocked(|| self.granted());
        worker.public.id.store(permit, Ordering::Relaxed);
        worker.seeking = true;
    }

    /// Waits for a permit.
    fn granted(&self) -> usize {
        let mut shared = lock(&self.shared);
        loop {
            if let Some(permit) = shared.granted.pop() {
                shared.idle -= 1;
                return permit;
            }
            shared = self.work.wait(shared).unwrap_or_else(|error| error.into_inner());
        }
    }

    /// The worker, which has no permit, takes one and seeks.
    fn seek(&self, shared: &mut Shared, worker: &mut Worker) {
        worker.public.id.store(self.permit(shared), Ordering::Relaxed);
        self.seekers.begin();
        worker.seeking = true;
    }

    /// The worker's goroutine is about to call the system, and may be long.
    pub(crate) fn enter_syscall(&self, worker: &Public) {
        worker.permit.lend();
        self.seekers.lend();
        if self.has_work() {
            let mut shared = lock(&self.shared);
            if worker.permit.take() {
                self.taken(&mut shared, worker);
                drop(shared);
                self.wake();
            }
        }
    }

    /// The call has returned: whether the goroutine may go on at once; if not, it has to wait for its turn.
    pub(crate) fn leave_syscall(&self, worker: &Public) -> bool {
        if worker.permit.claim_back() {
            self.seekers.end_loan();
            return true;
        }
        let mut shared = lock(&self.shared);
        shared.outside -= 1;
        // `next` gives the permit back at once if there are too many.
        worker.id.store(self.permit(&mut shared), Ordering::Relaxed);
        shared.running <= shared.most
    }

    /// Takes the permit of a worker in a call of the system.
    fn retake(&self, shared: &mut Shared) -> bool {
        let taken = shared.workers.iter().flatten().find(|worker| worker.permit.take()).cloned();
        if let Some(worker) = &taken {
            self.taken(shared, worker);
        }
        taken.is_some()
    }

    /// The permit of a worker in a call of the system was taken by the caller: nobody has it.
    fn taken(&self, shared: &mut Shared, worker: &Public) {
        self.seekers.end_loan();
        self.give_back(shared, worker.id.load(Ordering::Relaxed));
        shared.outside += 1;
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
            shared.offered += shared.offered_since();
            shared.since = clock::now();
            shared.most = most;
            self.most.store(most, Ordering::Relaxed);
            self.reach.fetch_max(most, Ordering::Relaxed);
            self.count(&shared);
            drop(shared);
            self.wake();
        }
        old
    }

    /// Nanoseconds of processors that the permits were good for since the start.
    pub(crate) fn offered(&self) -> u64 {
        let shared = lock(&self.shared);
        shared.offered + shared.offered_since()
    }

    /// Calls `f` with each worker that has started.
    pub(crate) fn each_worker(&self, mut f: impl FnMut(&Public)) {
        let workers = lock(&self.shared).workers.clone();
        workers.iter().flatten().for_each(|worker| f(worker));
    }

    /// A permit: its number, the lowest that nobody has.
    fn permit(&self, shared: &mut Shared) -> usize {
        let fresh = shared.running + shared.free.len();
        shared.running += 1;
        self.count(shared);
        shared.free.pop_first().unwrap_or(fresh)
    }

    /// The opposite. What is in its queue goes to the shared one. The caller has the permit.
    fn give_back(&self, shared: &mut Shared, permit: usize) {
        if let Some(own) = QUEUES.get(permit) {
            shared.queue.extend(own.take_first());
            shared.queue.extend(std::iter::from_fn(|| own.pop()));
        }
        shared.running -= 1;
        shared.free.insert(permit);
        self.count(shared);
    }

    /// Writes down, for those that look without the lock, what has changed under it.
    fn count(&self, shared: &Shared) {
        self.queued.store(shared.queue.len(), Ordering::Relaxed);
        self.too_many.store(shared.running > shared.most, Ordering::Relaxed);
        self.seekers.set_free(shared.most.saturating_sub(shared.running));
    }
}

/// The queue that belongs to a worker's permit.
fn own_queue(worker: &Worker) -> Option<&'static Queue> {
    QUEUES.get(worker.public.id.load(Ordering::Relaxed))
}

impl Shared {
    /// Nanoseconds of processors since the number of permits was changed.
    fn offered_since(&self) -> u64 {
        (clock::now() - self.since) as u64 * self.most as u64
    }

    /// Whether nothing will ever run again.
    fn is_dead(&self) -> bool {
        !self.dead && self.running == 0 && self.queue.is_empty() && self.outside == 0
    }
}
