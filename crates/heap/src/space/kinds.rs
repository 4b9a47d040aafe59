//! Allocation kinds: a slot size together with what is scanned in a slot.
//!
//! All slots of a span are of one kind, so an object needs no header: its span's entry in the block
//! table names the kind, and the kind says how large the slot is and where its pointers are. Layouts
//! that are rare share `Mixed` kinds, whose spans keep a layout index per slot behind the slots.

use super::sizes::{self, BLOCK, CLASSES, MAX_SLOTS};
use crate::{
    error::Error,
    layout::{LayoutInfo, Scan},
    sync::{AtomicUsize, Mutex, Ordering, UnsafeCell, lock},
};
use std::collections::HashMap;

/// How many kinds a heap can hold.
pub(crate) const MAX_KINDS: usize = 1024;
/// Block table: look in the page table.
pub(crate) const LARGE: u16 = 1;
/// Layouts of up to this many bytes always have spans of their own.
const ALWAYS_OWN: usize = 32;
/// The largest slot that a pattern constant describes.
const MAX_PATTERN: usize = 512;
/// A layout gets spans of its own once it has allocated as much as would fill this many.
pub(crate) const OWN_AFTER_SPANS: usize = 4;

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

/// What marker and allocator need to know of a kind: one cache line.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct KindInfo {
    /// `ceil(2^40 / size)`: multiplies a span offset into a slot index.
    magic: u64,
    pub(crate) pattern: u64,
    pub(crate) size: u32,
    pub(crate) slots: u32,
    pub(crate) span_mask: u32,
    /// Where the layout indices begin in the span (`Mixed`).
    ids: u32,
    pub(crate) scan: KindScan,
    /// Whether slots are zeroed before they are handed out.
    pub(crate) zeroed: bool,
    /// log2 of the bytes that the span's bitmap fills.
    bitmap_log2: u8,
}

impl KindInfo {
    fn new(size: usize, scan: KindScan, pattern: u64, zeroed: bool) -> Self {
        let span = sizes::span_bytes(size);
        let (slots, ids) = if scan == KindScan::Mixed {
            let slots = (span / (size + 2)).min(MAX_SLOTS);
            (slots, span - 2 * slots)
        } else {
            ((span / size).min(MAX_SLOTS), 0)
        };
        Self {
            magic: (1u64 << 40).div_ceil(size as u64),
            pattern,
            size: size as u32,
            slots: slots as u32,
            span_mask: span as u32 - 1,
            ids: ids as u32,
            scan,
            zeroed,
            bitmap_log2: slots.div_ceil(8).next_power_of_two().max(8).ilog2() as u8,
        }
    }

    /// The slot that covers `offset` of the span; may be past the last slot.
    #[inline(always)]
    pub(crate) fn slot_at(&self, offset: usize) -> usize {
        ((offset as u64 * self.magic) >> 40) as usize
    }

    /// Bytes of a span of this kind.
    #[inline(always)]
    pub(crate) fn span_bytes(&self) -> usize {
        self.span_mask as usize + 1
    }

    /// Where in its block's 512 bytes of bitmap the span's bits begin: consecutive blocks use different
    /// parts, so that small bitmaps do not all fall into the same cache sets.
    #[inline(always)]
    pub(crate) fn bitmap_offset(&self, block: usize) -> usize {
        (block << self.bitmap_log2) & (MAX_SLOTS / 8 - 1)
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
    infos: Box<[UnsafeCell<Option<KindInfo>>]>,
    count: AtomicUsize,
    patterns: Mutex<HashMap<(usize, KindScan, u64, bool), u16>>,
}

// SAFETY: an entry is written once, under `patterns`' lock, before `count` covers it; later it is only read.
unsafe impl Sync for Kinds {}

const COMMON: [KindScan; 4] =
    [KindScan::NoScan, KindScan::Pointers, KindScan::Conservative, KindScan::Mixed];

impl Kinds {
    /// The kinds every heap has: each size class without pointers, all pointers, conservative, and mixed.
    pub(crate) fn new() -> Self {
        let infos = (0..MAX_KINDS).map(|_| UnsafeCell::new(None)).collect();
        let kinds = Self { infos, count: AtomicUsize::new(2), patterns: Mutex::default() };
        for class in 0..CLASSES {
            for scan in COMMON {
                kinds.intern(class, scan, 0, true).expect("the table holds the common kinds");
            }
        }
        kinds
    }

    /// The common kind of size class `class` that scans as `scan` (not `Pattern`).
    #[inline(always)]
    pub(crate) fn common(class: usize, scan: KindScan) -> u16 {
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
        let zeroed = zeroed || scan == KindScan::Mixed;
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
        let info = KindInfo::new(sizes::size_of_class(class), scan, pattern, zeroed);
        // SAFETY: entries from `count` on are written under the lock alone and read by nobody.
        entry.with_mut(|e| unsafe { *e = Some(info) });
        // Release: pairs with `len`; a kind's number reaches others only after this.
        self.count.store(kind + 1, Ordering::Release);
        patterns.insert((class, scan, pattern, zeroed), kind as u16);
        Ok(kind as u16)
    }

    /// Kinds below this number exist (but for the first two numbers, which the block table uses).
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// What kind number `kind` is.
    #[inline(always)]
    pub(crate) fn get(&self, kind: u16) -> &KindInfo {
        // SAFETY: kind numbers are handed out after their entry was written, and entries are final.
        self.infos[kind as usize].with(|e| unsafe { (*e).as_ref().unwrap_unchecked() })
    }
}

/// The pointer bits of `bytes` bytes of consecutive elements.
fn tiled(info: &LayoutInfo, bytes: usize) -> u64 {
    let period = info.element / 8;
    (0..bytes / 8)
        .filter(|i| info.pattern >> (i % period) & 1 != 0)
        .fold(0, |bits, i| bits | 1 << i)
}

const _: () = assert!(2 + CLASSES * COMMON.len() < MAX_KINDS && BLOCK == 1 << 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_multiplication_finds_the_slot_of_every_offset() {
        for class in 0..CLASSES {
            let size = sizes::size_of_class(class);
            let info = KindInfo::new(size, KindScan::NoScan, 0, true);
            // Every offset takes Miri minutes, and there is nothing in it for Miri to find.
            let step = if cfg!(miri) { 1021 } else { 1 };
            for offset in (0..info.span_bytes()).step_by(step) {
                assert_eq!(info.slot_at(offset), offset / size, "{size} at {offset}");
            }
        }
    }

    #[test]
    fn layout_indices_stand_behind_the_slots() {
        for class in 0..CLASSES {
            let info = KindInfo::new(sizes::size_of_class(class), KindScan::Mixed, 0, true);
            assert!((info.slots * info.size) as usize <= info.id_offset(0));
            assert_eq!(info.id_offset(info.slots as usize), info.span_bytes());
        }
    }
}
