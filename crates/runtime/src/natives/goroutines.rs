//! Goroutines: starting, parking, making ready, looking at.

use super::{GoSlice, natives};
use crate::entries::{SAVED, trigo_goroutine};
use crate::goroutine::Goroutine;
use crate::leaves::EMPTYING;
use crate::parking::state;
use crate::runtime;
use crate::sync::Ordering;
use crate::worker::{Outcome, Worker};

/// Bytes below a new goroutine's first frame that are cleared.
const CLEARED: usize = 1 << 10;

/// Makes a goroutine that will call a closure when it is made ready. `closure` is held by the caller meanwhile.
pub(crate) fn new_goroutine(worker: &mut Worker, closure: usize) -> &'static mut Goroutine {
    let goroutine = runtime().goroutines.take();
    let top = goroutine.go.stack_hi;
    // From the top down: the closure on a boundary of 16, where it begins, registers of nothing.
    let start = top - 16;
    let sp = start - 8 - SAVED;
    // What the last goroutine of this stack left would be taken for the new one's, in parts of frames that are not written
    // at once. Most first calls are less deep than this, and no page is touched that would not be.
    // SAFETY: all of it lies in the fresh stack.
    unsafe {
        (start as *mut usize).write(closure);
        ((start - 8) as *mut usize).write(trigo_goroutine as *const () as usize);
        std::ptr::write_bytes((sp - CLEARED) as *mut u8, 0, CLEARED + SAVED);
    }
    goroutine.sp = sp;
    goroutine.state.store(state::WAITING, Ordering::Relaxed);
    // SAFETY: the stack does not run before it is made ready, and the caller holds the closure until then.
    let stack = unsafe { worker.mutator.new_parked_stack(top as *const u8, sp as *const u8) };
    goroutine.stack = Some(stack);
    goroutine
}

natives! {
    "runtime.newprocNative" newproc(w, closure: usize, parent: *const Goroutine, pc: usize) -> (new: *mut Goroutine) {
        let goroutine = new_goroutine(w, closure);
        // SAFETY: the running goroutine; a closure begins with its code's address.
        unsafe {
            goroutine.go.parent_goid = (*parent).go.goid;
            goroutine.go.startpc = *(closure as *const usize);
        }
        goroutine.go.gopc = pc;
        *new = goroutine;
        Outcome::Done
    }

    "runtime.goexitNative" goexit(_w) {
        Outcome::Exit
    }

    "runtime.parkNative" park(w) {
        w.running().go.wait_since = crate::clock::coarse();
        Outcome::Park
    }

    "runtime.readyNative" ready(w, goroutine: *mut Goroutine) {
        if !runtime().scheduler.ready(Some(w), goroutine) {
            crate::crash::fatal("runtime: a goroutine was made ready twice");
        }
        Outcome::Done
    }

    /// Like `readyNative` for a goroutine that looks by itself what there is to do, and may be ready already.
    "runtime.wakeNative" wake(w, goroutine: *mut Goroutine) {
        runtime().scheduler.ready(Some(w), goroutine);
        Outcome::Done
    }

    "runtime.yieldNative" give_way(w) {
        w.mutator.poll();
        match runtime().scheduler.wants_turn(w) {
            true => Outcome::Yield,
            false => Outcome::Done,
        }
    }

    "runtime.parkUntil" park_until(w, when: i64) {
        crate::monitor::wake_at(w.goroutine, when);
        Outcome::Park
    }

    "runtime.lockSlow" lock_slow(w, word: *mut u32) {
        // SAFETY: the word is a lock in the Go heap or in a variable, held by the caller's frame. The call looks at it
        // and waits only while it is 2.
        w.mutator.blocked(|| unsafe {
            libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, 2, 0usize);
        });
        Outcome::Done
    }

    "runtime.unlockSlow" unlock_slow(_w, word: *mut u32) {
        // SAFETY: wakes by the address alone.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
        Outcome::Done
    }

    "runtime.gomaxprocsNative" gomaxprocs(_w, n: isize) -> (old: isize) {
        *old = runtime().scheduler.set_most(n.max(0) as usize) as isize;
        Outcome::Done
    }

    "runtime.ncpu" ncpu(_w) -> (n: usize) {
        *n = runtime().processors;
        Outcome::Done
    }

    "runtime.beginEmptying" begin_emptying(_w) -> (begun: bool) {
        *begun = EMPTYING.begin();
        Outcome::Done
    }

    "runtime.endEmptying" end_emptying(_w) {
        EMPTYING.end();
        Outcome::Done
    }

    /// Whether a goroutine is pinned.
    "runtime.anyPinned" any_pinned(_w) -> (any: bool) {
        *any = false;
        runtime().scheduler.each_worker(|worker| *any |= worker.pin.is_set());
        Outcome::Done
    }

    "runtime.allgsNative" allgs(_w, list: GoSlice) -> (n: usize) {
        *n = 0;
        runtime().goroutines.each(|at| {
            if *n < list.len {
                // SAFETY: within the slice; what is stored is no pointer into the heap.
                unsafe { list.start.cast::<usize>().add(*n).write(at) };
            }
            *n += 1;
        });
        Outcome::Done
    }

    /// Wires the goroutine to its thread once more, or once less.
    "runtime.lockOSThreadNative" lock_os_thread(w, delta: isize) {
        let goroutine = w.running();
        let before = goroutine.wirings;
        goroutine.wirings = before.saturating_add_signed(delta);
        let wired = goroutine.wirings > 0;
        if wired != (before > 0) {
            w.wire(wired);
        }
        Outcome::Done
    }

    "runtime.startTemplateThread" start_template_thread(_w) {
        crate::template::start();
        Outcome::Done
    }

    "runtime.setMaxStackNative" set_max_stack(_w, bytes: usize) -> (old: usize) {
        *old = runtime().max_stack.set(bytes);
        Outcome::Done
    }

    "runtime.setHooks" set_hooks(_w, deadlock: usize, overflow: usize) {
        crate::crash::set_hooks(deadlock, overflow);
        Outcome::Done
    }
}
