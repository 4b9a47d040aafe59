//! Large objects: each has a span, and the span has a descriptor that is never freed.

use super::{
    os::Reservation,
    pages::{Extent, PAGE},
    sizes::MAX_SMALL,
};
use crate::{
    error::Error,
    layout::Layout,
    sync::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Mutex, Ordering, lock},
};

/// The descriptor of a large object. Fields change only while no page leads to it.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct LargeSpan {
    start: AtomicUsize,
    bytes: AtomicUsize,
    pages: AtomicUsize,
    layout: AtomicU16,
    /// The epoch of the mutator that allocated it.
    born: AtomicU32,
    marked: AtomicU8,
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

    pub(crate) fn is_marked(&self) -> bool {
        self.marked.load(Ordering::Relaxed) != 0
    }

    /// Marks the object; true if it was white.
    pub(crate) fn mark(&self) -> bool {
        !self.is_marked() && self.marked.swap(1, Ordering::Relaxed) == 0
    }

    pub(crate) fn unmark(&self) {
        self.marked.store(0, Ordering::Relaxed);
    }

    /// Whether the sweep of `epoch` frees the object: it is not marked, and was allocated before the flip.
    pub(crate) fn is_dead(&self, epoch: u32) -> bool {
        !self.is_marked() && self.born.load(Ordering::Relaxed) != epoch
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
            Reservation::new((limit * size_of::<LargeSpan>()).next_multiple_of(4096), 4096)?;
        Ok(Self { table, limit, book: Mutex::default() })
    }

    /// Bytes of the descriptors made so far.
    pub(crate) fn memory(&self) -> usize {
        lock(&self.book).made as usize * size_of::<LargeSpan>()
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> &LargeSpan {
        debug_assert!((index as usize) < self.limit);
        // SAFETY: the table has `limit` descriptors; zero bytes are a valid one.
        unsafe { &*(self.table.base() as *const LargeSpan).add(index as usize) }
    }

    /// Fills in a descriptor for an object at `address`. It was allocated in `epoch`.
    pub(crate) fn add(
        &self,
        (address, bytes): (usize, usize),
        extent: Extent,
        layout: Layout,
        epoch: u32,
        black: bool,
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
        span.born.store(epoch, Ordering::Relaxed);
        span.marked.store(u8::from(black), Ordering::Relaxed);
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
