//! Workers: threads that run goroutines, each with a mutator of the heap.
//!
//! The border: compiled code calls natives by `trigo_native`, which comes to [`trigo_enter`] on the worker's system stack.
//! A native says what becomes of the goroutine that called it; the answer is the stack pointer of the one to go on with.

use crate::goroutine::Goroutine;
use crate::parking::{self, Permit};
use crate::pins::Pin;
use crate::runtime;
use crate::scheduler::Next;
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock};
use std::cell::Cell;
use std::sync::Arc;
use trigo_abi::worker as words;
use trigo_heap::{Interrupter, Layout, Mutator};

/// What becomes of the goroutine that called a native.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It goes on.
    Done = 0,
    /// It waits until it is made ready.
    Park = 1,
    /// It lets others go first.
    Yield = 2,
    /// It has ended.
    Exit = 3,
}

/// A native: see [`trigo_abi`].
pub(crate) type Native = extern "C" fn(&mut Worker, *mut u8) -> Outcome;

/// Types whose layouts a worker remembers.
const CACHED: usize = 512;

/// What other threads see of a worker.
pub(crate) struct Public {
    pub(crate) number: usize,
    /// The thread's number in the system.
    pub(crate) thread: i32,
    pub(crate) permit: Permit,
    /// The number of its permit, while it has one: Go's P.
    pub(crate) id: AtomicUsize,
    /// By which others ask the goroutine that runs here to give way.
    pub(crate) interrupter: Interrupter,
    /// How often a goroutine was taken on here.
    pub(crate) turns: AtomicUsize,
    /// Whether the goroutine that runs here is pinned.
    pub(crate) pin: Pin,
    /// A permit for the goroutine that is wired to this thread.
    given: Mutex<Option<usize>>,
    came: Condvar,
}

impl Public {
    /// Gives the worker, whose goroutine is wired to it and is to run, a permit.
    pub(crate) fn give(&self, permit: usize) {
        *lock(&self.given) = Some(permit);
        self.came.notify_one();
    }

    /// Waits for a permit.
    pub(crate) fn wait(&self) -> usize {
        let mut given = lock(&self.given);
        loop {
            if let Some(permit) = given.take() {
                return permit;
            }
            given = self.came.wait(given).unwrap_or_else(|error| error.into_inner());
        }
    }
}

thread_local! {
    /// The worker of this thread. Neither made nor dropped by code, so that signal handlers may look at it.
    static CURRENT: Cell<*mut Worker> = const { Cell::new(std::ptr::null_mut()) };
}

/// The worker of the calling thread; null if it is none. Not for goroutines' stacks, which change threads.
pub(crate) fn current() -> *const Worker {
    CURRENT.get()
}

/// The calling thread's worker is about to be dropped.
pub(crate) fn forget_current() {
    CURRENT.set(std::ptr::null_mut());
}

/// A worker.
pub(crate) struct Worker {
    pub(crate) mutator: Mutator,
    /// The goroutine that runs here.
    pub(crate) goroutine: *mut Goroutine,
    /// Its stack pointer, while a native runs for it.
    pub(crate) suspended_at: usize,
    pub(crate) public: Arc<Public>,
    /// The goroutine that is wired to this thread, and runs nowhere else; null if there is none.
    pub(crate) wired: *mut Goroutine,
    /// Its goroutine is about to fork, or is the child: see [`Worker::answer`].
    pub(crate) forking: bool,
    /// It has a permit and looks for work.
    pub(crate) seeking: bool,
    /// How often it looked for a goroutine.
    pub(crate) taken: usize,
    /// Layouts of types, by the descriptor's address.
    pub(crate) layouts: Box<[(usize, Layout); CACHED]>,
}

