//! A heap as its clients hold it, and the state that its threads share.

use crate::{
    Config, Error, Layout, LayoutSpec,
    collector::Control,
    layout::Layouts,
    mutator::{Mutator, MutatorState, Registry, thread_number},
    pace::{Plan, Targets},
    profile::Profile,
    protocol::packets::Pool,
    roots::Roots,
    space::{
        Space,
        kinds::{KindScan, Kinds},
        sizes,
    },
    spans::Spans,
    special::Specials,
    stats::{Counters, HeapStats, Observer},
    sync::{AtomicU32, AtomicU64, AtomicUsize, Mutex, Ordering, lock},
};
use std::{sync::Arc, time::Instant};

/// A garbage-collected heap. Cloning gives another handle to the same heap. When the last handle and mutator are gone its
/// threads end, which that drop waits for; when the last root is gone too, its memory is unmapped. Finalizers and
/// cleanups that have not run by then never do: they are dropped, as observers and sources of roots are. One of these that
/// captures a handle to its own heap keeps it for ever.
///
/// ```
/// use trigo_heap::{Config, Heap, Layout};
///
/// let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let cell = mutator.alloc(Layout::POINTERS, 16)?;
/// let root = mutator.root(cell);
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 1);
/// drop(root);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Heap {
    pub(crate) shared: Arc<Shared>,
    _threads: Arc<crate::collector::Threads>,
}

/// Objects of one slot size and layout, which every mutator allocates from a cursor of their own. Good for the heap that
/// made it. See [`Heap::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Where in a mutator's state its cursor begins, in bytes.
    pub(crate) cursor: u32,
    pub(crate) size: u32,
}

impl Kind {
    pub(crate) fn new(index: u16, size: u32) -> Self {
        Self { cursor: crate::mutator::cursor_offset(index), size }
    }

    /// Bytes of a slot; a request of at most this many fits.
    pub fn size(self) -> usize {
        self.size as usize
    }

    /// Where in a [`Mutator`]'s state the two words of this kind's cursor begin, in bytes; for compiled code. The first
    /// is where the next object goes, the second where the free run ends: if the first plus [`Kind::size`] is not above the
    /// second, store the sum to the first and the object is allocated; else call [`Mutator::alloc_kind`].
    pub fn cursor_offset(self) -> usize {
        self.cursor as usize
    }
}

/// Whether fresh objects of a kind read as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeroing {
    /// Slots are zeroed before they are handed out.
    Zeroed,
    /// Slots hold old contents: the caller stores every pointer word, by [`Mutator::init`], before its next safepoint, and
    /// before anything that may unwind.
    Uninitialized,
}

/// Everything the threads of one heap share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) born: Instant,
    /// Processors this process may use; asked once, because the answer costs a dozen file reads.
    pub(crate) processors: usize,
    pub(crate) space: Space,
    pub(crate) layouts: Layouts,
    pub(crate) spans: Spans,
    pub(crate) pool: Pool,
    pub(crate) registry: Mutex<Registry>,
    pub(crate) roots: Roots,
    pub(crate) specials: Specials,
    pub(crate) control: Control,
    pub(crate) counters: Counters,
    pub(crate) profile: Profile,
    pub(crate) targets: Mutex<Targets>,
    pub(crate) observers: Mutex<Vec<Arc<dyn Observer>>>,
    /// Counts flips.
    pub(crate) epoch: AtomicU32,
    /// Bytes that the last cycle found alive, and allocated since its flip.
    pub(crate) base_live: AtomicUsize,
    pub(crate) allocated: AtomicUsize,
    /// Bytes besides that were born black in the cycle under way.
    pub(crate) born_black: AtomicUsize,
    pub(crate) external: AtomicUsize,
    pub(crate) trigger: AtomicUsize,
    pub(crate) goal: AtomicUsize,
    /// Heap bytes beyond which a mutator waits for the next flip.
    pub(crate) bound: AtomicUsize,
    /// Scan bytes owed per allocated byte while marking, as the bits of an `f64`; zero when none is owed.
    pub(crate) assist_ratio: AtomicU64,
    /// Scan bytes done in the background and not yet used up by mutators that would have to assist.
    pub(crate) credit: AtomicU64,
    /// Threads that look for work to mark.
    pub(crate) hungry: AtomicU32,
}

