//! Folds constants and removes checks that cannot fail, or that were made before on every way.
//!
//! Arithmetic is left to code generation, which folds it as well; what matters here is what would become control flow.

use crate::cfg::Cfg;
use crate::func::{Block, Func, Val};
use crate::inst::{BinaryOp, BoundsKind, Cond, Op, Terminator};
use crate::program::Context;
use crate::types::Scalar;
use rustc_hash::FxHashSet;

/// Runs the pass.
pub fn run(_: &Context, func: &mut Func) {
    let cfg = Cfg::new(func);
    let mut children: Vec<Vec<Block>> = vec![Vec::new(); func.blocks.len()];
    for &block in &cfg.order[1..] {
        children[cfg.idom(block).index()].push(block);
    }
    let mut made = Made::default();
    let mut stack = vec![Step::Enter(func.entry())];
    while let Some(step) = stack.pop() {
        match step {
            Step::Enter(block) => {
                stack.push(Step::Leave(made.trail.len()));
                if let Some(claim) = condition(func, &cfg, block) {
                    made.insert(claim);
                }
                visit(func, block, &mut made);
                stack.extend(children[block.index()].iter().map(|&b| Step::Enter(b)));
            }
            Step::Leave(depth) => made.undo(depth),
        }
    }
}

enum Step {
    Enter(Block),
    Leave(usize),
}

/// [Claims](claim) that hold here. `trail` is the order in which they were made.
#[derive(Default)]
struct Made {
    checks: FxHashSet<Op>,
    trail: Vec<Op>,
}

impl Made {
    /// Whether a check is new.
    fn insert(&mut self, check: Op) -> bool {
        let new = self.checks.insert(check.clone());
        if new {
            self.trail.push(check);
        }
        new
    }

    fn undo(&mut self, depth: usize) {
        for check in self.trail.drain(depth..) {
            self.checks.remove(&check);
        }
    }
}

fn visit(func: &mut Func, block: Block, made: &mut Made) {
    let mut insts = std::mem::take(&mut func.blocks[block.index()].insts);
    insts.retain(|&inst| {
        if let Some(folded) = fold(func, &func.insts[inst.index()].op) {
            func.insts[inst.index()].op = folded;
        }
        let op = &func.insts[inst.index()].op;
        match op {
            Op::NilCheck(val) if is_not_nil(func, *val) => false,
            Op::DivCheck(val) if constant(func, *val).is_some_and(|x| x != 0) => false,
            Op::ShiftCheck(val) if constant(func, *val).is_some_and(|x| x >= 0) => false,
            Op::BoundsCheck { kind, x, y, .. } if holds(func, *kind, *x, *y) => false,
            Op::NilCheck(_) | Op::DivCheck(_) | Op::ShiftCheck(_) | Op::BoundsCheck { .. } => {
                claim(func, op).is_none_or(|claim| made.insert(claim))
            }
            // An access is a check.
            Op::Load { .. } | Op::Store { .. } => {
                claim(func, op).into_iter().for_each(|claim| {
                    made.insert(claim);
                });
                true
            }
            Op::Compare(..) if claim(func, op).is_some_and(|c| made.checks.contains(&c)) => {
                func.insts[inst.index()].op = Op::Iconst(Scalar::I8, 1);
                true
            }
            _ => true,
        }
    });
    func.blocks[block.index()].insts = insts;
    while let Some(Terminator::Branch { cond, then, els }) = &func.blocks[block.index()].term
        && let Some(cond) = negated(func, *cond)
    {
        let term = Terminator::Branch { cond, then: els.clone(), els: then.clone() };
        func.blocks[block.index()].term = Some(term);
    }
    if let Some(Terminator::Branch { cond, then, els }) = &func.blocks[block.index()].term {
        let chosen = match constant(func, *cond) {
            Some(0) => els.clone(),
            Some(_) => then.clone(),
            None => return,
        };
        func.blocks[block.index()].term = Some(Terminator::Jump(chosen));
    }
}

/// What holds after an operation, or if a comparison does, in one form for all that say the same.
fn claim(func: &Func, op: &Op) -> Option<Op> {
    Some(match *op {
        Op::NilCheck(_) | Op::DivCheck(_) | Op::ShiftCheck(_) => op.clone(),
        Op::BoundsCheck { kind: BoundsKind::Index, x, y, .. } => Op::Compare(Cond::Ult, x, y),
        Op::BoundsCheck { x, y, .. } => Op::Compare(Cond::Ule, x, y),
        Op::Load { addr, .. } | Op::Store { addr, .. } => Op::NilCheck(addr),
        Op::Compare(Cond::Ne, x, y) if matches!(func.def(y), Some(Op::Null)) => Op::NilCheck(x),
        Op::Compare(Cond::Ult | Cond::Ule, ..) => op.clone(),
        _ => return None,
    })
}

