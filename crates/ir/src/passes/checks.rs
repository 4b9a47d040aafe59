//! Folds constants and removes checks that cannot fail, or that were made before on every way.
//!
//! Arithmetic is left to code generation, which folds it as well; what matters here is what would become control flow.

use crate::cfg::Cfg;
use crate::func::{Block, Func, Val};
use crate::inst::{BoundsKind, Cond, Op, Terminator};
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

/// Checks that hold here. `trail` is the order in which they were made.
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
                made.insert(op.clone())
            }
            // An access is a check.
            Op::Load { addr, .. } | Op::Store { addr, .. } => {
                made.insert(Op::NilCheck(*addr));
                true
            }
            _ => true,
        }
    });
    func.blocks[block.index()].insts = insts;
    if let Some(Terminator::Branch { cond, then, els }) = &func.blocks[block.index()].term {
        let chosen = match constant(func, *cond) {
            Some(0) => els.clone(),
            Some(_) => then.clone(),
            None => return,
        };
        func.blocks[block.index()].term = Some(Terminator::Jump(chosen));
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

/// A comparison of constants.
fn fold(func: &Func, op: &Op) -> Option<Op> {
    let Op::Compare(cond, x, y) = op else { return None };
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
