//! Every operation on scalars, run with operands that the compiler does not know, at the edges of their ranges.

mod common;

use std::sync::Arc;
use trigo_ir::Program;
use trigo_ir::build::Builder;
use trigo_ir::func::{Func, Signature, Val};
use trigo_ir::inst::{BinaryOp, Callee, Cond, ConvertOp, Op, Terminator, UnaryOp};
use trigo_ir::program::Context;
use trigo_ir::types::{Basic, Scalar, TypeId};

/// A value by its bits.
type Bits = (Scalar, u64);

fn go_type(scalar: Scalar) -> TypeId {
    match scalar {
        Scalar::I8 => Basic::Uint8,
        Scalar::I16 => Basic::Uint16,
        Scalar::I32 => Basic::Uint32,
        Scalar::I64 => Basic::Uint64,
        Scalar::F32 => Basic::Float32,
        Scalar::F64 => Basic::Float64,
        Scalar::Ptr => Basic::UnsafePointer,
    }
    .id()
}

/// Cases, each a function of its own that the program calls and whose result it compares.
struct Cases {
    context: Arc<Context>,
    funcs: Vec<Func>,
    cases: Vec<(Vec<Bits>, Bits, String)>,
}

impl Cases {
    fn new() -> Self {
        Self { context: Arc::new(Context::default()), funcs: Vec::new(), cases: Vec::new() }
    }

    /// An operation, its operands, and the bits of what it must give.
    fn case(&mut self, op: impl Fn(&[Val]) -> Op, operands: &[Bits], wanted: Bits) {
        let sig = Signature {
            params: operands.iter().map(|o| go_type(o.0)).collect(),
            results: vec![go_type(wanted.0)],
        };
        let sym = self.context.syms.intern(&format!("t.f{:04}", self.funcs.len()));
        let mut b = Builder::new(&self.context, sym, sig);
        let params = b.params().to_vec();
        let op = op(&params);
        let text = format!("{op:?} of {operands:x?}, wanted {wanted:x?}");
        let result = b.push(op, &[wanted.0])[0];
        b.terminate(Terminator::Return([result].into_iter().collect()));
        self.funcs.push(b.finish());
        self.cases.push((operands.to_vec(), wanted, text));
    }

    fn unary(&mut self, op: UnaryOp, x: Bits, wanted: u64) {
        self.case(|v| Op::Unary(op, v[0]), &[x], (x.0, wanted));
    }

    fn binary(&mut self, op: BinaryOp, x: Bits, y: Bits, wanted: u64) {
        self.case(|v| Op::Binary(op, v[0], v[1]), &[x, y], (x.0, wanted));
    }

    fn compare(&mut self, cond: Cond, x: Bits, y: Bits, wanted: bool) {
        let wanted = (Scalar::I8, u64::from(wanted));
        self.case(|v| Op::Compare(cond, v[0], v[1]), &[x, y], wanted);
    }

    fn convert(&mut self, op: ConvertOp, x: Bits, wanted: Bits) {
        self.case(|v| Op::Convert(op, wanted.0, v[0]), &[x], wanted);
    }

    /// Runs all cases, and says which failed first.
    fn run(mut self) {
        let main = self.main();
        self.funcs.push(main);
        for func in &self.funcs {
            trigo_ir::verify::assert_valid(&self.context, func, "the test");
        }
        let program = Program {
            context: self.context.clone(),
            funcs: self.funcs,
            externs: Vec::new(),
            data: Vec::new(),
            types: Vec::new(),
            inits: Vec::new(),
            aliases: Vec::new(),
        };
        let failed = common::run(&program);
        if failed != -1 {
            panic!("{}", self.cases[failed as usize].2);
        }
    }

