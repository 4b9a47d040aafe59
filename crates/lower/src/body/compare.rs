//! Comparisons.

use super::value::Value;
use super::{Body, Res};
use crate::alg::equal_signature;
use trigo_ir::alg::Alg;
use trigo_ir::func::Val;
use trigo_ir::inst::{BinaryOp, Callee, Cond};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::ExprId;
use trigo_syntax::token::Op as Token;

impl Body<'_, '_> {
    /// `x op y` as an `I8`.
    pub(super) fn comparison(&mut self, e: ExprId, op: Token, x: ExprId, y: ExprId) -> Res<Val> {
        if self.is_nil(x) || self.is_nil(y) {
            let other = if self.is_nil(x) { y } else { x };
            if self.is_nil(other) {
                return self.fail_at(e, "a comparison of nil with nil");
            }
            let value = self.expr(other)?.first();
            self.at_expr(e);
            let null = self.b.null();
            let cond = if op == Token::Eql { Cond::Eq } else { Cond::Ne };
            return Ok(self.b.compare(cond, value, null));
        }
        let (xt, yt) = (self.ty(x)?, self.ty(y)?);
        let interface = |b: &Self, t| b.types().is_interface(t);
        let ty = match (interface(self, xt), interface(self, yt)) {
            (false, true) => yt,
            (true, false) => xt,
            // The one with fewer methods, if they differ.
            (true, true) if self.is_empty_interface(yt) => yt,
            _ => xt,
        };
        let values = self.in_order(&[(x, ty), (y, ty)])?;
        let [left, right] = &values[..] else { unreachable!("two values") };
        self.at_expr(e);
        match op {
            Token::Eql => self.equal(ty, left, right),
            Token::Neq => {
                let equal = self.equal(ty, left, right)?;
                Ok(self.not(equal))
            }
            _ => self.order(op, ty, left, right),
        }
    }

    /// The other truth value.
    pub(super) fn not(&mut self, x: Val) -> Val {
        let one = self.b.iconst(Scalar::I8, 1);
        self.b.binary(BinaryOp::Xor, x, one)
    }

    fn order(&mut self, op: Token, ty: IrType, x: &Value, y: &Value) -> Res<Val> {
        use Cond::{FGe, FGt, FLe, FLt, Sge, Sgt, Sle, Slt, Uge, Ugt, Ule, Ult};
        let [signed, unsigned, float] = match op {
            Token::Lss => [Slt, Ult, FLt],
            Token::Leq => [Sle, Ule, FLe],
            Token::Gtr => [Sgt, Ugt, FGt],
            _ => [Sge, Uge, FGe],
        };
        if self.basic(ty) == Some(Basic::String) {
            let args: Vec<Val> = x.operands().iter().chain(y.operands()).copied().collect();
            let order = self.runtime1("cmpstring", &args)?;
            let zero = self.int(0);
            return Ok(self.b.compare(signed, order, zero));
        }
        let cond = match self.scalar_of(ty) {
            Scalar::F32 | Scalar::F64 => float,
            _ if self.is_unsigned(ty) => unsigned,
            _ => signed,
        };
        Ok(self.b.compare(cond, x.first(), y.first()))
    }

    /// Whether two values of a type are equal.
    pub(super) fn equal(&mut self, ty: IrType, x: &Value, y: &Value) -> Res<Val> {
        let float = |s: Scalar| matches!(s, Scalar::F32 | Scalar::F64);
        match self.world.context.alg(ty) {
            Alg::String => self.equal_strings(x, y),
            Alg::Interface => self.equal_interfaces("ifaceeq", x, y),
            Alg::EmptyInterface => self.equal_interfaces("efaceeq", x, y),
            Alg::None => {
                // Slices, maps and functions, with nil.
                Ok(self.b.compare(Cond::Eq, x.first(), y.first()))
            }
            Alg::Memory(0) => Ok(self.b.iconst(Scalar::I8, 1)),
            Alg::Parts => self.equal_in_memory(ty, x, y),
            _ if self.parts_of(ty).is_none() => self.equal_in_memory(ty, x, y),
            _ => {
                let mut all = None;
                for (&x, &y) in x.operands().iter().zip(y.operands()) {
                    let cond = if float(self.b.func.scalar(x)) { Cond::FEq } else { Cond::Eq };
                    let same = self.b.compare(cond, x, y);
                    all = Some(match all {
                        Some(all) => self.b.binary(BinaryOp::And, all, same),
                        None => same,
                    });
                }
                Ok(match all {
                    Some(all) => all,
                    None => self.b.iconst(Scalar::I8, 1),
                })
            }
        }
    }

    fn equal_in_memory(&mut self, ty: IrType, x: &Value, y: &Value) -> Res<Val> {
        let Some(func) = self.world.equal_func(ty) else {
            return Err(super::Fail("a comparison of values that cannot be compared".into()));
        };
        let (p, q) = (self.spill(ty, x), self.spill(ty, y));
        Ok(self.b.call(Callee::Direct(func), equal_signature(), &[p, q])[0])
    }

    /// Two tests, the second only if the first holds.
    fn both(&mut self, first: Val, second: impl FnOnce(&mut Self) -> Res<Val>) -> Res<Val> {
        let (more, done) = (self.b.new_block(), self.b.new_block());
        let result = self.b.block_param(done, Scalar::I8);
        let no = self.b.iconst(Scalar::I8, 0);
        self.b.terminate(trigo_ir::inst::Terminator::Branch {
            cond: first,
            then: trigo_ir::inst::Target { block: more, args: Default::default() },
            els: trigo_ir::inst::Target { block: done, args: [no].into_iter().collect() },
        });
        self.b.switch_to(more);
        let second = second(self)?;
        self.b.jump(done, &[second]);
        self.b.switch_to(done);
        Ok(result)
    }

    fn equal_strings(&mut self, x: &Value, y: &Value) -> Res<Val> {
        let [p, n] = [x.operands()[0], x.operands()[1]];
        let [q, m] = [y.operands()[0], y.operands()[1]];
        let same = self.b.compare(Cond::Eq, n, m);
        let empty =
            |b: &Self, v: Val| matches!(b.b.func.def(v), Some(trigo_ir::inst::Op::Iconst(_, 0)));
        if empty(self, n) || empty(self, m) {
            return Ok(same);
        }
        self.both(same, |b| b.runtime1("memequal", &[p, q, n]))
    }

    fn equal_interfaces(&mut self, name: &str, x: &Value, y: &Value) -> Res<Val> {
        let [t, p] = [x.operands()[0], x.operands()[1]];
        let [u, q] = [y.operands()[0], y.operands()[1]];
        let same = self.b.compare(Cond::Eq, t, u);
        self.both(same, |b| {
            let (some, done) = (b.b.new_block(), b.b.new_block());
            let result = b.b.block_param(done, Scalar::I8);
            let null = b.b.null();
            let is_nil = b.b.compare(Cond::Eq, t, null);
            b.b.terminate(trigo_ir::inst::Terminator::Branch {
                cond: is_nil,
                then: trigo_ir::inst::Target { block: done, args: [is_nil].into_iter().collect() },
                els: trigo_ir::inst::Target { block: some, args: Default::default() },
            });
            b.b.switch_to(some);
            let equal = b.runtime1(name, &[t, p, q])?;
            b.b.jump(done, &[equal]);
            b.b.switch_to(done);
            Ok(result)
        })
    }

    /// Whether a type is an interface without methods.
    pub(super) fn is_empty_interface(&self, ty: IrType) -> bool {
        matches!(self.shape(ty), Shape::Interface(methods) if methods.is_empty())
    }
}
