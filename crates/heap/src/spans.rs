//! Span lists: which spans of a kind have free slots. This is where sweeping happens.
//!
//! A sweep touches no objects. It makes the marks of a span its allocation bits, clears them for the next
//! cycle, and files the span. Allocators sweep the spans they need;
//! the collector sweeps the rest after each flip and ends before the next barrier-on.
//!
//! A thread that is preempted in a critical section holds up whoever wants the lock next for a slice of the
//! scheduler's, some milliseconds. So the sections are short (the collector sweeps outside, as the spans' owner), and
//! a mutator that meets a lock taken does without: it takes a fresh span, and returns old ones later.
//!
//! Invariants:
//! * A span is owned by one mutator or by the sweep, or unowned; an unowned span's bits change under its list's lock only
//!   (marks apart).
//! * A list is prepared for epoch `n` before any mutator flips to it; a mutator of another epoch takes
//!   fresh spans only.
//! * When a sweep has ended, every span is swept for the epoch, and but for runs allocated black no mark is set.

use crate::{
    error::Error,
    protocol::bits,
    space::{
        Space, Stock,
        kinds::{KindInfo, MAX_KINDS},
    },
    stats::Stretch,
    sync::{Mutex, MutexGuard, lock, spin_loop},
};

/// A span that was taken out of the list while it is walked.
const GONE: u32 = u32::MAX;
/// Spans an allocation inspects before it takes a fresh one.
const INSPECT: usize = 32;
/// Marks that it sweeps at most for that, and the last span's: some ten microseconds' worth.
const MOST_MARKS: usize = 16 << 10;
/// Spans that the collector sweeps between two looks at the list.
const BATCH: usize = 32;
/// Looks at a lock before a mutator does without it.
const SPINS: usize = 100;

/// The spans of one kind.
#[derive(Debug, Default)]
struct SpanList {
    epoch: u32,
    spans: Vec<u32>,
    /// `spans[next..end]` wait to be swept.
    next: usize,
    end: usize,
    partial: Vec<u32>,
    live_slots: usize,
}

/// A span that a mutator now owns.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) block: usize,
    /// Its memory reads as zero.
    pub(crate) clean: bool,
    /// It is in no list yet: the owner calls [`Spans::try_file`] until that succeeds.
    pub(crate) unfiled: bool,
}

/// What a sweep of one kind found.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Swept {
    pub(crate) live_slots: usize,
    pub(crate) spans: usize,
}

/// All spans of small objects of a heap.
#[derive(Debug)]
pub(crate) struct Spans {
    lists: Box<[Mutex<SpanList>]>,
    poison: bool,
}

impl Spans {
    pub(crate) fn new(poison: bool) -> Self {
        Self { lists: (0..MAX_KINDS).map(|_| Mutex::default()).collect(), poison }
    }

    /// Takes a span with free slots for a mutator in `epoch`, sweeping a few if need be. Waits for no lock but the page
    /// heap's.
    pub(crate) fn take(
        &self,
        space: &Space,
        kind: u16,
        epoch: u32,
        stock: &mut Stock,
        stretch: &mut Stretch,
    ) -> Result<Taken, Error> {
        let info = space.kinds.get(kind);
        if let Some(block) = self.take_swept(space, kind, info, epoch, stretch) {
            return Ok(Taken { block, clean: false, unfiled: false });
        }
        let (block, clean) = space.take_span(kind, stock, stretch)?;
        space.sweep_word(block).own(epoch);
        Ok(Taken { block, clean, unfiled: !self.try_file(kind, block) })
    }

    /// Gives up a span that is in its list, as [`Spans::put_back`] does, and takes the next one instead, if all that is a
    /// matter of some hundred nanoseconds: nobody holds the lock, the list is of `epoch`, that of the mutator, and the
    /// first span that is looked at has free slots. Otherwise nothing is given up.
    pub(crate) fn exchange(
        &self,
        space: &Space,
        kind: u16,
        epoch: u32,
        block: usize,
    ) -> Option<usize> {
        let mut list = self.lists[kind as usize].try_lock().ok().filter(|l| l.epoch == epoch)?;
        let next = self.next_free(&mut list, space, space.kinds.get(kind))??;
        space.sweep_word(next).own(epoch);
        self.put_back_to(&mut list, space, kind, block);
        Some(next)
    }

