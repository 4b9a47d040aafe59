//! Goroutines: what Go sees of one, `runtime.g`, and behind it what only this crate knows.
//!
//! A goroutine lies at the high end of the slot that is its stack, so that one that waits with little on its stack takes one
//! page. Slots come from slabs, and neither is ever freed, so that a pointer to a goroutine is always good; those that have
//! ended are used again. The pointers in their Go half are roots of the heap, and compiled code stores to them like to heap
//! objects.

use crate::clock;
use crate::parking::state;
use crate::stack::{Segment, map};
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, lock};
use crate::worker::Public;
use std::sync::Arc;
use trigo_abi::STACK_GUARD;
use trigo_heap::{RootSource, RootVisitor, Stack, TimeHistogram};

/// Bytes of a slot: a first stack and its goroutine. Committed as they are touched.
pub(crate) const SLOT: usize = 64 << 10;
/// Slots of a slab.
const SLAB: usize = 4096;
/// Where in a slot the goroutine begins, on a cache line of its own, and its stack ends.
const PLACE: usize = (SLOT - size_of::<Goroutine>()) & !63;

/// Of so many times that a goroutine stands in a queue, one is measured.
const TIMED: u32 = 32;
/// How long goroutines stood in queues, those times that were measured.
pub(crate) static LATENCIES: TimeHistogram = TimeHistogram::new();

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
    flags: [u8; 5],
    /// It runs on one thread alone.
    pub(crate) wired: bool,
    /// The calls of the system that it makes may wait.
    pub(crate) in_syscall: bool,
    idle: bool,
    pub(crate) wait_since: i64,
    sync_safe: u64,
    pub(crate) stack_lo: usize,
    pub(crate) stack_hi: usize,
    pub(crate) waiting: usize,
}

/// A goroutine. Zeros are one that has never been set up.
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
    /// How often it was put into a queue, and since when it stands there, if that is measured; else 0.
    queued: AtomicU32,
    queued_at: AtomicUsize,
    /// The lowest stack pointer for function entries on the segment that it runs on.
    pub(crate) limit: usize,
    /// The second segment; kept until the goroutine ends, because who needed it once will again.
    pub(crate) segment: Option<Segment>,
    pub(crate) on_segment: bool,
    pub(crate) stack: Option<Arc<Stack>>,
    /// The worker on whose thread alone it runs, and how often it asked for that.
    pub(crate) thread: Option<Arc<Public>>,
    pub(crate) wirings: usize,
    /// The one that ended before it, while neither is used again; 0 for none.
    ended_before: usize,
}

impl Goroutine {
    /// The lowest stack pointer for function entries on its first stack.
    pub(crate) fn first_limit(&self) -> usize {
        self.go.stack_lo + STACK_GUARD as usize
    }

    /// It is about to be put into a queue, by the only one to have it.
    pub(crate) fn note_queued(&self) {
        // Relaxed, here and below: whoever has the goroutine is the only one to look.
        let queued = self.queued.load(Ordering::Relaxed).wrapping_add(1);
        self.queued.store(queued, Ordering::Relaxed);
        if queued.is_multiple_of(TIMED) {
            self.queued_at.store(clock::now() as usize, Ordering::Relaxed);
        }
    }

    /// It was taken out of a queue, and runs.
    pub(crate) fn note_running(&self) {
        let since = self.queued_at.load(Ordering::Relaxed);
        if since != 0 {
            self.queued_at.store(0, Ordering::Relaxed);
            LATENCIES.add((clock::now() as u64).saturating_sub(since as u64));
        }
    }
}

/// All goroutines there have ever been.
#[derive(Default)]
pub(crate) struct Goroutines {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    places: Places,
    /// The one that ended last: the head of a list; 0 if all are in use.
    ended: usize,
    in_use: usize,
    next_id: u64,
}

/// Where goroutines are.
#[derive(Clone, Default)]
struct Places {
    slabs: Vec<usize>,
    /// How many slots of the slabs, from the first on, are goroutines.
    len: usize,
}