impl Shared {
    #[inline(always)]
    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    #[inline(always)]
    pub(crate) fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    #[inline(always)]
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Which half of the barrier a test has asked to break.
    #[inline(always)]
    pub(crate) fn broken_barrier(&self) -> crate::BrokenBarrier {
        if cfg!(feature = "fault-injection") {
            self.config.debug.broken_barrier
        } else {
            crate::BrokenBarrier::None
        }
    }

    #[inline(always)]
    pub(crate) fn markers_are_hungry(&self) -> bool {
        // Relaxed: a hint.
        self.hungry.load(Ordering::Relaxed) > 0 && self.pool.is_empty()
    }

    /// Does `wait`, in which the caller waits for work that others have.
    pub(crate) fn while_hungry(&self, wait: impl FnOnce()) {
        // Relaxed: a hint for those who have work to share.
        self.hungry.fetch_add(1, Ordering::Relaxed);
        wait();
        self.hungry.fetch_sub(1, Ordering::Relaxed);
    }

    /// Bytes of live and not yet collected objects, as the pacer counts them.
    pub(crate) fn heap_bytes(&self) -> usize {
        // Relaxed: statistics; the trigger tolerates a chunk's delay.
        let parts = [&self.base_live, &self.allocated, &self.born_black];
        parts.iter().fold(0, |sum, part| sum.saturating_add(part.load(Ordering::Relaxed)))
    }

    /// Drops what the client wanted to be called: nobody is left to do it, and what it captures may be roots, which hold this.
    pub(crate) fn drop_callbacks(&self) {
        self.specials.drop_all();
        self.roots.drop_sources();
        self.profile.drop_sampling();
        drop(std::mem::take(&mut *lock(&self.observers)));
    }

    /// Sees that the calling thread may wait for a cycle.
    ///
    /// # Panics
    /// If a cycle would wait for the thread: it has a mutator that is not blocked, or is the collector's.
    pub(crate) fn assert_may_wait(&self) {
        let thread = thread_number();
        let attached = |m: &Arc<MutatorState>| m.thread() == thread && m.gate().is_running();
        assert!(
            !lock(&self.registry).roster.members.iter().any(attached),
            "this thread is attached to the heap, so a cycle would wait for it: use the Mutator's own function, or `blocked`"
        );
        assert!(
            !self.control.is_collector(),
            "a cycle was asked for on the collector's own thread"
        );
    }

    pub(crate) fn set_plan(&self, plan: Plan) {
        self.trigger.store(plan.trigger, Ordering::Relaxed);
        self.goal.store(plan.goal, Ordering::Relaxed);
        self.bound.store(plan.bound, Ordering::Relaxed);
    }

    /// Has packets ready for grey objects, in a large heap one for each 2 MiB at least.
    pub(crate) fn prepare_packets(&self) {
        self.pool.prepare(self.heap_bytes() >> 21);
    }

    /// Whether the heap is as large as it may become before the next flip.
    pub(crate) fn is_at_bound(&self) -> bool {
        self.heap_bytes() >= self.bound.load(Ordering::Relaxed)
    }

    /// The allocation kind of objects of `bytes` bytes with `layout`.
    pub(crate) fn kind_for(&self, layout: Layout, bytes: usize) -> Result<u16, Error> {
        let info = self.layouts.get(layout);
        let class = sizes::class_of(bytes).ok_or(Error::TooLarge { bytes })?;
        Ok(match layout {
            Layout::NO_SCAN => Kinds::common(class, KindScan::NoScan),
            Layout::POINTERS => Kinds::common(class, KindScan::Pointers),
            Layout::CONSERVATIVE => Kinds::common(class, KindScan::Conservative),
            _ if bytes == info.element || bytes <= 32 => {
                // A pair of interfaces is what functions with any number of arguments are given most often.
                let [one, two] = &info.kinds;
                let cache = match bytes {
                    _ if bytes == info.element => Some(one),
                    _ if Some(bytes) == info.element.checked_mul(2) => Some(two),
                    _ => None,
                };
                // Relaxed: a cache of what `choose` always answers alike.
                let known = cache.map_or(0, |kind| kind.load(Ordering::Relaxed));
                if known != 0 {
                    return Ok(known);
                }
                let own =
                    info.shared_bytes.load(Ordering::Relaxed) > crate::space::kinds::OWN_AFTER;
                let kind = self.space.kinds.choose(info, bytes, true, own)?;
                if let Some(cache) = cache
                    && self.space.kinds.get(kind).scan != KindScan::Mixed
                {
                    cache.store(kind, Ordering::Relaxed);
                }
                kind
            }
            _ => Kinds::common(class, KindScan::Mixed),
        })
    }
}

