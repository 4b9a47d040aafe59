//! Explicit conversions `T(x)`.

use super::value::{Addr, Value};
use super::{Body, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{BoundsKind, ConvertOp, Op};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::ExprId;

impl Body<'_, '_> {
    /// `T(x)`.
    pub(super) fn conversion(&mut self, e: ExprId, x: ExprId, to: IrType) -> Res<Value> {
        if self.is_nil(x) {
            return Ok(self.zero(to));
        }
        let from = self.ty(x)?;
        if let Some(value) = self.constant_in_interface(x, from, to)? {
            return Ok(value);
        }
        if let (Some(value), Some(Basic::Complex64 | Basic::Complex128)) =
            (self.info.value(x), self.basic(to))
        {
            // By a type parameter; elsewhere a conversion of a constant is one itself. An integer has one part, this has two.
            let value = value.clone();
            return self.constant(&value, to);
        }
        let value = self.expr(x)?;
        self.at_expr(e);
        self.convert(value, from, to)
    }

    /// Converts between types that can be converted to each other.
    pub(super) fn convert(&mut self, value: Value, from: IrType, to: IrType) -> Res<Value> {
        if from == to || self.types().is_interface(to) {
            return self.assign_convert(value, from, to);
        }
        match (self.shape(from), self.shape(to)) {
            (Shape::Basic(a), Shape::Basic(b)) => self.convert_basic(value, *a, *b),
            (Shape::Basic(Basic::String), Shape::Slice(elem)) => {
                let name = match self.basic(*elem) {
                    Some(Basic::Uint8) => "stringtoslicebyte",
                    _ => "stringtoslicerune",
                };
                let null = self.b.null();
                let s = value.operands();
                Ok(Value::Parts(self.runtime(name, &[null, s[0], s[1]])?))
            }
            (Shape::Slice(elem), Shape::Basic(Basic::String)) => {
                let null = self.b.null();
                let s = value.operands();
                let made = match self.basic(*elem) {
                    Some(Basic::Uint8) => self.runtime("slicebytetostring", &[null, s[0], s[1]])?,
                    _ => self.runtime("slicerunetostring", &[null, s[0], s[1], s[2]])?,
                };
                Ok(Value::Parts(made))
            }
            (Shape::Slice(_), Shape::Pointer(array)) => {
                let pointer = self.array_in_slice(&value, *array);
                Ok(Value::one(pointer))
            }
            (Shape::Slice(_), Shape::Array { len, .. }) => {
                let pointer = self.array_in_slice(&value, to);
                match len {
                    0 => Ok(self.zero(to)),
                    _ => Ok(self.load(Addr::safe(pointer), to)),
                }
            }
            _ => Ok(value),
        }
    }

    /// The address of the array that a slice begins with.
    fn array_in_slice(&mut self, slice: &Value, array: IrType) -> Val {
        let Shape::Array { len, .. } = *self.shape(array) else { return slice.first() };
        let x = self.int(len as i64);
        let y = slice.operands()[1];
        self.b.push(Op::BoundsCheck { kind: BoundsKind::Convert, x, y, signed: true }, &[]);
        slice.first()
    }

    fn convert_basic(&mut self, value: Value, from: Basic, to: Basic) -> Res<Value> {
        use Basic::{Complex64, Complex128, String, UnsafePointer};
        let x = value.operands();
        Ok(match (from, to) {
            _ if from == to => value,
            (_, String) => {
                let wide = self.widen(x[0], !self.is_unsigned(from.id()));
                // What does not fit 64 bits with a sign is no rune either.
                let null = self.b.null();
                Value::Parts(self.runtime("intstring", &[null, wide])?)
            }
            (UnsafePointer, _) => {
                Value::one(self.b.convert(ConvertOp::PtrToInt, Scalar::I64, x[0]))
            }
            (_, UnsafePointer) => {
                Value::one(self.b.convert(ConvertOp::IntToPtr, Scalar::Ptr, x[0]))
            }
            (Complex64, Complex128) => {
                Value::of(&[x[0], x[1]].map(|v| self.b.convert(ConvertOp::FToF, Scalar::F64, v)))
            }
            (Complex128, Complex64) => {
                Value::of(&[x[0], x[1]].map(|v| self.b.convert(ConvertOp::FToF, Scalar::F32, v)))
            }
            _ => Value::one(self.convert_number(x[0], from, to)),
        })
    }

    /// As `cmd/compile/internal/ssagen` does on amd64.
    fn convert_number(&mut self, x: Val, from: Basic, to: Basic) -> Val {
        let (to_scalar, from_scalar) = (self.scalar_of(to.id()), self.b.func.scalar(x));
        let signed = !self.is_unsigned(from.id());
        let is_float = |s: Scalar| matches!(s, Scalar::F32 | Scalar::F64);
        match (is_float(from_scalar), is_float(to_scalar)) {
            (true, true) if from_scalar == to_scalar => x,
            (true, true) => self.b.convert(ConvertOp::FToF, to_scalar, x),
            (false, true) => {
                let wide = self.widen(x, signed);
                let op = match from {
                    Basic::Uint | Basic::Uint64 | Basic::Uintptr => ConvertOp::UToF,
                    _ => ConvertOp::SToF,
                };
                self.b.convert(op, to_scalar, wide)
            }
            (true, false) => {
                let (op, first) = match to {
                    Basic::Uint | Basic::Uint64 | Basic::Uintptr => (ConvertOp::FToU, Scalar::I64),
                    Basic::Int | Basic::Int64 | Basic::Uint32 => (ConvertOp::FToS, Scalar::I64),
                    _ => (ConvertOp::FToS, Scalar::I32),
                };
                let whole = self.b.convert(op, first, x);
                self.resize(whole, to_scalar, true)
            }
            (false, false) => self.resize(x, to_scalar, signed),
        }
    }

    /// An integer in another width.
    pub(super) fn resize(&mut self, x: Val, to: Scalar, signed: bool) -> Val {
        let from = self.b.func.scalar(x);
        match from.size().cmp(&to.size()) {
            std::cmp::Ordering::Equal => x,
            std::cmp::Ordering::Greater => self.b.convert(ConvertOp::Trunc, to, x),
            std::cmp::Ordering::Less if signed => self.b.convert(ConvertOp::Sext, to, x),
            std::cmp::Ordering::Less => self.b.convert(ConvertOp::Zext, to, x),
        }
    }
}
