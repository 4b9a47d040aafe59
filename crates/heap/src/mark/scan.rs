//! Scanning: which words of an object are pointers, and pushing them.
//!
//! Mutators store to these words while they are read. Every read is one atomic load of a whole word,
//! relaxed: an object that is scanned was initialised before its allocator answered the black
//! handshake, and what later stores overwrite or insert, the write barrier reports.

use super::{Marker, PIECE, PIECE_BYTES, STACK, STRIDE, Top, TraceTo, Tracer, View};
use crate::{
    heap::Shared,
    layout::{Layout, LayoutInfo, Scan},
    space::{
        Found,
        kinds::{KindInfo, KindScan, Shape},
        large::LargeSpan,
        sizes::BLOCK,
    },
    sync::{AtomicPtr, Ordering},
};

/// Words scanned between two looks at the room on the stack.
const BATCH: usize = STACK / 8;

/// The word at `address`, which others may be storing to. If it was stored as a pointer, it is an address from here on.
#[inline(always)]
pub(crate) fn load(address: usize) -> usize {
    // SAFETY: callers pass word-aligned addresses inside of a slot of this heap, which is mapped, or of a range of words for
    // which the client vouched.
    unsafe { &*(address as *const AtomicPtr<u8>) }.load(Ordering::Relaxed).expose_provenance()
}

/// Whether an object's first pointer leads to a nearer place than its last one: judged by the highest bit in which the
/// addresses differ. The nearer one is pushed last, and so visited first: then a structure that was allocated in preorder
/// or in postorder is visited in the order of its addresses, which the processor's prefetcher follows.
#[inline(always)]
fn is_nearer(base: usize, first: usize, last: usize) -> bool {
    first ^ base < last ^ base
}

impl Marker {
    /// Scans a small object from the hot loop, which has made room for two pointers.
    #[inline(always)]
    pub(super) fn scan_slot(
        &mut self,
        heap: &Shared,
        view: &View,
        top: &mut Top,
        base: usize,
        info: &KindInfo,
    ) {
        match info.shape {
            Shape::Two => {
                let [first, last] = info.ends().map(|offset| load(base + offset));
                if self.near.begin(view, base, info, [first, last]) {
                    return;
                }
                let nearer_last =
                    if is_nearer(base, first, last) { [last, first] } else { [first, last] };
                nearer_last.into_iter().for_each(|word| top.push_if_inside(view, word));
            }
            Shape::Leaf => {}
            Shape::Few => {
                self.make_room(heap, top, 64 + 2 * STRIDE);
                let mut bits = info.pattern;
                let [first, last] = info.ends().map(|offset| load(base + offset));
                let word = |i: u32| load(base + 8 * i as usize);
                if is_nearer(base, first, last) {
                    while bits != 0 {
                        let i = 63 - bits.leading_zeros();
                        top.push_if_inside(view, word(i));
                        bits ^= 1 << i;
                    }
                } else {
                    while bits != 0 {
                        top.push_if_inside(view, word(bits.trailing_zeros()));
                        bits &= bits - 1;
                    }
                }
            }
            Shape::Other => {
                self.len = top.len;
                self.scan_small(heap, base, info);
                self.reserve(heap, 2 * STRIDE);
                top.len = self.len;
                top.count_bytes(info.size as usize);
            }
        }
    }

    /// Scans a small object of any kind.
    #[inline(never)]
    pub(super) fn scan_small(&mut self, heap: &Shared, base: usize, info: &KindInfo) {
        let end = base + info.size as usize;
        match info.scan {
            KindScan::NoScan => {}
            KindScan::Pointers => self.scan_all(heap, base, end),
            KindScan::Pattern => {
                let pattern = info.pattern;
                self.reserve(heap, 64);
                for i in (0..64).filter(|i| pattern >> i & 1 != 0) {
                    self.push_if_inside(heap, load(base + 8 * i));
                }
            }
            KindScan::Conservative => self.scan_conservative(heap, base, end),
            KindScan::Mixed => {
                let layout = heap.slot_layout(base, info);
                self.scan_by(heap, base, base, end, heap.layouts().get(layout));
            }
        }
    }

    /// Scans a large object piece by piece, so that others can help and nobody is held up.
    pub(super) fn scan_large(&mut self, heap: &Shared, span: &LargeSpan) {
        let info = heap.layouts().get(span.layout());
        let (start, end) = (span.start(), span.start() + span.bytes());
        if info.scan == Scan::Nothing {
            return;
        }
        if info.scan == Scan::Trace {
            self.work.scanned += span.bytes();
            self.scan_by(heap, start, start, end, info);
            return;
        }
        self.push(heap, start | PIECE);
    }

