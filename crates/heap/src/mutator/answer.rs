//! Answering handshakes, by the mutator itself or by the collector that claimed it.

use super::{
    BARRIER_DELETION, BARRIER_FULL, BARRIER_OFF, BUFFER, Mutator, MutatorState, NO_SPAN, NOTHING,
    Private,
};
use crate::{
    collector::Action,
    heap::Shared,
    mark::Greyer,
    protocol::claim::Claim,
    space::sizes::BLOCK,
    stats::Stretch,
    sync::{AtomicU8, AtomicU64, Ordering},
};
use std::ops::Range;

/// How many entries of a barrier buffer ahead marks are asked for.
const AHEAD: usize = 12;
/// Bytes of a stack or of a barrier buffer whose words are shaded in one step.
const STEP: usize = 256;

impl Mutator {
    /// Answers the handshake that is pending, if one is, and waits while all mutators are held. `sp` bounds the
    /// stack's live part.
    pub(super) fn answer_pending(&mut self, sp: usize) {
        self.heap.shared.control.hold.pass(|| self.answer_one(sp));
    }

    /// Answers the handshake that is pending; false if none is.
    pub(super) fn answer_one(&self, sp: usize) -> bool {
        let Some(n) = self.state().gate.pending() else { return false };
        let shared = &self.heap.shared;
        let mut stretch = Stretch::begin();
        self.private().set_sp(sp);
        let action = shared.control.action();
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        unsafe { self.state().answer(shared, action, &mut stretch) };
        self.state().gate.finish(n);
        self.state().holds.handshake(&mut stretch);
        true
    }
}

impl MutatorState {
    /// Does what a handshake asks of this mutator, in the steps of `stretch`.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`].
    pub(crate) unsafe fn answer(&self, heap: &Shared, action: Action, stretch: &mut Stretch) {
        // SAFETY: as the caller vouches; no other reference is in use while the answer runs.
        let private = unsafe { self.private() };
        match action {
            Action::BarrierOn { cycle } => {
                (private.cycle, private.marking, private.scanned) = (cycle, true, false);
                self.barrier.store(BARRIER_FULL, Ordering::Relaxed);
            }
            Action::AllocateBlack => {
                private.count(heap);
                private.black = true;
                // SAFETY: as the caller vouches.
                unsafe { self.each_tail(private, heap, stretch, |tail| tail.mark()) };
            }
            Action::Scan => {
                private.scanned = true;
                // SAFETY: as the caller vouches.
                unsafe { self.scan_stacks(private, heap, stretch) };
                self.barrier.store(BARRIER_DELETION, Ordering::Relaxed);
            }
            Action::Visit => self.flush(heap, stretch),
            Action::Hold => {
                // SAFETY: as the caller vouches.
                unsafe { self.each_tail(private, heap, stretch, |tail| tail.free()) };
                // SAFETY: as the caller vouches.
                unsafe { self.drop_runs(private, heap) };
                private.settle(heap, true, stretch);
                let stack = private.stack_range();
                self.held_stack[0].store(stack.start, Ordering::Relaxed);
                self.held_stack[1].store(stack.end, Ordering::Relaxed);
            }
            Action::Flip { epoch } => {
                self.barrier.store(BARRIER_OFF, Ordering::Relaxed);
                self.empty_buffer();
                private.count(heap);
                (private.marking, private.black, private.debt) = (false, false, 0.0);
                // SAFETY: as the caller vouches.
                unsafe { self.put_back_spans(private, heap, stretch) };
                for kind in 2..heap.space.kinds.len() {
                    let bytes = self.take_unflipped(kind);
                    heap.counters.flipped[kind].fetch_add(bytes, Ordering::Relaxed);
                }
                private.epoch = epoch;
            }
        }
    }

    /// Publishes the white entries of the barrier buffer and empties it. After CLOSED it only empties.
    pub(super) fn flush(&self, heap: &Shared, stretch: &mut Stretch) {
        let end = self.buffer_next.with(|next| {
            // SAFETY: the caller holds the mutator's state.
            unsafe { *next }
        });
        let start = self.buffer_end - BUFFER * 8;
        if end > start && !heap.pool.closing().is_closed() {
            let mut greyer = Greyer::new(heap);
            let mut white = false;
            // SAFETY: the buffer's words below `next` have been written.
            let word = |at: usize| unsafe { (at as *const usize).read() };
            for at in (start..end).step_by(8) {
                // Their marks lie all over the heap: the misses of several overlap.
                let ahead = at + 8 * AHEAD;
                if ahead < end {
                    greyer.prepare(word(ahead));
                }
                white |= greyer.precise(word(at));
                if (at - start).is_multiple_of(STEP) {
                    stretch.step();
                }
            }
            if white {
                heap.control.spoiled_by_barrier();
            }
        }
        self.empty_buffer();
    }

    fn empty_buffer(&self) {
        self.buffer_next.with_mut(|next| {
            // SAFETY: the caller holds the mutator's state.
            unsafe { *next = self.buffer_end - BUFFER * 8 }
        });
    }

