//! Finalizers, cleanups and weak references: what happens when an object dies.
//!
//! Everything that a finalizable object points to is a root, the object itself is not; so objects that
//! point to each other are finalized in dependency order without a second mark (Go's `SetFinalizer`).
//! The dead are processed after marking has closed and before any mutator may reuse a slot: a dead object
//! with a finalizer is marked and queued, of others the cleanups are queued. Weak references are clear
//! once either is queued.

use crate::{
    error::Error,
    heap::Shared,
    mark::{Greyer, Marker},
    mutator::Mutator,
    protocol::{root_table::RootTable, weak_cell::WeakCell, weak_gate::WeakGate},
    sync::{AtomicU64, AtomicUsize, Ordering},
};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    ptr::NonNull,
    sync::Arc,
};

const SHARDS: usize = 64;

type RustFinalizer = Box<dyn FnOnce(&mut Mutator, NonNull<u8>) + Send>;

/// What runs when an object is dead: a Rust closure, or one of the client's.
enum Finalizer {
    Rust(RustFinalizer),
    Client(Closure),
}

enum Cleanup {
    Rust(Box<dyn FnOnce() + Send>),
    Client(Closure),
}

/// A closure of the client's: an object of the heap, or zero, and a word.
#[derive(Debug, Clone, Copy)]
struct Closure {
    object: usize,
    data: usize,
}

/// A finalizer or cleanup of the client's own that is due ([`Mutator::next_due`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The object that is finalized; `None` for a cleanup.
    pub object: Option<NonNull<u8>>,
    /// The closure that it was given.
    pub closure: Option<NonNull<u8>>,
    /// The word that it was given.
    pub data: usize,
}

/// An object that specials keep alive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    /// What this object, which has a finalizer, points to.
    ChildrenOf(usize),
    /// A closure of the client's, which is to run when `of` is dead.
    Closure { of: usize, closure: usize },
    /// An object whose finalizer is queued, or the closure of what is queued.
    Queued(usize),
}

/// All specials of a heap.
pub(crate) struct Specials {
    shards: [RootTable<HashMap<usize, Special>>; SHARDS],
    queue: RootTable<VecDeque<Task>>,
    /// What is queued for the client to run itself: the object, or zero for a cleanup, and the closure.
    due: RootTable<VecDeque<(usize, Closure)>>,
    next_cleanup: AtomicUsize,
    /// Finalizers queued so far and run so far, then the same of cleanups.
    tasks: [[AtomicU64; 2]; 2],
    /// Whether weak loads of white objects wait for the end of the cycle.
    pub(crate) gate: WeakGate,
}

#[derive(Default)]
struct Special {
    finalizer: Option<Finalizer>,
    cleanups: Vec<(usize, Cleanup)>,
    weak: Option<Arc<WeakCell>>,
}

enum Task {
    Finalize(usize, RustFinalizer),
    CleanUp(Box<dyn FnOnce() + Send>),
}

fn pointer(address: usize) -> Option<NonNull<u8>> {
    NonNull::new(address as *mut u8)
}

impl Special {
    /// The objects that keep alive what is to run when `object` is dead.
    fn closures(&self) -> impl Iterator<Item = usize> {
        let finalizer = match &self.finalizer {
            Some(Finalizer::Client(closure)) => closure.object,
            _ => 0,
        };
        let cleanups = self.cleanups.iter().map(|(_, cleanup)| match cleanup {
            Cleanup::Client(closure) => closure.object,
            Cleanup::Rust(_) => 0,
        });
        cleanups.chain([finalizer]).filter(|&object| object != 0)
    }
}

/// A reference that does not keep its object alive ([`Mutator::weak`]). Clones refer to the same object, and so do all that
/// are made of one object. It may be sent to any thread.
///
/// ```
/// # use trigo_heap::{Config, Heap, Layout};
/// # let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let object = mutator.alloc(Layout::NO_SCAN, 64)?;
/// let root = mutator.root(object);
/// let weak = mutator.weak(object)?;
/// mutator.collect();
/// assert_eq!(weak.get(&mut mutator), Some(object));
/// drop(root);
/// mutator.collect();
/// assert_eq!(weak.get(&mut mutator), None);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Weak {
    cell: Arc<WeakCell>,
}

/// Names a cleanup of one heap, so that it can be stopped ([`Mutator::stop_cleanup`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupId {
    object: usize,
    number: usize,
}