impl Worker {
    /// A worker for the calling thread, with a permit; it is counted among those that seek.
    pub(crate) fn new(number: usize, permit: usize) -> Box<Worker> {
        let mutator = runtime().heap.attach();
        let public = Public {
            number,
            // SAFETY: asks for a number.
            thread: unsafe { libc::gettid() },
            permit: Permit::new(),
            id: AtomicUsize::new(permit),
            interrupter: mutator.interrupter(),
            turns: AtomicUsize::new(0),
            pin: Pin::default(),
            given: Mutex::default(),
            came: Condvar::new(),
        };
        let mut worker = Box::new(Worker {
            mutator,
            goroutine: std::ptr::null_mut(),
            suspended_at: 0,
            public: Arc::new(public),
            wired: std::ptr::null_mut(),
            forking: false,
            seeking: true,
            taken: 0,
            layouts: Box::new([(0, Layout::NO_SCAN); CACHED]),
        });
        let at = &raw mut *worker as usize;
        worker.set_word(words::WORKER, at);
        CURRENT.set(&raw mut *worker);
        worker
    }

    /// Writes one of the words that compiled code sees.
    pub(crate) fn set_word(&mut self, offset: usize, value: usize) {
        // SAFETY: the client's words are this worker's, at the offsets that the assertion below checks.
        unsafe { self.mutator.state_address().add(offset).cast::<usize>().write_volatile(value) };
    }

    /// The goroutine that called the native.
    pub(crate) fn running(&self) -> &'static mut Goroutine {
        // SAFETY: goroutines are never freed, and the one that runs here is changed by nobody else.
        unsafe { &mut *self.goroutine }
    }

    /// Answers handshakes of the heap, unless the goroutine forks.
    ///
    /// The child has one thread. If it has its parent's memory, it must not be killed in the middle of an answer, or with a
    /// lock; if it has a copy, what it would wait for, a lock or the end of a hold, never comes. So from before the fork until
    /// the parent is itself again nobody answers on this thread; that is until the child has executed its program, for which a
    /// cycle waits.
    pub(crate) fn answer(&mut self) {
        if !self.forking {
            self.mutator.poll();
        }
    }

    /// What a goroutine does at a safepoint: it gives way if it was asked to and nothing keeps it on its thread.
    pub(crate) fn give_way(&mut self, asked: bool) -> Outcome {
        match asked && self.running().go.locks == 0 && runtime().scheduler.wants_turn(self) {
            true => Outcome::Yield,
            false => Outcome::Done,
        }
    }

    /// Runs `f`, which may wait for what is outside of the program, while others may run Go code in this worker's place;
    /// what becomes of the goroutine afterwards. `f` must not touch the heap.
    pub(crate) fn outside<R>(&mut self, f: impl FnOnce() -> R) -> (R, Outcome) {
        let (public, scheduler) = (&self.public, &runtime().scheduler);
        let (result, goes_on) = self.mutator.blocked(|| {
            scheduler.enter_syscall(public);
            let result = f();
            (result, scheduler.leave_syscall(public))
        });
        (result, if goes_on { Outcome::Done } else { Outcome::Yield })
    }

    /// Takes the goroutine on that the scheduler gave; its stack pointer.
    fn take_on(&mut self, next: Next) -> usize {
        if !next.same_turn {
            // Relaxed: only the monitor looks, and only whether it changes. Before the interrupt is taken: one that was
            // meant for the last goroutine does no more than take a turn from this one.
            let turns = &self.public.turns;
            turns.store(turns.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            self.mutator.take_interrupt();
        }
        // SAFETY: goroutines are never freed.
        unsafe { (*next.goroutine).note_running() };
        self.resume(next.goroutine)
    }

    /// Goes on with a goroutine that is ready; its stack pointer.
    fn resume(&mut self, goroutine: *mut Goroutine) -> usize {
        self.goroutine = goroutine;
        let goroutine = self.running();
        let stack = goroutine.stack.as_ref().expect("a ready goroutine has a stack");
        // SAFETY: no other goroutine runs here, and the switch to this one's stack comes before the next safepoint.
        unsafe { self.mutator.resume_stack(stack) };
        parking::resume(&goroutine.state);
        // Release: who sees the count sees the state too.
        goroutine.resumes.fetch_add(1, Ordering::Release);
        self.set_word(words::G, self.goroutine as usize);
        self.mutator.set_stack_guard(goroutine.limit);
        goroutine.sp
    }

    /// Does what the native said; the stack pointer to go on with.
    fn settle(&mut self, outcome: Outcome) -> usize {
        let goroutine = self.running();
        let sp = self.suspended_at;
        match outcome {
            Outcome::Done => return sp,
            Outcome::Exit => {
                self.end();
                if !self.wired.is_null() {
                    self.retire();
                }
            }
            Outcome::Park | Outcome::Yield => {
                goroutine.sp = sp;
                // SAFETY: the goroutine is suspended at `sp`, its registers above it, and this thread is on its own stack.
                unsafe { self.mutator.park_stack(sp as *const u8) };
                if outcome == Outcome::Yield {
                    parking::give_way(&goroutine.state);
                    runtime().scheduler.push(self.goroutine);
                } else if !parking::park(&goroutine.state) {
                    return self.resume(self.goroutine);
                }
            }
        }
        self.goroutine = std::ptr::null_mut();
        self.set_word(words::G, 0);
        let next = runtime().scheduler.next(self);
        self.take_on(next)
    }

    /// Wires the running goroutine to this thread, or undoes that.
    pub(crate) fn wire(&mut self, on: bool) {
        let goroutine = self.running();
        goroutine.thread = on.then(|| Arc::clone(&self.public));
        goroutine.go.wired = on;
        self.wired = if on { self.goroutine } else { std::ptr::null_mut() };
        crate::template::set_altered(on);
    }

    /// The wired goroutine has ended, and maybe left the thread altered: nothing else shall run here. As in Go, the process's
    /// first thread stays, and does nothing.
    fn retire(&mut self) -> ! {
        self.wired = std::ptr::null_mut();
        self.goroutine = std::ptr::null_mut();
        runtime().scheduler.retire(self);
        if self.public.number == 0 {
            self.mutator.blocked(|| {
                loop {
                    std::thread::park();
                }
            })
        }
        // SAFETY: the thread runs a worker, which has no goroutine any more; no frame from here to there owns anything.
        unsafe { crate::entries::trigo_leave_worker(self.mutator.state_address()) }
    }

    /// The running goroutine has ended.
    fn end(&mut self) {
        let goroutine = self.running();
        let stack = goroutine.stack.as_ref().expect("a running goroutine has a stack");
        self.mutator.remove_stack(stack);
        runtime().goroutines.give_back(goroutine);
    }
}

