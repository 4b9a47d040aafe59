//! `verify`: after marking has closed, with all mutators held, no marked object may point to a white one.
//!
//! That, and every precise root being marked, is what "reachable ⊆ marked" comes down to once the
//! roots' own closure is in the marked set. Conservative words are left out: a stale one may name the dead.

use crate::{
    LayoutKind,
    heap::Shared,
    space::{Found, sizes::BLOCK},
    sync::Ordering,
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
                    check_object(heap, &Found::Small { base, block, slot, info });
                }
            }
        });
    }
    heap.space.larges.each(|span| {
        if span.is_marked() {
            check_object(heap, &Found::Large(span));
        }
    });
}

fn check_object(heap: &Shared, object: &Found<'_>) {
    if heap.layout_kind(object) != LayoutKind::Conservative {
        heap.each_pointer(object, |_, to| check_edge(heap, "the object", object.base(), to));
    }
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
