//! Work packets: how grey objects travel between markers, mutators and the collector.
//!
//! A packet is a small array of addresses that one party owns at a time. Full ones lie on a shared
//! lock-free stack from which any marker takes: that is the work stealing (Ossia and others, "A
//! Parallel, Incremental and Concurrent GC for Servers", 2002). Ownership passes through the stack
//! alone; the tag beside each head keeps a slow pop from taking a packet that went away and came back.
//!
//! Invariant: work is in a published packet, in private hands of a marker counted active, in an [`Outbox`]
//! that is dropped before its party's next safepoint, or in a barrier buffer; nowhere else. [`Closing`]
//! relies on it.

use super::closing::Closing;
#[cfg(not(any(loom, miri)))]
use crate::space::os::Reservation;
use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell};
use std::{ops::Range, sync::OnceLock};

/// Addresses a packet holds.
#[cfg(not(loom))]
pub(crate) const CAPACITY: usize = 508;
#[cfg(loom)]
pub(crate) const CAPACITY: usize = 2;

#[cfg(not(loom))]
const SEGMENTS: usize = 20;
#[cfg(loom)]
const SEGMENTS: usize = 2;
#[cfg(not(loom))]
const FIRST_SEGMENT: usize = 64;
#[cfg(loom)]
const FIRST_SEGMENT: usize = 2;

/// Packets that there is room for beyond twice those made: what all markers fill in some milliseconds.
#[cfg(not(loom))]
const AHEAD: usize = 1024;
#[cfg(loom)]
const AHEAD: usize = 1;

const NIL: u32 = u32::MAX;

#[derive(Debug)]
struct Body {
    len: usize,
    words: [usize; CAPACITY],
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) next: AtomicU32,
    body: UnsafeCell<Body>,
}

/// A packet that its holder owns alone.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(super) index: u32,
    pub(super) slot: *const Slot,
}

// SAFETY: a `Packet` is the only handle to its slot; slots live as long as the pool.
unsafe impl Send for Packet {}

impl Packet {
    /// Appends an address; false if the packet is full.
    #[inline(always)]
    pub(crate) fn push(&mut self, word: usize) -> bool {
        // SAFETY: the slot outlives the packet and this packet alone may touch its body.
        unsafe { &*self.slot }.body.with_mut(|body| {
            // SAFETY: as above; no other reference to the body exists.
            let body = unsafe { &mut *body };
            if body.len == CAPACITY {
                return false;
            }
            body.words[body.len] = word;
            body.len += 1;
            true
        })
    }

    /// Puts addresses in a packet that is empty, at most [`CAPACITY`].
    pub(crate) fn fill(&mut self, words: &[usize]) {
        // SAFETY: as in `push`.
        unsafe { &*self.slot }.body.with_mut(|body| {
            // SAFETY: as in `push`.
            let body = unsafe { &mut *body };
            debug_assert_eq!(body.len, 0);
            body.words[..words.len()].copy_from_slice(words);
            body.len = words.len();
        });
    }

    /// Takes the address that was appended last.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<usize> {
        // SAFETY: as in `push`.
        unsafe { &*self.slot }.body.with_mut(|body| {
            // SAFETY: as in `push`.
            let body = unsafe { &mut *body };
            body.len = body.len.checked_sub(1)?;
            Some(body.words[body.len])
        })
    }

    /// How many addresses it holds.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        // SAFETY: as in `push`.
        unsafe { &*self.slot }.body.with(|body| unsafe { (*body).len })
    }
}

/// All packets of a heap: the published ones, the empty ones, and the word that ends marking.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) full: AtomicU64,
    empty: AtomicU64,
    made: AtomicU32,
    /// Packets below this number have been mapped, or made.
    mapped: AtomicU32,
    active: AtomicU32,
    closing: Closing,
    segments: [OnceLock<Segment>; SEGMENTS],
}

