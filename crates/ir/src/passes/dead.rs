//! Removes operations whose results nobody uses and that do nothing else, and block parameters that nobody uses.

use crate::func::{Block, Def, Func, Val};
use crate::inst::Op;
use crate::program::Context;

/// Runs the pass.
pub fn run(context: &Context, func: &mut Func) {
    let used = used(context, func);
    let kept = |func: &Func, op: &Op, results: &[Val]| {
        !is_removable(context, func, op) || results.iter().any(|v| used[v.index()])
    };
    for b in 0..func.blocks.len() {
        let mut insts = std::mem::take(&mut func.blocks[b].insts);
        insts.retain(|&inst| {
            let inst = &func.insts[inst.index()];
            kept(func, &inst.op, &inst.results)
        });
        func.blocks[b].insts = insts;
        if b != 0 {
            remove_params(func, Block::new(b), &used);
        }
    }
    remove_args(func, &used_params(func, &used));
}

/// Objects up to this size go when nobody looks at them: gc would have them on the stack
/// (`cmd/compile/internal/ir.MaxImplicitStackVarSize`). Larger ones show in what the heap counts.
const UNSEEN: u64 = 64 << 10;

fn is_removable(context: &Context, func: &Func, op: &Op) -> bool {
    match op {
        // Loads from slots fault no more than arithmetic does.
        Op::Load { addr, .. } => matches!(func.def(*addr), Some(Op::SlotAddr(..))),
        Op::Alloc { ty, .. } => context.types.layout(*ty).size <= UNSEEN,
        _ => op.is_pure(),
    }
}

/// The values that something reaches which is not removable.
fn used(context: &Context, func: &Func) -> Vec<bool> {
    let mut used = vec![false; func.vals.len()];
    let mut work: Vec<Val> = Vec::new();
    let preds = crate::cfg::Cfg::new(func).preds;
    for block in &func.blocks {
        for &inst in &block.insts {
            let op = &func.insts[inst.index()].op;
            if !is_removable(context, func, op) {
                op.operands(&mut |v| work.push(v));
            }
        }
        match block.term.as_ref().expect("a finished block has a terminator") {
            // Arguments count when the parameter does.
            crate::inst::Terminator::Jump(_) => {}
            crate::inst::Terminator::Branch { cond, .. } => work.push(*cond),
            term => term.operands(&mut |v| work.push(v)),
        }
    }
    while let Some(val) = work.pop() {
        if std::mem::replace(&mut used[val.index()], true) {
            continue;
        }
        match func.vals[val.index()].def {
            Def::Result(inst, _) => func.insts[inst.index()].op.operands(&mut |v| work.push(v)),
            Def::Param(block, place) => {
                for pred in &preds[block.index()] {
                    let term = func.blocks[pred.index()].term.as_ref();
                    for target in term.map(|t| t.targets()).unwrap_or_default() {
                        if target.block == block {
                            work.push(target.args[place as usize]);
                        }
                    }
                }
            }
        }
    }
    used
}

/// By block, which of its parameters stay; made before they are removed.
fn used_params(func: &Func, used: &[bool]) -> Vec<Vec<bool>> {
    let mut keep: Vec<Vec<bool>> = vec![Vec::new(); func.blocks.len()];
    for (index, data) in func.vals.iter().enumerate() {
        if let Def::Param(block, place) = data.def
            && block.index() != 0
            && block.index() < keep.len()
        {
            let list = &mut keep[block.index()];
            list.resize(list.len().max(place as usize + 1), false);
            list[place as usize] |= used[index];
        }
    }
    keep
}

fn remove_params(func: &mut Func, block: Block, used: &[bool]) {
    func.blocks[block.index()].params.retain(|v| used[v.index()]);
}

fn remove_args(func: &mut Func, keep: &[Vec<bool>]) {
    for block in &mut func.blocks {
        let term = block.term.as_mut().expect("a finished block has a terminator");
        for target in term.targets_mut() {
            let keep = &keep[target.block.index()];
            let mut place = 0;
            target.args.retain(|_| {
                place += 1;
                keep[place - 1]
            });
        }
    }
    for b in 0..func.blocks.len() {
        for (place, val) in func.blocks[b].params.clone().into_iter().enumerate() {
            func.vals[val.index()].def = Def::Param(Block::new(b), place as u32);
        }
    }
}
