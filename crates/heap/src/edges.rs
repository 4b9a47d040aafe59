//! The pointers of one object, asked outside of marking: for `verify`, and for the path that keeps an object alive.

use crate::{
    heap::Shared,
    layout::{Layout, Scan},
    mark::Tracer,
    space::{Found, kinds::KindScan},
    sync::{AtomicUsize, Ordering},
};

/// How the pointers of an object are known; a layout without its detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayoutKind {
    /// It has none.
    NoScan,
    /// Every word is one.
    Pointers,
    /// A bitmap says which words are.
    Bitmap,
    /// Every word may be one.
    Conservative,
    /// The client's own function tells.
    Trace,
}

impl Shared {
    /// How the pointers of an object are known.
    pub(crate) fn layout_kind(&self, found: &Found<'_>) -> LayoutKind {
        match found {
            Found::Small { base, info, .. } => match info.scan {
                KindScan::NoScan => LayoutKind::NoScan,
                KindScan::Pointers => LayoutKind::Pointers,
                KindScan::Pattern => LayoutKind::Bitmap,
                KindScan::Conservative => LayoutKind::Conservative,
                KindScan::Mixed => self.kind_of_layout(self.slot_layout(*base, info)),
            },
            Found::Large(span) => self.kind_of_layout(span.layout()),
        }
    }

    fn kind_of_layout(&self, layout: Layout) -> LayoutKind {
        match self.layouts().get(layout).scan {
            Scan::Nothing => LayoutKind::NoScan,
            Scan::Pointers => LayoutKind::Pointers,
            Scan::Pattern | Scan::Bitmap => LayoutKind::Bitmap,
            Scan::Conservative => LayoutKind::Conservative,
            Scan::Trace => LayoutKind::Trace,
        }
    }

    /// Calls `f` with offset and value of each word of an object that its layout calls a pointer: in bytes from the
    /// object's address, and as it stands. A traced pointer has the offset of the first word of that value, or `None`.
    pub(crate) fn each_pointer(&self, found: &Found<'_>, mut f: impl FnMut(Option<usize>, usize)) {
        let (base, bytes) = (found.base(), found.bytes());
        let mut word = |offset: usize| f(Some(offset), load(base + offset));
        let layout = match found {
            Found::Small { info, .. } => match info.scan {
                KindScan::NoScan => return,
                KindScan::Pointers | KindScan::Conservative => {
                    return (0..bytes).step_by(8).for_each(word);
                }
                KindScan::Pattern => {
                    let set = |i: &usize| info.pattern >> i & 1 != 0;
                    return (0..64).filter(set).for_each(|i| word(8 * i));
                }
                KindScan::Mixed => self.slot_layout(base, info),
            },
            Found::Large(span) => span.layout(),
        };
        let info = self.layouts().get(layout);
        match info.scan {
            Scan::Nothing => {}
            Scan::Pointers | Scan::Conservative => (0..bytes).step_by(8).for_each(word),
            Scan::Pattern | Scan::Bitmap => {
                let words = info.element / 8;
                let set = |i: &usize| info.bits[i % words / 64] >> (i % words % 64) & 1 != 0;
                (0..bytes / 8).filter(set).for_each(|i| word(8 * i));
            }
            Scan::Trace => {
                let mut pointers = Vec::new();
                let trace = info.trace.expect("a traced layout has its function");
                // SAFETY: the client vouched for the function when it registered it; the object is allocated.
                unsafe { trace(base as *const u8, bytes, &mut Tracer::list(self, &mut pointers)) };
                for to in pointers {
                    f((0..bytes).step_by(8).find(|&at| load(base + at) == to), to);
                }
            }
        }
    }
}

fn load(at: usize) -> usize {
    // SAFETY: callers pass words of objects of this heap.
    unsafe { &*(at as *const AtomicUsize) }.load(Ordering::Relaxed)
}
