//! Selectors and qualified identifiers (spec: Selectors, Method expressions, Method values).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use super::type_expr::is_valid_name;
use crate::ids::{ObjId, PkgId, TypeId};
use crate::lookup::Lookup;
use crate::object::{ObjKind, VarKind};
use crate::predicates::fold_eq;
use crate::results::{Selection, SelectionKind};
use crate::store::is_exported;
use crate::types::{Signature, Type};
use crate::universe::typ;
use trigo_syntax::Symbol;
use trigo_syntax::ast::{ExprId, ExprKind, IdentId};

impl<'a> Checker<'a> {
    /// `x.sel`. With `want_type` only types will do.
    pub(super) fn selector(&mut self, e: ExprId, want_type: bool) -> Operand {
        let ExprKind::Selector { x: base, sel } = self.file()[e].kind else {
            return Operand::invalid(e);
        };
        if let ExprKind::Name(name) = self.file()[base].kind
            && let Some(obj) = self.lookup_name(name)
            && let ObjKind::PkgName(pkg) = self.s.obj(obj).kind
        {
            self.record_object(base, obj);
            self.used.insert(obj);
            return self.qualified(e, pkg, sel);
        }
        let mut x = self.expr_or_type(base, false);
        let found = self.select(e, base, sel, want_type, &mut x);
        if !found {
            return Operand::invalid(e);
        }
        x.expr = OpExpr::Node(e);
        x
    }

    /// A member of an imported package.
    fn qualified(&mut self, e: ExprId, pkg: PkgId, sel: IdentId) -> Operand {
        let s = self.s;
        let mut x = Operand::invalid(e);
        let name = self.file().symbol(sel);
        let text = s.text(name);
        let Some(member) = s.pkg(pkg).lookup(name) else {
            if !s.pkg(pkg).is_fake() && is_valid_name(text) {
                let mut near: Vec<&str> = s
                    .pkg(pkg)
                    .objects()
                    .map(|(n, _)| s.text(n))
                    .filter(|n| is_exported(n) && fold_eq(n, text))
                    .collect();
                near.sort_unstable();
                let expr = self.es(e);
                let message = match near.first() {
                    Some(near) => format!("undefined: {expr} (but have {near})"),
                    None => format!("undefined: {expr}"),
                };
                self.error_expr(sel.expr(), message);
            }
            return x;
        };
        if !is_exported(text) {
            let package = s.pkg(pkg).name().map_or("", |n| s.text(n));
            self.error_expr(sel.expr(), format!("name {text} not exported by package {package}"));
        }
        self.record_object(sel.expr(), member);
        let o = s.obj(member);
        x.typ = o.typ().unwrap_or(typ::INVALID);
        match &o.kind {
            ObjKind::Const(_) => {
                x.mode = Mode::Constant;
                x.val = o.value();
            }
            ObjKind::TypeName => x.mode = Mode::Type,
            ObjKind::Var(_) => x.mode = Mode::Variable,
            ObjKind::Func(_) => x.mode = Mode::Value,
            ObjKind::Builtin(id) => {
                x.mode = Mode::Builtin;
                x.id = *id;
            }
            _ => {}
        }
        if !s.is_valid(x.typ) && x.mode != Mode::Builtin {
            x.invalidate();
        }
        x
    }

    /// Selects a field or method of `x`; false after an error.
    fn select(
        &mut self,
        e: ExprId,
        base: ExprId,
        sel: IdentId,
        want_type: bool,
        x: &mut Operand,
    ) -> bool {
        let s = self.s;
        if x.mode == Mode::Builtin {
            let text = self.op_string(x);
            self.error_at(self.pos(e), format!("invalid use of {text} in selector expression"));
            return false;
        }
        if !x.is_valid() || !self.is_complete(x.typ) {
            return false;
        }
        if want_type {
            let text = self.es(e);
            self.error_expr(sel.expr(), format!("{text} is not a type"));
            return false;
        }
        if let Type::Pointer(base) = s.typ(s.under(x.typ))
            && !self.is_complete(*base)
        {
            return false;
        }
        let name = self.file().symbol(sel);
        let addressable = x.mode == Mode::Variable;
        let (obj, path, indirect) = match s.lookup(x.typ, addressable, Some(self.pkg), name) {
            Lookup::Found { obj, path, indirect } => (obj, path, indirect),
            failed => {
                self.selection_error(&failed, x, sel, name);
                return false;
            }
        };
        if matches!(s.obj(obj).kind, ObjKind::Func(_)) {
            let sig = self.ensure_func(obj);
            self.add_dep(s.obj(obj).as_func().and_then(|f| f.origin).unwrap_or(obj));
            let is_type = x.mode == Mode::Type;
            let kind = if is_type { SelectionKind::MethodExpr } else { SelectionKind::Method };
            self.record_selection(e, Selection { kind, recv: x.typ, obj, path, indirect });
            x.mode = Mode::Value;
            match is_type {
                true => return self.method_expr(e, obj, sig, x),
                false => x.typ = self.without_recv(sig),
            }
            return true;
        }
        if x.mode == Mode::Type {
            let (text, t) = (s.text(name), self.ts(x.typ));
            self.error_expr(
                base,
                format!("operand for field selector {text} must be value of type {t}"),
            );
            return false;
        }
        self.record_selection(
            e,
            Selection { kind: SelectionKind::Field, recv: x.typ, obj, path, indirect },
        );
        x.mode = if addressable || indirect { Mode::Variable } else { Mode::Value };
        x.typ = s.obj_type(obj);
        true
    }

