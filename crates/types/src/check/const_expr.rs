//! Constants in types: range, rounding and overflow (spec: Representability).

use super::Checker;
use super::operand::{OpExpr, Operand};
use super::untyped::Unfit;
use crate::constant::{Kind, Value};
use crate::ids::TypeId;
use crate::types::{BasicKind, info};
use trigo_syntax::FilePos;
use trigo_syntax::ast::ExprKind;
use trigo_syntax::token::Op;

/// Untyped integers may have this many bits, as in Go's compiler.
const MAX_BITS: u64 = 512;

/// Strings may have this many bytes, as in Go's compiler.
const MAX_STRING: usize = 2_000_000_000;

/// The value as a constant of a basic type, rounded to it, or `None` if it does not fit.
pub(super) fn represent(x: &Value, kind: BasicKind, properties: u8) -> Option<Value> {
    if x.is_unknown() {
        return Some(x.clone());
    }
    if properties & info::INTEGER != 0 {
        let x = x.to_int();
        return (x.kind() == Kind::Int && integer_fits(&x, kind)).then_some(x);
    }
    if properties & info::FLOAT != 0 {
        let x = x.to_float();
        return if x.kind() == Kind::Float { round_float(&x, kind) } else { None };
    }
    if properties & info::COMPLEX != 0 {
        let x = x.to_complex();
        if x.kind() != Kind::Complex {
            return None;
        }
        let part = match kind {
            BasicKind::Complex64 => BasicKind::Float32,
            BasicKind::Complex128 => BasicKind::Float64,
            _ => return Some(x),
        };
        return Some(Value::complex(round_float(&x.real(), part)?, round_float(&x.imag(), part)?));
    }
    let fits = properties & info::STRING != 0 && x.kind() == Kind::String
        || properties & info::BOOLEAN != 0 && x.kind() == Kind::Bool;
    fits.then(|| x.clone())
}

fn integer_fits(x: &Value, kind: BasicKind) -> bool {
    let signed =
        |bits: u32| x.as_i64().is_some_and(|v| v >> (bits - 1) == 0 || v >> (bits - 1) == -1);
    let unsigned = |bits: u32| x.as_u64().is_some_and(|v| bits == 64 || v >> bits == 0);
    match kind {
        BasicKind::Int | BasicKind::Int64 => signed(64),
        BasicKind::Int8 => signed(8),
        BasicKind::Int16 => signed(16),
        BasicKind::Int32 => signed(32),
        BasicKind::Uint | BasicKind::Uint64 | BasicKind::Uintptr => unsigned(64),
        BasicKind::Uint8 => unsigned(8),
        BasicKind::Uint16 => unsigned(16),
        BasicKind::Uint32 => unsigned(32),
        _ => true,
    }
}

fn round_float(x: &Value, kind: BasicKind) -> Option<Value> {
    let rounded = match kind {
        BasicKind::Float32 => f64::from(x.to_f32()),
        BasicKind::Float64 => x.to_f64(),
        _ => return Some(x.clone()),
    };
    rounded.is_finite().then(|| Value::from_f64(rounded))
}

impl<'a> Checker<'a> {
    /// A constant value as one of a basic type, if it fits.
    pub(super) fn represent_as(&self, x: &Value, t: TypeId) -> Option<Value> {
        let b = self.s.basic(t)?;
        represent(x, b.kind, b.info)
    }

    /// A constant operand's value as one of a basic type.
    pub(super) fn representation(&self, x: &Operand, t: TypeId) -> Result<Value, Unfit> {
        let s = self.s;
        self.represent_as(&x.val, t).ok_or_else(|| match s.is_numeric(x.typ) && s.is_numeric(t) {
            true if !s.is_integer(x.typ) && s.is_integer(t) => Unfit::Truncated,
            true => Unfit::Overflow,
            false => Unfit::Other,
        })
    }

    /// Reports a constant result that its type cannot hold.
    pub(super) fn overflow(&mut self, x: &mut Operand, at: Option<FilePos>) {
        if x.val.is_unknown() {
            self.error(at, "constant result is not representable");
            return;
        }
        if !self.s.is_untyped(x.typ) {
            let t = self.s.under(x.typ);
            self.representable(x, t);
            return;
        }
        if x.val.kind() == Kind::Int && x.val.bit_len() > MAX_BITS {
            let op = self.op_name(x);
            let space = if op.is_empty() { "" } else { " " };
            self.error(at, format!("constant {op}{space}overflow"));
            x.val = Value::Unknown;
        }
        if let Some(len) = x.val.str_len().filter(|len| *len > MAX_STRING) {
            self.error(at, format!("constant string too long ({len} bytes > {MAX_STRING} bytes)"));
            x.val = Value::Unknown;
        }
    }

    /// Where an overflow in an expression is reported.
    pub(super) fn overflow_pos(&self, x: &Operand) -> Option<FilePos> {
        let OpExpr::Node(e) = x.expr else {
            return self.at(x);
        };
        Some(match self.file()[e].kind {
            ExprKind::Unary { .. } | ExprKind::Binary { .. } => self.pos(e),
            _ => self.start(e),
        })
    }

    /// The name of the operation an operand is the result of, for overflow errors.
    fn op_name(&self, x: &Operand) -> &'static str {
        let OpExpr::Node(e) = x.expr else { return "" };
        match self.file()[e].kind {
            ExprKind::Unary { op: Op::Xor, .. } => "bitwise complement",
            ExprKind::Binary { op, .. } => match op {
                Op::Add => "addition",
                Op::Sub => "subtraction",
                Op::Xor => "bitwise XOR",
                Op::Mul => "multiplication",
                Op::Shl => "shift",
                _ => "",
            },
            _ => "",
        }
    }
}
