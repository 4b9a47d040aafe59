//! The shape of a function's graph: predecessors, order, dominators.

use crate::func::{Block, Func};

/// Facts about the graph of a function's blocks. Blocks that the entry does not reach have none.
pub struct Cfg {
    /// The jumps to each block, by the block they come from; once for each edge.
    pub preds: Vec<Vec<Block>>,
    /// Reachable blocks, each before those it dominates (reverse postorder).
    pub order: Vec<Block>,
    place: Vec<u32>,
    idom: Vec<Block>,
}

const UNREACHED: u32 = u32::MAX;

impl Cfg {
    /// Looks at a function whose blocks have terminators.
    pub fn new(func: &Func) -> Self {
        let order = reverse_postorder(func);
        let mut place = vec![UNREACHED; func.blocks.len()];
        for (i, block) in order.iter().enumerate() {
            place[block.index()] = i as u32;
        }
        let mut preds = vec![Vec::new(); func.blocks.len()];
        for &block in &order {
            for succ in successors(func, block) {
                preds[succ.index()].push(block);
            }
        }
        let mut cfg = Self { preds, order, place, idom: Vec::new() };
        cfg.idom = cfg.dominators();
        cfg
    }

    /// Whether the entry reaches a block.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.place[block.index()] != UNREACHED
    }

    /// The place of a reachable block in [`Cfg::order`].
    pub fn place(&self, block: Block) -> usize {
        self.place[block.index()] as usize
    }

    /// The nearest block that every way from the entry to this one passes; the entry for itself.
    pub fn idom(&self, block: Block) -> Block {
        self.idom[block.index()]
    }

    /// Whether every way from the entry to `b`, both reachable, passes `a`.
    pub fn dominates(&self, a: Block, mut b: Block) -> bool {
        while self.place(b) > self.place(a) {
            b = self.idom(b);
        }
        a == b
    }

    /// Whether the edge goes back to a block that was begun before: each cycle has such an edge.
    pub fn is_back_edge(&self, from: Block, to: Block) -> bool {
        self.place(to) <= self.place(from)
    }

    /// Follows Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
    fn dominators(&self) -> Vec<Block> {
        let entry = Block::new(0);
        let mut idom: Vec<Option<Block>> = vec![None; self.place.len()];
        idom[0] = Some(entry);
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &self.order[1..] {
                let mut new: Option<Block> = None;
                for &pred in &self.preds[block.index()] {
                    if idom[pred.index()].is_some() {
                        new = Some(new.map_or(pred, |n| self.meet(&idom, pred, n)));
                    }
                }
                if idom[block.index()] != new {
                    idom[block.index()] = new;
                    changed = true;
                }
            }
        }
        idom.into_iter().map(|b| b.unwrap_or(entry)).collect()
    }

    fn meet(&self, idom: &[Option<Block>], mut a: Block, mut b: Block) -> Block {
        let up = |b: Block| idom[b.index()].expect("a dominator of what has one");
        while a != b {
            while self.place(a) > self.place(b) {
                a = up(a);
            }
            while self.place(b) > self.place(a) {
                b = up(b);
            }
        }
        a
    }
}

fn successors(func: &Func, block: Block) -> impl DoubleEndedIterator<Item = Block> + use<> {
    let term = func.blocks[block.index()].term.as_ref();
    term.map(|t| t.blocks()).unwrap_or_default().into_iter()
}

fn reverse_postorder(func: &Func) -> Vec<Block> {
    let mut order = Vec::with_capacity(func.blocks.len());
    let mut seen = vec![false; func.blocks.len()];
    let entry = func.entry();
    seen[0] = true;
    let mut stack = vec![(entry, successors(func, entry).rev())];
    while let Some((block, succs)) = stack.last_mut() {
        match succs.next() {
            Some(succ) if !seen[succ.index()] => {
                seen[succ.index()] = true;
                let next = successors(func, succ).rev();
                stack.push((succ, next));
            }
            Some(_) => {}
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}
