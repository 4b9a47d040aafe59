//! Operators (spec: Operators, Comparison operators, Receive operator).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use super::untyped::{is_comparison, is_shift};
use crate::constant::{BinaryOp, CompareOp, Kind, UnaryOp, Value};
use crate::ids::TypeId;
use crate::predicates::Incomparable;
use crate::types::{ChanDir, Type, info};
use crate::universe::typ;
use trigo_syntax::FilePos;
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op;

impl<'a> Checker<'a> {
    fn operator_defined(&mut self, x: &Operand, op: Op, properties: u8) -> bool {
        if self.s.all_basic(x.typ, properties) {
            return true;
        }
        let text = self.op_string(x);
        self.error_op(x, format!("invalid operation: operator {op} not defined on {text}"));
        false
    }

    pub(super) fn unary(&mut self, e: ExprId, op: Op, inner: ExprId) -> Operand {
        let mut x = self.expr(None, inner);
        if !x.is_valid() {
            return x;
        }
        let mut op = op;
        match op {
            Op::And => {
                let literal = matches!(
                    self.file()[self.file().unparen(inner)].kind,
                    ExprKind::Composite { .. }
                );
                if !literal && x.mode != Mode::Variable {
                    let text = self.op_string(&x);
                    self.error_op(&x, format!("invalid operation: cannot take address of {text}"));
                    return Operand::invalid(e);
                }
                return Operand::new(Mode::Value, self.s.pointer(x.typ), e);
            }
            Op::Recv => {
                let at = self.at(&x);
                if let Some(elem) = self.chan_elem(at, &x, true)
                    && self.is_complete(elem)
                {
                    self.env.has_call_or_recv = true;
                    return Operand::new(Mode::CommaOk, elem, e);
                }
                return Operand::invalid(e);
            }
            Op::Tilde => {
                if !self.s.all_basic(x.typ, info::INTEGER) {
                    self.error_expr(e, "cannot use ~ outside of interface or type constraint");
                    return Operand::invalid(e);
                }
                self.error_expr(
                    e,
                    "cannot use ~ outside of interface or type constraint (use ^ for bitwise complement)",
                );
                op = Op::Xor;
            }
            _ => {}
        }
        let (properties, constant_op) = match op {
            Op::Add => (info::NUMERIC, UnaryOp::Plus),
            Op::Sub => (info::NUMERIC, UnaryOp::Neg),
            Op::Xor => (info::INTEGER, UnaryOp::Complement),
            _ => (info::BOOLEAN, UnaryOp::Not),
        };
        if !self.operator_defined(&x, op, properties) {
            return Operand::invalid(e);
        }
        if !x.is_const() {
            x.mode = Mode::Value;
            return x;
        }
        if x.val.is_unknown() {
            return x;
        }
        let unsigned = self.s.is_basic(x.typ, info::UNSIGNED);
        let bits = if unsigned { self.s.size_of(x.typ).unwrap_or(8) as u32 * 8 } else { 0 };
        x.val = x.val.unary(constant_op, bits);
        x.expr = OpExpr::Node(e);
        let at = self.overflow_pos(&x);
        self.overflow(&mut x, at);
        x
    }

    /// The element type of a channel operand.
    pub(super) fn chan_elem(
        &mut self,
        at: Option<FilePos>,
        x: &Operand,
        recv: bool,
    ) -> Option<TypeId> {
        let s = self.s;
        let mut cause = None;
        for (t, u) in s.under_set(x.typ) {
            let (Some(t), Some(u)) = (t, u) else {
                cause = Some("no specific channel type".to_string());
                break;
            };
            let problem = match s.typ(u) {
                Type::Chan { dir: ChanDir::Send, .. } if recv => "send-only channel",
                Type::Chan { dir: ChanDir::Recv, .. } if !recv => "receive-only channel",
                Type::Chan { .. } => continue,
                _ => "non-channel",
            };
            cause = Some(format!("{problem} {}", self.ts(t)));
            break;
        }
        if cause.is_none() {
            match s.common_under(x.typ) {
                Ok(u) => {
                    if let Type::Chan { elem, .. } = s.typ(u) {
                        return Some(*elem);
                    }
                }
                Err(why) => cause = Some(self.no_common(why)),
            }
        }
        let (cause, text) = (cause.unwrap_or_default(), self.op_string(x));
        let verb = if recv { "receive from" } else { "send to" };
        let message = match s.is_type_param(x.typ) {
            true => format!("invalid operation: cannot {verb} {text}: {cause}"),
            false => format!("invalid operation: cannot {verb} {cause} {text}"),
        };
        self.error(at, message);
        None
    }

