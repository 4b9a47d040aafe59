//! Expressions (spec: Expressions).
//!
//! Each kind of expression has a function that gives an operand; an invalid
//! one means that an error was reported.

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use crate::ids::TypeId;
use crate::types::Type;
use crate::universe::{ExprClass, typ};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op;

/// The function type an expression is assigned to, from which the type
/// arguments of a generic function can be inferred.
pub(super) struct Target {
    pub sig: TypeId,
    /// What it is assigned to, for messages.
    pub desc: String,
}

impl<'a> Checker<'a> {
    /// The target for a type, if that is a function type.
    pub(super) fn target(
        &self,
        t: Option<TypeId>,
        desc: impl FnOnce(&Self) -> String,
    ) -> Option<Target> {
        let sig = match self.s.typ(t?) {
            Type::Signature(_) => t?,
            Type::Named(_) | Type::Alias(_) | Type::TypeParam(_) => self.s.common_under(t?).ok()?,
            _ => return None,
        };
        self.s.as_signature(sig)?;
        Some(Target { sig, desc: desc(self) })
    }

    /// Checks an expression of any kind. `hint` is the element type of an
    /// enclosing composite literal.
    pub(super) fn raw_expr(
        &mut self,
        target: Option<&Target>,
        e: ExprId,
        hint: Option<TypeId>,
        allow_generic: bool,
    ) -> (Operand, ExprClass) {
        let (mut x, class) = self.deep(|c| c.expr_kind(target, e, hint));
        if !allow_generic {
            self.non_generic(target, &mut x);
        }
        self.record(&x);
        (x, class)
    }

    /// Rejects a generic type or function that is not instantiated, or infers
    /// its type arguments from the target.
    pub(super) fn non_generic(&mut self, target: Option<&Target>, x: &mut Operand) {
        if !x.is_valid() || x.mode == Mode::NoValue {
            return;
        }
        let what = match self.s.typ(x.typ) {
            Type::Alias(_) | Type::Named(_) if self.s.is_generic(x.typ) => "type",
            Type::Signature(sig) if !sig.tparams.is_empty() => {
                if target.is_some() {
                    let pos = self.op_pos(x);
                    self.func_inst(target, pos, x, None, true);
                    return;
                }
                "function"
            }
            _ => return,
        };
        let text = self.op_expr_string(x);
        self.error_op(x, format!("cannot use generic {what} {text} without instantiation"));
        x.invalidate();
        x.typ = typ::INVALID;
    }

    fn expr_kind(
        &mut self,
        target: Option<&Target>,
        e: ExprId,
        hint: Option<TypeId>,
    ) -> (Operand, ExprClass) {
        let file = self.file();
        let mut x = match file[e].kind {
            ExprKind::Bad => Operand::invalid(e),
            ExprKind::Name(name) => self.ident(e, name, false),
            ExprKind::Literal { bad: true, .. } => Operand::invalid(e),
            ExprKind::Literal { kind, .. } => self.basic_lit(e, kind),
            ExprKind::FuncLit { ty, body } => self.func_lit(e, ty, body),
            ExprKind::Composite { ty, elems, rbrace } => {
                self.composite_lit(e, ty, elems, rbrace, hint)
            }
            ExprKind::Paren(inner) => {
                let (mut x, class) = self.raw_expr(None, inner, None, false);
                x.expr = OpExpr::Node(e);
                return (x, class);
            }
            ExprKind::Selector { .. } => self.selector(e, false),
            ExprKind::Index { x: base, args, .. } => {
                let (mut x, is_func) = self.index_expr(e, base, args);
                if is_func {
                    let pos = Some(self.pos(e));
                    self.func_inst(target, pos, &mut x, Some((e, args)), true);
                }
                x
            }
            ExprKind::Slice { x, lo, hi, max, full } => self.slice_expr(e, x, [lo, hi, max], full),
            ExprKind::Assert { x, ty } => self.assertion(e, x, ty),
            ExprKind::TypeSwitchGuard { x, .. } => {
                self.error_expr(e, "use of .(type) outside type switch");
                self.use_expr(x);
                Operand::invalid(e)
            }
            ExprKind::Call { .. } => return self.call_expr(e),
            ExprKind::Unary { op: Op::Mul, x } => self.indirection(e, x),
            ExprKind::Unary { op, x } => {
                let mut x = self.unary(e, op, x);
                x.expr = OpExpr::Node(e);
                return (
                    x,
                    if op == Op::Recv { ExprClass::Statement } else { ExprClass::Expression },
                );
            }
            ExprKind::Binary { op, x, y } => self.binary(Some(e), x, y, op),
            ExprKind::KeyValue { .. } => {
                self.error_expr(e, "no key:value expected");
                Operand::invalid(e)
            }
            ExprKind::Variadic { .. } => {
                self.error_expr(e, "invalid use of ...");
                Operand::invalid(e)
            }
            ExprKind::Array { .. }
            | ExprKind::SliceType { .. }
            | ExprKind::Struct { .. }
            | ExprKind::Interface { .. }
            | ExprKind::Func { .. }
            | ExprKind::Map { .. }
            | ExprKind::Chan { .. } => Operand::new(Mode::Type, self.typ(e), e),
        };
        x.expr = OpExpr::Node(e);
        let class = if x.is_valid() { ExprClass::Expression } else { ExprClass::Statement };
        (x, class)
    }