/// What holds in a block because a condition led to it.
fn condition(func: &Func, cfg: &Cfg, block: Block) -> Option<Op> {
    let [pred] = cfg.preds[block.index()][..] else { return None };
    let Some(Terminator::Branch { cond, then, els }) = &func.blocks[pred.index()].term else {
        return None;
    };
    match func.def(*cond)? {
        op if then.block == block && els.block != block => claim(func, op),
        &Op::Compare(cond, x, y) if els.block == block && then.block != block => {
            claim(func, &Op::Compare(inverse(cond)?, x, y))
        }
        _ => None,
    }
}

/// The condition that holds if another does not; none if neither may, of floats.
fn inverse(cond: Cond) -> Option<Cond> {
    Some(match cond {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Slt => Cond::Sge,
        Cond::Sle => Cond::Sgt,
        Cond::Sgt => Cond::Sle,
        Cond::Sge => Cond::Slt,
        Cond::Ult => Cond::Uge,
        Cond::Ule => Cond::Ugt,
        Cond::Ugt => Cond::Ule,
        Cond::Uge => Cond::Ult,
        Cond::FEq => Cond::FNe,
        Cond::FNe => Cond::FEq,
        Cond::FLt | Cond::FLe | Cond::FGt | Cond::FGe => return None,
    })
}

/// The boolean of which a value is the negation.
fn negated(func: &Func, val: Val) -> Option<Val> {
    match func.def(val)? {
        Op::Binary(BinaryOp::Xor, x, one)
            if func.scalar(val) == Scalar::I8
                && constant(func, *one) == Some(1)
                && matches!(func.def(*x), Some(Op::Compare(..) | Op::Load { .. })) =>
        {
            Some(*x)
        }
        _ => None,
    }
}

fn constant(func: &Func, val: Val) -> Option<i64> {
    match func.def(val) {
        Some(Op::Iconst(_, value)) => Some(*value),
        _ => None,
    }
}

fn is_not_nil(func: &Func, val: Val) -> bool {
    matches!(
        func.def(val),
        Some(
            Op::SymAddr(..)
                | Op::FuncValue(_)
                | Op::TypeAddr(_)
                | Op::ItabAddr(..)
                | Op::Bytes(_)
                | Op::SlotAddr(..)
                | Op::Alloc { .. }
                | Op::AllocArray { .. }
                | Op::Context
        )
    )
}

/// Whether a bounds check between constants, or a value and itself, holds.
fn holds(func: &Func, kind: BoundsKind, x: Val, y: Val) -> bool {
    let strict = kind == BoundsKind::Index;
    if x == y {
        return !strict;
    }
    match (constant(func, x), constant(func, y)) {
        (Some(x), Some(y)) if strict => (x as u64) < y as u64,
        (Some(x), Some(y)) => x as u64 <= y as u64,
        (Some(0), None) => !strict,
        _ => false,
    }
}

/// A comparison of constants, or of what is not nil with nil; the negation of a comparison.
fn fold(func: &Func, op: &Op) -> Option<Op> {
    if let Op::Binary(BinaryOp::Xor, x, one) = op
        && let Some(Op::Compare(cond, x, y)) = func.def(*x)
        && constant(func, *one) == Some(1)
    {
        return Some(Op::Compare(inverse(*cond)?, *x, *y));
    }
    let Op::Compare(cond, x, y) = op else { return None };
    if let Some(Op::Null) = func.def(*y)
        && is_not_nil(func, *x)
    {
        return compare(*cond, Scalar::I64, 1, 0).map(|holds| Op::Iconst(Scalar::I8, holds.into()));
    }
    let result = match (func.def(*x)?, func.def(*y)?) {
        (Op::Iconst(scalar, x), Op::Iconst(_, y)) => compare(*cond, *scalar, *x, *y)?,
        (Op::Null, Op::Null) => compare(*cond, Scalar::I64, 0, 0)?,
        _ => return None,
    };
    Some(Op::Iconst(Scalar::I8, i64::from(result)))
}

fn compare(cond: Cond, scalar: Scalar, x: i64, y: i64) -> Option<bool> {
    let unsigned = |v: i64| (v as u64) << (64 - scalar.size() * 8);
    let (ux, uy) = (unsigned(x), unsigned(y));
    Some(match cond {
        Cond::Eq => x == y,
        Cond::Ne => x != y,
        Cond::Slt => x < y,
        Cond::Sle => x <= y,
        Cond::Sgt => x > y,
        Cond::Sge => x >= y,
        Cond::Ult => ux < uy,
        Cond::Ule => ux <= uy,
        Cond::Ugt => ux > uy,
        Cond::Uge => ux >= uy,
        Cond::FEq | Cond::FNe | Cond::FLt | Cond::FLe | Cond::FGt | Cond::FGe => return None,
    })
}
