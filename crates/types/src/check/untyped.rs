//! Untyped expressions, and how their types settle.
//!
//! An untyped expression keeps its untyped type until its context demands
//! another. Then the expression tree below it is walked again and the final
//! type recorded; that is how the left operand of a non-constant shift is
//! checked as if the shift were not there (spec: Operators).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use crate::constant::Value;
use crate::ids::TypeId;
use crate::types::{BasicKind, Type};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op;

/// An untyped expression that may still change its type.
#[derive(Clone)]
pub(super) struct Untyped {
    /// Whether it is the left operand of a non-constant shift.
    pub is_lhs: bool,
    pub mode: Mode,
    pub typ: TypeId,
    pub val: Option<Value>,
}

/// Why a constant or untyped value does not take a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit {
    /// A fraction for an integer type.
    Truncated,
    /// A number out of range.
    Overflow,
    /// A value of another kind.
    Other,
}

impl<'a> Checker<'a> {
    /// Settles the type of an untyped expression, and of those below it that
    /// share it. With `last` the type will not change again.
    pub(super) fn update_expr_type(&mut self, e: ExprId, t: TypeId, last: bool) {
        self.deep(|c| c.update_type(e, t, last));
    }

    pub(super) fn update_operand_type(&mut self, x: &Operand, t: TypeId, last: bool) {
        if let OpExpr::Node(e) = x.expr {
            self.update_expr_type(e, t, last);
        }
    }

    fn update_type(&mut self, e: ExprId, t: TypeId, last: bool) {
        let key = (self.env.file, e);
        let Some(old) = self.untyped.get(&key).cloned() else {
            return;
        };
        match self.file()[e].kind {
            ExprKind::Call { .. }
            | ExprKind::Name(_)
            | ExprKind::Literal { .. }
            | ExprKind::Selector { .. } => {}
            ExprKind::Paren(x) => self.update_expr_type(x, t, last),
            ExprKind::Unary { op: Op::Mul, .. } => return,
            // A constant's operands keep their types.
            ExprKind::Unary { .. } | ExprKind::Binary { .. } if old.val.is_some() => {}
            ExprKind::Unary { x, .. } => self.update_expr_type(x, t, last),
            ExprKind::Binary { op, .. } if is_comparison(op) => {}
            ExprKind::Binary { op, x, .. } if is_shift(op) => self.update_expr_type(x, t, last),
            ExprKind::Binary { x, y, .. } => {
                self.update_expr_type(x, t, last);
                self.update_expr_type(y, t, last);
            }
            _ => return,
        }
        if !last && self.s.is_untyped(t) {
            let typ = self.s.under(t);
            self.untyped.insert(key, Untyped { typ, ..old });
            return;
        }
        self.untyped.remove(&key);
        if old.is_lhs && !self.s.all_basic(t, crate::info::INTEGER) {
            let message = format!(
                "invalid operation: shifted operand {} (type {}) must be integer",
                self.es(e),
                self.ts(t)
            );
            self.error_expr(e, message);
            return;
        }
        if let Some(val) = &old.val {
            let mut x = Operand::new(old.mode, old.typ, e);
            x.val = val.clone();
            self.convert_untyped(&mut x, t);
            if !x.is_valid() {
                return;
            }
        }
        self.record_type(e, old.mode, t, old.val);
    }

    /// Replaces the value of an untyped constant expression.
    pub(super) fn update_expr_val(&mut self, x: &Operand, val: &Value) {
        if let OpExpr::Node(e) = x.expr
            && let Some(entry) = self.untyped.get_mut(&(self.env.file, e))
        {
            entry.val = Some(val.clone());
        }
    }

    /// The type an untyped operand takes where `target` is wanted, and a
    /// constant's value after rounding.
    pub(super) fn implicit_type(
        &self,
        x: &Operand,
        target: TypeId,
    ) -> Result<(TypeId, Option<Value>), Unfit> {
        let s = self.s;
        if !x.is_valid() || !s.is_untyped(x.typ) || !s.is_valid(target) {
            return Ok((x.typ, None));
        }
        if s.is_untyped(target) {
            return s.max_untyped(x.typ, target).map(|t| (t, None)).ok_or(Unfit::Other);
        }
        if x.is_nil() {
            return if s.has_nil(target) { Ok((target, None)) } else { Err(Unfit::Other) };
        }
        let under = s.under(target);
        match s.typ(under) {
            Type::Basic(_) if x.is_const() => {
                self.representation(x, under).map(|v| (target, Some(v)))
            }
            Type::Basic(_) => {
                let fits = match s.basic_kind(x.typ) {
                    Some(BasicKind::UntypedBool) => s.is_boolean(target),
                    Some(
                        BasicKind::UntypedInt
                        | BasicKind::UntypedRune
                        | BasicKind::UntypedFloat
                        | BasicKind::UntypedComplex,
                    ) => s.is_numeric(target),
                    Some(BasicKind::UntypedString) => s.is_string(target),
                    _ => false,
                };
                if fits { Ok((target, None)) } else { Err(Unfit::Other) }
            }
            Type::Interface(_) if s.is_type_param(target) => {
                let all = s
                    .under_set(target)
                    .iter()
                    .all(|(_, u)| u.is_some_and(|u| self.implicit_type(x, u).is_ok()));
                if all { Ok((target, None)) } else { Err(Unfit::Other) }
            }
            Type::Interface(_) if s.type_set(under).is_all() => Ok((s.default_type(x.typ), None)),
            _ => Err(Unfit::Other),
        }
    }

    /// Gives an untyped operand the type `target`.
    pub(super) fn convert_untyped(&mut self, x: &mut Operand, target: TypeId) {
        match self.implicit_type(x, target) {
            Ok((t, val)) => self.settle(x, t, val),
            Err(why) => {
                let t = if self.s.is_type_param(target) { target } else { self.s.under(target) };
                self.invalid_conversion(why, x, t);
                x.invalidate();
            }
        }
    }

    /// Notes the type and value an untyped operand takes.
    pub(super) fn settle(&mut self, x: &mut Operand, t: TypeId, val: Option<Value>) {
        if let Some(val) = val {
            self.update_expr_val(x, &val);
            x.val = val;
        }
        if t != x.typ {
            x.typ = t;
            self.update_operand_type(x, t, false);
        }
    }

    fn invalid_conversion(&mut self, why: Unfit, x: &Operand, target: TypeId) {
        let (x_text, t) = (self.op_string(x), self.ts(target));
        let message = match why {
            Unfit::Truncated => format!("{x_text} truncated to {t}"),
            Unfit::Overflow => format!("{x_text} overflows {t}"),
            Unfit::Other => format!("cannot convert {x_text} to type {t}"),
        };
        self.error_op(x, message);
    }

    /// Checks that a constant operand's value fits a basic type, and rounds it.
    pub(super) fn representable(&mut self, x: &mut Operand, t: TypeId) {
        match self.representation(x, t) {
            Ok(v) => x.val = v,
            Err(why) => {
                self.invalid_conversion(why, x, t);
                x.invalidate();
            }
        }
    }
}

pub(super) fn is_shift(op: Op) -> bool {
    matches!(op, Op::Shl | Op::Shr)
}

pub(super) fn is_comparison(op: Op) -> bool {
    matches!(op, Op::Eql | Op::Neq | Op::Lss | Op::Leq | Op::Gtr | Op::Geq)
}
