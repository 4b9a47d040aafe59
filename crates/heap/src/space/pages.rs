//! The page heap: which pages of the reserved range are in use, free, or given back.
//!
//! Pages are 8 KiB. Free ones are kept as maximal extents, best fit first and lowest address among
//! equals. Two bits per page say whether a free page may be resident, so that it costs memory until it is released, and
//! whether it is dirty: it may hold old contents, and must be zeroed before use. The others are cold: who touches one first
//! waits for the system to map it, so the collector's thread has some mapped before.
//!
//! Invariant: a dirty page is resident. What was handed out once is resident until it is released.

use super::os::Reservation;
use crate::error::Error;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Bytes of a page.
pub(crate) const PAGE: usize = 8 << 10;
/// Pages in a huge page of the system.
const HUGE: usize = (2 << 20) / PAGE;
/// Pages in the least amount the heap grows by.
const GROWTH: usize = 2 * HUGE;

/// Extents that are looked at, because the best fit is cold.
const LOOKS: usize = 8;

/// Pages handed out: where they start, and whether they read as zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) start: usize,
    pub(crate) pages: usize,
    pub(crate) zeroed: bool,
}

#[derive(Debug)]
pub(crate) struct PageHeap {
    free: BTreeMap<usize, usize>,
    by_len: BTreeSet<(usize, usize)>,
    resident: Vec<u64>,
    dirty: Vec<u64>,
    free_resident: usize,
    free_pages: usize,
    /// No free page below is cold.
    cold_from: usize,
    /// Somebody wants to know when fewer free pages than this are resident.
    reserve: usize,
    /// The most pages that were in use at a time since somebody asked.
    peak: usize,
    /// Pages committed so far; the rest of the range has never been touched.
    top: usize,
    limit: usize,
}

