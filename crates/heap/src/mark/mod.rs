//! Marking: from grey objects to everything they reach.
//!
//! A [`Marker`] is private to the thread that uses it. It pops an address and puts it into a ring. Some turns of the ring
//! later it looks up the address's object and prefetches object and mark. What falls out at the ring's end is marked and, if it
//! was white, scanned. So every miss has the time of many turns to arrive (edge enqueueing: Garner, Blackburn, Frampton,
//! "Effective prefetch for mark-sweep", 2007), and what is done in one turn, for three different objects, does not depend on
//! each other: the processor need not wait for a pointer to be loaded, pushed and popped before it can begin the look-up.
//!
//! Objects of the same span as what leads to them skip the ring ([`near`]).
//!
//! Invariant: an address that was popped is in the ring, or its object is marked, and scanned or in the near queue. A marker
//! that leaves publishes everything it still holds.

mod near;
mod scan;
mod stack;

pub(crate) use scan::load as load_word;

use crate::{
    heap::Shared,
    protocol::{
        bits,
        block_code::BlockCode,
        packets::{CAPACITY, Outbox, Pool},
    },
    space::{
        Found,
        kinds::{KindInfo, Shape, Tally},
        sizes::BLOCK,
    },
    sync::AtomicU8,
};
use near::Near;

/// Addresses a marker keeps to itself before it publishes some.
const STACK: usize = 2048;
/// Addresses and objects on their way from the stack to the scan.
const RING: usize = 32;
/// Turns of the ring before an address is looked up.
const DELAY: usize = 6;
/// Tags an address as the start of a piece of a large object that is already marked.
const PIECE: usize = 1 << 63;
/// Tags the address of a small object that is already marked, but not scanned.
const MARKED_ONLY: usize = 1 << 62;
/// Bytes of a large object scanned at a time.
const PIECE_BYTES: usize = 8 << 10;
/// Objects between two looks at whether to stop, for those whom nobody waits for; and the most.
pub(crate) const STRIDE: usize = 64;
/// Bytes of larger objects that count as one more object: to read their words takes as long as a miss.
const LIKE_ONE: usize = 256;

/// A place of the ring.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Entry {
    /// What was popped, later the small object's address; zero in an empty place.
    base: usize,
    /// The object's mark and kind, once it was looked up.
    mark: *const AtomicU8,
    info: *const KindInfo,
}

/// An empty place looks like an object that is marked already.
const EMPTY: Entry = Entry { base: 0, mark: &MARKED, info: std::ptr::null() };
static MARKED: AtomicU8 = AtomicU8::new(1);

/// What a stretch of marking did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Work {
    /// Objects marked.
    pub(crate) objects: usize,
    /// Bytes of the slots of the objects marked.
    pub(crate) bytes: usize,
    /// Bytes of those that had to be scanned.
    pub(crate) scanned: usize,
}

impl Work {
    fn add(&mut self, tally: Tally) {
        self.objects += tally.objects();
        self.bytes += tally.bytes();
        self.scanned += tally.scanned();
    }
}

/// The private state of one marking thread.
#[derive(Debug)]
pub(crate) struct Marker {
    stack: stack::Room,
    len: usize,
    ring: [Entry; RING],
    at: usize,
    near: Near,
    work: Work,
}

// SAFETY: the pointers in the ring lead into the tables of the heap that the marker is used with, and the memory of the stack is
// its own.
unsafe impl Send for Marker {}

/// What the hot loop needs of the heap, in registers.
#[derive(Clone, Copy)]
struct View {
    base: usize,
    len: usize,
    codes: *const BlockCode,
    kinds: *const KindInfo,
}

/// The top of a marker's stack, in registers while the hot loop runs.
struct Top {
    stack: *mut usize,
    len: usize,
    /// Objects until the next look at whether to stop.
    left: usize,
}

impl Top {
    /// Pushes `word` if it points into the heap. The caller has made room.
    #[inline(always)]
    fn push_if_inside(&mut self, view: &View, word: usize) {
        debug_assert!(self.len < STACK);
        // SAFETY: `make_room` left room for every word of the batch.
        unsafe { *self.stack.add(self.len) = word };
        self.len += usize::from(word.wrapping_sub(view.base) < view.len);
    }

    /// Counts the bytes of a larger object that was scanned, besides the object itself.
    fn count_bytes(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes / LIKE_ONE);
    }

    /// [`Self::push_if_inside`], unless the word is `near`.
    #[inline(always)]
    fn push_if_far(&mut self, view: &View, word: usize, near: bool) {
        debug_assert!(self.len < STACK);
        // SAFETY: as above.
        unsafe { *self.stack.add(self.len) = word };
        self.len += usize::from(!near & (word.wrapping_sub(view.base) < view.len));
    }
}

