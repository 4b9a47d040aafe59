//! Who may write the two maps of a span: allocation bits and mark bytes.
//!
//! Allocation bits are written by the span's owner alone (its mutator, or the sweeper under the list's
//! lock) and read by anybody who meets a word that may be a pointer. So a change is a load and a store.
//!
//! Marks are bytes, not bits: markers, and the owner of a run that is allocated black, store to
//! different bytes of a word at once without a locked instruction. Two markers may both find a byte
//! clear and both scan its object, which is wasted and harmless. A sweep packs the bytes into
//! allocation bits and clears them, after a handshake has ordered all marks before it.

use crate::sync::{AtomicU8, AtomicU64, Ordering, fence};
use std::ops::Range;

/// Sets a mark; true if it was clear.
#[inline(always)]
pub(crate) fn mark(byte: &AtomicU8) -> bool {
    // Relaxed: the mark is idempotent; what its setter goes on to publish is ordered by the packet
    // pool, and the closing handshakes order all marks before the sweep.
    if byte.load(Ordering::Relaxed) != 0 {
        return false;
    }
    byte.store(1, Ordering::Relaxed);
    true
}

/// Sets or clears the marks of a run that the caller owns.
#[cfg(not(any(loom, miri)))]
pub(crate) fn fill_marks(bytes: &[AtomicU8], run: Range<usize>, marked: bool) {
    let bytes = &bytes[run];
    // SAFETY: bytes of the map, which the caller owns. Others may look at them meanwhile, one by one: a marker at slots that
    // no object leads to, which learns nothing, and a weak load as `take_sixteen` says.
    unsafe { bytes.as_ptr().cast_mut().write_bytes(u8::from(marked), bytes.len()) };
}

#[cfg(any(loom, miri))]
pub(crate) fn fill_marks(bytes: &[AtomicU8], run: Range<usize>, marked: bool) {
    for byte in &bytes[run] {
        byte.store(u8::from(marked), Ordering::Relaxed);
    }
}

/// Makes the marks of allocated slots the allocation bits, clears all marks, and says how many bits are set (span owner,
/// after the flip). A mark on a slot that is not allocated, which a client's stale pointer can set, makes no object of it.
pub(crate) fn pack_marks(bytes: &[AtomicU8], bits: &[AtomicU64]) -> usize {
    // Release: who finds a mark clear that a sweep cleared also finds that the dead have been processed (`weak_cell`).
    fence(Ordering::Release);
    let mut live = 0;
    for (chunk, word) in bytes.chunks(64).zip(bits) {
        let mut packed = 0u64;
        for (i, sixteen) in chunk.chunks(16).enumerate() {
            packed |= u64::from(take_sixteen(sixteen)) << (16 * i);
        }
        packed &= word.load(Ordering::Relaxed);
        word.store(packed, Ordering::Relaxed);
        live += packed.count_ones() as usize;
    }
    live
}

/// Packs and clears up to 16 marks, all at once if there are as many.
#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
#[inline(always)]
fn take_sixteen(bytes: &[AtomicU8]) -> u16 {
    if bytes.len() < 16 {
        return take_each(bytes);
    }
    let packed: u32;
    // SAFETY: 16 bytes of the map, which the caller owns. A weak load may look at one of them meanwhile, with an atomic load
    // of a byte. In assembly, because an access of 16 bytes in Rust would race with it: to the processor, which never
    // tears a byte, these instructions are 16 relaxed loads and 16 relaxed stores. Each byte is 0 or 1: its lowest bit
    // becomes its highest, which are gathered.
    unsafe {
        std::arch::asm!(
            "movdqu {marks}, [{at}]",
            "pxor {zero}, {zero}",
            "movdqu [{at}], {zero}",
            "psllw {marks}, 7",
            "pmovmskb {packed:e}, {marks}",
            at = in(reg) bytes.as_ptr(),
            packed = out(reg) packed,
            marks = out(xmm_reg) _,
            zero = out(xmm_reg) _,
            options(nostack, preserves_flags),
        );
    }
    packed as u16
}

