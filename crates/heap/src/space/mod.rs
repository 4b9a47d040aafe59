//! The address space of a heap: from any address to its object, its mark bit and its pages, without locks.
//!
//! One range is reserved per heap. The block table has an entry for each 16 KiB of it: free, a small
//! span of some kind, or large, in which case the page table leads to a [`LargeSpan`]. Beside the range
//! lie two maps with an entry for each slot: a bit that says whether it is allocated and a byte that
//! says whether it is marked. After the flip, a sweep makes the marks of a span its allocation bits.
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
    protocol::{bits, block_code::BlockCode, spares::Spares, sweep_word::SweepWord},
    stats::Stretch,
    sync::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Mutex, Ordering, lock, spin_loop},
};
use kinds::{Demand, KindInfo, Kinds, LARGE, MapBases, TABLES};
use large::{LargeSpan, Larges};
use os::Reservation;
use pages::{Extent, PAGE, PageHeap};
use sizes::BLOCK;
use std::ops::Range;

/// Huge pages are asked for from this offset on: a small heap stays small.
const HUGE_FROM: usize = 16 << 20;

/// Pages of a block.
const PER_BLOCK: usize = BLOCK / PAGE;
/// Blocks that a mutator gets at a time for spans of one block, and that a spare entry stands for.
const STOCK: usize = 4;
/// How often a mutator looks for a spare stock before it sleeps until the page heap's lock is free, and spins between.
const LOOKS: usize = 32;
const SPINS: usize = 16;
/// The logarithm of the size from which on slots are rare.
const RARE: usize = 12;
/// Spare stocks that are set aside under one lock of the page heap.
const SPARES_AT_A_TIME: usize = 4;

/// What [`Space::thirst`] may say.
const NOBODY_ASKS: u32 = 0;
const WATCHED: u32 = 1;
const THIRSTY: u32 = 2;

/// Neighbouring blocks that one mutator makes spans of, whatever their kinds.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    blocks: Range<usize>,
    /// They read as zero.
    clean: bool,
}

/// An object of this heap, found from an address inside of it.
#[derive(Clone, Copy)]
pub(crate) enum Found<'a> {
    Small { base: usize, block: usize, slot: usize, info: &'a KindInfo },
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
    /// The offset from which on the system is asked for huge pages.
    huge_from: usize,
    block_table: Reservation,
    page_table: Reservation,
    marks: Reservation,
    bits: Reservation,
    sweep_table: Reservation,
    pub(crate) kinds: Kinds,
    pub(crate) larges: Larges,
    /// Bytes of the marks and bits of all spans.
    map_bytes: AtomicUsize,
    pages: Mutex<PageHeap>,
    spares: Spares,
    demand: Demand,
    /// Whether somebody wants to know when a reserve is used up, and whether one was: see [`Space::watch_reserve`].
    thirst: AtomicU32,
}