    /// `*x`: a pointer type or what a pointer points to.
    fn indirection(&mut self, e: ExprId, inner: ExprId) -> Operand {
        let mut x = self.expr_or_type(inner, false);
        match x.mode {
            Mode::Invalid => return x,
            Mode::Type => {
                self.valid_var_type(inner, x.typ);
                return Operand::new(Mode::Type, self.s.pointer(x.typ), e);
            }
            _ => {}
        }
        let mut base: Option<TypeId> = None;
        for (_, u) in self.s.under_set(x.typ) {
            let Some(Type::Pointer(b)) = u.map(|u| self.s.typ(u)) else {
                let text = self.op_string(&x);
                self.error_op(&x, format!("invalid operation: cannot indirect {text}"));
                return Operand::invalid(e);
            };
            if base.is_some_and(|base| !self.s.identical(*b, base)) {
                let text = self.op_string(&x);
                self.error_op(
                    &x,
                    format!("invalid operation: pointers of {text} must have identical base types"),
                );
                return Operand::invalid(e);
            }
            base = Some(*b);
        }
        let base = base.unwrap_or(typ::INVALID);
        if !self.is_complete(base) {
            return Operand::invalid(e);
        }
        x.mode = Mode::Variable;
        x.typ = base;
        x
    }

    /// `x.(T)`
    fn assertion(&mut self, e: ExprId, inner: ExprId, ty: ExprId) -> Operand {
        let mut x = self.expr(None, inner);
        if !x.is_valid() {
            return x;
        }
        if self.s.is_type_param(x.typ) {
            let text = self.op_string(&x);
            self.error_op(
                &x,
                format!(
                    "invalid operation: cannot use type assertion on type parameter value {text}"
                ),
            );
            return Operand::invalid(e);
        }
        if !self.s.is_interface(x.typ) {
            let text = self.op_string(&x);
            self.error_op(&x, format!("invalid operation: {text} is not an interface"));
            return Operand::invalid(e);
        }
        let t = self.var_type(ty);
        if !self.s.is_valid(t) || !self.is_complete(t) {
            return Operand::invalid(e);
        }
        self.type_assertion(e, &x, t, false);
        x.mode = Mode::CommaOk;
        x.typ = t;
        x
    }

    /// Reports an assertion that can never hold.
    pub(super) fn type_assertion(&mut self, e: ExprId, x: &Operand, t: TypeId, type_switch: bool) {
        let mut cause = String::new();
        if self.assertable_to(x.typ, t, &mut cause) {
            return;
        }
        let (text, tt) = (self.es(e), self.ts(t));
        let message = if type_switch {
            let x = self.op_string(x);
            format!(
                "impossible type switch case: {text}\n\t{x} cannot have dynamic type {tt} {cause}"
            )
        } else {
            let xt = self.ts(x.typ);
            format!("impossible type assertion: {text}\n\t{tt} does not implement {xt} {cause}")
        };
        self.error_expr(e, message);
    }