#[cfg(not(all(target_arch = "x86_64", not(any(loom, miri)))))]
fn take_sixteen(bytes: &[AtomicU8]) -> u16 {
    take_each(bytes)
}

fn take_each(bytes: &[AtomicU8]) -> u16 {
    bytes.iter().enumerate().fold(0, |word, (i, byte)| {
        let taken = u16::from(byte.load(Ordering::Relaxed));
        byte.store(0, Ordering::Relaxed);
        word | taken << i
    })
}

/// A word with the bits of `run` set.
#[inline(always)]
pub(crate) fn mask(run: Range<usize>) -> u64 {
    match run.len() {
        0 => 0,
        len => u64::MAX >> (64 - len) << run.start,
    }
}

/// The bits of word `at` that are clear.
pub(crate) fn clear_in(words: &[AtomicU64], at: usize) -> u64 {
    !words[at].load(Ordering::Relaxed)
}

/// Sets the bits of `mask` in word `at` (span owner).
pub(crate) fn set_mask(words: &[AtomicU64], at: usize, mask: u64) {
    words[at].store(words[at].load(Ordering::Relaxed) | mask, Ordering::Relaxed);
}

/// Clears the bits of `mask` in word `at` (span owner).
pub(crate) fn clear_mask(words: &[AtomicU64], at: usize, mask: u64) {
    words[at].store(words[at].load(Ordering::Relaxed) & !mask, Ordering::Relaxed);
}

/// Sets the bits of `run` (span owner).
pub(crate) fn set_run(words: &[AtomicU64], run: Range<usize>) {
    each_word(run, |at, mask| set_mask(words, at, mask));
}

/// Clears the bits of `run` (span owner).
pub(crate) fn clear_run(words: &[AtomicU64], run: Range<usize>) {
    each_word(run, |at, mask| clear_mask(words, at, mask));
}

/// The first clear bit in `from..end`.
pub(crate) fn next_clear(words: &[AtomicU64], from: usize, end: usize) -> Option<usize> {
    next(words, from, end, |w| !w)
}

/// The first set bit in `from..end`.
pub(crate) fn next_set(words: &[AtomicU64], from: usize, end: usize) -> Option<usize> {
    next(words, from, end, |w| w)
}

/// The first run of clear bits in `from..end`, at most up to `end`.
pub(crate) fn next_clear_run(words: &[AtomicU64], from: usize, end: usize) -> Option<Range<usize>> {
    let start = next_clear(words, from, end)?;
    let stop = next_set(words, start, end).unwrap_or(end);
    Some(start..stop)
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
        f(at, mask(bit - at * 64..stop - at * 64));
        bit = stop;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn words(bits: &[usize]) -> Vec<AtomicU64> {
        let words: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        bits.iter().for_each(|&b| set_run(&words, b..b + 1));
        words
    }

    fn count(words: &[AtomicU64]) -> u32 {
        words.iter().map(|w| w.load(Ordering::Relaxed).count_ones()).sum()
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
        assert_eq!(count(&w), 128);
        clear_run(&w, 4..129);
        assert_eq!(count(&w), 3);
    }

    #[test]
    fn packing_keeps_the_bits_of_marked_slots_and_clears_the_marks() {
        for slots in [7, 64, 100, 256] {
            let bytes: Vec<_> = (0..slots).map(|_| AtomicU8::new(0)).collect();
            let allocated: Vec<usize> = (0..slots).filter(|i| i % 5 != 0).collect();
            let bits = words(&allocated);
            let set: Vec<usize> = (0..slots).filter(|i| i * i % 7 < 3).collect();
            set.iter().for_each(|&i| assert!(mark(&bytes[i])));
            assert!(!mark(&bytes[set[0]]));
            let live = |i| set.contains(&i) && allocated.contains(&i);
            assert_eq!(pack_marks(&bytes, &bits), (0..slots).filter(|&i| live(i)).count());
            for i in 0..slots {
                let bit = bits[i / 64].load(Ordering::Relaxed) >> (i % 64) & 1;
                assert_eq!(bit != 0, live(i), "{i} of {slots}");
                assert_eq!(bytes[i].load(Ordering::Relaxed), 0);
            }
        }
    }
}