    /// Returns the number of the first case that is wrong, or -1.
    fn main(&self) -> Func {
        let sym = self.context.syms.intern("runtime.main");
        let sig = Signature { params: Vec::new(), results: vec![Basic::Int.id()] };
        let mut b = Builder::new(&self.context, sym, sig);
        for (i, (operands, wanted, _)) in self.cases.iter().enumerate() {
            let args: Vec<Val> = operands.iter().map(|&o| constant(&mut b, o)).collect();
            let callee = Callee::Direct(self.funcs[i].sym);
            let result = b.call(callee, self.funcs[i].sig.clone(), &args)[0];
            let found = int_bits(&mut b, wanted.0, result);
            let scalar = b.func.scalar(found);
            let expected = b.iconst(scalar, signed(scalar, wanted.1));
            let same = b.compare(Cond::Eq, found, expected);
            let (wrong, next) = (b.new_block(), b.new_block());
            b.branch(same, next, wrong);
            b.switch_to(wrong);
            let number = b.iconst(Scalar::I64, i as i64);
            b.terminate(Terminator::Return([number].into_iter().collect()));
            b.switch_to(next);
        }
        let none = b.iconst(Scalar::I64, -1);
        b.terminate(Terminator::Return([none].into_iter().collect()));
        b.finish()
    }
}

fn constant(b: &mut Builder<'_>, (scalar, bits): Bits) -> Val {
    match scalar {
        Scalar::F32 => b.push(Op::F32const(bits as u32), &[scalar])[0],
        Scalar::F64 => b.push(Op::F64const(bits), &[scalar])[0],
        Scalar::Ptr => {
            let int = b.iconst(Scalar::I64, bits as i64);
            b.convert(ConvertOp::IntToPtr, Scalar::Ptr, int)
        }
        _ => b.iconst(scalar, signed(scalar, bits)),
    }
}

/// A value as an integer; of a float its bits, so that zeros and NaNs are told apart.
fn int_bits(b: &mut Builder<'_>, scalar: Scalar, val: Val) -> Val {
    match scalar {
        Scalar::F32 => b.convert(ConvertOp::Bits, Scalar::I32, val),
        Scalar::F64 => b.convert(ConvertOp::Bits, Scalar::I64, val),
        Scalar::Ptr => b.convert(ConvertOp::PtrToInt, Scalar::I64, val),
        _ => val,
    }
}

/// Sign-extended, as constants are.
fn signed(scalar: Scalar, bits: u64) -> i64 {
    let unused = 64 - 8 * scalar.size() as u32;
    ((bits << unused) as i64) >> unused
}

const INTS: [Scalar; 4] = [Scalar::I8, Scalar::I16, Scalar::I32, Scalar::I64];

fn width(scalar: Scalar) -> u32 {
    8 * scalar.size() as u32
}

fn mask(scalar: Scalar) -> u64 {
    u64::MAX >> (64 - width(scalar))
}

/// Numbers at the edges of a type's range.
fn edges(scalar: Scalar) -> Vec<u64> {
    let top = 1 << (width(scalar) - 1);
    vec![0, 1, 2, 7, mask(scalar), top, top - 1, 0xa5a5_5a5a_3c3c_c3c3 & mask(scalar)]
}

#[test]
fn integer_arithmetic_wraps_and_division_truncates() {
    let mut cases = Cases::new();
    for scalar in INTS {
        for &x in &edges(scalar) {
            for &y in &edges(scalar) {
                integers(&mut cases, scalar, x, y);
            }
        }
    }
    cases.run();
}

fn integers(cases: &mut Cases, scalar: Scalar, x: u64, y: u64) {
    let (a, b) = ((scalar, x), (scalar, y));
    let (sx, sy) = (signed(scalar, x), signed(scalar, y));
    let cut = |value: u64| value & mask(scalar);
    let bits = width(scalar);
    use BinaryOp::*;
    cases.binary(Add, a, b, cut(x.wrapping_add(y)));
    cases.binary(Sub, a, b, cut(x.wrapping_sub(y)));
    cases.binary(Mul, a, b, cut(x.wrapping_mul(y)));
    cases.binary(SMulHi, a, b, cut(((sx as i128 * sy as i128) >> bits) as u64));
    cases.binary(UMulHi, a, b, cut(((x as u128 * y as u128) >> bits) as u64));
    cases.binary(And, a, b, x & y);
    cases.binary(Or, a, b, x | y);
    cases.binary(Xor, a, b, x ^ y);
    cases.binary(AndNot, a, b, x & !y);
    if let (Some(quotient), Some(rest)) = (x.checked_div(y), x.checked_rem(y)) {
        cases.binary(SDiv, a, b, cut(sx.wrapping_div(sy) as u64));
        cases.binary(SRem, a, b, cut(sx.wrapping_rem(sy) as u64));
        cases.binary(UDiv, a, b, quotient);
        cases.binary(URem, a, b, rest);
    }
    cases.compare(Cond::Eq, a, b, x == y);
    cases.compare(Cond::Ne, a, b, x != y);
    cases.compare(Cond::Slt, a, b, sx < sy);
    cases.compare(Cond::Sle, a, b, sx <= sy);
    cases.compare(Cond::Sgt, a, b, sx > sy);
    cases.compare(Cond::Sge, a, b, sx >= sy);
    cases.compare(Cond::Ult, a, b, x < y);
    cases.compare(Cond::Ule, a, b, x <= y);
    cases.compare(Cond::Ugt, a, b, x > y);
    cases.compare(Cond::Uge, a, b, x >= y);
}

