//! Constants.

use super::value::{Vals, Value};
use super::{Body, Fail, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{ConvertOp, Op};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};
use trigo_syntax::ast::ExprId;
use trigo_types::constant::{Kind, Value as Constant};

impl Body<'_, '_> {
    /// A constant expression's value, of its own type.
    pub(super) fn constant_expr(&mut self, e: ExprId) -> Res<Value> {
        let ty = self.ty(e)?;
        let Some(value) = self.info.value(e) else {
            return self.fail_at(e, "an expression that is no constant");
        };
        let value = value.clone();
        if self.types().is_interface(ty) {
            let own = default_type(&value);
            let value = self.constant(&value, own)?;
            return self.assign_convert(value, own, ty);
        }
        self.constant(&value, ty)
    }

    /// A constant as a value of a type that can hold it.
    pub(super) fn constant(&mut self, value: &Constant, ty: IrType) -> Res<Value> {
        let Some(basic) = self.basic(ty) else {
            return Err(Fail("a constant of a type that has none".into()));
        };
        Ok(match basic {
            Basic::String => Value::Parts(self.string(value.as_str().unwrap_or_default())),
            Basic::Float32 => Value::one(self.f32const(value.to_f32())),
            Basic::Float64 => Value::one(self.f64const(value.to_f64())),
            Basic::Complex64 => {
                let value = value.to_complex();
                let parts = [value.real().to_f32(), value.imag().to_f32()];
                Value::of(&parts.map(|p| self.f32const(p)))
            }
            Basic::Complex128 => {
                let value = value.to_complex();
                let parts = [value.real().to_f64(), value.imag().to_f64()];
                Value::of(&parts.map(|p| self.f64const(p)))
            }
            Basic::Bool => {
                let bit = i64::from(value.as_bool().unwrap_or_default());
                Value::one(self.b.iconst(Scalar::I8, bit))
            }
            Basic::UnsafePointer => {
                let bits = integer(value);
                let address = self.int(bits);
                Value::one(self.b.convert(ConvertOp::IntToPtr, Scalar::Ptr, address))
            }
            _ => {
                let scalar = self.scalar_of(ty);
                Value::one(self.b.iconst(scalar, truncated(integer(value), scalar)))
            }
        })
    }

    pub(super) fn f32const(&mut self, value: f32) -> Val {
        self.b.push(Op::F32const(value.to_bits()), &[Scalar::F32])[0]
    }

    pub(super) fn f64const(&mut self, value: f64) -> Val {
        self.b.push(Op::F64const(value.to_bits()), &[Scalar::F64])[0]
    }

    /// A string with these bytes.
    pub(super) fn string(&mut self, bytes: &[u8]) -> Vals {
        let data = match bytes {
            [] => self.b.null(),
            _ => self.b.push(Op::Bytes(bytes.into()), &[Scalar::Ptr])[0],
        };
        let len = self.int(bytes.len() as i64);
        Vals::from_slice(&[data, len])
    }
}

/// The low 64 bits of an integer constant.
pub(super) fn integer(value: &Constant) -> i64 {
    let value = value.to_int();
    value.as_i64().or_else(|| value.as_u64().map(|v| v as i64)).unwrap_or_default()
}

/// A number cut to a scalar's width and sign-extended.
pub(super) fn truncated(value: i64, scalar: Scalar) -> i64 {
    match scalar {
        Scalar::I8 => i64::from(value as i8),
        Scalar::I16 => i64::from(value as i16),
        Scalar::I32 => i64::from(value as i32),
        _ => value,
    }
}

/// The type that an untyped constant has by itself, as far as its value tells.
fn default_type(value: &Constant) -> IrType {
    match value.kind() {
        Kind::Bool => Basic::Bool.id(),
        Kind::String => Basic::String.id(),
        Kind::Int => Basic::Int.id(),
        Kind::Complex => Basic::Complex128.id(),
        Kind::Float | Kind::Unknown => Basic::Float64.id(),
    }
}
