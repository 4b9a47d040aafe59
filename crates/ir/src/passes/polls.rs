//! Puts a safepoint on the way back of each loop, so that a worker that is asked to answer does so soon.
//!
//! Function entries are safepoints already: together no path is endless without one. Functions that must not be
//! interrupted have none.

use crate::cfg::Cfg;
use crate::func::{Attrs, Func, InstId};
use crate::inst::{Inst, Op};
use crate::program::Context;
use smallvec::SmallVec;

/// Runs the pass.
pub fn run(_: &Context, func: &mut Func) {
    if func.attrs.has(Attrs::NOPOLL) || func.attrs.has(Attrs::NOSPLIT) {
        return;
    }
    let cfg = Cfg::new(func);
    for &block in &cfg.order {
        let data = &func.blocks[block.index()];
        let succs = data.term.as_ref().map(|t| t.blocks()).unwrap_or_default();
        let last = data.insts.last().map(|i| &func.insts[i.index()].op);
        if last != Some(&Op::Poll) && succs.iter().any(|&succ| cfg.is_back_edge(block, succ)) {
            let poll = Inst { op: Op::Poll, results: SmallVec::new(), pos: data.term_pos };
            let id = InstId::new(func.insts.len());
            func.insts.push(poll);
            func.blocks[block.index()].insts.push(id);
        }
    }
}
