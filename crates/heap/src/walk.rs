//! The heap walk: every object that the heap holds, and whether it is alive.
//!
//! A walk is a whole cycle that pauses once: when marking has closed and nothing has been freed, all
//! mutators are held and the visitor sees each allocated object, the live ones and those that the cycle
//! is about to free. At no other moment is both known. The pause is as long as the visitor takes.

use crate::{
    Heap, LayoutKind, Mutator,
    collector::Moment,
    heap::Shared,
    space::{Found, sizes::BLOCK},
    sync::Ordering,
};
use std::ptr::NonNull;

/// An object, as a [walk](Mutator::walk) meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// Where it begins. Its memory may be read during the visit, dead or alive.
    pub address: NonNull<u8>,
    /// Bytes of its slot: what was asked for, rounded up to a size class.
    pub size: usize,
    /// How its pointers are known.
    pub layout: LayoutKind,
    /// Whether the cycle reached it from a root, or keeps it for its finalizer. What was allocated while the cycle
    /// marked counts as alive.
    pub live: bool,
}

impl Mutator {
    /// Runs a cycle and, before that frees anything, calls `visit` with every object of the heap, small ones by size and
    /// layout, then large ones, each group by no particular order of addresses. Blocks for the cycle and the visits; all
    /// other mutators are held during the visits. A safepoint.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout};
    /// let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let object = mutator.alloc(Layout::NO_SCAN, 100)?;
    /// let root = mutator.root(object);
    /// mutator.alloc(Layout::POINTERS, 16)?;
    /// let (mut live, mut dead) = (0, 0);
    /// mutator.walk(|object| *(if object.live { &mut live } else { &mut dead }) += object.size);
    /// assert_eq!((live, dead), (112, 16));
    /// # drop(root);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `visit` does; the heap goes on unharmed. `visit` must not use this heap: attaching to it, or collecting, waits
    /// for ever.
    pub fn walk(&mut self, visit: impl FnMut(Object)) {
        let heap = self.heap().clone();
        self.blocked(|| heap.walk(visit));
    }
}

impl Mutator {
    /// Like [`Mutator::walk`], with the offsets in bytes of the words of each object that are pointers as far as its layout
    /// tells; of conservatively scanned ones, all words.
    ///
    /// # Panics
    /// As for [`Mutator::walk`].
    pub fn walk_pointers(&mut self, mut visit: impl FnMut(Object, &[usize])) {
        let shared = std::sync::Arc::clone(self.shared());
        self.blocked(|| {
            let mut offsets = Vec::new();
            shared.control.while_held(Moment::Closed, || {
                each_object(&shared, |object, found| {
                    offsets.clear();
                    shared.each_pointer(found, |offset, _| offsets.extend(offset));
                    visit(object, &offsets);
                });
            });
        });
    }
}

impl Heap {
    /// [`Mutator::walk`] for a thread that is not attached to this heap.
    ///
    /// # Panics
    /// As for [`Mutator::walk`] and [`Heap::collect`].
    pub fn walk(&self, mut visit: impl FnMut(Object)) {
        self.shared.assert_may_wait();
        let control = &self.shared.control;
        control.while_held(Moment::Closed, || each_object(&self.shared, |object, _| visit(object)));
    }
}

/// Calls `visit` with every allocated object. Marking has closed and all mutators are held.
fn each_object(heap: &Shared, mut visit: impl FnMut(Object, &Found<'_>)) {
    let mut show = |found: Found<'_>| {
        let address = NonNull::new(found.base() as *mut u8).expect("the range is not at zero");
        let object = Object {
            address,
            size: found.bytes(),
            layout: heap.layout_kind(&found),
            live: heap.space.is_marked(&found),
        };
        visit(object, &found);
    };
    for kind in 2..heap.space.kinds.len() as u16 {
        let info = heap.space.kinds.get(kind);
        heap.spans.each(kind, |block| {
            let bitmap = heap.space.bits(block, info);
            for slot in 0..info.slots as usize {
                if bitmap[slot / 64].load(Ordering::Relaxed) >> (slot % 64) & 1 != 0 {
                    let base = heap.space.base() + block * BLOCK + slot * info.size as usize;
                    show(Found::Small { base, block, slot, info });
                }
            }
        });
    }
    heap.space.larges.each(|span| {
        show(Found::Large(span));
    });
}
