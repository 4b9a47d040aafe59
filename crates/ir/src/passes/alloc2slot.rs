//! Small objects whose address goes nowhere become slots of the frame, which `mem2reg` may turn into values.
//!
//! An address goes nowhere if all that is done with it, and with addresses made from it, is to load and store there,
//! whole values too, and to compare it. What a call, a store, a jump or a return is given may live longer than the frame, or
//! until the allocation comes again, and stays an object.

use crate::func::{Attrs, Func, InstId, Slot, SlotData, Val};
use crate::inst::{AllocWhat, Barrier, Inst, Op, Place};
use crate::program::Context;
use smallvec::SmallVec;

/// Larger objects stay on the heap, in bytes.
const MOST: u64 = 256;

/// Runs the pass.
pub fn run(context: &Context, func: &mut Func) {
    // Functions that do not look at the stack's end keep their small frames.
    if func.attrs.has(Attrs::NOSPLIT) {
        return;
    }
    let small = |op: &Op| match op {
        Op::Alloc { ty, place: Place::Heap, .. } => {
            (1..=MOST).contains(&context.types.size(*ty)).then_some(*ty)
        }
        _ => None,
    };
    let insts = func.blocks.iter().flat_map(|block| &block.insts);
    if !insts.into_iter().any(|inst| small(&func.insts[inst.index()].op).is_some()) {
        return;
    }
    let leaves = leaving(func);
    let mut in_frame = vec![false; func.vals.len()];
    for block in 0..func.blocks.len() {
        let mut insts = Vec::with_capacity(func.blocks[block].insts.len());
        for inst in std::mem::take(&mut func.blocks[block].insts) {
            insts.push(inst);
            let data = &func.insts[inst.index()];
            let Some(ty) = small(&data.op).filter(|_| !leaves[data.results[0].index()]) else {
                continue;
            };
            let (dst, pos) = (data.results[0], data.pos);
            let name = match data.op {
                Op::Alloc { what: AllocWhat::Variable(name), .. } => Some(name),
                _ => None,
            };
            let slot = Slot::new(func.slots.len());
            func.slots.push(SlotData { ty, name, pos, param: None, pinned: false });
            func.insts[inst.index()].op = Op::SlotAddr(slot, 0);
            in_frame[dst.index()] = true;
            insts.push(InstId::new(func.insts.len()));
            let op = Op::Zero { ty, dst, barrier: Barrier::None };
            func.insts.push(Inst { op, results: SmallVec::new(), pos });
        }
        func.blocks[block].insts = insts;
    }
    remove_barriers(func, &in_frame);
}

/// By value, whether it is an address that goes anywhere.
fn leaving(func: &Func) -> Vec<bool> {
    let mut leaves = vec![false; func.vals.len()];
    let mut moved: Vec<(Val, Val)> = Vec::new();
    for block in &func.blocks {
        for &inst in &block.insts {
            let Inst { op, results, .. } = &func.insts[inst.index()];
            match op {
                Op::Load { .. }
                | Op::Copy { .. }
                | Op::Zero { .. }
                | Op::NilCheck(_)
                | Op::Compare(..) => {}
                Op::Store { val, .. } => leaves[val.index()] = true,
                Op::PtrAdd(base, _) => moved.push((*base, results[0])),
                _ => op.operands(&mut |val| leaves[val.index()] = true),
            }
        }
        block.term.iter().for_each(|term| term.operands(&mut |val| leaves[val.index()] = true));
    }
    // Chains are short.
    while moved.iter().any(|&(base, to)| leaves[to.index()] && !leaves[base.index()]) {
        moved.iter().for_each(|&(base, to)| leaves[base.index()] |= leaves[to.index()]);
    }
    leaves
}

/// The collector does not hear of stores to the frame.
fn remove_barriers(func: &mut Func, in_frame: &[bool]) {
    let root = |mut addr: Val| {
        while let Some(Op::PtrAdd(base, _)) = func.def(addr) {
            addr = *base;
        }
        addr
    };
    let is_frame = |addr: Val| in_frame.get(root(addr).index()).copied().unwrap_or(false);
    let stores: Vec<usize> = (0..func.insts.len())
        .filter(|&inst| match &func.insts[inst].op {
            Op::Store { addr, .. } => is_frame(*addr),
            Op::Copy { dst, .. } | Op::Zero { dst, .. } => is_frame(*dst),
            _ => false,
        })
        .collect();
    for inst in stores {
        if let Op::Store { barrier, .. } | Op::Copy { barrier, .. } | Op::Zero { barrier, .. } =
            &mut func.insts[inst].op
        {
            *barrier = Barrier::None;
        }
    }
}
