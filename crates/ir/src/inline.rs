//! Puts the bodies of small functions in the place of calls to them.
//!
//! Only functions that call nothing are inlined, apart from ways to a panic and other [cold](BlockData::cold) ones. Nobody
//! can tell: before anything that panics, faults, calls or is slow, the inlined body retreats and calls the function after
//! all, which does everything again from the beginning, in a frame of its own. So tracebacks, `runtime.Callers` and
//! `recover` see what they would have seen. For that a body must not have changed memory before it retreats
//! ([`Body::new`] sees to it).
//!
//! A caller that does nothing but call such functions is one itself then; so the pass is run again and again.

use crate::func::{Attrs, Block, BlockData, Def, Func, InstId, Val, ValData};
use crate::inst::{BoundsKind, Callee, Cond, Inst, Op, Target, Terminator};
use crate::program::Context;
use crate::sym::Sym;
use crate::types::Scalar;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

/// How many operations an inlined function may have.
const MOST_OPS: usize = 30;
/// How many blocks that are not cold.
const MOST_BLOCKS: usize = 10;

/// A function as it is put in the place of a call.
#[derive(Debug)]
pub struct Body {
    func: Func,
    /// The block that stands for a call of the function itself.
    retreat: Option<Block>,
}

/// What one may know of functions by their names.
pub trait Names: Sync {
    /// Whether it is machine code that is called without a frame of Go's, wherever from.
    fn is_native_leaf(&self, sym: Sym) -> bool;
    /// Whether its frame is left out of tracebacks: it may fault in its caller's.
    fn is_hidden(&self, sym: Sym) -> bool;
    /// Whether it panics, or ends the program.
    fn never_returns(&self, sym: Sym) -> bool;
}

impl Body {
    /// A function's body, if the function is small enough and can be inlined.
    pub fn new(context: &Context, func: &Func, names: &impl Names) -> Option<Self> {
        let barred = [Attrs::NOINLINE, Attrs::WRAPPER, Attrs::CLOSURE];
        let in_parts = |&ty| context.types.parts(ty).is_some();
        let cold: Vec<bool> = func.blocks.iter().map(|block| is_cold(func, block, names)).collect();
        let warm = || func.blocks.iter().zip(&cold).filter(|(_, cold)| !**cold);
        if barred.iter().any(|&attr| func.attrs.has(attr))
            || !func.slots.is_empty()
            || !func.sig.results.iter().all(in_parts)
            || warm().count() > MOST_BLOCKS
            || warm().map(|(block, _)| block.insts.len()).sum::<usize>() > MOST_OPS
            || cold[0]
        {
            return None;
        }
        let mut maker = Maker {
            changed: changed_before(func),
            retreat: Block::new(func.blocks.len()),
            retreats: false,
            hidden: names.is_hidden(func.sym),
            cold,
            func: func.clone(),
        };
        maker.func.blocks.push(BlockData {
            term: Some(Terminator::Unreachable),
            cold: true,
            ..BlockData::default()
        });
        let mut checked = FxHashSet::default();
        for block in 0..func.blocks.len() {
            if maker.cold[block] {
                maker.func.blocks[block].insts.clear();
                maker.func.blocks[block].term = Some(Terminator::Unreachable);
                continue;
            }
            // What the entry has checked holds everywhere.
            let mut own = checked.clone();
            maker.block(Block::new(block), names, &mut own)?;
            if block == 0 {
                checked = own;
            }
        }
        let Maker { func, retreat, retreats, .. } = maker;
        Some(Self { func, retreat: retreats.then_some(retreat) })
    }
}

/// Whether a block is on a way to a panic, or rarely run.
fn is_cold(func: &Func, block: &BlockData, names: &impl Names) -> bool {
    let ends = |&inst: &InstId| match &func.insts[inst.index()].op {
        Op::Call { callee: Callee::Direct(sym), .. } => names.never_returns(*sym),
        _ => false,
    };
    block.cold
        || matches!(block.term, Some(Terminator::Unreachable))
        || block.insts.iter().any(ends)
}

/// Whether an operation changes memory that others see.
fn changes(op: &Op) -> bool {
    matches!(
        op,
        Op::Call { .. }
            | Op::Store { .. }
            | Op::Copy { .. }
            | Op::Zero { .. }
            | Op::AtomicStore(..)
            | Op::AtomicRmw(..)
            | Op::AtomicCas(..)
    )
}

/// By block, whether memory may have been changed before it.
fn changed_before(func: &Func) -> Vec<bool> {
    let mut before = vec![false; func.blocks.len()];
    let changes =
        |block: &BlockData| block.insts.iter().any(|i| changes(&func.insts[i.index()].op));
    loop {
        let mut new = false;
        for (at, block) in func.blocks.iter().enumerate() {
            if before[at] || changes(block) {
                for next in block.term.iter().flat_map(|term| term.blocks()) {
                    new |= !std::mem::replace(&mut before[next.index()], true);
                }
            }
        }
        if !new {
            return before;
        }
    }
}

