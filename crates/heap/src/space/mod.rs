//! The address space of a heap: from any address to its object, its mark bit and its pages, without locks.
//!
//! One range is reserved per heap. The block table has an entry for each 64 KiB of it: free, a small
//! span of some kind, or large, in which case the page table leads to a [`LargeSpan`]. Two bitmaps,
//! with a bit for each slot, lie beside the range: in a cycle one says what is allocated (A) and the other
//! what is marked (M); the flip at its end swaps their roles.
//!
//! Invariant: descriptors are type-stable, and between barrier-on and CLOSED no span is unpublished,
//! retyped or decommitted. So a marker may look up any word at any time.

pub(crate) mod kinds;
pub(crate) mod large;
pub(crate) mod os;
pub(crate) mod pages;
pub(crate) mod sizes;

use crate::{
    error::Error,
    protocol::{bits, block_code::BlockCode, sweep_word::SweepWord},
    sync::{AtomicU32, AtomicU64, Mutex, Ordering, lock},
};
use kinds::{KindInfo, Kinds, LARGE};
use large::{LargeSpan, Larges};
use os::Reservation;
use pages::{Extent, PAGE, PageHeap};
use sizes::{BLOCK, MAX_SLOTS};

/// Bytes of bitmap a block has.
const BITMAP: usize = MAX_SLOTS / 8;

