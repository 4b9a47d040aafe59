//! Range clauses (spec: For statements with range clause).

use super::Checker;
use super::operand::{Mode, Operand};
use super::stmt::Context;
use crate::constant::Value;
use crate::ids::TypeId;
use crate::object::VarKind;
use crate::types::{ChanDir, Type, info};
use crate::universe::typ;
use trigo_syntax::ast::{ExprId, StmtId, StmtKind};
use trigo_syntax::sym;

/// The types of a range clause's iteration variables, or why there are none.
type KeyValue = Result<(Option<TypeId>, Option<TypeId>), String>;

impl<'a> Checker<'a> {
    pub(super) fn range_stmt(&mut self, inner: Context, id: StmtId) {
        let file = self.file();
        let StmtKind::Range { lhs, define, x: over, body, .. } = file[id].kind else {
            return;
        };
        let lhs = &file[lhs];
        let (key_expr, value_expr, extra) = (lhs.first(), lhs.get(1), lhs.get(2));
        self.env.has_call_or_recv = false;
        let mut x = self.expr(None, over);
        if x.is_valid()
            && value_expr.is_none()
            && !self.env.has_call_or_recv
            && let Type::Array { len, .. } = self.s.typ(self.s.array_ptr_deref(self.s.under(x.typ)))
        {
            // Only the length is needed: the operand is not evaluated.
            let e = file.unparen(over);
            self.record_type(e, Mode::Constant, typ::INT, Some(Value::Int(*len)));
        }
        let (mut key, mut value) = (None, None);
        if x.is_valid() {
            let types = self.range_types(x.typ);
            let text = self.op_string(&x);
            let start = |c: &Self, e: &ExprId| Some(c.start(*e));
            match (&types, key_expr, value_expr, extra) {
                (Err(cause), ..) => {
                    let cause = if cause.is_empty() { String::new() } else { format!(": {cause}") };
                    let at = self.at(&x);
                    self.soft_error(at, format!("cannot range over {text}{cause}"));
                }
                (Ok((None, _)), Some(k), ..) => {
                    self.soft_error(
                        start(self, k),
                        format!("range over {text} permits no iteration variables"),
                    );
                }
                (Ok((_, None)), _, Some(v), _) => {
                    let message = format!("range over {text} permits only one iteration variable");
                    self.soft_error(start(self, v), message);
                }
                (_, _, _, Some(e)) => {
                    self.soft_error(
                        start(self, e),
                        "range clause permits at most two iteration variables",
                    );
                }
                _ => {}
            }
            if let Ok(pair) = types {
                (key, value) = pair;
            }
        }
        self.open_scope();
        let over_int = self.s.is_integer(x.typ);
        let sides = [(key_expr, key), (value_expr, value)];
        if define {
            self.define_range_vars(id, &sides, over_int, &mut x);
        } else if key_expr.is_some() {
            for (lhs, t) in sides {
                let (Some(&lhs), Some(t)) = (lhs, t.filter(|&t| t != typ::INVALID)) else {
                    continue;
                };
                if over_int {
                    self.assign_operand(lhs, &mut x, "range clause");
                    if x.is_valid() && !self.s.is_integer(x.typ) {
                        let text = self.ts(x.typ);
                        let at = Some(self.start(lhs));
                        self.soft_error(
                            at,
                            format!("cannot use iteration variable of type {text}"),
                        );
                    }
                } else {
                    let mut y = Operand::new(Mode::Value, t, lhs);
                    self.assign_operand(lhs, &mut y, "assignment");
                }
            }
        } else if over_int {
            self.assignment(&mut x, None, "range clause");
        }
        self.block(inner, body);
        self.close_scope();
    }