    /// Shades what the mutator's own stacks hold.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`], which `private` is, and `sp` is that of the suspended or running frame.
    unsafe fn scan_stacks(&self, private: &Private, heap: &Shared, stretch: &mut Stretch) {
        let words = self.client_words();
        let mut greyer = Greyer::new(heap);
        let mut scan = |part: Range<usize>| {
            for from in part.clone().step_by(STEP) {
                // SAFETY: the words are the state's own, or of the running stack, which is suspended at `sp`, or of the
                // thread's own, for which the client vouched; their thread waits in this call or is blocked.
                unsafe { greyer.words(from, part.end.min(from + STEP)) };
                stretch.step();
            }
        };
        scan(words);
        let bytes = if let Some(stack) = &private.stack {
            let bytes = stack.each_part(private.sp, &mut scan);
            stack.claim().scanned_by_owner(private.cycle);
            bytes
        } else {
            let stack = private.stack_range();
            scan(stack.clone());
            stack.len()
        };
        heap.counters.stack_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Calls `f` with the claimed and unused slots of each cursor.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`], which `private` is.
    unsafe fn each_tail(
        &self,
        private: &Private,
        heap: &Shared,
        stretch: &mut Stretch,
        f: impl Fn(Tail<'_>),
    ) {
        for &kind in &private.active {
            // SAFETY: as the caller vouches.
            let cursor = unsafe { self.cursor(kind) };
            let info = heap.space().kinds.get(kind);
            if cursor.unused(info.size as usize) == 0 {
                continue;
            }
            let block = private.holdings[kind as usize].block;
            let start = heap.space().base() + block * BLOCK;
            let slot = |at: usize| (at - start) / info.size as usize;
            let run = slot(cursor.next)..slot(cursor.limit);
            f(Tail {
                bits: heap.space().bits(block, info),
                marks: heap.space().marks(block, info),
                claim: Claim { run, rest: cursor.rest, word: slot(cursor.word) },
            });
            stretch.step();
        }
    }

    /// Forgets what is left of the claimed slots, whose bits have been cleared.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`], which `private` is.
    unsafe fn drop_runs(&self, private: &mut Private, heap: &Shared) {
        for &kind in &private.active {
            // SAFETY: as the caller vouches.
            let cursor = std::mem::take(unsafe { self.cursor(kind) });
            let claimed = std::mem::take(&mut private.holdings[kind as usize].claimed);
            let size = heap.space().kinds.get(kind).size as usize;
            self.count_bytes(kind, claimed - cursor.unused(size));
        }
    }

    /// Clears the bits of unused tails and gives up all spans.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`], which `private` is.
    unsafe fn put_back_spans(&self, private: &mut Private, heap: &Shared, stretch: &mut Stretch) {
        // SAFETY: as the caller vouches, here and below.
        unsafe { self.each_tail(private, heap, stretch, |tail| tail.free()) };
        // SAFETY: as above.
        unsafe { self.drop_runs(private, heap) };
        for kind in private.active.drain(..) {
            let holding = std::mem::replace(&mut private.holdings[kind as usize], NOTHING);
            if holding.block != NO_SPAN {
                private.unreturned.push((kind, holding.block));
            }
        }
        private.settle(heap, true, stretch);
    }

    /// Gives up everything the mutator holds: it is about to leave.
    ///
    /// # Safety
    /// 1. As for [`MutatorState::private`].
    pub(super) unsafe fn retire(&self, heap: &Shared) {
        let stretch = &mut Stretch::begin();
        self.flush(heap, stretch);
        // SAFETY: as the caller vouches.
        let private = unsafe { self.private() };
        // SAFETY: as the caller vouches.
        unsafe { self.put_back_spans(private, heap, stretch) };
        heap.space.return_stock(&mut private.stock);
        private.count(heap);
        (private.stack, private.native_top) = (None, None);
    }
}

impl Private {
    /// Adds what the mutator has allocated to what all have, or to what was born black; says how many bytes it was.
    pub(super) fn count(&mut self, heap: &Shared) -> usize {
        let added = std::mem::take(&mut self.uncounted);
        // Relaxed: who needs the sums exactly reads them after a handshake.
        let sum = if self.black { &heap.born_black } else { &heap.allocated };
        sum.fetch_add(added, Ordering::Relaxed);
        added
    }

    /// A span of `kind` with free slots instead of one that is used up, if that takes no time worth measuring.
    pub(super) fn exchange(&self, heap: &Shared, kind: u16, block: usize) -> Option<usize> {
        // A span that is in no list must not be given up: no sweep would find it.
        if !self.unfiled.is_empty() {
            return None;
        }
        heap.spans.exchange(heap.space(), kind, self.epoch, block)
    }

    /// Files fresh spans and returns those that are given up; what lists are locked for, later, unless `patient`.
    pub(super) fn settle(&mut self, heap: &Shared, patient: bool, stretch: &mut Stretch) {
        let (spans, space) = (&heap.spans, heap.space());
        if patient {
            self.unfiled.drain(..).for_each(|(kind, block)| spans.file(kind, block));
        } else {
            do_while_it_works(&mut self.unfiled, |kind, block| spans.try_file(kind, block));
        }
        // A span that is in no list must not be given up: no sweep would find it.
        if !self.unfiled.is_empty() {
            return;
        }
        if patient {
            self.unreturned.drain(..).for_each(|(kind, block)| {
                spans.put_back(space, kind, block);
                stretch.step();
            });
        } else {
            let put_back = |kind, block| {
                let done = spans.try_put_back(space, kind, block);
                stretch.step();
                done
            };
            do_while_it_works(&mut self.unreturned, put_back);
        }
    }
}

/// Does `f` with each span, the last one first, and forgets those with which it works; stops at one with which it does not,
/// because each of the others would have to wait as long for its lock.
fn do_while_it_works(list: &mut Vec<(u16, usize)>, mut f: impl FnMut(u16, usize) -> bool) {
    while list.pop_if(|&mut (kind, block)| f(kind, block)).is_some() {}
}

/// Claimed slots that are still unused.
struct Tail<'s> {
    bits: &'s [AtomicU64],
    marks: &'s [AtomicU8],
    claim: Claim,
}

impl Tail<'_> {
    /// Whatever is allocated there is born marked.
    fn mark(self) {
        self.claim.fill_marks(self.marks, true);
    }

    /// The slots are free again.
    fn free(self) {
        self.claim.fill_marks(self.marks, false);
        self.claim.give_up(self.bits);
    }
}