impl Heap {
    /// Makes a heap: reserves its address space and starts its collector and marker threads. Waits for nobody.
    ///
    /// # Errors
    /// [`Error::AddressSpace`] if the system refuses the reservation, [`Error::TooLarge`] if [`Config::reserve`] is within
    /// 4 MiB of the largest number.
    ///
    /// # Panics
    /// If the system has no room for a thread.
    pub fn new(config: Config) -> Result<Heap, Error> {
        let targets = Targets {
            gc_percent: config.gc_percent,
            memory_limit: config.memory_limit,
            min_heap: config.min_heap,
        };
        let plan = crate::pace::Pacer::new(targets).plan();
        let shared = Arc::new(Shared {
            born: Instant::now(),
            processors: std::thread::available_parallelism().map_or(1, |n| n.get()),
            space: Space::new(config.reserve, config.huge_pages)?,
            layouts: Layouts::new(),
            spans: Spans::new(config.debug.poison),
            pool: Pool::new(),
            registry: Mutex::new(Registry::new()),
            roots: Roots::new(),
            specials: Specials::new(),
            control: Control::new(),
            counters: Counters::new(),
            profile: Profile::new(),
            targets: Mutex::new(targets),
            observers: Mutex::default(),
            epoch: AtomicU32::new(2),
            base_live: AtomicUsize::new(0),
            allocated: AtomicUsize::new(0),
            born_black: AtomicUsize::new(0),
            external: AtomicUsize::new(0),
            trigger: AtomicUsize::new(plan.trigger),
            goal: AtomicUsize::new(plan.goal),
            bound: AtomicUsize::new(plan.bound),
            assist_ratio: AtomicU64::new(0),
            credit: AtomicU64::new(0),
            hungry: AtomicU32::new(0),
            config,
        });
        shared.spans.prepare(&shared.space, 2);
        let threads = crate::collector::Threads::start(&shared);
        Ok(Heap { shared, _threads: Arc::new(threads) })
    }

    /// Makes the calling thread a mutator of this heap. Takes some 100 KiB of memory. May wait for a short lock, while
    /// another thread attaches or a handshake begins. A thread may attach more than once; each of its mutators then has
    /// to reach safepoints.
    pub fn attach(&self) -> Mutator {
        Mutator::attach(self.clone())
    }

    /// Registers a layout, or finds the one that was registered with the same description.
    ///
    /// A bitmap without a bit is [`Layout::NO_SCAN`], one with all of them [`Layout::POINTERS`]. May wait for a short lock.
    /// See [`Layout`] for an example.
    ///
    /// # Errors
    /// [`Error::BadLayout`] if the description contradicts itself, [`Error::TooManyLayouts`] past 65,536.
    ///
    /// # Safety
    /// 1. A [`LayoutSpec::Trace`] function reports every pointer into this heap that its objects hold and keeps to what
    ///    [`TraceFn`](crate::TraceFn) demands.
    /// 2. A bitmap covers every word through which an object keeps another alive.
    /// 3. A word that it calls a pointer holds null, an address in a live object of this heap, or one outside of it. Where that
    ///    is not certain, [`LayoutSpec::Conservative`] is the layout.
    pub unsafe fn layout(&self, spec: LayoutSpec<'_>) -> Result<Layout, Error> {
        self.shared.layouts.register(spec)
    }

    /// The kind for objects of `bytes` bytes with `layout`, for [`Mutator::alloc_kind`]: such objects get spans of
    /// their own, if the layout describes an object of at most 512 bytes by a bitmap, or any up to 32 KiB uniformly. The
    /// same arguments give the same kind. May wait for a short lock.
    ///
    /// # Errors
    /// [`Error::TooLarge`] over 32 KiB; [`Error::BadLayout`] if the layout can only live in shared spans, which
    /// [`Mutator::alloc`] serves; [`Error::TooManyLayouts`] if there are 1,022 kinds.
    ///
    /// # Panics
    /// If `layout` is another heap's and this one has none of its number.
    pub fn kind(&self, layout: Layout, bytes: usize, zeroing: Zeroing) -> Result<Kind, Error> {
        let info = self.shared.layouts.get(layout);
        let index =
            self.shared.space.kinds.choose(info, bytes, zeroing == Zeroing::Zeroed, true)?;
        let info = self.shared.space.kinds.get(index);
        if info.scan == KindScan::Mixed {
            return Err(Error::BadLayout { size: bytes });
        }
        Ok(Kind::new(index, info.size))
    }

