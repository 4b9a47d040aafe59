//! Allocation kinds: a slot size together with what is scanned in a slot.
//!
//! All slots of a span are of one kind, so an object needs no header: its span's entry in the block
//! table names the kind, and the kind says how large the slot is and where its pointers are. Layouts
//! that are rare share `Mixed` kinds, whose spans keep a layout index per slot behind the slots.

use super::sizes::{self, BLOCK, CLASSES, MAX_SLOTS, MAX_SMALL};
use crate::{
    error::Error,
    layout::{LayoutInfo, Scan},
    sync::{AtomicUsize, Mutex, Ordering, UnsafeCell, lock},
};
use std::{collections::HashMap, mem::MaybeUninit, ops::Range};

/// How many kinds a heap can hold.
pub(crate) const MAX_KINDS: usize = 1024;
/// Block table: look in the page table.
pub(crate) const LARGE: u16 = 1;
/// Layouts of up to this many bytes always have spans of their own.
const ALWAYS_OWN: usize = 32;
/// The largest slot that a pattern constant describes.
const MAX_PATTERN: usize = 512;
/// A layout gets spans of its own once it has allocated so many bytes.
pub(crate) const OWN_AFTER: usize = 256 << 10;

/// What a marker does with an object, the frequent ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Shape {
    /// It has two pointers.
    Two,
    /// It has none.
    Leaf,
    /// It has as many as one word of bits says.
    Few,
    /// See its [`KindScan`].
    Other,
}

/// What marking some objects adds up to, in one word: objects, their bytes, and the bytes that had to be scanned. Good for 500
/// objects of any kind.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally(u64);

impl Tally {
    const BYTES: u32 = 16;
    const SCANNED: u32 = 40;

    fn one(bytes: usize, scanned: bool) -> Self {
        let bytes = bytes as u64;
        let scanned = if scanned { bytes } else { 0 };
        Self(1 | bytes << Self::BYTES | scanned << Self::SCANNED)
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, more: Tally) {
        self.0 += more.0;
    }

    /// That of `count` such objects.
    #[inline(always)]
    pub(crate) fn times(self, count: usize) -> Self {
        Self(self.0 * count as u64)
    }

    pub(crate) fn objects(self) -> usize {
        self.0 as usize & ((1 << Self::BYTES) - 1)
    }

    pub(crate) fn bytes(self) -> usize {
        (self.0 >> Self::BYTES) as usize & ((1 << (Self::SCANNED - Self::BYTES)) - 1)
    }

    pub(crate) fn scanned(self) -> usize {
        (self.0 >> Self::SCANNED) as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum KindScan {
    NoScan,
    Pointers,
    Pattern,
    Conservative,
    /// Each slot's layout index stands behind the slots.
    Mixed,
}

/// Slots of at least 2^LEAST bytes have a table of their own for each power of two below their size.
const LEAST: usize = 4;
pub(crate) const TABLES: usize = MAX_SMALL.ilog2() as usize + 1;

/// Where the tables of marks and allocation bits begin, by the logarithm of the slot size.
///
/// There is a table for each power of two, indexed by the span's offset shifted by it. So the maps of neighbouring spans
/// of like slots are dense, whatever the slot size, and parts of a table that no span uses are never touched.
#[derive(Debug, Clone, Default)]
pub(crate) struct MapBases {
    marks: [usize; TABLES],
    bits: [usize; TABLES],
}

impl MapBases {
    /// The bytes that the tables for a range of `len` bytes fill, of marks and of bits.
    pub(crate) fn bytes(len: usize) -> (usize, usize) {
        let sum = |shift: fn(usize) -> usize| (LEAST..TABLES).map(|log2| len >> shift(log2)).sum();
        (sum(|log2| log2), sum(bits_shift))
    }

    /// Lays the tables out one after the other.
    pub(crate) fn new(len: usize, mut marks: usize, mut bits: usize) -> Self {
        let mut bases = Self::default();
        for log2 in LEAST..TABLES {
            (bases.marks[log2], bases.bits[log2]) = (marks, bits);
            marks += len >> log2;
            bits += len >> bits_shift(log2);
        }
        bases
    }

    /// The addresses of marks, then of bits, that serve the range's offsets `from..to` alone, in every table.
    pub(crate) fn serving(&self, from: usize, to: usize) -> [Vec<Range<usize>>; 2] {
        let part =
            |base: usize, shift: usize| base + from.div_ceil(1 << shift)..base + (to >> shift);
        let tables = LEAST..TABLES;
        [
            tables.clone().map(|log2| part(self.marks[log2], log2)).collect(),
            tables.map(|log2| part(self.bits[log2], bits_shift(log2))).collect(),
        ]
    }

    /// Those for slots of about 2^`log2` bytes in the range's offsets `from..to`.
    pub(crate) fn of(&self, log2: usize, from: usize, to: usize) -> [Range<usize>; 2] {
        let part = |base: usize, shift: usize| base + (from >> shift)..base + (to >> shift);
        [part(self.marks[log2], log2), part(self.bits[log2], bits_shift(log2))]
    }
}

/// Bytes of spans that were made lately, by the logarithm of the slot size.
#[derive(Debug)]
pub(crate) struct Demand([AtomicUsize; TABLES]);

impl Demand {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicUsize::new(0)))
    }

    /// A span of `info` is made.
    pub(crate) fn add(&self, info: &KindInfo) {
        // Relaxed, here and below: figures that need not be exact.
        self.0[info.marks_shift as usize].fetch_add(info.span_bytes(), Ordering::Relaxed);
    }

    /// The logarithm that at least half of the bytes were for; what was made earlier counts half from now on.
    pub(crate) fn commonest(&self) -> Option<usize> {
        let made = self.0.each_ref().map(|bytes| bytes.load(Ordering::Relaxed));
        for (bytes, made) in self.0.iter().zip(made) {
            bytes.fetch_sub(made - made / 2, Ordering::Relaxed);
        }
        let (log2, &most) = made.iter().enumerate().max_by_key(|(_, bytes)| **bytes)?;
        (most > 0 && most >= made.iter().sum::<usize>() / 2).then_some(log2)
    }
}

