//! What a language runtime needs beyond the interface for Rust programs: its code is suspended on stacks of its own
//! while this crate runs on another, and stores pointers without calling in.

use super::{BARRIER_FULL, BARRIER_OFF, Mutator, MutatorState};
use crate::{LayoutKind, mark::Greyer, sync::Ordering};
use std::sync::{Arc, atomic::AtomicPtr};

/// Has a mutator's code come to its slow path soon, for reasons of the client's: another goroutine's turn, say. The
/// [poll word](crate::offsets::POLL) and the [stack guard](crate::offsets::STACK_GUARD) are raised as for a handshake, until the
/// mutator [takes](Mutator::take_interrupt) the interrupt.
///
/// ```
/// # let heap = trigo_heap::Heap::new(trigo_heap::Config::default())?;
/// let mut mutator = heap.attach();
/// let interrupter = mutator.interrupter();
/// std::thread::spawn(move || interrupter.interrupt()).join().unwrap();
/// assert!(mutator.take_interrupt());
/// assert!(!mutator.take_interrupt());
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Interrupter(Arc<MutatorState>);

impl Interrupter {
    /// Interrupts the mutator. One that has been dropped is left alone. Never blocks.
    pub fn interrupt(&self) {
        self.0.gate.interrupt();
        // After the poll word: see `protocol::gate`.
        self.0.client.guard.raise();
    }
}

impl Mutator {
    /// Runs `f` on behalf of the client's code that is suspended at `sp` on the running [`Stack`](crate::Stack). At every
    /// safepoint in `f` the live part of that stack is `sp..top`, wherever this thread runs meanwhile: on a
    /// worker's system stack, say. Each slow path of compiled code is such a call.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout};
    /// # let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let object = mutator.alloc(Layout::NO_SCAN, 8)?;
    /// let mut words = [0usize; 64];
    /// // SAFETY: all safepoints come from the call of `suspended` below.
    /// let stack = unsafe { mutator.new_stack(words.as_mut_ptr_range().end.cast()) };
    /// words[62] = object.as_ptr() as usize; // a frame of the goroutine
    /// let sp = (&raw const words[60]).cast();
    /// // SAFETY: the goroutine is suspended at `sp`, and all it holds lies above.
    /// unsafe { mutator.suspended(sp, |mutator| mutator.collect()) };
    /// assert_eq!(heap.stats().live_objects, 1);
    /// # mutator.remove_stack(&stack);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Safety
    /// 1. A stack runs on this mutator, all its live words lie in `sp..top` or in [outer segments](Mutator::enter_segment),
    ///    its registers saved among them, and they do not change during the call.
    /// 2. Pointers that `f` itself needs across a safepoint are in roots or [client words](crate::offsets::CLIENT): its own
    ///    frames are not scanned.
    pub unsafe fn suspended<R>(&mut self, sp: *const u8, f: impl FnOnce(&mut Mutator) -> R) -> R {
        let before = self.private().suspended_at.replace(sp as usize);
        // A panic in `f` unwinds through here; the guard puts things right first.
        let guard = Suspended { mutator: self, before };
        f(guard.mutator)
    }

    /// The first half of [`Mutator::blocked`], for code that cannot be a closure: a system call of a goroutine. From here
    /// until [`Mutator::leave_blocked`] has returned, cycles do not wait for this mutator, and the collector scans the
    /// running stack from `sp` for it. A safepoint. Waits for nobody.
    ///
    /// # Safety
    /// 1. As for [`Mutator::suspended`], 1, until `leave_blocked` has returned: below `sp` the stack may be used meanwhile.
    ///    If no stack runs on this mutator, `sp` is not looked at.
    /// 2. Until then the thread touches no object of this heap, and neither mutator, client words nor state.
    /// 3. The mutator is not blocked.
    pub unsafe fn enter_blocked(&mut self, sp: *const u8) {
        self.private().suspended_at = Some(sp as usize);
        self.private().set_sp(sp as usize);
        self.answer_pending(sp as usize);
        self.state().gate.block();
    }

    /// The second half: waits while the collector answers for this mutator. A safepoint.
    ///
    /// # Safety
    /// 1. The mutator was blocked by [`Mutator::enter_blocked`].
    pub unsafe fn leave_blocked(&mut self) {
        self.state().gate.unblock();
        self.private().watch.forget();
        let sp = self.private().sp;
        self.answer_pending(sp);
        self.private().suspended_at = None;
    }

