//! A mutator: a thread's allocation cursors, barrier buffer and side of the handshakes.
//!
//! The state's first words lie at fixed offsets, for compiled code. Who may touch what: the words that
//! are atomic, anybody; everything else, the thread while its gate is RUNNING and the collector while
//! it has claimed the gate. A mutator answers a handshake itself or is answered for, by the same code.

mod alloc;
mod answer;
mod assist;
mod leave;
pub(crate) mod native;
mod raw;
mod sampling;
mod stacks;

pub use raw::Interrupter;

pub use alloc::FixedKind;

use crate::{
    Heap,
    error::Error,
    heap::Shared,
    mark::Marker,
    protocol::{
        claim,
        gate::{Gate, StackGuard},
        roster::Roster,
    },
    roots::{Root, RootSource, Roots},
    space::{Stock, kinds::MAX_KINDS},
    stacks::Stack,
    stats::{Holds, Stretch, TimeHistogram, Watch},
    sync::{AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell},
};
use std::{marker::PhantomData, mem::offset_of, ops::Range, ptr::NonNull, sync::Arc};

/// Words of a barrier buffer.
const BUFFER: usize = 512;

/// The barrier's states. While a mutator's own stacks are not scanned it records overwritten and new values; from then on
/// the overwritten ones alone: what it holds was shaded by that scan, or is reached from what it overwrites.
pub(crate) const BARRIER_OFF: u32 = 0;
pub(crate) const BARRIER_FULL: u32 = 1;
pub(crate) const BARRIER_DELETION: u32 = 2;

/// Where in a mutator's state the cursor of kind number `kind` begins, in bytes.
pub(crate) const fn cursor_offset(kind: u16) -> u32 {
    (offset_of!(MutatorState, cursors) + kind as usize * size_of::<Cursor>()) as u32
}

/// The number of the kind whose cursor begins at `offset`.
fn kind_at(offset: u32) -> u16 {
    ((offset as usize - offset_of!(MutatorState, cursors)) / size_of::<Cursor>()) as u16
}

/// The free slots that a mutator has claimed for objects of one kind: the rest of a run, and behind it the other free slots
/// of up to 64 in a row. All of them are zero, if the kind says so.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(32))]
pub(crate) struct Cursor {
    /// Where the next object goes.
    next: usize,
    /// Objects end at or below this; what lies between is free.
    limit: usize,
    /// A bit for each further slot, from the one at `word` on. At least one bit is clear.
    rest: u64,
    word: usize,
}

impl Cursor {
    /// Moves on to the next slots of `rest`, which is not empty.
    #[inline(always)]
    fn advance(&mut self, size: usize) {
        let run = claim::take_next(&mut self.rest);
        (self.next, self.limit) = (self.word + run.start * size, self.word + run.end * size);
    }

    /// Bytes that are still unused.
    fn unused(&self, size: usize) -> usize {
        self.limit - self.next + self.rest.count_ones() as usize * size
    }
}

/// The span behind a cursor.
#[derive(Debug, Clone, Copy)]
struct Holding {
    /// The span's first block; `NO_SPAN` if the mutator holds none of this kind.
    block: usize,
    /// The slot at which the search for the next free run goes on.
    search: usize,
    /// Bytes of the slots claimed last, which have not been counted as allocated.
    claimed: usize,
    /// The span's memory reads as zero.
    clean: bool,
}

/// Bytes of memory that an attached mutator takes, with its marker.
pub(crate) const STATE_BYTES: usize = size_of::<MutatorState>()
    + BUFFER * 8
    + MAX_KINDS * (size_of::<Holding>() + 2 * size_of::<AtomicU64>())
    + Marker::BYTES;

const NO_SPAN: usize = usize::MAX;
/// Spans of different kinds that a mutator has room for from the beginning, so that no hold is for want of memory.
const ROOM: usize = 64;
const NOTHING: Holding = Holding { block: NO_SPAN, search: 0, claimed: 0, clean: false };

