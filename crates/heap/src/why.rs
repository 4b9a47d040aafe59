//! "Why is this object alive": the path from a root to a given object.
//!
//! Between two cycles, with all mutators held, the heap is searched breadth first from the roots, and
//! for each object is kept in ordinary memory who led to it first. Precise roots are searched before
//! stacks, whose words are only taken for pointers: so a path that is certain is preferred to a shorter
//! one that may be an accident, and to the variables of whoever asks.

use crate::{
    Heap, LayoutKind, Mutator, collector::Moment, error::Error, heap::Shared, mark::load_word,
    roots::RootVisitor, space::Found, special::Kept, sync::lock,
};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    ptr::NonNull,
};

/// Why an object is alive: a root, and the objects from there to the one that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Path {
    /// Where the path begins.
    pub root: RootKind,
    /// The objects, the root's first, the one in question last. Never empty.
    pub steps: Vec<Step>,
}

/// What sort of root keeps an object alive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootKind {
    /// A [`Root`](crate::Root) handle.
    Handle,
    /// A [`RootSource`](crate::RootSource), by its name.
    Source(String),
    /// The finalizer or a cleanup of the object at this address, which is not itself alive by it: the first step is
    /// what that points to, or the closure to be run.
    Finalizer(usize),
    /// A finalizer or cleanup that is queued and has not run: the first step is its object, or its closure.
    QueuedFinalizer,
    /// A word on the stack that runs on a mutator. It may be no pointer at all.
    RunningStack {
        /// The mutator's number.
        mutator: u32,
        /// The word's address.
        at: usize,
    },
    /// A word on a parked [`Stack`](crate::Stack).
    ParkedStack {
        /// The stack's highest address, which names it.
        top: usize,
        /// The word's address.
        at: usize,
    },
}

/// An object on a [`Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Its address.
    pub address: usize,
    /// Bytes of its slot.
    pub size: usize,
    /// How its pointers are known.
    pub layout: LayoutKind,
    /// Where in it, in bytes, the pointer to the next step stands. `None` in the last step, and where a trace function
    /// reported a pointer that is no word of the object.
    pub field: Option<usize>,
}