    /// Sets the [stack guard](crate::offsets::STACK_GUARD) to the lowest stack pointer that functions may be entered with, or
    /// raises it if a handshake or an [interrupt](Interrupter) is pending. For the change to another stack, and for the slow path of function entries.
    /// Never blocks; not a safepoint.
    pub fn set_stack_guard(&mut self, lowest: usize) {
        self.state().client.guard.set(lowest, self.state().gate());
    }

    /// Who can interrupt this mutator from other threads.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.owner))
    }

    /// Whether somebody has [interrupted](Interrupter) this mutator since the last call. Call it before
    /// [`Mutator::set_stack_guard`], which raises the guard for an interrupt that was not taken. Never blocks; not a safepoint.
    pub fn take_interrupt(&mut self) -> bool {
        self.state().gate.take_interrupt()
    }

    /// What [`Mutator::store`] does before its store: while a cycle marks, records the value that `slot` holds, and until
    /// this mutator's stacks have been scanned `value` too. Not a safepoint; never blocks.
    ///
    /// # Safety
    /// 1. As for [`Mutator::store`]; the store follows before the next safepoint.
    #[inline(always)]
    pub unsafe fn before_store(&mut self, slot: *mut *mut u8, value: *mut u8) {
        // Relaxed: the flag is written by this thread's own answers, or before it was unblocked.
        if self.state().barrier.load(Ordering::Relaxed) != BARRIER_OFF {
            // SAFETY: the caller vouches for the slot.
            unsafe { self.record(slot, value as usize) };
        }
    }

    /// [`Mutator::before_store`] for each pointer word of `bytes` bytes at `to`, in one object of this heap or in memory that a
    /// root source reports, that are about to be overwritten by those at `from`; with `from` null they are about to be
    /// cleared. For copies of structures and parts of arrays. Outside of objects with exact layouts, each word that looks
    /// like a pointer counts as one. Not a safepoint; never blocks. Its time is proportional to `bytes` while a cycle marks:
    /// a longer copy than 16 KiB is better made in parts, with a safepoint between them.
    ///
    /// # Safety
    /// 1. `to..to + bytes` lies in one live object of this heap, or outside of the heap and is readable; `from..from + bytes`
    ///    is readable or `from` is null; all are multiples of 8.
    /// 2. The pointer words of the source are as [`Mutator::store`] demands of values.
    /// 3. The copy follows before the next safepoint. It stores whole words, and words that are pointers atomically.
    pub unsafe fn before_copy(&mut self, to: *mut u8, from: *const u8, bytes: usize) {
        let barrier = self.state().barrier.load(Ordering::Relaxed);
        if barrier == BARRIER_OFF || bytes == 0 {
            return;
        }
        let shared = std::sync::Arc::clone(self.shared());
        let found = shared.space().find(to as usize);
        let exact = found.filter(|found| {
            !matches!(shared.layout_kind(found), LayoutKind::Conservative | LayoutKind::Trace)
        });
        let Some(found) = exact else {
            let mut greyer = Greyer::new(&shared);
            // SAFETY: as the caller vouches.
            unsafe { greyer.words(to as usize, to as usize + bytes) };
            if barrier == BARRIER_FULL && !from.is_null() {
                // SAFETY: as the caller vouches.
                unsafe { greyer.words(from as usize, from as usize + bytes) };
            }
            return;
        };
        let start = to as usize - found.base();
        shared.each_pointer_in(&found, start..start + bytes, |offset, _| {
            let offset = offset.expect("such layouts name words") - start;
            let value = if from.is_null() {
                std::ptr::null_mut()
            } else {
                // SAFETY: readable, as the caller vouches; another mutator may be storing to it.
                unsafe { AtomicPtr::from_ptr(from.add(offset).cast_mut().cast::<*mut u8>()) }
                    .load(Ordering::Relaxed)
            };
            // SAFETY: a pointer word of the object.
            unsafe { self.record(to.add(offset).cast(), value as usize) };
        });
    }
}

/// Ends [`Mutator::suspended`].
struct Suspended<'m> {
    mutator: &'m mut Mutator,
    before: Option<usize>,
}

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.mutator.private().suspended_at = self.before;
    }
}
