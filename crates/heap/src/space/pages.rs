//! The page heap: which pages of the reserved range are in use, free, or given back.
//!
//! Pages are 8 KiB. Free ones are kept as maximal extents, best fit first and lowest address among
//! equals. A bit per page says whether a free page may hold old contents: such pages cost memory
//! until they are released, and must be zeroed before use.

use super::os::Reservation;
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a page.
pub(crate) const PAGE: usize = 8 << 10;
/// Pages in the least amount the heap grows by: two huge pages.
const GROWTH: usize = (4 << 20) / PAGE;

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
    dirty: Vec<u64>,
    free_dirty: usize,
    free_pages: usize,
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
            dirty: Vec::new(),
            free_dirty: 0,
            free_pages: 0,
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
                let zeroed = self.clear_dirty(start, pages);
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
        self.free_dirty += pages;
        self.insert(start, pages);
    }

    /// Returns pages as they were handed out.
    pub(crate) fn take_back(&mut self, extent: Extent) {
        match extent.zeroed {
            true => self.insert(extent.start, extent.pages),
            false => self.give_back(extent.start, extent.pages),
        }
    }

    /// Sets aside up to `most` free pages that cost memory, highest address first. The caller releases them
    /// and returns them by [`Self::released`].
    pub(crate) fn take_dirty(&mut self, most: usize) -> Option<Extent> {
        if self.free_dirty == 0 {
            return None;
        }
        let last = self.dirty.iter().rposition(|&w| w != 0)?;
        let end = last * 64 + 64 - self.dirty[last].leading_zeros() as usize;
        let (&extent, &len) = self.free.range(..end).next_back()?;
        let end = end.min(extent + len);
        let mut start = end - 1;
        while start > extent && end - start < most {
            start -= 1;
        }
        while !self.is_dirty(start) {
            start += 1;
        }
        self.cut(extent, start, end - start);
        self.clear_dirty(start, end - start);
        Some(Extent { start, pages: end - start, zeroed: true })
    }

    /// Returns pages that were set aside and now read as zero.
    pub(crate) fn released(&mut self, extent: Extent) {
        self.insert(extent.start, extent.pages);
    }

    /// The most bytes that were in use at a time since this was called last.
    pub(crate) fn take_peak(&mut self) -> usize {
        let now = self.top - self.free_pages;
        std::mem::replace(&mut self.peak, now) * PAGE
    }

    /// Bytes of free pages that still cost memory.
    pub(crate) fn free_dirty_bytes(&self) -> usize {
        self.free_dirty * PAGE
    }

    /// Bytes of free pages.
    pub(crate) fn free_bytes(&self) -> usize {
        self.free_pages * PAGE
    }

    /// Bytes the heap has grown to.
    pub(crate) fn committed_bytes(&self) -> usize {
        self.top * PAGE
    }

    fn find(&self, pages: usize, align: usize) -> Option<(usize, usize)> {
        self.by_len.range((pages, 0)..).find_map(|&(len, extent)| {
            let start = extent.next_multiple_of(align);
            (start + pages <= extent + len).then_some((extent, start))
        })
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

    fn grow(&mut self, space: &Reservation, pages: usize) -> Result<(), Error> {
        let pages = pages.next_multiple_of(GROWTH);
        let bytes = pages * PAGE;
        if pages > self.limit - self.top {
            return Err(Error::OutOfMemory { bytes });
        }
        space.commit(self.top * PAGE, bytes)?;
        self.dirty.resize((self.top + pages).div_ceil(64), 0);
        self.insert(self.top, pages);
        self.top += pages;
        Ok(())
    }

    fn is_dirty(&self, page: usize) -> bool {
        self.dirty[page / 64] >> (page % 64) & 1 != 0
    }

    /// Clears the dirty bits of a range; true if none was set.
    fn clear_dirty(&mut self, start: usize, pages: usize) -> bool {
        let mut found = 0;
        for page in start..start + pages {
            let (word, mask) = (&mut self.dirty[page / 64], 1 << (page % 64));
            found += usize::from(*word & mask != 0);
            *word &= !mask;
        }
        self.free_dirty -= found;
        found == 0
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
        assert_eq!(heap.free_dirty_bytes(), 16 * PAGE);
        let whole = heap.take(&space, 512, 1).unwrap();
        assert!(!whole.zeroed);
        assert_eq!(heap.free_dirty_bytes(), 0);
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
        while let Some(extent) = heap.take_dirty(8) {
            assert!(extent.pages <= 8);
            space.release(extent.start * PAGE, extent.pages * PAGE);
            released += extent.pages;
            heap.released(extent);
        }
        assert_eq!(released, 20);
        assert!(heap.take(&space, 20, 1).unwrap().zeroed);
    }

    #[test]
    fn a_range_that_is_full_is_an_error_that_says_how_much_was_asked() {
        let (mut heap, space) = heap(1024);
        heap.take(&space, 900, 1).unwrap();
        assert!(matches!(heap.take(&space, 900, 1), Err(Error::OutOfMemory { .. })));
    }
}
