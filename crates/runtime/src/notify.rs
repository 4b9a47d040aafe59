//! Signals that the program wants to hear of: os/signal's queue.
//!
//! The handler sets a bit and wakes the goroutine that waits, by way of a thread that sleeps on a semaphore, because a
//! handler may take no lock.

use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Mutex, lock};
use std::cell::UnsafeCell;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// Signals that have come and were not received yet; signals that the program asked for, and that it ignores.
static PENDING: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static WANTED: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static IGNORED: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// The goroutine that waits for one; 0 for none.
static WAITER: Mutex<usize> = Mutex::new(0);
static STARTED: Once = Once::new();

/// A semaphore of the system, which a handler may post.
struct Semaphore(UnsafeCell<libc::sem_t>);

// SAFETY: the system's calls on it are for many threads.
unsafe impl Sync for Semaphore {}

// SAFETY: zeros are a semaphore of zero for the threads of a process, as `sem_init` would make.
static CAME: Semaphore = Semaphore(UnsafeCell::new(unsafe { std::mem::zeroed() }));

fn bit(set: &[AtomicU64; 2], signal: u32) -> (&AtomicU64, u64) {
    (&set[signal as usize / 64 % 2], 1 << (signal % 64))
}

fn has(set: &[AtomicU64; 2], signal: u32) -> bool {
    let (word, bit) = bit(set, signal);
    word.load(Ordering::SeqCst) & bit != 0
}

fn put(set: &[AtomicU64; 2], signal: u32, on: bool) {
    let (word, bit) = bit(set, signal);
    if on {
        word.fetch_or(bit, Ordering::SeqCst);
    } else {
        word.fetch_and(!bit, Ordering::SeqCst);
    }
}

extern "C" fn handler(signal: i32) {
    put(&PENDING, signal as u32, true);
    // SAFETY: may be called by a handler.
    unsafe { libc::sem_post(CAME.0.get()) };
}

/// Sets the action of a signal, unless that is the runtime's own.
fn set_action(signal: u32, action: libc::sighandler_t) {
    if crate::signals::is_fault(signal as i32) || signal as i32 == crate::all_threads::signal() {
        return;
    }
    // SAFETY: the action is one of the system's or `handler`, which does only what a handler may. It runs on the stack
    // for signals, where there is one.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(signal as i32, &new, std::ptr::null_mut());
    }
}

/// The program wants to hear of a signal.
pub(crate) fn enable(signal: u32) {
    STARTED.call_once(|| {
        let thread = std::thread::Builder::new().name("signals".to_string());
        thread.spawn(run).expect("runtime: cannot create a thread");
    });
    put(&WANTED, signal, true);
    put(&IGNORED, signal, false);
    let handler: extern "C" fn(i32) = handler;
    set_action(signal, handler as libc::sighandler_t);
}

/// It does not any more: the system's action holds.
pub(crate) fn disable(signal: u32) {
    put(&WANTED, signal, false);
    put(&IGNORED, signal, false);
    set_action(signal, libc::SIG_DFL);
}

/// It wants nothing to happen.
pub(crate) fn ignore(signal: u32) {
    put(&WANTED, signal, false);
    put(&IGNORED, signal, true);
    set_action(signal, libc::SIG_IGN);
}

/// Whether nothing happens: because the program wants it, or because whoever started it did.
pub(crate) fn is_ignored(signal: u32) -> bool {
    // SAFETY: asks for the action of a signal.
    let inherited = unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal as i32, std::ptr::null(), &mut old);
        old.sa_sigaction == libc::SIG_IGN
    };
    inherited || has(&IGNORED, signal)
}

/// A signal that has come; or none, and the goroutine, which parks next, will be made ready when one does.
pub(crate) fn receive(goroutine: *mut Goroutine) -> Option<u32> {
    let mut waiter = lock(&WAITER);
    for (i, word) in PENDING.iter().enumerate() {
        let bits = word.load(Ordering::SeqCst);
        if bits != 0 {
            let signal = (i * 64) as u32 + bits.trailing_zeros();
            put(&PENDING, signal, false);
            return Some(signal);
        }
    }
    *waiter = goroutine as usize;
    // A program that waits for signals is not dead.
    runtime().scheduler.outside(true);
    None
}

/// Whether everything that has come was received.
pub(crate) fn is_idle() -> bool {
    PENDING.iter().all(|word| word.load(Ordering::SeqCst) == 0) && *lock(&WAITER) != 0
}

fn run() {
    loop {
        // SAFETY: waits for a post.
        unsafe { libc::sem_wait(CAME.0.get()) };
        let goroutine = std::mem::take(&mut *lock(&WAITER));
        if goroutine != 0 {
            runtime().scheduler.ready(None, goroutine as *mut Goroutine);
            runtime().scheduler.outside(false);
        }
    }
}
