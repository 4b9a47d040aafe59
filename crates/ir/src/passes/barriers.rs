//! Decides which stores of pointers need the write barrier.
//!
//! The collector must hear of the pointer that a store overwrites, and of the one that it writes, wherever the memory may
//! be seen by marking. It is not interested in
//!
//! * the frame: stacks are scanned as they are;
//! * the first words of interfaces, which are no heap objects: stores of the addresses of itabs and type descriptors;
//! * what an object held before its first store: there was nothing.
//!
//! An object is fresh in its block from its allocation until its address goes anywhere but into loads and stores. A store
//! to a fresh object's word that nothing was stored to before only needs the new value recorded, and that not if it is no
//! heap object either. In functions of the runtime that run where barriers cannot, there are none.

use crate::func::{Attrs, Func, Val};
use crate::inst::{Barrier, Op, Place};
use crate::program::Context;
use crate::types::Scalar;
use rustc_hash::{FxHashMap, FxHashSet};

/// Runs the pass.
pub fn run(context: &Context, func: &mut Func) {
    for b in 0..func.blocks.len() {
        let mut fresh = Fresh::default();
        for &inst in &func.blocks[b].insts.clone() {
            let mut op = func.insts[inst.index()].op.clone();
            match &mut op {
                Op::Store { addr, offset, val, barrier } if *barrier == Barrier::Undecided => {
                    let at = root(func, *addr, i64::from(*offset));
                    let first = fresh.store(&at, func.scalar(*val).size());
                    *barrier = store(func, &at, *val, first);
                }
                Op::Copy { ty, dst, barrier, .. } if *barrier == Barrier::Undecided => {
                    let at = root(func, *dst, 0);
                    let first = fresh.store(&at, context.types.size(*ty));
                    *barrier = whole(func, &at, first, Barrier::Init);
                }
                Op::Zero { ty, dst, barrier } if *barrier == Barrier::Undecided => {
                    let at = root(func, *dst, 0);
                    let first = fresh.store(&at, context.types.size(*ty));
                    *barrier = whole(func, &at, first, Barrier::None);
                }
                _ => {}
            }
            fresh.pass(func, &op, &func.insts[inst.index()].results);
            func.insts[inst.index()].op = op;
        }
    }
}

/// An address as a value plus a constant, if the distance is known.
struct Root {
    base: Val,
    offset: Option<i64>,
}

fn root(func: &Func, mut addr: Val, offset: i64) -> Root {
    let mut offset = Some(offset);
    while let Some(Op::PtrAdd(base, bytes)) = func.def(addr) {
        offset = match (offset, func.def(*bytes)) {
            (Some(offset), Some(Op::Iconst(_, more))) => offset.checked_add(*more),
            _ => None,
        };
        addr = *base;
    }
    Root { base: addr, offset }
}

fn is_frame(func: &Func, at: &Root) -> bool {
    match func.def(at.base) {
        Some(Op::SlotAddr(..)) => true,
        Some(Op::Alloc { place, .. } | Op::AllocArray { place, .. }) => *place == Place::Stack,
        _ => false,
    }
}

/// Whether a value is certainly the address of no heap object.
fn is_static(func: &Func, val: Val) -> bool {
    matches!(
        func.def(val),
        Some(
            Op::Null
                | Op::SymAddr(..)
                | Op::FuncValue(_)
                | Op::TypeAddr(_)
                | Op::ItabAddr(..)
                | Op::Bytes(_)
        )
    )
}

fn store(func: &Func, at: &Root, val: Val, first: bool) -> Barrier {
    let types = matches!(func.def(val), Some(Op::TypeAddr(_) | Op::ItabAddr(..)));
    if func.scalar(val) != Scalar::Ptr || types || first && is_static(func, val) {
        return Barrier::None;
    }
    whole(func, at, first, Barrier::Init)
}

fn whole(func: &Func, at: &Root, first: bool, if_first: Barrier) -> Barrier {
    if is_frame(func, at) || func.attrs.has(Attrs::NOWRITEBARRIER) {
        return Barrier::None;
    }
    if first { if_first } else { Barrier::Full }
}

/// Objects allocated in this block that nothing else can see yet, with the ranges stored to.
#[derive(Default)]
struct Fresh {
    objects: FxHashMap<Val, Vec<(i64, i64)>>,
    /// Addresses within fresh objects.
    inside: FxHashSet<Val>,
}

impl Fresh {
    /// Notes a store of some bytes; whether it is the first to all of them in a fresh object.
    fn store(&mut self, at: &Root, size: u64) -> bool {
        let Some(ranges) = self.objects.get_mut(&at.base) else { return false };
        let (start, end) = match at.offset {
            Some(offset) => (offset, offset.saturating_add(size as i64)),
            None => (i64::MIN, i64::MAX),
        };
        let first = ranges.iter().all(|&(s, e)| end <= s || e <= start);
        ranges.push((start, end));
        first
    }

    /// What an instruction does to freshness.
    fn pass(&mut self, func: &Func, op: &Op, results: &[Val]) {
        match op {
            Op::Alloc { .. } | Op::AllocArray { .. } => {
                self.objects.insert(results[0], Vec::new());
            }
            Op::PtrAdd(base, _) if self.is_inside(*base) => {
                self.inside.insert(results[0]);
            }
            Op::Load { .. } | Op::Zero { .. } | Op::NilCheck(_) | Op::Compare(..) => {}
            Op::Store { val, .. } => self.escape(func, *val),
            // Copying from an object lets its contents out, not its address.
            Op::Copy { .. } => {}
            _ => op.operands(&mut |val| self.escape(func, val)),
        }
    }

    fn is_inside(&self, val: Val) -> bool {
        self.objects.contains_key(&val) || self.inside.contains(&val)
    }

    fn escape(&mut self, func: &Func, val: Val) {
        if self.is_inside(val) {
            self.objects.remove(&root(func, val, 0).base);
        }
    }
}