    /// A single value.
    pub(super) fn expr(&mut self, target: Option<&Target>, e: ExprId) -> Operand {
        let (mut x, _) = self.raw_expr(target, e, None, false);
        self.exclude_non_values(&mut x);
        self.single_value(&mut x);
        x
    }

    /// A single value, perhaps a generic function.
    pub(super) fn generic_expr(&mut self, e: ExprId, hint: Option<TypeId>) -> Operand {
        let (mut x, _) = self.raw_expr(None, e, hint, true);
        self.exclude_non_values(&mut x);
        self.single_value(&mut x);
        x
    }

    /// One or more values; with `allow_comma_ok` an expression that can give
    /// a second value gives it.
    pub(super) fn multi_expr(&mut self, e: ExprId, allow_comma_ok: bool) -> (Vec<Operand>, bool) {
        let (mut x, _) = self.raw_expr(None, e, None, false);
        self.exclude_non_values(&mut x);
        if x.is_valid()
            && let Type::Tuple(vars) = self.s.typ(x.typ)
        {
            let pos = self.start(e);
            let list = vars.iter().enumerate().map(|(i, &v)| {
                Operand::text(Mode::Value, self.s.obj_type(v), pos, nth(i + 1, "function result"))
            });
            return (list.collect(), false);
        }
        if allow_comma_ok && matches!(x.mode, Mode::MapIndex | Mode::CommaOk) {
            let pos = self.start(e);
            let what = "ok value of (comma, ok) expression";
            let ok = Operand::text(Mode::Value, typ::UNTYPED_BOOL, pos, what);
            return (vec![x, ok], true);
        }
        (vec![x], false)
    }

    /// A single value or a type.
    pub(super) fn expr_or_type(&mut self, e: ExprId, allow_generic: bool) -> Operand {
        let (mut x, _) = self.raw_expr(None, e, None, allow_generic);
        self.exclude(&mut x, false, false);
        self.single_value(&mut x);
        x
    }

    pub(super) fn exclude_non_values(&mut self, x: &mut Operand) {
        self.exclude(x, true, true);
    }

    /// Rejects operands without a value and, as told, built-ins and types.
    pub(super) fn exclude(&mut self, x: &mut Operand, builtins: bool, types: bool) {
        let what = match x.mode {
            Mode::NoValue if types => "used as value",
            Mode::NoValue => "used as value or type",
            Mode::Builtin if builtins => "must be called",
            Mode::Type if types => "is not an expression",
            _ => return,
        };
        let text = self.op_string(x);
        self.error_op(x, format!("{text} {what}"));
        x.invalidate();
    }

    pub(super) fn single_value(&mut self, x: &mut Operand) {
        if x.mode == Mode::Value && matches!(self.s.typ(x.typ), Type::Tuple(_)) {
            let text = self.op_string(x);
            self.error_op(x, format!("multiple-value {text} in single-value context"));
            x.invalidate();
        }
    }

    /// Checks an expression for its errors and uses only.
    pub(super) fn use_expr(&mut self, e: ExprId) -> bool {
        self.use_one(e, false)
    }

    pub(super) fn use_all(&mut self, list: &[ExprId]) -> bool {
        let valid = list.iter().filter(|&&e| self.use_one(e, false)).count();
        valid == list.len()
    }

    /// Like [`Checker::use_all`] for the left side of an assignment, which
    /// does not count as a use of its variables.
    pub(super) fn use_lhs(&mut self, list: &[ExprId]) -> bool {
        let valid = list.iter().filter(|&&e| self.use_one(e, true)).count();
        valid == list.len()
    }

    fn use_one(&mut self, e: ExprId, lhs: bool) -> bool {
        let inner = self.file().unparen(e);
        let ExprKind::Name(name) = self.file()[inner].kind else {
            return self.raw_expr(None, e, None, true).0.is_valid();
        };
        if name == trigo_syntax::sym::BLANK {
            return true;
        }
        let unused = lhs.then(|| self.unused_var(inner)).flatten();
        let x = self.expr_or_type(inner, true);
        if let Some(v) = unused {
            self.used.remove(&v);
        }
        x.is_valid()
    }
}

fn nth(n: usize, what: &str) -> String {
    let ending = match n {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    };
    format!("{n}{ending} {what}")
}
