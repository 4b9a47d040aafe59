//! Removes blocks that the entry does not reach, and joins a block with the only one that jumps to it.

use crate::cfg::Cfg;
use crate::func::{Block, BlockData, Def, Func, Val};
use crate::inst::Terminator;
use crate::program::Context;

/// Runs the pass.
pub fn run(_: &Context, func: &mut Func) {
    join(func);
    remove_unreached(func);
}

/// Appends to each block those that follow it on the only way to them. Their parameters become what the jump gives.
fn join(func: &mut Func) {
    let cfg = Cfg::new(func);
    let mut replaced: Vec<Val> = (0..func.vals.len()).map(Val::new).collect();
    let mut gone = vec![false; func.blocks.len()];
    for &block in &cfg.order {
        if gone[block.index()] {
            continue;
        }
        while let Some(Terminator::Jump(target)) = &func.blocks[block.index()].term {
            let next = target.block;
            if cfg.preds[next.index()].len() != 1 || next == block || next == func.entry() {
                break;
            }
            let args = target.args.clone();
            let data = std::mem::take(&mut func.blocks[next.index()]);
            for (&param, &arg) in data.params.iter().zip(&args) {
                replaced[param.index()] = arg;
            }
            let into = &mut func.blocks[block.index()];
            into.insts.extend(data.insts);
            into.term = data.term;
            into.term_pos = data.term_pos;
            into.cold |= data.cold && block != Block::new(0);
            gone[next.index()] = true;
            func.blocks[next.index()].term = Some(Terminator::Unreachable);
        }
    }
    replace_all(func, &replaced);
}

/// Puts other values in the place of some, following chains.
pub(super) fn replace_all(func: &mut Func, replaced: &[Val]) {
    let find = |val: &mut Val| {
        while replaced[val.index()] != *val {
            *val = replaced[val.index()];
        }
    };
    for block in &mut func.blocks {
        for &inst in &block.insts {
            func.insts[inst.index()].op.operands_mut(&mut { find });
        }
        if let Some(term) = &mut block.term {
            term.operands_mut(&mut { find });
        }
    }
}

/// Keeps the blocks that the entry reaches, in their order.
fn remove_unreached(func: &mut Func) {
    let cfg = Cfg::new(func);
    let mut number = vec![Block::new(0); func.blocks.len()];
    let mut kept: Vec<BlockData> = Vec::with_capacity(cfg.order.len());
    for (i, data) in std::mem::take(&mut func.blocks).into_iter().enumerate() {
        if cfg.is_reachable(Block::new(i)) {
            number[i] = Block::new(kept.len());
            kept.push(data);
        }
    }
    for (i, data) in kept.iter_mut().enumerate() {
        for (place, &val) in data.params.iter().enumerate() {
            func.vals[val.index()].def = Def::Param(Block::new(i), place as u32);
        }
        let term = data.term.as_mut().expect("a finished block has a terminator");
        term.blocks_mut(&mut |b| *b = number[b.index()]);
    }
    func.blocks = kept;
}
