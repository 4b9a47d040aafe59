//! The verifier: whether functions and data keep the rules that [`func`](crate::func), [`inst`](crate::inst) and
//! [`data`](crate::data) state. It runs after every pass in debug builds and reports all faults, each with where it is.

use crate::cfg::Cfg;
use crate::data::{Data, RelocTarget};
use crate::func::{Attrs, Block, Def, Func, InstId, Signature, Slot, Val};
use crate::inst::{
    Barrier, BinaryOp, Callee, Cond, ConvertOp, Inst, Op, Place, Target, Terminator, UnaryOp,
};
use crate::program::{Context, Program};
use crate::text::{print_func, print_type};
use crate::types::{Scalar, TypeId};
use smallvec::SmallVec;
use std::fmt::Write as _;

/// Offsets of loads and stores are below this: a nil address plus an offset still faults.
pub const MAX_OFFSET: u32 = 4096;

/// All faults of a function, one a line; none if it keeps the rules.
pub fn verify_func(context: &Context, func: &Func) -> Result<(), String> {
    let mut v = Verifier { context, func, faults: String::new(), at: String::new() };
    v.blocks();
    if v.faults.is_empty() {
        v.values();
    }
    if v.faults.is_empty() {
        v.dominance();
        v.instructions();
    }
    if v.faults.is_empty() { Ok(()) } else { Err(v.faults) }
}

