//! The profile of processor time: where goroutines are whenever a worker has used another hundredth of a second.
//!
//! Each worker's thread has a timer of the system on its own processor time, as Go has it since 1.18, whose signal comes to
//! that thread. The handler notes the frames of the goroutine that runs there in a ring, from which one reader takes them.
//! Handlers exclude each other by a flag, and give a sample up, counting it, rather than wait for long. Only workers are
//! sampled: the threads of the collector are not.
//!
//! A sample's labels are objects of Go's heap, and so the ring is a source of roots. A handler copies labels from a
//! goroutine's, which are a root too and change through the write barrier: what it copies while a cycle marks was
//! reachable when the cycle began, or is newer than it. Who takes labels out shades them first.

use crate::goroutine::Goroutine;
use crate::parking::state;
use crate::sync::{Mutex, lock};
use crate::worker::{self, Worker};
use crate::{frames, runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use trigo_heap::{RootSource, RootVisitor};

/// Frames of a sample at most, and samples in the ring.
const FRAMES: usize = 64;
const SAMPLES: usize = 1024;
/// How often a handler tries for the ring.
const TRIES: usize = 10_000;

/// A sample. The ring's indices say who may touch it.
struct Sample {
    labels: AtomicUsize,
    len: AtomicUsize,
    frames: [AtomicUsize; FRAMES],
}

/// The ring: samples from [`TAKEN`] to [`ADDED`], counted for ever, are full.
static RING: [Sample; SAMPLES] = [const {
    Sample {
        labels: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        frames: [const { AtomicUsize::new(0) }; FRAMES],
    }
}; SAMPLES];
static ADDED: AtomicUsize = AtomicUsize::new(0);
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// Samples that there was no room for.
static LOST: AtomicUsize = AtomicUsize::new(0);
/// A handler adds to the ring.
static BUSY: AtomicBool = AtomicBool::new(false);
/// The code address that stands for a worker without a goroutine; 0 while there is no profile.
static IDLE: AtomicUsize = AtomicUsize::new(0);

static TIMERS: Mutex<Timers> = Mutex::new(Timers { hz: 0, all: Vec::new() });

/// The timers of a profile that is being made, by their threads' numbers.
struct Timers {
    hz: i64,
    all: Vec<(i32, usize)>,
}

/// Starts a profile with so many samples for each second of processor time, or ends it if `hz` is 0. `idle` is the address of
/// code that stands for what is no goroutine's.
pub(crate) fn set_rate(hz: i64, idle: usize) {
    let mut timers = lock(&TIMERS);
    for (_, timer) in timers.all.drain(..) {
        // SAFETY: a timer of this process's, deleted once.
        unsafe { libc::timer_delete(timer as libc::timer_t) };
    }
    timers.hz = hz;
    // Relaxed, here and in the handler: a sample more or less does not matter.
    IDLE.store(if hz > 0 { idle } else { 0 }, Ordering::Relaxed);
    if hz > 0 {
        install();
        runtime().scheduler.each_worker(|worker| timers.add(worker.thread));
    }
}

/// A worker's thread has begun.
pub(crate) fn thread_started(worker: &Worker) {
    lock(&TIMERS).add(worker.public.thread);
}

/// A worker's thread is about to end.
pub(crate) fn thread_ends(worker: &Worker) {
    lock(&TIMERS).all.retain(|&(thread, timer)| {
        let stays = thread != worker.public.thread;
        if !stays {
            // SAFETY: a timer of this process's, deleted once.
            unsafe { libc::timer_delete(timer as libc::timer_t) };
        }
        stays
    });
}

/// The handler stays when the profile ends: a signal may be on its way.
fn install() {
    // SAFETY: the handler is one for three arguments, and runs on the signal stack that each worker has.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = sample;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(libc::SIGPROF, &action, std::ptr::null_mut());
    }
}

impl Timers {
    /// A timer for a thread, if a profile is being made and it has none.
    fn add(&mut self, thread: i32) {
        if self.hz == 0 || self.all.iter().any(|&(known, _)| known == thread) {
            return;
        }
        // The clock of a thread's processor time, as the kernel numbers it (include/linux/posix-timers_types.h).
        let clock = !thread << 3 | 6;
        let nanos = 1_000_000_000 / self.hz;
        let period =
            libc::timespec { tv_sec: nanos / 1_000_000_000, tv_nsec: nanos % 1_000_000_000 };
        let spec = libc::itimerspec { it_interval: period, it_value: period };
        let mut timer: libc::timer_t = std::ptr::null_mut();
        // SAFETY: both structures are the system's, filled in. A thread that has ended meanwhile gets no timer.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = libc::SIGPROF;
            event.sigev_notify_thread_id = thread;
            if libc::timer_create(clock, &mut event, &mut timer) == 0 {
                libc::timer_settime(timer, 0, &spec, std::ptr::null_mut());
                self.all.push((thread, timer as usize));
            }
        }
    }
}

