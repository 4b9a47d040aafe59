//! The frames of a goroutine's stack, from the frame pointers that compiled code and this crate's assembly keep.

use crate::entries::{SAVED, SAVED_RBP};
use crate::goroutine::Goroutine;
use crate::runtime;

/// Whether a word and the next are on the goroutine's stack.
pub(crate) fn on_stack(goroutine: &Goroutine, at: usize) -> bool {
    at.is_multiple_of(8)
        && (on_slot(goroutine, at)
            || goroutine.segment.is_some_and(|segment| segment.contains(at + 8)))
}

/// Whether they are on its first segment.
fn on_slot(goroutine: &Goroutine, at: usize) -> bool {
    (goroutine.go.stack_lo..goroutine.go.stack_hi - 16).contains(&at)
}

/// Calls `f` with the return addresses in compiled code of a goroutine that is suspended with its registers at `sp`, from the
/// innermost frame on. The goroutine may be resumed meanwhile: then the addresses mean nothing, but no word outside of
/// its stack is read.
///
/// # Safety
/// 1. The goroutine does not end during the call.
pub(crate) unsafe fn each_return(goroutine: &Goroutine, sp: usize, f: impl FnMut(usize)) {
    if on_stack(goroutine, sp) && on_stack(goroutine, sp + SAVED) {
        // SAFETY: on the goroutine's stack, which the caller keeps.
        let word = |at: usize| unsafe { (at as *const usize).read_volatile() };
        // SAFETY: as the caller vouches.
        unsafe { each_from(goroutine, word(sp + SAVED), word(sp + SAVED_RBP * 8), f) };
    }
}

/// Likewise from a return address and a frame pointer on.
///
/// # Safety
/// 1. As for [`each_return`].
pub(crate) unsafe fn each_from(
    goroutine: &Goroutine,
    mut pc: usize,
    mut fp: usize,
    mut f: impl FnMut(usize),
) {
    let module = runtime().module;
    loop {
        if (module.text..module.text_end).contains(&(pc as u64)) {
            f(pc);
        }
        if !on_stack(goroutine, fp) {
            return;
        }
        // SAFETY: both words are on the goroutine's stack, which the caller keeps.
        let word = |at: usize| unsafe { (at as *const usize).read_volatile() };
        let (outer, inner_slot) = (word(fp), on_slot(goroutine, fp));
        let outer_slot = on_slot(goroutine, outer);
        // Frames further out are higher, but for those of the first segment behind the second one's.
        if outer <= fp && (inner_slot || !outer_slot) || inner_slot && !outer_slot {
            return;
        }
        pc = word(fp + 8);
        fp = outer;
    }
}