    /// Changes the percentage of garbage allowed per cycle; `None` turns automatic collection off, but for a memory limit.
    /// Returns the old one. The collector's thread takes it up at once, and in a cycle that runs at its end. May wait for a short
    /// lock.
    ///
    /// ```
    /// # let heap = trigo_heap::Heap::new(trigo_heap::Config::default())?;
    /// assert_eq!(heap.set_gc_percent(Some(50)), Some(100));
    /// assert_eq!(heap.set_gc_percent(None), Some(50));
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn set_gc_percent(&self, percent: Option<u32>) -> Option<u32> {
        let old = std::mem::replace(&mut lock(&self.shared.targets).gc_percent, percent);
        self.shared.control.retarget();
        old
    }

    /// Changes the soft limit on the heap's memory, in bytes; `None` lifts it. Returns the old one. What lies above a
    /// lower limit is collected and given back to the system in the background. May wait for a short lock. See
    /// [`Config::memory_limit`].
    pub fn set_memory_limit(&self, limit: Option<usize>) -> Option<usize> {
        let old = std::mem::replace(&mut lock(&self.shared.targets).memory_limit, limit);
        self.shared.control.retarget();
        old
    }

    /// Counts `bytes` of memory outside of the heap that its objects keep alive towards the goal and the limit, so that
    /// small objects that own much start cycles by what they own. Balance it by [`Heap::sub_external`], from a finalizer, say.
    /// The count stops at `usize::MAX`. Never blocks.
    pub fn add_external(&self, bytes: usize) {
        let add = |n: usize| Some(n.saturating_add(bytes));
        for count in [&self.shared.external, &self.shared.allocated] {
            // The closure always says yes, so the update cannot fail.
            let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
        if self.shared.heap_bytes() >= self.shared.trigger.load(Ordering::Relaxed) {
            self.shared.control.trigger();
        }
    }

    /// Takes back what [`Heap::add_external`] counted; not below zero. Never blocks.
    pub fn sub_external(&self, bytes: usize) {
        let sub = |n: usize| Some(n.saturating_sub(bytes));
        // The closure always says yes, so the update cannot fail.
        let _ = self.shared.external.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sub);
    }

    /// Collects: starts a cycle after any that runs now, and waits until it has been swept. What was unreachable when it
    /// was called is free when it returns, but for objects with finalizers, which are queued. A thread that is attached to
    /// this heap calls [`Mutator::collect`] instead.
    ///
    /// # Panics
    /// If the thread is attached to this heap and not [blocked](Mutator::blocked), or the collector's own, on which observers
    /// run: it would wait for itself.
    pub fn collect(&self) {
        self.shared.assert_may_wait();
        self.shared.control.collect_and_wait();
    }

    /// Gives all free memory back to the operating system, also what the heap would keep to grow again. Waits for the
    /// collector's thread, which does it between two cycles. What is garbage is not free before it was [collected](Self::collect).
    ///
    /// # Panics
    /// As for [`Heap::collect`].
    pub fn release(&self) {
        self.shared.assert_may_wait();
        self.shared.control.release_and_wait();
    }

    /// What the heap holds and has done so far. Cheap enough for a thousand times a second; may wait for short locks.
    pub fn stats(&self) -> HeapStats {
        crate::stats::read(&self.shared)
    }

    /// Tells `observer` of every cycle from now on, for as long as the heap lives. May wait for a short lock.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        lock(&self.shared.observers).push(observer);
    }
}