    /// `lhs op rhs`; without `e` the operation of an assignment `lhs op= rhs`.
    pub(super) fn binary(
        &mut self,
        e: Option<ExprId>,
        lhs: ExprId,
        rhs: ExprId,
        op: Op,
    ) -> Operand {
        let mut x = self.expr(None, lhs);
        let mut y = self.expr(None, rhs);
        if !x.is_valid() {
            return x;
        }
        if !y.is_valid() {
            x.invalidate();
            x.expr = y.expr;
            return x;
        }
        if is_shift(op) {
            self.shift(&mut x, &mut y, e, op);
            return x;
        }
        self.match_types(&mut x, &mut y);
        if !x.is_valid() {
            return x;
        }
        if is_comparison(op) {
            self.comparison(&mut x, &mut y, op, false);
            return x;
        }
        if !self.identical(x.typ, y.typ) {
            if self.s.is_valid(x.typ) && self.s.is_valid(y.typ) {
                let what = match e {
                    Some(e) => self.es(e),
                    None => format!("{} {op}= {}", self.es(lhs), self.es(rhs)),
                };
                let (xt, yt) = (self.ts(x.typ), self.ts(y.typ));
                self.error_op(
                    &x,
                    format!("invalid operation: {what} (mismatched types {xt} and {yt})"),
                );
            }
            x.invalidate();
            return x;
        }
        let (properties, constant_op) = match op {
            Op::Add => (info::NUMERIC | info::STRING, BinaryOp::Add),
            Op::Sub => (info::NUMERIC, BinaryOp::Sub),
            Op::Mul => (info::NUMERIC, BinaryOp::Mul),
            Op::Div if self.s.is_integer(x.typ) => (info::NUMERIC, BinaryOp::IntQuo),
            Op::Div => (info::NUMERIC, BinaryOp::Quo),
            Op::Rem => (info::INTEGER, BinaryOp::Rem),
            Op::And => (info::INTEGER, BinaryOp::And),
            Op::Or => (info::INTEGER, BinaryOp::Or),
            Op::Xor => (info::INTEGER, BinaryOp::Xor),
            Op::AndNot => (info::INTEGER, BinaryOp::AndNot),
            Op::AndAnd => (info::BOOLEAN, BinaryOp::LogicalAnd),
            _ => (info::BOOLEAN, BinaryOp::LogicalOr),
        };
        if !self.operator_defined(&x, op, properties) || !self.divisor_fits(&x, &y, op) {
            x.invalidate();
            return x;
        }
        if !x.is_const() || !y.is_const() {
            x.mode = Mode::Value;
            return x;
        }
        if x.val.is_unknown() || y.val.is_unknown() {
            x.val = Value::Unknown;
            return x;
        }
        x.val = x.val.binary(constant_op, &y.val);
        if let Some(e) = e {
            x.expr = OpExpr::Node(e);
        }
        let at = self.overflow_pos(&x);
        self.overflow(&mut x, at);
        x
    }

    fn divisor_fits(&mut self, x: &Operand, y: &Operand, op: Op) -> bool {
        if !matches!(op, Op::Div | Op::Rem) || !y.is_const() {
            return true;
        }
        let constant_or_int = x.is_const() || self.s.all_basic(x.typ, info::INTEGER);
        if constant_or_int && y.val.signum() == 0 {
            self.error_op(y, "invalid operation: division by zero");
            return false;
        }
        if x.is_const() && self.s.is_basic(x.typ, info::COMPLEX) {
            // The quotient divides by the sum of these squares.
            let square = |part: Value| part.binary(BinaryOp::Mul, &part).signum();
            if square(y.val.real()) == 0 && square(y.val.imag()) == 0 {
                self.error_op(y, "invalid operation: division by zero");
                return false;
            }
        }
        true
    }