/// Words at the beginning of a mutator's state that belong to the client, the stack guard among them. They are scanned
/// with the mutator's stack.
#[derive(Debug)]
#[repr(C)]
struct ClientWords {
    first: UnsafeCell<usize>,
    guard: StackGuard,
    others: [UnsafeCell<usize>; CLIENT_WORDS - 2],
}

/// How many words of a mutator's state are the client's.
pub(crate) const CLIENT_WORDS: usize = 16;

impl ClientWords {
    fn new() -> Self {
        let zero = || UnsafeCell::new(0);
        let others = std::array::from_fn(|_| zero());
        Self { first: zero(), guard: StackGuard::new(), others }
    }
}

/// The state of a mutator; its beginning is laid out for compiled code ([`offsets`](crate::offsets)).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct MutatorState {
    client: ClientWords,
    gate: Gate,
    barrier: AtomicU32,
    id: u32,
    buffer_next: UnsafeCell<usize>,
    buffer_end: usize,
    cursors: UnsafeCell<[Cursor; MAX_KINDS]>,
    private: UnsafeCell<Private>,
    /// Bytes allocated of each kind; written by the mutator alone.
    pub(crate) bytes: Box<[AtomicU64]>,
    /// The part of `bytes` that was allocated before a flip and is in the heap's count of that.
    flipped: Box<[AtomicU64]>,
    /// The longest times this mutator was held, in nanoseconds.
    pub(crate) holds: Holds,
    /// The live part of its stack, as of the last hold: lowest and highest address.
    held_stack: [AtomicUsize; 2],
    /// The operating system's number of the thread.
    thread: i32,
}

// SAFETY: see the module: the cells are touched by one party at a time, which the gate decides.
unsafe impl Sync for MutatorState {}
// SAFETY: as for `Sync`; the raw words inside are addresses, not references.
unsafe impl Send for MutatorState {}

#[derive(Debug)]
struct Private {
    /// Owns the words between `buffer_next`'s start and `buffer_end`. No box, which would be theirs alone when it is moved.
    _buffer: Vec<usize>,
    holdings: Box<[Holding]>,
    /// Kinds that have a span.
    active: Vec<u16>,
    /// Spans of this mutator's, by kind and block, that are in no list yet.
    unfiled: Vec<(u16, usize)>,
    /// Full spans that are still this mutator's, because it met their lists' locks taken.
    unreturned: Vec<(u16, usize)>,
    /// Blocks for its next fresh spans.
    stock: Stock,
    epoch: u32,
    cycle: u32,
    marking: bool,
    black: bool,
    /// Whether this mutator's own stacks were scanned in `cycle`.
    scanned: bool,
    /// The stack pointer, while blocked or answering.
    sp: usize,
    /// The stack pointer of the client's code, while this thread runs on another stack on its behalf.
    suspended_at: Option<usize>,
    /// The highest address of the thread's own stack, if that is scanned.
    native_top: Option<usize>,
    stack: Option<Arc<Stack>>,
    marker: Box<Marker>,
    /// Scan bytes owed for allocations.
    debt: f64,
    /// Bytes allocated and not yet added to the heap's count.
    uncounted: usize,
    /// Slow paths until the next cycle that `torture` asks for.
    torture: u32,
    error: Option<Error>,
    sampler: Option<Box<sampling::Sampler>>,
    watch: Watch,
    /// Bytes that were allocated though the heap had reached its bound: the next slow path waits for a flip.
    beyond: usize,
}

impl Private {
    /// Notes where the live part of the stack begins: at `sp`, where this thread runs, unless the client's code is
    /// suspended elsewhere.
    fn set_sp(&mut self, sp: usize) {
        self.sp = self.suspended_at.unwrap_or(sp);
    }

    /// The live part of the stack that this mutator's thread runs on; empty if that is not scanned.
    fn stack_range(&self) -> Range<usize> {
        let top = self.stack.as_ref().map(|s| s.top()).or(self.native_top).unwrap_or(0);
        self.sp.min(top)..top
    }
}