/// Turns checks into ways to the retreat.
struct Maker {
    func: Func,
    changed: Vec<bool>,
    retreat: Block,
    /// Whether anything goes there.
    retreats: bool,
    hidden: bool,
    /// By block of the function as it was, whether the body retreats instead.
    cold: Vec<bool>,
}

impl Maker {
    /// Goes through a block. `checked` are addresses that are not nil here.
    fn block(
        &mut self,
        block: Block,
        names: &impl Names,
        checked: &mut FxHashSet<Val>,
    ) -> Option<()> {
        let insts = std::mem::take(&mut self.func.blocks[block.index()].insts);
        let term = self.func.blocks[block.index()].term.take()?;
        let mut now = block;
        let mut changed = self.changed[block.index()];
        for inst in insts {
            let op = self.func.insts[inst.index()].op.clone();
            match &op {
                Op::Call { callee: Callee::Direct(sym), .. } if names.is_native_leaf(*sym) => {}
                Op::Call { .. }
                | Op::Alloc { .. }
                | Op::AllocArray { .. }
                | Op::Context
                | Op::EnterDefer(_)
                | Op::FrameAddr
                | Op::Poll => return None,
                _ => {}
            }
            let mut keep = true;
            if !self.hidden {
                let (conds, own) = self.conditions(&op, checked);
                keep = !own;
                for (cond, x, y) in conds {
                    if changed {
                        return None;
                    }
                    now = self.check(now, cond, x, y);
                }
            }
            changed |= changes(&op);
            if keep {
                self.func.blocks[now.index()].insts.push(inst);
            }
        }
        self.end(now, term, changed)
    }

    /// What must hold for an operation not to panic, and whether it does nothing else.
    fn conditions(
        &mut self,
        op: &Op,
        checked: &mut FxHashSet<Val>,
    ) -> (SmallVec<[Condition; 2]>, bool) {
        let mut nil = |addrs: &[Val]| {
            let open = addrs.iter().filter(|&&val| may_be_nil(&self.func, val));
            open.filter(|&&val| checked.insert(val))
                .map(|&v| (Cond::Ne, v, Operand::Zero))
                .collect()
        };
        match *op {
            Op::NilCheck(val) => (nil(&[val]), true),
            Op::DivCheck(val) => (smallvec![(Cond::Ne, val, Operand::Zero)], true),
            Op::ShiftCheck(val) => (smallvec![(Cond::Sge, val, Operand::Zero)], true),
            Op::BoundsCheck { kind, x, y, .. } => {
                let cond = if kind == BoundsKind::Index { Cond::Ult } else { Cond::Ule };
                (smallvec![(cond, x, Operand::Val(y))], true)
            }
            Op::Load { addr, .. }
            | Op::Store { addr, .. }
            | Op::Zero { dst: addr, .. }
            | Op::AtomicLoad(_, addr)
            | Op::AtomicStore(addr, _)
            | Op::AtomicRmw(_, addr, _)
            | Op::AtomicCas(addr, ..) => (nil(&[addr]), false),
            Op::Copy { dst, src, .. } => (nil(&[dst, src]), false),
            _ => (SmallVec::new(), false),
        }
    }

    /// Ends a block with a condition, without which the body retreats; gives the block that follows.
    fn check(&mut self, block: Block, cond: Cond, x: Val, y: Operand) -> Block {
        let y = match y {
            Operand::Val(val) => val,
            Operand::Zero => match self.func.scalar(x) {
                Scalar::Ptr => self.push(block, Op::Null, Scalar::Ptr),
                scalar => self.push(block, Op::Iconst(scalar, 0), scalar),
            },
        };
        let cond = self.push(block, Op::Compare(cond, x, y), Scalar::I8);
        let next = Block::new(self.func.blocks.len());
        let target = |block| Target { block, args: SmallVec::new() };
        let term = Terminator::Branch { cond, then: target(next), els: target(self.retreat) };
        self.func.blocks[block.index()].term = Some(term);
        self.func.blocks.push(BlockData::default());
        self.retreats = true;
        next
    }

    fn push(&mut self, block: Block, op: Op, scalar: Scalar) -> Val {
        let (inst, val) = (InstId::new(self.func.insts.len()), Val::new(self.func.vals.len()));
        self.func.vals.push(ValData { scalar, def: Def::Result(inst, 0) });
        self.func.insts.push(Inst { op, results: smallvec![val], pos: None });
        self.func.blocks[block.index()].insts.push(inst);
        val
    }

    /// Ends a block as it ended, but for cold blocks, instead of which the body retreats.
    fn end(&mut self, block: Block, mut term: Terminator, changed: bool) -> Option<()> {
        if let Terminator::TailCall { .. } = term {
            return None;
        }
        let retreat = self.retreat;
        let cold = |target: Block| self.cold[target.index()];
        for target in term.targets_mut() {
            if cold(target.block) {
                target.args.clear();
            }
        }
        let mut retreats = false;
        term.blocks_mut(&mut |target| {
            if cold(*target) {
                *target = retreat;
                retreats = true;
            }
        });
        if retreats && changed {
            return None;
        }
        self.retreats |= retreats;
        self.func.blocks[block.index()].term = Some(term);
        Some(())
    }
}

/// A comparison that must hold.
type Condition = (Cond, Val, Operand);