    fn define_range_vars(
        &mut self,
        id: StmtId,
        sides: &[(Option<&ExprId>, Option<TypeId>); 2],
        over_int: bool,
        x: &mut Operand,
    ) {
        let file = self.file();
        let mut vars = Vec::new();
        for &(lhs, t) in sides {
            let Some(&lhs) = lhs else { continue };
            let v = match file.as_ident(lhs) {
                Some(ident) => {
                    let v = self.new_local(VarKind::Local, ident);
                    self.record_object(lhs, v);
                    if file.symbol(ident) != sym::BLANK {
                        vars.push(v);
                    }
                    v
                }
                None => {
                    let text = self.es(lhs);
                    self.error_expr(lhs, format!("cannot declare {text}"));
                    self.s.new_var(
                        VarKind::Local,
                        Some(self.pos(lhs)),
                        Some(self.pkg),
                        sym::BLANK,
                        None,
                    )
                }
            };
            match t.filter(|&t| t != typ::INVALID) {
                None => {
                    self.s.obj(v).set_typ(typ::INVALID);
                    self.used.insert(v);
                }
                Some(_) if over_int => self.init_var(v, x, "range clause"),
                Some(t) => {
                    let mut y = Operand::new(Mode::Value, t, lhs);
                    self.init_var(v, &mut y, "assignment");
                }
            }
        }
        if vars.is_empty() {
            let at = self.stmt_start(id);
            self.error_at(at, "no new variables on left side of :=");
        }
        for v in vars {
            self.declare(self.env.scope, None, v);
        }
    }

    /// The types of the iteration variables when ranging over `orig`.
    fn range_types(&self, orig: TypeId) -> KeyValue {
        let s = self.s;
        for (t, u) in s.under_set(orig) {
            if let (Some(t), Some(Type::Chan { dir: ChanDir::Send, .. })) = (t, u.map(|u| s.typ(u)))
            {
                return Err(format!("receive from send-only channel {}", self.ts(t)));
            }
        }
        let under = s.common_under(orig).map_err(|why| self.no_common(why))?;
        match s.typ(s.array_ptr_deref(under)) {
            Type::Basic(b) if b.info & info::STRING != 0 => Ok((Some(typ::INT), Some(typ::RUNE))),
            Type::Basic(b) if b.info & info::INTEGER != 0 => match self.allow_version(22) {
                true => Ok((Some(orig), None)),
                false => Err("requires go1.22 or later".into()),
            },
            Type::Array { elem, .. } | Type::Slice(elem) => Ok((Some(typ::INT), Some(*elem))),
            Type::Map { key, elem } => Ok((Some(*key), Some(*elem))),
            Type::Chan { elem, .. } => Ok((Some(*elem), None)),
            Type::Signature(sig) => self.range_func_types(sig.params, sig.results),
            _ => Err(String::new()),
        }
    }

    fn range_func_types(&self, params: TypeId, results: TypeId) -> KeyValue {
        let s = self.s;
        let bad = |why: &str| Err(format!("func must be func(yield func(...) bool): {why}"));
        if !self.allow_version(23) {
            return Err("requires go1.23 or later".into());
        }
        let [yield_param] = s.vars(params) else {
            return bad("wrong argument count");
        };
        if !s.vars(results).is_empty() {
            return bad("unexpected results");
        }
        let yield_type = match s.common_under(s.obj_type(*yield_param)) {
            Ok(t) => t,
            Err(why) => return bad(&format!("in yield type, {}", self.no_common(why))),
        };
        let Some(callback) = s.as_signature(yield_type) else {
            return bad("argument is not func");
        };
        let vars = s.vars(callback.params);
        if vars.len() > 2 {
            return bad("yield func has too many parameters");
        }
        match s.vars(callback.results) {
            [r] if s.identical(s.obj_type(*r), typ::BOOL) => {}
            [r] if s.is_boolean(s.obj_type(*r)) => {
                return bad("yield func returns user-defined boolean, not bool");
            }
            _ => return bad("yield func does not return bool"),
        }
        if callback.variadic {
            return Err(format!("yield func of type {} cannot be variadic", self.ts(yield_type)));
        }
        let at = |i: usize| vars.get(i).map(|&v| s.obj_type(v));
        Ok((at(0), at(1)))
    }
}