/// Byte offsets into a mutator's state ([`Mutator::state_address`]) that compiled code uses, and other constants that it is
/// made with. `docs/embedding-raw.md` shows the sequences.
///
/// Compiled code on the mutator's own thread may, beside what [`Kind::cursor_offset`] says:
/// 1. load [`POLL`](offsets::POLL) at function entries and back-edges, and call [`Mutator::poll`] if it is not zero;
/// 2. load [`BARRIER`](offsets::BARRIER) before a pointer store and, if it is not zero, record values in the buffer: write
///    one at [`BUFFER_NEXT`](offsets::BUFFER_NEXT), move that on by 8, and call [`Mutator::flush_barrier`] when it has
///    reached [`BUFFER_END`](offsets::BUFFER_END);
/// 3. use the words from [`CLIENT`](offsets::CLIENT) on as it likes.
///
/// Between the load of the flag and the store itself there must be no safepoint.
///
/// ```
/// use trigo_heap::{Config, Heap, Kind, Layout, Mutator, Zeroing};
///
/// /// What compiled code does to allocate, written in Rust.
/// fn allocate(mutator: &mut Mutator, kind: Kind) -> Result<*mut u8, trigo_heap::Error> {
///     // SAFETY: the two words at this offset are the kind's cursor, which this thread alone uses now.
///     let cursor = unsafe { &mut *mutator.state_address().add(kind.cursor_offset()).cast::<[usize; 2]>() };
///     let object = cursor[0];
///     if object + kind.size() <= cursor[1] {
///         cursor[0] = object + kind.size();
///         return Ok(object as *mut u8);
///     }
///     Ok(mutator.alloc_kind(kind)?.as_ptr())
/// }
///
/// let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let kind = heap.kind(Layout::NO_SCAN, 32, Zeroing::Zeroed)?;
/// let [first, second] = [allocate(&mut mutator, kind)?, allocate(&mut mutator, kind)?];
/// assert_eq!(second as usize - first as usize, 32);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
pub mod offsets {
    use super::{Layout, MutatorState};
    use crate::{
        mutator::{CLIENT_WORDS as WORDS, cursor_offset},
        space::{
            kinds::{FIRST_CHOSEN, KindScan, Kinds},
            sizes,
        },
    };

    /// Words of the client's: zero when the mutator is made, never written by the heap but for
    /// [`STACK_GUARD`], and scanned conservatively whenever the mutator's running stack is. Pointers that live only here may be
    /// stored by plain instructions, like local variables.
    pub const CLIENT: usize = 0;
    /// How many there are.
    pub const CLIENT_WORDS: usize = WORDS;
    /// The second of the client's words is raised to `usize::MAX` when a handshake is asked for or the mutator is
    /// [interrupted](crate::Interrupter), so that a function entry
    /// that compares the stack pointer with it is a poll as well. [`Mutator::set_stack_guard`](crate::Mutator::set_stack_guard)
    /// sets it. A client that does not want this leaves the word alone.
    pub const STACK_GUARD: usize = MutatorState::STACK_GUARD;
    /// A `u32` that is non-zero when a safepoint must call the slow path.
    pub const POLL: usize = MutatorState::POLL;
    /// A `u32`: 0 while pointer stores need no record, 1 while overwritten and new values are recorded, 2 while overwritten
    /// ones alone are.
    pub const BARRIER: usize = MutatorState::BARRIER;
    /// Address of the next free word of the barrier buffer.
    pub const BUFFER_NEXT: usize = MutatorState::BUFFER_NEXT;
    /// Address past the last word of the barrier buffer.
    pub const BUFFER_END: usize = MutatorState::BUFFER_END;
    /// The number of the first kind that [`Heap::kind`](crate::Heap::kind) makes in a heap. The others follow one by one in the
    /// order in which they are asked for first, so a linker can number kinds that a program registers before all else.
    pub const FIRST_KIND: usize = FIRST_CHOSEN;

    /// The cursor offset of kind number `number`, as [`Kind::cursor_offset`](crate::Kind::cursor_offset) gives it.
    pub const fn cursor_of(number: usize) -> usize {
        cursor_offset(number as u16) as usize
    }

    /// The cursor offset of the kind that every heap has for zeroed objects of `bytes` bytes with `layout`, which is one of
    /// the three constants of [`Layout`]; `None` for another, and over 32 KiB.
    pub const fn uniform_cursor(layout: Layout, bytes: usize) -> Option<usize> {
        let scan = match layout {
            Layout::NO_SCAN => KindScan::NoScan,
            Layout::POINTERS => KindScan::Pointers,
            Layout::CONSERVATIVE => KindScan::Conservative,
            _ => return None,
        };
        match sizes::class_of_const(bytes) {
            Some(class) => Some(cursor_of(Kinds::common(class, scan) as usize)),
            None => None,
        }
    }

    /// Bytes of the slot that an object of `bytes` bytes takes; `None` over 32 KiB. What
    /// [`Kind::size`](crate::Kind::size) will say.
    pub const fn slot_size(bytes: usize) -> Option<usize> {
        match sizes::class_of_const(bytes) {
            Some(class) => Some(sizes::size_of_class(class)),
            None => None,
        }
    }
}