/// The handler of the timers' signal: adds a sample. It calls nothing that a handler may not.
extern "C" fn sample(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let idle = IDLE.load(Ordering::Relaxed);
    let worker = worker::current();
    if idle == 0 || worker.is_null() {
        return;
    }
    // Acquire, and release below: handlers see each other's samples.
    let free = || BUSY.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed);
    if !(0..TRIES).any(|_| free().is_ok()) {
        LOST.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let added = ADDED.load(Ordering::Relaxed);
    // Acquire: the reader is done with what it has taken.
    if added - TAKEN.load(Ordering::Acquire) == SAMPLES {
        LOST.fetch_add(1, Ordering::Relaxed);
    } else {
        let sample = &RING[added % SAMPLES];
        let (mut len, mut labels) = (0, 0);
        let add = |pc: usize| {
            if len < FRAMES {
                sample.frames[len].store(pc, Ordering::Relaxed);
                len += 1;
            }
        };
        // SAFETY: the handler gets the context from the system, and interrupts the worker's own thread, so that nobody changes
        // either meanwhile; a goroutine that runs does not end.
        unsafe {
            let registers = &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
            if let Some(goroutine) = running(&*worker) {
                labels = goroutine.go.pointers[LABELS];
                each_frame(&*worker, goroutine, registers, add);
            }
        }
        if len == 0 {
            sample.frames[0].store(idle + 1, Ordering::Relaxed);
            len = 1;
        }
        sample.len.store(len, Ordering::Relaxed);
        sample.labels.store(labels, Ordering::Relaxed);
        // Release: the reader sees the sample.
        ADDED.store(added + 1, Ordering::Release);
    }
    BUSY.store(false, Ordering::Release);
}

/// Which of a goroutine's pointers are its labels (`type g struct`).
const LABELS: usize = 3;

/// The goroutine that the worker is at.
fn running(worker: &Worker) -> Option<&Goroutine> {
    // SAFETY: goroutines are never freed.
    let goroutine = unsafe { worker.goroutine.as_ref() }?;
    let state = goroutine.state.load(std::sync::atomic::Ordering::Relaxed);
    matches!(state, state::RUNNING | state::NOTIFIED).then_some(goroutine)
}

/// Calls `f` with an address for each frame, innermost first: that of the next instruction, or the return address.
///
/// # Safety
/// 1. The goroutine runs on this thread, whose registers these are.
unsafe fn each_frame(
    worker: &Worker,
    goroutine: &Goroutine,
    registers: &[i64; 23],
    mut f: impl FnMut(usize),
) {
    let register = |number: i32| registers[number as usize] as usize;
    let (pc, sp, fp) = (register(libc::REG_RIP), register(libc::REG_RSP), register(libc::REG_RBP));
    if !frames::on_stack(goroutine, sp & !7) {
        // A native runs for it.
        // SAFETY: as the caller vouches.
        return unsafe { frames::each_return(goroutine, worker.suspended_at, f) };
    }
    // SAFETY: as the caller vouches; a word of its stack.
    unsafe {
        if let Some(at) = caller_without_frame(pc, sp) {
            f(pc + 1);
            return frames::each_from(goroutine, *(at as *const usize), fp, f);
        }
        // Consumers look at the byte before an address, as for returns.
        let inside = (runtime().module.text..runtime().module.text_end).contains(&(pc as u64));
        frames::each_from(goroutine, if inside { pc + 1 } else { pc }, fp, f)
    }
}

/// Where the return address is while a function has no frame yet, or no more: at its first two instructions and its last.
///
/// # Safety
/// 1. `pc` is where this thread is.
unsafe fn caller_without_frame(pc: usize, sp: usize) -> Option<usize> {
    let module = runtime().module;
    let funcs = crate::start::entries(&module.funcs);
    let number = funcs.partition_point(|func| func.start as usize <= pc).checked_sub(1)?;
    let func = &funcs[number];
    let offset = pc - func.start as usize;
    if offset >= func.size as usize {
        return None;
    }
    /// The instruction that returns.
    const RET: u8 = 0xc3;
    // SAFETY: code of the program's.
    match (offset, unsafe { *(pc as *const u8) }) {
        (0, _) | (_, RET) => Some(sp),
        // Behind `push rbp`.
        (1, _) => Some(sp + 8),
        _ => None,
    }
}

/// Takes a sample out: gives its frames and labels, and before it is gone the place of the labels, to be shaded. None if
/// there is none. For one reader at a time.
pub(crate) fn take(pcs: &mut [usize], shade: impl FnOnce(*mut *mut u8)) -> Option<(usize, usize)> {
    let taken = TAKEN.load(Ordering::Relaxed);
    // Acquire: the handler has written it.
    if taken == ADDED.load(Ordering::Acquire) {
        return None;
    }
    let sample = &RING[taken % SAMPLES];
    let len = sample.len.load(Ordering::Relaxed).min(pcs.len());
    for (pc, frame) in pcs.iter_mut().zip(&sample.frames[..len]) {
        *pc = frame.load(Ordering::Relaxed);
    }
    shade(sample.labels.as_ptr().cast());
    let labels = sample.labels.swap(0, Ordering::Relaxed);
    // Release: handlers may write it again.
    TAKEN.store(taken + 1, Ordering::Release);
    Some((len, labels))
}

/// How many samples were lost since this was asked last.
pub(crate) fn take_lost() -> usize {
    LOST.swap(0, Ordering::Relaxed)
}

/// The ring's labels as roots.
pub(crate) fn roots() -> Arc<dyn RootSource> {
    Arc::new(Labels)
}

struct Labels;

// SAFETY: every word that may hold a pointer is reported; see the top of this file for how they change.
unsafe impl RootSource for Labels {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        if lock(&TIMERS).hz == 0 && TAKEN.load(Ordering::Relaxed) == ADDED.load(Ordering::Relaxed) {
            return;
        }
        for sample in &RING {
            visitor.pointer(sample.labels.load(Ordering::Relaxed) as *const u8);
        }
    }
}
