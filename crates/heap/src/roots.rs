//! Roots: handles and the client's own sources; stacks have a room of their own ([`crate::stacks`]).
//!
//! Root slots are stored to like heap slots, with the barrier's both halves, so they can be scanned
//! while mutators run. A slot whose handle is dropped is cleared only when the next cycle begins:
//! dropping needs no barrier then, and no mutator.

use crate::{
    heap::Shared,
    mark::{Greyer, load_word},
    mutator::Mutator,
    stacks::{Stack, Stacks},
    sync::{AtomicPtr, Mutex, Ordering, lock},
};
use std::{
    collections::HashSet,
    ptr::{NonNull, null_mut},
    sync::Arc,
};

const CHUNK: usize = 512;

/// What a handle holds, as [`Mutator::store`] stores it: a pointer, or null.
pub(crate) type Slot = AtomicPtr<u8>;

/// The roots of a heap.
pub(crate) struct Roots {
    book: Mutex<Book>,
    sources: Mutex<Sources>,
    pub(crate) stacks: Stacks,
}

#[derive(Default)]
struct Sources {
    all: Vec<Arc<dyn RootSource>>,
    /// Those that go when the next cycle begins: who has loaded a pointer from one, after the scan of its own stack, relies
    /// on the cycle that runs to scan it.
    removed: Vec<Arc<dyn RootSource>>,
}

/// What a leak cycle leaves out at first: addresses of handles' slots, and stacks.
#[derive(Debug, Default)]
pub(crate) struct Excluded {
    pub(crate) slots: HashSet<usize>,
    pub(crate) stacks: HashSet<*const Stack>,
}

#[derive(Default)]
struct Book {
    chunks: Vec<Box<[Slot; CHUNK]>>,
    unused: Vec<*const Slot>,
    dropped: Vec<*const Slot>,
}

// SAFETY: the pointers lead into `chunks`, which live as long as the book, and what they lead to is atomic.
unsafe impl Send for Book {}

/// Memory of the client that holds pointers into the heap: a language's globals, a table of handles.
///
/// # Safety
/// 1. `scan` reports every pointer that this memory holds and that must keep its object alive.
/// 2. Slots are changed by [`Mutator::store`] alone, which records the change; also when they are cleared or given up.
/// 3. `scan` reads what mutators change with atomic loads.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicPtr, Ordering}};
/// use trigo_heap::{Config, Heap, Layout, RootSource, RootVisitor};
///
/// /// The global variables of some language.
/// #[derive(Default)]
/// struct Globals([AtomicPtr<u8>; 4]);
///
/// // SAFETY: all slots are reported, by atomic loads, and stored to by `Mutator::store` below.
/// unsafe impl RootSource for Globals {
///     fn scan(&self, visitor: &mut RootVisitor<'_>) {
///         self.0.iter().for_each(|slot| visitor.pointer(slot.load(Ordering::Acquire)));
///     }
/// }
///
/// let heap = Heap::new(Config::default())?;
/// let globals = Arc::new(Globals::default());
/// heap.add_root_source(globals.clone());
/// let mut mutator = heap.attach();
/// let object = mutator.alloc(Layout::NO_SCAN, 32)?;
/// // SAFETY: the slot is one of a root source, the object fresh.
/// unsafe { mutator.store(globals.0[2].as_ptr(), object.as_ptr()) };
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 1);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
pub unsafe trait RootSource: Send + Sync {
    /// Reports the pointers. Called once in each cycle, on the collector's thread, while mutators run. It must not
    /// wait for a mutator, nor unwind.
    fn scan(&self, visitor: &mut RootVisitor<'_>);

    /// What [`Path`](crate::Path)s call this source.
    fn name(&self) -> String {
        "(unnamed)".into()
    }
}

/// Takes the pointers that a [`RootSource`] reports.
#[derive(Debug)]
pub struct RootVisitor<'a> {
    to: ReportTo<'a>,
    bytes: usize,
}

