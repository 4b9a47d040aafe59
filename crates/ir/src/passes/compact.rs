//! Numbers values, instructions and slots without gaps, in the order of the blocks. Dead ones are gone then.

use crate::func::{Block, Def, Func, InstId, Slot, Val};
use crate::inst::Op;
use crate::program::Context;

/// Runs the pass.
pub fn run(_: &Context, func: &mut Func) {
    slots(func);
    let mut number = vec![Val::new(0); func.vals.len()];
    let mut vals = Vec::new();
    let mut insts = Vec::new();
    let mut keep = |val: &mut Val, def: Def, old: &Func| {
        let new = Val::new(vals.len());
        number[val.index()] = new;
        vals.push(crate::func::ValData { def, ..old.vals[val.index()] });
        *val = new;
    };
    let mut blocks = std::mem::take(&mut func.blocks);
    for (b, block) in blocks.iter_mut().enumerate() {
        for (place, val) in block.params.iter_mut().enumerate() {
            keep(val, Def::Param(Block::new(b), place as u32), func);
        }
        for id in &mut block.insts {
            let mut inst = func.insts[id.index()].clone();
            *id = InstId::new(insts.len());
            for (place, val) in inst.results.iter_mut().enumerate() {
                keep(val, Def::Result(*id, place as u32), func);
            }
            insts.push(inst);
        }
    }
    let mut rename = |val: &mut Val| *val = number[val.index()];
    insts.iter_mut().for_each(|inst| inst.op.operands_mut(&mut rename));
    for block in &mut blocks {
        block.term.as_mut().expect("a finished block has a terminator").operands_mut(&mut rename);
    }
    (func.blocks, func.vals, func.insts) = (blocks, vals, insts);
}

/// Drops slots that nothing names. Those of parameters stay.
fn slots(func: &mut Func) {
    let mut used: Vec<bool> = func.slots.iter().map(|s| s.param.is_some()).collect();
    let insts = func.blocks.iter().flat_map(|b| &b.insts);
    insts.filter_map(|i| func.insts[i.index()].op.slot()).for_each(|s| used[s.index()] = true);
    let mut number = vec![Slot::new(0); func.slots.len()];
    let mut kept = Vec::new();
    for (i, slot) in std::mem::take(&mut func.slots).into_iter().enumerate() {
        if used[i] {
            number[i] = Slot::new(kept.len());
            kept.push(slot);
        }
    }
    func.slots = kept;
    for inst in &mut func.insts {
        if let Op::SlotAddr(slot, _) | Op::EnterDefer(slot) = &mut inst.op {
            *slot = number[slot.index()];
        }
    }
}
