//! The ends of a program that the runtime brings about: deadlock, stack overflow, faults outside of Go code.

use crate::runtime;
use crate::stack::MoreStack;
use crate::worker::Worker;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The Go functions for the first two, as function values; 0 before `runtime.main` has told.
static DEADLOCK: AtomicUsize = AtomicUsize::new(0);
static OVERFLOW: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn set_hooks(deadlock: usize, overflow: usize) {
    DEADLOCK.store(deadlock, Ordering::Relaxed);
    OVERFLOW.store(overflow, Ordering::Relaxed);
}

/// Nothing runs, and nothing will: has a goroutine say so.
pub(crate) fn deadlock(worker: &mut Worker) {
    let closure = DEADLOCK.load(Ordering::Relaxed);
    if closure == 0 {
        fatal("all goroutines are asleep - deadlock!");
    }
    let goroutine = crate::natives::new_goroutine(worker, closure);
    // SAFETY: a closure begins with its code's address.
    goroutine.go.startpc = unsafe { *(closure as *const usize) };
    runtime().scheduler.ready(None, goroutine);
}

/// Sends a goroutine that has used its stack to `runtime.stackoverflow(limit, sp, lo, hi)`, by the block of `trigo_morestack`.
pub(crate) fn stack_overflow(block: &mut MoreStack, limit: usize, sp: usize, stack: Range<usize>) {
    let closure = OVERFLOW.load(Ordering::Relaxed);
    if closure == 0 {
        fatal("stack overflow");
    }
    // SAFETY: a closure begins with its code's address.
    block.entry = unsafe { *(closure as *const usize) };
    block.context = closure;
    (block.rdi, block.rsi, block.rdx, block.rcx) = (limit, sp, stack.start, stack.end);
}

/// Ends the program with a message, where no goroutine can tell more.
pub(crate) fn fatal(message: &str) -> ! {
    eprintln!("fatal error: {message}");
    // SAFETY: ends the process.
    unsafe { libc::_exit(2) }
}

/// Ends the program by the signal that leaves a core.
pub(crate) fn abort() -> ! {
    // SAFETY: the default action of the signal ends the process.
    unsafe {
        libc::signal(libc::SIGABRT, libc::SIG_DFL);
        libc::raise(libc::SIGABRT);
        libc::_exit(2)
    }
}
