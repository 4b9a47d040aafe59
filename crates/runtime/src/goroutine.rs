//! Goroutines: what Go sees of one, `runtime.g`, and behind it what only this crate knows.
//!
//! Goroutines are never freed, so that a pointer to one is always good; those that have ended are used again. The pointers
//! in their Go half are roots of the heap, and compiled code stores to them like to heap objects.

use crate::parking::state;
use crate::stack::{Segment, Slot};
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, lock};
use std::sync::Arc;
use trigo_heap::{RootSource, RootVisitor, Stack};

/// Words of a `runtime.g` that may point into the heap.
pub(crate) const POINTERS: usize = 16;

/// `type g struct` of goroot/src/runtime/runtime2.go: its first words and those that this crate uses.
#[repr(C)]
pub(crate) struct Go {
    pub(crate) pointers: [usize; POINTERS],
    pub(crate) goid: u64,
    pub(crate) parent_goid: u64,
    pub(crate) gopc: usize,
    pub(crate) startpc: usize,
    pub(crate) sigcode0: usize,
    pub(crate) sigcode1: usize,
    pub(crate) sigpc: usize,
    pub(crate) sig: u32,
    pub(crate) select_done: u32,
    pub(crate) locks: i32,
    pub(crate) wait_reason: u8,
    pub(crate) leaked: bool,
    flags: [u8; 6],
    pub(crate) wait_since: i64,
    sync_safe: u64,
    pub(crate) stack_lo: usize,
    pub(crate) stack_hi: usize,
    pub(crate) waiting: usize,
}

/// A goroutine.
#[repr(C)]
pub(crate) struct Goroutine {
    pub(crate) go: Go,
    /// See [`crate::parking::state`].
    pub(crate) state: AtomicU32,
    /// Where it is suspended, while it does not run.
    pub(crate) sp: usize,
    /// Where it is suspended, while it is in a call of the system; else 0.
    pub(crate) syscall_sp: AtomicUsize,
    /// How often it was resumed: who looks at its stack from outside knows by this that it did not run meanwhile.
    pub(crate) resumes: AtomicU32,
    pub(crate) slot: Slot,
    /// The lowest stack pointer for function entries on the segment that it runs on.
    pub(crate) limit: usize,
    /// The second segment; kept until the goroutine ends, because who needed it once will again.
    pub(crate) segment: Option<Segment>,
    pub(crate) on_segment: bool,
    pub(crate) stack: Option<Arc<Stack>>,
}

/// All goroutines there have ever been.
#[derive(Default)]
pub(crate) struct Goroutines {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    all: Vec<usize>,
    /// Those that have ended.
    free: Vec<usize>,
    next_id: u64,
}

impl Goroutines {
    /// A goroutine to be set up, with a number of its own.
    pub(crate) fn take(&self) -> &'static mut Goroutine {
        let mut list = lock(&self.list);
        list.next_id += 1;
        let id = list.next_id;
        let goroutine = match list.free.pop() {
            // SAFETY: it has ended, and who took it off the list is the only one to have it.
            Some(at) => unsafe { &mut *(at as *mut Goroutine) },
            None => {
                // SAFETY: zeros are a goroutine that is IDLE, without stack, segment or slot.
                let fresh = Box::leak(Box::new(unsafe { std::mem::zeroed::<Goroutine>() }));
                list.all.push(&raw const *fresh as usize);
                fresh
            }
        };
        // SAFETY: a `Go` of zeros is a goroutine that has not begun.
        goroutine.go = unsafe { std::mem::zeroed() };
        goroutine.go.goid = id;
        goroutine
    }

    /// Gives back one that has ended, with what only it had.
    pub(crate) fn give_back(&self, goroutine: &'static mut Goroutine) {
        let mut list = lock(&self.list);
        goroutine.state.store(state::DEAD, Ordering::Relaxed);
        goroutine.stack = None;
        goroutine.drop_segment();
        list.free.push(goroutine as *mut Goroutine as usize);
    }

    /// Calls `f` with the address of each goroutine, oldest first. None of them ends meanwhile: their stacks, and what
    /// memory those are in, stay.
    pub(crate) fn each_held(&self, f: impl FnMut(usize)) {
        lock(&self.list).all.iter().copied().for_each(f);
    }

    /// The addresses of all, oldest first.
    pub(crate) fn all(&self) -> Vec<usize> {
        lock(&self.list).all.clone()
    }
}

/// Their Go halves as roots.
// SAFETY: each pointer word of each goroutine is reported; compiled code changes them through the write barrier.
unsafe impl RootSource for Goroutines {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        for at in self.all() {
            // SAFETY: goroutines are never freed; compiled code changes these words one at a time.
            let pointers = unsafe { &raw const (*(at as *const Goroutine)).go.pointers };
            for word in 0..POINTERS {
                // SAFETY: within the array.
                let pointer = unsafe { pointers.cast::<*const u8>().add(word).read_volatile() };
                visitor.pointer(pointer);
            }
        }
    }
}
