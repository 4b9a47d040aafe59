//! Assignments and variable initialisation (spec: Assignability, Assignment statements, Short variable declarations).

use super::Checker;
use super::errors::Report;
use super::operand::{Mode, Operand};
use super::signature::measure;
use super::untyped::Unfit;
use crate::ids::{ObjId, TypeId};
use crate::object::{ObjKind, VarKind};
use crate::types::Type;
use crate::universe::typ;
use trigo_syntax::FilePos;
use trigo_syntax::ast::{ExprId, ExprKind, StmtId};
use trigo_syntax::sym;

/// What an operand is assigned to, for messages.
#[derive(Clone, Copy)]
pub(super) enum Context {
    Is(&'static str),
    /// An argument of a call of this function.
    ArgumentTo(ExprId),
    /// An argument of a built-in function.
    ArgumentToBuiltin(&'static str),
}

impl From<&'static str> for Context {
    fn from(text: &'static str) -> Self {
        Context::Is(text)
    }
}

impl<'a> Checker<'a> {
    fn context_text(&self, context: Context) -> String {
        match context {
            Context::Is(text) => text.into(),
            Context::ArgumentTo(fun) => format!("argument to {}", self.es(fun)),
            Context::ArgumentToBuiltin(name) => format!("argument to built-in {name}"),
        }
    }

    /// Checks that an operand can be assigned to a variable of type `t`, or
    /// of its own default type.
    pub(super) fn assignment(
        &mut self,
        x: &mut Operand,
        t: Option<TypeId>,
        context: impl Into<Context>,
    ) {
        let s = self.s;
        let context = context.into();
        self.single_value(x);
        match x.mode {
            Mode::Invalid => return,
            Mode::Type | Mode::Builtin | Mode::NoValue => {
                let (xs, tt) =
                    (self.op_string(x), t.map_or_else(|| "<nil>".into(), |t| self.ts(t)));
                let message =
                    format!("cannot assign {xs} to {tt} in {}", self.context_text(context));
                self.error_op(x, message);
                return x.invalidate();
            }
            _ => {}
        }
        if s.is_untyped(x.typ) {
            let target = match t {
                None if x.is_nil() => {
                    let message = format!("use of untyped nil in {}", self.context_text(context));
                    self.error_op(x, message);
                    return x.invalidate();
                }
                Some(t) if x.is_nil() || !s.is_plain_interface(t) => t,
                _ => s.default_type(x.typ),
            };
            match self.implicit_type(x, target) {
                Ok((new, val)) => self.settle(x, new, val),
                Err(why) => {
                    let (xs, tt) = (self.op_string(x), self.ts(target));
                    let more = match why {
                        Unfit::Truncated => " (truncated)",
                        Unfit::Overflow => " (overflows)",
                        Unfit::Other => "",
                    };
                    let message = format!(
                        "cannot use {xs} as {tt} value in {}{more}",
                        self.context_text(context)
                    );
                    self.error_op(x, message);
                    return x.invalidate();
                }
            }
        }
        let generic = matches!(s.typ(x.typ), Type::Signature(sig) if !sig.tparams.is_empty());
        let target = if generic { self.target(t, |c| c.context_text(context)) } else { None };
        self.non_generic(target.as_ref(), x);
        let Some(t) = t.filter(|_| x.is_valid()) else {
            return;
        };
        let mut cause = String::new();
        if !self.assignable_to(x, t, &mut cause) {
            let (xs, tt) = (self.op_string(x), self.ts(t));
            let mut message =
                format!("cannot use {xs} as {tt} value in {}", self.context_text(context));
            if !cause.is_empty() {
                message.push_str(&format!(": {cause}"));
            }
            self.error_op(x, message);
            x.invalidate();
        }
    }

