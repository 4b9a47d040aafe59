//! Layouts: where in an object its pointers are.
//!
//! A client registers each distinct layout once and names it by a [`Layout`] afterwards. A layout
//! describes one element; an object larger than it is an array of such elements.

use crate::{
    error::Error,
    mark::Tracer,
    sync::{AtomicU16, AtomicUsize, Mutex, Ordering, lock},
};
use std::collections::HashMap;

/// How many layouts a heap can hold.
pub(crate) const MAX_LAYOUTS: usize = if cfg!(miri) { 64 } else { 1 << 16 };

/// A function that reports the pointers of the object at its first argument, whose slot has as many
/// bytes as its second says: at least as many as were asked for.
///
/// Who registers one vouches for it ([`Heap::layout`](crate::Heap::layout)):
/// 1. It runs on markers and on mutators that assist, concurrently with mutators that use the object: it reads what they
///    change with atomic loads.
/// 2. It must not allocate from the heap, attach to it, or wait for anything that may wait for a cycle.
/// 3. It may meet an object that is fresh and all zero, and one that can no longer be reached but has not been freed.
/// 4. It must not unwind: a panic in it ends the process, with a message.
///
/// A traced object is scanned in one go, however large it is; so whoever scans it is held as long as the function takes.
///
/// ```
/// use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
/// use trigo_heap::{Config, Heap, Layout, LayoutSpec, Tracer};
///
/// /// So many pointers; what lies behind them is unused.
/// #[repr(C)]
/// struct Stack {
///     len: AtomicUsize,
///     items: [AtomicPtr<u8>; 15],
/// }
///
/// unsafe fn trace(object: *const u8, _bytes: usize, tracer: &mut Tracer<'_>) {
///     // SAFETY: an object of this layout is a `Stack`; a fresh one is empty.
///     let stack = unsafe { &*object.cast::<Stack>() };
///     let items = &stack.items[..stack.len.load(Ordering::Acquire)];
///     items.iter().for_each(|item| tracer.pointer(item.load(Ordering::Acquire)));
/// }
///
/// let heap = Heap::new(Config::default())?;
/// // SAFETY: an item is stored, by `Mutator::store`, before the length covers it, and cleared after.
/// let layout = unsafe { heap.layout(LayoutSpec::Trace(trace))? };
/// let mut mutator = heap.attach();
/// let stack = mutator.alloc(layout, size_of::<Stack>())?;
/// let root = mutator.root(stack);
/// let item = mutator.alloc(Layout::NO_SCAN, 8)?;
/// // SAFETY: the object is a `Stack`, and the root keeps it.
/// let fields = unsafe { stack.cast::<Stack>().as_ref() };
/// // SAFETY: the slot is a pointer word of a live object, and there was no safepoint since `item` was allocated.
/// unsafe { mutator.store(fields.items[0].as_ptr(), item.as_ptr()) };
/// fields.len.store(1, Ordering::Release);
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 2);
/// # drop(root);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
pub type TraceFn = unsafe fn(object: *const u8, bytes: usize, tracer: &mut Tracer<'_>);

/// Where the pointers of an object are. Sizes are in bytes, words are 8 bytes.
#[derive(Debug, Clone, Copy)]
pub enum LayoutSpec<'a> {
    /// No pointers: never scanned.
    NoScan,
    /// Every word is a pointer into this heap, or anything outside of it.
    Pointers,
    /// Word `i` of an element is a pointer if bit `i % 64` of `bits[i / 64]` is set.
    Bitmap {
        /// Bytes of one element; a multiple of 8.
        size: usize,
        /// The pointer bits, lowest first; words past its end hold no pointers.
        bits: &'a [u64],
    },
    /// Every word may or may not be a pointer: it counts if it points into an allocated object.
    Conservative,
    /// The client's own function says where the pointers are.
    Trace(TraceFn),
}

