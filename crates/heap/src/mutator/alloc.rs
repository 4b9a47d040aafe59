//! Allocation: a bump through a claimed free run; then the next run, the next span, a fresh one.

use super::{Cursor, Mutator, MutatorState, NO_SPAN, NOTHING, sampling};
use crate::{
    Layout,
    error::Error,
    heap::Kind,
    layout::Scan,
    protocol::bits,
    space::{
        kinds::{KindScan, LARGE},
        pages::PAGE,
        sizes::{self, BLOCK, MAX_SMALL},
    },
    stats::now,
    sync::Ordering,
};
use std::{ptr::NonNull, time::Duration};

/// Bytes that are zeroed and accounted for at a time; at least one slot.
const CHUNK: usize = 4 << 10;
/// Bytes from which on a refill is timed; what is shorter takes less time than two looks at the clock.
const TIMED: usize = 1 << 10;
/// Bytes a mutator allocates before it adds them to the heap's count.
const COUNT: usize = 16 << 10;
/// How long a mutator waits at most for each [`COUNT`] bytes that it allocates beyond what the memory limit allows.
const SLOWED: Duration = Duration::from_micros(200);
/// Bytes of a large object zeroed between two polls.
const ZERO: usize = 64 << 10;

/// A [`Kind`] whose slot size the compiler knows: allocation is a bump by a constant.
///
/// ```
/// use trigo_heap::{Config, FixedKind, Heap, Layout, Zeroing};
///
/// let heap = Heap::new(Config::default())?;
/// let kind = heap.kind(Layout::NO_SCAN, 20, Zeroing::Zeroed)?;
/// let kind = FixedKind::<20>::new(kind).expect("20 bytes take a slot of 24");
/// assert_eq!(FixedKind::<20>::SLOT, 24);
/// let object = heap.attach().alloc_fixed(kind)?;
/// # let _ = object;
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FixedKind<const BYTES: usize>(Kind);

impl<const BYTES: usize> FixedKind<BYTES> {
    /// Bytes of the slots: `BYTES` rounded up to a size class.
    pub const SLOT: usize = match sizes::class_of_const(BYTES) {
        Some(class) => sizes::size_of_class(class),
        None => panic!("objects over 32 KiB have no kind"),
    };

    /// `kind` with its size known; `None` if its slots have another size.
    pub fn new(kind: Kind) -> Option<Self> {
        (kind.size() == Self::SLOT).then_some(Self(kind))
    }
}

impl Mutator {
    /// Allocates an object of `bytes` bytes whose pointers are where `layout` says, repeated over the object; it reads as
    /// zero. Any size; over 32 KiB it gets pages of its own. A size of zero gives an object of 8 bytes. The address is a
    /// multiple of 8. A safepoint; see [the front page](crate#what-may-block) for what a slow one may wait for. [`Mutator`]
    /// has an example.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if no heap of this reservation could hold it, [`Error::OutOfMemory`] if this one cannot now,
    /// [`Error::TooManyLayouts`] if the layout would need one kind too many.
    ///
    /// # Panics
    /// If `layout` is another heap's and this one has none of its number.
    pub fn alloc(&mut self, layout: Layout, bytes: usize) -> Result<NonNull<u8>, Error> {
        if bytes > MAX_SMALL {
            return self.alloc_large(layout, bytes);
        }
        let shared = self.shared();
        let index = shared.kind_for(layout, bytes.max(1))?;
        let info = shared.space.kinds.get(index);
        let (size, mixed) = (info.size, info.scan == KindScan::Mixed);
        let object = self.alloc_kind(Kind { index, size })?;
        if mixed {
            self.set_slot_layout(object, index, layout);
        }
        Ok(object)
    }

    /// Allocates an object of a kind of this heap. The fast path is inlined: a bump and a compare. A safepoint, as
    /// [`Mutator::alloc`] is.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the heap has no room.
    ///
    /// # Panics
    /// If this heap has no such kind, because it is another heap's. A kind of another heap whose number this one has given
    /// to another kind cannot be told apart: it gives an object of that kind.
    #[inline(always)]
    pub fn alloc_kind(&mut self, kind: Kind) -> Result<NonNull<u8>, Error> {
        self.bump(kind.index, kind.size as usize)
    }