// SAFETY: slots are reached through `Packet`s, which are unique, and through `next` fields, which are atomic.
unsafe impl Send for Pool {}
// SAFETY: as for `Send`.
unsafe impl Sync for Pool {}

impl Pool {
    pub(crate) fn new() -> Self {
        Self {
            full: AtomicU64::new(u64::from(NIL)),
            empty: AtomicU64::new(u64::from(NIL)),
            made: AtomicU32::new(0),
            mapped: AtomicU32::new(0),
            active: AtomicU32::new(0),
            closing: Closing::new(),
            segments: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    /// Bytes of memory that the packets made or mapped so far take.
    pub(crate) fn memory(&self) -> usize {
        // Relaxed: a figure.
        let packets = self.made.load(Ordering::Relaxed).max(self.mapped.load(Ordering::Relaxed));
        packets as usize * size_of::<Slot>()
    }

    /// The closing word that publishing and taking report to.
    pub(crate) fn closing(&self) -> &Closing {
        &self.closing
    }

    /// An empty packet.
    ///
    /// # Panics
    /// When 64 × 2²⁰ packets exist, which is more grey objects than the largest heap holds.
    pub(crate) fn fresh(&self) -> Packet {
        self.pop(&self.empty).unwrap_or_else(|| {
            // Acquire: pairs with `forget_ahead`, which has cleared the memory.
            let index = self.made.fetch_add(1, Ordering::Acquire);
            Packet { index, slot: self.slot(index) }
        })
    }

    /// Makes room for as many packets again as there are and a few, and maps the next of them, `least` at least, so that who
    /// needs a fresh one does not wait for the memory (the collector, now and then).
    pub(crate) fn prepare(&self, least: usize) {
        // Relaxed: an estimate.
        let made = self.made.load(Ordering::Relaxed) as usize;
        let segments = ((2 * made + AHEAD) / FIRST_SEGMENT + 1).ilog2() as usize + 1;
        (0..segments.min(SEGMENTS)).for_each(|segment| _ = self.segment(segment));
        // Relaxed: one party writes it.
        let mapped = self.mapped.load(Ordering::Relaxed) as usize;
        let wanted = made + made.max(least).min(AHEAD);
        if mapped < wanted {
            self.each_part(made.max(mapped)..wanted, Segment::map);
            self.mapped.store(wanted as u32, Ordering::Relaxed);
        }
    }

    /// Gives back the memory of packets that were mapped ahead and that nobody has made (the collector, while the program is
    /// idle).
    pub(crate) fn forget_ahead(&self) {
        // Relaxed: one party writes it.
        let mapped = self.mapped.load(Ordering::Relaxed);
        // Until the memory is gone they count as made: nobody makes one of them.
        let made = self.made.fetch_max(mapped, Ordering::Relaxed);
        if made >= mapped {
            return;
        }
        self.each_part(made as usize..mapped as usize, Segment::release);
        self.mapped.store(made, Ordering::Relaxed);
        // Release: pairs with `fresh`.
        let unmake = self.made.compare_exchange(mapped, made, Ordering::Release, Ordering::Relaxed);
        if unmake.is_err() {
            // Somebody has made one behind them meanwhile, so they are made, and empty.
            for index in made..mapped {
                self.push(&self.empty, Packet { index, slot: self.slot(index) });
            }
        }
    }

    /// Calls `f` with the segments that `packets` are in, and with where in them.
    pub(super) fn each_part(&self, packets: Range<usize>, f: impl Fn(&Segment, Range<usize>)) {
        let mut next = packets.start;
        while next < packets.end {
            let (segment, first) = place(next);
            let end = (FIRST_SEGMENT << segment).min(first + packets.end - next);
            f(self.segment(segment), first..end);
            next += end - first;
        }
    }

    /// Gives back a packet; whatever it still holds is forgotten.
    pub(crate) fn recycle(&self, mut packet: Packet) {
        while packet.pop().is_some() {}
        self.push(&self.empty, packet);
    }

    /// Makes a packet's work available to every marker.
    pub(crate) fn publish(&self, packet: Packet) {
        let list = if packet.len() == 0 { &self.empty } else { &self.full };
        self.push(list, packet);
    }

    /// Takes published work, spoiling a closing round that is under way. The caller must be counted active
    /// ([`Pool::enter`]).
    pub(crate) fn take(&self) -> Option<Packet> {
        if self.is_empty() {
            return None;
        }
        // Before the work leaves the pool, where the round looks for it.
        self.closing.dirty();
        self.pop(&self.full)
    }

    /// Counts the caller as a marker that may hold private work.
    pub(crate) fn enter(&self) {
        self.active.fetch_add(1, Ordering::SeqCst);
    }

    /// Says that the caller has published all its private work.
    pub(crate) fn leave(&self) {
        self.active.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether no published work is left.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.full.load(Ordering::SeqCst) as u32 == NIL
    }

    /// Whether nothing is published and, read after that, no marker is active.
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_empty() && self.active.load(Ordering::SeqCst) == 0
    }

    /// One closing round (collector only): [`Closing`] says why in this order. `visit` makes every mutator publish the
    /// white entries of its barrier buffer. True if the mark phase is over.
    pub(crate) fn closing_round(&self, visit: impl FnOnce()) -> bool {
        self.closing.open();
        if !self.is_quiet() {
            return false;
        }
        visit();
        self.is_empty() && self.closing.close()
    }

    /// Drops all published work (between cycles).
    pub(crate) fn clear(&self) {
        while let Some(packet) = self.pop(&self.full) {
            self.recycle(packet);
        }
    }

    pub(super) fn slot(&self, index: u32) -> &Slot {
        let (segment, at) = place(index as usize);
        &self.segment(segment).slots()[at]
    }

    fn segment(&self, segment: usize) -> &Segment {
        self.segments[segment].get_or_init(|| Segment::new(FIRST_SEGMENT << segment))
    }

    pub(super) fn push(&self, head: &AtomicU64, packet: Packet) {
        // SAFETY: slots live as long as the pool.
        let slot = unsafe { &*packet.slot };
        let mut old = head.load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange below.
            slot.next.store(old as u32, Ordering::Relaxed);
            let new = tag(old) | u64::from(packet.index);
            // SeqCst: the closing rounds order this against their own checks.
            match head.compare_exchange_weak(old, new, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => old = seen,
            }
        }
    }