    /// A span that has been used before and has free slots, among the next few.
    fn take_swept(
        &self,
        space: &Space,
        kind: u16,
        info: &KindInfo,
        epoch: u32,
        stretch: &mut Stretch,
    ) -> Option<usize> {
        for _ in 0..INSPECT.min(MOST_MARKS / info.slots as usize + 1) {
            // The lock is taken for each span anew, so that nobody waits for all of them.
            let mut list = self.try_lock(kind)?;
            if list.epoch != epoch {
                return None;
            }
            let free = self.next_free(&mut list, space, info)?;
            stretch.step();
            if let Some(block) = free {
                space.sweep_word(block).own(epoch);
                return Some(block);
            }
        }
        None
    }

    /// Looks at one more span: a partial one, or the next that is due, which is swept. `None` if there is none, the inner one if
    /// it has no free slots.
    fn next_free(
        &self,
        list: &mut SpanList,
        space: &Space,
        info: &KindInfo,
    ) -> Option<Option<usize>> {
        if let Some(block) = list.partial.pop() {
            return Some(Some(block as usize));
        }
        let (_, block) = list.next_due(space)?;
        let live = self.sweep(space, info, block, list.epoch);
        list.live_slots += live;
        Some((live < info.slots as usize).then_some(block as usize))
    }