/// All faults of a piece of data, one a line.
pub fn verify_data(context: &Context, data: &Data) -> Result<(), String> {
    let mut faults = String::new();
    let size = context.types.size(data.ty);
    let name = context.syms.text(data.sym);
    if data.bytes.len() as u64 > size {
        let _ = writeln!(faults, "data {name}: {} bytes for a type of {size}", data.bytes.len());
    }
    let mut end = 0;
    for reloc in &data.relocs {
        if reloc.at < end || reloc.at + 8 > size {
            let _ = writeln!(faults, "data {name}: address at {} out of order or size", reloc.at);
        }
        if let RelocTarget::Itab(iface, _) = reloc.target
            && !context.types.is_interface(iface)
        {
            let iface = print_type(context, iface);
            let _ = writeln!(faults, "data {name}: itab for {iface}, which is no interface");
        }
        end = reloc.at + 8;
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// All faults of a program's functions and data, and names that are defined twice.
pub fn verify_program(program: &Program) -> Result<(), String> {
    let mut faults = String::new();
    for func in &program.funcs {
        faults += &verify_func(&program.context, func).err().unwrap_or_default();
    }
    for data in &program.data {
        faults += &verify_data(&program.context, data).err().unwrap_or_default();
    }
    let mut syms: Vec<_> =
        program.funcs.iter().map(|f| f.sym).chain(program.data.iter().map(|d| d.sym)).collect();
    syms.sort_by_key(|s| s.index());
    for pair in syms.windows(2).filter(|p| p[0] == p[1]) {
        let _ = writeln!(faults, "{} is defined twice", program.context.syms.text(pair[0]));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Stops the program with the faults and the text of a function that breaks a rule. `pass` says what made it.
///
/// # Panics
/// If the function breaks a rule.
pub fn assert_valid(context: &Context, func: &Func, pass: &str) {
    if let Err(faults) = verify_func(context, func) {
        panic!("after {pass}:\n{faults}\n{}", print_func(context, func));
    }
}

struct Verifier<'a> {
    context: &'a Context,
    func: &'a Func,
    faults: String,
    /// Where in the function, for messages.
    at: String,
}

/// The scalars that a kind of operand may have.
const INTS: &[Scalar] = &[Scalar::I8, Scalar::I16, Scalar::I32, Scalar::I64];
const WIDE: &[Scalar] = &[Scalar::I32, Scalar::I64];
const FLOATS: &[Scalar] = &[Scalar::F32, Scalar::F64];
const INTS_OR_PTR: &[Scalar] = &[Scalar::I8, Scalar::I16, Scalar::I32, Scalar::I64, Scalar::Ptr];

impl Verifier<'_> {
    fn fault(&mut self, message: impl std::fmt::Display) {
        let name = self.context.syms.text(self.func.sym);
        let _ = writeln!(self.faults, "{name}: {}: {message}", self.at);
    }

    fn check(&mut self, holds: bool, message: impl std::fmt::Display) {
        if !holds {
            self.fault(message);
        }
    }

    /// Rules 2 and 3, as far as they do not need values.
    fn blocks(&mut self) {
        self.at = "blocks".into();
        if self.func.blocks.is_empty() {
            return self.fault("no entry block");
        }
        let count = self.func.blocks.len();
        for (i, block) in self.func.blocks.iter().enumerate() {
            self.at = format!("b{i}");
            let Some(term) = &block.term else {
                self.fault("no terminator");
                continue;
            };
            for target in term.blocks() {
                self.check(target.index() < count, format_args!("{target} does not exist"));
                self.check(target.index() != 0, "goes to the entry block");
            }
        }
        let mut scalars = Vec::new();
        for (i, &ty) in self.func.sig.params.iter().enumerate() {
            match self.context.types.parts(ty) {
                Some(parts) => scalars.extend(parts.iter().map(|p| p.scalar)),
                None => {
                    let slots = self.func.slots.iter().filter(|s| s.param == Some(i as u32));
                    let right = slots.map(|s| s.ty == ty).collect::<Vec<_>>();
                    self.at = format!("parameter {i}");
                    self.check(right == [true], "is in memory form and needs one slot of its type");
                }
            }
        }
        self.at = "b0".into();
        let entry = &self.func.blocks[0].params;
        let have: Vec<_> =
            entry.iter().filter_map(|v| self.func.vals.get(v.index())).map(|v| v.scalar).collect();
        self.check(
            have == scalars,
            format_args!("parameters are {have:?}, the signature's parts {scalars:?}"),
        );
    }

    /// Each value is made once, where its definition says.
    fn values(&mut self) {
        let func = self.func;
        let mut made = vec![false; func.vals.len()];
        let mut listed = vec![false; func.insts.len()];
        for (i, block) in func.blocks.iter().enumerate() {
            self.at = format!("b{i}");
            for (place, &val) in block.params.iter().enumerate() {
                self.made(val, Def::Param(Block::new(i), place as u32), &mut made);
            }
            for &inst in &block.insts {
                match listed.get_mut(inst.index()) {
                    None => self.fault(format_args!("instruction {} does not exist", inst.index())),
                    Some(true) => {
                        self.fault(format_args!("instruction {} comes twice", inst.index()))
                    }
                    Some(seen) => {
                        *seen = true;
                        for (place, &val) in func.insts[inst.index()].results.iter().enumerate() {
                            self.made(val, Def::Result(inst, place as u32), &mut made);
                        }
                    }
                }
            }
        }
        let count = func.vals.len();
        for (i, block) in func.blocks.iter().enumerate() {
            self.at = format!("b{i}");
            let mut used = |val: Val| {
                if val.index() >= count {
                    let _ = writeln!(self.faults, "b{i}: {val} does not exist");
                }
            };
            for &inst in &block.insts {
                func.insts[inst.index()].op.operands(&mut used);
            }
            if let Some(term) = &block.term {
                term.operands(&mut used);
            }
        }
    }

    fn made(&mut self, val: Val, def: Def, made: &mut [bool]) {
        match made.get_mut(val.index()) {
            None => self.fault(format_args!("{val} does not exist")),
            Some(true) => self.fault(format_args!("{val} is made twice")),
            Some(seen) => {
                *seen = true;
                let said = self.func.vals[val.index()].def;
                self.check(said == def, format_args!("{val} is made by {def:?} and says {said:?}"));
            }
        }
    }

    /// Rule 1: uses are dominated. In blocks that the entry does not reach anything goes.
    fn dominance(&mut self) {
        let func = self.func;
        let cfg = Cfg::new(func);
        let mut place = vec![(Block::new(0), usize::MAX); func.vals.len()];
        for (i, block) in func.blocks.iter().enumerate() {
            for &val in &block.params {
                place[val.index()] = (Block::new(i), 0);
            }
            for (n, &inst) in block.insts.iter().enumerate() {
                for &val in &func.insts[inst.index()].results {
                    place[val.index()] = (Block::new(i), n + 1);
                }
            }
        }
        for &block in &cfg.order {
            let data = &func.blocks[block.index()];
            let mut bad = Vec::new();
            let mut used = |val: Val, n: usize| {
                let (home, made) = place[val.index()];
                let fine = if home == block {
                    made < n + 1
                } else {
                    made != usize::MAX && cfg.is_reachable(home) && cfg.dominates(home, block)
                };
                if !fine {
                    bad.push(val);
                }
            };
            for (n, &inst) in data.insts.iter().enumerate() {
                func.insts[inst.index()].op.operands(&mut |v| used(v, n));
            }
            if let Some(term) = &data.term {
                term.operands(&mut |v| used(v, data.insts.len()));
            }
            self.at = block.to_string();
            for val in bad {
                self.fault(format_args!("{val} is used where it is not made on every way"));
            }
        }
    }

    fn instructions(&mut self) {
        for (i, block) in self.func.blocks.iter().enumerate() {
            for (n, &inst) in block.insts.iter().enumerate() {
                self.inst(Block::new(i), n, inst);
            }
            self.at = format!("b{i}: terminator");
            if let Some(term) = &block.term {
                self.term(term);
            }
        }
    }

    fn scalar(&self, val: Val) -> Scalar {
        self.func.scalar(val)
    }

    fn is(&mut self, val: Val, scalar: Scalar) {
        let have = self.scalar(val);
        self.check(have == scalar, format_args!("{val} is {}, not {}", have.word(), scalar.word()));
    }

    fn one_of(&mut self, val: Val, scalars: &[Scalar]) {
        let have = self.scalar(val);
        self.check(
            scalars.contains(&have),
            format_args!("{val} is {}, which does not fit", have.word()),
        );
    }

    fn same(&mut self, x: Val, y: Val) {
        let scalar = self.scalar(x);
        self.is(y, scalar);
    }

    fn results(&mut self, inst: &Inst, scalars: &[Scalar]) {
        let have: SmallVec<[Scalar; 4]> = inst.results.iter().map(|&v| self.scalar(v)).collect();
        self.check(have[..] == *scalars, format_args!("makes {have:?}, should make {scalars:?}"));
    }

    fn inst(&mut self, block: Block, n: usize, id: InstId) {
        use Scalar::{F32, F64, I8, I64, Ptr};
        let inst = &self.func.insts[id.index()];
        self.at = format!("{block}: instruction {n} ({})", op_word(&inst.op));
        match &inst.op {
            Op::Iconst(scalar, value) => {
                self.check(INTS.contains(scalar), "not an integer type");
                let bits = scalar.size() * 8;
                let fits = bits == 64 || (value << (64 - bits)) >> (64 - bits) == *value;
                self.check(fits, format_args!("{value} is not sign-extended from its width"));
                self.results(inst, &[*scalar]);
            }
            Op::F32const(_) => self.results(inst, &[F32]),
            Op::F64const(_) => self.results(inst, &[F64]),
            Op::Null | Op::SymAddr(..) | Op::FuncValue(_) | Op::TypeAddr(_) | Op::Bytes(_) => {
                self.results(inst, &[Ptr]);
            }
            Op::ItabAddr(iface, _) => {
                self.check(
                    self.context.types.is_interface(*iface),
                    "the first type is no interface",
                );
                self.results(inst, &[Ptr]);
            }
            Op::Unary(op, x) => {
                self.one_of(*x, if op.is_float() { FLOATS } else { INTS });
                self.results(inst, &[self.scalar(*x)]);
            }
            Op::Binary(op, x, y) => self.binary(inst, *op, *x, *y),
            Op::Fma(x, y, z) => {
                self.one_of(*x, FLOATS);
                self.same(*x, *y);
                self.same(*x, *z);
                self.results(inst, &[self.scalar(*x)]);
            }
            Op::AddCarry(x, y, z) | Op::SubBorrow(x, y, z) | Op::DivWide { hi: x, lo: y, y: z } => {
                [x, y, z].into_iter().for_each(|&v| self.is(v, I64));
                self.results(inst, &[I64, I64]);
            }
            Op::Compare(cond, x, y) => {
                let kinds = match cond {
                    Cond::FEq | Cond::FNe | Cond::FLt | Cond::FLe | Cond::FGt | Cond::FGe => FLOATS,
                    _ => INTS_OR_PTR,
                };
                self.one_of(*x, kinds);
                self.same(*x, *y);
                self.results(inst, &[I8]);
            }
            Op::Select(cond, x, y) => {
                self.is(*cond, I8);
                self.same(*x, *y);
                self.results(inst, &[self.scalar(*x)]);
            }
            Op::Convert(op, to, x) => {
                let from = self.scalar(*x);
                let fits = converts(*op, from, *to);
                self.check(fits, format_args!("{} to {} is impossible", from.word(), to.word()));
                self.results(inst, &[*to]);
            }
            Op::PtrAdd(base, bytes) => {
                self.is(*base, Ptr);
                self.is(*bytes, I64);
                self.results(inst, &[Ptr]);
            }
            Op::SlotAddr(slot, offset) => {
                if let Some(ty) = self.slot(*slot) {
                    let size = self.context.types.size(ty);
                    self.check(u64::from(*offset) <= size, "the offset is beyond the slot");
                }
                self.results(inst, &[Ptr]);
            }
            Op::Load { scalar, addr, offset } => {
                self.is(*addr, Ptr);
                self.offset(*offset);
                self.results(inst, &[*scalar]);
            }
            Op::Store { addr, offset, val, barrier } => {
                self.is(*addr, Ptr);
                self.offset(*offset);
                let plain = self.scalar(*val) != Ptr;
                self.barrier(plain, *barrier);
                self.results(inst, &[]);
            }
            Op::Copy { ty, dst, src, barrier } => {
                self.is(*dst, Ptr);
                self.is(*src, Ptr);
                self.barrier(!self.context.types.has_pointers(*ty), *barrier);
                self.results(inst, &[]);
            }
            Op::Zero { ty, dst, barrier } => {
                self.is(*dst, Ptr);
                self.barrier(!self.context.types.has_pointers(*ty), *barrier);
                self.results(inst, &[]);
            }
            Op::Alloc { .. } => self.results(inst, &[Ptr]),
            Op::AllocArray { len, place, .. } => {
                self.is(*len, I64);
                let constant = matches!(self.func.def(*len), Some(Op::Iconst(..)));
                self.check(*place == Place::Heap || constant, "on the stack, of unknown length");
                self.results(inst, &[Ptr]);
            }
            Op::NilCheck(x) => {
                self.is(*x, Ptr);
                self.results(inst, &[]);
            }
            Op::DivCheck(x) | Op::ShiftCheck(x) => {
                self.one_of(*x, INTS);
                self.results(inst, &[]);
            }
            Op::BoundsCheck { x, y, .. } => {
                self.is(*x, I64);
                self.is(*y, I64);
                self.results(inst, &[]);
            }
            Op::Call { callee, sig, args } => {
                let scalars = self.call(callee, sig, args, true);
                self.results(inst, &scalars);
            }
            Op::Context => {
                self.check(block.index() == 0 && n == 0, "is not the first instruction");
                self.check(self.func.attrs.has(Attrs::CLOSURE), "the function is no closure");
                self.results(inst, &[Ptr]);
            }
            Op::EnterDefer(slot) => {
                self.check(block.index() == 0, "is not in the entry block");
                self.slot(*slot);
                self.results(inst, &[I8]);
            }
            Op::Poll => {
                self.check(!self.func.attrs.has(Attrs::NOPOLL), "in a function without polls");
                self.results(inst, &[]);
            }
            Op::FrameAddr => self.results(inst, &[I64]),
            Op::AtomicLoad(scalar, addr) => {
                self.is(*addr, Ptr);
                self.check(INTS_OR_PTR.contains(scalar), "not an integer or pointer");
                self.results(inst, &[*scalar]);
            }
            Op::AtomicStore(addr, x) => {
                self.is(*addr, Ptr);
                self.one_of(*x, INTS_OR_PTR);
                self.results(inst, &[]);
            }
            Op::AtomicRmw(_, addr, x) => {
                self.is(*addr, Ptr);
                self.one_of(*x, INTS_OR_PTR);
                self.results(inst, &[self.scalar(*x)]);
            }
            Op::AtomicCas(addr, old, new) => {
                self.is(*addr, Ptr);
                self.one_of(*old, INTS_OR_PTR);
                self.same(*old, *new);
                self.results(inst, &[I8]);
            }
            Op::KeepAlive(_) => self.results(inst, &[]),
            Op::Prefetch(addr) => {
                self.is(*addr, Ptr);
                self.results(inst, &[]);
            }
        }
    }

    fn binary(&mut self, inst: &Inst, op: BinaryOp, x: Val, y: Val) {
        self.one_of(x, if op.is_float() { FLOATS } else { INTS });
        match op.is_shift() {
            true => self.is(y, Scalar::I64),
            false => self.same(x, y),
        }
        self.results(inst, &[self.scalar(x)]);
    }

    fn offset(&mut self, offset: u32) {
        self.check(
            offset < MAX_OFFSET,
            format_args!("the offset {offset} is not below {MAX_OFFSET}"),
        );
    }

    fn barrier(&mut self, plain: bool, barrier: Barrier) {
        self.check(!plain || barrier == Barrier::None, "a barrier for what holds no pointer");
    }

    fn slot(&mut self, slot: Slot) -> Option<TypeId> {
        let data = self.func.slots.get(slot.index());
        self.check(data.is_some(), format_args!("{slot} does not exist"));
        data.map(|s| s.ty)
    }

    /// Checks a call's operands and gives the scalars of its results.
    fn call(
        &mut self,
        callee: &Callee,
        sig: &Signature,
        args: &[Val],
        memory_results: bool,
    ) -> SmallVec<[Scalar; 4]> {
        if let Callee::Code(val) | Callee::Closure(val) = callee {
            self.is(*val, Scalar::Ptr);
        }
        let mut want = SmallVec::<[Scalar; 8]>::new();
        let mut results = SmallVec::new();
        for &ty in &sig.params {
            match self.context.types.parts(ty) {
                Some(parts) => want.extend(parts.iter().map(|p| p.scalar)),
                None => want.push(Scalar::Ptr),
            }
        }
        for &ty in &sig.results {
            match self.context.types.parts(ty) {
                Some(parts) => results.extend(parts.iter().map(|p| p.scalar)),
                None if memory_results => want.push(Scalar::Ptr),
                None => {}
            }
        }
        let have: SmallVec<[Scalar; 8]> = args.iter().map(|&v| self.scalar(v)).collect();
        self.check(have == want, format_args!("operands are {have:?}, should be {want:?}"));
        results
    }

    fn term(&mut self, term: &Terminator) {
        for target in term.targets() {
            self.target(target);
        }
        match term {
            Terminator::Jump(_) | Terminator::Unreachable => {}
            Terminator::Branch { cond, .. } => self.is(*cond, Scalar::I8),
            Terminator::Switch { val, cases, .. } => {
                self.one_of(*val, INTS);
                let mut values: Vec<_> = cases.iter().map(|c| c.0).collect();
                values.sort_unstable();
                self.check(values.windows(2).all(|p| p[0] != p[1]), "a value comes twice");
                for block in term.blocks() {
                    let none = self.func.blocks[block.index()].params.is_empty();
                    self.check(none, format_args!("{block} has parameters"));
                }
            }
            Terminator::Return(args) => {
                let mut want = SmallVec::<[Scalar; 8]>::new();
                for &ty in &self.func.sig.results {
                    match self.context.types.parts(ty) {
                        Some(parts) => want.extend(parts.iter().map(|p| p.scalar)),
                        None => want.push(Scalar::Ptr),
                    }
                }
                let have: SmallVec<[Scalar; 8]> = args.iter().map(|&v| self.scalar(v)).collect();
                self.check(have == want, format_args!("returns {have:?}, should return {want:?}"));
            }
            Terminator::TailCall { callee, sig, args } => {
                self.call(callee, sig, args, false);
                self.check(sig.results == self.func.sig.results, "the callee's results differ");
                let memory = |&ty: &TypeId| self.context.types.parts(ty).is_none();
                let any = sig.params.iter().any(memory);
                self.check(!any, "an argument is in memory form");
            }
        }
    }

    fn target(&mut self, target: &Target) {
        let params = &self.func.blocks[target.block.index()].params;
        let want: SmallVec<[Scalar; 8]> = params.iter().map(|&v| self.scalar(v)).collect();
        let have: SmallVec<[Scalar; 8]> = target.args.iter().map(|&v| self.scalar(v)).collect();
        self.check(
            have == want,
            format_args!("{} takes {want:?}, is given {have:?}", target.block),
        );
    }
}

impl UnaryOp {
    /// Whether it is about floats.
    pub fn is_float(self) -> bool {
        use UnaryOp::{FAbs, FCeil, FFloor, FNearest, FNeg, FSqrt, FTrunc};
        matches!(self, FNeg | FAbs | FSqrt | FFloor | FCeil | FTrunc | FNearest)
    }
}

impl BinaryOp {
    /// Whether it is about floats.
    pub fn is_float(self) -> bool {
        use BinaryOp::{FAdd, FCopysign, FDiv, FMax, FMin, FMul, FSub};
        matches!(self, FAdd | FSub | FMul | FDiv | FMin | FMax | FCopysign)
    }

    /// Whether the second operand is an `I64` count.
    pub fn is_shift(self) -> bool {
        matches!(self, BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr | BinaryOp::Rotl)
    }
}

fn converts(op: ConvertOp, from: Scalar, to: Scalar) -> bool {
    let int = |s: Scalar| INTS.contains(&s);
    let float = |s: Scalar| FLOATS.contains(&s);
    match op {
        ConvertOp::Zext | ConvertOp::Sext => int(from) && int(to) && from.size() < to.size(),
        ConvertOp::Trunc => int(from) && int(to) && from.size() > to.size(),
        ConvertOp::SToF => WIDE.contains(&from) && float(to),
        ConvertOp::UToF => from == Scalar::I64 && float(to),
        ConvertOp::FToS => float(from) && WIDE.contains(&to),
        ConvertOp::FToU => float(from) && to == Scalar::I64,
        ConvertOp::FToF => float(from) && float(to) && from != to,
        ConvertOp::Bits => {
            from.size() == to.size() && (int(from) && float(to) || float(from) && int(to))
        }
        ConvertOp::PtrToInt => from == Scalar::Ptr && to == Scalar::I64,
        ConvertOp::IntToPtr => from == Scalar::I64 && to == Scalar::Ptr,
    }
}

fn op_word(op: &Op) -> String {
    let text = format!("{op:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string()
}
