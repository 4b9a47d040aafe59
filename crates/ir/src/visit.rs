//! Looking at and changing what instructions and terminators refer to.

use crate::func::{Block, Slot, Val};
use crate::inst::{Callee, Op, Target, Terminator};
use smallvec::SmallVec;

/// Visits the operands of an operation behind `&` or `&mut`.
macro_rules! op_operands {
    ($op:expr, $f:expr) => {
        match $op {
            Op::Iconst(..)
            | Op::F32const(_)
            | Op::F64const(_)
            | Op::Null
            | Op::SymAddr(..)
            | Op::FuncValue(_)
            | Op::TypeAddr(_)
            | Op::ItabAddr(..)
            | Op::Bytes(_)
            | Op::SlotAddr(..)
            | Op::Alloc { .. }
            | Op::Context
            | Op::EnterDefer(_)
            | Op::Poll
            | Op::FrameAddr => {}
            Op::Unary(_, x)
            | Op::Convert(_, _, x)
            | Op::Load { addr: x, .. }
            | Op::Zero { dst: x, .. }
            | Op::AllocArray { len: x, .. }
            | Op::NilCheck(x)
            | Op::DivCheck(x)
            | Op::ShiftCheck(x)
            | Op::AtomicLoad(_, x)
            | Op::KeepAlive(x)
            | Op::Prefetch(x) => $f(x),
            Op::Binary(_, x, y)
            | Op::Compare(_, x, y)
            | Op::PtrAdd(x, y)
            | Op::Store { addr: x, val: y, .. }
            | Op::Copy { dst: x, src: y, .. }
            | Op::BoundsCheck { x, y, .. }
            | Op::AtomicStore(x, y)
            | Op::AtomicRmw(_, x, y) => {
                $f(x);
                $f(y);
            }
            Op::Fma(x, y, z)
            | Op::AddCarry(x, y, z)
            | Op::SubBorrow(x, y, z)
            | Op::DivWide { hi: x, lo: y, y: z }
            | Op::Select(x, y, z)
            | Op::AtomicCas(x, y, z) => {
                $f(x);
                $f(y);
                $f(z);
            }
            Op::Call { callee, args, .. } => call_operands!(callee, args, $f),
        }
    };
}

/// Visits the operands of a call.
macro_rules! call_operands {
    ($callee:expr, $args:expr, $f:expr) => {{
        if let Callee::Code(val) | Callee::Closure(val) = $callee {
            $f(val);
        }
        for arg in $args {
            $f(arg);
        }
    }};
}

/// Visits the operands of a terminator behind `&` or `&mut`.
macro_rules! term_operands {
    ($term:expr, $iter:ident, $f:expr) => {
        match $term {
            Terminator::Jump(Target { args, .. }) => {
                for arg in args {
                    $f(arg);
                }
            }
            Terminator::Return(args) => {
                for arg in args {
                    $f(arg);
                }
            }
            Terminator::Branch { cond, then, els } => {
                $f(cond);
                for arg in then.args.$iter() {
                    $f(arg);
                }
                for arg in els.args.$iter() {
                    $f(arg);
                }
            }
            Terminator::Switch { val, .. } => $f(val),
            Terminator::TailCall { callee, args, .. } => call_operands!(callee, args, $f),
            Terminator::Unreachable => {}
        }
    };
}

impl Op {
    /// Calls `f` with each operand, in order, to be replaced.
    pub fn operands_mut(&mut self, f: &mut dyn FnMut(&mut Val)) {
        op_operands!(self, f);
    }

    /// Calls `f` with each operand, in order.
    pub fn operands(&self, f: &mut dyn FnMut(Val)) {
        let mut f = |val: &Val| f(*val);
        op_operands!(self, f);
    }

    /// The slot it names.
    pub fn slot(&self) -> Option<Slot> {
        match *self {
            Op::SlotAddr(slot, _) | Op::EnterDefer(slot) => Some(slot),
            _ => None,
        }
    }

    /// Whether it does nothing but make its results, so that it may go when nothing uses them. A load may fault, and an
    /// allocation may be counted, so these are not.
    pub fn is_pure(&self) -> bool {
        matches!(
            self,
            Op::Iconst(..)
                | Op::F32const(_)
                | Op::F64const(_)
                | Op::Null
                | Op::SymAddr(..)
                | Op::FuncValue(_)
                | Op::TypeAddr(_)
                | Op::ItabAddr(..)
                | Op::Bytes(_)
                | Op::Unary(..)
                | Op::Binary(..)
                | Op::Fma(..)
                | Op::AddCarry(..)
                | Op::SubBorrow(..)
                | Op::DivWide { .. }
                | Op::Compare(..)
                | Op::Select(..)
                | Op::Convert(..)
                | Op::PtrAdd(..)
                | Op::SlotAddr(..)
                | Op::Context
                | Op::FrameAddr
        )
    }
}

impl Terminator {
    /// Calls `f` with each value it uses, in order, to be replaced.
    pub fn operands_mut(&mut self, f: &mut dyn FnMut(&mut Val)) {
        term_operands!(self, iter_mut, f);
    }

    /// Calls `f` with each value it uses, in order.
    pub fn operands(&self, f: &mut dyn FnMut(Val)) {
        let mut f = |val: &Val| f(*val);
        term_operands!(self, iter, f);
    }

    /// Its targets in order; those of a switch have no arguments and are not among them.
    pub fn targets_mut(&mut self) -> SmallVec<[&mut Target; 2]> {
        match self {
            Terminator::Jump(target) => [target].into_iter().collect(),
            Terminator::Branch { then, els, .. } => [then, els].into_iter().collect(),
            _ => SmallVec::new(),
        }
    }

    /// The targets that take arguments, as for [`Terminator::targets_mut`].
    pub fn targets(&self) -> SmallVec<[&Target; 2]> {
        match self {
            Terminator::Jump(target) => [target].into_iter().collect(),
            Terminator::Branch { then, els, .. } => [then, els].into_iter().collect(),
            _ => SmallVec::new(),
        }
    }

    /// Calls `f` with each block it may go to; a block that is there twice comes twice.
    pub fn blocks_mut(&mut self, f: &mut dyn FnMut(&mut Block)) {
        match self {
            Terminator::Jump(target) => f(&mut target.block),
            Terminator::Branch { then, els, .. } => {
                f(&mut then.block);
                f(&mut els.block);
            }
            Terminator::Switch { cases, default, .. } => {
                cases.iter_mut().map(|c| &mut c.1).for_each(&mut *f);
                f(default);
            }
            Terminator::Return(_) | Terminator::TailCall { .. } | Terminator::Unreachable => {}
        }
    }

    /// The blocks it may go to; a block that is there twice comes twice.
    pub fn blocks(&self) -> SmallVec<[Block; 2]> {
        match self {
            Terminator::Jump(target) => [target.block].into_iter().collect(),
            Terminator::Branch { then, els, .. } => [then.block, els.block].into_iter().collect(),
            Terminator::Switch { cases, default, .. } => {
                cases.iter().map(|c| c.1).chain([*default]).collect()
            }
            Terminator::Return(_) | Terminator::TailCall { .. } | Terminator::Unreachable => {
                SmallVec::new()
            }
        }
    }
}
