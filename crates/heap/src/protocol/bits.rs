//! Bit runs in shared words: mark bits and allocation bits.
//!
//! Markers set single bits of a word whose other bits an allocator may be setting or clearing as a
//! run, so every change of a shared word is an atomic read-modify-write; only words that a run covers
//! whole are stored plainly, because then every bit in them belongs to the run's owner.

use crate::sync::{AtomicU64, Ordering};
use std::ops::Range;

/// Sets one bit; true if it was clear before. A set bit costs a load, not a locked instruction.
#[inline(always)]
pub(crate) fn set(word: &AtomicU64, mask: u64) -> bool {
    // Relaxed: the bit is idempotent; what its setter goes on to publish is ordered by the packet pool,
    // and the closing handshakes order all marks before the sweep.
    word.load(Ordering::Relaxed) & mask == 0 && word.fetch_or(mask, Ordering::Relaxed) & mask == 0
}

/// Sets the bits of `run`.
pub(crate) fn set_run(words: &[AtomicU64], run: Range<usize>) {
    each_word(run, |at, mask| {
        // Release: who takes such a bit for the mark of the slot's last object also sees that this object's weak
        // references were cleared (see `weak_cell`).
        if mask == u64::MAX {
            words[at].store(mask, Ordering::Release);
        } else {
            words[at].fetch_or(mask, Ordering::Release);
        }
    });
}

/// Clears the bits of `run`.
pub(crate) fn clear_run(words: &[AtomicU64], run: Range<usize>) {
    each_word(run, |at, mask| {
        if mask == u64::MAX {
            words[at].store(0, Ordering::Relaxed);
        } else {
            words[at].fetch_and(!mask, Ordering::Relaxed);
        }
    });
}

/// The first run of clear bits in `from..end`, at most up to `end`.
pub(crate) fn next_clear_run(words: &[AtomicU64], from: usize, end: usize) -> Option<Range<usize>> {
    let start = next(words, from, end, |w| !w)?;
    let stop = next(words, start, end, |w| w).unwrap_or(end);
    Some(start..stop)
}

/// How many of the first `n` bits are set.
pub(crate) fn count(words: &[AtomicU64], n: usize) -> usize {
    let mut total = 0;
    each_word(0..n, |at, mask| {
        // Relaxed: counted under span ownership, after the handshake that ordered the marks.
        total += (words[at].load(Ordering::Relaxed) & mask).count_ones() as usize;
    });
    total
}

/// The first bit in `from..end` that is set in `view` of its word.
#[inline]
fn next(words: &[AtomicU64], from: usize, end: usize, view: impl Fn(u64) -> u64) -> Option<usize> {
    if from >= end {
        return None;
    }
    let mut at = from / 64;
    let mut word = view(words[at].load(Ordering::Relaxed)) & (u64::MAX << (from % 64));
    while word == 0 {
        at += 1;
        if at * 64 >= end {
            return None;
        }
        word = view(words[at].load(Ordering::Relaxed));
    }
    let bit = at * 64 + word.trailing_zeros() as usize;
    (bit < end).then_some(bit)
}

/// Calls `f` with each word index and the mask of `run` in it.
#[inline]
fn each_word(run: Range<usize>, mut f: impl FnMut(usize, u64)) {
    let mut bit = run.start;
    while bit < run.end {
        let at = bit / 64;
        let stop = run.end.min((at + 1) * 64);
        let width = stop - bit;
        let mask = if width == 64 { u64::MAX } else { ((1 << width) - 1) << (bit % 64) };
        f(at, mask);
        bit = stop;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn words(bits: &[usize]) -> Vec<AtomicU64> {
        let words: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        for &b in bits {
            set(&words[b / 64], 1 << (b % 64));
        }
        words
    }

    #[test]
    fn runs_of_clear_bits_stop_at_set_bits_and_at_the_end() {
        let w = words(&[0, 1, 5, 64, 200]);
        assert_eq!(next_clear_run(&w, 0, 256), Some(2..5));
        assert_eq!(next_clear_run(&w, 5, 256), Some(6..64));
        assert_eq!(next_clear_run(&w, 64, 256), Some(65..200));
        assert_eq!(next_clear_run(&w, 200, 256), Some(201..256));
        assert_eq!(next_clear_run(&w, 200, 201), None);
        assert_eq!(next_clear_run(&w, 256, 256), None);
    }

    #[test]
    fn setting_and_clearing_a_run_touches_nothing_else() {
        let w = words(&[3, 130]);
        set_run(&w, 4..130);
        assert_eq!(count(&w, 256), 128);
        clear_run(&w, 4..129);
        assert_eq!(count(&w, 256), 3);
        assert!(!set(&w[2], 1 << 2));
    }
}
