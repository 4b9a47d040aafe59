//! `verify`: after marking has closed, with all mutators held, no marked object may point to a white one.
//!
//! That, and every precise root being marked, is what "reachable ⊆ marked" comes down to once the
//! roots' own closure is in the marked set. Conservative words are left out: a stale one may name the dead.

use crate::{
    heap::Shared,
    layout::Scan,
    space::{
        Found,
        kinds::{KindInfo, KindScan},
        sizes::BLOCK,
    },
    sync::{AtomicUsize, Ordering},
};

/// Checks the whole heap and aborts with a report if a marked object, or a root, leads to an unmarked one.
pub(super) fn check(heap: &Shared) {
    heap.roots.each_slot(|object| check_edge(heap, "a root handle", 0, object));
    for kind in 2..heap.space.kinds.len() as u16 {
        let info = heap.space.kinds.get(kind);
        heap.spans.each(kind, |block| {
            let marks = heap.space.marks(block, info);
            for (slot, mark) in marks.iter().enumerate() {
                if mark.load(Ordering::Relaxed) != 0 {
                    let base = heap.space.base() + block * BLOCK + slot * info.size as usize;
                    check_slot(heap, base, info);
                }
            }
        });
    }
    heap.space.larges.each(|span| {
        if span.is_marked() {
            each_pointer(heap, span.start(), span.bytes(), span.layout(), |to| {
                check_edge(heap, "the large object", span.start(), to);
            });
        }
    });
}

fn check_slot(heap: &Shared, base: usize, info: &KindInfo) {
    let size = info.size as usize;
    let edge = |to| check_edge(heap, "the object", base, to);
    match info.scan {
        KindScan::NoScan | KindScan::Conservative => {}
        KindScan::Pointers => (base..base + size).step_by(8).for_each(|at| edge(load(at))),
        KindScan::Pattern => {
            (0..64).filter(|i| info.pattern >> i & 1 != 0).for_each(|i| edge(load(base + 8 * i)));
        }
        KindScan::Mixed => each_pointer(heap, base, size, heap.slot_layout(base, info), edge),
    }
}

/// Calls `f` with each word that the layout says is a pointer. Traced layouts cannot be asked without marking.
fn each_pointer(
    heap: &Shared,
    base: usize,
    bytes: usize,
    layout: crate::Layout,
    f: impl Fn(usize),
) {
    let info = heap.layouts().get(layout);
    match info.scan {
        Scan::Nothing | Scan::Conservative | Scan::Trace => {}
        Scan::Pointers => (base..base + bytes).step_by(8).for_each(|at| f(load(at))),
        Scan::Pattern | Scan::Bitmap => {
            let words = info.element / 8;
            for i in 0..bytes / 8 {
                let bit = i % words;
                if info.bits[bit / 64] >> (bit % 64) & 1 != 0 {
                    f(load(base + 8 * i));
                }
            }
        }
    }
}

fn load(at: usize) -> usize {
    // SAFETY: callers pass words of objects of this heap.
    unsafe { &*(at as *const AtomicUsize) }.load(Ordering::Relaxed)
}

fn check_edge(heap: &Shared, from: &str, base: usize, to: usize) {
    let Some(found) = heap.space.find(to) else { return };
    if heap.space.is_marked(&found) {
        return;
    }
    let kind = match &found {
        Found::Small { info, block, slot, .. } => {
            format!("slot {slot} of block {block}, {} bytes", info.size)
        }
        Found::Large(span) => format!("large, {} bytes", span.bytes()),
    };
    eprintln!(
        "trigo-heap: verify: {from} {base:#x} leads to {:#x} ({kind}), which marking has not reached; \
         a pointer was stored without a barrier, or the collector has lost an object",
        found.base()
    );
    std::process::abort();
}