impl MutatorState {
    pub(crate) const STACK_GUARD: usize =
        offset_of!(MutatorState, client) + offset_of!(ClientWords, guard);
    pub(crate) const POLL: usize = offset_of!(MutatorState, gate);
    pub(crate) const BARRIER: usize = offset_of!(MutatorState, barrier);
    pub(crate) const BUFFER_NEXT: usize = offset_of!(MutatorState, buffer_next);
    pub(crate) const BUFFER_END: usize = offset_of!(MutatorState, buffer_end);

    /// A mutator of the calling thread that has answered up to handshake `handshake` and sees the phases as `template` says.
    fn new(shared: &Shared, handshake: u32, template: Template, id: u32) -> Self {
        let mut buffer = vec![0; BUFFER];
        let start = buffer.as_mut_ptr() as usize;
        let private = Private {
            _buffer: buffer,
            holdings: vec![NOTHING; MAX_KINDS].into_boxed_slice(),
            active: Vec::with_capacity(ROOM),
            unfiled: Vec::with_capacity(ROOM),
            unreturned: Vec::with_capacity(ROOM),
            stock: Stock::default(),
            epoch: template.epoch,
            cycle: template.cycle,
            marking: template.marking,
            black: template.black,
            scanned: template.scanned,
            sp: 0,
            suspended_at: None,
            native_top: None,
            stack: None,
            marker: Box::new(Marker::new()),
            debt: 0.0,
            uncounted: 0,
            torture: shared.config.debug.torture.unwrap_or(0),
            error: None,
            sampler: None,
            watch: Watch::default(),
            beyond: 0,
        };
        Self {
            client: ClientWords::new(),
            gate: Gate::new(handshake),
            barrier: AtomicU32::new(template.barrier()),
            id,
            buffer_next: UnsafeCell::new(start),
            buffer_end: start + BUFFER * 8,
            cursors: UnsafeCell::new([Cursor::default(); MAX_KINDS]),
            private: UnsafeCell::new(private),
            bytes: (0..MAX_KINDS).map(|_| AtomicU64::new(0)).collect(),
            flipped: (0..MAX_KINDS).map(|_| AtomicU64::new(0)).collect(),
            holds: Holds::default(),
            held_stack: [AtomicUsize::new(0), AtomicUsize::new(0)],
            thread: thread_number(),
        }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Asks for handshake `n` (collector).
    pub(crate) fn ask(&self, n: u32) {
        self.gate.ask(n);
        self.client.guard.raise();
    }

    /// Where the client's words lie.
    pub(crate) fn client_words(&self) -> Range<usize> {
        let start = &raw const self.client as usize;
        start..start + size_of::<ClientWords>()
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Bytes of a kind allocated and not yet counted at a flip; they count as such from now on. Called by whoever may touch
    /// the private state.
    fn take_unflipped(&self, kind: usize) -> u64 {
        // Relaxed: see above.
        let bytes = self.bytes[kind].load(Ordering::Relaxed);
        bytes - self.flipped[kind].swap(bytes, Ordering::Relaxed)
    }

    /// The live part of the mutator's stack. Means something only while all mutators are held.
    pub(crate) fn held_stack(&self) -> Range<usize> {
        let [start, end] = &self.held_stack;
        start.load(Ordering::Relaxed)..end.load(Ordering::Relaxed)
    }

    /// The operating system's number of the thread that attached.
    pub(crate) fn thread(&self) -> i32 {
        self.thread
    }

    /// Whether the thread that attached is still there.
    pub(crate) fn thread_lives(&self) -> bool {
        std::path::Path::new(&format!("/proc/self/task/{}", self.thread)).exists()
    }

    /// The private part.
    ///
    /// # Safety
    /// 1. The caller is the mutator's thread and the gate is RUNNING, or the collector and it has claimed the gate.
    /// 2. No other reference to the private part is in use.
    #[allow(clippy::mut_from_ref)]
    unsafe fn private(&self) -> &mut Private {
        // SAFETY: as the caller vouches.
        self.private.with_mut(|p| unsafe { &mut *p })
    }

    /// The cursor of a kind; the same obligations as [`Self::private`].
    #[allow(clippy::mut_from_ref)]
    unsafe fn cursor(&self, kind: u16) -> &mut Cursor {
        // SAFETY: kind numbers are below MAX_KINDS; the rest as the caller vouches.
        self.cursors.with_mut(|c| unsafe { &mut *c.cast::<Cursor>().add(kind as usize) })
    }
}

/// The operating system's number of the calling thread.
pub(crate) fn thread_number() -> i32 {
    // SAFETY: the call has no preconditions. Not by C's `gettid`: the standard library's weak reference to that keeps
    // it out of static executables.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// All mutators of a heap, and what a new one starts with.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) roster: Roster<MutatorState, Template>,
    next_id: u32,
    /// Bytes allocated of each kind by mutators that have left.
    pub(crate) departed: Vec<u64>,
    /// The part of that since the last flip.
    departed_unflipped: Vec<u64>,
    /// How long they were held.
    pub(crate) departed_pauses: TimeHistogram,
}

/// The view of the collector's phases that a handshake gives to every mutator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    pub(crate) epoch: u32,
    pub(crate) cycle: u32,
    pub(crate) marking: bool,
    pub(crate) black: bool,
    pub(crate) scanned: bool,
}

impl Template {
    fn barrier(&self) -> u32 {
        match (self.marking, self.scanned) {
            (false, _) => BARRIER_OFF,
            (true, false) => BARRIER_FULL,
            (true, true) => BARRIER_DELETION,
        }
    }
}

impl Registry {
    pub(crate) fn new() -> Self {
        let template =
            Template { epoch: 2, cycle: 0, marking: false, black: false, scanned: false };
        Self {
            roster: Roster::new(template),
            next_id: 1,
            departed: vec![0; MAX_KINDS],
            departed_unflipped: vec![0; MAX_KINDS],
            departed_pauses: TimeHistogram::new(),
        }
    }