impl Weak {
    /// The object, or `None` once it is dead or its finalizer is queued: for good. While a cycle marks, loading an object
    /// that has not been reached keeps it alive for this cycle; where that would keep the cycle from ending, the load
    /// waits until it has ended. So it counts as a safepoint.
    ///
    /// # Panics
    /// If the object lives and `mutator` is one of another heap.
    pub fn get(&self, mutator: &mut Mutator) -> Option<NonNull<u8>> {
        let shared = Arc::clone(mutator.shared());
        let target = self.cell.peek();
        let same = target == 0 || shared.space.contains(target);
        assert!(same, "a weak reference was loaded through a mutator of another heap");
        loop {
            let marking = mutator.is_marking();
            let white = |address: usize| {
                let found = shared.space.find(address);
                found.is_some_and(|f| !shared.space.is_marked(&f))
            };
            let loaded = self.cell.load(
                marking,
                shared.pool.closing(),
                &shared.specials.gate,
                |address| !white(address),
                |address| {
                    Greyer::new(&shared).precise(address);
                },
            );
            if let Some(target) = loaded {
                return NonNull::new(target as *mut u8);
            }
            mutator.blocked(|| {
                shared.control.wait_for_progress(std::time::Duration::from_micros(200))
            });
        }
    }

    /// Whether the object is known to be dead, or to have a queued finalizer. Keeps nothing alive, unlike [`Weak::get`].
    pub fn is_dead(&self) -> bool {
        self.cell.peek() == 0
    }

    /// Whether both refer, or referred, to the same object.
    pub fn same(&self, other: &Weak) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl Specials {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| RootTable::default()),
            queue: RootTable::default(),
            due: RootTable::default(),
            next_cleanup: AtomicUsize::new(1),
            tasks: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            gate: WeakGate::new(),
        }
    }

    fn shard(&self, object: usize) -> &RootTable<HashMap<usize, Special>> {
        &self.shards[(object >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58]
    }

    /// Changes the special of `object`, making one if there is none and dropping one that has become empty. Puts in nothing
    /// that is a root, and takes out nothing that the caller keeps.
    fn with<R>(&self, object: usize, f: impl FnOnce(&mut Special) -> R) -> R {
        self.change(object, false, f, |_| {})
    }

    /// [`Self::with`] for a change of roots: see [`RootTable::change`].
    fn change<R>(
        &self,
        object: usize,
        marking: bool,
        f: impl FnOnce(&mut Special) -> R,
        shade: impl FnOnce(&R),
    ) -> R {
        let change = |shard: &mut HashMap<usize, Special>| {
            let special = shard.entry(object).or_default();
            let result = f(special);
            if special.is_empty() {
                shard.remove(&object);
            }
            result
        };
        self.shard(object).change(marking, change, shade)
    }

    /// Counts a finalizer or a cleanup as queued (0) or run (1).
    fn count(&self, is_cleanup: bool, what: usize) {
        self.tasks[usize::from(is_cleanup)][what].fetch_add(1, Ordering::Relaxed);
    }

    fn queue_finalizer(&self, object: usize, finalizer: Finalizer) {
        self.count(false, 0);
        match finalizer {
            Finalizer::Rust(f) => {
                self.queue.with(|queue| queue.push_back(Task::Finalize(object, f)))
            }
            Finalizer::Client(closure) => self.due.with(|due| due.push_back((object, closure))),
        }
    }

    fn queue_cleanup(&self, cleanup: Cleanup) {
        self.count(true, 0);
        match cleanup {
            Cleanup::Rust(f) => self.queue.with(|queue| queue.push_back(Task::CleanUp(f))),
            Cleanup::Client(closure) => self.due.with(|due| due.push_back((0, closure))),
        }
    }

    /// Drops all finalizers and cleanups, queued or not, because nobody will run them. What they capture may be roots, which
    /// hold the heap.
    pub(crate) fn drop_all(&self) {
        // Outside of the locks: what is dropped may be anything of the client's.
        for shard in &self.shards {
            drop(shard.with(std::mem::take));
        }
        drop(self.queue.with(std::mem::take));
        drop(self.due.with(std::mem::take));
    }

    /// Finalizers queued and run so far, cleanups queued and run so far.
    pub(crate) fn task_counts(&self) -> [[u64; 2]; 2] {
        self.tasks.each_ref().map(|sort| sort.each_ref().map(|n| n.load(Ordering::Relaxed)))
    }

    /// Tasks that wait to be run.
    pub(crate) fn queued(&self) -> usize {
        self.queue.with(|queue| queue.len()) + self.due.with(|due| due.len())
    }

    /// Shades what finalizable objects point to, objects whose finalizers are queued, and closures.
    pub(crate) fn scan(&self, heap: &Shared) {
        let mut marker = Marker::new();
        let mut greyer = Greyer::new(heap);
        self.each_kept(|kept| match kept {
            Kept::ChildrenOf(object) => marker.scan_children(heap, object),
            Kept::Closure { closure: object, .. } | Kept::Queued(object) => {
                greyer.precise(object);
            }
        });
        heap.counters.add_work(marker.take_work());
    }

    /// Calls `f` with everything that specials keep alive.
    pub(crate) fn each_kept(&self, mut f: impl FnMut(Kept)) {
        self.queue.with(|queue| {
            for task in queue {
                if let Task::Finalize(object, _) = task {
                    f(Kept::Queued(*object));
                }
            }
        });
        self.due.with(|due| {
            let objects = due.iter().flat_map(|(object, closure)| [*object, closure.object]);
            objects.filter(|&object| object != 0).for_each(|object| f(Kept::Queued(object)));
        });
        for shard in &self.shards {
            shard.with(|shard| {
                for (&object, special) in shard {
                    if special.finalizer.is_some() {
                        f(Kept::ChildrenOf(object));
                    }
                    special.closures().for_each(|closure| f(Kept::Closure { of: object, closure }));
                }
            });
        }
    }

    /// Processes what has died; whether anything was queued. Marking has closed, and no mutator has flipped.
    pub(crate) fn process_dead(&self, heap: &Shared) -> bool {
        let mut queued = false;
        for shard in &self.shards {
            let (mut finalizers, mut cleanups) = (Vec::new(), Vec::new());
            let process = |&object: &usize, special: &mut Special| {
                // None if the object was dead when it got its special, and its slot is free by now.
                let found = heap.space.find(object).filter(|found| heap.space.is_allocated(found));
                if found.is_some_and(|found| heap.space.is_marked(&found)) {
                    return true;
                }
                if let Some(weak) = special.weak.take() {
                    weak.clear();
                }
                if let (Some(finalizer), Some(found)) = (special.finalizer.take(), found) {
                    heap.space.mark(&found);
                    heap.counters.marked_bytes.fetch_add(found.bytes() as u64, Ordering::Relaxed);
                    finalizers.push((object, finalizer));
                } else {
                    cleanups.extend(special.cleanups.drain(..).map(|(_, cleanup)| cleanup));
                }
                !special.is_empty()
            };
            shard.with(|shard| shard.retain(process));
            queued |= !finalizers.is_empty() || !cleanups.is_empty();
            finalizers.into_iter().for_each(|(object, f)| self.queue_finalizer(object, f));
            cleanups.into_iter().for_each(|f| self.queue_cleanup(f));
        }
        queued
    }
}

