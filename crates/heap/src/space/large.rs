//! Large objects: each has a span, and the span has a descriptor that is never freed.

use super::{
    os::Reservation,
    pages::{Extent, PAGE},
    sizes::MAX_SMALL,
};
use crate::{
    error::Error,
    layout::Layout,
    sync::{AtomicU8, AtomicU16, AtomicUsize, Mutex, Ordering, lock},
};

/// The descriptor of a large object. Fields change only while no page leads to it.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct LargeSpan {
    start: AtomicUsize,
    bytes: AtomicUsize,
    pages: AtomicUsize,
    layout: AtomicU16,
    bits: [AtomicU8; 2],
}

impl LargeSpan {
    /// The object's address.
    #[inline]
    pub(crate) fn start(&self) -> usize {
        // Relaxed, here and below: ordered by the page table entry that led here.
        self.start.load(Ordering::Relaxed)
    }

    /// Bytes of the object, a multiple of 8.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Pages of the span.
    pub(crate) fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    /// What is scanned in it.
    pub(crate) fn layout(&self) -> Layout {
        Layout(self.layout.load(Ordering::Relaxed))
    }

    pub(crate) fn is_set(&self, which: usize) -> bool {
        self.bits[which].load(Ordering::Relaxed) != 0
    }

    /// Sets bit `which`; true if it was clear.
    pub(crate) fn set(&self, which: usize) -> bool {
        !self.is_set(which) && self.bits[which].swap(1, Ordering::Relaxed) == 0
    }

    pub(crate) fn clear(&self, which: usize) {
        self.bits[which].store(0, Ordering::Relaxed);
    }
}

/// All large objects of a heap.
#[derive(Debug)]
pub(crate) struct Larges {
    table: Reservation,
    limit: usize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Descriptors made so far; number 0 stays unused.
    made: u32,
    unused: Vec<u32>,
    live: Vec<u32>,
}

impl Larges {
    pub(crate) fn new(range: usize) -> Result<Self, Error> {
        let limit = range / (MAX_SMALL + PAGE) + 2;
        let table =
            Reservation::new((limit * size_of::<LargeSpan>()).next_multiple_of(4096), 4096, true)?;
        Ok(Self { table, limit, book: Mutex::default() })
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> &LargeSpan {
        debug_assert!((index as usize) < self.limit);
        // SAFETY: the table has `limit` descriptors; zero bytes are a valid one.
        unsafe { &*(self.table.base() as *const LargeSpan).add(index as usize) }
    }

    /// Fills in a descriptor for an object at `address`. `set` says which bits are born set.
    pub(crate) fn add(
        &self,
        address: usize,
        bytes: usize,
        extent: Extent,
        layout: Layout,
        set: [bool; 2],
    ) -> u32 {
        let mut book = lock(&self.book);
        let index = book.unused.pop().unwrap_or_else(|| {
            book.made += 1;
            book.made
        });
        assert!(
            (index as usize) < self.limit,
            "each large object takes pages, so descriptors cannot run out"
        );
        let span = self.get(index);
        span.start.store(address, Ordering::Relaxed);
        span.bytes.store(bytes, Ordering::Relaxed);
        span.pages.store(extent.pages, Ordering::Relaxed);
        span.layout.store(layout.0, Ordering::Relaxed);
        for (bit, set) in span.bits.iter().zip(set) {
            bit.store(u8::from(set), Ordering::Relaxed);
        }
        book.live.push(index);
        index
    }

    /// Takes every object for which `dead` says so out of the book and hands it to `bury`.
    pub(crate) fn retain(
        &self,
        dead: impl Fn(&LargeSpan) -> bool,
        mut bury: impl FnMut(&LargeSpan),
    ) {
        let gone: Vec<u32> = {
            let mut book = lock(&self.book);
            let (gone, live) = book.live.iter().partition(|&&i| dead(self.get(i)));
            book.live = live;
            gone
        };
        for &index in &gone {
            bury(self.get(index));
        }
        lock(&self.book).unused.extend(gone);
    }

    /// Calls `f` with each object.
    pub(crate) fn each(&self, mut f: impl FnMut(&LargeSpan)) {
        let live = lock(&self.book).live.clone();
        for index in live {
            f(self.get(index));
        }
    }
}
