//! Stacks on a mutator: which one its thread runs, and the changes from one to another.

use super::Mutator;
use crate::{mark::Greyer, stacks::Stack};
use std::sync::Arc;

impl Mutator {
    /// Registers a stack whose highest address is `top`; it runs on this mutator from now on, and is scanned from the
    /// stack pointer to `top` while it does. It counts as empty now. Not a safepoint; may wait for a short lock.
    ///
    /// # Safety
    /// 1. No other stack runs on this mutator.
    /// 2. Before the next safepoint the caller switches to the stack, or parks or removes it. While it runs, the words from
    ///    the stack pointer to `top` are readable at every safepoint, whose stack pointer is one of this stack.
    /// 3. It is parked or removed before the mutator is dropped.
    pub unsafe fn new_stack(&mut self, top: *const u8) -> Arc<Stack> {
        let stack = self.register_stack(top);
        self.private().stack = Some(Arc::clone(&stack));
        stack
    }

    /// Registers a stack whose highest address is `top` and which is parked from the beginning, at `sp`: what lies above is
    /// the first frame of a goroutine, say, with its function and arguments. Whatever stack runs on this mutator runs on.
    /// Not a safepoint; may wait for a short lock.
    ///
    /// # Safety
    /// 1. As for [`Mutator::park_stack`], 2.
    /// 2. What `sp..top` points to is held by this mutator until the call returns: by its stack, its client words, or
    ///    otherwise.
    pub unsafe fn new_parked_stack(&mut self, top: *const u8, sp: *const u8) -> Arc<Stack> {
        let stack = self.register_stack(top);
        stack.park(sp as usize);
        stack
    }

    fn register_stack(&mut self, top: *const u8) -> Arc<Stack> {
        let private = self.private();
        // Before this mutator's own scan the new stack may get objects that are held by other stacks alone, or that
        // were not born black: then it has to be scanned as they are.
        let unscanned = private.marking && !private.scanned;
        let scanned_in = private.cycle.wrapping_sub(u32::from(unscanned));
        let stack = Arc::new(Stack::new(top as usize, scanned_in));
        self.heap.shared.roots.stacks.add(Arc::clone(&stack));
        stack
    }

    /// Makes a parked stack this mutator's running one, which must have none. Waits while the collector scans it, or while it
    /// runs elsewhere; if the cycle has scanned this mutator but not yet the stack, scans it here, first. Call it before
    /// the switch to the stack. Not a safepoint.
    ///
    /// # Safety
    /// 1. The stack is one of this heap, and has not been removed.
    /// 2. As for [`Mutator::new_stack`].
    pub unsafe fn resume_stack(&mut self, stack: &Arc<Stack>) {
        let scanned = stack.claim().resume();
        self.run_stack(stack, scanned);
    }

    /// [`Mutator::resume_stack`] without the wait: false, and nothing has happened, if the stack is being scanned or
    /// runs elsewhere. Waits for nobody. Not a safepoint.
    ///
    /// # Safety
    /// 1. As for [`Mutator::resume_stack`], if the answer is true.
    pub unsafe fn try_resume_stack(&mut self, stack: &Arc<Stack>) -> bool {
        let claimed = stack.claim().try_resume();
        if let Some(scanned) = claimed {
            self.run_stack(stack, scanned);
        }
        claimed.is_some()
    }

    /// Takes on a stack that this mutator has claimed and that was scanned last in cycle `scanned`.
    fn run_stack(&mut self, stack: &Arc<Stack>, scanned: u32) {
        self.private().stack = Some(Arc::clone(stack));
        self.scan_if_due(stack, scanned);
    }

    /// Scans a stack that this mutator has claimed and that was scanned last in cycle `scanned`, if the cycle that runs has
    /// scanned this mutator, which may have read pointers from it, and not the stack.
    fn scan_if_due(&self, stack: &Arc<Stack>, scanned: u32) {
        let private = self.private();
        let (cycle, must_scan) = (private.cycle, private.marking && private.scanned);
        if must_scan && scanned != cycle {
            stack.scan(&mut Greyer::new(&self.heap.shared));
            stack.claim().scanned_by_owner(cycle);
        }
    }

    /// Parks the running stack, if there is one: it does not run until [`Mutator::resume_stack`], and all its live words lie
    /// in `sp..top`. Never blocks. Not a safepoint. From the moment of the call another thread may resume the stack.
    ///
    /// # Safety
    /// 1. The caller runs this stack's code no more, and its registers have been saved at or above `sp`.
    /// 2. `sp..top`, and what [`Mutator::enter_segment`] left behind, stays readable and unchanged until the stack is
    ///    resumed or removed.
    pub unsafe fn park_stack(&mut self, sp: *const u8) {
        if let Some(stack) = self.private().stack.take() {
            stack.park(sp as usize);
        }
    }

    /// Forgets a stack that will not run again: what it held is held no more, and its memory is no longer read. The
    /// stack is this mutator's running one, or a parked one that nobody resumes; then this waits while the collector scans
    /// it, and if the cycle has not, scans it here, because pointers may have been read from it. A stack that was removed
    /// before is ignored. Not a safepoint; may wait for a short lock.
    pub fn remove_stack(&mut self, stack: &Arc<Stack>) {
        if self.private().stack.as_ref().is_some_and(|s| Arc::ptr_eq(s, stack)) {
            self.private().stack = None;
        } else if stack.is_registered() {
            let scanned = stack.claim().resume();
            self.scan_if_due(stack, scanned);
        }
        self.heap.shared.roots.stacks.remove(stack);
    }

    /// Has the running stack go on in another segment of memory, whose highest address is `top`. What it leaves behind stays
    /// live from `sp` upwards. May wait for a short lock. Not a safepoint.
    ///
    /// # Safety
    /// 1. The stack will return to where it was before it is removed ([`Mutator::leave_segment`]), and until then the
    ///    words from `sp` to the old top are readable and unchanged.
    /// 2. The caller switches to the new segment before the next safepoint.
    ///
    /// # Panics
    /// If no stack runs on this mutator.
    pub unsafe fn enter_segment(&mut self, sp: *const u8, top: *const u8) {
        let stack = self.private().stack.as_ref().expect("no stack runs on this mutator");
        stack.enter_segment(sp as usize, top as usize);
    }

    /// Has the running stack return from the segment that it entered last; the address from which the one before is live. May
    /// wait for a short lock. Not a safepoint.
    ///
    /// # Safety
    /// 1. The caller switches to the segment before, or removes the stack, before the next safepoint.
    ///
    /// # Panics
    /// If no stack runs on this mutator, or it has not entered a segment.
    pub unsafe fn leave_segment(&mut self) -> *const u8 {
        let stack = self.private().stack.as_ref().expect("no stack runs on this mutator");
        stack.leave_segment().expect("the stack is in its first segment") as *const u8
    }
}