#[derive(Debug)]
enum ReportTo<'a> {
    Marking(Greyer<'a>),
    List(&'a mut Vec<usize>),
}

impl<'a> RootVisitor<'a> {
    /// A visitor that shades what it is told of.
    fn marking(heap: &'a Shared) -> Self {
        Self { to: ReportTo::Marking(Greyer::new(heap)), bytes: 0 }
    }

    /// A visitor that only takes note.
    pub(crate) fn list(words: &'a mut Vec<usize>) -> Self {
        Self { to: ReportTo::List(words), bytes: 0 }
    }

    /// Reports a pointer that is null, leads into a live object of the heap, or leads elsewhere and is ignored. Never blocks.
    pub fn pointer(&mut self, pointer: *const u8) {
        self.bytes += 8;
        match &mut self.to {
            ReportTo::Marking(greyer) => _ = greyer.precise(pointer as usize),
            ReportTo::List(list) => list.push(pointer as usize),
        }
    }

    /// Reports a range of words that may be pointers: those that lead into an allocated object keep it.
    ///
    /// # Safety
    /// 1. The range is readable for the duration of the call and changed by whole words only.
    pub unsafe fn words(&mut self, start: *const u8, end: *const u8) {
        let (start, end) = (start as usize, end as usize);
        self.bytes += end.saturating_sub(start);
        match &mut self.to {
            // SAFETY: as the caller vouches.
            ReportTo::Marking(greyer) => unsafe { greyer.words(start, end) },
            ReportTo::List(list) => {
                list.extend((start.next_multiple_of(8)..end & !7).step_by(8).map(load_word));
            }
        }
    }

    /// Reports those words of a table from `start` on that are pointers: word `i` if bit `i % 64` of `bits[i / 64]` is set.
    /// A compiler's global variables, say. [The guide for language runtimes](crate#embedding-in-a-language-runtime) has an
    /// example.
    ///
    /// # Safety
    /// 1. `start` is aligned to 8, and the words that have a bit are readable for the duration of the call.
    /// 2. Each of them is null, points into a live object of the heap, or points elsewhere.
    pub unsafe fn bitmap(&mut self, start: *const u8, bits: &[u64]) {
        for (i, &word) in bits.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                let at = start as usize + (64 * i + left.trailing_zeros() as usize) * 8;
                left &= left - 1;
                // SAFETY: as the caller vouches; mutators may be storing to it. Acquire: its contents come with it.
                let pointer = unsafe { &*(at as *const AtomicPtr<u8>) }.load(Ordering::Acquire);
                self.pointer(pointer);
            }
        }
    }
}

/// A handle that keeps an object alive ([`Mutator::root`]). It may be sent to and dropped on any thread, attached or not;
/// the object is let go when the next cycle begins. A handle costs one word; making, changing and dropping one may wait for
/// a short lock.
///
/// A root that an object's own finalizer or cleanup captures keeps that object for ever.
///
/// ```
/// # use trigo_heap::{Config, Heap, Layout};
/// # let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let object = mutator.alloc(Layout::NO_SCAN, 64)?;
/// let root = mutator.root(object);
/// assert_eq!(root.get(), Some(object));
/// root.set(&mut mutator, None);
/// assert_eq!(root.get(), None);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug)]
pub struct Root {
    shared: Arc<Shared>,
    slot: *const Slot,
}

// SAFETY: the slot is atomic and lives as long as the heap, which the handle holds.
unsafe impl Send for Root {}
// SAFETY: as for `Send`.
unsafe impl Sync for Root {}

impl Root {
    /// The object, as the address that was put in; `None` if the handle is empty. Never blocks. The handle keeps it while it
    /// holds it: a pointer that is used after another `set` needs a root of its own.
    pub fn get(&self) -> Option<NonNull<u8>> {
        // SAFETY: slots live as long as the heap. Acquire: the object's contents come with its address.
        NonNull::new(unsafe { &*self.slot }.load(Ordering::Acquire))
    }

    pub(crate) fn slot_address(&self) -> usize {
        self.slot as usize
    }

    /// Makes the handle hold another object, or none. Never blocks; not a safepoint.
    ///
    /// # Panics
    /// If `mutator` is one of another heap.
    pub fn set(&self, mutator: &mut Mutator, object: Option<NonNull<u8>>) {
        let same = Arc::ptr_eq(&self.shared, mutator.shared());
        assert!(same, "a root handle was set through a mutator of another heap");
        let object = object.map_or(null_mut(), NonNull::as_ptr);
        // SAFETY: the slot is one word that the heap scans as a root; a value that is no object of the heap is ignored.
        unsafe { mutator.store(self.slot as *mut *mut u8, object) };
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        lock(&self.shared.roots.book).dropped.push(self.slot);
    }
}