    fn shift(&mut self, x: &mut Operand, y: &mut Operand, e: Option<ExprId>, op: Op) {
        let s = self.s;
        let xval = if x.is_const() { x.val.to_int() } else { Value::Unknown };
        let integer = s.all_basic(x.typ, info::INTEGER);
        if !(integer || s.is_untyped(x.typ) && xval.kind() == Kind::Int) {
            return self.reject(x, |t| format!("shifted operand {t} must be integer"));
        }
        if y.is_const() {
            let yval = y.val.to_int();
            if yval.kind() == Kind::Int && yval.signum() < 0 {
                let text = self.op_string(y);
                self.error_op(y, format!("invalid operation: negative shift count {text}"));
                return x.invalidate();
            }
            if s.is_untyped(y.typ) {
                self.representable(y, typ::UINT);
                if !y.is_valid() {
                    return x.invalidate();
                }
            }
        } else if s.all_basic(y.typ, info::INTEGER) {
            let at = self.at(y);
            if !s.all_basic(y.typ, info::UNSIGNED)
                && let Some(at) = at
                && !self.verify_version(at, 13, |c| {
                    format!("invalid operation: signed shift count {}", c.op_string(y))
                })
            {
                return x.invalidate();
            }
        } else if s.is_untyped(y.typ) {
            self.convert_untyped(y, typ::UINT);
            if !y.is_valid() {
                return x.invalidate();
            }
        } else {
            let text = self.op_string(y);
            self.error_op(y, format!("invalid operation: shift count {text} must be integer"));
            return x.invalidate();
        }
        if x.is_const() {
            if y.is_const() {
                return self.constant_shift(x, y, &xval, e, op);
            }
            if s.is_untyped(x.typ) {
                // The context decides the type, as if the shift were not there.
                if let OpExpr::Node(xe) = x.expr
                    && let Some(entry) = self.untyped.get_mut(&(self.env.file, xe))
                {
                    entry.is_lhs = true;
                }
                x.mode = Mode::Value;
                return;
            }
        }
        if !s.all_basic(x.typ, info::INTEGER) {
            return self.reject(x, |t| format!("shifted operand {t} must be integer"));
        }
        x.mode = Mode::Value;
    }

    fn constant_shift(
        &mut self,
        x: &mut Operand,
        y: &Operand,
        xval: &Value,
        e: Option<ExprId>,
        op: Op,
    ) {
        /// Enough for every float64: the smallest denormal has this exponent.
        const MAX_SHIFT: u64 = 1023 - 1 + 52;
        let integer = self.s.is_integer(x.typ);
        if x.val.is_unknown() || y.val.is_unknown() {
            x.val = Value::Unknown;
            if !integer {
                x.typ = typ::UNTYPED_INT;
            }
            return;
        }
        let Some(count) = y.val.to_int().as_u64().filter(|n| *n <= MAX_SHIFT) else {
            let text = self.op_string(y);
            self.error_op(y, format!("invalid operation: invalid shift count {text}"));
            return x.invalidate();
        };
        if !integer {
            x.typ = typ::UNTYPED_INT;
        }
        x.val = xval.shift(op == Op::Shl, count);
        if let Some(e) = e {
            x.expr = OpExpr::Node(e);
        }
        let at = self.overflow_pos(x);
        self.overflow(x, at);
    }

    fn reject(&mut self, x: &mut Operand, message: impl FnOnce(&str) -> String) {
        let text = self.op_string(x);
        self.error_op(x, format!("invalid operation: {}", message(&text)));
        x.invalidate();
    }

    /// Compares two operands; the result goes to `x`.
    pub(super) fn comparison(
        &mut self,
        x: &mut Operand,
        y: &mut Operand,
        op: Op,
        switch_case: bool,
    ) {
        let s = self.s;
        if !s.is_valid(x.typ) || !s.is_valid(y.typ) {
            return x.invalidate();
        }
        let op = if switch_case { Op::Eql } else { op };
        if let Some((on_y, cause)) = self.incomparable(x, y, op) {
            self.comparison_error(x, y, op, switch_case, on_y, cause);
            return x.invalidate();
        }
        if x.is_const() && y.is_const() {
            let compare = match op {
                Op::Eql => CompareOp::Eq,
                Op::Neq => CompareOp::Ne,
                Op::Lss => CompareOp::Lt,
                Op::Leq => CompareOp::Le,
                Op::Gtr => CompareOp::Gt,
                _ => CompareOp::Ge,
            };
            x.val = Value::Bool(x.val.compare(compare, &y.val));
        } else {
            x.mode = Mode::Value;
            self.update_operand_type(x, s.default_type(x.typ), true);
            self.update_operand_type(y, s.default_type(y.typ), true);
        }
        x.typ = typ::UNTYPED_BOOL;
    }