/// What a value is compared with.
#[derive(Clone, Copy)]
enum Operand {
    Val(Val),
    Zero,
}

/// Whether an access to an address may be one to nil. What was moved has been checked before it was.
fn may_be_nil(func: &Func, addr: Val) -> bool {
    !matches!(
        func.def(addr),
        Some(
            Op::SymAddr(..)
                | Op::FuncValue(_)
                | Op::Bytes(_)
                | Op::TypeAddr(_)
                | Op::ItabAddr(..)
                | Op::PtrAdd(..)
        )
    )
}

/// Replaces a function's calls of `bodies` by these, and says whether there was one. [Passes](crate::passes::run_again) clean up.
pub fn run(func: &mut Func, bodies: &FxHashMap<Sym, Body>) -> bool {
    // Frames of wrappers are looked through: what is inlined into them would be, too.
    if func.attrs.has(Attrs::WRAPPER) {
        return false;
    }
    let mut changed = false;
    let mut block = 0;
    // What follows an inlined call is a new block at the end, whose turn comes.
    while block < func.blocks.len() {
        let data = &func.blocks[block];
        let place = data.insts.iter().position(|&inst| {
            let op = &func.insts[inst.index()].op;
            matches!(op, Op::Call { callee: Callee::Direct(sym), sig, .. }
                if *sym != func.sym && bodies.get(sym).is_some_and(|body| body.func.sig == **sig))
        });
        if let Some(place) = place.filter(|_| !data.cold) {
            changed = true;
            splice(func, Block::new(block), place, bodies);
        }
        block += 1;
    }
    changed
}

/// Cuts a block at a call, and puts the callee's blocks between the two parts.
fn splice(func: &mut Func, block: Block, place: usize, bodies: &FxHashMap<Sym, Body>) {
    let call = func.blocks[block.index()].insts[place];
    let Inst { op, results, pos } = func.insts[call.index()].clone();
    let Op::Call { callee: Callee::Direct(sym), args, .. } = &op else {
        unreachable!("the instruction is a call of a function by name");
    };
    let Body { func: body, retreat } = &bodies[sym];
    let first = func.blocks.len();
    let moved = |block: Block| Block::new(first + block.index());
    let rest = moved(Block::new(body.blocks.len()));

    // The callee's parameters are the arguments, all its other values are new.
    let first_inst = func.insts.len();
    let mut vals: Vec<Val> = Vec::with_capacity(body.vals.len());
    for data in &body.vals {
        let def = match data.def {
            Def::Param(b, at) if b == body.entry() => {
                vals.push(args[at as usize]);
                continue;
            }
            Def::Param(b, at) => Def::Param(moved(b), at),
            Def::Result(inst, at) => Def::Result(InstId::new(first_inst + inst.index()), at),
        };
        vals.push(Val::new(func.vals.len()));
        func.vals.push(ValData { def, ..*data });
    }
    let rename = |val: &mut Val| *val = vals[val.index()];
    for inst in &body.insts {
        let mut inst = inst.clone();
        inst.op.operands_mut(&mut { rename });
        inst.results.iter_mut().for_each(rename);
        // As the frame, so the line is the caller's.
        inst.pos = pos;
        func.insts.push(inst);
    }

    let outer = &mut func.blocks[block.index()];
    let after: Vec<InstId> = outer.insts.drain(place..).skip(1).collect();
    let to_body = Target { block: moved(body.entry()), args: SmallVec::new() };
    let term = outer.term.replace(Terminator::Jump(to_body));
    let term_pos = std::mem::replace(&mut outer.term_pos, pos);
    for (number, data) in body.blocks.iter().enumerate() {
        let mut data = data.clone();
        if number == 0 {
            data.params.clear();
        }
        data.params.iter_mut().for_each(rename);
        data.insts.iter_mut().for_each(|inst| *inst = InstId::new(first_inst + inst.index()));
        data.term_pos = pos;
        data.term = data.term.map(|mut term| {
            term.operands_mut(&mut { rename });
            term.blocks_mut(&mut |block| *block = moved(*block));
            match term {
                Terminator::Return(vals) => {
                    Terminator::Jump(Target { block: rest, args: vals.into_iter().collect() })
                }
                term => term,
            }
        });
        if *retreat == Some(Block::new(number)) {
            let inst = InstId::new(func.insts.len());
            let mut again = Inst { op: op.clone(), results: SmallVec::new(), pos };
            for (at, result) in results.iter().enumerate() {
                let scalar = func.scalar(*result);
                again.results.push(Val::new(func.vals.len()));
                func.vals.push(ValData { scalar, def: Def::Result(inst, at as u32) });
            }
            let args = again.results.iter().copied().collect();
            func.insts.push(again);
            data.insts.push(inst);
            data.term = Some(Terminator::Jump(Target { block: rest, args }));
        }
        func.blocks.push(data);
    }
    for (at, val) in results.iter().enumerate() {
        func.vals[val.index()].def = Def::Param(rest, at as u32);
    }
    let params = results.into_iter().collect();
    func.blocks.push(BlockData { params, insts: after, term, term_pos, cold: false });
}
