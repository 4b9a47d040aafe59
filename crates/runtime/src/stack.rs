//! Stacks: a goroutine's first is the slot that it lies in (see [`goroutine`](crate::goroutine)); who needs more gets a second
//! segment, as large as a goroutine may ever need.
//!
//! Limits leave [`STACK_GUARD`] bytes at the low end for functions that do not look, leaves and entries. There are no guard
//! pages: every function that may use more looks first.

use crate::goroutine::{Goroutine, SLOT};
use crate::runtime;
use crate::sync::{AtomicUsize, Ordering};
use crate::worker::{Outcome, Worker};
use trigo_abi::{STACK_GUARD, frame, worker as words};

/// Bytes of a second segment beyond what a goroutine may use: room to tell of an overflow.
const OVERFLOW: usize = 256 << 10;
/// Go's limit on a goroutine's stack, in bytes, unless `SetMaxStack` says otherwise.
const MAX_STACK: usize = 1_000_000_000;
/// Bytes that a kept segment may hold on to.
const KEPT: usize = 256 << 10;

/// A second segment: its lowest address and its size.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    base: usize,
    bytes: usize,
}

impl Segment {
    fn top(self) -> usize {
        self.base + self.bytes
    }

    pub(crate) fn contains(self, address: usize) -> bool {
        (self.base..self.top()).contains(&address)
    }
}

/// The most bytes of stack that a goroutine may use.
#[derive(Debug)]
pub(crate) struct MaxStack(AtomicUsize);

impl MaxStack {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(MAX_STACK))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes it; the old one.
    pub(crate) fn set(&self, bytes: usize) -> usize {
        self.0.swap(bytes.max(SLOT), Ordering::Relaxed)
    }
}

/// Maps memory that is committed as it is touched, without huge pages.
///
/// # Panics
/// If the system has no room.
pub(crate) fn map(bytes: usize) -> usize {
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
    );
    // SAFETY: a fresh private mapping.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert!(at != libc::MAP_FAILED, "runtime: cannot map {bytes} bytes for stacks");
    // SAFETY: the range was just mapped; the call is advice.
    unsafe { libc::madvise(at, bytes, libc::MADV_NOHUGEPAGE) };
    at as usize
}

impl Goroutine {
    /// Gives up the second segment, if there is one: the goroutine has left it.
    pub(crate) fn drop_segment(&mut self) {
        if let Some(segment) = self.segment.take() {
            // SAFETY: the goroutine has left it, so nothing of it is in use.
            unsafe { libc::munmap(segment.base as *mut libc::c_void, segment.bytes) };
        }
    }
}

/// What `trigo_morestack` pushes, from its stack pointer upwards.
#[repr(C)]
pub(crate) struct MoreStack {
    floats: [u64; 8],
    /// The stack pointer that the function wants; in the end the top of a new segment, or 0.
    wants: usize,
    pub(crate) context: usize,
    args: usize,
    pub(crate) entry: usize,
    others: [usize; 2],
    pub(crate) rcx: usize,
    pub(crate) rdx: usize,
    pub(crate) rsi: usize,
    pub(crate) rdi: usize,
}

/// The slow path of function entries: answers requests, gives way, or changes to the second segment.
#[unsafe(no_mangle)]
extern "C" fn trigo_native_morestack(worker: &mut Worker, block: *mut u8) -> Outcome {
    // SAFETY: the block is as `trigo_morestack` laid it out.
    let block = unsafe { &mut *block.cast::<MoreStack>() };
    let wants = std::mem::take(&mut block.wants);
    if worker.forking {
        // It gets by with the guard; it must not leave its parent on a segment, and nobody is answered. Who asks raises the
        // limit again.
        worker.set_word(words::STACK_LIMIT, 0);
        return Outcome::Done;
    }
    let goroutine = worker.running();
    let limit = goroutine.limit;
    let asked = worker.mutator.take_interrupt();
    worker.mutator.set_stack_guard(limit);
    worker.mutator.poll();
    if wants >= limit {
        return worker.give_way(asked);
    }
    if goroutine.on_segment {
        overflow(goroutine, block, wants);
        worker.mutator.set_stack_guard(goroutine.limit);
        return Outcome::Done;
    }
    let max = runtime().max_stack.get();
    let bytes = (max + OVERFLOW).next_multiple_of(1 << 20);
    if goroutine.segment.is_some_and(|kept| kept.bytes != bytes) {
        runtime().goroutines.held(|| goroutine.drop_segment());
    }
    let segment = *goroutine.segment.get_or_insert_with(|| Segment { base: map(bytes), bytes });
    goroutine.on_segment = true;
    goroutine.limit = segment.top() - max;
    // SAFETY: the goroutine is suspended at `worker.suspended_at`, all it holds lies above; it goes on at the new top, and
    // comes back by `trigo_native_lessstack` or by recovery.
    unsafe {
        worker.mutator.enter_segment(worker.suspended_at as *const u8, segment.top() as *const u8)
    };
    worker.mutator.set_stack_guard(goroutine.limit);
    block.wants = segment.top();
    Outcome::Done
}

/// The end of a second segment: the function that needed it has returned.
#[unsafe(no_mangle)]
extern "C" fn trigo_native_lessstack(worker: &mut Worker, _block: *mut u8) -> Outcome {
    leave_segment(worker);
    Outcome::Done
}

fn leave_segment(worker: &mut Worker) {
    // SAFETY: both callers return to the first segment at once.
    unsafe { worker.mutator.leave_segment() };
    let goroutine = worker.running();
    goroutine.on_segment = false;
    goroutine.limit = goroutine.first_limit();
    worker.mutator.set_stack_guard(goroutine.limit);
    if let Some(segment) = goroutine.segment {
        // Only what a deep recursion used is worth a call of the system, and nobody counts that; the first pages of the
        // rest tell.
        let below = segment.top() - KEPT;
        let mut resident = 0u8;
        // SAFETY: asks about one page of the mapping.
        let known =
            unsafe { libc::mincore((below - 4096) as *mut libc::c_void, 4096, &mut resident) };
        if known == 0 && resident & 1 != 0 {
            // SAFETY: the segment was left, so nothing in it is in use.
            unsafe {
                libc::madvise(
                    segment.base as *mut libc::c_void,
                    segment.bytes - KEPT,
                    libc::MADV_DONTNEED,
                )
            };
        }
    }
}

/// Recovery goes back to a frame: if that is in the first segment, the second is left.
pub(crate) extern "C" fn trigo_recover(worker: &mut Worker, record: *const u8) {
    // SAFETY: the record is an active frame's.
    let sp = unsafe { record.add(frame::SP).cast::<usize>().read() };
    let goroutine = worker.running();
    if goroutine.on_segment && !goroutine.segment.is_some_and(|segment| segment.contains(sp)) {
        leave_segment(worker);
    }
}

/// The goroutine has used all the stack that it may. It goes on in `runtime.stackoverflow`, on what was held back.
fn overflow(goroutine: &mut Goroutine, block: &mut MoreStack, wants: usize) {
    let segment = goroutine.segment.expect("it runs on its second segment");
    goroutine.limit = segment.base + STACK_GUARD as usize;
    let max = runtime().max_stack.get();
    crate::crash::stack_overflow(block, max, wants, segment.base..segment.top());
}