    /// Why two operands cannot be compared: whether the second is to blame, and a cause if there is one to tell.
    fn incomparable(&mut self, x: &Operand, y: &Operand, op: Op) -> Option<(bool, String)> {
        let s = self.s;
        let mut scratch = String::new();
        if !self.assignable_to(x, y.typ, &mut scratch)
            && !self.assignable_to(y, x.typ, &mut scratch)
        {
            return Some((
                true,
                format!("mismatched types {} and {}", self.ts(x.typ), self.ts(y.typ)),
            ));
        }
        if matches!(op, Op::Eql | Op::Neq) {
            if x.is_nil() || y.is_nil() {
                let t = if x.is_nil() { y.typ } else { x.typ };
                return (!s.has_nil(t)).then(|| (true, String::new()));
            }
            for (on_y, t) in [(false, x.typ), (true, y.typ)] {
                if let Err(why) = s.comparable_type(t, true) {
                    return Some((on_y, self.incomparable_cause(t, why)));
                }
            }
            return None;
        }
        if !s.all_basic(x.typ, info::ORDERED) {
            return Some((false, String::new()));
        }
        (!s.all_basic(y.typ, info::ORDERED)).then(|| (true, String::new()))
    }

    pub(super) fn incomparable_cause(&self, t: TypeId, why: Incomparable) -> String {
        if matches!(
            self.s.typ(self.s.under(t)),
            Type::Slice(_) | Type::Signature(_) | Type::Map { .. }
        ) {
            return format!("{} can only be compared to nil", self.s.composite_kind(t));
        }
        match why {
            Incomparable::Kind => String::new(),
            Incomparable::Field(f) => {
                format!("struct containing {} cannot be compared", self.ts(f))
            }
            Incomparable::Array(a) => format!("{} cannot be compared", self.ts(a)),
            Incomparable::EmptyTypeSet => "empty type set".into(),
            Incomparable::TypeSet => "incomparable types in type set".into(),
        }
    }

    fn comparison_error(
        &mut self,
        x: &Operand,
        y: &Operand,
        op: Op,
        switch_case: bool,
        on_y: bool,
        cause: String,
    ) {
        let s = self.s;
        let mut culprit = if on_y { y } else { x };
        let cause = if !cause.is_empty() {
            cause
        } else if s.is_type_param(x.typ) || s.is_type_param(y.typ) {
            if !s.is_type_param(x.typ) {
                culprit = y;
            }
            format!("type parameter {} cannot use operator {op}", self.ts(culprit.typ))
        } else {
            let what = match s.composite_kind(culprit.typ) {
                "" => self.ts(culprit.typ),
                kind => kind.to_string(),
            };
            format!("operator {op} not defined on {what}")
        };
        let (xs, ys) = (self.op_expr_string(x), self.op_expr_string(y));
        if switch_case {
            self.error_op(x, format!("invalid case {xs} in switch on {ys} ({cause})"));
        } else {
            self.error_op(culprit, format!("invalid operation: {xs} {op} {ys} ({cause})"));
        }
    }

    /// Converts untyped operands of a binary operation to each other's type.
    pub(super) fn match_types(&mut self, x: &mut Operand, y: &mut Operand) {
        if !self.may_convert(x, y) {
            return;
        }
        self.convert_untyped(x, y.typ);
        if !x.is_valid() {
            return;
        }
        self.convert_untyped(y, x.typ);
        if !y.is_valid() {
            x.invalidate();
        }
    }

    fn may_convert(&self, x: &Operand, y: &Operand) -> bool {
        let s = self.s;
        if !s.is_untyped(x.typ) && !s.is_untyped(y.typ) {
            return false;
        }
        let differ = |properties| s.all_basic(x.typ, properties) != s.all_basic(y.typ, properties);
        if differ(info::NUMERIC) {
            return false;
        }
        if s.is_plain_interface(x.typ) || s.is_plain_interface(y.typ) {
            return true;
        }
        if differ(info::BOOLEAN) || differ(info::STRING) {
            return false;
        }
        if x.is_nil() {
            return s.has_nil(y.typ);
        }
        if y.is_nil() {
            return s.has_nil(x.typ);
        }
        !s.is_pointer(x.typ) && !s.is_pointer(y.typ)
    }
}
