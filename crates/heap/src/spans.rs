//! Span lists: which spans of a kind have free slots. This is where sweeping happens.
//!
//! A sweep touches no objects. It makes the marks of a span its allocation bits, clears them for the next
//! cycle, and files the span. Allocators sweep the spans they need;
//! the collector sweeps the rest after each flip and ends before the next barrier-on.
//!
//! Invariants:
//! * A span is owned by one mutator, or unowned; an unowned span's bits change under its list's lock only
//!   (marks apart).
//! * A list is prepared for epoch `n` before any mutator flips to it; a mutator of another epoch takes
//!   fresh spans only.
//! * When a sweep has ended, every span is swept for the epoch, and but for runs allocated black no mark is set.

use crate::{
    error::Error,
    protocol::bits,
    space::{
        Space,
        kinds::{KindInfo, MAX_KINDS},
    },
    sync::{Mutex, lock},
};

/// A span that was taken out of the list while it is walked.
const GONE: u32 = u32::MAX;
/// Spans an allocation inspects before it takes a fresh one.
const INSPECT: usize = 32;

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

    /// Takes a span with free slots for a mutator in `epoch`, sweeping a few if need be.
    pub(crate) fn take(&self, space: &Space, kind: u16, epoch: u32) -> Result<Taken, Error> {
        let info = space.kinds.get(kind);
        {
            let mut list = lock(&self.lists[kind as usize]);
            if list.epoch == epoch
                && let Some(block) =
                    list.partial.pop().or_else(|| self.sweep_for(&mut list, space, info))
            {
                space.sweep_word(block as usize).own(epoch);
                return Ok(Taken { block: block as usize, clean: false });
            }
        }
        let (block, clean) = space.take_span(kind)?;
        space.sweep_word(block).own(epoch);
        lock(&self.lists[kind as usize]).spans.push(block as u32);
        Ok(Taken { block, clean })
    }

    /// Gives up a span. Its owner has cleared the bits of slots it claimed and did not use.
    ///
    /// If the list was prepared for the next epoch meanwhile, the sweep may have passed the span by because it was
    /// owned, so it is swept here.
    pub(crate) fn put_back(&self, space: &Space, kind: u16, block: usize) {
        let info = space.kinds.get(kind);
        let mut list = lock(&self.lists[kind as usize]);
        let epoch = list.epoch;
        if space.sweep_word(block).disown(epoch) {
            self.sweep(&mut list, space, info, block as u32, epoch);
        }
        if bits::next_clear_run(space.bits(block, info), 0, info.slots as usize).is_some() {
            list.partial.push(block as u32);
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
        let mut empty = Vec::new();
        let mut done = false;
        let mut swept = Swept::default();
        while !done {
            let mut list = lock(&self.lists[kind as usize]);
            for _ in 0..INSPECT {
                let Some((block, live)) = self.sweep_next(&mut list, space, info) else {
                    done = true;
                    break;
                };
                if live == 0 {
                    let at = list.next - 1;
                    list.spans[at] = GONE;
                    empty.push(block);
                } else if live < info.slots as usize {
                    list.partial.push(block);
                }
            }
            if done {
                // Spans that an allocator swept, left and found empty are not here: they are owned or partial.
                list.spans.retain(|&b| b != GONE);
                (list.next, list.end) = (0, 0);
                swept = Swept { live_slots: list.live_slots, spans: list.spans.len() };
            }
        }
        for block in empty {
            space.give_back_span(block as usize, info);
        }
        swept
    }

    /// Calls `f` with each span of `kind`. Spans do not come or go while the sweep is over and none starts.
    pub(crate) fn each(&self, kind: u16, mut f: impl FnMut(usize)) {
        let spans = lock(&self.lists[kind as usize]).spans.clone();
        for block in spans.into_iter().filter(|&b| b != GONE) {
            f(block as usize);
        }
    }

    /// The next swept span that has a free slot, among the next few.
    fn sweep_for(&self, list: &mut SpanList, space: &Space, info: &KindInfo) -> Option<u32> {
        for _ in 0..INSPECT {
            let (block, live) = self.sweep_next(list, space, info)?;
            if live < info.slots as usize {
                return Some(block);
            }
        }
        None
    }

    /// Sweeps the next unowned, unswept span; its live slots.
    fn sweep_next(
        &self,
        list: &mut SpanList,
        space: &Space,
        info: &KindInfo,
    ) -> Option<(u32, usize)> {
        while list.next < list.end {
            let block = list.spans[list.next];
            list.next += 1;
            let epoch = list.epoch;
            if space.sweep_word(block as usize).is_due(epoch) {
                return Some((block, self.sweep(list, space, info, block, epoch)));
            }
        }
        None
    }

    fn sweep(
        &self,
        list: &mut SpanList,
        space: &Space,
        info: &KindInfo,
        block: u32,
        epoch: u32,
    ) -> usize {
        let block = block as usize;
        space.sweep_word(block).set_swept(epoch);
        let live = bits::pack_marks(space.marks(block, info), space.bits(block, info));
        if self.poison {
            poison(space, info, block);
        }
        list.live_slots += live;
        live
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
