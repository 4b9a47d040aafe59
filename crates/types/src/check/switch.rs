//! Switch statements (spec: Switch statements).

use super::Checker;
use super::errors::Report;
use super::literals::{ConstKey, const_key};
use super::operand::{Mode, Operand};
use super::stmt::Context;
use crate::ids::TypeId;
use crate::object::VarKind;
use crate::universe::typ;
use rustc_hash::FxHashMap;
use trigo_syntax::ast::{CaseClause, ExprId, ExprKind, IdentId, List};
use trigo_syntax::token::Op;
use trigo_syntax::{FilePos, Pos, sym};

type Seen = FxHashMap<ConstKey, Vec<(Option<FilePos>, TypeId)>>;

impl<'a> Checker<'a> {
    fn check_defaults(&mut self, clauses: &[CaseClause]) {
        let mut first = None;
        for clause in clauses {
            if clause.exprs.is_none() {
                self.check_single_default(&mut first, clause.pos);
            }
        }
    }

    pub(super) fn expr_switch(
        &mut self,
        inner: Context,
        tag: Option<ExprId>,
        clauses: List<CaseClause>,
        rbrace: Pos,
    ) {
        let clauses = &self.file()[clauses];
        let mut x = match tag {
            Some(tag) => {
                let mut x = self.expr(None, tag);
                self.assignment(&mut x, None, "switch expression");
                if x.is_valid() && !self.s.is_comparable(x.typ) && !self.s.has_nil(x.typ) {
                    let (text, t) = (self.op_string(&x), self.ts(x.typ));
                    self.error_op(&x, format!("cannot switch on {text} ({t} is not comparable)"));
                    x.invalidate();
                }
                x
            }
            None => {
                let pos = clauses.first().map_or(rbrace, |c| c.pos);
                self.true_operand(self.here(pos))
            }
        };
        self.check_defaults(clauses);
        let mut seen = Seen::default();
        for (i, clause) in clauses.iter().enumerate() {
            let last = i + 1 == clauses.len();
            let values = clause.exprs.map_or(&[][..], |list| &self.file()[list]);
            self.case_values(&mut x, values, &mut seen);
            self.open_scope();
            self.stmt_list(
                Context { fallthrough_ok: !last, final_case: last, ..inner },
                clause.body,
            );
            self.close_scope();
        }
    }

    fn case_values(&mut self, x: &mut Operand, values: &[ExprId], seen: &mut Seen) {
        for &e in values {
            let mut v = self.expr(None, e);
            if !x.is_valid() || !v.is_valid() {
                continue;
            }
            self.convert_untyped(&mut v, x.typ);
            if !v.is_valid() {
                continue;
            }
            let mut result = v.clone();
            self.comparison(&mut result, x, Op::Eql, true);
            if !result.is_valid() || !v.is_const() {
                continue;
            }
            // Like Go's compiler, leave duplicate booleans alone.
            let Some(key) = const_key(&v.val).filter(|k| !matches!(k, ConstKey::Bool(_))) else {
                continue;
            };
            let known = seen.entry(key).or_default();
            match known.iter().find(|(_, t)| self.s.identical(v.typ, *t)).copied() {
                Some((previous, _)) => {
                    let text =
                        format!("duplicate case {} in expression switch", self.op_string(&v));
                    let mut report = Report::new(self.at(&v), text);
                    self.add_line(&mut report, previous, "previous case");
                    self.send(report);
                }
                None => known.push((self.op_pos(&v), v.typ)),
            }
        }
    }

    pub(super) fn type_switch(
        &mut self,
        inner: Context,
        lhs: Option<IdentId>,
        x: ExprId,
        list: List<CaseClause>,
    ) {
        let clauses = &self.file()[list];
        let mut lhs = lhs;
        if let Some(ident) = lhs
            && self.file().symbol(ident) == sym::BLANK
        {
            let at = Some(self.start(ident.expr()));
            self.soft_error(at, "no new variable on left side of :=");
            lhs = None;
        }
        let x = self.expr(None, x);
        let mut subject = None;
        if x.is_valid() {
            if self.s.is_type_param(x.typ) {
                let text = self.op_string(&x);
                self.error_op(&x, format!("cannot use type switch on type parameter value {text}"));
            } else if self.s.is_interface(x.typ) {
                subject = Some(x);
            } else {
                let text = self.op_string(&x);
                self.error_op(&x, format!("{text} is not an interface"));
            }
        }
        self.check_defaults(clauses);
        let mut seen: Vec<(Option<TypeId>, ExprId)> = Vec::new();
        let mut vars = Vec::new();
        for (clause, number) in clauses.iter().zip(list.range()) {
            let cases = clause.exprs.map_or(&[][..], |list| &self.file()[list]);
            let t = self.case_types(subject.as_ref(), cases, &mut seen);
            self.open_scope();
            if let Some(ident) = lhs {
                let v = self.new_local(VarKind::Local, ident);
                self.s.obj(v).set_typ(t);
                self.declare(self.env.scope, None, v);
                self.file_info().clause_vars.insert(number, v);
                vars.push(v);
            }
            self.stmt_list(inner, clause.body);
            self.close_scope();
        }
        if let Some(ident) = lhs {
            let used = vars.iter().any(|v| self.used.contains(v));
            self.used.extend(vars);
            if !used {
                let name = self.ident_text(ident);
                let at = Some(self.start(ident.expr()));
                self.soft_error(at, format!("{name} declared and not used"));
            }
        }
    }

    fn is_nil_name(&self, e: ExprId) -> bool {
        match self.file()[self.file().unparen(e)].kind {
            ExprKind::Name(name) => self
                .lookup_name(name)
                .is_some_and(|o| matches!(self.s.obj(o).kind, crate::ObjKind::Nil)),
            _ => false,
        }
    }

    /// Checks the types of a clause; gives the type its variable has.
    fn case_types(
        &mut self,
        x: Option<&Operand>,
        cases: &[ExprId],
        seen: &mut Vec<(Option<TypeId>, ExprId)>,
    ) -> TypeId {
        let mut t = None;
        for &e in cases {
            if self.is_nil_name(e) {
                t = None;
                self.expr(None, e);
            } else {
                let case = self.var_type(e);
                t = Some(case);
                if !self.s.is_valid(case) {
                    continue;
                }
            }
            let same = |other: Option<TypeId>| match (t, other) {
                (Some(a), Some(b)) => self.s.identical(a, b),
                (a, b) => a == b,
            };
            if let Some(&(_, other)) = seen.iter().find(|(other, _)| same(*other)) {
                let text = t.map_or_else(|| "nil".into(), |t| self.ts(t));
                let mut report = Report::new(
                    Some(self.start(e)),
                    format!("duplicate case {text} in type switch"),
                );
                self.add_line(&mut report, Some(self.start(other)), "previous case");
                self.send(report);
                continue;
            }
            seen.push((t, e));
            if let (Some(x), Some(t)) = (x, t) {
                self.type_assertion(e, x, t, true);
            }
        }
        match t {
            Some(t) if cases.len() == 1 => t,
            _ => x.filter(|x| x.mode != Mode::Invalid).map_or(typ::INVALID, |x| x.typ),
        }
    }
}