impl Mutator {
    /// A path from a root to the object that `object` points into; `None` if there is none and the object is garbage that
    /// has not been collected yet. Blocks while a cycle runs and for the search, which visits at most the whole heap and
    /// needs some 50 bytes of memory for each object it meets; all other mutators are held during the search. A safepoint.
    ///
    /// ```
    /// # use trigo_heap::{Config, Heap, Layout, RootKind};
    /// let heap = Heap::new(Config::default())?;
    /// let mut mutator = heap.attach();
    /// let (outer, inner) = (mutator.alloc(Layout::POINTERS, 32)?, mutator.alloc(Layout::NO_SCAN, 8)?);
    /// let root = mutator.root(outer);
    /// // SAFETY: the slot is the object's second word.
    /// unsafe { mutator.store(outer.cast::<*mut u8>().as_ptr().add(1), inner.as_ptr()) };
    /// let path = mutator.why_alive(inner)?.expect("it is reachable");
    /// assert_eq!(path.root, RootKind::Handle);
    /// assert_eq!(path.steps[0].field, Some(8));
    /// println!("{path}");
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotAnObject`] if `object` points into no object of this heap.
    pub fn why_alive(&mut self, object: NonNull<u8>) -> Result<Option<Path>, Error> {
        let heap = self.heap().clone();
        self.blocked(|| heap.why_alive(object))
    }
}

impl Heap {
    /// [`Mutator::why_alive`] for a thread that is not attached to this heap.
    ///
    /// # Errors
    /// As for [`Mutator::why_alive`].
    ///
    /// # Panics
    /// As for [`Heap::collect`].
    pub fn why_alive(&self, object: NonNull<u8>) -> Result<Option<Path>, Error> {
        self.shared.assert_may_wait();
        let (heap, address) = (&*self.shared, object.as_ptr() as usize);
        heap.control.while_held(Moment::Idle, || {
            let target = allocated(heap, address).ok_or(Error::NotAnObject { address })?.base();
            Ok(Search::new(heap, target).run())
        })
    }
}

/// The allocated object that an address points into.
fn allocated(heap: &Shared, address: usize) -> Option<Found<'_>> {
    heap.space.find(address).filter(|found| heap.space.is_allocated(found))
}

/// Who led to an object first.
enum Parent {
    Root(RootKind),
    Object { base: usize, field: Option<usize> },
}

struct Search<'h> {
    heap: &'h Shared,
    target: usize,
    parents: HashMap<usize, Parent>,
    queue: VecDeque<usize>,
}

impl<'h> Search<'h> {
    fn new(heap: &'h Shared, target: usize) -> Self {
        Self { heap, target, parents: HashMap::new(), queue: VecDeque::new() }
    }

    fn run(mut self) -> Option<Path> {
        self.precise_roots();
        self.follow();
        if !self.found() {
            self.stacks();
            self.follow();
        }
        self.found().then(|| self.path())
    }

    fn found(&self) -> bool {
        self.parents.contains_key(&self.target)
    }

    /// Takes note of an object that was met for the first time.
    fn meet(&mut self, address: usize, parent: impl FnOnce() -> Parent) {
        if let Some(found) = allocated(self.heap, address) {
            let base = found.base();
            self.parents.entry(base).or_insert_with(|| {
                self.queue.push_back(base);
                parent()
            });
        }
    }

    fn precise_roots(&mut self) {
        let heap = self.heap;
        heap.roots.each_slot(|word| self.meet(word, || Parent::Root(RootKind::Handle)));
        for source in heap.roots.sources() {
            let mut words = Vec::new();
            source.scan(&mut RootVisitor::list(&mut words));
            for word in words {
                self.meet(word, || Parent::Root(RootKind::Source(source.name())));
            }
        }
        heap.specials.each_kept(|kept| match kept {
            Kept::Queued(object) => {
                self.meet(object, || Parent::Root(RootKind::QueuedFinalizer));
            }
            Kept::Closure { of, closure } => {
                self.meet(closure, || Parent::Root(RootKind::Finalizer(of)));
            }
            Kept::ChildrenOf(object) => {
                if let Some(found) = allocated(heap, object) {
                    let root = || Parent::Root(RootKind::Finalizer(object));
                    heap.each_pointer(&found, |_, word| self.meet(word, root));
                }
            }
        });
    }

    fn stacks(&mut self) {
        let heap = self.heap;
        let mutators = lock(&heap.registry).roster.members.clone();
        for m in mutators {
            let root = |at| Parent::Root(RootKind::RunningStack { mutator: m.id(), at });
            self.words(m.held_stack(), root);
            self.words(m.client_words(), root);
        }
        heap.roots.stacks.each_held_part(|range| {
            let top = range.end;
            self.words(range, |at| Parent::Root(RootKind::ParkedStack { top, at }));
        });
    }

    fn words(&mut self, range: std::ops::Range<usize>, root: impl Fn(usize) -> Parent) {
        for at in (range.start.next_multiple_of(8)..range.end & !7).step_by(8) {
            self.meet(load_word(at), || root(at));
        }
    }

    /// Goes on from what has been met until that leads no further, or to the target.
    fn follow(&mut self) {
        while !self.found()
            && let Some(base) = self.queue.pop_front()
        {
            let heap = self.heap;
            let found = heap.space.find(base).expect("what was met is an object");
            heap.each_pointer(&found, |field, word| {
                self.meet(word, || Parent::Object { base, field });
            });
        }
    }

    fn path(&self) -> Path {
        let (mut at, mut field, mut steps) = (self.target, None, Vec::new());
        loop {
            let found = self.heap.space.find(at).expect("what was met is an object");
            let (size, layout) = (found.bytes(), self.heap.layout_kind(&found));
            steps.push(Step { address: at, size, layout, field });
            match &self.parents[&at] {
                Parent::Object { base, field: from } => (at, field) = (*base, *from),
                Parent::Root(root) => {
                    steps.reverse();
                    return Path { root: root.clone(), steps };
                }
            }
        }
    }
}

impl fmt::Display for Path {
    /// A line for the root, then one for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)?;
        for step in &self.steps {
            write!(f, "\n  -> {:#x}, {} bytes, {:?}", step.address, step.size, step.layout)?;
            if let Some(field) = step.field {
                write!(f, ", at +{field}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for RootKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RootKind::Handle => write!(f, "a root handle"),
            RootKind::Source(name) => write!(f, "the root source {name}"),
            RootKind::Finalizer(object) => write!(f, "the finalizer of {object:#x}"),
            RootKind::QueuedFinalizer => write!(f, "a queued finalizer"),
            RootKind::RunningStack { mutator, at } => {
                write!(f, "the stack of mutator {mutator}, the word at {at:#x}")
            }
            RootKind::ParkedStack { top, at } => {
                write!(f, "the parked stack below {top:#x}, the word at {at:#x}")
            }
        }
    }
}