    /// Scans the piece of a large object that begins at `piece`. How many bytes that were.
    #[inline(never)]
    pub(super) fn scan_piece(&mut self, heap: &Shared, piece: usize) -> usize {
        let Some(Found::Large(span)) = heap.space().find(piece) else { return 0 };
        let (next, end) = (piece + PIECE_BYTES, span.start() + span.bytes());
        if next < end {
            // Below what this piece leads to, so that it is what others get first.
            self.push(heap, next | PIECE);
        }
        let end = end.min(next);
        self.work.scanned += end - piece;
        self.scan_by(heap, span.start(), piece, end, heap.layouts().get(span.layout()));
        end - piece
    }

    /// Scans `from..end` of the object at `base`.
    fn scan_by(&mut self, heap: &Shared, base: usize, from: usize, end: usize, info: &LayoutInfo) {
        match info.scan {
            Scan::Nothing => {}
            Scan::Pointers => self.scan_all(heap, from, end),
            Scan::Conservative => self.scan_conservative(heap, from, end),
            Scan::Pattern | Scan::Bitmap => self.scan_bitmap(heap, base, from, end, info),
            Scan::Trace => {
                let trace = info.trace.expect("a traced layout has its function");
                let mut tracer = Tracer { to: TraceTo::Marker(self), heap };
                let bomb = AbortOnUnwind;
                // SAFETY: the client vouched for the function when it registered it; the object is allocated.
                unsafe { trace(base as *const u8, end - base, &mut tracer) };
                std::mem::forget(bomb);
            }
        }
    }

    fn scan_all(&mut self, heap: &Shared, from: usize, end: usize) {
        let mut at = from;
        while at < end {
            let stop = end.min(at + 8 * BATCH);
            self.reserve(heap, BATCH);
            while at < stop {
                self.push_if_inside(heap, load(at));
                at += 8;
            }
        }
    }

    fn scan_bitmap(
        &mut self,
        heap: &Shared,
        base: usize,
        from: usize,
        end: usize,
        info: &LayoutInfo,
    ) {
        let words = info.element / 8;
        let mut in_element = (from - base) / 8 % words;
        let mut at = from;
        while at < end {
            self.reserve(heap, BATCH);
            let stop = end.min(at + 8 * BATCH);
            while at < stop {
                if info.is_pointer(in_element) {
                    self.push_if_inside(heap, load(at));
                }
                in_element += 1;
                if in_element == words {
                    in_element = 0;
                }
                at += 8;
            }
        }
    }

    fn scan_conservative(&mut self, heap: &Shared, from: usize, end: usize) {
        for at in (from..end).step_by(8) {
            let word = load(at);
            if let Some(found) = heap.space().find(word)
                && heap.space().is_allocated(&found)
            {
                self.push(heap, found.base());
            }
        }
    }

    /// Pushes a word if it points into the heap. The caller has made room.
    #[inline(always)]
    fn push_if_inside(&mut self, heap: &Shared, word: usize) {
        self.stack[self.len] = word;
        self.len += usize::from(heap.space().contains(word));
    }
}

/// Ends the process when a trace function unwinds, on whatever thread: the marker would not go on, and no cycle end.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        eprintln!("trigo-heap: a trace function panicked; no cycle could end any more, aborting");
        std::process::abort();
    }
}

impl Shared {
    /// The layout of the slot at `base` in a span that mixes layouts. A slot that is not allocated, to which only a client's
    /// stale pointer leads, counts as having no pointers: its index may be anything, and a trace function must not see it.
    pub(crate) fn slot_layout(&self, base: usize, info: &KindInfo) -> Layout {
        let offset = base - self.space().base();
        let within = offset & info.span_mask as usize;
        let (block, slot) = ((offset - within) / BLOCK, info.slot_at(within));
        if !self.space().is_allocated(&Found::Small { base, block, slot, info }) {
            return Layout::NO_SCAN;
        }
        // SAFETY: a mixed span has an index for each slot; it was written when the slot was allocated.
        Layout(unsafe { self.slot_layout_entry(base, info).read() })
    }

    /// Where the layout index of the slot at `base` stands.
    #[inline]
    pub(crate) fn slot_layout_entry(&self, base: usize, info: &KindInfo) -> *mut u16 {
        let within = (base - self.space().base()) & info.span_mask as usize;
        (base - within + info.id_offset(info.slot_at(within))) as *mut u16
    }
}
