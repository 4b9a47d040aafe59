//! Operations: arithmetic, conversions, addresses, atomics, and those that other files of this folder have.

use super::{GO, OWN, Translator, clif_type};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self as clif, AtomicRmwOp, InstBuilder, MemFlagsData, Value, types};
use cranelift_codegen::isa::CallConv;
use trigo_abi::{entries, worker};
use trigo_ir::data::RelocTarget;
use trigo_ir::func::{Slot, Val};
use trigo_ir::inst::{AtomicOp, BinaryOp, Cond, ConvertOp, Inst, Op, UnaryOp};
use trigo_ir::types::Scalar;

impl Translator<'_> {
    /// Translates an instruction.
    pub(super) fn inst(&mut self, inst: &Inst) {
        let one = match &inst.op {
            &Op::Iconst(scalar, value) => self.int(clif_type(scalar), value),
            &Op::F32const(bits) => self.b.ins().f32const(clif::immediates::Ieee32::with_bits(bits)),
            &Op::F64const(bits) => self.b.ins().f64const(clif::immediates::Ieee64::with_bits(bits)),
            Op::Null => self.iconst(0),
            &Op::SymAddr(sym, offset) => self.address_of(RelocTarget::Sym(sym), offset),
            &Op::FuncValue(sym) => self.address_of(RelocTarget::FuncValue(sym), 0),
            &Op::TypeAddr(ty) => self.address_of(RelocTarget::Type(ty), 0),
            &Op::ItabAddr(iface, ty) => self.address_of(RelocTarget::Itab(iface, ty), 0),
            Op::Bytes(bytes) => self.address_of(RelocTarget::Bytes(bytes.clone()), 0),
            &Op::Unary(op, x) => self.unary(op, x),
            &Op::Binary(op, x, y) => self.binary(op, x, y),
            &Op::Fma(x, y, z) => {
                let (x, y, z) = (self.val(x), self.val(y), self.val(z));
                self.b.ins().fma(x, y, z)
            }
            &Op::Compare(cond, x, y) => self.compare(cond, x, y),
            &Op::Select(cond, then, els) => {
                let (cond, then, els) = (self.val(cond), self.val(then), self.val(els));
                self.b.ins().select(cond, then, els)
            }
            &Op::Convert(op, to, x) => self.convert(op, to, x),
            &Op::PtrAdd(base, bytes) => {
                let (base, bytes) = (self.val(base), self.val(bytes));
                self.b.ins().iadd(base, bytes)
            }
            &Op::SlotAddr(slot, offset) => self.slot_address(slot, offset),
            &Op::Load { scalar, addr, offset } => self.load(scalar, addr, offset),
            &Op::Alloc { ty, place, .. } => self.alloc(ty, place),
            &Op::AllocArray { elem, len, place, .. } => self.alloc_array(elem, len, place),
            Op::Context => self.context_value.expect("the function is a closure"),
            &Op::EnterDefer(slot) => self.enter_defer(slot),
            Op::FrameAddr => self.b.ins().get_frame_pointer(types::I64),
            &Op::AtomicLoad(scalar, addr) => {
                let addr = self.val(addr);
                self.b.ins().atomic_load(clif_type(scalar), GO, addr)
            }
            &Op::AtomicRmw(op, addr, x) => self.atomic_rmw(op, addr, x),
            &Op::AtomicCas(addr, old, new) => {
                let (addr, old, new) = (self.val(addr), self.val(old), self.val(new));
                let found = self.b.ins().atomic_cas(GO, addr, old, new);
                self.b.ins().icmp(IntCC::Equal, found, old)
            }
            op => return self.many(op, &inst.results),
        };
        self.vals[inst.results[0].index()] = Some(one);
    }

    /// Operations with no result, or several.
    fn many(&mut self, op: &Op, results: &[Val]) {
        let values: Vec<Value> = match op {
            &Op::AddCarry(x, y, carry) => self.add_carry(x, y, carry).into(),
            &Op::SubBorrow(x, y, borrow) => self.sub_borrow(x, y, borrow).into(),
            &Op::DivWide { hi, lo, y } => self.divide_wide(hi, lo, y),
            Op::Call { callee, sig, args } => self.call(callee, sig, args),
            &Op::Store { addr, offset, val, barrier } => {
                self.store(addr, offset, val, barrier);
                Vec::new()
            }
            &Op::Copy { ty, dst, src, barrier } => {
                self.copy(ty, dst, src, barrier);
                Vec::new()
            }
            &Op::Zero { ty, dst, barrier } => {
                self.zero(ty, dst, barrier);
                Vec::new()
            }
            other => {
                self.effect(other);
                Vec::new()
            }
        };
        for (result, value) in results.iter().zip(values) {
            self.vals[result.index()] = Some(value);
        }
    }

    fn effect(&mut self, op: &Op) {
        match *op {
            Op::NilCheck(x) => self.nil_check(x),
            Op::DivCheck(x) => self.div_check(x),
            Op::ShiftCheck(x) => self.shift_check(x),
            Op::BoundsCheck { kind, x, y, signed } => self.bounds_check(kind, x, y, signed),
            Op::Poll => self.if_worker(worker::POLL, |t| t.preserving(entries::POLL, &[])),
            Op::AtomicStore(addr, x) => {
                let (addr, x) = (self.val(addr), self.val(x));
                self.b.ins().atomic_store(GO, x, addr);
            }
            Op::KeepAlive(x) => self.keep_alive(x),
            // A hint; Cranelift has no instruction for it.
            Op::Prefetch(_) => {}
            ref other => unreachable!("{other:?} has results"),
        }
    }

    /// A use that leaves no copy for the collector to find: a byte of it, stored to a word that nobody reads.
    fn keep_alive(&mut self, x: Val) {
        let value = self.val(x);
        if clif_type(self.func.scalar(x)) == types::I64 {
            let worker = self.b.ins().get_pinned_reg(types::I64);
            self.b.ins().istore8(OWN, value, worker, worker::USED as i32);
        }
    }

    fn int(&mut self, ty: clif::Type, value: i64) -> Value {
        let mask = u64::MAX >> (64 - ty.bits());
        self.b.ins().iconst(ty, (value as u64 & mask) as i64)
    }

    fn unary(&mut self, op: UnaryOp, x: Val) -> Value {
        let x = self.val(x);
        let ins = self.b.ins();
        match op {
            UnaryOp::Neg => ins.ineg(x),
            UnaryOp::Not => ins.bnot(x),
            UnaryOp::FNeg => ins.fneg(x),
            UnaryOp::FAbs => ins.fabs(x),
            UnaryOp::FSqrt => ins.sqrt(x),
            UnaryOp::FFloor => ins.floor(x),
            UnaryOp::FCeil => ins.ceil(x),
            UnaryOp::FTrunc => ins.trunc(x),
            UnaryOp::FNearest => ins.nearest(x),
            UnaryOp::Clz => ins.clz(x),
            UnaryOp::Ctz => ins.ctz(x),
            UnaryOp::Popcnt => ins.popcnt(x),
            UnaryOp::Bswap => ins.bswap(x),
            UnaryOp::Bitrev => ins.bitrev(x),
        }
    }

    fn binary(&mut self, op: BinaryOp, x: Val, y: Val) -> Value {
        if op.is_shift() {
            return self.shift(op, x, y);
        }
        if op == BinaryOp::SDiv {
            return self.signed_quotient(x, y);
        }
        let (x, y) = (self.val(x), self.val(y));
        let ins = self.b.ins();
        match op {
            BinaryOp::Add => ins.iadd(x, y),
            BinaryOp::Sub => ins.isub(x, y),
            BinaryOp::Mul => ins.imul(x, y),
            BinaryOp::SMulHi => ins.smulhi(x, y),
            BinaryOp::UMulHi => ins.umulhi(x, y),
            BinaryOp::UDiv => ins.udiv(x, y),
            BinaryOp::SRem => ins.srem(x, y),
            BinaryOp::URem => ins.urem(x, y),
            BinaryOp::And => ins.band(x, y),
            BinaryOp::Or => ins.bor(x, y),
            BinaryOp::Xor => ins.bxor(x, y),
            BinaryOp::AndNot => ins.band_not(x, y),
            BinaryOp::FAdd => ins.fadd(x, y),
            BinaryOp::FSub => ins.fsub(x, y),
            BinaryOp::FMul => ins.fmul(x, y),
            BinaryOp::FDiv => ins.fdiv(x, y),
            BinaryOp::FMin => ins.fmin(x, y),
            BinaryOp::FMax => ins.fmax(x, y),
            BinaryOp::FCopysign => ins.fcopysign(x, y),
            BinaryOp::SDiv | BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr | BinaryOp::Rotl => {
                unreachable!("done above")
            }
        }
    }

    /// The hardware faults where the least number is divided by -1, so -1 never gets there.
    fn signed_quotient(&mut self, x: Val, y: Val) -> Value {
        let constant = match self.func.def(y) {
            Some(&Op::Iconst(_, value)) => Some(value),
            _ => None,
        };
        let ty = clif_type(self.func.scalar(y));
        let (x, y) = (self.val(x), self.val(y));
        if constant.is_some_and(|value| value != 0 && value != -1) {
            return self.b.ins().sdiv(x, y);
        }
        let (one, minus) = (self.int(ty, 1), self.int(ty, -1));
        let is_minus = self.b.ins().icmp(IntCC::Equal, y, minus);
        let divisor = self.b.ins().select(is_minus, one, y);
        let quotient = self.b.ins().sdiv(x, divisor);
        let negated = self.b.ins().ineg(x);
        self.b.ins().select(is_minus, negated, quotient)
    }

    /// Shifts by any count, where the hardware takes it modulo the width.
    fn shift(&mut self, op: BinaryOp, x: Val, y: Val) -> Value {
        let ty = clif_type(self.func.scalar(x));
        let width = i64::from(ty.bits());
        let known = match self.func.def(y) {
            Some(&Op::Iconst(_, count)) => Some(count as u64 as u128),
            _ => None,
        };
        let (x, count) = (self.val(x), self.val(y));
        let emit = |t: &mut Self, count| match op {
            BinaryOp::Shl => t.b.ins().ishl(x, count),
            BinaryOp::LShr => t.b.ins().ushr(x, count),
            BinaryOp::AShr => t.b.ins().sshr(x, count),
            _ => t.b.ins().rotl(x, count),
        };
        if op == BinaryOp::Rotl || known.is_some_and(|count| count < width as u128) {
            return emit(self, count);
        }
        if op == BinaryOp::AShr {
            let most = self.iconst(width - 1);
            let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, count, most);
            let count = self.b.ins().select(inside, count, most);
            return emit(self, count);
        }
        let shifted = emit(self, count);
        let limit = self.iconst(width);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, count, limit);
        let zero = self.int(ty, 0);
        self.b.ins().select(inside, shifted, zero)
    }

    fn compare(&mut self, cond: Cond, x: Val, y: Val) -> Value {
        let (x, y) = (self.val(x), self.val(y));
        let int = match cond {
            Cond::Eq => IntCC::Equal,
            Cond::Ne => IntCC::NotEqual,
            Cond::Slt => IntCC::SignedLessThan,
            Cond::Sle => IntCC::SignedLessThanOrEqual,
            Cond::Sgt => IntCC::SignedGreaterThan,
            Cond::Sge => IntCC::SignedGreaterThanOrEqual,
            Cond::Ult => IntCC::UnsignedLessThan,
            Cond::Ule => IntCC::UnsignedLessThanOrEqual,
            Cond::Ugt => IntCC::UnsignedGreaterThan,
            Cond::Uge => IntCC::UnsignedGreaterThanOrEqual,
            Cond::FEq => return self.b.ins().fcmp(FloatCC::Equal, x, y),
            Cond::FNe => return self.b.ins().fcmp(FloatCC::NotEqual, x, y),
            Cond::FLt => return self.b.ins().fcmp(FloatCC::LessThan, x, y),
            Cond::FLe => return self.b.ins().fcmp(FloatCC::LessThanOrEqual, x, y),
            Cond::FGt => return self.b.ins().fcmp(FloatCC::GreaterThan, x, y),
            Cond::FGe => return self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, x, y),
        };
        self.b.ins().icmp(int, x, y)
    }

    fn convert(&mut self, op: ConvertOp, to: Scalar, x: Val) -> Value {
        let from = self.func.scalar(x);
        let (ty, x) = (clif_type(to), self.val(x));
        match op {
            ConvertOp::Zext => self.b.ins().uextend(ty, x),
            ConvertOp::Sext => self.b.ins().sextend(ty, x),
            ConvertOp::Trunc => self.b.ins().ireduce(ty, x),
            ConvertOp::SToF => self.b.ins().fcvt_from_sint(ty, x),
            ConvertOp::UToF => self.b.ins().fcvt_from_uint(ty, x),
            ConvertOp::FToS => self.float_to_signed(from, to, x),
            ConvertOp::FToU => self.float_to_unsigned(from, x),
            ConvertOp::FToF => match to {
                Scalar::F64 => self.b.ins().fpromote(ty, x),
                _ => self.b.ins().fdemote(ty, x),
            },
            ConvertOp::Bits => self.b.ins().bitcast(ty, MemFlagsData::new(), x),
            ConvertOp::PtrToInt | ConvertOp::IntToPtr => x,
        }
    }

    /// As `cvttsd2si`: the least number for what does not fit.
    fn float_to_signed(&mut self, from: Scalar, to: Scalar, x: Value) -> Value {
        let limit = self.two_to_63(from);
        let inside = self.b.ins().fcmp(FloatCC::LessThan, x, limit);
        let value = self.b.ins().fcvt_to_sint_sat(types::I64, x);
        let least = self.iconst(i64::MIN);
        let wide = self.b.ins().select(inside, value, least);
        if to == Scalar::I64 {
            return wide;
        }
        let narrow = self.b.ins().ireduce(types::I32, wide);
        let again = self.b.ins().sextend(types::I64, narrow);
        let fits = self.b.ins().icmp(IntCC::Equal, wide, again);
        let least = self.int(types::I32, i64::from(i32::MIN));
        self.b.ins().select(fits, narrow, least)
    }

    /// As gc: through signed numbers, from 2^63 on with that taken off and put back as a bit.
    fn float_to_unsigned(&mut self, from: Scalar, x: Value) -> Value {
        let limit = self.two_to_63(from);
        let small = self.b.ins().fcmp(FloatCC::LessThan, x, limit);
        let low = self.float_to_signed(from, Scalar::I64, x);
        let rest = self.b.ins().fsub(x, limit);
        let rest = self.float_to_signed(from, Scalar::I64, rest);
        let top = self.iconst(i64::MIN);
        let high = self.b.ins().bor(rest, top);
        self.b.ins().select(small, low, high)
    }

    fn two_to_63(&mut self, scalar: Scalar) -> Value {
        let limit = 2f64.powi(63);
        match scalar {
            Scalar::F32 => self.b.ins().f32const(limit as f32),
            _ => self.b.ins().f64const(limit),
        }
    }

    fn add_carry(&mut self, x: Val, y: Val, carry: Val) -> [Value; 2] {
        let (x, y, carry) = (self.val(x), self.val(y), self.val(carry));
        let half = self.b.ins().iadd(x, y);
        let first = self.b.ins().icmp(IntCC::UnsignedLessThan, half, x);
        let sum = self.b.ins().iadd(half, carry);
        let second = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, half);
        [sum, self.either(first, second)]
    }

    fn sub_borrow(&mut self, x: Val, y: Val, borrow: Val) -> [Value; 2] {
        let (x, y, borrow) = (self.val(x), self.val(y), self.val(borrow));
        let half = self.b.ins().isub(x, y);
        let first = self.b.ins().icmp(IntCC::UnsignedLessThan, x, y);
        let difference = self.b.ins().isub(half, borrow);
        let second = self.b.ins().icmp(IntCC::UnsignedLessThan, half, borrow);
        [difference, self.either(first, second)]
    }

    fn either(&mut self, a: Value, b: Value) -> Value {
        let either = self.b.ins().bor(a, b);
        self.b.ins().uextend(types::I64, either)
    }

    /// Cranelift has no such division: a leaf of the runtime's does it.
    fn divide_wide(&mut self, hi: Val, lo: Val, y: Val) -> Vec<Value> {
        let args = [self.val(hi), self.val(lo), self.val(y)];
        self.entry(CallConv::SystemV, entries::DIVIDE_WIDE, &args, 2)
    }

    fn atomic_rmw(&mut self, op: AtomicOp, addr: Val, x: Val) -> Value {
        let ty = clif_type(self.func.scalar(x));
        let (addr, x) = (self.val(addr), self.val(x));
        let op = match op {
            AtomicOp::Add => AtomicRmwOp::Add,
            AtomicOp::And => AtomicRmwOp::And,
            AtomicOp::Or => AtomicRmwOp::Or,
            AtomicOp::Exchange => AtomicRmwOp::Xchg,
        };
        self.b.ins().atomic_rmw(ty, GO, op, addr, x)
    }

    /// See the folder's page: what follows may be returned to, and then relies on this call's results alone.
    fn enter_defer(&mut self, slot: Slot) -> Value {
        let frame = self.slot_address(slot, 0);
        let results = self.entry(CallConv::Tail, entries::ENTER_DEFER, &[frame], 2);
        let (again, frame) = (results[0], results[1]);
        let base = match self.slots[slot.index()] {
            super::SlotPlace::Area(at) => self.moved(frame, -i64::from(at)),
            _ => unreachable!("slots of functions that recover lie in the area"),
        };
        self.area.as_mut().expect("the function recovers").base = Some(base);
        self.globals.clear();
        self.outgoing = None;
        self.b.ins().ireduce(types::I8, again)
    }
}