    /// Gives a constant the value of an operand.
    pub(super) fn init_const(&mut self, lhs: ObjId, x: &mut Operand) {
        let o = self.s.obj(lhs);
        if !x.is_valid() || !self.s.is_valid(x.typ) || o.typ().is_some_and(|t| !self.s.is_valid(t))
        {
            if o.typ().is_none() {
                o.set_typ(typ::INVALID);
            }
            return;
        }
        if !x.is_const() {
            let text = self.op_string(x);
            self.error_op(x, format!("{text} is not constant"));
            if o.typ().is_none() {
                o.set_typ(typ::INVALID);
            }
            return;
        }
        let t = o.typ().unwrap_or(x.typ);
        o.set_typ(t);
        self.assignment(x, Some(t), "constant declaration");
        if let (true, ObjKind::Const(value)) = (x.is_valid(), &o.kind) {
            let _ = value.set(x.val.clone());
        }
    }

    /// Initialises a variable, which takes the operand's type if it has none.
    pub(super) fn init_var(&mut self, lhs: ObjId, x: &mut Operand, context: &'static str) {
        let o = self.s.obj(lhs);
        if !x.is_valid() || !self.s.is_valid(x.typ) || o.typ().is_some_and(|t| !self.s.is_valid(t))
        {
            if o.typ().is_none() {
                o.set_typ(typ::INVALID);
            }
            return x.invalidate();
        }
        if o.typ().is_none() {
            let mut t = x.typ;
            if t == typ::UNTYPED_NIL {
                self.error_op(x, format!("use of untyped nil in {context}"));
                o.set_typ(typ::INVALID);
                return x.invalidate();
            }
            if self.s.is_untyped(t) {
                t = self.s.default_type(t);
            }
            o.set_typ(t);
        }
        self.assignment(x, o.typ(), context);
    }

    /// A variable of this package that is not used yet, if the identifier means one.
    pub(super) fn unused_var(&self, e: ExprId) -> Option<ObjId> {
        let ExprKind::Name(name) = self.file()[e].kind else {
            return None;
        };
        let obj = self.lookup_name(name)?;
        let o = self.s.obj(obj);
        (o.as_var().is_some() && o.pkg == Some(self.pkg) && !self.used.contains(&obj))
            .then_some(obj)
    }

    /// The type of the left side of an assignment; none for the blank
    /// identifier, invalid after an error.
    fn lhs_var(&mut self, lhs: ExprId) -> Option<TypeId> {
        let inner = self.file().unparen(lhs);
        if matches!(self.file()[inner].kind, ExprKind::Name(sym::BLANK)) {
            return None;
        }
        // Assigning to a variable does not use it.
        let unused = self.unused_var(inner);
        let x = self.expr(None, lhs);
        if let Some(v) = unused {
            self.used.remove(&v);
        }
        if !x.is_valid() || !self.s.is_valid(x.typ) {
            return Some(typ::INVALID);
        }
        if matches!(x.mode, Mode::Variable | Mode::MapIndex) {
            return Some(x.typ);
        }
        let text = self.op_expr_string(&x);
        if let Some(ExprKind::Selector { x: base, .. }) = x.node().map(|e| self.file()[e].kind) {
            let op = self.expr(None, base);
            if op.mode == Mode::MapIndex {
                self.error_op(&x, format!("cannot assign to struct field {text} in map"));
                return Some(typ::INVALID);
            }
        }
        self.error_op(
            &x,
            format!("cannot assign to {text} (neither addressable nor a map index expression)"),
        );
        Some(typ::INVALID)
    }

    /// Assigns an expression to a left side.
    fn assign_expr(&mut self, lhs: ExprId, rhs: ExprId, context: &'static str) {
        let t = self.lhs_var(lhs);
        if t.is_some_and(|t| !self.s.is_valid(t)) {
            self.use_expr(rhs);
            return;
        }
        let target = self.target(t, |c| c.es(lhs));
        let mut x = self.expr(target.as_ref(), rhs);
        self.assign_to(t, &mut x, context);
    }

    /// Assigns an operand to a left side.
    pub(super) fn assign_operand(&mut self, lhs: ExprId, x: &mut Operand, context: &'static str) {
        let t = self.lhs_var(lhs);
        if t.is_some_and(|t| !self.s.is_valid(t)) {
            return x.invalidate();
        }
        self.assign_to(t, x, context);
    }