    fn without_recv(&self, sig: TypeId) -> TypeId {
        match self.s.as_signature(sig) {
            Some(sig) if sig.recv.is_some() => {
                self.s.signature(Signature { recv: None, rparams: Box::new([]), ..sig.clone() })
            }
            _ => sig,
        }
    }

    /// The function `T.method`, whose first parameter is the receiver.
    fn method_expr(&mut self, e: ExprId, obj: ObjId, sig: TypeId, x: &mut Operand) -> bool {
        let s = self.s;
        let Some(sig) = s.as_signature(sig) else {
            return false;
        };
        let in_interface = s.obj(obj).as_func().is_some_and(|f| f.in_interface);
        if sig.recv.is_none() && !in_interface {
            self.error_expr(e, "illegal cycle in method declaration");
            return false;
        }
        let params = s.vars(sig.params);
        let named = params.first().is_some_and(|&p| !s.obj_name(p).is_empty());
        let recv_name = sig.recv.map_or("", |r| s.obj_name(r));
        let name = match (named, recv_name) {
            (false, _) => "",
            (true, "") => "_",
            (true, name) => name,
        };
        let name = s.interner().intern(name);
        let pos = sig.recv.and_then(|r| s.obj(r).pos).or(s.obj(obj).pos);
        let first = s.new_var(VarKind::Param, pos, s.obj(obj).pkg, name, Some(x.typ));
        let all = std::iter::once(first).chain(params.iter().copied()).collect();
        x.typ = s.signature(Signature {
            params: s.tuple(all),
            recv: None,
            rparams: Box::new([]),
            ..sig.clone()
        });
        true
    }

    fn selection_error(&mut self, failed: &Lookup, x: &Operand, sel: IdentId, name: Symbol) {
        let s = self.s;
        if !s.is_valid(s.under(x.typ)) {
            return;
        }
        let text = s.text(name);
        let expr = self.op_expr_string(x);
        let message = match failed {
            Lookup::Ambiguous(_) => format!("ambiguous selector {expr}.{text}"),
            Lookup::NeedsPointer => {
                let t = self.ts(x.typ);
                match x.mode {
                    Mode::Type => {
                        format!(
                            "invalid method expression {t}.{text} (needs pointer receiver (*{t}).{text})"
                        )
                    }
                    _ => format!("cannot call pointer method {text} on {t}"),
                }
            }
            _ => {
                let why = if s.is_interface_ptr(x.typ) {
                    self.interface_ptr_error(x.typ)
                } else {
                    let near = s.lookup_folded(
                        x.typ,
                        x.mode == Mode::Variable,
                        Some(self.pkg),
                        name,
                        true,
                    );
                    self.lookup_error(x.typ, name, near.obj(), false)
                };
                format!("{expr}.{text} undefined ({why})")
            }
        };
        self.error_expr(sel.expr(), message);
    }

    /// Why a field or method is not there, given one whose name is similar.
    pub(super) fn lookup_error(
        &self,
        t: TypeId,
        name: Symbol,
        near: Option<ObjId>,
        in_literal: bool,
    ) -> String {
        enum Why {
            Missing,
            Misspelled,
            Unexported,
            Inaccessible,
        }
        let s = self.s;
        let sel = s.text(name);
        let mut why = Why::Missing;
        let alt = near.map_or("", |o| s.obj_name(o));
        if let Some(obj) = near {
            if s.obj(obj).pkg == Some(self.pkg) {
                why = Why::Misspelled;
            } else if is_exported(sel) {
                if is_exported(alt) {
                    why = Why::Misspelled;
                } else if tail(sel) == tail(alt) {
                    why = Why::Unexported;
                }
            } else if is_exported(alt) {
                if tail(sel) == tail(alt) {
                    why = Why::Misspelled;
                }
            } else if sel == alt {
                why = Why::Inaccessible;
            }
        }
        let tt = self.ts(t);
        if in_literal {
            let unknown = format!("unknown field {sel} in struct literal of type {tt}");
            return match why {
                Why::Missing => unknown,
                Why::Misspelled => format!("{unknown}, but does have {alt}"),
                Why::Unexported => format!("{unknown}, but does have unexported {alt}"),
                Why::Inaccessible => {
                    format!("cannot refer to unexported field {alt} in struct literal of type {tt}")
                }
            };
        }
        let what = match near.map(|o| &s.obj(o).kind) {
            Some(ObjKind::Var(_)) => "field",
            Some(ObjKind::Func(_)) => "method",
            _ => "object",
        };
        let missing = format!("type {tt} has no field or method {sel}");
        match why {
            Why::Missing => missing,
            Why::Misspelled => format!("{missing}, but does have {what} {alt}"),
            Why::Unexported => format!("{missing}, but does have unexported {what} {alt}"),
            Why::Inaccessible => format!("cannot refer to unexported {what} {alt}"),
        }
    }
}

/// A name without its first character.
fn tail(name: &str) -> &str {
    let mut chars = name.chars();
    chars.next();
    chars.as_str()
}