impl PageHeap {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            free: BTreeMap::new(),
            by_len: BTreeSet::new(),
            resident: Vec::new(),
            dirty: Vec::new(),
            free_resident: 0,
            free_pages: 0,
            cold_from: 0,
            reserve: 0,
            peak: 0,
            top: 0,
            limit,
        }
    }

    /// Takes `pages` pages at a multiple of `align` pages (a power of two), growing if need be.
    pub(crate) fn take(
        &mut self,
        space: &Reservation,
        pages: usize,
        align: usize,
    ) -> Result<Extent, Error> {
        loop {
            if let Some((extent, start)) = self.find(pages, align) {
                self.cut(extent, start, pages);
                self.peak = self.peak.max(self.top - self.free_pages);
                let zeroed = self.clear(start, pages);
                return Ok(Extent { start, pages, zeroed });
            }
            self.grow(space, pages + align)?;
        }
    }

    /// Takes `most` pages at a multiple of `least`, or `least` pages if the heap would have to grow for more.
    pub(crate) fn take_run(
        &mut self,
        space: &Reservation,
        least: usize,
        most: usize,
    ) -> Result<Extent, Error> {
        let fits = |pages| self.find(pages, least).is_some();
        let pages = if fits(most) || !fits(least) { most } else { least };
        self.take(space, pages, least)
    }

    /// Returns pages that nobody uses any more and that may hold anything.
    pub(crate) fn give_back(&mut self, start: usize, pages: usize) {
        for page in start..start + pages {
            self.dirty[page / 64] |= 1 << (page % 64);
        }
        self.insert_resident(start, pages);
    }

    /// Returns pages as they were handed out.
    pub(crate) fn take_back(&mut self, extent: Extent) {
        match extent.zeroed {
            true => self.insert_resident(extent.start, extent.pages),
            false => self.give_back(extent.start, extent.pages),
        }
    }

    /// Sets aside some `most` free pages that may be resident, highest address first. From page `huge_from` on, where the system
    /// makes huge pages, these are not left in part if they can be had whole: it would make the rest whole again. The caller
    /// releases the pages and returns them by [`Self::released`].
    pub(crate) fn take_resident(&mut self, most: usize, huge_from: usize) -> Option<Extent> {
        if self.free_resident == 0 {
            return None;
        }
        let last = self.resident.iter().rposition(|&w| w != 0)?;
        let end = last * 64 + 64 - self.resident[last].leading_zeros() as usize;
        let (&extent, &len) = self.free.range(..end).next_back()?;
        let end = end.min(extent + len);
        let mut start = end - 1;
        while start > extent && end - start < most {
            start -= 1;
        }
        if start >= huge_from {
            start = extent.max(start - start % HUGE);
        }
        while !self.is_resident(start) {
            start += 1;
        }
        self.cut(extent, start, end - start);
        self.clear(start, end - start);
        Some(Extent { start, pages: end - start, zeroed: true })
    }

    /// [`Self::take_resident`] of one huge page, if one is free as a whole: to release parts of one leaves the rest in small pages,
    /// which the system later makes a huge one of again while the whole process waits.
    pub(crate) fn take_resident_huge(&mut self) -> Option<Extent> {
        let is_resident = |&chunk: &usize| {
            let words = chunk * HUGE / 64..(chunk + 1) * HUGE / 64;
            self.resident[words].iter().any(|&word| word != 0)
        };
        let (extent, chunk) = self.free.iter().rev().find_map(|(&extent, &len)| {
            let chunks = extent.div_ceil(HUGE)..(extent + len) / HUGE;
            Some((extent, chunks.rev().find(is_resident)?))
        })?;
        self.cut(extent, chunk * HUGE, HUGE);
        self.clear(chunk * HUGE, HUGE);
        Some(Extent { start: chunk * HUGE, pages: HUGE, zeroed: true })
    }

    /// Returns pages that were set aside and are now cold.
    pub(crate) fn released(&mut self, extent: Extent) {
        self.cold_from = self.cold_from.min(extent.start);
        self.insert(extent.start, extent.pages);
    }

    /// Up to `most` cold pages, lowest address first; the heap grows if it has none. They stay free: the caller maps them, which
    /// changes nothing for whoever takes them meanwhile, and says so by [`Self::warmed`].
    pub(crate) fn cold(&mut self, space: &Reservation, most: usize) -> Result<Range<usize>, Error> {
        if self.find_cold().is_none() {
            self.cold_from = self.top;
            self.grow(space, most)?;
        }
        let Range { start, end } =
            self.find_cold().expect("the heap has cold pages, or grew by some");
        self.cold_from = start;
        Ok(start..end.min(start + most))
    }

    /// Some pages have been mapped, and nothing was released meanwhile: those that are free are resident now.
    pub(crate) fn warmed(&mut self, pages: Range<usize>) {
        let before = self.free.range(..=pages.start).next_back().map_or(0, |(&start, _)| start);
        for (&start, &len) in self.free.range(before..pages.end) {
            for page in start.max(pages.start)..(start + len).min(pages.end) {
                let (word, mask) = (&mut self.resident[page / 64], 1 << (page % 64));
                self.free_resident += usize::from(*word & mask == 0);
                *word |= mask;
            }
        }
    }

    /// Has [`Self::is_below_reserve`] answer true, once, when fewer than `bytes` of free memory are resident.
    pub(crate) fn watch_reserve(&mut self, bytes: usize) {
        self.reserve = bytes / PAGE;
    }

    /// Whether there is less free resident memory than somebody wanted to know of.
    pub(crate) fn is_below_reserve(&mut self) -> bool {
        let below = self.free_resident < self.reserve;
        if below {
            self.reserve = 0;
        }
        below
    }

    /// The most bytes that were in use at a time since this was called last.
    pub(crate) fn take_peak(&mut self) -> usize {
        let now = self.top - self.free_pages;
        std::mem::replace(&mut self.peak, now) * PAGE
    }

    /// The free extents: where each starts, and how many pages it has.
    pub(crate) fn free_extents(&self) -> impl Iterator<Item = (usize, usize)> {
        self.free.iter().map(|(&start, &pages)| (start, pages))
    }

    /// Bytes of free pages that may be resident.
    pub(crate) fn free_resident_bytes(&self) -> usize {
        self.free_resident * PAGE
    }

    /// Bytes of free pages.
    pub(crate) fn free_bytes(&self) -> usize {
        self.free_pages * PAGE
    }

    /// Bytes the heap has grown to.
    pub(crate) fn committed_bytes(&self) -> usize {
        self.top * PAGE
    }

    /// The best fit, or one of the next few if that is cold and they are not: the free extent, and where in it to start.
    fn find(&self, pages: usize, align: usize) -> Option<(usize, usize)> {
        let fits = |&(len, extent): &(usize, usize)| {
            let start = extent.next_multiple_of(align);
            (start + pages <= extent + len).then_some((extent, start))
        };
        let mut found = self.by_len.range((pages, 0)..).filter_map(fits);
        let best = found.next()?;
        let is_warm = |&(_, start): &(usize, usize)| self.is_resident(start);
        if is_warm(&best) { Some(best) } else { found.take(LOOKS).find(is_warm).or(Some(best)) }
    }

    /// Takes `start..start + pages` out of the free extent at `extent`.
    fn cut(&mut self, extent: usize, start: usize, pages: usize) {
        let len = self.free.remove(&extent).expect("the extent is free");
        self.by_len.remove(&(len, extent));
        self.free_pages -= len;
        for (from, to) in [(extent, start), (start + pages, extent + len)] {
            if from < to {
                self.add(from, to - from);
            }
        }
    }

    fn add(&mut self, start: usize, pages: usize) {
        self.free.insert(start, pages);
        self.by_len.insert((pages, start));
        self.free_pages += pages;
    }

    /// Adds a free extent, joined with its neighbours.
    fn insert(&mut self, mut start: usize, mut pages: usize) {
        if let Some((&before, &len)) = self.free.range(..start).next_back()
            && before + len == start
        {
            self.free.remove(&before);
            self.by_len.remove(&(len, before));
            self.free_pages -= len;
            (start, pages) = (before, pages + len);
        }
        if let Some(len) = self.free.remove(&(start + pages)) {
            self.by_len.remove(&(len, start + pages));
            self.free_pages -= len;
            pages += len;
        }
        self.add(start, pages);
    }

    /// Adds a free extent that may be resident.
    fn insert_resident(&mut self, start: usize, pages: usize) {
        for page in start..start + pages {
            self.resident[page / 64] |= 1 << (page % 64);
        }
        self.free_resident += pages;
        self.insert(start, pages);
    }

    /// The first run of cold pages of a free extent.
    fn find_cold(&self) -> Option<Range<usize>> {
        let from = self.free.range(..=self.cold_from).next_back().map_or(0, |(&start, _)| start);
        self.free.range(from..).find_map(|(&extent, &len)| {
            let mut pages = extent.max(self.cold_from)..extent + len;
            let start = pages.find(|&page| !self.is_resident(page))?;
            Some(start..pages.find(|&page| self.is_resident(page)).unwrap_or(extent + len))
        })
    }

    fn grow(&mut self, space: &Reservation, pages: usize) -> Result<(), Error> {
        let pages = pages.next_multiple_of(GROWTH);
        let bytes = pages * PAGE;
        if pages > self.limit - self.top {
            return Err(Error::OutOfMemory { bytes });
        }
        space.commit(self.top * PAGE, bytes)?;
        for bits in [&mut self.dirty, &mut self.resident] {
            bits.resize((self.top + pages).div_ceil(64), 0);
        }
        self.cold_from = self.cold_from.min(self.top);
        self.insert(self.top, pages);
        self.top += pages;
        Ok(())
    }

    fn is_resident(&self, page: usize) -> bool {
        self.resident[page / 64] >> (page % 64) & 1 != 0
    }

    /// Clears the bits of a range; true if none of it was dirty.
    fn clear(&mut self, start: usize, pages: usize) -> bool {
        let mut dirty = 0;
        for page in start..start + pages {
            let (word, mask) = (page / 64, 1 << (page % 64));
            self.free_resident -= usize::from(self.resident[word] & mask != 0);
            dirty |= self.dirty[word] & mask;
            self.resident[word] &= !mask;
            self.dirty[word] &= !mask;
        }
        dirty == 0
    }
}