impl Marker {
    /// Bytes of memory that a marker takes.
    pub(crate) const BYTES: usize = size_of::<Self>() + STACK * 8 + Near::BYTES;

    pub(crate) fn new() -> Self {
        Self {
            stack: stack::Room::new(),
            len: 0,
            ring: [EMPTY; RING],
            at: 0,
            near: Near::new(),
            work: Work::default(),
        }
    }

    /// Marks until nothing is left to take or `stop` says so, asked every `stride` objects, at most [`STRIDE`], and sooner where
    /// they are large. True if nothing was left. All private work is published on return. Blocks on nothing.
    pub(crate) fn run(
        &mut self,
        heap: &Shared,
        stride: usize,
        mut stop: impl FnMut(&Work) -> bool,
    ) -> bool {
        debug_assert!(stride <= STRIDE);
        let pool = heap.pool();
        pool.enter();
        let drained = loop {
            if self.stride(heap, stride) && !self.refill(pool) {
                break true;
            }
            if self.len > CAPACITY / 2 && heap.markers_are_hungry() {
                self.spill(pool, self.len / 2);
            }
            if stop(&self.work) {
                self.publish_all(pool);
                break false;
            }
        };
        pool.leave();
        drained
    }

    /// What was done since the last call.
    pub(crate) fn take_work(&mut self) -> Work {
        std::mem::take(&mut self.work)
    }

    /// Handles up to `most` addresses, and what is in the ring if no more are left. True if nothing is left then.
    #[inline(never)]
    fn stride(&mut self, heap: &Shared, most: usize) -> bool {
        let space = heap.space();
        let view = View {
            base: space.base(),
            len: space.len(),
            codes: space.codes(),
            kinds: space.kinds.table(),
        };
        self.reserve(heap, 2 * STRIDE);
        let mut top = Top { stack: self.stack.start(), len: self.len, left: most };
        let (mut at, mut tally) = (self.at, Tally::default());
        loop {
            self.near.scan(&view, &mut top, &mut tally);
            if top.len == 0 || top.left == 0 {
                break;
            }
            top.left -= 1;
            top.len -= 1;
            // SAFETY: below `len` the stack has been written.
            let address = unsafe { *top.stack.add(top.len) };
            self.turn(heap, &view, &mut top, &mut tally, &mut at, address);
        }
        let mut turns = RING;
        while top.len == 0 && self.near.is_empty() && top.left > 0 && turns > 0 {
            turns -= 1;
            self.turn(heap, &view, &mut top, &mut tally, &mut at, 0);
        }
        (self.len, self.at) = (top.len, at);
        self.work.add(tally);
        top.len == 0 && self.near.is_empty() && turns == 0
    }

    /// Turns the ring: an address goes in, one is looked up, and an object comes out.
    #[inline(always)]
    fn turn(
        &mut self,
        heap: &Shared,
        view: &View,
        top: &mut Top,
        tally: &mut Tally,
        at: &mut usize,
        address: usize,
    ) {
        *at = (*at + 1) % RING;
        let oldest = self.ring[*at];
        self.ring[*at].base = address;
        let waited = (*at + RING - DELAY) % RING;
        let address = self.ring[waited].base;
        self.ring[waited] = match locate(view, address) {
            Some(entry) => entry,
            None => {
                if address != 0 {
                    self.len = top.len;
                    let bytes = self.handle_rare(heap, address);
                    self.reserve(heap, 2 * STRIDE);
                    top.len = self.len;
                    top.count_bytes(bytes);
                }
                EMPTY
            }
        };
        self.blacken(heap, view, top, tally, oldest);
    }

    /// Marks an object that comes out of the ring and, if it was white, scans it.
    #[inline(always)]
    fn blacken(
        &mut self,
        heap: &Shared,
        view: &View,
        top: &mut Top,
        tally: &mut Tally,
        entry: Entry,
    ) {
        // SAFETY: `locate` took the pointer from a map of this heap, which outlives the cycle, or the place was empty.
        if bits::mark(unsafe { &*entry.mark }) {
            // SAFETY: `locate` took the pointer from the table of kinds, whose entries are final.
            let info = unsafe { &*entry.info };
            tally.add(info.tally);
            self.scan_slot(heap, view, top, entry.base, info);
        }
    }

