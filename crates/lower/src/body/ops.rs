//! Arithmetic.

use super::value::Value;
use super::{Body, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{BinaryOp, ConvertOp, Op, UnaryOp};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op as Token;

/// The most strings that have a function of their own to join them.
const MAX_CONCAT: usize = 5;

impl Body<'_, '_> {
    /// Whether a type is a float or complex type, and which scalar it is made of.
    fn float_parts(&self, ty: IrType) -> Option<(Scalar, bool)> {
        match self.basic(ty)? {
            Basic::Float32 => Some((Scalar::F32, false)),
            Basic::Float64 => Some((Scalar::F64, false)),
            Basic::Complex64 => Some((Scalar::F32, true)),
            Basic::Complex128 => Some((Scalar::F64, true)),
            _ => None,
        }
    }

    /// `-x` or `^x`.
    pub(super) fn negate(&mut self, op: Token, ty: IrType, value: &Value) -> Res<Value> {
        let unary = match (op, self.float_parts(ty)) {
            (Token::Xor, _) => UnaryOp::Not,
            (_, Some(_)) => UnaryOp::FNeg,
            (_, None) => UnaryOp::Neg,
        };
        Ok(Value::Parts(value.operands().iter().map(|&v| self.b.unary(unary, v)).collect()))
    }

    /// `x op y`, but shifts, comparisons and the logical operators.
    pub(super) fn arithmetic(
        &mut self,
        op: Token,
        ty: IrType,
        x: &Value,
        y: &Value,
        constant_divisor: bool,
    ) -> Res<Value> {
        if let Some((scalar, complex)) = self.float_parts(ty) {
            if complex {
                return self.complex(op, scalar, x.operands(), y.operands());
            }
            let op = match op {
                Token::Add => BinaryOp::FAdd,
                Token::Sub => BinaryOp::FSub,
                Token::Mul => BinaryOp::FMul,
                Token::Div => BinaryOp::FDiv,
                _ => return Err(super::Fail(format!("{op} of floats"))),
            };
            return Ok(Value::one(self.b.binary(op, x.first(), y.first())));
        }
        if self.basic(ty) == Some(Basic::String) {
            return self.join(&[x.clone(), y.clone()]);
        }
        let unsigned = self.is_unsigned(ty);
        let (x, y) = (x.first(), y.first());
        let op = match op {
            Token::Add => BinaryOp::Add,
            Token::Sub => BinaryOp::Sub,
            Token::Mul => BinaryOp::Mul,
            Token::And => BinaryOp::And,
            Token::Or => BinaryOp::Or,
            Token::Xor => BinaryOp::Xor,
            Token::AndNot => BinaryOp::AndNot,
            Token::Div | Token::Rem => {
                if !constant_divisor {
                    self.b.push(Op::DivCheck(y), &[]);
                }
                match (op, unsigned) {
                    (Token::Div, true) => BinaryOp::UDiv,
                    (Token::Div, false) => BinaryOp::SDiv,
                    (_, true) => BinaryOp::URem,
                    (_, false) => BinaryOp::SRem,
                }
            }
            _ => return Err(super::Fail(format!("{op} of integers"))),
        };
        Ok(Value::one(self.b.binary(op, x, y)))
    }

    /// Complex numbers; gc computes products in 64 bits.
    fn complex(&mut self, op: Token, scalar: Scalar, x: &[Val], y: &[Val]) -> Res<Value> {
        let both = |b: &mut Self, op| -> Value {
            Value::Parts(x.iter().zip(y).map(|(&x, &y)| b.b.binary(op, x, y)).collect())
        };
        match op {
            Token::Add => return Ok(both(self, BinaryOp::FAdd)),
            Token::Sub => return Ok(both(self, BinaryOp::FSub)),
            Token::Mul | Token::Div => {}
            _ => return Err(super::Fail(format!("{op} of complex numbers"))),
        }
        let wide = |b: &mut Self, v: Val| match scalar {
            Scalar::F32 => b.b.convert(ConvertOp::FToF, Scalar::F64, v),
            _ => v,
        };
        let [a, b, c, d] = [x[0], x[1], y[0], y[1]].map(|v| wide(self, v));
        let [re, im] = if op == Token::Mul {
            let [ac, bd, ad, bc] =
                [(a, c), (b, d), (a, d), (b, c)].map(|(p, q)| self.b.binary(BinaryOp::FMul, p, q));
            [self.b.binary(BinaryOp::FSub, ac, bd), self.b.binary(BinaryOp::FAdd, ad, bc)]
        } else {
            let quotient = self.runtime("complex128div", &[a, b, c, d])?;
            match quotient[..] {
                [re, im] => [re, im],
                _ => return Err(super::Fail("complex128div has two results".into())),
            }
        };
        let narrow = |b: &mut Self, v: Val| match scalar {
            Scalar::F32 => b.b.convert(ConvertOp::FToF, Scalar::F32, v),
            _ => v,
        };
        Ok(Value::of(&[re, im].map(|v| narrow(self, v))))
    }

    /// A shift's count as an unsigned number of 64 bits.
    pub(super) fn shift_count(&mut self, e: ExprId) -> Res<Val> {
        if let Some(value) = self.info.value(e) {
            let value = value.to_int().as_u64().unwrap_or(u64::MAX);
            return Ok(self.int(value.min(i64::MAX as u64) as i64));
        }
        let ty = self.ty(e)?;
        let count = self.expr(e)?.first();
        self.at_expr(e);
        let signed = !self.is_unsigned(ty);
        if signed {
            self.b.push(Op::ShiftCheck(count), &[]);
        }
        Ok(self.widen(count, signed))
    }

    /// `x << count` or `x >> count`.
    pub(super) fn shift(&mut self, op: Token, ty: IrType, x: Val, count: Val) -> Val {
        let op = match (op, self.is_unsigned(ty)) {
            (Token::Shl, _) => BinaryOp::Shl,
            (_, true) => BinaryOp::LShr,
            (_, false) => BinaryOp::AShr,
        };
        self.b.binary(op, x, count)
    }

    /// A chain of `+` of strings.
    pub(super) fn concat(&mut self, e: ExprId) -> Res<Value> {
        let mut operands = Vec::new();
        let mut rest = e;
        loop {
            rest = self.file.unparen(rest);
            match self.file[rest].kind {
                ExprKind::Binary { op: Token::Add, x, y } if self.info.value(rest).is_none() => {
                    operands.push(y);
                    rest = x;
                }
                _ => break,
            }
        }
        operands.push(rest);
        let string = Basic::String.id();
        let operands: Vec<_> = operands.into_iter().rev().map(|x| (x, string)).collect();
        let strings = self.in_order(&operands)?;
        self.at_expr(e);
        self.join(&strings)
    }

    /// Joins strings.
    pub(super) fn join(&mut self, strings: &[Value]) -> Res<Value> {
        let null = self.b.null();
        if strings.len() <= MAX_CONCAT {
            let mut args = vec![null];
            strings.iter().for_each(|s| args.extend_from_slice(s.operands()));
            let name = format!("concatstring{}", strings.len());
            return Ok(Value::Parts(self.runtime(&name, &args)?));
        }
        let string = Basic::String.id();
        let len = strings.len() as u64;
        let array = self.types().intern(Shape::Array { len, elem: string });
        let addr = self.temp_addr(array);
        for (i, value) in strings.iter().enumerate() {
            let at = super::value::Addr::safe(addr).plus(16 * i as u64);
            self.store(at, string, value);
        }
        let len = self.int(len as i64);
        Ok(Value::Parts(self.runtime("concatstrings", &[null, addr, len, len])?))
    }
}