impl Roots {
    pub(crate) fn new() -> Self {
        Self { book: Mutex::default(), sources: Mutex::default(), stacks: Stacks::default() }
    }

    /// Makes a handle for `object`, which the mutator shades if a cycle marks.
    pub(crate) fn add(
        shared: &Arc<Shared>,
        mutator: &mut Mutator,
        object: Option<NonNull<u8>>,
    ) -> Root {
        let slot = {
            let book = &mut *lock(&shared.roots.book);
            if book.unused.is_empty() {
                // Pointers into a box are good from where it stays: to move it is to use it alone.
                let null = |_| Slot::new(null_mut());
                let chunk = book.chunks.push_mut(Box::new(std::array::from_fn(null)));
                book.unused.extend(chunk.iter().map(|slot| slot as *const Slot));
            }
            book.unused.pop().expect("a chunk was added")
        };
        let root = Root { shared: Arc::clone(shared), slot };
        root.set(mutator, object);
        root
    }

    /// Clears the slots of handles dropped before this cycle, and lets removed sources go (collector, before barrier-on).
    pub(crate) fn forget_dropped(&self) {
        let removed = {
            let Sources { all, removed } = &mut *lock(&self.sources);
            all.retain(|source| !removed.iter().any(|r| Arc::ptr_eq(r, source)));
            std::mem::take(removed)
        };
        drop(removed);
        let book = &mut *lock(&self.book);
        for slot in book.dropped.drain(..) {
            // SAFETY: slots live as long as the book.
            unsafe { &*slot }.store(null_mut(), Ordering::Relaxed);
            book.unused.push(slot);
        }
    }

    /// Bytes of memory that handles take.
    pub(crate) fn memory(&self) -> usize {
        lock(&self.book).chunks.len() * size_of::<[Slot; CHUNK]>() * 2
    }

    /// Whether handles were dropped since the last cycle began.
    pub(crate) fn any_dropped(&self) -> bool {
        !lock(&self.book).dropped.is_empty()
    }

    /// Shades everything that handles and sources hold, but for what is excluded; how many bytes were looked at.
    pub(crate) fn scan(&self, heap: &Shared, excluded: &Excluded) -> usize {
        let mut visitor = RootVisitor::marking(heap);
        self.each_slot_at(|slot, object| {
            if !excluded.slots.contains(&slot) {
                visitor.pointer(object as *const u8);
            }
        });
        for source in self.sources() {
            source.scan(&mut visitor);
        }
        visitor.bytes
    }

    /// The client's sources, as of now.
    pub(crate) fn sources(&self) -> Vec<Arc<dyn RootSource>> {
        lock(&self.sources).all.clone()
    }

    /// Calls `f` with what each root handle holds.
    pub(crate) fn each_slot(&self, mut f: impl FnMut(usize)) {
        self.each_slot_at(|_, object| f(object));
    }

    /// Calls `f` with the address of each root handle's slot and what it holds.
    fn each_slot_at(&self, mut f: impl FnMut(usize, usize)) {
        let chunks = lock(&self.book).chunks.len();
        for at in 0..chunks {
            // The lock is taken per chunk, so that nobody waits for the whole scan.
            let chunk: *const [Slot; CHUNK] = &*lock(&self.book).chunks[at];
            // SAFETY: chunks are boxed and live as long as the book.
            for slot in unsafe { &*chunk } {
                let object = slot.load(Ordering::Relaxed);
                f(slot as *const _ as usize, object.expose_provenance());
            }
        }
    }

    pub(crate) fn add_source(&self, source: Arc<dyn RootSource>) {
        let sources = &mut *lock(&self.sources);
        sources.removed.retain(|s| !Arc::ptr_eq(s, &source));
        if !sources.all.iter().any(|s| Arc::ptr_eq(s, &source)) {
            sources.all.push(source);
        }
    }

    /// Drops all sources: no cycle will ask them any more.
    pub(crate) fn drop_sources(&self) {
        // Outside of the lock.
        drop(std::mem::take(&mut *lock(&self.sources)));
    }

    pub(crate) fn remove_source(&self, source: &Arc<dyn RootSource>) {
        lock(&self.sources).removed.push(Arc::clone(source));
    }
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roots").field("stacks", &self.stacks).finish_non_exhaustive()
    }
}
