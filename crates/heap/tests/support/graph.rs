//! The shadow graph: what one mutator's objects must look like, in ordinary memory.

use super::forms::{FIELDS, Form, word};
use std::sync::atomic::Ordering;
use trigo_heap::{CleanupId, POISON};

/// No node.
const NONE: u32 = u32::MAX;

/// A reference: a node and an offset into its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    node: u32,
    offset: u32,
}

impl Edge {
    /// A null pointer.
    pub const NULL: Edge = Edge { node: NONE, offset: 0 };

    /// A pointer to byte `offset` of a node's object.
    pub fn new(node: u32, offset: u32) -> Self {
        Self { node, offset }
    }

    /// The node; `None` if it is null.
    pub fn node(self) -> Option<u32> {
        (self.node != NONE).then_some(self.node)
    }

    /// The same place of the node that `renumber` gives for this one.
    pub fn renumbered(self, renumber: impl Fn(u32) -> u32) -> Self {
        self.node().map_or(Self::NULL, |node| Self { node: renumber(node), ..self })
    }
}

/// An object's shadow.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its number, which no other object of the process has.
    pub id: u64,
    /// Its address.
    pub address: usize,
    /// Its size in bytes, as it was asked for.
    pub bytes: u32,
    /// Its shape.
    pub form: Form,
    /// The finalizer it has.
    pub finalizer: Option<u64>,
    /// Its cleanups that have not run.
    pub cleanups: Vec<(CleanupId, u64)>,
    slots: [u32; FIELDS],
    count: u8,
    edges: [Edge; FIELDS],
    seen: u32,
}

impl Node {
    /// The shadow of a fresh object, whose fields are null.
    pub fn new(id: u64, address: usize, form: Form, bytes: usize) -> Self {
        let (slots, count) = form.fields(bytes / 8);
        Self {
            id,
            address,
            bytes: bytes as u32,
            form,
            finalizer: None,
            cleanups: Vec::new(),
            slots,
            count: count as u8,
            edges: [Edge::NULL; FIELDS],
            seen: 0,
        }
    }

    /// How many fields it has.
    pub fn fields(&self) -> usize {
        self.count as usize
    }

    /// The address of a field.
    pub fn field(&self, at: usize) -> *mut *mut u8 {
        (self.address + 8 * self.slots[at] as usize) as *mut *mut u8
    }

    /// What a field refers to.
    pub fn edge(&self, at: usize) -> Edge {
        self.edges[at]
    }

    /// Notes a store.
    pub fn set_edge(&mut self, at: usize, edge: Edge) {
        self.edges[at] = edge;
    }

    /// All references in it.
    pub fn edges(&self) -> &[Edge] {
        &self.edges[..self.fields()]
    }

    /// Replaces its references.
    pub fn map_edges(&mut self, f: impl Fn(Edge) -> Edge) {
        self.edges[..self.count as usize].iter_mut().for_each(|e| *e = f(*e));
    }

    /// Whether a death of it will be noticed.
    pub fn is_special(&self) -> bool {
        self.finalizer.is_some() || !self.cleanups.is_empty()
    }

    /// Writes number and checksums into the fresh object, which must read as zero.
    pub fn initialise(&self) {
        let words = self.bytes as usize / 8;
        for i in (0..words).step_by(words.div_ceil(256)) {
            let found = word(self.address, i).load(Ordering::Relaxed);
            assert_eq!(found, 0, "model: word {i} of the fresh {self:?} is not zero: {found:#x}");
        }
        let fields = &self.slots[..self.fields()];
        self.form.each_number(self.id, words, fields, |i, value| {
            word(self.address, i).store(value, Ordering::Relaxed);
        });
    }

    /// Checks the object's number alone.
    pub fn check_number(&self) {
        self.form.each_number(self.id, 1, &[], |i, value| self.expect(i, value, "number"));
    }

    fn check_numbers(&self) {
        let fields = &self.slots[..self.fields()];
        self.form.each_number(self.id, self.bytes as usize / 8, fields, |i, value| {
            self.expect(i, value, "checksum");
        });
    }

    fn expect(&self, i: usize, value: usize, what: &str) {
        let found = word(self.address, i).load(Ordering::Relaxed);
        let poison = usize::from_ne_bytes([POISON; 8]);
        let why = if found == poison { "it was freed" } else { "it was overwritten" };
        assert!(
            found == value,
            "model: the {what} in word {i} of a reachable object is {found:#x}, not {value:#x}: {why}; {self:?}"
        );
    }
}

/// The objects of one mutator.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    free: Vec<u32>,
    stamp: u32,
    queue: Vec<u32>,
}

impl Graph {
    /// Adds a node.
    pub fn add(&mut self, mut node: Node) -> u32 {
        node.seen = 0;
        match self.free.pop() {
            Some(at) => {
                self.nodes[at as usize] = node;
                at
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }

    /// Takes a node out.
    pub fn remove(&mut self, at: u32) -> Node {
        self.free.push(at);
        let node = &mut self.nodes[at as usize];
        let gone = node.clone();
        (node.address, node.finalizer, node.cleanups) = (0, None, Vec::new());
        gone
    }

    /// A node.
    pub fn get(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// A node, to change.
    pub fn get_mut(&mut self, at: u32) -> &mut Node {
        &mut self.nodes[at as usize]
    }

    /// All nodes.
    pub fn each(&self) -> impl Iterator<Item = (u32, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, n)| n.address != 0).map(|(i, n)| (i as u32, n))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// The pointer that an edge stands for.
    pub fn pointer(&self, edge: Edge) -> usize {
        edge.node().map_or(0, |node| self.get(node).address + edge.offset as usize)
    }

    /// Forgets what was reached.
    pub fn begin(&mut self) {
        self.stamp = self.stamp.wrapping_add(1).max(1);
    }

    /// Whether a node was reached since [`Graph::begin`].
    pub fn reached(&self, node: u32) -> bool {
        self.get(node).seen == self.stamp
    }

    /// Reaches everything that `edge` leads to, and calls `f` with each node reached for the first time; how many.
    pub fn reach(&mut self, edge: Edge, mut f: impl FnMut(&Graph, &Node)) -> usize {
        let mut found = 0;
        let mut queue = std::mem::take(&mut self.queue);
        queue.extend(edge.node());
        while let Some(at) = queue.pop() {
            let node = &mut self.nodes[at as usize];
            if node.seen != self.stamp {
                node.seen = self.stamp;
                found += 1;
                let node = &self.nodes[at as usize];
                assert!(node.address != 0, "model: the shadow has lost a node");
                queue.extend(node.edges().iter().filter_map(|e| e.node()));
                f(self, node);
            }
        }
        self.queue = queue;
        found
    }

    /// Checks that an object is as its shadow says.
    pub fn check(&self, node: &Node) {
        node.check_numbers();
        (0..node.fields()).for_each(|at| self.check_field(node, at));
    }

    /// Checks one field.
    pub fn check_field(&self, node: &Node, at: usize) {
        let found = word(node.field(at) as usize, 0).load(Ordering::Relaxed);
        let want = self.pointer(node.edge(at));
        assert_eq!(
            found, want,
            "model: field {at} of a reachable object holds {found:#x}; {node:?}"
        );
    }
}