    /// A flip begins: what mutators that have left allocated counts as allocated before it.
    pub(crate) fn flip_departed(&mut self, flipped: &[AtomicU64]) {
        for (total, bytes) in flipped.iter().zip(&mut self.departed_unflipped) {
            total.fetch_add(std::mem::take(bytes), Ordering::Relaxed);
        }
    }
}

/// A thread's access to a heap ([`Heap::attach`]). All allocation and all pointer stores go through it. It stays on its
/// thread; dropping it detaches.
///
/// Pointers that it returns are plain: the collector does not move objects, and keeps those that it finds from roots:
/// handles ([`Mutator::root`]), the client's own sources, stacks, and with [`Mutator::scan_native_stack`] the
/// thread's own variables. An object that is in none of them may be freed at the mutator's next safepoint, which is
/// any of: [`poll`](Mutator::poll), an allocation, [`collect`](Mutator::collect), [`blocked`](Mutator::blocked),
/// [`run_finalizers`](Mutator::run_finalizers), [`Weak::get`](crate::Weak::get).
///
/// A bare pointer stays on the thread that has it. One that is wanted on another thread travels in a heap object or in
/// a [`Root`]: the barrier does not see other ways, and once the receiver's stack has been scanned in a cycle nothing
/// else would keep the object.
///
/// A thread that is attached must reach safepoints regularly or be inside [`Mutator::blocked`]: a cycle cannot get on
/// without its answer. A thread that ends without dropping its mutator aborts the process, with a message, at the next
/// handshake.
///
/// ```
/// use trigo_heap::{Config, Heap, Layout};
///
/// let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let pair = mutator.alloc(Layout::POINTERS, 16)?;
/// let pair = mutator.root(pair); // from here on safepoints do not matter
/// let leaf = mutator.alloc(Layout::NO_SCAN, 100)?;
/// let slot = pair.get().unwrap().as_ptr().cast();
/// // SAFETY: `slot` is a pointer word of a live object, and `leaf` was allocated since the last safepoint.
/// unsafe { mutator.store(slot, leaf.as_ptr()) };
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 2);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug)]
pub struct Mutator {
    state: NonNull<MutatorState>,
    owner: Arc<MutatorState>,
    heap: Heap,
    local: PhantomData<*mut ()>,
}