    /// The lock of a kind's list, if nobody holds it for longer than a moment.
    fn try_lock(&self, kind: u16) -> Option<MutexGuard<'_, SpanList>> {
        let list = &self.lists[kind as usize];
        (0..SPINS).find_map(|_| list.try_lock().inspect_err(|_| spin_loop()).ok())
    }

    /// Adds a fresh span to its list; false if somebody holds the lock.
    #[must_use]
    pub(crate) fn try_file(&self, kind: u16, block: usize) -> bool {
        self.try_lock(kind).map(|mut list| list.spans.push(block as u32)).is_some()
    }

    /// Adds a fresh span to its list.
    pub(crate) fn file(&self, kind: u16, block: usize) {
        lock(&self.lists[kind as usize]).spans.push(block as u32);
    }

    /// [`Spans::put_back`], unless somebody holds the lock: then it is false, and the span is still the caller's.
    #[must_use]
    pub(crate) fn try_put_back(&self, space: &Space, kind: u16, block: usize) -> bool {
        let list = self.try_lock(kind);
        list.map(|mut list| self.put_back_to(&mut list, space, kind, block)).is_some()
    }

    /// Gives up a span that is in its list. Its owner has cleared the bits of slots it claimed and did not use.
    pub(crate) fn put_back(&self, space: &Space, kind: u16, block: usize) {
        self.put_back_to(&mut lock(&self.lists[kind as usize]), space, kind, block);
    }

    /// If the list was prepared for the next epoch meanwhile, the sweep may have passed the span by because it was
    /// owned, so it is swept here.
    fn put_back_to(&self, list: &mut SpanList, space: &Space, kind: u16, block: usize) {
        let info = space.kinds.get(kind);
        let epoch = list.epoch;
        if space.sweep_word(block).disown(epoch) {
            list.live_slots += self.sweep(space, info, block as u32, epoch);
        }
        if bits::next_clear_run(space.bits(block, info), 0, info.slots as usize).is_some() {
            list.partial.push(block as u32);
        }
    }

    /// Gives each list room for twice as many spans as it has, in memory that is mapped: a mutator that adds one, under the
    /// lock, is not to wait for memory.
    pub(crate) fn make_room(&self, space: &Space) {
        for list in &self.lists[..space.kinds.len()] {
            let (len, room) = {
                let list = lock(list);
                (list.spans.len(), list.spans.capacity().min(list.partial.capacity()))
            };
            if room >= 2 * len {
                continue;
            }
            let mut larger = [(); 2].map(|()| vec![GONE; 3 * len]);
            larger.iter_mut().for_each(Vec::clear);
            let mut list = lock(list);
            let SpanList { spans, partial, .. } = &mut *list;
            for (larger, old) in larger.iter_mut().zip([spans, partial]) {
                larger.extend_from_slice(old);
                std::mem::swap(larger, old);
            }
            drop(list);
        }
    }

    /// Makes all lists ready for the sweep of `epoch`. Mutators still in the epoch before take fresh spans from here on.
    pub(crate) fn prepare(&self, space: &Space, epoch: u32) {
        for list in &self.lists[..space.kinds.len()] {
            let mut list = lock(list);
            list.epoch = epoch;
            list.next = 0;
            list.end = list.spans.len();
            list.partial.clear();
            list.live_slots = 0;
        }
        for list in &self.lists[space.kinds.len()..] {
            lock(list).epoch = epoch;
        }
    }

    /// Sweeps what is left of `kind` and returns empty spans to the page heap. All mutators have flipped.
    pub(crate) fn finish_sweep(&self, space: &Space, kind: u16) -> Swept {
        let info = space.kinds.get(kind);
        let (mut empty, mut any_empty) = (Vec::new(), false);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let epoch = {
                let mut list = lock(&self.lists[kind as usize]);
                while batch.len() < BATCH
                    && let Some((at, block)) = list.next_due(space)
                {
                    space.sweep_word(block as usize).own(list.epoch);
                    batch.push((at, block, 0));
                }
                list.epoch
            };
            if batch.is_empty() {
                break;
            }
            for (_, block, live) in &mut batch {
                *live = self.sweep_own(space, info, *block);
            }
            let mut list = lock(&self.lists[kind as usize]);
            for (at, block, live) in batch.drain(..) {
                let due = space.sweep_word(block as usize).disown(epoch);
                debug_assert!(!due, "no list is prepared while the sweep goes on");
                list.live_slots += live;
                if live == 0 {
                    list.spans[at] = GONE;
                    empty.push(block);
                } else if live < info.slots as usize {
                    list.partial.push(block);
                }
            }
            drop(list);
            // Now, not at the end: mutators take fresh spans meanwhile, and the heap would grow for them.
            any_empty |= !empty.is_empty();
            space.give_back_spans(&mut empty, info);
            empty.clear();
        }
        let mut list = lock(&self.lists[kind as usize]);
        // Spans that an allocator swept, left and found empty are not here: they are owned or partial.
        if any_empty {
            list.spans.retain(|&b| b != GONE);
        }
        (list.next, list.end) = (0, 0);
        Swept { live_slots: list.live_slots, spans: list.spans.len() }
    }

    /// Calls `f` with each span of `kind`. Spans do not come or go while the sweep is over and none starts.
    pub(crate) fn each(&self, kind: u16, mut f: impl FnMut(usize)) {
        let spans = lock(&self.lists[kind as usize]).spans.clone();
        for block in spans.into_iter().filter(|&b| b != GONE) {
            f(block as usize);
        }
    }

    /// Sweeps a span that nobody owns, under the list's lock; its live slots.
    fn sweep(&self, space: &Space, info: &KindInfo, block: u32, epoch: u32) -> usize {
        space.sweep_word(block as usize).set_swept(epoch);
        self.sweep_own(space, info, block)
    }

    /// Sweeps a span whose bits are the caller's; its live slots.
    fn sweep_own(&self, space: &Space, info: &KindInfo, block: u32) -> usize {
        let block = block as usize;
        let live = bits::pack_marks(space.marks(block, info), space.bits(block, info));
        if self.poison {
            poison(space, info, block);
        }
        live
    }
}

impl SpanList {
    /// The next span that nobody owns and that has not been swept, and its place in `spans`.
    fn next_due(&mut self, space: &Space) -> Option<(usize, u32)> {
        while self.next < self.end {
            let at = self.next;
            self.next += 1;
            let block = self.spans[at];
            if space.sweep_word(block as usize).is_due(self.epoch) {
                return Some((at, block));
            }
        }
        None
    }
}

/// Fills the free slots of a span that is being swept.
fn poison(space: &Space, info: &KindInfo, block: usize) {
    let mut from = 0;
    while let Some(run) = bits::next_clear_run(space.bits(block, info), from, info.slots as usize) {
        let size = info.size as usize;
        let start = space.base() + block * crate::space::sizes::BLOCK + run.start * size;
        // SAFETY: the slots of a run that is neither marked nor claimed belong to the sweeper.
        unsafe { std::ptr::write_bytes(start as *mut u8, crate::POISON, run.len() * size) };
        from = run.end;
    }
}