/// An object of this heap, found from an address inside of it.
#[derive(Clone, Copy)]
pub(crate) enum Found<'a> {
    Small { base: usize, block: usize, slot: usize, kind: u16, info: &'a KindInfo },
    Large(&'a LargeSpan),
}

impl Found<'_> {
    /// The object's address.
    pub(crate) fn base(&self) -> usize {
        match self {
            Found::Small { base, .. } => *base,
            Found::Large(span) => span.start(),
        }
    }

    /// Bytes of the object's slot.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Found::Small { info, .. } => info.size as usize,
            Found::Large(span) => span.bytes(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Space {
    range: Reservation,
    base: usize,
    len: usize,
    block_table: Reservation,
    page_table: Reservation,
    bitmaps: [Reservation; 2],
    sweep_table: Reservation,
    pub(crate) kinds: Kinds,
    pub(crate) larges: Larges,
    pages: Mutex<PageHeap>,
}

impl Space {
    /// Reserves `len` bytes (rounded up to whole wide spans) and the tables beside them.
    pub(crate) fn new(len: usize, huge: bool) -> Result<Self, Error> {
        let len = len
            .max(4 << 20)
            .checked_next_multiple_of(4 << 20)
            .ok_or(Error::TooLarge { bytes: len })?;
        let range = Reservation::new(len, 2 << 20, false)?;
        let table = |bytes: usize| Reservation::new(bytes.next_multiple_of(4096), 4096, true);
        let blocks = len / BLOCK;
        Ok(Self {
            base: range.base(),
            len,
            range,
            block_table: table(blocks * 2)?,
            page_table: table(len / PAGE * 4)?,
            bitmaps: [table(blocks * BITMAP)?, table(blocks * BITMAP)?],
            sweep_table: table(blocks * 4)?,
            kinds: Kinds::new(),
            larges: Larges::new(len)?,
            pages: Mutex::new(PageHeap::new(len / PAGE, huge)),
        })
    }

    /// The first address of the range.
    #[inline(always)]
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// Whether an address lies in the range.
    #[inline(always)]
    pub(crate) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.len
    }

    /// Bytes of the range.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The block table's entry for block `block`.
    #[inline(always)]
    fn code(&self, block: usize) -> &BlockCode {
        debug_assert!(block < self.len / BLOCK);
        // SAFETY: the table has an entry for each block of the range; zero bytes are a valid entry.
        unsafe { &*(self.block_table.base() as *const BlockCode).add(block) }
    }

    #[inline(always)]
    fn page(&self, page: usize) -> &AtomicU32 {
        debug_assert!(page < self.len / PAGE);
        // SAFETY: the table has an entry for each page of the range; zero bytes are a valid entry.
        unsafe { &*(self.page_table.base() as *const AtomicU32).add(page) }
    }

    /// Who owns the span at `block` and when it was swept last.
    #[inline]
    pub(crate) fn sweep_word(&self, block: usize) -> &SweepWord {
        debug_assert!(block < self.len / BLOCK);
        // SAFETY: the table has an entry for each block of the range; zero bytes are a valid entry.
        unsafe { &*(self.sweep_table.base() as *const SweepWord).add(block) }
    }

    /// The object that covers `address`, whether or not it is allocated.
    #[inline(always)]
    pub(crate) fn find(&self, address: usize) -> Option<Found<'_>> {
        let offset = address.wrapping_sub(self.base);
        if offset >= self.len {
            return None;
        }
        // The kind was registered, and the span's bits cleared, before its code was published.
        match self.code(offset / BLOCK).get() {
            BlockCode::FREE => None,
            LARGE => self.find_large(offset),
            kind => {
                let info = self.kinds.get(kind);
                let within = offset & info.span_mask as usize;
                let slot = info.slot_at(within);
                let span = offset - within;
                (slot < info.slots as usize).then(|| Found::Small {
                    base: self.base + span + slot * info.size as usize,
                    block: span / BLOCK,
                    slot,
                    kind,
                    info,
                })
            }
        }
    }

    #[inline(never)]
    fn find_large(&self, offset: usize) -> Option<Found<'_>> {
        // Acquire: the descriptor was written before the page table led to it.
        match self.page(offset / PAGE).load(Ordering::Acquire) {
            0 => None,
            index => {
                let span = self.larges.get(index);
                (self.base + offset < span.start() + span.bytes()).then_some(Found::Large(span))
            }
        }
    }

    /// Bitmap `which` (0 or 1) of the span at `block`.
    #[inline(always)]
    pub(crate) fn bitmap(&self, which: usize, block: usize, info: &KindInfo) -> &[AtomicU64] {
        let at = self.bitmaps[which].base() + block * BITMAP + info.bitmap_offset(block);
        let words = (info.slots as usize).div_ceil(64);
        // SAFETY: each block has BITMAP bytes, of which the kind's offset leaves room for its slots' bits.
        unsafe { std::slice::from_raw_parts(at as *const AtomicU64, words) }
    }

    /// Whether an object's bit is set in bitmap `which`.
    #[inline]
    pub(crate) fn is_set(&self, which: usize, found: &Found<'_>) -> bool {
        match *found {
            // Relaxed: see `bits::set`.
            Found::Small { block, slot, info, .. } => {
                self.bitmap(which, block, info)[slot / 64].load(Ordering::Relaxed) >> (slot % 64)
                    & 1
                    != 0
            }
            Found::Large(span) => span.is_set(which),
        }
    }

    /// Sets an object's bit in bitmap `which`; true if it was clear.
    #[inline]
    pub(crate) fn set(&self, which: usize, found: &Found<'_>) -> bool {
        match *found {
            Found::Small { block, slot, info, .. } => {
                bits::set(&self.bitmap(which, block, info)[slot / 64], 1 << (slot % 64))
            }
            Found::Large(span) => span.set(which),
        }
    }

    /// Takes and publishes a span of `kind`; both its bitmaps are clear. Says whether its memory is zero.
    pub(crate) fn take_span(&self, kind: u16) -> Result<(usize, bool), Error> {
        let info = self.kinds.get(kind);
        let pages = info.span_bytes() / PAGE;
        let extent = lock(&self.pages).take(&self.range, pages, pages)?;
        let block = extent.start * PAGE / BLOCK;
        for which in 0..2 {
            for word in self.bitmap(which, block, info) {
                word.store(0, Ordering::Relaxed);
            }
        }
        for part in block..block + info.span_bytes() / BLOCK {
            self.code(part).publish(kind);
        }
        Ok((block, extent.zeroed))
    }

    /// Unpublishes an empty span and returns its pages.
    pub(crate) fn give_back_span(&self, block: usize, info: &KindInfo) {
        for part in block..block + info.span_bytes() / BLOCK {
            self.code(part).unpublish();
        }
        lock(&self.pages).give_back(block * BLOCK / PAGE, info.span_bytes() / PAGE);
    }

    /// Takes pages for a large object. Its blocks, and no others, may hold other large objects too.
    pub(crate) fn take_large(&self, bytes: usize) -> Result<Extent, Error> {
        // Whole blocks where the size is near them, so that blocks are shared as little as may be.
        let pages = bytes.div_ceil(PAGE);
        let per_block = BLOCK / PAGE;
        let align = if pages >= 4 * per_block { per_block } else { 1 };
        let mut heap = lock(&self.pages);
        // A block that a large object touches must hold no small span: such spans are whole blocks, so
        // free pages never share a block with one.
        heap.take(&self.range, pages, align)
    }

    /// Makes the pages of a large object lead to its descriptor.
    pub(crate) fn publish_large(&self, index: u32, extent: Extent) {
        // The lock keeps the giver-back of a neighbour in the same block from freeing the block's code meanwhile.
        let _heap = lock(&self.pages);
        for page in extent.start..extent.start + extent.pages {
            // Release: pairs with `find_large`.
            self.page(page).store(index, Ordering::Release);
        }
        let per_block = BLOCK / PAGE;
        for block in extent.start / per_block..(extent.start + extent.pages).div_ceil(per_block) {
            self.code(block).publish(LARGE);
        }
    }

    /// Unpublishes a large object and returns its pages.
    pub(crate) fn give_back_large(&self, span: &LargeSpan) {
        let (start, pages) = ((span.start() - self.base) / PAGE, span.pages());
        for page in start..start + pages {
            self.page(page).store(0, Ordering::Release);
        }
        let per_block = BLOCK / PAGE;
        // The lock keeps a neighbour that shares a block from being published while codes are decided.
        let mut heap = lock(&self.pages);
        for block in start / per_block..(start + pages).div_ceil(per_block) {
            let used = (block * per_block..(block + 1) * per_block)
                .any(|p| self.page(p).load(Ordering::Acquire) != 0);
            if !used {
                self.code(block).unpublish();
            }
        }
        heap.give_back(start, pages);
    }

    /// The address of page `page`.
    pub(crate) fn page_address(&self, page: usize) -> usize {
        self.base + page * PAGE
    }

    /// Gives up to `most` bytes of free memory back to the operating system; how many it gave.
    pub(crate) fn release_some(&self, most: usize) -> usize {
        let Some(extent) = lock(&self.pages).take_dirty(most / PAGE) else { return 0 };
        self.range.release(extent.start * PAGE, extent.pages * PAGE);
        lock(&self.pages).released(extent);
        extent.pages * PAGE
    }

    /// Bytes of free memory that still cost memory, of all free memory, and of all memory grown to.
    pub(crate) fn page_bytes(&self) -> PageBytes {
        let heap = lock(&self.pages);
        PageBytes {
            free_resident: heap.free_dirty_bytes(),
            free: heap.free_bytes(),
            committed: heap.committed_bytes(),
        }
    }
}

/// How the pages of a heap are spent, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageBytes {
    pub(crate) free_resident: usize,
    pub(crate) free: usize,
    pub(crate) committed: usize,
}
