//! Looking at goroutines from outside: what each does, where it waits, which will never run again.

use super::{GoSlice, natives};
use crate::frames::each_return;
use crate::goroutine::Goroutine;
use crate::parking::state;
use crate::runtime;
use crate::sync::{Ordering, fence};
use crate::worker::Outcome;
use std::ptr::NonNull;
use std::sync::Arc;
use trigo_heap::{Stack, Suspect};

/// The state of a goroutine in a call of the system, as Go numbers it (traceback.go).
const SYSCALL: u32 = 3;

/// How often a stack is looked at anew if its goroutine ran meanwhile.
const TRIES: usize = 4;

/// What a goroutine does, as Go numbers it; and where its registers are if it does not run.
fn status(goroutine: &Goroutine) -> (u32, Option<usize>) {
    let syscall = goroutine.syscall_sp.load(Ordering::Acquire);
    match goroutine.state.load(Ordering::Acquire) {
        state @ (state::WAITING | state::RUNNABLE) => (state, Some(goroutine.sp)),
        state::YIELDED | state::YIELDED_NOTIFIED => (state::RUNNABLE, Some(goroutine.sp)),
        state::RUNNING | state::NOTIFIED if syscall != 0 => (SYSCALL, Some(syscall)),
        state::NOTIFIED => (state::RUNNING, None),
        state => (state, None),
    }
}

/// A goroutine that waits for others, and what would have to be reachable for them to wake it.
struct Waiter {
    goroutine: usize,
    /// Tells one wait from the next.
    resumes: u32,
    stack: Arc<Stack>,
    objects: Vec<NonNull<u8>>,
}

impl Waiter {
    fn suspect(&self) -> Suspect<'_> {
        let suspect = Suspect::new(&self.stack);
        self.objects.iter().fold(suspect, |suspect, &object| suspect.waits_for(object))
    }
}

/// The beginning of Go's `sudog` (chan.go).
#[repr(C)]
struct Sudog {
    g: usize,
    next: usize,
    prev: usize,
    elem: usize,
    channel: usize,
    /// The goroutine's next.
    link: *const Sudog,
}

/// Go's `waitReason`s (lock.go) of goroutines that only others can wake.
mod reason {
    pub(super) const NIL_RECEIVE: u8 = 1;
    pub(super) const NIL_SEND: u8 = 2;
    pub(super) const SELECT: u8 = 3;
    pub(super) const SELECT_NONE: u8 = 4;
    pub(super) const RECEIVE: u8 = 5;
    pub(super) const SEND: u8 = 6;
    pub(super) const COND: u8 = 9;
    pub(super) const WAIT_GROUP: u8 = 13;
}

/// The goroutine as a suspect, if it waits for others.
fn waiter(at: usize) -> Option<Waiter> {
    // SAFETY: goroutines are never freed. This one may run meanwhile; then what was read of it is not used in the end.
    let goroutine = unsafe { &*(at as *const Goroutine) };
    // Before all the rest: if the number is still the same in the end, so was the wait.
    let resumes = goroutine.resumes.load(Ordering::Acquire);
    if goroutine.state.load(Ordering::Acquire) != state::WAITING {
        return None;
    }
    let go = &goroutine.go;
    let mut objects = Vec::new();
    match go.wait_reason {
        reason::NIL_RECEIVE | reason::NIL_SEND | reason::SELECT_NONE => {}
        reason::SELECT | reason::RECEIVE | reason::SEND => {
            let mut next = go.waiting as *const Sudog;
            // SAFETY: a list of objects that the goroutine holds while it waits. If it has just been woken, they are kept by
            // the cycle that runs, or by none that ends before this thread's next safepoint.
            while let Some(sudog) = unsafe { next.as_ref() } {
                objects.extend(NonNull::new(sudog.channel as *mut u8));
                next = sudog.link;
            }
        }
        reason::COND..=reason::WAIT_GROUP => objects.push(NonNull::new(go.waiting as *mut u8)?),
        _ => return None,
    }
    let stack = goroutine.stack.clone()?;
    Some(Waiter { goroutine: at, resumes, stack, objects })
}

natives! {
    "runtime.gstatusNative" gstatus(_w, goroutine: *const Goroutine) -> (what: u32) {
        // SAFETY: goroutines are never freed.
        *what = status(unsafe { &*goroutine }).0;
        Outcome::Done
    }

    /// The return addresses of a goroutine's frames, innermost first, from number `skip` on as many as there is room for. How
    /// many frames there are; none if the goroutine runs.
    "runtime.gstackNative" gstack(_w, goroutine: *const Goroutine, pcs: GoSlice, skip: usize) -> (what: u32, n: usize) {
        (*what, *n) = (state::RUNNING, 0);
        runtime().goroutines.each_held(|at| {
            if at != goroutine as usize {
                return;
            }
            // SAFETY: goroutines are never freed.
            let goroutine = unsafe { &*goroutine };
            for _ in 0..TRIES {
                let resumes = goroutine.resumes.load(Ordering::Acquire);
                let (now, sp) = status(goroutine);
                (*what, *n) = (now, 0);
                let Some(sp) = sp else { return };
                // SAFETY: no goroutine ends while the list is held.
                unsafe {
                    each_return(goroutine, sp, |pc| {
                        if (skip..skip + pcs.len).contains(n) {
                            pcs.start.cast::<usize>().add(*n - skip).write(pc);
                        }
                        *n += 1;
                    })
                };
                // Acquire: the words were read before the count.
                fence(Ordering::Acquire);
                if goroutine.resumes.load(Ordering::Relaxed) == resumes {
                    return;
                }
            }
            (*what, *n) = (state::RUNNING, 0);
        });
        Outcome::Done
    }

    /// Finds the goroutines that nobody can wake any more, and marks them as leaked; how many.
    "runtime.findLeaks" find_leaks(w) -> (leaked: usize) {
        let mut waiters = Vec::new();
        runtime().goroutines.each_held(|at| {
            // SAFETY: goroutines are never freed; the mark is written here alone.
            unsafe { (&raw mut (*(at as *mut Goroutine)).go.leaked).write_volatile(false) };
            waiters.extend(waiter(at));
        });
        let suspects: Vec<_> = waiters.iter().map(Waiter::suspect).collect();
        *leaked = 0;
        for place in w.mutator.collect_leaks(&suspects) {
            let Waiter { goroutine: at, resumes, .. } = waiters[place];
            // SAFETY: as above.
            let goroutine = unsafe { &mut *(at as *mut Goroutine) };
            // It may have waited for something else already when the cycle began. Go does not count a main goroutine that only keeps
            // the program alive.
            let same = goroutine.state.load(Ordering::Acquire) == state::WAITING
                && goroutine.resumes.load(Ordering::Relaxed) == resumes;
            if same && !(goroutine.go.goid == 1 && goroutine.go.wait_reason == reason::SELECT_NONE) {
                goroutine.go.leaked = true;
                *leaked += 1;
            }
        }
        Outcome::Done
    }
}