/// From compiled code into a native and back: the stack pointer of the goroutine to go on with.
pub(crate) extern "C" fn trigo_enter(
    native: Native,
    block: *mut u8,
    sp: usize,
    worker: &mut Worker,
) -> usize {
    worker.suspended_at = sp;
    let at = &raw mut *worker;
    // SAFETY: the goroutine is suspended at `sp`, its registers above it. The mutator is a part of the worker, which the
    // native gets whole; `suspended` does not use it meanwhile but to note where the stack is.
    let outcome = unsafe { (*at).mutator.suspended(sp as *const u8, |_| native(&mut *at, block)) };
    worker.settle(outcome)
}

/// A worker's first goroutine.
pub(crate) extern "C" fn trigo_first(worker: &mut Worker) -> usize {
    let next = runtime().scheduler.next(worker);
    worker.take_on(next)
}

const _: () = assert!(
    words::COUNT == trigo_heap::offsets::CLIENT_WORDS
        && trigo_heap::offsets::CLIENT == 0
        && words::STACK_LIMIT == trigo_heap::offsets::STACK_GUARD
        && words::POLL == trigo_heap::offsets::POLL
        && words::BARRIER == trigo_heap::offsets::BARRIER
        && words::BUFFER_NEXT == trigo_heap::offsets::BUFFER_NEXT
        && words::BUFFER_END == trigo_heap::offsets::BUFFER_END
);

const _: () = {
    use trigo_abi::cursors;
    use trigo_heap::{Layout, offsets::uniform_cursor};
    let mut slot = 0;
    while slot < cursors::SLOTS.len() {
        let bytes = cursors::SLOTS[slot] as usize;
        let of = [uniform_cursor(Layout::NO_SCAN, bytes), uniform_cursor(Layout::POINTERS, bytes)];
        let [Some(plain), Some(pointers)] = of else { panic!() };
        assert!(plain == cursors::of(slot, false) && pointers == cursors::of(slot, true));
        slot += 1;
    }
};