    /// Handles an address that leads to no small object that is to be marked. How many bytes were scanned.
    #[cold]
    #[inline(never)]
    fn handle_rare(&mut self, heap: &Shared, address: usize) -> usize {
        if address & PIECE != 0 {
            return self.scan_piece(heap, address & !PIECE);
        }
        if address & MARKED_ONLY != 0 {
            let found = heap.space().find(address & !MARKED_ONLY);
            if let Some(Found::Small { base, info, .. }) = found {
                self.scan_small(heap, base, info);
                return info.size as usize;
            }
        } else if let Some(Found::Large(span)) = heap.space().find(address)
            && span.mark()
        {
            self.work.objects += 1;
            self.work.bytes += span.bytes();
            self.scan_large(heap, span);
        }
        0
    }

    /// Adds work; it becomes visible to others when the stack spills or the marker leaves.
    #[inline]
    fn push(&mut self, heap: &Shared, word: usize) {
        self.push_to(heap.pool(), word);
    }

    fn push_to(&mut self, pool: &Pool, word: usize) {
        if self.len == STACK {
            self.spill(pool, CAPACITY);
        }
        self.stack[self.len] = word;
        self.len += 1;
    }

    /// Makes room for `n` more addresses; `n` is at most an eighth of the stack.
    #[inline(always)]
    fn reserve(&mut self, heap: &Shared, n: usize) {
        if self.len + n > STACK {
            self.spill(heap.pool(), CAPACITY);
        }
    }

    /// [`Self::reserve`] from the hot loop.
    #[inline(always)]
    fn make_room(&mut self, heap: &Shared, top: &mut Top, n: usize) {
        if top.len + n > STACK {
            self.len = top.len;
            self.spill(heap.pool(), CAPACITY);
            top.len = self.len;
        }
    }

    /// Publishes the `n` oldest addresses, those nearest to the roots.
    #[inline(never)]
    fn spill(&mut self, pool: &Pool, n: usize) {
        let n = n.min(self.len).min(CAPACITY);
        publish(pool, &self.stack[..n]);
        self.stack.copy_within(n..self.len, 0);
        self.len -= n;
    }

    /// Takes a packet of published work; false if there is none.
    fn refill(&mut self, pool: &Pool) -> bool {
        let Some(mut packet) = pool.take() else { return false };
        while let Some(word) = packet.pop() {
            self.stack[self.len] = word;
            self.len += 1;
        }
        pool.recycle(packet);
        true
    }

    /// Publishes what the object at `base` points to, without marking the object.
    pub(crate) fn scan_children(&mut self, heap: &Shared, base: usize) {
        match heap.space().find(base) {
            Some(Found::Small { base, info, .. }) => self.scan_small(heap, base, info),
            Some(Found::Large(span)) => self.scan_large(heap, span),
            None => {}
        }
        self.publish_all(heap.pool());
    }

    fn publish_all(&mut self, pool: &Pool) {
        for at in 0..RING {
            let base = std::mem::replace(&mut self.ring[at], EMPTY).base;
            if base != 0 {
                self.push_to(pool, base);
            }
        }
        while let Some(base) = self.near.pop() {
            self.push_to(pool, base | MARKED_ONLY);
        }
        self.stack[..self.len].chunks(CAPACITY).for_each(|words| publish(pool, words));
        self.len = 0;
    }
}

/// Publishes a packet of addresses.
fn publish(pool: &Pool, words: &[usize]) {
    let mut packet = pool.fresh();
    packet.fill(words);
    pool.publish(packet);
}

/// Turns objects grey from outside a marker: roots, barrier entries, weak loads.
///
/// It holds no safepoint: whoever starts one finishes it, and so publishes what it pushed, before the next.
#[derive(Debug)]
pub(crate) struct Greyer<'h> {
    heap: &'h Shared,
    out: Outbox<'h>,
}

impl<'h> Greyer<'h> {
    pub(crate) fn new(heap: &'h Shared) -> Self {
        Self { heap, out: Outbox::new(heap.pool()) }
    }

    /// Asks for the mark of an address that [`Self::precise`] is called for soon.
    #[inline]
    pub(crate) fn prepare(&self, address: usize) {
        if let Some(Found::Small { block, slot, info, .. }) = self.heap.space().find(address) {
            prefetch((&raw const self.heap.space().marks(block, info)[slot]).cast());
        }
    }

    /// Shades the object at an address that is trusted to be in an object, or none of this heap. True if it was white.
    #[inline]
    pub(crate) fn precise(&mut self, address: usize) -> bool {
        let Some(found) = self.heap.space().find(address) else { return false };
        if self.heap.space().is_marked(&found) {
            return false;
        }
        self.out.push(found.base());
        true
    }