impl Places {
    fn get(&self, i: usize) -> usize {
        self.slabs[i / SLAB] + i % SLAB * SLOT + PLACE
    }

    /// The addresses of all, oldest first.
    fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len).map(|i| self.get(i))
    }

    /// One more, of zeros.
    fn add(&mut self) -> usize {
        if self.len == self.slabs.len() * SLAB {
            self.slabs.push(map(SLAB * SLOT));
        }
        self.len += 1;
        self.get(self.len - 1)
    }
}

impl Goroutines {
    /// A goroutine to be set up, with a number of its own and a first stack, whose contents are undefined.
    pub(crate) fn take(&self) -> &'static mut Goroutine {
        let mut list = lock(&self.list);
        let at = match list.ended {
            0 => list.places.add(),
            at => at,
        };
        // SAFETY: it is fresh, and zeros are a goroutine, or it has ended; and who took it off the list is the only one to
        // have it.
        let goroutine = unsafe { &mut *(at as *mut Goroutine) };
        list.ended = std::mem::take(&mut goroutine.ended_before);
        list.in_use += 1;
        list.next_id += 1;
        // SAFETY: a `Go` of zeros is a goroutine that has not begun.
        goroutine.go = unsafe { std::mem::zeroed() };
        goroutine.go.goid = list.next_id;
        // So that of many goroutines that run once some are measured.
        goroutine.queued.store(list.next_id as u32, Ordering::Relaxed);
        goroutine.go.stack_lo = at - PLACE;
        goroutine.go.stack_hi = at;
        goroutine.limit = goroutine.first_limit();
        goroutine.on_segment = false;
        goroutine
    }

    /// Gives back one that has ended, with what only it had.
    pub(crate) fn give_back(&self, goroutine: &'static mut Goroutine) {
        let mut list = lock(&self.list);
        goroutine.state.store(state::DEAD, Ordering::Relaxed);
        goroutine.stack = None;
        goroutine.thread = None;
        goroutine.wirings = 0;
        goroutine.drop_segment();
        goroutine.ended_before = list.ended;
        list.ended = goroutine as *mut Goroutine as usize;
        list.in_use -= 1;
    }

    /// Calls `f`, which unmaps memory of a stack, while nobody looks at stacks from outside.
    pub(crate) fn held(&self, f: impl FnOnce()) {
        let _list = lock(&self.list);
        f();
    }

    /// Calls `f` with the address of each goroutine, oldest first. None of them ends meanwhile: their stacks, and what
    /// memory those are in, stay.
    pub(crate) fn each_held(&self, f: impl FnMut(usize)) {
        lock(&self.list).places.iter().for_each(f);
    }

    /// Calls `f` with the address of each goroutine that there is now, oldest first.
    pub(crate) fn each(&self, f: impl FnMut(usize)) {
        let places = lock(&self.list).places.clone();
        places.iter().for_each(f);
    }

    /// How many there are, and how many there ever were.
    pub(crate) fn numbers(&self) -> (usize, usize) {
        let list = lock(&self.list);
        (list.in_use, list.next_id as usize)
    }

    /// Bytes of stacks in use, as Go counts them: whole first stacks.
    pub(crate) fn stack_bytes(&self) -> usize {
        lock(&self.list).in_use * SLOT
    }
}

/// Their Go halves as roots.
// SAFETY: each pointer word of each goroutine is reported; compiled code changes them through the write barrier.
unsafe impl RootSource for Goroutines {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        self.each(|at| {
            // SAFETY: goroutines are never freed; compiled code changes these words one at a time.
            let pointers = unsafe { &raw const (*(at as *const Goroutine)).go.pointers };
            for word in 0..POINTERS {
                // SAFETY: within the array.
                let pointer = unsafe { pointers.cast::<*const u8>().add(word).read_volatile() };
                visitor.pointer(pointer);
            }
        });
    }
}