impl Mutator {
    pub(crate) fn attach(heap: Heap) -> Self {
        let shared = &heap.shared;
        let mut registry = shared.control.hold.lock_between(&shared.registry);
        let id = registry.next_id;
        registry.next_id += 1;
        let make = |handshake, template| MutatorState::new(shared, handshake, template, id);
        let owner = registry.roster.join(make);
        drop(registry);
        Self { state: NonNull::from(&*owner), owner, heap, local: PhantomData }
    }

    /// The heap.
    pub fn heap(&self) -> &Heap {
        &self.heap
    }

    /// The address of the state whose fields [`offsets`](crate::offsets) names, for compiled code. Good until the mutator is
    /// dropped.
    pub fn state_address(&self) -> *mut u8 {
        self.state.as_ptr().cast()
    }

    /// Also scan this thread's own stack and registers, conservatively, from `top` downwards: from now on pointers in
    /// local variables keep their objects, and so does every word that happens to look like one. The scan takes part in the
    /// thread's answer to one handshake of each cycle; its time is proportional to the stack's depth.
    ///
    /// # Safety
    /// 1. Pointers that must keep objects alive lie in frames below the one whose address is `top`, or in registers,
    ///    as addresses at or inside of their objects, whenever the thread is at a safepoint.
    /// 2. `top` is an address on this thread's stack, in a frame that outlives the mutator.
    /// 3. All safepoints of this mutator are reached on this stack.
    ///
    /// ```
    /// use trigo_heap::{Config, Heap, Layout, Mutator};
    ///
    /// #[inline(never)]
    /// fn pair_and_leaf(mutator: &mut Mutator) -> Result<u8, trigo_heap::Error> {
    ///     let leaf = mutator.alloc(Layout::NO_SCAN, 1)?;
    ///     mutator.collect(); // `leaf` is needed below, so it is on the stack or in a register
    ///     // SAFETY: the stack scan kept it.
    ///     Ok(unsafe { leaf.read() })
    /// }
    ///
    /// let heap = Heap::new(Config::default())?;
    /// let top = 0usize;
    /// let mut mutator = heap.attach();
    /// // SAFETY: what is needed across safepoints lies in frames below this one, which outlives the mutator.
    /// unsafe { mutator.scan_native_stack((&raw const top).cast()) };
    /// assert_eq!(pair_and_leaf(&mut mutator)?, 0);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub unsafe fn scan_native_stack(&mut self, top: *const u8) {
        self.private().native_top = Some(top as usize);
    }

    /// A safepoint: answers a pending handshake. When none is, it costs a load and a branch. For loops that do not
    /// allocate. Waits for nobody; with [`Debug::verify`](crate::Debug::verify), while the heap is verified.
    #[inline(always)]
    pub fn poll(&mut self) {
        if self.state().gate.must_poll() {
            self.poll_slow();
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn poll_slow(&mut self) {
        native::with_spilled(|sp| self.answer_pending(sp));
    }

    /// Runs `f`, which may wait for anything but must not touch objects of this heap. Cycles go on meanwhile: the collector
    /// answers for this thread, and scans its stack for it. A safepoint, before and after; the return waits while the
    /// collector does that.
    ///
    /// ```
    /// # use std::{sync::mpsc, thread};
    /// # let heap = trigo_heap::Heap::new(trigo_heap::Config::default())?;
    /// let mut mutator = heap.attach();
    /// let (sender, receiver) = mpsc::channel();
    /// thread::spawn(move || sender.send(7));
    /// assert_eq!(mutator.blocked(|| receiver.recv()), Ok(7));
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `f` does; the mutator is as it was.
    pub fn blocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        native::with_spilled(|sp| {
            self.private().set_sp(sp);
            self.answer_pending(sp);
            self.state().gate.block();
            // A panic in `f` unwinds through here; the guard takes the state back first.
            let guard = Unblock(self);
            let result = f();
            drop(guard);
            result
        })
    }

    /// Runs a whole cycle, with its sweep, that starts after this call, and waits for it as [`Mutator::blocked`] does. Other
    /// mutators go on meanwhile. A safepoint. See [`Heap::collect`].
    pub fn collect(&mut self) {
        let heap = self.heap.clone();
        self.blocked(|| heap.collect());
    }

    /// Stores `value` into `slot`, with release order, through the write barrier: while a cycle marks, the overwritten value
    /// is recorded, and until this mutator's stack has been scanned the new one too. Costs a load and a branch beside the
    /// store when no cycle marks. Not a safepoint; never blocks. [`Mutator`] has an example.
    ///
    /// # Safety
    /// 1. `slot` is a pointer word, aligned to 8, of a live object of this heap as its layout says, or of a root.
    /// 2. `value` is null, points into a live object of this heap, or points outside of the heap.
    /// 3. Every store to such a word goes through this function or, to a fresh object, [`Mutator::init`]; storing null is no
    ///    exception, because the overwritten value counts.
    /// 4. Other threads that load from the word do so atomically.
    #[inline(always)]
    pub unsafe fn store(&mut self, slot: *mut *mut u8, value: *mut u8) {
        // SAFETY: the caller vouches for slot and value; the store follows.
        unsafe { self.before_store(slot, value) };
        // SAFETY: the slot is a word-aligned, live pointer word. Release: a reader sees the object's contents.
        unsafe { std::sync::atomic::AtomicPtr::from_ptr(slot) }.store(value, Ordering::Release);
    }

    /// Records the overwritten and the new value of a slot: the slow half of [`Mutator::store`].
    ///
    /// # Safety
    /// 1. `slot` is readable.
    #[cold]
    #[inline(never)]
    unsafe fn record(&mut self, slot: *mut *mut u8, value: usize) {
        // SAFETY: readable, as the caller vouches; another mutator may be storing to it.
        let old = unsafe { std::sync::atomic::AtomicPtr::from_ptr(slot) }.load(Ordering::Relaxed)
            as usize;
        let shared = &self.heap.shared;
        let broken = shared.broken_barrier();
        let keep_old = shared.space().contains(old) && broken != crate::BrokenBarrier::Deletion;
        if keep_old {
            self.buffer(old);
        }
        if self.state().barrier.load(Ordering::Relaxed) == BARRIER_FULL {
            self.record_new(value);
        }
    }

    /// Stores `value` into a pointer word of an object that this mutator allocated since its last safepoint: its first
    /// store to that word. What the word held before is not looked at, so the object need not have been zeroed. Cheaper than
    /// [`Mutator::store`]. Not a safepoint; never blocks.
    ///
    /// # Safety
    /// 1. As for [`Mutator::store`].
    /// 2. The object was allocated by this mutator since its last safepoint, no other thread can reach it yet, and nothing was
    ///    stored to the word before.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout, Zeroing};
    /// # let heap = Heap::new(Config::default())?;
    /// let kind = heap.kind(Layout::POINTERS, 16, Zeroing::Uninitialized)?;
    /// let mut mutator = heap.attach();
    /// let leaf = mutator.alloc(Layout::NO_SCAN, 8)?;
    /// let leaf = mutator.root(leaf);
    /// let pair = mutator.alloc_kind(kind)?.as_ptr().cast::<*mut u8>();
    /// // SAFETY: both words of a fresh object, before the next safepoint.
    /// unsafe {
    ///     mutator.init(pair, leaf.get().unwrap().as_ptr());
    ///     mutator.init(pair.add(1), std::ptr::null_mut());
    /// }
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    #[inline(always)]
    pub unsafe fn init(&mut self, slot: *mut *mut u8, value: *mut u8) {
        // Relaxed: as in `store`.
        if self.state().barrier.load(Ordering::Relaxed) == BARRIER_FULL {
            self.record_new(value as usize);
        }
        // SAFETY: the slot is a word-aligned, live pointer word. Relaxed: the object is published by a later store.
        unsafe { std::sync::atomic::AtomicPtr::from_ptr(slot) }.store(value, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn record_new(&mut self, value: usize) {
        let shared = &self.heap.shared;
        if shared.space().contains(value)
            && shared.broken_barrier() != crate::BrokenBarrier::Insertion
        {
            self.buffer(value);
        }
    }

    #[inline]
    fn buffer(&mut self, word: usize) {
        let state = self.state();
        // SAFETY: only the running mutator touches the buffer; `next` is below `end` between calls.
        let full = state.buffer_next.with_mut(|next| unsafe {
            (*next as *mut usize).write(word);
            *next += 8;
            *next == state.buffer_end
        });
        if full {
            self.flush_barrier();
        }
    }

    /// Empties the barrier buffer and publishes what was white in it. Compiled code calls it when the buffer is full
    /// ([`offsets`](crate::offsets)). Not a safepoint; never blocks.
    #[cold]
    #[inline(never)]
    pub fn flush_barrier(&mut self) {
        self.state().flush(&self.heap.shared, &mut Stretch::begin());
    }

    /// Makes a handle that keeps `object` alive. The address may lie anywhere inside the object; one outside of the heap, or
    /// in a slot that is free, keeps nothing. Not a safepoint; may wait for a short lock.
    pub fn root(&mut self, object: NonNull<u8>) -> Root {
        let shared = Arc::clone(&self.heap.shared);
        Roots::add(&shared, self, Some(object))
    }

    /// Makes a handle that holds nothing yet. As [`Mutator::root`] otherwise.
    pub fn empty_root(&mut self) -> Root {
        let shared = Arc::clone(&self.heap.shared);
        Roots::add(&shared, self, None)
    }

    /// The longest times this mutator was held so far, in nanoseconds.
    pub fn holds(&self) -> crate::stats::HoldTimes {
        self.owner.holds.read()
    }

    #[inline(always)]
    pub(crate) fn state(&self) -> &MutatorState {
        // SAFETY: `owner` keeps the state alive as long as `self`.
        unsafe { self.state.as_ref() }
    }

    #[allow(clippy::mut_from_ref)]
    fn private(&self) -> &mut Private {
        // SAFETY: a `Mutator` stays on its thread, and except inside `blocked`, which borrows it, the gate is RUNNING.
        // No caller keeps the reference over a call that takes it again.
        unsafe { self.state().private() }
    }

    /// The cursor that begins at `offset` of the state, as [`cursor_offset`] says; the same obligations as
    /// [`Self::private`].
    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    unsafe fn cursor_at(&self, offset: u32) -> &mut Cursor {
        // SAFETY: the offset is that of a cursor; the rest as the caller vouches.
        unsafe { &mut *self.state.as_ptr().byte_add(offset as usize).cast::<Cursor>() }
    }

    pub(crate) fn is_marking(&self) -> bool {
        self.private().marking
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.heap.shared
    }
}

/// Takes a blocked mutator's state back when it goes out of scope.
struct Unblock<'m>(&'m mut Mutator);

impl Drop for Unblock<'_> {
    fn drop(&mut self) {
        self.0.state().gate.unblock();
        self.0.private().watch.forget();
        let sp = self.0.private().sp;
        self.0.answer_pending(sp);
    }
}

impl Heap {
    /// Adds a source of roots that every cycle scans. In a cycle that has scanned its roots already, what the source
    /// holds then must be reachable in another way. May wait for a short lock.
    pub fn add_root_source(&self, source: Arc<dyn RootSource>) {
        self.shared.roots.add_source(source);
    }

    /// Removes a source of roots when the next cycle begins; one that was not added is ignored. Until then, and so in a
    /// cycle that runs now, it is scanned as before: what was loaded from it may rely on that. The heap drops its reference
    /// then, on the collector's thread. May wait for a short lock.
    pub fn remove_root_source(&self, source: &Arc<dyn RootSource>) {
        self.shared.roots.remove_source(source);
    }
}

// What docs/embedding-raw.md says.
const _: () = assert!(
    size_of::<ClientWords>() == 8 * CLIENT_WORDS
        && MutatorState::STACK_GUARD == 8
        && MutatorState::POLL == 128
        && MutatorState::BARRIER == 144
        && MutatorState::BUFFER_NEXT == 152
        && MutatorState::BUFFER_END == 160
        && cursor_offset(0) == 192
        && size_of::<Cursor>() == 32
);
