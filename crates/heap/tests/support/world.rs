//! The interpreter: one mutator, its roots and its shadow graph.
//!
//! Raw pointers never live across a safepoint here, except on stacks that the heap scans: a program is
//! only as good as the roots it keeps.

use super::{
    exchange::Exchange,
    forms::{Form, Forms},
    graph::{Edge, Graph, Node},
    lifetimes::{Deaths, WeakModel},
    source::Source,
};
use std::{
    cell::UnsafeCell,
    collections::HashMap,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use trigo_heap::{Error, Heap, Mutator, Root, Stack};

/// Root handles of a world.
const ROOTS: usize = 24;
/// Registered stacks of a world.
const STACKS: usize = 3;
/// Words of a registered stack.
const DEPTH: usize = 12;
/// Words on the native stack.
pub const NATIVES: usize = 6;
/// Reachable objects beyond which half of the roots are dropped.
const MOST: usize = 400;

/// What the worlds of one heap share. It must not hold the heap, which holds finalizers that know it.
#[derive(Debug)]
pub struct Ground {
    /// The shapes.
    pub forms: Forms,
    /// Objects that change hands.
    pub exchange: Exchange,
    /// Objects that died.
    pub deaths: Deaths,
    /// Cycles that have ended.
    pub cycles: AtomicU64,
    next_id: AtomicU64,
}

impl Ground {
    /// The ground for a heap.
    pub fn new(heap: &Heap) -> Arc<Self> {
        Arc::new(Self {
            forms: Forms::new(heap),
            exchange: Exchange::default(),
            deaths: Deaths::default(),
            cycles: AtomicU64::new(0),
            next_id: AtomicU64::new(1),
        })
    }

    /// A number that was never given before.
    pub fn number(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

/// What programs may do.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// Change the heap's targets, and ask for cycles.
    pub control: bool,
    /// Give finalizers to objects with fields too, so that cycles with finalizers come about.
    pub cyclic_finalizers: bool,
    /// Hand objects to other worlds.
    pub exchange: bool,
}

/// A parked stack of the world, in memory of its own.
#[derive(Debug)]
pub struct Pile {
    stack: Arc<Stack>,
    memory: Box<[UnsafeCell<usize>; DEPTH]>,
    edges: Vec<Edge>,
}

/// One mutator's state in a program.
#[derive(Debug)]
pub struct World {
    pub heap: Heap,
    pub ground: Arc<Ground>,
    pub graph: Graph,
    pub roots: Vec<(Root, Edge)>,
    pub piles: Vec<Pile>,
    pub weaks: Vec<WeakModel>,
    /// Nodes with finalizers or cleanups, by number.
    pub specials: HashMap<u64, u32>,
    /// Words on the native stack, if that is scanned, and what they refer to.
    natives: Option<(*const u8, [Edge; NATIVES], *mut [usize; NATIVES])>,
    mutator: Option<Mutator>,
    abilities: Abilities,
    cycles_checked: u64,
    /// Operations done.
    pub operations: u64,
}

impl World {
    /// An empty world on the calling thread.
    pub fn new(heap: &Heap, ground: &Arc<Ground>, abilities: Abilities) -> Self {
        let mut mutator = heap.attach();
        let roots = (0..ROOTS).map(|_| (mutator.empty_root(), Edge::NULL)).collect();
        Self {
            heap: heap.clone(),
            ground: Arc::clone(ground),
            graph: Graph::default(),
            roots,
            piles: Vec::new(),
            weaks: Vec::new(),
            specials: HashMap::new(),
            natives: None,
            mutator: Some(mutator),
            abilities,
            cycles_checked: 0,
            operations: 0,
        }
    }

    /// Has the thread's own stack scanned below `top`, where `words` lie.
    pub fn use_native_stack(&mut self, top: *const u8, words: *mut [usize; NATIVES]) {
        self.natives = Some((top, [Edge::NULL; NATIVES], words));
        // SAFETY: the caller of `run::native` keeps both in frames that outlive the world's use of them.
        unsafe { self.m().scan_native_stack(top) };
    }

    /// The mutator.
    pub fn m(&mut self) -> &mut Mutator {
        self.mutator.as_mut().expect("a world has a mutator while it runs")
    }

    /// Runs operations until the source is exhausted, checking after every cycle and at the end.
    pub fn run(&mut self, source: &mut impl Source) {
        while source.more() {
            self.step(source);
            self.operations += 1;
            let cycles = self.ground.cycles.load(Ordering::Relaxed);
            if cycles != self.cycles_checked {
                self.cycles_checked = cycles;
                if self.check() > MOST {
                    self.drop_half();
                }
            }
        }
        self.check();
    }

    fn step(&mut self, source: &mut impl Source) {
        match source.below(100) {
            0..22 => self.allocate(source),
            22..26 => self.churn(source),
            26..40 => self.link(source),
            40..48 => self.unlink(source),
            48..54 => self.move_field(source),
            54..60 => self.set_root(source),
            60..63 => self.drop_root(source),
            63..67 => self.push_walked(source),
            67..71 => self.field_to_stack(source),
            71..75 => self.stack_to_fresh(source),
            75..77 => self.pop(source),
            77 => self.renew_stack(source),
            78..80 => self.native(source),
            80..86 => self.lifetime(source),
            86..91 => self.m().poll(),
            91..94 => self.rest(source),
            94 if source.one_in(50) => self.reattach(),
            95 if self.abilities.control => self.control(source),
            96 if self.abilities.exchange => self.send(source),
            97 if self.abilities.exchange => self.receive(),
            98 => drop(self.take_deaths()),
            _ => {}
        }
    }

    fn rest(&mut self, source: &mut impl Source) {
        match source.below(64) {
            0 => self.m().blocked(|| std::thread::sleep(Duration::from_micros(50))),
            1..20 => self.m().blocked(std::thread::yield_now),
            _ => self.m().blocked(|| ()),
        }
    }

    fn control(&mut self, source: &mut impl Source) {
        match source.below(400) {
            0..3 => self.m().collect(),
            3 => drop(self.heap.set_gc_percent(None)),
            4..8 => drop(self.heap.set_gc_percent(Some(source.below(300)))),
            8 => drop(self.heap.set_memory_limit(Some((source.below(64) as usize) << 16))),
            9 => drop(self.heap.set_memory_limit(None)),
            10 => self.heap.add_external(source.below(100_000) as usize),
            11 => self.heap.sub_external(source.below(100_000) as usize),
            _ => {}
        }
    }

    /// Gives the mutator up and takes another.
    fn reattach(&mut self) {
        drop(self.mutator.take());
        let mutator = self.mutator.insert(self.heap.attach());
        if let Some((top, edges, words)) = &mut self.natives {
            // Nobody scanned the words meanwhile: what they led to may be gone.
            *edges = [Edge::NULL; NATIVES];
            // SAFETY: as in `use_native_stack`.
            unsafe {
                words.write_volatile([0; NATIVES]);
                mutator.scan_native_stack(*top);
            }
        }
    }

    /// A fresh object with its shadow. The next safepoint frees it unless it is stored somewhere.
    fn fresh(&mut self, form: Form, bytes: usize) -> Option<u32> {
        let ground = Arc::clone(&self.ground);
        let address = match ground.forms.alloc(self.m(), form, bytes) {
            Ok(address) => address,
            Err(Error::OutOfMemory { .. }) => {
                self.drop_half();
                self.m().collect();
                return None;
            }
            Err(error) => panic!("model: allocating {bytes} bytes: {error}"),
        };
        let node = Node::new(ground.number(), address, form, bytes);
        node.initialise();
        Some(self.graph.add(node))
    }

    fn allocate(&mut self, source: &mut impl Source) {
        let (form, bytes) = Form::pick(source);
        let Some(node) = self.fresh(form, bytes) else { return };
        for at in 0..self.graph.get(node).fields().min(source.below(4) as usize) {
            if let Some(to) = self.walk(source) {
                self.init(node, at, Edge::new(to, 0));
            }
        }
        self.place(Edge::new(node, 0), source);
        self.graph.get(node).check_number();
    }

    /// Stores a reference into a root, a stack or a field.
    fn place(&mut self, edge: Edge, source: &mut impl Source) {
        match source.below(8) {
            0..2 => self.set_root_to(source.below(ROOTS as u32) as usize, edge),
            2 => self.push(edge, source),
            _ => match self.walk_to_field(source) {
                Some((node, at)) => self.store(node, at, edge),
                None => self.set_root_to(source.below(ROOTS as u32) as usize, edge),
            },
        }
    }

    /// Allocates objects that are garbage at once.
    fn churn(&mut self, source: &mut impl Source) {
        let (form, bytes) = Form::pick(source);
        let many = if bytes > 4096 { 1 } else { 1 + source.below(40) };
        for _ in 0..many {
            if let Some(node) = self.fresh(form, bytes) {
                self.graph.remove(node);
            }
        }
    }

    fn link(&mut self, source: &mut impl Source) {
        let Some((node, at)) = self.walk_to_field(source) else { return };
        let Some(to) = self.walk(source) else { return };
        let inside = self.graph.get(to).bytes;
        let offset = if source.one_in(4) { source.below(inside) } else { 0 };
        self.store(node, at, Edge::new(to, offset));
    }

    fn unlink(&mut self, source: &mut impl Source) {
        if let Some((node, at)) = self.walk_to_field(source) {
            self.store(node, at, Edge::NULL);
        }
    }

    /// Loads a field, stores its value elsewhere, and clears it.
    fn move_field(&mut self, source: &mut impl Source) {
        let Some((from, at)) = self.walk_to_field(source) else { return };
        let Some((to, there)) = self.walk_to_field(source) else { return };
        let edge = self.graph.get(from).edge(at);
        self.store(from, at, Edge::NULL);
        self.store(to, there, edge);
    }

    fn set_root(&mut self, source: &mut impl Source) {
        let at = source.below(ROOTS as u32) as usize;
        let edge = match self.walk(source) {
            Some(node) if !source.one_in(3) => {
                Edge::new(node, source.below(self.graph.get(node).bytes))
            }
            _ => Edge::NULL,
        };
        self.set_root_to(at, edge);
    }

    pub fn set_root_to(&mut self, at: usize, edge: Edge) {
        let object = NonNull::new(self.graph.pointer(edge) as *mut u8);
        let mutator = self.mutator.as_mut().expect("a world has a mutator while it runs");
        let (root, shadow) = &mut self.roots[at];
        root.set(mutator, object);
        *shadow = edge;
    }

    /// Drops a handle, and makes a fresh one: empty, or for what another root leads to.
    fn drop_root(&mut self, source: &mut impl Source) {
        let at = source.below(ROOTS as u32) as usize;
        let root = match self.walk(source).filter(|_| source.one_in(2)) {
            Some(node) => {
                let address = self.graph.get(node).address;
                let object = NonNull::new(address as *mut u8).expect("objects have addresses");
                (self.m().root(object), Edge::new(node, 0))
            }
            None => (self.m().empty_root(), Edge::NULL),
        };
        self.roots[at] = root;
    }

    /// Stores a reference into a field.
    pub fn store(&mut self, node: u32, at: usize, edge: Edge) {
        let value = self.graph.pointer(edge) as *mut u8;
        let slot = self.graph.get(node).field(at);
        // SAFETY: the node was reached from a root since the last safepoint, so its object is live; so is the value's.
        unsafe { self.m().store(slot, value) };
        self.graph.get_mut(node).set_edge(at, edge);
    }

    /// Stores a reference into a field of an object that was allocated since the last safepoint.
    fn init(&mut self, node: u32, at: usize, edge: Edge) {
        let value = self.graph.pointer(edge) as *mut u8;
        let slot = self.graph.get(node).field(at);
        // SAFETY: as in `store`; the node is fresh.
        unsafe { self.m().init(slot, value) };
        self.graph.get_mut(node).set_edge(at, edge);
    }

    /// An object reached by a random path from a root; the path's fields are checked on the way.
    pub fn walk(&mut self, source: &mut impl Source) -> Option<u32> {
        let mut at = self.start(source)?;
        for _ in 0..source.below(6) {
            let node = self.graph.get(at);
            node.check_number();
            let fields = node.fields();
            if fields == 0 {
                break;
            }
            let field = source.below(fields as u32) as usize;
            self.graph.check_field(node, field);
            match node.edge(field).node() {
                Some(next) => at = next,
                None => break,
            }
        }
        self.graph.get(at).check_number();
        Some(at)
    }

    /// Where a path begins.
    fn start(&mut self, source: &mut impl Source) -> Option<u32> {
        if let Some(pile) = self.piles.get(source.below(12) as usize) {
            let top = pile.edges.last().copied().unwrap_or(Edge::NULL);
            if top.node().is_some() {
                return top.node();
            }
        }
        let first = source.below(ROOTS as u32) as usize;
        let (root, edge) = (0..ROOTS)
            .map(|i| &self.roots[(first + i) % ROOTS])
            .find(|(_, edge)| edge.node().is_some())?;
        let held = root.get().map_or(0, |p| p.as_ptr() as usize);
        assert_eq!(held, self.graph.pointer(*edge), "model: a root holds something else");
        edge.node()
    }

    /// A field of an object reached by a random path.
    fn walk_to_field(&mut self, source: &mut impl Source) -> Option<(u32, usize)> {
        let node = self.walk(source)?;
        let fields = self.graph.get(node).fields();
        (fields > 0).then(|| (node, source.below(fields as u32) as usize))
    }

    fn push_walked(&mut self, source: &mut impl Source) {
        if let Some(node) = self.walk(source) {
            let offset = source.below(self.graph.get(node).bytes);
            self.push(Edge::new(node, offset), source);
        }
    }

    /// Pushes a reference onto a stack, which may be a new one.
    fn push(&mut self, edge: Edge, source: &mut impl Source) {
        let value = self.graph.pointer(edge);
        let at = source.below(STACKS as u32) as usize;
        if at >= self.piles.len() {
            self.piles.push(Pile::new(self.mutator.as_mut().expect("a world has a mutator")));
        }
        let last = self.piles.len() - 1;
        let mutator = self.mutator.as_mut().expect("a world has a mutator");
        self.piles[at.min(last)].push(mutator, edge, value);
    }

    /// Takes a reference out of a field; from then on it is on a stack alone. Without the deletion half of the barrier
    /// the collector does not hear of it once the stack is scanned.
    fn field_to_stack(&mut self, source: &mut impl Source) {
        let Some((node, at)) = self.walk_to_field(source) else { return };
        let edge = self.graph.get(node).edge(at);
        if edge.node().is_some() {
            self.push(edge, source);
            self.store(node, at, Edge::NULL);
        }
    }

    /// Moves a reference that may be on a stack alone into a fresh object. Without the insertion half of the barrier
    /// the collector does not hear of it while the stack is not scanned and the object is born black.
    fn stack_to_fresh(&mut self, source: &mut impl Source) {
        let at = source.below(STACKS as u32) as usize;
        if self.piles.get(at).is_none_or(|p| p.edges.is_empty()) {
            return;
        }
        let (form, bytes) = Form::pick(source);
        let Some(node) = self.fresh(form, bytes) else { return };
        if self.graph.get(node).fields() == 0 {
            return drop(self.graph.remove(node));
        }
        let mutator = self.mutator.as_mut().expect("a world has a mutator");
        let edge = self.piles[at].pop(mutator);
        if source.one_in(2) {
            self.init(node, 0, edge);
        } else {
            self.store(node, 0, edge);
        }
        self.set_root_to(source.below(ROOTS as u32) as usize, Edge::new(node, 0));
    }

    fn pop(&mut self, source: &mut impl Source) {
        let at = source.below(STACKS as u32) as usize;
        let Some(pile) = self.piles.get_mut(at).filter(|p| !p.edges.is_empty()) else { return };
        let edge = pile.pop(self.mutator.as_mut().expect("a world has a mutator"));
        if let Some((node, at)) = self.walk_to_field(source) {
            self.store(node, at, edge);
        }
    }

    /// Forgets a stack; a later push makes a new one.
    fn renew_stack(&mut self, source: &mut impl Source) {
        let at = source.below(STACKS as u32) as usize;
        if at < self.piles.len() {
            let pile = self.piles.swap_remove(at);
            pile.remove(self.m());
        }
    }

    /// Sets a word on the native stack, or moves what it refers to into the heap.
    fn native(&mut self, source: &mut impl Source) {
        let Some((_, edges, words)) = self.natives else { return };
        let at = source.below(NATIVES as u32) as usize;
        let old = edges[at];
        let new = match self.walk(source) {
            Some(node) if source.one_in(2) => Edge::new(node, 0),
            _ => Edge::NULL,
        };
        if old.node().is_some()
            && let Some((node, field)) = self.walk_to_field(source)
        {
            self.store(node, field, old);
        }
        // SAFETY: the words are in a frame below this one, see `use_native_stack`.
        unsafe { words.cast::<usize>().add(at).write_volatile(self.graph.pointer(new)) };
        if let Some((_, edges, _)) = &mut self.natives {
            edges[at] = new;
        }
    }

    /// Everything that keeps objects alive.
    pub fn root_edges(&self) -> Vec<Edge> {
        let natives = self.natives.iter().flat_map(|(_, edges, _)| edges.iter());
        let piles = self.piles.iter().flat_map(|p| &p.edges);
        self.roots.iter().map(|(_, edge)| edge).chain(piles).chain(natives).copied().collect()
    }

    /// Reaches everything from the roots; how much that is.
    pub fn reach_all(&mut self) -> usize {
        self.graph.begin();
        self.root_edges().into_iter().map(|e| self.graph.reach(e, |_, _| ())).sum()
    }

    /// Checks all that can be reached, and forgets the rest; how many objects it reached.
    pub fn check(&mut self) -> usize {
        self.graph.begin();
        let mut reached = 0;
        for edge in self.root_edges() {
            reached += self.graph.reach(edge, |graph, node| graph.check(node));
        }
        self.check_weaks();
        self.forget_garbage();
        reached
    }

    fn drop_half(&mut self) {
        for at in (0..ROOTS).step_by(2) {
            self.set_root_to(at, Edge::NULL);
        }
        for pile in std::mem::take(&mut self.piles) {
            pile.remove(self.m());
        }
    }

    /// Clears every root that refers to a node for which `f` says so.
    pub fn clear_roots(&mut self, f: impl Fn(&Graph, u32) -> bool) {
        let hit = |graph: &Graph, edge: Edge| edge.node().is_some_and(|node| f(graph, node));
        for at in 0..ROOTS {
            if hit(&self.graph, self.roots[at].1) {
                self.set_root_to(at, Edge::NULL);
            }
        }
        let (graph, piles) = (&self.graph, &mut self.piles);
        let gone: Vec<_> =
            piles.extract_if(.., |p| p.edges.iter().any(|&e| hit(graph, e))).collect();
        gone.into_iter().for_each(|pile| pile.remove(self.m()));
        if let Some((_, edges, words)) = &mut self.natives {
            for (at, edge) in edges.iter_mut().enumerate() {
                if hit(&self.graph, *edge) {
                    *edge = Edge::NULL;
                    // SAFETY: as in `native`.
                    unsafe { words.cast::<usize>().add(at).write_volatile(0) };
                }
            }
        }
    }

    /// What programs here may do.
    pub fn abilities(&self) -> Abilities {
        self.abilities
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for pile in std::mem::take(&mut self.piles) {
            if let Some(mutator) = &mut self.mutator {
                pile.remove(mutator);
            }
        }
    }
}

impl Pile {
    fn new(mutator: &mut Mutator) -> Self {
        let memory = Box::new([const { UnsafeCell::new(0) }; DEPTH]);
        let top = memory.as_ptr_range().end.cast::<u8>();
        // SAFETY: nothing is on the stack yet, and only `change` touches it.
        let stack = unsafe { mutator.new_parked_stack(top, top) };
        Self { stack, memory, edges: Vec::new() }
    }

    fn remove(self, mutator: &mut Mutator) {
        // That waits until no scan reads the memory, which is freed next.
        mutator.remove_stack(&self.stack);
    }

    fn push(&mut self, mutator: &mut Mutator, edge: Edge, value: usize) {
        if self.edges.len() == DEPTH {
            self.pop(mutator);
        }
        self.edges.push(edge);
        self.change(mutator, DEPTH - self.edges.len(), DEPTH - self.edges.len(), value);
    }

    fn pop(&mut self, mutator: &mut Mutator) -> Edge {
        let edge = self.edges.pop().expect("the pile is not empty");
        self.change(mutator, DEPTH - 1 - self.edges.len(), DEPTH - self.edges.len(), 0);
        edge
    }

    /// Runs the stack, without a safepoint, to set word `at` and the stack pointer.
    fn change(&mut self, mutator: &mut Mutator, at: usize, sp: usize, value: usize) {
        // SAFETY: the stack is this mutator's, and no safepoint comes before it is parked again, with all its words
        // at or above `sp`.
        unsafe {
            mutator.resume_stack(&self.stack);
            self.memory[at].get().write_volatile(value);
            mutator.park_stack(self.memory.as_ptr().add(sp).cast());
        }
    }
}