fn log2_of(size: usize) -> usize {
    (size.ilog2() as usize).max(LEAST)
}

/// Bits are kept in words, so a block has one word of them at least.
fn bits_shift(log2: usize) -> usize {
    (log2 + 3).min(BLOCK.ilog2() as usize - 3)
}

/// What marker and allocator need to know of a kind: one cache line.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct KindInfo {
    /// `ceil(2^40 / size)`: multiplies a span offset into a slot index.
    magic: u64,
    /// Which words are pointers, where one word of bits can say so: `shape` is then `Two` or `Few`.
    pub(crate) pattern: u64,
    /// What marking an object adds to its marker's count.
    pub(crate) tally: Tally,
    /// The table of marks for slots of about this size, and of allocation bits.
    marks: usize,
    bits: usize,
    pub(crate) size: u32,
    pub(crate) slots: u32,
    pub(crate) span_mask: u32,
    /// Where the layout indices begin in the span (`Mixed`).
    ids: u32,
    /// Where the first and the last pointer are in a slot, in bytes, where `pattern` says it.
    ends: [u16; 2],
    pub(crate) shape: Shape,
    pub(crate) scan: KindScan,
    /// Whether slots are zeroed before they are handed out.
    pub(crate) zeroed: bool,
    /// How a span's offset is shifted into the table of marks.
    marks_shift: u8,
}

const _: () = assert!(size_of::<KindInfo>() == 64);

impl KindInfo {
    fn new(size: usize, scan: KindScan, pattern: u64, zeroed: bool, maps: &MapBases) -> Self {
        let span = sizes::span_bytes(size);
        let (slots, ids) = if scan == KindScan::Mixed {
            let slots = (span / (size + 2)).min(MAX_SLOTS);
            (slots, span - 2 * slots)
        } else {
            ((span / size).min(MAX_SLOTS), 0)
        };
        let pattern = match scan {
            KindScan::Pointers if size <= MAX_PATTERN => u64::MAX >> (64 - size / 8),
            _ => pattern,
        };
        let shape = match (scan, pattern.count_ones()) {
            (KindScan::NoScan, _) => Shape::Leaf,
            (_, 0) => Shape::Other,
            (_, 2) => Shape::Two,
            _ => Shape::Few,
        };
        let ends = [pattern.trailing_zeros(), 63 - pattern.leading_zeros().min(63)];
        Self {
            magic: (1u64 << 40).div_ceil(size as u64),
            pattern,
            tally: Tally::one(size, shape != Shape::Leaf),
            ends: ends.map(|word| 8 * word as u16),
            shape,
            size: size as u32,
            slots: slots as u32,
            span_mask: span as u32 - 1,
            ids: ids as u32,
            scan,
            zeroed,
            marks: maps.marks[log2_of(size)],
            marks_shift: log2_of(size) as u8,
            bits: maps.bits[log2_of(size)],
        }
    }

    /// The slot that covers `offset` of the span; may be past the last slot.
    #[inline(always)]
    pub(crate) fn slot_at(&self, offset: usize) -> usize {
        ((offset as u64 * self.magic) >> 40) as usize
    }

