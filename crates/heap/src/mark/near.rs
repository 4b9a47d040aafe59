//! Objects near each other: what an object leads to within its own span is marked at once and scanned soon.
//!
//! What was allocated together mostly lies together, and is reached together. All slots of a span are of one kind, so such an
//! address needs no look-up, and its mark lies beside its parent's: it need not travel through the ring. These objects wait in a
//! queue. First in, first out gives each time to arrive in the cache, and the processor objects to scan that do not depend on
//! each other, as a stack does not.
//!
//! Invariant: the objects in the queue are of one span, marked, and not yet scanned. A marker marks a slot once a cycle, and
//! takes objects of another span only when the queue is empty, so it has room for all slots of a span.

use super::{Top, View, prefetch, scan::load};
use crate::{
    space::{
        kinds::{KindInfo, Tally},
        sizes::MAX_SLOTS,
    },
    sync::{AtomicU8, Ordering},
};

/// The queue of a marker.
#[derive(Debug)]
pub(super) struct Near {
    slots: Box<[u16; MAX_SLOTS]>,
    /// How many came and went; their places are the remainders.
    head: usize,
    tail: usize,
    /// The span's first address, and its kind.
    start: usize,
    info: *const KindInfo,
    /// Stands in for the mark of what is no object of the span.
    marked: AtomicU8,
}

/// A span, with all that marking objects of it needs.
#[derive(Clone, Copy)]
struct Span<'k> {
    start: usize,
    /// Bytes of its slots.
    bytes: usize,
    marks: usize,
    info: &'k KindInfo,
}

impl<'k> Span<'k> {
    #[inline(always)]
    fn new(view: &View, start: usize, info: &'k KindInfo) -> Self {
        let bytes = info.slots as usize * info.size as usize;
        Self { start, bytes, marks: info.marks_at(start - view.base), info }
    }

    /// Marks the object that `word` leads to, if it is one of the span. Whether it is, whether it was white, and its slot.
    /// Without a branch: whether an object has near children is what a processor guesses worst.
    #[inline(always)]
    fn mark(&self, word: usize, marked: &AtomicU8) -> (bool, bool, u16) {
        let offset = word.wrapping_sub(self.start);
        let inside = offset < self.bytes;
        let slot = self.info.slot_at(if inside { offset } else { 0 });
        let mark = if inside {
            // SAFETY: the span has a mark for each of its slots.
            unsafe { &*((self.marks + slot) as *const AtomicU8) }
        } else {
            marked
        };
        prefetch(word as *const u8);
        // Relaxed: as for `bits::mark`; to set a mark that is set changes nothing.
        let white = mark.load(Ordering::Relaxed) == 0;
        mark.store(1, Ordering::Relaxed);
        (inside, white, slot as u16)
    }
}

impl Near {
    /// Bytes of memory that a queue takes beside itself.
    pub(super) const BYTES: usize = 2 * MAX_SLOTS;

    pub(super) fn new() -> Self {
        Self {
            slots: Box::new([0; MAX_SLOTS]),
            head: 0,
            tail: 0,
            start: 0,
            info: std::ptr::null(),
            marked: AtomicU8::new(1),
        }
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Adds a marked object at `base` if one of its pointers leads to its own span; the queue is empty.
    #[inline(always)]
    pub(super) fn begin(
        &mut self,
        view: &View,
        base: usize,
        info: &KindInfo,
        pointers: [usize; 2],
    ) -> bool {
        debug_assert!(self.is_empty());
        let within = (base - view.base) & info.span_mask as usize;
        let start = base - within;
        let [first, last] =
            pointers.map(|word| word.wrapping_sub(start) <= info.span_mask as usize);
        if first | last {
            (self.start, self.info) = (start, info);
            self.slots[self.tail % MAX_SLOTS] = info.slot_at(within) as u16;
            self.tail += 1;
        }
        first | last
    }

    /// Scans as many objects as `top` has left, which have two pointers each, and what they lead to within the span; `top` gets
    /// the other pointers and has room for them.
    #[inline(always)]
    pub(super) fn scan(&mut self, view: &View, top: &mut Top, tally: &mut Tally) {
        if self.is_empty() {
            return;
        }
        // SAFETY: entries of the table of kinds are final, and the queue is not empty, so it is of a kind.
        let info = unsafe { &*self.info };
        let span = Span::new(view, self.start, info);
        let (slots, marked) = (&mut *self.slots, &self.marked);
        let (mut head, mut tail) = (self.head, self.tail);
        let end = head + top.left;
        while head != tail && head != end {
            let base = span.start + slots[head % MAX_SLOTS] as usize * info.size as usize;
            head += 1;
            for offset in info.ends() {
                let word = load(base + offset);
                let (inside, white, slot) = span.mark(word, marked);
                slots[tail % MAX_SLOTS] = slot;
                tail += usize::from(white);
                top.push_if_far(view, word, inside);
            }
        }
        tally.add(info.tally.times(tail - self.tail));
        top.left -= head - self.head;
        (self.head, self.tail) = (head, tail);
    }

    /// Takes an object out of the queue.
    pub(super) fn pop(&mut self) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let slot = self.slots[self.head % MAX_SLOTS] as usize;
        self.head += 1;
        // SAFETY: as in `scan`.
        Some(self.start + slot * unsafe { &*self.info }.size as usize)
    }
}