    fn assign_to(&mut self, t: Option<TypeId>, x: &mut Operand, context: &'static str) {
        let blank = t.is_none() && context == "assignment";
        self.assignment(x, t, if blank { "assignment to _ identifier" } else { context });
    }

    /// The types of values as messages about their number show them.
    pub(super) fn types_summary(&self, types: &[TypeId], variadic: bool, spread: bool) -> String {
        let mut texts = Vec::new();
        for (i, &t) in types.iter().enumerate() {
            let mut text = match self.s.typ(t) {
                _ if !self.s.is_valid(t) => "unknown type".to_string(),
                Type::Basic(b) if self.s.is_untyped(t) => match self.s.is_numeric(t) {
                    true => "number".into(),
                    false => b.name.replace("untyped ", ""),
                },
                _ => self.ts(t),
            };
            if i + 1 == types.len() {
                if variadic {
                    if let Type::Slice(elem) = self.s.typ(t) {
                        text = self.ts(*elem);
                    }
                    text = format!("...{text}");
                } else if spread {
                    text.push_str("...");
                }
            }
            texts.push(text);
        }
        format!("({})", texts.join(", "))
    }

    fn assign_error(&mut self, rhs: &[ExprId], l: usize, r: usize) {
        let (vars, vals) = (measure(l, "variable"), measure(r, "value"));
        let call = self.file().unparen(rhs[0]);
        let message = match self.file()[call].kind {
            ExprKind::Call { fun, .. } if rhs.len() == 1 => {
                format!("assignment mismatch: {vars} but {} returns {vals}", self.es(fun))
            }
            _ => format!("assignment mismatch: {vars} but {vals}"),
        };
        self.error_expr(rhs[0], message);
    }

    fn return_error(&mut self, stmt: StmtId, lhs: &[ObjId], rhs: &[Operand]) {
        let (l, r) = (lhs.len(), rhs.len());
        let (at, how) = match rhs {
            _ if r > l => (self.at(&rhs[l]), "too many"),
            [.., last] => (self.at(last), "not enough"),
            [] => (Some(self.stmt_start(stmt)), "not enough"),
        };
        let have: Vec<TypeId> = rhs.iter().map(|x| x.typ).collect();
        let want: Vec<TypeId> = lhs.iter().map(|&v| self.s.obj_type(v)).collect();
        let mut report = Report::new(at, format!("{how} return values"));
        let have = format!("have {}", self.types_summary(&have, false, false));
        let want = format!("want {}", self.types_summary(&want, false, false));
        self.add_line(&mut report, None, &have);
        self.add_line(&mut report, None, &want);
        self.send(report);
    }

    fn is_call(&self, list: &[ExprId]) -> bool {
        list.len() == 1
            && matches!(self.file()[self.file().unparen(list[0])].kind, ExprKind::Call { .. })
    }

    /// Initialises variables, or results in a return statement.
    pub(super) fn init_vars(&mut self, lhs: &[ObjId], rhs: &[ExprId], stmt: Option<StmtId>) {
        let context = match stmt {
            Some(_) => "return statement",
            None if lhs.len() > 1 => "multiple assignment",
            None => "assignment",
        };
        if lhs.len() == rhs.len() && !self.is_call(rhs) {
            for (&v, &e) in lhs.iter().zip(rhs) {
                let target = self.target(self.s.obj(v).typ(), |c| match c.s.obj_name(v) {
                    "" => "result variable".into(),
                    name => name.into(),
                });
                let mut x = self.expr(target.as_ref(), e);
                self.init_var(v, &mut x, context);
            }
            return;
        }
        if rhs.len() != 1 {
            if self.use_all(rhs) {
                match stmt {
                    Some(stmt) => {
                        let values = self.expr_list(rhs);
                        self.return_error(stmt, lhs, &values);
                    }
                    None => self.assign_error(rhs, lhs.len(), rhs.len()),
                }
            }
            return self.invalidate_untyped_vars(lhs);
        }
        let (mut values, comma_ok) = self.multi_expr(rhs[0], lhs.len() == 2 && stmt.is_none());
        if values.len() == lhs.len() {
            for (&v, x) in lhs.iter().zip(&mut values) {
                self.init_var(v, x, context);
            }
            self.note_comma_ok(rhs[0], comma_ok, &values);
            return;
        }
        if values[0].is_valid() {
            match stmt {
                Some(stmt) => self.return_error(stmt, lhs, &values),
                None => self.assign_error(rhs, lhs.len(), values.len()),
            }
        }
        self.invalidate_untyped_vars(lhs);
    }