    /// Allocates an object of a kind of this heap whose size the compiler knows. A safepoint, as [`Mutator::alloc`] is.
    ///
    /// # Errors
    /// As for [`Mutator::alloc_kind`].
    #[inline(always)]
    pub fn alloc_fixed<const BYTES: usize>(
        &mut self,
        kind: FixedKind<BYTES>,
    ) -> Result<NonNull<u8>, Error> {
        self.bump(kind.0.index, FixedKind::<BYTES>::SLOT)
    }

    #[inline(always)]
    fn bump(&mut self, kind: u16, size: usize) -> Result<NonNull<u8>, Error> {
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        let cursor = unsafe { self.state().cursor(kind) };
        let object = cursor.next;
        let next = object + size;
        let object = if next <= cursor.limit {
            cursor.next = next;
            NonNull::new(object as *mut u8)
        } else {
            self.alloc_slow(kind)
        };
        object.ok_or_else(|| self.take_error())
    }

    #[cold]
    fn take_error(&mut self) -> Error {
        self.private().error.take().unwrap_or(Error::Closed)
    }

    /// Refills a cursor and allocates from it; null if that fails, with the error left behind.
    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, kind: u16) -> Option<NonNull<u8>> {
        if self.owes_a_safepoint() {
            super::native::with_spilled(|sp| self.slow_safepoint(sp));
        }
        match self.refill(kind) {
            Ok(sampled) => {
                let info = self.heap.shared.space.kinds.get(kind);
                // SAFETY: the gate is RUNNING and this is the mutator's thread.
                let cursor = unsafe { self.state().cursor(kind) };
                let object = cursor.next;
                cursor.next += info.size as usize;
                if sampled {
                    self.record_sample(object, info.size as usize, info.scan != KindScan::NoScan);
                }
                NonNull::new(object as *mut u8)
            }
            Err(error) => {
                self.private().error = Some(error);
                None
            }
        }
    }

    /// Whether [`Self::slow_safepoint`] has anything to do. In a heap whose free runs are a slot long, most slow paths
    /// find that it has not, and then the registers need not be saved.
    fn owes_a_safepoint(&self) -> bool {
        let private = self.private();
        self.state().gate.must_poll()
            || self.shared().control.is_held()
            || self.shared().config.debug.torture.is_some()
            || private.slowed
            || self.owes_an_assist()
    }

    /// What an allocation slow path owes: handshakes, a cycle's start, torture, assists.
    fn slow_safepoint(&mut self, sp: usize) {
        self.answer_pending(sp);
        if let Some(every) = self.shared().config.debug.torture {
            let private = self.private();
            private.torture = private.torture.saturating_sub(1);
            if private.torture == 0 {
                private.torture = every;
                self.collect();
            }
        }
        self.assist(sp);
        if std::mem::take(&mut self.private().slowed) {
            let shared = std::sync::Arc::clone(self.shared());
            self.blocked(|| shared.control.wait_for_progress(SLOWED));
        }
    }

    /// Gives the cursor of `kind` at least one free slot. Says whether the allocation profile wants the next object.
    fn refill(&mut self, kind: u16) -> Result<bool, Error> {
        let shared = &self.heap.shared;
        let known = shared.space.kinds.len();
        assert!((kind as usize) < known, "kind {kind} is not one of this heap's");
        let info = shared.space.kinds.get(kind);
        let size = info.size as usize;
        let private = self.private();
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        let cursor = unsafe { self.state().cursor(kind) };
        let holding = &mut private.holdings[kind as usize];
        self.state().count_bytes(kind, cursor, holding.counted);
        holding.counted = cursor.next;
        let mut start = None;
        while cursor.next == holding.run_end {
            if holding.block == NO_SPAN {
                start.get_or_insert_with(now);
                let taken = shared.spans.take(&shared.space, kind, private.epoch)?;
                *holding = super::Holding { block: taken.block, clean: taken.clean, ..NOTHING };
                private.active.push(kind);
            }
            let slots = info.slots as usize;
            let allocated = shared.space.bits(holding.block, info);
            let Some(run) = bits::next_clear_run(allocated, holding.search, slots) else {
                shared.spans.put_back(&shared.space, kind, holding.block);
                *holding = NOTHING;
                *cursor = Cursor::default();
                private.active.retain(|&k| k != kind);
                continue;
            };
            bits::set_run(allocated, run.clone());
            if private.black {
                bits::fill_marks(shared.space.marks(holding.block, info), run.clone(), true);
            }
            let start = shared.space.base() + holding.block * BLOCK;
            let first = start + run.start * size;
            *cursor = Cursor { next: first, limit: first };
            holding.counted = first;
            holding.search = run.end;
            holding.run_end = start + run.end * size;
        }
        let chunk =
            if shared.config.debug.torture.is_some() { size } else { (CHUNK / size).max(1) * size };
        let room = chunk.min(holding.run_end - cursor.next);
        let (sampler, id) = (&mut private.sampler, self.state().id);
        let (sampled, bytes) = sampling::step(sampler, &shared.profile, id, kind, size, room);
        if bytes >= TIMED {
            start.get_or_insert_with(now);
        }
        if info.zeroed && !holding.clean {
            // SAFETY: the chunk lies in a run that this mutator claimed and nobody else uses.
            unsafe { std::ptr::write_bytes(cursor.next as *mut u8, 0, bytes) };
        }
        cursor.limit = cursor.next + bytes;
        self.charge(bytes);
        if let Some(start) = start {
            self.state().holds.alloc(start);
        }
        Ok(sampled)
    }

    /// Accounts for allocated bytes: towards the trigger, and while marking as debt.
    fn charge(&mut self, bytes: usize) {
        let shared = &self.heap.shared;
        let private = self.private();
        private.uncounted += bytes;
        // Relaxed: a ratio that is a moment old will do.
        let ratio = f64::from_bits(shared.assist_ratio.load(Ordering::Relaxed));
        private.debt += ratio * bytes as f64;
        if private.uncounted >= COUNT {
            let added = std::mem::take(&mut private.uncounted);
            shared.allocated.fetch_add(added, Ordering::Relaxed);
            private.slowed = shared.heap_bytes() >= shared.slow_from.load(Ordering::Relaxed);
            if !private.marking && shared.heap_bytes() >= shared.trigger.load(Ordering::Relaxed) {
                shared.control.trigger();
            }
        }
    }

    /// Writes which layout a slot of a shared span has.
    fn set_slot_layout(&mut self, object: NonNull<u8>, kind: u16, layout: Layout) {
        let shared = self.shared();
        let info = shared.space.kinds.get(kind);
        let entry = shared.slot_layout_entry(object.as_ptr() as usize, info);
        // SAFETY: the entry belongs to a slot that was just allocated; a marker reads it only after this mutator's next
        // handshake, because the slot is black until then or not yet reachable.
        unsafe { entry.write(layout.0) };
        shared.layouts.get(layout).shared_bytes.fetch_add(info.size as usize, Ordering::Relaxed);
    }

    fn alloc_large(&mut self, layout: Layout, bytes: usize) -> Result<NonNull<u8>, Error> {
        let limit = self.shared().space.len();
        let size = bytes
            .checked_next_multiple_of(8)
            .filter(|&b| b <= limit)
            .ok_or(Error::TooLarge { bytes })?;
        super::native::with_spilled(|sp| self.slow_safepoint(sp));
        let extent = self.shared().space.take_large(size)?;
        let address = self.shared().space.page_address(extent.start);
        if !extent.zeroed {
            let mut at = 0;
            while at < size {
                let step = ZERO.min(size - at);
                // SAFETY: the pages were taken for this object and nothing leads to them yet.
                unsafe { std::ptr::write_bytes((address + at) as *mut u8, 0, step) };
                at += step;
                self.poll();
            }
        }
        let shared = &self.heap.shared;
        let private = self.private();
        let (epoch, black) = (private.epoch, private.black);
        let index = shared.space.larges.add((address, size), extent, layout, epoch, black);
        shared.space.publish_large(index, extent);
        shared.counters.large_objects.fetch_add(1, Ordering::Relaxed);
        shared.counters.large_bytes.fetch_add(size as u64, Ordering::Relaxed);
        self.charge(extent.pages * PAGE);
        let (shared, sampler) = (&self.heap.shared, &mut self.private().sampler);
        if sampling::step(sampler, &shared.profile, self.state().id, LARGE, size, size).0 {
            let scan = shared.layouts.get(layout).scan != Scan::Nothing;
            self.record_sample(address, size, scan);
        }
        Ok(NonNull::new(address as *mut u8).expect("the heap's range does not begin at zero"))
    }
}

impl MutatorState {
    /// Counts the bytes allocated since the last call.
    pub(super) fn count_bytes(&self, kind: u16, cursor: &Cursor, counted: usize) {
        if cursor.next > counted {
            let total = &self.bytes[kind as usize];
            // Relaxed: one writer, and readers want a figure.
            total.store(
                total.load(Ordering::Relaxed) + (cursor.next - counted) as u64,
                Ordering::Relaxed,
            );
        }
    }
}