    /// The first and the last pointer's place in a slot, in bytes, where `pattern` says it.
    #[inline(always)]
    pub(crate) fn ends(&self) -> [usize; 2] {
        self.ends.map(usize::from)
    }

    /// Bytes of a span's marks and allocation bits.
    pub(crate) fn map_bytes(&self) -> usize {
        self.slots as usize + self.slots as usize / 8
    }

    /// Bytes of a span of this kind.
    #[inline(always)]
    pub(crate) fn span_bytes(&self) -> usize {
        self.span_mask as usize + 1
    }

    /// The address of slot 0's mark of the span at `offset` in the range.
    #[inline(always)]
    pub(crate) fn marks_at(&self, offset: usize) -> usize {
        self.marks + (offset >> self.marks_shift)
    }

    /// The address of the first word of allocation bits of the span at `offset` in the range.
    #[inline(always)]
    pub(crate) fn bits_at(&self, offset: usize) -> usize {
        self.bits + (offset >> bits_shift(self.marks_shift as usize))
    }

    /// Bytes from the span's start to slot `slot`'s layout index (`Mixed` only).
    #[inline(always)]
    pub(crate) fn id_offset(&self, slot: usize) -> usize {
        self.ids as usize + 2 * slot
    }
}

/// The kinds of a heap.
#[derive(Debug)]
pub(crate) struct Kinds {
    maps: MapBases,
    infos: Box<[UnsafeCell<MaybeUninit<KindInfo>>]>,
    count: AtomicUsize,
    patterns: Mutex<HashMap<(usize, KindScan, u64, bool), u16>>,
}

// SAFETY: an entry is written once, under `patterns`' lock, before `count` covers it; later it is only read.
unsafe impl Sync for Kinds {}

/// The number of the first kind that is made when it is asked for.
pub(crate) const FIRST_CHOSEN: usize = 2 + CLASSES * COMMON.len();

const COMMON: [KindScan; 4] =
    [KindScan::NoScan, KindScan::Pointers, KindScan::Conservative, KindScan::Mixed];

impl Kinds {
    /// The kinds every heap has: each size class without pointers, all pointers, conservative, and mixed.
    pub(crate) fn new(maps: MapBases) -> Self {
        let infos: Box<[_]> =
            (0..MAX_KINDS).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
        for entry in &infos[..=LARGE as usize] {
            let none = KindInfo::new(8, KindScan::NoScan, 0, false, &maps);
            // SAFETY: nobody else knows the table yet.
            entry.with_mut(|e| unsafe { (*e).write(KindInfo { slots: 0, ..none }) });
        }
        let count = AtomicUsize::new(LARGE as usize + 1);
        let kinds = Self { maps, infos, count, patterns: Mutex::default() };
        for class in 0..CLASSES {
            for scan in COMMON {
                kinds.intern(class, scan, 0, true).expect("the table holds the common kinds");
            }
        }
        kinds
    }

    /// The common kind of size class `class` that scans as `scan` (not `Pattern`).
    #[inline(always)]
    pub(crate) const fn common(class: usize, scan: KindScan) -> u16 {
        let at = match scan {
            KindScan::NoScan => 0,
            KindScan::Pointers => 1,
            KindScan::Conservative => 2,
            KindScan::Mixed | KindScan::Pattern => 3,
        };
        (2 + class * COMMON.len() + at) as u16
    }

    /// The kind for objects of `bytes` bytes with layout `info`, or the mixed one where it has none of its own.
    pub(crate) fn choose(
        &self,
        info: &LayoutInfo,
        bytes: usize,
        zeroed: bool,
        own: bool,
    ) -> Result<u16, Error> {
        let class = sizes::class_of(bytes).ok_or(Error::TooLarge { bytes })?;
        let scan = match info.scan {
            Scan::Nothing => KindScan::NoScan,
            Scan::Pointers => KindScan::Pointers,
            Scan::Conservative => KindScan::Conservative,
            Scan::Pattern if bytes <= ALWAYS_OWN || (own && bytes <= MAX_PATTERN) => {
                KindScan::Pattern
            }
            Scan::Pattern | Scan::Bitmap | Scan::Trace => KindScan::Mixed,
        };
        let pattern = if scan == KindScan::Pattern { tiled(info, bytes) } else { 0 };
        // Shared spans are always zeroed: their slots are scanned by a layout that is written after the slot.
        if scan == KindScan::Mixed || (zeroed && scan != KindScan::Pattern) {
            return Ok(Self::common(class, scan));
        }
        match self.intern(class, scan, pattern, zeroed) {
            Err(Error::TooManyLayouts { .. }) if scan == KindScan::Pattern => {
                Ok(Self::common(class, KindScan::Mixed))
            }
            found => found,
        }
    }

