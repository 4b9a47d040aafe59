//! Package initialisation order (spec: Package initialization).
//!
//! Variables and constants depend on what their initial values mention,
//! directly or through functions. Functions are eliminated from the graph;
//! then the variable with the fewest dependencies left goes first.

use super::Checker;
use super::errors::Report;
use crate::ids::ObjId;
use crate::object::ObjKind;
use crate::results::Initializer;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

struct Node {
    obj: ObjId,
    pred: BTreeSet<usize>,
    succ: BTreeSet<usize>,
    left: usize,
    done: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn compute_init_order(&mut self) {
        let mut nodes = self.dependency_graph();
        let rank = |c: &Self, n: &Node, i: usize| {
            let o = c.s.obj(n.obj);
            Reverse((!matches!(o.kind, ObjKind::Const(_)), n.left, o.order(), i))
        };
        let mut queue: BinaryHeap<_> = nodes
            .iter()
            .enumerate()
            .filter(|(_, n)| !matches!(self.s.obj(n.obj).kind, ObjKind::Func(_)))
            .map(|(i, n)| rank(self, n, i))
            .collect();
        let mut emitted = FxHashSet::default();
        while let Some(Reverse((_, left, _, i))) = queue.pop() {
            // Entries from before a dependency was done are stale.
            if nodes[i].done || left != nodes[i].left {
                continue;
            }
            nodes[i].done = true;
            let obj = nodes[i].obj;
            if left > 0
                && let Some(cycle) = self.find_init_cycle(obj)
            {
                self.report_init_cycle(&cycle);
            }
            for p in nodes[i].pred.clone() {
                nodes[p].left = nodes[p].left.saturating_sub(1);
                if !nodes[p].done {
                    queue.push(rank(self, &nodes[p], p));
                }
            }
            let decl = self.obj_decls[&obj];
            let is_var = self.s.obj(obj).as_var().is_some();
            let info = &self.decls[decl];
            if let Some(rhs) = info.init.filter(|_| is_var && emitted.insert(decl)) {
                let lhs = if info.lhs.is_empty() { vec![obj] } else { info.lhs.clone() };
                self.info.init_order.push(Initializer { lhs, file: info.file, rhs });
            }
        }
    }

    fn dependency_graph(&self) -> Vec<Node> {
        let mut index = FxHashMap::default();
        let mut nodes = Vec::new();
        for &obj in &self.obj_list {
            if matches!(
                self.s.obj(obj).kind,
                ObjKind::Const(_) | ObjKind::Var(_) | ObjKind::Func(_)
            ) {
                index.insert(obj, nodes.len());
                nodes.push(Node {
                    obj,
                    pred: BTreeSet::new(),
                    succ: BTreeSet::new(),
                    left: 0,
                    done: false,
                });
            }
        }
        for i in 0..nodes.len() {
            for dep in &self.decls[self.obj_decls[&nodes[i].obj]].deps {
                if let Some(&d) = index.get(dep) {
                    nodes[i].succ.insert(d);
                    nodes[d].pred.insert(i);
                }
            }
        }
        let mut funcs: Vec<usize> = (0..nodes.len())
            .filter(|&i| matches!(self.s.obj(nodes[i].obj).kind, ObjKind::Func(_)))
            .collect();
        // Cheap ones first keeps the graph small.
        funcs.sort_by_key(|&i| nodes[i].pred.len() * nodes[i].succ.len());
        for f in funcs {
            let pred = std::mem::take(&mut nodes[f].pred);
            let succ = std::mem::take(&mut nodes[f].succ);
            for &p in pred.iter().filter(|&&p| p != f) {
                for &s in succ.iter().filter(|&&s| s != f) {
                    nodes[p].succ.insert(s);
                    nodes[s].pred.insert(p);
                }
                nodes[p].succ.remove(&f);
            }
            for &s in &succ {
                nodes[s].pred.remove(&f);
            }
        }
        for n in &mut nodes {
            n.left = n.succ.len();
        }
        nodes
    }

    fn sorted_deps(&self, obj: ObjId) -> Vec<ObjId> {
        let Some(&decl) = self.obj_decls.get(&obj) else {
            return Vec::new();
        };
        let mut deps: Vec<ObjId> = self.decls[decl].deps.iter().copied().collect();
        deps.sort_by_key(|&d| self.s.obj(d).order());
        deps
    }

    /// A path of dependencies from an object back to itself, last step first.
    fn find_init_cycle(&self, from: ObjId) -> Option<Vec<ObjId>> {
        let mut seen = FxHashSet::default();
        let mut path: Vec<(ObjId, Vec<ObjId>, usize)> = vec![(from, self.sorted_deps(from), 0)];
        seen.insert(from);
        while let Some((_, deps, next)) = path.last_mut() {
            let Some(&d) = deps.get(*next) else {
                path.pop();
                continue;
            };
            *next += 1;
            if d == from {
                let mut cycle = vec![d];
                cycle.extend(path.iter().skip(1).rev().map(|(o, _, _)| *o));
                return Some(cycle);
            }
            if seen.insert(d) {
                let deps = self.sorted_deps(d);
                path.push((d, deps, 0));
            }
        }
        None
    }

    fn report_init_cycle(&mut self, cycle: &[ObjId]) {
        let obj = cycle[0];
        let o = self.s.obj(obj);
        let name = self.s.obj_name(obj);
        if cycle.len() == 1 {
            self.error(o.pos, format!("initialization cycle: {name} refers to itself"));
            return;
        }
        let mut report = Report::new(o.pos, format!("initialization cycle for {name}"));
        let mut at = obj;
        for &next in cycle.iter().rev() {
            let text = format!("{} refers to {}", self.s.obj_name(at), self.s.obj_name(next));
            self.add_line(&mut report, self.s.obj(at).pos, &text);
            at = next;
        }
        self.send(report);
    }
}