#[test]
fn shifts_go_on_beyond_the_width() {
    let mut cases = Cases::new();
    for scalar in INTS {
        let bits = u64::from(width(scalar));
        for &x in &edges(scalar) {
            for count in [0, 1, 7, bits - 1, bits, bits + 1, 64, 65, 256, 1 << 32, u64::MAX] {
                let cut = |value: u64| value & mask(scalar);
                let sx = signed(scalar, x);
                let (a, n) = ((scalar, x), (Scalar::I64, count));
                let left = if count < bits { cut(x << count) } else { 0 };
                let right = if count < bits { x >> count } else { 0 };
                let arithmetic = cut((sx >> count.min(63)) as u64);
                let turn = (count % bits) as u32;
                let back = (width(scalar) - turn) % width(scalar);
                let rotated = cut(x << turn | x >> back);
                for (op, wanted) in [
                    (BinaryOp::Shl, left),
                    (BinaryOp::LShr, right),
                    (BinaryOp::AShr, arithmetic),
                    (BinaryOp::Rotl, rotated),
                ] {
                    cases.binary(op, a, n, wanted);
                }
            }
        }
    }
    cases.run();
}

#[test]
fn bits_are_counted_and_turned() {
    let mut cases = Cases::new();
    for scalar in INTS {
        let bits = width(scalar);
        for x in edges(scalar) {
            let a = (scalar, x);
            let cut = |value: u64| value & mask(scalar);
            cases.unary(UnaryOp::Neg, a, cut(x.wrapping_neg()));
            cases.unary(UnaryOp::Not, a, cut(!x));
            cases.unary(UnaryOp::Clz, a, u64::from(x.leading_zeros() - (64 - bits)));
            cases.unary(UnaryOp::Ctz, a, u64::from(x.trailing_zeros().min(bits)));
            cases.unary(UnaryOp::Popcnt, a, u64::from(x.count_ones()));
            cases.unary(UnaryOp::Bitrev, a, x.reverse_bits() >> (64 - bits));
            if bits > 8 {
                cases.unary(UnaryOp::Bswap, a, x.swap_bytes() >> (64 - bits));
            }
        }
    }
    cases.run();
}

#[test]
fn integers_are_cut_and_extended() {
    let mut cases = Cases::new();
    for (i, &from) in INTS.iter().enumerate() {
        for x in edges(from) {
            for &to in &INTS[..i] {
                cases.convert(ConvertOp::Trunc, (from, x), (to, x & mask(to)));
            }
            for &to in &INTS[i + 1..] {
                cases.convert(ConvertOp::Zext, (from, x), (to, x));
                let wide = signed(from, x) as u64 & mask(to);
                cases.convert(ConvertOp::Sext, (from, x), (to, wide));
            }
        }
    }
    cases.run();
}

fn f64s() -> Vec<f64> {
    let mut all = vec![0.0, 0.5, 1.0, 1.5, 2.5, 1e10, 1e300, 5e-324, 4503599627370497.5];
    all.extend([
        9223372036854775807.0,
        9223372036854774784.0,
        18446744073709549568.0,
        4294967296.5,
    ]);
    all.extend([2147483647.0, 2147483648.0, f64::INFINITY]);
    let negative: Vec<f64> = all.iter().map(|x| -x).collect();
    all.extend(negative);
    all.push(f64::NAN);
    all
}

fn wide(x: f64) -> Bits {
    (Scalar::F64, x.to_bits())
}

