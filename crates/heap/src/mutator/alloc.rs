//! Allocation: a bump through a free run; then the next run of the claimed slots, the next slots of the span, the next
//! span, a fresh one.
//!
//! Slots are claimed up to [`CHUNK`] bytes at a time: a free run, and if it is shorter than that, the other free slots of the
//! same word of allocation bits. So where free slots lie singly, most allocations that find a run used up need but a few
//! instructions to get to the next ([`Cursor::advance`]).

use super::{Cursor, Mutator, MutatorState, NO_SPAN, NOTHING, sampling};
use crate::{
    Layout,
    error::Error,
    heap::Kind,
    layout::Scan,
    protocol::claim::Claim,
    space::{
        kinds::{KindScan, LARGE},
        pages::PAGE,
        sizes::{self, BLOCK, MAX_SMALL},
    },
    stats::now,
    sync::Ordering,
};
use std::{ptr::NonNull, time::Duration};

/// Bytes between the first and the last of the slots that are claimed, zeroed and accounted for at a time, at most; but at
/// least one slot.
const CHUNK: usize = 4 << 10;
/// Bytes from which on zeroing is timed. Less takes a microsecond, but two looks at the clock would double it: old pages are
/// mapped, so zeroing them never waits for the system.
const TIMED: usize = 8 << 10;
/// Full spans that a mutator keeps rather than wait for the lock of their list.
const MOST_UNRETURNED: usize = 256;
/// Bytes up to which a run is zeroed word by word: a call would take longer.
const SHORT: usize = 128;
/// Bytes a mutator allocates before it adds them to the heap's count.
const COUNT: usize = 16 << 10;
/// Nanoseconds that a mutator waits at most for each [`COUNT`] bytes that it allocates beyond the heap's bound: not for ever,
/// because what keeps a cycle from its flip may be the client's, an observer that waits for this mutator, say.
const LONGEST_WAIT: u64 = 10_000_000;
/// How many times as long it waits at most after a large object.
const MOST_WAITS: usize = 100;
/// The pause between two looks at whether it may go on.
const LOOK: Duration = Duration::from_micros(200);
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
    /// [`Error::TooLarge`] if no heap of this reservation could hold it, [`Error::OutOfMemory`] if this one cannot, even after
    /// a collection,
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
        let object = self.alloc_kind(Kind::new(index, size))?;
        if mixed {
            self.set_slot_layout(object, index, layout);
        }
        Ok(object)
    }

    /// Allocates an object of a kind of this heap. The fast path is inlined: a bump and a compare. A safepoint, as
    /// [`Mutator::alloc`] is.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the heap has no room, even after a collection.
    ///
    /// # Panics
    /// If this heap has no such kind, or one of another size, because it is another heap's: at the latest when the mutator's
    /// free slots of the kind with that number are used up. Until then, its objects lie over the bounds of slots. A kind of
    /// another heap whose number and size are those of one of this heap's gives an object of that kind.
    #[inline(always)]
    pub fn alloc_kind(&mut self, kind: Kind) -> Result<NonNull<u8>, Error> {
        self.bump(kind, kind.size as usize).ok_or_else(|| self.take_error())
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
        self.bump(kind.0, FixedKind::<BYTES>::SLOT).ok_or_else(|| self.take_error())
    }

    /// [`Mutator::alloc_fixed`] for programs that cannot go on without the memory, as `Box::new` is: if the heap has no room, even
    /// after a collection, it prints an error and aborts. The caller's frame has no place for an error then, in which the scan
    /// of the stack would find what an earlier frame has left there. A safepoint, as [`Mutator::alloc`] is.
    ///
    /// # Panics
    /// As for [`Mutator::alloc_kind`].
    ///
    /// # Examples
    /// ```
    /// use trigo_heap::{Config, FixedKind, Heap, Layout, Zeroing};
    /// let heap = Heap::new(Config::default())?;
    /// let kind = heap.kind(Layout::NO_SCAN, 16, Zeroing::Zeroed)?;
    /// let kind = FixedKind::<16>::new(kind).expect("16 bytes is a size class");
    /// let mut mutator = heap.attach();
    /// let object = mutator.alloc_fixed_or_abort(kind);
    /// assert_eq!(mutator.object(object), Some(object));
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    #[inline(always)]
    pub fn alloc_fixed_or_abort<const BYTES: usize>(
        &mut self,
        kind: FixedKind<BYTES>,
    ) -> NonNull<u8> {
        match self.bump(kind.0, FixedKind::<BYTES>::SLOT) {
            Some(object) => object,
            None => self.abort_with_error(),
        }
    }

    #[inline(always)]
    fn bump(&mut self, kind: Kind, size: usize) -> Option<NonNull<u8>> {
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        let cursor = unsafe { self.cursor_at(kind.cursor) };
        let object = cursor.next;
        let next = object.wrapping_add(size);
        if next <= cursor.limit {
            cursor.next = next;
            // SAFETY: a cursor with room is inside of the heap's range, which does not begin at zero.
            return Some(unsafe { NonNull::new_unchecked(object as *mut u8) });
        }
        self.alloc_in_next_run(kind)
    }

    /// Allocates from the next run of the claimed slots, or by the slow path; null if that fails, with the error left behind.
    #[cold]
    #[inline(never)]
    fn alloc_in_next_run(&mut self, kind: Kind) -> Option<NonNull<u8>> {
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        let cursor = unsafe { self.cursor_at(kind.cursor) };
        if cursor.rest == 0 {
            return self.alloc_slow(kind);
        }
        let size = kind.size as usize;
        cursor.advance(size);
        let object = cursor.next;
        cursor.next += size;
        NonNull::new(object as *mut u8)
    }

    #[cold]
    #[inline(never)]
    fn abort_with_error(&mut self) -> ! {
        eprintln!("trigo-heap: {}, aborting", self.take_error());
        std::process::abort();
    }

    #[cold]
    #[inline(never)]
    fn take_error(&mut self) -> Error {
        self.private().error.take().expect("the slow path leaves its error behind")
    }

    /// Refills a cursor and allocates from it; null if that fails, with the error left behind.
    #[inline(never)]
    fn alloc_slow(&mut self, kind: Kind) -> Option<NonNull<u8>> {
        let (kind, size) = (super::kind_at(kind.cursor), kind.size);
        let kinds = &self.heap.shared.space.kinds;
        assert!(
            (kind as usize) < kinds.len() && kinds.get(kind).size == size,
            "kind {kind}, of {size} bytes, is not one of this heap's"
        );
        if self.owes_a_safepoint() {
            super::native::with_spilled(|sp| self.slow_safepoint(sp));
        }
        match self.or_collect(|mutator| mutator.refill(kind)) {
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

    /// Does `f`; if that finds no room, collects and does it again.
    fn or_collect<R>(
        &mut self,
        mut f: impl FnMut(&mut Self) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match f(self) {
            Err(Error::OutOfMemory { .. }) => {
                self.collect();
                f(self)
            }
            result => result,
        }
    }

    /// Whether [`Self::slow_safepoint`] has anything to do. In a heap whose free runs are a slot long, most slow paths
    /// find that it has not, and then the registers need not be saved.
    fn owes_a_safepoint(&self) -> bool {
        let private = self.private();
        self.state().gate.must_poll()
            || self.shared().control.hold.is_on()
            || self.shared().config.debug.torture.is_some()
            || private.beyond > 0
            || self.is_in_debt()
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
        self.assist();
        let beyond = std::mem::take(&mut self.private().beyond);
        if beyond > 0 {
            self.wait_for_room(beyond);
        }
    }

    /// Waits, blocked, while the heap is at its bound, after this mutator has allocated `beyond` bytes more.
    fn wait_for_room(&mut self, beyond: usize) {
        let shared = std::sync::Arc::clone(self.shared());
        let start = now();
        let longest = LONGEST_WAIT * (beyond / COUNT).clamp(1, MOST_WAITS) as u64;
        while shared.is_at_bound() && now() - start < longest {
            if !self.private().marking {
                shared.control.trigger();
            }
            self.blocked(|| shared.control.wait_for_progress(LOOK));
        }
        self.state().holds.wait(start);
    }

    /// Gives the cursor of `kind` at least one free slot. Says whether the allocation profile wants the next object.
    fn refill(&mut self, kind: u16) -> Result<bool, Error> {
        let shared = &self.heap.shared;
        let info = shared.space.kinds.get(kind);
        let (size, slots) = (info.size as usize, info.slots as usize);
        let private = self.private();
        let claimed = std::mem::take(&mut private.holdings[kind as usize].claimed);
        self.state().count_bytes(kind, claimed);
        let torture = shared.config.debug.torture.is_some();
        let most = if torture { 1 } else { (CHUNK / size).max(1) };
        let mut timed = false;
        let mut claim = loop {
            if private.holdings[kind as usize].block == NO_SPAN {
                let mut watch = std::mem::take(&mut private.watch);
                if !std::mem::replace(&mut timed, true) {
                    watch.begin();
                }
                let (patient, stretch) =
                    (private.unreturned.len() > MOST_UNRETURNED, watch.stretch());
                private.settle(shared, patient, stretch);
                let (epoch, stock) = (private.epoch, &mut private.stock);
                let taken = shared.spans.take(&shared.space, kind, epoch, stock, stretch)?;
                if shared.space.take_thirst() {
                    stretch.step();
                    shared.control.wake_collector();
                    stretch.call();
                }
                private.watch = watch;
                if taken.unfiled {
                    private.unfiled.push((kind, taken.block));
                }
                private.holdings[kind as usize] =
                    super::Holding { block: taken.block, clean: taken.clean, ..NOTHING };
                private.active.push(kind);
            }
            let holding = &mut private.holdings[kind as usize];
            let allocated = shared.space.bits(holding.block, info);
            match Claim::find(allocated, holding.search, slots, most) {
                Some(claim) => break claim,
                None => {
                    let block = std::mem::replace(holding, NOTHING).block;
                    if let Some(next) = private.exchange(shared, kind, block) {
                        private.holdings[kind as usize].block = next;
                        continue;
                    }
                    private.unreturned.push((kind, block));
                    private.active.retain(|&k| k != kind);
                }
            }
        };
        let holding = &mut private.holdings[kind as usize];
        let (sampler, id) = (&mut private.sampler, self.state().id);
        let room = claim.run.len() * size;
        let (sampled, bytes) = sampling::step(sampler, &shared.profile, id, kind, size, room);
        if private.sampler.is_some() {
            // The next sample is the first of a claim.
            claim.cut(bytes / size);
        }
        claim.take(shared.space.bits(holding.block, info));
        if private.black {
            claim.fill_marks(shared.space.marks(holding.block, info), true);
        }
        holding.search = claim.end();
        holding.claimed = claim.slots() * size;
        let (claimed, at) = (holding.claimed, shared.space.base() + holding.block * BLOCK);
        if info.zeroed && !holding.clean {
            if claimed >= TIMED && !std::mem::replace(&mut timed, true) {
                private.watch.begin();
            }
            // SAFETY: this mutator has claimed the slots, and nobody else uses them.
            unsafe { zero(at + claim.run.start * size, claim.run.len() * size) };
            // SAFETY: as above.
            unsafe { zero_each(at + claim.word * size, size, claim.rest) };
        }
        // SAFETY: the gate is RUNNING and this is the mutator's thread.
        *unsafe { self.state().cursor(kind) } = Cursor {
            next: at + claim.run.start * size,
            limit: at + claim.run.end * size,
            rest: claim.rest,
            word: at + claim.word * size,
        };
        if timed {
            private.watch.stretch().step();
        }
        let has_called = self.charge(claimed);
        if timed {
            let stretch = self.private().watch.stretch();
            if has_called {
                stretch.call();
            }
            self.state().holds.alloc(stretch);
        }
        Ok(sampled)
    }

    /// Counts the objects in runs of slots that are not used up yet, so that statistics read next are exact as far as this
    /// mutator's own allocations go. No safepoint.
    pub fn count_allocated(&mut self) {
        let private = self.private();
        for &kind in &private.active {
            let size = self.shared().space.kinds.get(kind).size as usize;
            // SAFETY: the gate is RUNNING and this is the mutator's thread.
            let unused = unsafe { self.state().cursor(kind) }.unused(size);
            let claimed = &mut private.holdings[kind as usize].claimed;
            let used = *claimed - unused;
            *claimed = unused;
            self.state().count_bytes(kind, used);
        }
    }

    /// Accounts for allocated bytes: towards the trigger, and while marking as debt. Whether it called the system, to wake the
    /// collector's thread.
    fn charge(&mut self, bytes: usize) -> bool {
        let shared = &self.heap.shared;
        let private = self.private();
        private.uncounted += bytes;
        // Relaxed: a ratio that is a moment old will do.
        let ratio = f64::from_bits(shared.assist_ratio.load(Ordering::Relaxed));
        private.debt += ratio * bytes as f64;
        if private.uncounted >= COUNT {
            let added = private.count(shared);
            private.beyond = if shared.is_at_bound() { added } else { 0 };
            if !private.marking && shared.heap_bytes() >= shared.trigger.load(Ordering::Relaxed) {
                return shared.control.trigger();
            }
        }
        false
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
        self.private().watch.begin();
        let extent = self.or_collect(|mutator| mutator.shared().space.take_large(size))?;
        self.state().holds.alloc(self.private().watch.stretch());
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
    /// Counts `bytes` more as allocated.
    pub(super) fn count_bytes(&self, kind: u16, bytes: usize) {
        let total = &self.bytes[kind as usize];
        // Relaxed: one writer, and readers want a figure.
        total.store(total.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
    }
}

/// Zeroes those slots from `at` on that `slots` has a bit for: one by one, for the reason that `claim::take_next` has, and
/// those of the commonest sizes by a few stores each.
///
/// # Safety
/// 1. As for [`zero`], for each of the slots.
unsafe fn zero_each(at: usize, size: usize, slots: u64) {
    // SAFETY: as the caller vouches.
    unsafe {
        match size {
            16 => zero_each_of::<16>(at, slots),
            24 => zero_each_of::<24>(at, slots),
            32 => zero_each_of::<32>(at, slots),
            48 => zero_each_of::<48>(at, slots),
            64 => zero_each_of::<64>(at, slots),
            _ => each_slot(at, size, slots, |slot| zero(slot, size)),
        }
    }
}

/// [`zero_each`] for a size that the compiler knows.
///
/// # Safety
/// 1. As for [`zero_each`].
#[inline(always)]
unsafe fn zero_each_of<const SIZE: usize>(at: usize, slots: u64) {
    // SAFETY: as the caller vouches.
    each_slot(at, SIZE, slots, |slot| unsafe { std::ptr::write_bytes(slot as *mut u8, 0, SIZE) });
}

/// Calls `f` with the addresses of those slots from `at` on that `slots` has a bit for.
#[inline(always)]
fn each_slot(at: usize, size: usize, mut slots: u64, f: impl Fn(usize)) {
    while slots != 0 {
        f(at + slots.trailing_zeros() as usize * size);
        slots &= slots - 1;
    }
}

/// Zeroes a run of slots.
///
/// # Safety
/// 1. `at` is a multiple of 8, and nobody else uses the `bytes` bytes from there.
#[inline(always)]
unsafe fn zero(at: usize, bytes: usize) {
    if bytes > SHORT {
        // SAFETY: as the caller vouches.
        unsafe { std::ptr::write_bytes(at as *mut u8, 0, bytes) };
        return;
    }
    for word in (at..at + bytes).step_by(8) {
        // SAFETY: as the caller vouches. Volatile, lest the compiler make a call of the loop.
        unsafe { (word as *mut u64).write_volatile(0) };
    }
}