/// A registered layout, good for the heap that registered it; the three constants are good for all.
///
/// It describes one element. An object larger than the element is an array: the description repeats.
///
/// ```
/// use trigo_heap::{Config, Heap, Layout, LayoutSpec};
///
/// let heap = Heap::new(Config::default())?;
/// // Three words: data, pointer, data.
/// // SAFETY: the middle word is all that keeps other objects alive.
/// let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size: 24, bits: &[0b010] })? };
/// // SAFETY: as above. The same description gives the same layout.
/// assert_eq!(layout, unsafe { heap.layout(LayoutSpec::Bitmap { size: 24, bits: &[0b010] })? });
///
/// let mut mutator = heap.attach();
/// let array = mutator.alloc(layout, 100 * 24)?;
/// # let _ = (array, Layout::POINTERS);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout(pub(crate) u16);

impl Layout {
    /// No pointers. The same in every heap.
    pub const NO_SCAN: Layout = Layout(0);
    /// Every word is a pointer. The same in every heap.
    pub const POINTERS: Layout = Layout(1);
    /// Every word may be a pointer. The same in every heap.
    pub const CONSERVATIVE: Layout = Layout(2);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    Nothing,
    Pointers,
    /// A pattern of at most 64 words, repeated.
    Pattern,
    /// A longer bitmap, repeated.
    Bitmap,
    Conservative,
    Trace,
}

/// What the heap knows of a layout. Immutable once registered, but for the kind cache.
#[derive(Debug)]
pub(crate) struct LayoutInfo {
    pub(crate) scan: Scan,
    /// Bytes of an element; 8 where any word is alike.
    pub(crate) element: usize,
    /// The pointer bits of an element, the first 64 words.
    pub(crate) pattern: u64,
    /// All pointer bits of an element that has some; words past its end hold none.
    pub(crate) bits: Box<[u64]>,
    pub(crate) trace: Option<TraceFn>,
    /// The allocation kinds of one element and of two, once known; zero before.
    pub(crate) kinds: [AtomicU16; 2],
    /// Bytes allocated in shared spans, which decide when the layout gets spans of its own.
    pub(crate) shared_bytes: AtomicUsize,
}

impl LayoutInfo {
    /// Whether word `i` of an element is a pointer, where `bits` says it.
    #[inline(always)]
    pub(crate) fn is_pointer(&self, i: usize) -> bool {
        self.bits.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 != 0)
    }
}

/// All layouts of a heap.
#[derive(Debug)]
pub(crate) struct Layouts {
    table: Box<[AtomicUsize]>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_bits: HashMap<(usize, Box<[u64]>), u16>,
    by_trace: HashMap<usize, u16>,
    count: usize,
}

impl Layouts {
    pub(crate) fn new() -> Self {
        let table = (0..MAX_LAYOUTS).map(|_| AtomicUsize::new(0)).collect();
        let layouts = Self { table, known: Mutex::default() };
        {
            let mut known = lock(&layouts.known);
            for scan in [Scan::Nothing, Scan::Pointers, Scan::Conservative] {
                let pattern = if scan == Scan::Pointers { 1 } else { 0 };
                layouts
                    .add(&mut known, scan, 8, pattern, Box::new([]), None)
                    .expect("room for three");
            }
        }
        layouts
    }

    /// Bytes of memory that the layouts take, roughly.
    pub(crate) fn memory(&self) -> usize {
        MAX_LAYOUTS * 8 + lock(&self.known).count * 2 * size_of::<LayoutInfo>()
    }

    /// Registers a layout, or finds the one that says the same.
    pub(crate) fn register(&self, spec: LayoutSpec<'_>) -> Result<Layout, Error> {
        let known = &mut *lock(&self.known);
        match spec {
            LayoutSpec::NoScan => Ok(Layout::NO_SCAN),
            LayoutSpec::Pointers => Ok(Layout::POINTERS),
            LayoutSpec::Conservative => Ok(Layout::CONSERVATIVE),
            LayoutSpec::Trace(f) => {
                if let Some(&id) = known.by_trace.get(&(f as usize)) {
                    return Ok(Layout(id));
                }
                let layout = self.add(known, Scan::Trace, 8, 0, Box::new([]), Some(f))?;
                known.by_trace.insert(f as usize, layout.0);
                Ok(layout)
            }
            LayoutSpec::Bitmap { size, bits } => self.register_bitmap(known, size, bits),
        }
    }