fn narrow(x: f32) -> Bits {
    (Scalar::F32, x.to_bits().into())
}

#[test]
fn floats_keep_to_ieee_754() {
    let mut cases = Cases::new();
    for &x in &f64s() {
        for (op, wanted) in [
            (UnaryOp::FNeg, -x),
            (UnaryOp::FAbs, x.abs()),
            (UnaryOp::FFloor, x.floor()),
            (UnaryOp::FCeil, x.ceil()),
            (UnaryOp::FTrunc, x.trunc()),
            (UnaryOp::FNearest, x.round_ties_even()),
        ] {
            cases.unary(op, wide(x), wanted.to_bits());
        }
        if x >= 0.0 {
            cases.unary(UnaryOp::FSqrt, wide(x), x.sqrt().to_bits());
            cases.unary(UnaryOp::FSqrt, narrow(x as f32), (x as f32).sqrt().to_bits().into());
        }
        for &y in &f64s() {
            pairs(&mut cases, x, y);
        }
    }
    cases.run();
}

fn pairs(cases: &mut Cases, x: f64, y: f64) {
    for (op, wanted) in [
        (BinaryOp::FAdd, x + y),
        (BinaryOp::FSub, x - y),
        (BinaryOp::FMul, x * y),
        (BinaryOp::FDiv, x / y),
        (BinaryOp::FMin, go_min(x, y)),
        (BinaryOp::FMax, -go_min(-x, -y)),
        (BinaryOp::FCopysign, x.copysign(y)),
    ] {
        // Which NaN comes out is not said.
        match wanted.is_nan() {
            false => cases.binary(op, wide(x), wide(y), wanted.to_bits()),
            true => cases.nan(op, x, y),
        }
    }
    cases.compare(Cond::FEq, wide(x), wide(y), x == y);
    cases.compare(Cond::FNe, wide(x), wide(y), x != y);
    cases.compare(Cond::FLt, wide(x), wide(y), x < y);
    cases.compare(Cond::FLe, wide(x), wide(y), x <= y);
    cases.compare(Cond::FGt, wide(x), wide(y), x > y);
    cases.compare(Cond::FGe, wide(x), wide(y), x >= y);
}

/// The spec's `min`: NaN if either is, and -0 below 0.
fn go_min(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == 0.0 && y == 0.0 {
        if x.is_sign_negative() { x } else { y }
    } else {
        x.min(y)
    }
}

impl Cases {
    /// The operation gives a NaN: a number that differs from itself.
    fn nan(&mut self, op: BinaryOp, x: f64, y: f64) {
        let sig =
            Signature { params: vec![Basic::Float64.id(); 2], results: vec![Basic::Uint8.id()] };
        let sym = self.context.syms.intern(&format!("t.f{:04}", self.funcs.len()));
        let mut b = Builder::new(&self.context, sym, sig);
        let params = b.params().to_vec();
        let result = b.binary(op, params[0], params[1]);
        let differs = b.compare(Cond::FNe, result, result);
        b.terminate(Terminator::Return([differs].into_iter().collect()));
        self.funcs.push(b.finish());
        let text = format!("{op:?} of {x} and {y}, wanted NaN");
        self.cases.push((vec![wide(x), wide(y)], (Scalar::I8, 1), text));
    }
}

#[test]
fn floats_and_integers_convert_as_gc_does_on_amd64() {
    let mut cases = Cases::new();
    for x in f64s() {
        let single = x as f32;
        cases.convert(ConvertOp::FToS, wide(x), (Scalar::I64, cvt64(x) as u64));
        cases.convert(ConvertOp::FToS, wide(x), (Scalar::I32, cvt32(x)));
        cases.convert(ConvertOp::FToU, wide(x), (Scalar::I64, unsigned(x)));
        cases.convert(ConvertOp::FToS, narrow(single), (Scalar::I64, cvt64(single.into()) as u64));
        cases.convert(ConvertOp::FToU, narrow(single), (Scalar::I64, unsigned(single.into())));
        if !x.is_nan() {
            cases.convert(ConvertOp::FToF, wide(x), narrow(single));
            cases.convert(ConvertOp::FToF, narrow(single), wide(single.into()));
        }
        cases.convert(ConvertOp::Bits, wide(x), (Scalar::I64, x.to_bits()));
        cases.convert(ConvertOp::Bits, (Scalar::I64, x.to_bits()), wide(x));
    }
    for x in edges(Scalar::I64).into_iter().chain([1 << 53 | 1, (1 << 63) + 1025]) {
        let a = (Scalar::I64, x);
        cases.convert(ConvertOp::SToF, a, wide(x as i64 as f64));
        cases.convert(ConvertOp::SToF, a, narrow(x as i64 as f32));
        cases.convert(ConvertOp::UToF, a, wide(x as f64));
        cases.convert(ConvertOp::UToF, a, narrow(x as f32));
        let half = x & mask(Scalar::I32);
        cases.convert(ConvertOp::SToF, (Scalar::I32, half), wide(half as i32 as f64));
    }
    cases.run();
}