    fn intern(
        &self,
        class: usize,
        scan: KindScan,
        pattern: u64,
        zeroed: bool,
    ) -> Result<u16, Error> {
        let mut patterns = lock(&self.patterns);
        if let Some(&kind) = patterns.get(&(class, scan, pattern, zeroed)) {
            return Ok(kind);
        }
        // Relaxed: changed under the lock only.
        let kind = self.count.load(Ordering::Relaxed);
        let entry = self.infos.get(kind).ok_or(Error::TooManyLayouts { limit: MAX_KINDS })?;
        let info = KindInfo::new(sizes::size_of_class(class), scan, pattern, zeroed, &self.maps);
        // SAFETY: entries from `count` on are written under the lock alone and read by nobody.
        entry.with_mut(|e| unsafe { (*e).write(info) });
        // Release: pairs with `len`; a kind's number reaches others only after this.
        self.count.store(kind + 1, Ordering::Release);
        patterns.insert((class, scan, pattern, zeroed), kind as u16);
        Ok(kind as u16)
    }

    /// Where the tables of marks and bits lie.
    pub(crate) fn maps(&self) -> &MapBases {
        &self.maps
    }

    /// Kinds below this number exist (but for the first two numbers, which the block table uses).
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Where the entries lie; entry `kind` is valid if a block table or a client names that kind. The first two, which are no
    /// kinds, have no slots.
    #[inline(always)]
    pub(crate) fn table(&self) -> *const KindInfo {
        self.infos.as_ptr().cast()
    }

    /// What kind number `kind` is.
    #[inline(always)]
    pub(crate) fn get(&self, kind: u16) -> &KindInfo {
        // SAFETY: kind numbers are handed out after their entry was written, and entries are final.
        self.infos[kind as usize].with(|e| unsafe { (*e).assume_init_ref() })
    }
}

/// The pointer bits of `bytes` bytes of consecutive elements.
fn tiled(info: &LayoutInfo, bytes: usize) -> u64 {
    let period = info.element / 8;
    (0..bytes / 8)
        .filter(|i| info.pattern >> (i % period) & 1 != 0)
        .fold(0, |bits, i| bits | 1 << i)
}

const _: () = assert!(FIRST_CHOSEN < MAX_KINDS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_size_has_half_of_what_was_made_lately() {
        let info = |size| KindInfo::new(size, KindScan::NoScan, 0, true, &MapBases::default());
        let demand = Demand::new();
        assert_eq!(demand.commonest(), None);
        for size in [16, 24, 64, 512, 16, 20] {
            demand.add(&info(size));
        }
        assert_eq!(demand.commonest(), Some(4));
        (0..3).for_each(|_| demand.add(&info(64)));
        assert_eq!(demand.commonest(), Some(6), "earlier ones count half");
        demand.add(&info(512));
        demand.add(&info(2048));
        assert_eq!(demand.commonest(), None);
    }

    #[test]
    fn the_multiplication_finds_the_slot_of_every_offset() {
        for class in 0..CLASSES {
            let size = sizes::size_of_class(class);
            let info = KindInfo::new(size, KindScan::NoScan, 0, true, &MapBases::default());
            let step = if cfg!(miri) { 61 } else { 1 };
            for offset in (0..info.span_bytes()).step_by(step) {
                assert_eq!(info.slot_at(offset), offset / size, "{size} at {offset}");
            }
        }
    }

    #[test]
    fn the_maps_of_different_spans_do_not_overlap() {
        for class in 0..CLASSES {
            let size = sizes::size_of_class(class);
            let info = KindInfo::new(size, KindScan::NoScan, 0, true, &MapBases::default());
            let (slots, span) = (info.slots as usize, info.span_bytes());
            assert!(info.marks_at(0) + slots <= info.marks_at(span), "{size}");
            assert!(info.bits_at(0) + 8 * slots.div_ceil(64) <= info.bits_at(span), "{size}");
            assert!(info.bits_at(span).is_multiple_of(8), "{size}");
        }
    }

    #[test]
    fn layout_indices_stand_behind_the_slots() {
        for class in 0..CLASSES {
            let info = KindInfo::new(
                sizes::size_of_class(class),
                KindScan::Mixed,
                0,
                true,
                &MapBases::default(),
            );
            assert!((info.slots * info.size) as usize <= info.id_offset(0));
            assert_eq!(info.id_offset(info.slots as usize), info.span_bytes());
        }
    }
}