    fn register_bitmap(
        &self,
        known: &mut Known,
        size: usize,
        bits: &[u64],
    ) -> Result<Layout, Error> {
        let words = size / 8;
        let bit = |i: usize| bits.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 != 0);
        let highest = (0..bits.len() * 64).rev().find(|&i| bit(i));
        if size == 0 || (highest.is_some() && (!size.is_multiple_of(8) || highest >= Some(words))) {
            return Err(Error::BadLayout { size });
        }
        if highest.is_none() {
            return Ok(Layout::NO_SCAN);
        }
        if (0..words).all(bit) {
            return Ok(Layout::POINTERS);
        }
        // As far as the last pointer, however long the element is.
        let trimmed = highest.map_or(0, |last| last / 64 + 1);
        let key = (size, Box::from(&bits[..trimmed]));
        if let Some(&id) = known.by_bits.get(&key) {
            return Ok(Layout(id));
        }
        let scan = if words <= 64 { Scan::Pattern } else { Scan::Bitmap };
        let bits: Box<[u64]> = key.1.clone();
        let layout = self.add(known, scan, size, bits[0], bits, None)?;
        known.by_bits.insert(key, layout.0);
        Ok(layout)
    }

    fn add(
        &self,
        known: &mut Known,
        scan: Scan,
        element: usize,
        pattern: u64,
        bits: Box<[u64]>,
        trace: Option<TraceFn>,
    ) -> Result<Layout, Error> {
        let id = known.count;
        let slot = self.table.get(id).ok_or(Error::TooManyLayouts { limit: MAX_LAYOUTS })?;
        let info = Box::new(LayoutInfo {
            scan,
            element,
            pattern,
            bits,
            trace,
            kinds: [const { AtomicU16::new(0) }; 2],
            shared_bytes: AtomicUsize::new(0),
        });
        // Release: pairs with `get`.
        slot.store(Box::into_raw(info) as usize, Ordering::Release);
        known.count += 1;
        Ok(Layout(id as u16))
    }

    /// What is known of `layout`.
    ///
    /// # Panics
    /// If the layout was registered with another heap and this one has no such layout.
    #[inline]
    pub(crate) fn get(&self, layout: Layout) -> &LayoutInfo {
        // Acquire: pairs with the store in `add`.
        let at = self.table[layout.0 as usize].load(Ordering::Acquire);
        assert!(at != 0, "layout {} is not one of this heap's", layout.0);
        // SAFETY: the table owns the box until the heap is dropped, and it is never changed.
        unsafe { &*(at as *const LayoutInfo) }
    }
}

impl Drop for Layouts {
    fn drop(&mut self) {
        for slot in &self.table {
            let at = slot.load(Ordering::Relaxed);
            if at != 0 {
                // SAFETY: made by `Box::into_raw` in `add`; nobody else can reach the table any more.
                drop(unsafe { Box::from_raw(at as *mut LayoutInfo) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bitmaps_are_one_layout_and_uniform_ones_the_common_ones() {
        let layouts = Layouts::new();
        let reg = |size, bits: &[u64]| layouts.register(LayoutSpec::Bitmap { size, bits });
        assert_eq!(reg(24, &[0b101]), reg(24, &[0b101, 0]));
        assert_eq!(reg(1 << 12, &[0, 1]), reg(1 << 12, &[0, 1, 0]));
        assert_ne!(reg(24, &[0b101]), reg(24, &[0b100]));
        assert_eq!(reg(16, &[0b11]), Ok(Layout::POINTERS));
        assert_eq!(reg(13, &[]), Ok(Layout::NO_SCAN));
    }

    #[test]
    fn a_bitmap_that_reaches_past_its_size_is_refused() {
        let layouts = Layouts::new();
        let reg = |size, bits: &[u64]| layouts.register(LayoutSpec::Bitmap { size, bits });
        assert_eq!(reg(16, &[0b100]), Err(Error::BadLayout { size: 16 }));
        assert_eq!(reg(12, &[0b1]), Err(Error::BadLayout { size: 12 }));
        assert_eq!(reg(0, &[]), Err(Error::BadLayout { size: 0 }));
    }
}