/// `cvttsd2si` to 64 bits.
fn cvt64(x: f64) -> i64 {
    if x < 2f64.powi(63) { x as i64 } else { i64::MIN }
}

/// `cvttsd2si` to 32 bits.
fn cvt32(x: f64) -> u64 {
    let fits = x > -2147483649.0 && x < 2147483648.0;
    u64::from(if fits { x as i32 } else { i32::MIN } as u32)
}

/// What Go 1.27 does for `uint64(x)` on amd64.
fn unsigned(x: f64) -> u64 {
    let half = 2f64.powi(63);
    if x < half { cvt64(x) as u64 } else { cvt64(x - half) as u64 | 1 << 63 }
}

#[test]
fn wide_arithmetic_carries() {
    let text = "
func t.add(uint64, uint64, uint64) (uint64, uint64) {
b0(v0: i64, v1: i64, v2: i64):
  v3: i64, v4: i64 = add_carry v0, v1, v2
  return v3, v4
}
func t.sub(uint64, uint64, uint64) (uint64, uint64) {
b0(v0: i64, v1: i64, v2: i64):
  v3: i64, v4: i64 = sub_borrow v0, v1, v2
  return v3, v4
}
func t.div(uint64, uint64, uint64) (uint64, uint64) {
b0(v0: i64, v1: i64, v2: i64):
  v3: i64, v4: i64 = div_wide v0, v1, v2
  return v3, v4
}
func runtime.main() (int) {
b0():
  v0: i64 = iconst -1
  v1: i64 = iconst 1
  v2: i64 = iconst 0
  v3: i64, v4: i64 = call t.add(v0, v2, v1): (uint64, uint64, uint64) (uint64, uint64)
  v5: i64, v6: i64 = call t.sub(v2, v2, v1): (uint64, uint64, uint64) (uint64, uint64)
  v7: i64 = iconst 5
  v8: i64 = iconst 1000
  v9: i64, v10: i64 = call t.div(v7, v7, v8): (uint64, uint64, uint64) (uint64, uint64)
  v11: i64 = mul v4, v8
  v12: i64 = mul v6, v7
  v13: i64 = add v11, v12
  v14: i64 = add v13, v3
  v15: i64 = add v14, v5
  v16: i64 = mul v9, v8
  v17: i64 = add v16, v10
  v18: i64 = add v17, v15
  return v18
}";
    // Sum 0 with carry 1, difference -1 with borrow 1; the quotient by 1000 comes back as 5·2^64 + 5, cut to 64 bits.
    assert_eq!(common::run_text(text), 1000 + 5 - 1 + 5);
}

#[test]
fn fused_multiplication_rounds_once() {
    let small = 2f64.powi(-30);
    let triples = [(1.0 + small, 1.0 - small, -1.0), (f64::MAX, 2.0, -f64::MAX), (3.0, 4.0, 5.0)];
    let mut cases = Cases::new();
    let fma = |v: &[Val]| Op::Fma(v[0], v[1], v[2]);
    for (x, y, z) in triples {
        cases.case(fma, &[wide(x), wide(y), wide(z)], wide(x.mul_add(y, z)));
        // Within the range of the narrow type: what sign a NaN gets is left open.
        let [a, b, c] = [x, y, z].map(|v| v.clamp(f32::MIN.into(), f32::MAX.into()) as f32);
        cases.case(fma, &[narrow(a), narrow(b), narrow(c)], narrow(a.mul_add(b, c)));
    }
    cases.run();
}
