//! Functions of the standard library that are single operations.

use super::value::Value;
use super::{Body, Fail, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{AtomicOp, BinaryOp, ConvertOp, Op, Terminator, UnaryOp};
use trigo_ir::types::{Scalar, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::ObjId;

/// An operation that stands for a function.
#[derive(Clone, Copy)]
enum Intrinsic {
    /// On a float.
    Unary(UnaryOp),
    /// On an integer; the result is an `int`.
    Count(UnaryOp),
    /// The number of bits that an integer needs.
    Len,
    /// On an integer, of its own width.
    Bits(UnaryOp),
    /// The same bits as another type.
    Reinterpret,
    Rotate,
    Copysign,
    Fma,
    Mul,
    AddCarry,
    SubBorrow,
    /// A number at an address, whatever its alignment.
    Load,
    AtomicLoad,
    AtomicStore,
    AtomicCas,
    /// The new value.
    AtomicAdd,
    /// The old value, if the function has a result.
    AtomicOld(AtomicOp),
    KeepAlive,
    /// Its argument is on the heap if it holds pointers, as all that has an address is.
    Escape,
    /// A boolean as a number.
    FromBool,
    Prefetch,
    /// Where the running function returns to.
    CallerPc,
    /// The stack pointer after it has returned.
    CallerSp,
    /// The address of a function's code.
    FuncPc,
}

fn find(package: &str, name: &str) -> Option<Intrinsic> {
    use Intrinsic::*;
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    Some(match package {
        "math/bits" | "internal/runtime/sys" => match digits {
            "LeadingZeros" => Count(UnaryOp::Clz),
            "TrailingZeros" => Count(UnaryOp::Ctz),
            "OnesCount" => Count(UnaryOp::Popcnt),
            "Len" => Len,
            "ReverseBytes" | "Bswap" => Bits(UnaryOp::Bswap),
            "Reverse" => Bits(UnaryOp::Bitrev),
            "RotateLeft" => Rotate,
            "Mul" if name != "Mul32" => Mul,
            "Add" if name != "Add32" => AddCarry,
            "Sub" if name != "Sub32" => SubBorrow,
            "Prefetch" | "PrefetchStreamed" => Prefetch,
            "GetCallerPC" => CallerPc,
            "GetCallerSP" => CallerSp,
            _ => return None,
        },
        "internal/abi" => match name {
            "FuncPCABI0" | "FuncPCABIInternal" => FuncPc,
            "EscapeNonString" => Escape,
            _ => return None,
        },
        "crypto/internal/constanttime" => match name {
            "boolToUint8" => FromBool,
            _ => return None,
        },
        "internal/runtime/math" => match name {
            "Mul64" => Mul,
            "Add64" => AddCarry,
            _ => return None,
        },
        "math" => match name {
            "Sqrt" | "sqrt" => Unary(UnaryOp::FSqrt),
            "Floor" | "floor" => Unary(UnaryOp::FFloor),
            "Ceil" | "ceil" => Unary(UnaryOp::FCeil),
            "Trunc" | "trunc" => Unary(UnaryOp::FTrunc),
            "RoundToEven" => Unary(UnaryOp::FNearest),
            "Abs" => Unary(UnaryOp::FAbs),
            "Copysign" => Copysign,
            "FMA" => Fma,
            "Float64bits" | "Float64frombits" | "Float32bits" | "Float32frombits" => Reinterpret,
            _ => return None,
        },
        "runtime" => match name {
            "KeepAlive" => KeepAlive,
            _ => return None,
        },
        "internal/runtime/maps" => match name {
            "readUnaligned32" | "readUnaligned64" => Load,
            _ => return None,
        },
        "internal/runtime/atomic" => match name {
            "Load" | "Loadp" | "Load8" | "Load64" | "LoadAcq" | "LoadAcq64" | "LoadAcquintptr"
            | "Loaduint" | "Loaduintptr" | "Loadint32" | "Loadint64" => AtomicLoad,
            "Store" | "Store8" | "Store64" | "StoreRel" | "StoreRel64" | "StoreReluintptr"
            | "Storeuintptr" | "Storeint32" | "Storeint64" | "StorepNoWB" => AtomicStore,
            "Xadd" | "Xadd64" | "Xaddint32" | "Xaddint64" | "Xadduintptr" => AtomicAdd,
            "Xchg" | "Xchg8" | "Xchg64" | "Xchgint32" | "Xchgint64" | "Xchguintptr" => {
                AtomicOld(AtomicOp::Exchange)
            }
            "Cas" | "Cas64" | "CasRel" | "Casint32" | "Casint64" | "Casuintptr" | "Casp1" => {
                AtomicCas
            }
            "And8" | "And" | "And32" | "And64" | "Anduintptr" => AtomicOld(AtomicOp::And),
            "Or8" | "Or" | "Or32" | "Or64" | "Oruintptr" => AtomicOld(AtomicOp::Or),
            _ => return None,
        },
        "sync/atomic" => {
            let ends = |s: &str| ["Int32", "Int64", "Uint32", "Uint64", "Uintptr"].contains(&s);
            let operations = [
                ("Add", AtomicAdd),
                ("And", AtomicOld(AtomicOp::And)),
                ("Or", AtomicOld(AtomicOp::Or)),
                ("Swap", AtomicOld(AtomicOp::Exchange)),
                ("CompareAndSwap", AtomicCas),
                ("Load", AtomicLoad),
                ("Store", AtomicStore),
            ];
            if name == "LoadPointer" {
                return Some(AtomicLoad);
            }
            let found =
                operations.iter().find(|(op, _)| name.strip_prefix(op).is_some_and(ends))?;
            found.1
        }
        _ => return None,
    })
}

/// Whether a function that is declared without a body is an operation on its arguments' values: as a value it needs a body
/// that does it.
pub(crate) fn is_operation(package: &str, name: &str) -> bool {
    use Intrinsic::{CallerPc, CallerSp, Escape, FuncPc, KeepAlive};
    !matches!(find(package, name), None | Some(CallerPc | CallerSp | Escape | FuncPc | KeepAlive))
}

impl Body<'_, '_> {
    /// The body of a function that is a single operation on its parameters.
    pub(super) fn operation(&mut self, func: ObjId) -> Res<()> {
        let store = self.world.store;
        let object = store.obj(func);
        let package = object.pkg.map_or("", |pkg| &*store.pkg(pkg).path);
        let Some(intrinsic) = find(package, store.text(object.name)) else {
            return Err(Fail("a function without a body".into()));
        };
        let params = self.b.params().to_vec();
        let scalar = self.b.func.sig.results.first().map(|&ty| self.scalar_of(ty));
        let mut results = self.operate(intrinsic, &params, scalar);
        // An operation that gives the old value stands for functions without a result, too.
        results.truncate(self.b.func.sig.results.len());
        self.b.terminate(Terminator::Return(results.into_iter().collect()));
        Ok(())
    }

    /// The results of a call that is a single operation; nothing has been evaluated otherwise.
    pub(super) fn intrinsic(
        &mut self,
        e: ExprId,
        func: ObjId,
    ) -> Res<Option<Vec<(Value, IrType)>>> {
        let store = self.world.store;
        let object = store.obj(func);
        let Some(pkg) = object.pkg else { return Ok(None) };
        let Some(intrinsic) = find(&store.pkg(pkg).path, store.text(object.name)) else {
            return Ok(None);
        };
        let ExprKind::Call { args, spread: false, .. } = self.file[e].kind else {
            return Ok(None);
        };
        let args = &self.file[args];
        if let Intrinsic::KeepAlive | Intrinsic::Escape = intrinsic {
            if self.is_nil(args[0]) {
                return Ok(Some(Vec::new()));
            }
            let value = self.expr(args[0])?;
            for &val in value.operands() {
                self.b.push(Op::KeepAlive(val), &[]);
            }
            return Ok(Some(Vec::new()));
        }
        let Some((sig, false)) = self.signature(self.world.ty(store.obj_type(func))) else {
            return Ok(None);
        };
        if args.len() != sig.params.len() {
            return Ok(None);
        }
        if let Intrinsic::FuncPc = intrinsic {
            let pc = self.func_pc(args[0])?;
            return Ok(Some(vec![(Value::one(pc), sig.results[0])]));
        }
        let mut vals = Vec::new();
        for (&arg, &ty) in args.iter().zip(&sig.params) {
            vals.push(self.expr_as(arg, ty)?.first());
        }
        self.at_expr(e);
        let scalar = sig.results.first().map(|&t| self.scalar_of(t));
        let results = self.operate(intrinsic, &vals, scalar);
        Ok(Some(results.into_iter().map(Value::one).zip(sig.results).collect()))
    }

    /// The address of the code of a function that an expression names or gives.
    fn func_pc(&mut self, e: ExprId) -> Res<Val> {
        let e = self.file.unparen(e);
        if let super::call::Called::Func(func, ident) = self.called(e)? {
            let sym = self.func_sym(ident, func);
            let code = self.b.sym_addr(sym, 0);
            return Ok(self.b.convert(ConvertOp::PtrToInt, Scalar::I64, code));
        }
        let ty = self.ty(e)?;
        if self.signature(ty).is_none() {
            return self.fail_at(e, "the code of what is no function");
        }
        let closure = self.expr(e)?.first();
        Ok(self.b.load(Scalar::I64, closure, 0))
    }

    /// A word of the frame's head: the caller's frame pointer, the return address, and what is above.
    fn frame_head(&mut self, offset: i64) -> Val {
        let frame = self.b.push(Op::FrameAddr, &[Scalar::I64])[0];
        let offset = self.int(offset);
        self.b.binary(BinaryOp::Add, frame, offset)
    }

    fn operate(&mut self, intrinsic: Intrinsic, x: &[Val], result: Option<Scalar>) -> Vec<Val> {
        let result = result.unwrap_or(Scalar::I64);
        match intrinsic {
            Intrinsic::Unary(op) | Intrinsic::Bits(op) => vec![self.b.unary(op, x[0])],
            Intrinsic::Count(op) => {
                let count = self.b.unary(op, x[0]);
                vec![self.resize(count, result, false)]
            }
            Intrinsic::Len => {
                let width = self.b.func.scalar(x[0]).size() as i64 * 8;
                let zeros = self.b.unary(UnaryOp::Clz, x[0]);
                let zeros = self.resize(zeros, result, false);
                let width = self.b.iconst(result, width);
                vec![self.b.binary(BinaryOp::Sub, width, zeros)]
            }
            Intrinsic::Reinterpret => vec![self.b.convert(ConvertOp::Bits, result, x[0])],
            Intrinsic::Rotate => vec![self.b.binary(BinaryOp::Rotl, x[0], x[1])],
            Intrinsic::Copysign => vec![self.b.binary(BinaryOp::FCopysign, x[0], x[1])],
            Intrinsic::Fma => vec![self.b.push(Op::Fma(x[0], x[1], x[2]), &[result])[0]],
            Intrinsic::Mul => {
                let high = self.b.binary(BinaryOp::UMulHi, x[0], x[1]);
                vec![high, self.b.binary(BinaryOp::Mul, x[0], x[1])]
            }
            Intrinsic::AddCarry => {
                self.b.push(Op::AddCarry(x[0], x[1], x[2]), &[Scalar::I64; 2]).to_vec()
            }
            Intrinsic::SubBorrow => {
                self.b.push(Op::SubBorrow(x[0], x[1], x[2]), &[Scalar::I64; 2]).to_vec()
            }
            Intrinsic::Load => vec![self.b.load(result, x[0], 0)],
            Intrinsic::AtomicLoad => {
                vec![self.b.push(Op::AtomicLoad(result, x[0]), &[result])[0]]
            }
            Intrinsic::AtomicStore => {
                self.b.push(Op::AtomicStore(x[0], x[1]), &[]);
                Vec::new()
            }
            Intrinsic::AtomicCas => {
                vec![self.b.push(Op::AtomicCas(x[0], x[1], x[2]), &[Scalar::I8])[0]]
            }
            Intrinsic::AtomicAdd => {
                let old = self.b.atomic_rmw(AtomicOp::Add, x[0], x[1]);
                vec![self.b.binary(BinaryOp::Add, old, x[1])]
            }
            Intrinsic::AtomicOld(op) => vec![self.b.atomic_rmw(op, x[0], x[1])],
            Intrinsic::Prefetch => {
                let at = match self.b.func.scalar(x[0]) {
                    Scalar::Ptr => x[0],
                    _ => self.b.convert(ConvertOp::IntToPtr, Scalar::Ptr, x[0]),
                };
                self.b.push(Op::Prefetch(at), &[]);
                Vec::new()
            }
            Intrinsic::CallerPc => {
                let at = self.frame_head(8);
                let at = self.b.convert(ConvertOp::IntToPtr, Scalar::Ptr, at);
                vec![self.b.load(Scalar::I64, at, 0)]
            }
            Intrinsic::CallerSp => vec![self.frame_head(16)],
            Intrinsic::FromBool => vec![x[0]],
            Intrinsic::KeepAlive | Intrinsic::Escape | Intrinsic::FuncPc => Vec::new(),
        }
    }
}