    /// Shades the object at an address that may be anything: it counts if the slot is allocated.
    #[inline]
    pub(crate) fn conservative(&mut self, address: usize) {
        let space = self.heap.space();
        if let Some(found) = space.find(address)
            && space.is_allocated(&found)
            && !space.is_marked(&found)
        {
            self.out.push(found.base());
        }
    }

    /// Shades every word of a range of memory conservatively.
    ///
    /// # Safety
    /// 1. `start..end` is readable, and nobody but the running thread changes it except by whole words.
    pub(crate) unsafe fn words(&mut self, start: usize, end: usize) {
        let mut at = start.next_multiple_of(8);
        while at + 8 <= end {
            self.conservative(load_word(at));
            at += 8;
        }
    }
}

/// Takes the pointers of an object that a [`TraceFn`](crate::TraceFn) reports.
#[derive(Debug)]
pub struct Tracer<'a> {
    to: TraceTo<'a>,
    heap: &'a Shared,
}

#[derive(Debug)]
enum TraceTo<'a> {
    Marker(&'a mut Marker),
    List(&'a mut Vec<usize>),
}

impl<'a> Tracer<'a> {
    /// A tracer that only notes the pointers, for those who ask outside of marking.
    pub(crate) fn list(heap: &'a Shared, list: &'a mut Vec<usize>) -> Self {
        Self { to: TraceTo::List(list), heap }
    }

    /// Reports a pointer. Null and addresses outside of the heap are ignored; a pointer into the middle of an
    /// object keeps the whole object. An address inside of the heap must be in a live object. Never blocks.
    #[inline]
    pub fn pointer(&mut self, pointer: *const u8) {
        let word = pointer as usize;
        if self.heap.space().contains(word) {
            match &mut self.to {
                TraceTo::Marker(marker) => marker.push(self.heap, word),
                TraceTo::List(list) => list.push(word),
            }
        }
    }
}

/// Finds the small object at an address and asks for the lines that marking it will touch.
#[inline(always)]
fn locate(view: &View, address: usize) -> Option<Entry> {
    let offset = address.wrapping_sub(view.base);
    if offset >= view.len {
        return None;
    }
    // SAFETY: the table has an entry for each block of the range; the kind was registered before its
    // number was published.
    let kind = unsafe { &*view.codes.add(offset / BLOCK) }.get();
    // SAFETY: a kind in the block table is registered. What is no kind has an entry without slots.
    let info = unsafe { &*view.kinds.add(kind as usize) };
    let within = offset & info.span_mask as usize;
    let slot = info.slot_at(within);
    if slot >= info.slots as usize {
        return None;
    }
    let span = offset - within;
    let mark = (info.marks_at(span) + slot) as *const AtomicU8;
    let base = view.base + span + slot * info.size as usize;
    prefetch(mark.cast());
    if info.shape != Shape::Leaf {
        prefetch(base as *const u8);
    }
    Some(Entry { base, mark, info })
}

#[inline(always)]
fn prefetch(at: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch has no effect but on the cache, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast())
    };
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::{Config, Heap, Layout};

    /// The most bytes that a marker scans between two looks at whether to stop, with 64 objects of `bytes` bytes grey.
    fn most_between_looks(bytes: usize) -> usize {
        let heap = Heap::new(Config { gc_percent: None, ..Config::default() }).unwrap();
        let mut mutator = heap.attach();
        let pool = heap.shared.pool();
        let mut grey = pool.fresh();
        for _ in 0..64 {
            let object = mutator.alloc(Layout::POINTERS, bytes).unwrap();
            assert!(grey.push(object.as_ptr() as usize));
        }
        pool.publish(grey);
        let (mut marker, mut seen, mut most) = (Marker::new(), 0, 0);
        let drained = marker.run(&heap.shared, STRIDE, |work| {
            most = most.max(work.scanned - seen);
            seen = work.scanned;
            false
        });
        let all = marker.take_work().scanned;
        assert!(drained && all == 64 * bytes, "{all} bytes of objects of {bytes}");
        most.max(all - seen)
    }

    #[test]
    fn a_marker_looks_up_sooner_where_objects_are_large() {
        for bytes in [256, 2048, 8192, 32 << 10, 1 << 20] {
            // What is on its way through the ring when the looks are due comes out nevertheless, one object at a time.
            let most = most_between_looks(bytes);
            assert!(most <= 2 * STRIDE * LIKE_ONE + bytes.min(32 << 10), "{most} of {bytes}");
        }
    }
}