impl Space {
    /// Reserves `len` bytes (rounded up to whole wide spans) and the tables beside them.
    pub(crate) fn new(len: usize, huge: bool) -> Result<Self, Error> {
        let len = len
            .max(4 << 20)
            .checked_next_multiple_of(4 << 20)
            .ok_or(Error::TooLarge { bytes: len })?;
        let range = Reservation::to_commit(len, 2 << 20)?;
        let huge_from = if huge { HUGE_FROM } else { len };
        range.want_huge_pages(huge_from);
        let table = |bytes: usize| Reservation::new(bytes.next_multiple_of(4096), 4096);
        let blocks = len / BLOCK;
        let (mark_bytes, bit_bytes) = MapBases::bytes(len);
        let (marks, bits) = (table(mark_bytes)?, table(bit_bytes)?);
        let kinds = Kinds::new(MapBases::new(len, marks.base(), bits.base()));
        Ok(Self {
            base: range.base(),
            len,
            huge_from,
            range,
            block_table: table(blocks * 2)?,
            page_table: table(len / PAGE * 4)?,
            marks,
            bits,
            sweep_table: table(blocks * 4)?,
            kinds,
            larges: Larges::new(len)?,
            map_bytes: AtomicUsize::new(0),
            pages: Mutex::new(PageHeap::new(len / PAGE)),
            spares: Spares::new(),
            demand: Demand::new(),
            thirst: AtomicU32::new(NOBODY_ASKS),
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

    /// The block table.
    #[inline(always)]
    pub(crate) fn codes(&self) -> *const BlockCode {
        self.block_table.base() as *const BlockCode
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
        // The kind was registered, and the span's maps cleared, before its code was published.
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

    /// The allocation bits of the span at `block`.
    #[inline(always)]
    pub(crate) fn bits(&self, block: usize, info: &KindInfo) -> &[AtomicU64] {
        let words = (info.slots as usize).div_ceil(64);
        let at = info.bits_at(block * BLOCK) as *const AtomicU64;
        // SAFETY: the tables have room for the slots of every span of the range, at whole words.
        unsafe { std::slice::from_raw_parts(at, words) }
    }

    /// The marks of the span at `block`.
    #[inline(always)]
    pub(crate) fn marks(&self, block: usize, info: &KindInfo) -> &[AtomicU8] {
        let at = info.marks_at(block * BLOCK) as *const AtomicU8;
        // SAFETY: the tables have room for the slots of every span of the range.
        unsafe { std::slice::from_raw_parts(at, info.slots as usize) }
    }

    /// Whether an object's slot is allocated, or claimed for allocation.
    #[inline]
    pub(crate) fn is_allocated(&self, found: &Found<'_>) -> bool {
        match *found {
            // Relaxed: what is allocated when marking begins was set before a handshake.
            Found::Small { block, slot, info, .. } => {
                self.bits(block, info)[slot / 64].load(Ordering::Relaxed) >> (slot % 64) & 1 != 0
            }
            Found::Large(_) => true,
        }
    }

    /// Whether an object is marked.
    #[inline]
    pub(crate) fn is_marked(&self, found: &Found<'_>) -> bool {
        match *found {
            // Relaxed: see `bits::mark`.
            Found::Small { block, slot, info, .. } => {
                self.marks(block, info)[slot].load(Ordering::Relaxed) != 0
            }
            Found::Large(span) => span.is_marked(),
        }
    }

    /// Marks an object; true if it was white.
    #[inline]
    pub(crate) fn mark(&self, found: &Found<'_>) -> bool {
        match *found {
            Found::Small { block, slot, info, .. } => bits::mark(&self.marks(block, info)[slot]),
            Found::Large(span) => span.mark(),
        }
    }

    /// Takes and publishes a span of `kind`, from `stock` if it fits in; its maps are clear. Says whether its memory is zero.
    pub(crate) fn take_span(
        &self,
        kind: u16,
        stock: &mut Stock,
        stretch: &mut Stretch,
    ) -> Result<(usize, bool), Error> {
        let info = self.kinds.get(kind);
        let blocks = info.span_bytes() / BLOCK;
        let (block, clean) = if blocks == 1 {
            if stock.blocks.is_empty() {
                *stock = self.take_stock(stretch)?;
            }
            stock.blocks.next().map(|block| (block, stock.clean)).expect("a stock has a block")
        } else {
            self.take_blocks(blocks, stretch)?
        };
        self.map_bytes.fetch_add(info.map_bytes(), Ordering::Relaxed);
        self.demand.add(info);
        self.bits(block, info).iter().for_each(|word| word.store(0, Ordering::Relaxed));
        bits::fill_marks(self.marks(block, info), 0..info.slots as usize, false);
        for part in block..block + blocks {
            self.code(part).publish(kind);
        }
        Ok((block, clean))
    }

    /// Takes blocks for the spans of one mutator: a spare stock, or what the page heap has, whose lock it waits for.
    fn take_stock(&self, stretch: &mut Stretch) -> Result<Stock, Error> {
        let mut looks = 0;
        let mut heap = loop {
            if let Some((block, clean)) = self.spares.take() {
                return Ok(Stock { blocks: block..block + STOCK, clean });
            }
            self.note_thirst();
            match self.pages.try_lock() {
                Ok(heap) => break heap,
                Err(_) if looks == LOOKS => break lock(&self.pages),
                // Who holds the lock does so for some microseconds. To be woken after a sleep takes fifty.
                Err(_) => (0..SPINS).for_each(|_| spin_loop()),
            }
            looks += 1;
        };
        stretch.call();
        let extent = self.or_without_spares(&mut heap, |heap| {
            heap.take_run(&self.range, PER_BLOCK, STOCK * PER_BLOCK)
        })?;
        self.fill_spares(&mut heap, SPARES_AT_A_TIME);
        let block = extent.start / PER_BLOCK;
        Ok(Stock { blocks: block..block + extent.pages / PER_BLOCK, clean: extent.zeroed })
    }

    /// Takes what a mutator has not used of its stock.
    pub(crate) fn return_stock(&self, stock: &mut Stock) {
        let Stock { blocks, clean } = std::mem::take(stock);
        if !blocks.is_empty() {
            let (start, pages) = (blocks.start * PER_BLOCK, blocks.len() * PER_BLOCK);
            lock(&self.pages).take_back(Extent { start, pages, zeroed: clean });
        }
    }

    /// Takes the pages of a span of several blocks; the first block, and whether they read as zero.
    fn take_blocks(&self, blocks: usize, stretch: &mut Stretch) -> Result<(usize, bool), Error> {
        let pages = blocks * PER_BLOCK;
        let mut heap = lock(&self.pages);
        stretch.call();
        let extent =
            self.or_without_spares(&mut heap, |heap| heap.take(&self.range, pages, pages))?;
        Ok((extent.start / PER_BLOCK, extent.zeroed))
    }

    /// Sets up to `most` stocks aside if the heap has too few to spare; how many.
    fn fill_spares(&self, heap: &mut PageHeap, most: usize) -> usize {
        let wanted = Spares::wanted(heap.committed_bytes() / (STOCK * BLOCK));
        let missing = wanted.saturating_sub(self.spares.count().0).min(most);
        for filled in 0..missing {
            let pages = STOCK * PER_BLOCK;
            let Ok(extent) = heap.take(&self.range, pages, pages) else { return filled };
            if !self.spares.add(extent.start / PER_BLOCK, extent.zeroed) {
                heap.take_back(extent);
                return filled;
            }
        }
        missing
    }

    /// Sets as many stocks aside as the heap should have to spare; whether some were missing.
    pub(crate) fn set_stocks_aside(&self) -> bool {
        let mut filled = false;
        // The lock is taken anew for every few, so that nobody waits for all.
        while self.fill_spares(&mut lock(&self.pages), SPARES_AT_A_TIME) > 0 {
            filled = true;
        }
        filled
    }

    /// Returns all spare stocks to the page heap.
    fn return_spares(&self, heap: &mut PageHeap) {
        while let Some((block, clean)) = self.spares.take() {
            let (start, pages) = (block * PER_BLOCK, STOCK * PER_BLOCK);
            heap.take_back(Extent { start, pages, zeroed: clean });
        }
    }

    /// Does `f`; if that finds no room, returns the spare stocks and does it again.
    fn or_without_spares<R>(
        &self,
        heap: &mut PageHeap,
        f: impl Fn(&mut PageHeap) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let taken = f(heap).or_else(|_| {
            self.return_spares(heap);
            f(heap)
        });
        if heap.is_below_reserve() {
            self.note_thirst();
        }
        taken
    }

    /// Somebody had to do without a reserve.
    fn note_thirst(&self) {
        // Relaxed, here and below: a wish, which nothing is read after.
        if self.thirst.load(Ordering::Relaxed) == WATCHED {
            let (old, new) = (WATCHED, THIRSTY);
            _ = self.thirst.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether mutators had to do without a reserve since [`Self::watch_reserve`] was called; true once.
    #[inline]
    pub(crate) fn take_thirst(&self) -> bool {
        self.thirst.load(Ordering::Relaxed) == THIRSTY
            && self.thirst.swap(NOBODY_ASKS, Ordering::Relaxed) == THIRSTY
    }

    /// Has [`Self::take_thirst`] answer true when pages were taken and fewer than `bytes` of free memory are resident, or there
    /// was no spare stock.
    pub(crate) fn watch_reserve(&self, bytes: usize) {
        lock(&self.pages).watch_reserve(bytes);
        self.thirst.store(WATCHED, Ordering::Relaxed);
    }

    /// Maps up to `most` bytes of cold memory, with what serves it of the tables, so that mutators do not wait for that when
    /// they get it; how many bytes of pages that were. The heap grows if it has no cold memory. Not while memory is released.
    pub(crate) fn warm_some(&self, most: usize) -> usize {
        let cold = lock(&self.pages).cold(&self.range, most / PAGE);
        let Ok(pages) = cold else { return 0 };
        let (from, to) = (pages.start * PAGE, pages.end * PAGE);
        if !self.range.populate(from, to - from) {
            return 0;
        }
        self.warm_tables(from..to);
        lock(&self.pages).warmed(pages);
        to - from
    }

    /// Maps what serves a part of the range, given by its offsets, in the tables: those of blocks, and the marks and bits of the
    /// slots that are made most.
    pub(crate) fn warm_tables(&self, Range { start, end }: Range<usize>) {
        let end = end.min(self.len);
        if let Some(log2) = self.demand.commonest() {
            self.warm_maps(log2, start, end);
        }
        let blocks = start / BLOCK..end.div_ceil(BLOCK);
        self.block_table.populate(blocks.start * 2, blocks.len() * 2);
        self.sweep_table.populate(blocks.start * 4, blocks.len() * 4);
    }

    /// [`Self::warm_tables`] for the slots of pages and more, of which few are made, so that most who make one would fault. All
    /// together that is a two-thousandth of the range.
    pub(crate) fn warm_rare_tables(&self, Range { start, end }: Range<usize>) {
        for log2 in RARE..TABLES {
            self.warm_maps(log2, start, end.min(self.len));
        }
    }

    /// Maps the marks and bits that serve a part of the range in spans of slots of about 2^`log2` bytes.
    fn warm_maps(&self, log2: usize, start: usize, end: usize) {
        let maps = self.kinds.maps().of(log2, start, end);
        for (map, table) in maps.iter().zip([&self.marks, &self.bits]) {
            table.populate(map.start - table.base(), map.len());
        }
    }

    /// Unpublishes empty spans and returns their pages, those of neighbours at once. Sorts `spans`.
    pub(crate) fn give_back_spans(&self, spans: &mut [u32], info: &KindInfo) {
        let blocks = info.span_bytes() / BLOCK;
        spans.sort_unstable();
        self.map_bytes.fetch_sub(spans.len() * info.map_bytes(), Ordering::Relaxed);
        for run in spans.chunk_by(|a, b| *a as usize + blocks == *b as usize) {
            let (block, blocks) = (run[0] as usize, run.len() * blocks);
            (block..block + blocks).for_each(|part| self.code(part).unpublish());
            let mut heap = lock(&self.pages);
            heap.give_back(block * PER_BLOCK, blocks * PER_BLOCK);
            // While it sweeps, the collector's thread does nothing else for those who need spans.
            self.fill_spares(&mut heap, SPARES_AT_A_TIME);
        }
    }

    /// Takes pages for a large object. Its blocks, and no others, may hold other large objects too.
    pub(crate) fn take_large(&self, bytes: usize) -> Result<Extent, Error> {
        // Whole blocks where the size is near them, so that blocks are shared as little as may be.
        let pages = bytes.div_ceil(PAGE);
        let align = if pages >= 4 * PER_BLOCK { PER_BLOCK } else { 1 };
        let mut heap = lock(&self.pages);
        // A block that a large object touches must hold no small span: such spans are whole blocks, so
        // free pages never share a block with one.
        self.or_without_spares(&mut heap, |heap| heap.take(&self.range, pages, align))
    }

    /// Makes the pages of a large object lead to its descriptor.
    pub(crate) fn publish_large(&self, index: u32, extent: Extent) {
        // The lock keeps the giver-back of a neighbour in the same block from freeing the block's code meanwhile.
        let _heap = lock(&self.pages);
        for page in extent.start..extent.start + extent.pages {
            // Release: pairs with `find_large`.
            self.page(page).store(index, Ordering::Release);
        }
        for block in extent.start / PER_BLOCK..(extent.start + extent.pages).div_ceil(PER_BLOCK) {
            self.code(block).publish(LARGE);
        }
    }

    /// Unpublishes a large object and returns its pages.
    pub(crate) fn give_back_large(&self, span: &LargeSpan) {
        let (start, pages) = ((span.start() - self.base) / PAGE, span.pages());
        for page in start..start + pages {
            self.page(page).store(0, Ordering::Release);
        }
        // The lock keeps a neighbour that shares a block from being published while codes are decided.
        let mut heap = lock(&self.pages);
        for block in start / PER_BLOCK..(start + pages).div_ceil(PER_BLOCK) {
            let used = (block * PER_BLOCK..(block + 1) * PER_BLOCK)
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

    /// Gives up to `most` bytes of free memory, or a huge page, back to the operating system; how many bytes. While the program
    /// is `idle`, spare stocks and parts of huge pages are free memory too, and the marks and bits that served it are given back
    /// with it. No cycle runs.
    pub(crate) fn release_some(&self, most: usize, idle: bool) -> usize {
        let extent = {
            let mut heap = lock(&self.pages);
            if idle {
                self.return_spares(&mut heap);
                heap.take_resident(most / PAGE, self.huge_from / PAGE)
            } else {
                heap.take_resident_huge()
            }
        };
        let Some(extent) = extent else { return 0 };
        let (start, len) = (extent.start * PAGE, extent.pages * PAGE);
        self.range.release(start, len);
        if idle {
            self.release_tables(start..start + len);
        }
        lock(&self.pages).released(extent);
        len
    }

    /// Gives back the marks and bits that serve free memory, where `least` bytes of it or more are together.
    pub(crate) fn release_free_tables(&self, least: usize) {
        // The lock keeps others from taking it meanwhile.
        let heap = lock(&self.pages);
        let parts = heap.free_extents().map(|(start, pages)| start * PAGE..(start + pages) * PAGE);
        parts.filter(|part| part.len() >= least).for_each(|part| self.release_tables(part));
    }

    /// Gives back what of the marks and bits serves the range from what the heap has grown to up to offset `end`.
    pub(crate) fn release_tables_to(&self, end: usize) {
        // The lock keeps the heap from growing meanwhile.
        let heap = lock(&self.pages);
        let start = heap.committed_bytes();
        if start < end {
            self.release_tables(start..end);
        }
    }

    /// Gives the marks and bits back that serve a part of the range alone, given by its offsets, in which there is no span and
    /// none can come to be.
    fn release_tables(&self, Range { start, end }: Range<usize>) {
        let maps = self.kinds.maps().serving(start, end);
        for (maps, table) in maps.iter().zip([&self.marks, &self.bits]) {
            for map in maps {
                table.release_whole_pages(map.start - table.base(), map.end - table.base());
            }
        }
    }

    /// Bytes of the tables beside the range that have been touched, roughly: those that lead from an address to its span,
    /// and those of marks and allocation bits.
    pub(crate) fn table_bytes(&self) -> (usize, usize) {
        let committed = self.page_bytes().committed;
        let whole = |bytes: usize| bytes.next_multiple_of(4096);
        let blocks = committed / BLOCK;
        let spans = whole(blocks * 2) + whole(blocks * 4) + whole(committed / PAGE * 4);
        (spans + self.larges.memory(), self.map_bytes.load(Ordering::Relaxed))
    }

    /// The most bytes of pages that were in use at a time since this was called last.
    pub(crate) fn take_peak(&self) -> usize {
        lock(&self.pages).take_peak()
    }

    /// Bytes of free memory that still cost memory, of all free memory, and of all memory grown to.
    pub(crate) fn page_bytes(&self) -> PageBytes {
        let heap = lock(&self.pages);
        let (spare, dirty) = self.spares.count();
        PageBytes {
            free_resident: heap.free_resident_bytes() + dirty * STOCK * BLOCK,
            free: heap.free_bytes() + spare * STOCK * BLOCK,
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