    pub(super) fn pop(&self, head: &AtomicU64) -> Option<Packet> {
        // Acquire: the slot's `next` was written before its index was published.
        let mut old = head.load(Ordering::Acquire);
        loop {
            let index = old as u32;
            if index == NIL {
                return None;
            }
            let slot = self.slot(index);
            // Relaxed: if this is stale the tag has moved on and the exchange fails.
            let next = slot.next.load(Ordering::Relaxed);
            let new = tag(old) | u64::from(next);
            match head.compare_exchange_weak(old, new, Ordering::SeqCst, Ordering::Acquire) {
                Ok(_) => return Some(Packet { index, slot }),
                Err(seen) => old = seen,
            }
        }
    }
}

/// The segment that packet `index` is in, and where.
fn place(index: usize) -> (usize, usize) {
    let segment = (index / FIRST_SEGMENT + 1).ilog2() as usize;
    (segment, index - FIRST_SEGMENT * ((1 << segment) - 1))
}

/// Slots of empty packets. Their memory comes from the system and costs some when it is touched: to zero a large segment would
/// take milliseconds, and others wait for it.
#[cfg(not(any(loom, miri)))]
#[derive(Debug)]
pub(super) struct Segment {
    memory: Reservation,
    count: usize,
}

#[cfg(not(any(loom, miri)))]
impl Segment {
    fn new(count: usize) -> Self {
        let bytes = (count * size_of::<Slot>()).next_multiple_of(4096);
        let memory = Reservation::new(bytes, 4096).expect("there is address space for packets");
        Self { memory, count }
    }