    fn note_comma_ok(&mut self, e: ExprId, comma_ok: bool, values: &[Operand]) {
        if let (true, [a, b]) = (comma_ok, values)
            && a.is_valid()
            && b.is_valid()
        {
            self.record_comma_ok(e, a.typ, b.typ);
        }
    }

    fn invalidate_untyped_vars(&mut self, vars: &[ObjId]) {
        for &v in vars {
            if self.s.obj(v).typ().is_none() {
                self.s.obj(v).set_typ(typ::INVALID);
            }
        }
    }

    /// `lhs = rhs`
    pub(super) fn assign_vars(&mut self, lhs: &[ExprId], rhs: &[ExprId]) {
        let context = if lhs.len() > 1 { "multiple assignment" } else { "assignment" };
        if lhs.len() == rhs.len() && !self.is_call(rhs) {
            for (&l, &r) in lhs.iter().zip(rhs) {
                self.assign_expr(l, r, context);
            }
            return;
        }
        if rhs.len() != 1 {
            let ok_lhs = self.use_lhs(lhs);
            let ok_rhs = self.use_all(rhs);
            if ok_lhs && ok_rhs {
                self.assign_error(rhs, lhs.len(), rhs.len());
            }
            return;
        }
        let (mut values, comma_ok) = self.multi_expr(rhs[0], lhs.len() == 2);
        if values.len() == lhs.len() {
            for (&l, x) in lhs.iter().zip(&mut values) {
                self.assign_operand(l, x, context);
            }
            self.note_comma_ok(rhs[0], comma_ok, &values);
            return;
        }
        if values[0].is_valid() {
            self.assign_error(rhs, lhs.len(), values.len());
        }
        self.use_lhs(lhs);
    }

    /// `lhs := rhs`
    pub(super) fn short_var_decl(&mut self, pos: FilePos, lhs: &[ExprId], rhs: &[ExprId]) {
        let top = self.delayed.len();
        let scope = self.env.scope;
        let mut vars = Vec::with_capacity(lhs.len());
        let mut new_vars = Vec::new();
        let mut seen = Vec::new();
        let mut failed = false;
        for &l in lhs {
            let dummy = |c: &Self| {
                c.s.new_var(VarKind::Local, Some(c.pos(l)), Some(c.pkg), sym::BLANK, None)
            };
            let Some(ident) = self.file().as_ident(l) else {
                self.use_lhs(&[l]);
                let text = self.es(l);
                self.error_expr(l, format!("non-name {text} on left side of :="));
                failed = true;
                vars.push(dummy(self));
                continue;
            };
            let name = self.file().symbol(ident);
            if name != sym::BLANK {
                if seen.contains(&name) {
                    let text = self.es(l);
                    self.error_expr(l, format!("{text} repeated on left side of :="));
                    failed = true;
                    vars.push(dummy(self));
                    continue;
                }
                seen.push(name);
            }
            if let Some(other) = self.scope(scope).lookup(name) {
                self.record_object(l, other);
                if self.s.obj(other).as_var().is_some() {
                    vars.push(other);
                } else {
                    let text = self.es(l);
                    self.error_expr(l, format!("cannot assign to {text}"));
                    failed = true;
                    vars.push(dummy(self));
                }
                continue;
            }
            let v = self.new_local(VarKind::Local, ident);
            vars.push(v);
            if name != sym::BLANK {
                new_vars.push(v);
            }
            self.record_object(l, v);
        }
        self.init_vars(&vars, rhs, None);
        self.process_delayed(top);
        if new_vars.is_empty() && !failed {
            self.soft_error(Some(pos), "no new variables on left side of :=");
            return;
        }
        for v in new_vars {
            self.declare(scope, None, v);
        }
    }
}