// Not for Miri: it maps memory.
#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    fn heap(pages: usize) -> (PageHeap, Reservation) {
        (PageHeap::new(pages), Reservation::to_commit(pages * PAGE, 1 << 16).unwrap())
    }

    #[test]
    fn freed_neighbours_join_and_are_found_again() {
        let (mut heap, space) = heap(1024);
        let a = heap.take(&space, 8, 8).unwrap();
        let b = heap.take(&space, 8, 8).unwrap();
        assert!(a.zeroed && b.zeroed && a.start % 8 == 0 && b.start % 8 == 0);
        heap.give_back(a.start, 8);
        heap.give_back(b.start, 8);
        assert_eq!(heap.free_resident_bytes(), 16 * PAGE);
        let whole = heap.take(&space, 512, 1).unwrap();
        assert!(!whole.zeroed);
        assert_eq!(heap.free_resident_bytes(), 0);
    }

    #[test]
    fn the_peak_is_the_most_that_was_in_use_since_it_was_asked_for() {
        let (mut heap, space) = heap(1024);
        let extents = [0; 3].map(|_| heap.take(&space, 10, 1).unwrap());
        extents[1..].iter().for_each(|extent| heap.take_back(*extent));
        assert_eq!(heap.take_peak(), 30 * PAGE);
        assert_eq!(heap.take_peak(), 10 * PAGE);
    }

    #[test]
    fn a_run_is_shorter_rather_than_that_the_heap_grows() {
        let (mut heap, space) = heap(1024);
        let extents: Vec<_> = (0..128).map(|_| heap.take(&space, 4, 4).unwrap()).collect();
        heap.give_back(extents[7].start, 4);
        let run = heap.take_run(&space, 2, 8).unwrap();
        assert_eq!((run.start, run.pages), (extents[7].start, 2));
        heap.give_back(extents[8].start, 4);
        heap.give_back(run.start, 2);
        assert_eq!(heap.take_run(&space, 2, 8).unwrap().pages, 8);
        assert_eq!(heap.take_run(&space, 2, 8).unwrap().pages, 8, "it grows by more");
    }

    #[test]
    fn released_pages_read_as_zero_and_count_no_more() {
        let (mut heap, space) = heap(1024);
        let a = heap.take(&space, 20, 1).unwrap();
        heap.give_back(a.start, 20);
        let mut released = 0;
        while let Some(extent) = heap.take_resident(8, usize::MAX) {
            assert!(extent.pages <= 8);
            space.release(extent.start * PAGE, extent.pages * PAGE);
            released += extent.pages;
            heap.released(extent);
        }
        assert_eq!(released, 20);
        assert!(heap.take(&space, 20, 1).unwrap().zeroed);
    }

    #[test]
    fn cold_pages_that_were_mapped_are_resident_and_zero() {
        let (mut heap, space) = heap(2048);
        let used = heap.take(&space, 100, 1).unwrap();
        heap.give_back(used.start, 100);
        let cold = heap.cold(&space, 300).unwrap();
        assert_eq!(cold, 100..400, "the first pages that nobody has used");
        heap.warmed(cold);
        assert_eq!(heap.free_resident_bytes(), 400 * PAGE);
        assert_eq!(heap.cold(&space, 8).unwrap(), 400..408);
        assert!(!heap.take(&space, 100, 1).unwrap().zeroed);
        assert!(heap.take(&space, 300, 1).unwrap().zeroed);
        assert_eq!(heap.free_resident_bytes(), 0);
    }

    #[test]
    fn pages_that_are_taken_while_they_are_mapped_are_not_counted_as_free() {
        let (mut heap, space) = heap(2048);
        let cold = heap.cold(&space, 100).unwrap();
        let taken = heap.take(&space, 40, 1).unwrap();
        assert_eq!(taken.start, cold.start);
        heap.warmed(cold);
        assert_eq!(heap.free_resident_bytes(), 60 * PAGE);
        heap.give_back(taken.start, 40);
        assert_eq!(heap.free_resident_bytes(), 100 * PAGE);
    }

    #[test]
    fn a_heap_without_cold_pages_grows_and_released_pages_are_cold_again() {
        let (mut heap, space) = heap(2048);
        let all = heap.take(&space, GROWTH, 1).unwrap();
        assert_eq!(heap.cold(&space, 8).unwrap().start, GROWTH);
        heap.give_back(all.start, GROWTH);
        let released = heap.take_resident(16, usize::MAX).unwrap();
        heap.released(released);
        assert_eq!(heap.cold(&space, 8).unwrap().start, released.start);
    }

    #[test]
    fn no_huge_page_is_left_in_part_that_can_be_had_whole() {
        let (mut heap, space) = heap(2048);
        heap.take(&space, 4 * HUGE, 1).unwrap();
        heap.give_back(HUGE / 2, 2 * HUGE);
        for released in [2 * HUGE..2 * HUGE + HUGE / 2, HUGE..2 * HUGE, HUGE - 16..HUGE] {
            let extent = heap.take_resident(16, HUGE).unwrap();
            assert_eq!(extent.start..extent.start + extent.pages, released);
            heap.released(extent);
        }
    }

    #[test]
    fn huge_pages_are_released_whole() {
        let (mut heap, space) = heap(2048);
        let all = heap.take(&space, 4 * HUGE, 1).unwrap();
        assert_eq!(all.start, 0);
        heap.give_back(HUGE / 2, 2 * HUGE);
        let huge = heap.take_resident_huge().unwrap();
        assert_eq!((huge.start, huge.pages), (HUGE, HUGE));
        heap.released(huge);
        assert!(heap.take_resident_huge().is_none(), "parts of two are left");
        heap.give_back(0, HUGE / 2);
        assert_eq!(heap.take_resident_huge().unwrap().start, 0);
    }

    #[test]
    fn warm_pages_go_first_although_cold_ones_fit_better() {
        let (mut heap, space) = heap(1024);
        let extents = [4, 1, 8, 1].map(|pages| heap.take(&space, pages, 1).unwrap());
        heap.released(extents[0]);
        heap.give_back(extents[2].start, 8);
        assert_eq!(heap.take(&space, 4, 1).unwrap().start, extents[2].start);
        assert_eq!(heap.take(&space, 4, 1).unwrap().start, extents[2].start + 4);
        assert_eq!(heap.take(&space, 4, 1).unwrap().start, extents[0].start);
    }

    #[test]
    fn a_reserve_that_is_used_up_is_reported_once() {
        let (mut heap, space) = heap(2048);
        let warm = heap.cold(&space, 64).unwrap();
        heap.warmed(warm);
        heap.watch_reserve(32 * PAGE);
        heap.take(&space, 32, 1).unwrap();
        assert!(!heap.is_below_reserve());
        heap.take(&space, 1, 1).unwrap();
        assert!(heap.is_below_reserve() && !heap.is_below_reserve());
    }

    #[test]
    fn a_range_that_is_full_is_an_error_that_says_how_much_was_asked() {
        let (mut heap, space) = heap(1024);
        heap.take(&space, 900, 1).unwrap();
        assert!(matches!(heap.take(&space, 900, 1), Err(Error::OutOfMemory { .. })));
    }
}
