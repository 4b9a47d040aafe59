//! Handing objects from world to world.
//!
//! A whole subgraph goes at once, with its root handle, its weak references and its shadow: every other
//! reference into it is cut first. So each object has its shadow in exactly one world at any time.

use super::{
    graph::{Edge, Node},
    lifetimes::WeakModel,
    source::Source,
    world::World,
};
use std::{collections::HashMap, sync::Mutex};
use trigo_heap::Root;

/// Subgraphs on their way.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<Vec<Parcel>>);

/// A subgraph whose world has given it up. Edges count the parcel's nodes; the root holds the first.
#[derive(Debug)]
struct Parcel {
    root: Root,
    edge: Edge,
    nodes: Vec<Node>,
    weaks: Vec<WeakModel>,
}

/// Parcels beyond which nothing is sent.
const MOST: usize = 8;

impl Exchange {
    fn put(&self, parcel: Parcel) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).push(parcel);
    }

    fn take(&self) -> Option<Parcel> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).pop()
    }

    fn is_full(&self) -> bool {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).len() >= MOST
    }

    /// Forgets what nobody took.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).clear();
    }
}

impl World {
    /// Gives away everything that one root leads to.
    pub fn send(&mut self, source: &mut impl Source) {
        let at = source.below(self.roots.len() as u32) as usize;
        let edge = self.roots[at].1;
        if edge.node().is_none() || self.ground.exchange.is_full() {
            return;
        }
        self.reach_all();
        self.forget_garbage();
        if !self.cut_off(edge) {
            return;
        }
        // Cutting may have cleared this root too, while the path to its object goes on from here without a safepoint.
        self.set_root_to(at, edge);
        let empty = self.m().empty_root();
        let (root, edge) = std::mem::replace(&mut self.roots[at], (empty, Edge::NULL));
        let parcel = self.pack(root, edge);
        self.ground.exchange.put(parcel);
    }

    /// Cuts every reference into what `edge` leads to, which is then marked as reached. False if something unreachable,
    /// that may come back, refers to it.
    fn cut_off(&mut self, edge: Edge) -> bool {
        self.reach_all();
        let reachable: Vec<u32> =
            self.graph.each().map(|(at, _)| at).filter(|&at| self.graph.reached(at)).collect();
        self.graph.begin();
        self.graph.reach(edge, |_, _| ());
        let into = |world: &World, node: &Node| {
            node.edges().iter().any(|e| e.node().is_some_and(|to| world.graph.reached(to)))
        };
        let outside = |world: &World, at: u32| !world.graph.reached(at);
        let revenant = self
            .graph
            .each()
            .any(|(at, node)| outside(self, at) && !reachable.contains(&at) && into(self, node));
        if revenant {
            return false;
        }
        for at in reachable {
            if outside(self, at) && into(self, self.graph.get(at)) {
                for field in 0..self.graph.get(at).fields() {
                    let to = self.graph.get(at).edge(field).node();
                    if to.is_some_and(|to| self.graph.reached(to)) {
                        self.store(at, field, Edge::NULL);
                    }
                }
            }
        }
        self.clear_roots(|graph, node| graph.reached(node));
        true
    }

    /// Takes what was marked as reached out of this world.
    fn pack(&mut self, root: Root, edge: Edge) -> Parcel {
        let gone: Vec<u32> =
            self.graph.each().map(|(at, _)| at).filter(|&at| self.graph.reached(at)).collect();
        let numbers: HashMap<u32, u32> =
            gone.iter().enumerate().map(|(i, &at)| (at, i as u32)).collect();
        let renumber = |at: u32| numbers[&at];
        let weaks = self.weaks.extract_if(.., |w| w.is_alive() && numbers.contains_key(&w.node));
        let weaks = weaks.map(|w| w.renumbered(renumber)).collect();
        let mut nodes = Vec::new();
        for &at in &gone {
            let mut node = self.graph.remove(at);
            self.specials.remove(&node.id);
            node.map_edges(|e| e.renumbered(renumber));
            nodes.push(node);
        }
        Parcel { root, edge: edge.renumbered(renumber), nodes, weaks }
    }

    /// Takes a parcel, if there is one, and unpacks it.
    pub fn receive(&mut self) {
        let Some(parcel) = self.ground.exchange.take() else { return };
        let numbers: Vec<u32> = parcel.nodes.into_iter().map(|n| self.graph.add(n)).collect();
        let renumber = |at: u32| numbers[at as usize];
        for &at in &numbers {
            self.graph.get_mut(at).map_edges(|e| e.renumbered(renumber));
            let node = self.graph.get(at);
            if node.is_special() {
                self.specials.insert(node.id, at);
            }
        }
        self.weaks.extend(parcel.weaks.into_iter().map(|w| w.renumbered(renumber)));
        let edge = parcel.edge.renumbered(renumber);
        self.graph.begin();
        self.graph.reach(edge, |graph, node| graph.check(node));
        let at = self.operations as usize % self.roots.len();
        self.roots[at] = (parcel.root, edge);
    }
}
