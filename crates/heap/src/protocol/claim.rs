//! Claims: the free slots of a span that its owner sets aside to allocate from.
//!
//! Invariant: from a claim on, the allocation bits of its slots are set, and so are their marks while the owner allocates
//! black. Whoever gives up what is left of a claim takes both back.

use super::bits;
use crate::sync::{AtomicU8, AtomicU64};
use std::ops::Range;

/// Shorter runs are handed out slot by slot: where slots were freed at random, their lengths cannot be foreseen, and a branch
/// that went the wrong way costs more than looking for each slot.
const FORESEEN: u32 = 4;

/// Takes the next slots to allocate from out of the rest of a claim, which is not empty.
#[inline(always)]
pub(crate) fn take_next(rest: &mut u64) -> Range<usize> {
    let start = rest.trailing_zeros();
    // At least one bit is clear, and by the shift, if the lowest was not set.
    let run = (!(*rest >> start)).trailing_zeros();
    let len = if run < FORESEEN { 1 } else { run };
    let next = start as usize..(start + len) as usize;
    *rest &= !bits::mask(next.clone());
    next
}

/// A run of free slots and, if set bits end it soon, the free slots behind it in the same word of allocation bits.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) run: Range<usize>,
    /// A bit for each further slot, from slot `word` on. At least one bit is clear.
    pub(crate) rest: u64,
    pub(crate) word: usize,
}

impl Claim {
    /// The next free slots in `from..end`, the last one less than `most` slots after the first.
    pub(crate) fn find(words: &[AtomicU64], from: usize, end: usize, most: usize) -> Option<Self> {
        let start = bits::next_clear(words, from, end)?;
        let end = end.min(start + most);
        let stop = bits::next_set(words, start, end).unwrap_or(end);
        let word = stop / 64 * 64;
        let window = bits::mask(stop - word..(end - word).min(64));
        let rest = if window == 0 { 0 } else { bits::clear_in(words, word / 64) & window };
        Some(Self { run: start..stop, rest, word })
    }

    /// Leaves out all but the first `slots` slots, which are in the run.
    pub(crate) fn cut(&mut self, slots: usize) {
        self.run.end = self.run.start + slots;
        self.rest = 0;
    }

    /// How many slots it has.
    pub(crate) fn slots(&self) -> usize {
        self.run.len() + self.rest.count_ones() as usize
    }

    /// The slot after the last one.
    pub(crate) fn end(&self) -> usize {
        self.run.end.max(self.word + (u64::BITS - self.rest.leading_zeros()) as usize)
    }

    /// Sets the allocation bits (span owner).
    pub(crate) fn take(&self, words: &[AtomicU64]) {
        bits::set_run(words, self.run.clone());
        if self.rest != 0 {
            bits::set_mask(words, self.word / 64, self.rest);
        }
    }

    /// Clears the allocation bits (span owner).
    pub(crate) fn give_up(&self, words: &[AtomicU64]) {
        bits::clear_run(words, self.run.clone());
        if self.rest != 0 {
            bits::clear_mask(words, self.word / 64, self.rest);
        }
    }

    /// Sets or clears the marks (span owner).
    pub(crate) fn fill_marks(&self, bytes: &[AtomicU8], marked: bool) {
        self.each_run(|run| bits::fill_marks(bytes, run, marked));
    }

    /// Calls `f` with all slots, by runs.
    #[inline(always)]
    pub(crate) fn each_run(&self, mut f: impl FnMut(Range<usize>)) {
        f(self.run.clone());
        let mut rest = self.rest;
        while rest != 0 {
            let next = take_next(&mut rest);
            f(self.word + next.start..self.word + next.end);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::Ordering;

    /// 256 slots of which those are allocated for which `allocated` says so.
    fn span(allocated: impl Fn(usize) -> bool) -> Vec<AtomicU64> {
        let words: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        (0..256).filter(|&i| allocated(i)).for_each(|i| bits::set_run(&words, i..i + 1));
        words
    }

    fn slots(claim: &Claim) -> Vec<usize> {
        let mut slots = Vec::new();
        claim.each_run(|run| slots.extend(run));
        slots
    }

    #[test]
    fn claims_cover_every_free_slot_once_and_in_order() {
        let patterns: [fn(usize) -> bool; 6] = [
            |_| false,
            |i| i % 2 == 0,
            |i| i % 2 == 1,
            |i| i % 64 == 63,
            |i| i * i % 7 < 3,
            |i| i % 64 == 0,
        ];
        for (n, allocated) in patterns.into_iter().enumerate() {
            for (end, most) in [(256, 256), (250, 64), (256, 20), (256, 1), (193, 100)] {
                let words = span(allocated);
                let (mut from, mut found) = (0, Vec::new());
                while let Some(claim) = Claim::find(&words, from, end, most) {
                    let slots = slots(&claim);
                    assert_eq!(slots.len(), claim.slots());
                    assert!(claim.end() - claim.run.start <= most);
                    claim.take(&words);
                    from = claim.end();
                    found.extend(slots);
                }
                let free: Vec<_> = (0..end).filter(|&i| !allocated(i)).collect();
                assert_eq!(found, free, "pattern {n}, {most} at most of {end}");
            }
        }
    }

    #[test]
    fn a_claim_that_is_given_up_leaves_bits_and_marks_as_they_were() {
        let words = span(|i| i % 3 == 0);
        let bits = || words.iter().map(|w| w.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let marks: Vec<_> = (0..256).map(|_| AtomicU8::new(0)).collect();
        let set = || marks.iter().filter(|m| m.load(Ordering::Relaxed) != 0).count();
        let before = bits();
        let claim = Claim::find(&words, 70, 256, 256).unwrap();
        claim.take(&words);
        claim.fill_marks(&marks, true);
        assert_eq!(slots(&claim), (70..128).filter(|i| i % 3 != 0).collect::<Vec<_>>());
        assert_eq!(set(), claim.slots());
        claim.give_up(&words);
        claim.fill_marks(&marks, false);
        assert_eq!((bits(), set()), (before, 0));
    }

    #[test]
    fn a_cut_claim_ends_in_its_run() {
        let mut claim = Claim::find(&span(|i| i % 10 == 9), 0, 256, 256).unwrap();
        claim.cut(4);
        assert_eq!((slots(&claim), claim.end()), (vec![0, 1, 2, 3], 4));
    }
}