    fn slots(&self) -> &[Slot] {
        let at = self.memory.base() as *const Slot;
        // SAFETY: the memory has room for them and is theirs alone. Zero is a value of every field, and a packet of length zero is
        // empty; `push` sets `next`.
        unsafe { std::slice::from_raw_parts(at, self.count) }
    }

    /// Has the system map the memory of some slots.
    fn map(&self, slots: Range<usize>) {
        let size = size_of::<Slot>();
        self.memory.populate(slots.start * size, slots.len() * size);
    }

    /// Gives the memory of some empty slots back; they are empty when it is touched again.
    pub(super) fn release(&self, slots: Range<usize>) {
        let size = size_of::<Slot>();
        self.memory.release_whole_pages(slots.start * size, slots.end * size);
    }
}

/// As above, in memory that model checkers watch.
#[cfg(any(loom, miri))]
#[derive(Debug)]
pub(super) struct Segment(Box<[Slot]>);

#[cfg(any(loom, miri))]
impl Segment {
    fn new(count: usize) -> Self {
        let body = || UnsafeCell::new(Body { len: 0, words: [0; CAPACITY] });
        Self((0..count).map(|_| Slot { next: AtomicU32::new(NIL), body: body() }).collect())
    }

    fn slots(&self) -> &[Slot] {
        &self.0
    }

    fn map(&self, _: Range<usize>) {}

    /// Nobody may be using a slot that is released.
    pub(super) fn release(&self, slots: Range<usize>) {
        for slot in &self.0[slots] {
            // SAFETY: the slots are the caller's; a checker sees if they are not.
            slot.body.with_mut(|body| unsafe { (*body).len = 0 });
        }
    }
}

/// Collects work of a party that is not counted active: it is published when a packet is full, and on drop. The party
/// holds no safepoint between.
#[derive(Debug)]
pub(crate) struct Outbox<'p> {
    pool: &'p Pool,
    packet: Option<Packet>,
}

impl<'p> Outbox<'p> {
    pub(crate) fn new(pool: &'p Pool) -> Self {
        Self { pool, packet: None }
    }

    /// Adds an address.
    pub(crate) fn push(&mut self, word: usize) {
        let packet = self.packet.get_or_insert_with(|| self.pool.fresh());
        if !packet.push(word) {
            let full = std::mem::replace(packet, self.pool.fresh());
            packet.push(word);
            self.pool.publish(full);
        }
    }
}

impl Drop for Outbox<'_> {
    fn drop(&mut self) {
        if let Some(packet) = self.packet.take() {
            self.pool.publish(packet);
        }
    }
}

/// The tag of a head, moved on by one.
fn tag(head: u64) -> u64 {
    (head >> 32).wrapping_add(1) << 32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn room_for_as_many_packets_again_is_made_ahead() {
        let pool = Pool::new();
        for count in [0, 1, 63, 64, 200, 1000] {
            while pool.made.load(Ordering::Relaxed) < count {
                pool.fresh();
            }
            pool.prepare(0);
            let there: usize =
                pool.segments.iter().filter_map(|s| s.get()).map(|s| s.slots().len()).sum();
            assert!(there >= AHEAD + 2 * count as usize, "{there} for {count}");
        }
    }

    #[test]
    fn packets_that_were_mapped_ahead_and_forgotten_are_made_as_others() {
        let pool = Pool::new();
        let first = pool.fresh();
        pool.prepare(1000);
        assert_eq!(pool.memory(), 1001 * size_of::<Slot>());
        pool.forget_ahead();
        assert_eq!(pool.memory(), size_of::<Slot>());
        let mut second = pool.fresh();
        assert_eq!((first.index, second.index), (0, 1));
        assert!(second.len() == 0 && second.push(1) && second.pop() == Some(1));
        pool.forget_ahead();
        assert_eq!(pool.fresh().index, 2, "there was nothing to forget");
    }
}
