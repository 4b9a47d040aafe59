//! The pointers of one object, asked outside of marking: for `verify`, for the path that keeps an object alive, and for
//! copies over parts of it.

use crate::{
    heap::Shared,
    layout::{Layout, Scan},
    mark::{Tracer, load_word},
    space::{Found, kinds::KindScan},
};
use std::ops::Range;

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
    pub(crate) fn each_pointer(&self, found: &Found<'_>, f: impl FnMut(Option<usize>, usize)) {
        self.each_pointer_in(found, 0..found.bytes(), f);
    }

    /// [`Self::each_pointer`] of the words at the offsets `part` alone. Of a traced object all pointers count.
    pub(crate) fn each_pointer_in(
        &self,
        found: &Found<'_>,
        part: Range<usize>,
        mut f: impl FnMut(Option<usize>, usize),
    ) {
        let (base, bytes) = (found.base(), found.bytes());
        let words = part.start.div_ceil(8)..part.end.min(bytes) / 8;
        let word = |i: usize| f(Some(8 * i), load_word(base + 8 * i));
        let layout = match found {
            Found::Small { info, .. } => match info.scan {
                KindScan::NoScan => return,
                KindScan::Pointers | KindScan::Conservative => {
                    return words.for_each(word);
                }
                KindScan::Pattern => {
                    return words.filter(|&i| info.pattern >> i & 1 != 0).for_each(word);
                }
                KindScan::Mixed => self.slot_layout(base, info),
            },
            Found::Large(span) => span.layout(),
        };
        let info = self.layouts().get(layout);
        match info.scan {
            Scan::Nothing => {}
            Scan::Pointers | Scan::Conservative => words.for_each(word),
            Scan::Pattern | Scan::Bitmap => {
                let period = info.element / 8;
                words.filter(|i| info.is_pointer(i % period)).for_each(word);
            }
            Scan::Trace => {
                let mut pointers = Vec::new();
                let trace = info.trace.expect("a traced layout has its function");
                // SAFETY: the client vouched for the function when it registered it; the object is allocated.
                unsafe { trace(base as *const u8, bytes, &mut Tracer::list(self, &mut pointers)) };
                for to in pointers {
                    f((0..bytes).step_by(8).find(|&at| load_word(base + at) == to), to);
                }
            }
        }
    }
}