impl Special {
    fn is_empty(&self) -> bool {
        self.finalizer.is_none() && self.cleanups.is_empty() && self.weak.is_none()
    }
}

impl fmt::Debug for Specials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Specials").field("queued", &self.queued()).finish_non_exhaustive()
    }
}

impl Mutator {
    /// The object that `pointer` points into: where it begins; `None` if it points into no object of this heap. Not a
    /// safepoint; never blocks.
    pub fn object(&self, pointer: NonNull<u8>) -> Option<NonNull<u8>> {
        self.object_at(pointer).ok().and_then(|base| NonNull::new(base as *mut u8))
    }

    /// The address of the object that `pointer` points into.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if it points into no object of this heap.
    fn object_at(&self, pointer: NonNull<u8>) -> Result<usize, Error> {
        let address = pointer.as_ptr() as usize;
        let space = self.shared().space();
        let found = space.find(address).ok_or(Error::NotAnObject { address })?;
        space.is_allocated(&found).then_some(found.base()).ok_or(Error::NotAnObject { address })
    }

    /// Has `finalizer` run once after the object is no longer reachable. It gets the object, which may become reachable
    /// again by it; then it is freed when it dies the next time, and may be given a finalizer anew. Objects are finalized
    /// before what they point to; objects in a cycle with a finalizer are never freed (as in Go). Somebody has to call
    /// [`Mutator::run_finalizers`]. `object` may lie anywhere inside the object. Not a safepoint; may wait for a short lock.
    ///
    /// `object` must be alive. One that is dead and has not been freed cannot be told from the living: its finalizer may then be
    /// that of the object that gets the slot, and so for cleanups and weak references.
    ///
    /// What the closure captures is ordinary Rust memory; of heap objects it captures [`Root`](crate::Root)s, and none of the
    /// object itself.
    ///
    /// ```
    /// # use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
    /// # use trigo_heap::{Config, Heap, Layout};
    /// # let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let closed = Arc::new(AtomicBool::new(false));
    /// let object = mutator.alloc(Layout::NO_SCAN, 16)?;
    /// let seen = closed.clone();
    /// mutator.set_finalizer(object, move |_mutator, _object| seen.store(true, Ordering::Relaxed))?;
    /// mutator.collect(); // nothing leads to the object: its finalizer is queued
    /// assert_eq!(mutator.run_finalizers(), 1);
    /// assert!(closed.load(Ordering::Relaxed));
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::HasFinalizer`] if the object has one, [`Error::NotAnObject`] if `object` is none of this heap's.
    pub fn set_finalizer(
        &mut self,
        object: NonNull<u8>,
        finalizer: impl FnOnce(&mut Mutator, NonNull<u8>) + Send + 'static,
    ) -> Result<(), Error> {
        self.give_finalizer(object, Finalizer::Rust(Box::new(finalizer)))
    }

    /// [`Mutator::set_finalizer`] for a language runtime, which runs the finalizer as its own code: [`Mutator::next_due`] hands
    /// out `closure`, an object of this heap which is kept alive until then, and `data`, which is not looked at.
    ///
    /// # Errors
    /// As for [`Mutator::set_finalizer`]; [`Error::NotAnObject`] also if `closure` is none of this heap's.
    pub fn set_finalizer_closure(
        &mut self,
        object: NonNull<u8>,
        closure: Option<NonNull<u8>>,
        data: usize,
    ) -> Result<(), Error> {
        let closure = self.closure(closure, data)?;
        self.give_finalizer(object, Finalizer::Client(closure))
    }

    fn closure(&self, object: Option<NonNull<u8>>, data: usize) -> Result<Closure, Error> {
        let object = object.map_or(Ok(0), |object| self.object_at(object))?;
        Ok(Closure { object, data })
    }

    fn give_finalizer(&mut self, object: NonNull<u8>, finalizer: Finalizer) -> Result<(), Error> {
        let address = self.object_at(object)?;
        let shared = self.shared();
        let closure = match &finalizer {
            Finalizer::Client(closure) => closure.object,
            Finalizer::Rust(_) => 0,
        };
        let give = |special: &mut Special| {
            if special.finalizer.is_some() {
                return Err(finalizer);
            }
            special.finalizer = Some(finalizer);
            Ok(())
        };
        let given = shared.specials.change(address, self.is_marking(), give, |given| {
            if given.is_ok() {
                Greyer::new(shared).precise(closure);
                Marker::new().scan_children(shared, address);
            }
        });
        // What was refused is dropped here, with no lock held.
        given.map_err(|_| Error::HasFinalizer { address })
    }

    /// Takes the object's finalizer away; false if it had none, or it is queued. Not a safepoint; may wait for a short lock.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if `object` is none of this heap's.
    pub fn remove_finalizer(&mut self, object: NonNull<u8>) -> Result<bool, Error> {
        let address = self.object_at(object)?;
        // Dropped with no lock held.
        let finalizer = self.shared().specials.with(address, |special| special.finalizer.take());
        Ok(finalizer.is_some())
    }

    /// Has `cleanup` run after the object has died. Any number per object, in no order, after its finalizer if it has one
    /// (Go's `AddCleanup`). Unlike a finalizer it does not get the object and cannot revive it. Somebody has to call
    /// [`Mutator::run_finalizers`]. Not a safepoint; may wait for a short lock.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout};
    /// # let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let object = mutator.alloc(Layout::NO_SCAN, 16)?;
    /// let id = mutator.add_cleanup(object, || println!("gone"))?;
    /// assert!(mutator.stop_cleanup(id));
    /// mutator.collect();
    /// assert_eq!(mutator.run_finalizers(), 0);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if `object` is none of this heap's.
    pub fn add_cleanup(
        &mut self,
        object: NonNull<u8>,
        cleanup: impl FnOnce() + Send + 'static,
    ) -> Result<CleanupId, Error> {
        self.give_cleanup(object, Cleanup::Rust(Box::new(cleanup)))
    }

    /// [`Mutator::add_cleanup`] for a language runtime, as [`Mutator::set_finalizer_closure`] is for finalizers.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if `object` or `closure` is none of this heap's.
    pub fn add_cleanup_closure(
        &mut self,
        object: NonNull<u8>,
        closure: Option<NonNull<u8>>,
        data: usize,
    ) -> Result<CleanupId, Error> {
        let closure = self.closure(closure, data)?;
        self.give_cleanup(object, Cleanup::Client(closure))
    }

    fn give_cleanup(&mut self, object: NonNull<u8>, cleanup: Cleanup) -> Result<CleanupId, Error> {
        let object = self.object_at(object)?;
        let shared = self.shared();
        let number = shared.specials.next_cleanup.fetch_add(1, Ordering::Relaxed);
        let closure = match &cleanup {
            Cleanup::Client(closure) => closure.object,
            Cleanup::Rust(_) => 0,
        };
        let give = |special: &mut Special| special.cleanups.push((number, cleanup));
        shared.specials.change(object, self.is_marking(), give, |()| {
            Greyer::new(shared).precise(closure);
        });
        Ok(CleanupId { object, number })
    }

    /// Takes a cleanup back; false if it is queued or has run. Not a safepoint; may wait for a short lock.
    pub fn stop_cleanup(&mut self, id: CleanupId) -> bool {
        // Dropped with no lock held.
        let cleanup = self.shared().specials.with(id.object, |special| {
            let place = special.cleanups.iter().position(|&(number, _)| number == id.number)?;
            Some(special.cleanups.remove(place))
        });
        cleanup.is_some()
    }

    /// A weak reference to an object; `object` may lie anywhere inside it. Not a safepoint; may wait for a short lock.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if `object` is none of this heap's.
    pub fn weak(&mut self, object: NonNull<u8>) -> Result<Weak, Error> {
        let address = self.object_at(object)?;
        let cell = self.shared().specials.with(address, |special| {
            Arc::clone(special.weak.get_or_insert_with(|| Arc::new(WeakCell::new(address))))
        });
        Ok(Weak { cell })
    }

    /// Runs the finalizers and cleanups that are queued, and says how many. Each runs with no lock held, and finalizers may
    /// use the mutator: so this is a safepoint. Several threads may run finalizers at a time.
    ///
    /// # Panics
    /// If one of them does; that one is lost, the others stay queued.
    pub fn run_finalizers(&mut self) -> usize {
        let mut ran = 0;
        loop {
            // Each time anew: a finalizer may have put another heap's mutator in this one's place.
            let shared = Arc::clone(self.shared());
            let next = |queue: &mut VecDeque<Task>| queue.pop_front();
            let task = shared.specials.queue.change(self.is_marking(), next, |task| {
                if let Some(Task::Finalize(object, _)) = task {
                    Greyer::new(&shared).precise(*object);
                }
            });
            let Some(task) = task else { return ran };
            shared.specials.count(matches!(task, Task::CleanUp(_)), 1);
            match task {
                Task::CleanUp(cleanup) => cleanup(),
                Task::Finalize(object, finalizer) => {
                    let object = NonNull::new(object as *mut u8).expect("objects have addresses");
                    let root = self.root(object);
                    finalizer(self, object);
                    drop(root);
                }
            }
            ran += 1;
        }
    }

    /// Takes the next finalizer or cleanup of the client's own that is due, in the order of the deaths that were found; the
    /// caller runs it. [`Mutator::run_finalizers`] leaves these alone. The object, if there is one, and the closure are the
    /// caller's to hold by its next safepoint. Not a safepoint; may wait for a short lock.
    ///
    /// ```
    /// # use trigo_heap::{Config, Due, Heap, Layout};
    /// # let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let file = mutator.alloc(Layout::NO_SCAN, 16)?;
    /// mutator.set_finalizer_closure(file, None, 7)?;
    /// mutator.collect();
    /// assert_eq!(mutator.next_due(), Some(Due { object: Some(file), closure: None, data: 7 }));
    /// assert_eq!(mutator.next_due(), None);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn next_due(&mut self) -> Option<Due> {
        let shared = Arc::clone(self.shared());
        let next = |due: &mut VecDeque<(usize, Closure)>| due.pop_front();
        let (object, closure) = shared.specials.due.change(self.is_marking(), next, |due| {
            let mut greyer = Greyer::new(&shared);
            if let Some((object, closure)) = due {
                [*object, closure.object].into_iter().for_each(|o| _ = greyer.precise(o));
            }
        })?;
        shared.specials.count(object == 0, 1);
        Some(Due { object: pointer(object), closure: pointer(closure.object), data: closure.data })
    }
}
