//! Function types, parameters and receivers (spec: Function types, Method declarations).

use super::Checker;
use super::operand::Mode;
use super::scope::ScopeId;
use crate::ids::{ObjId, TypeId};
use crate::object::VarKind;
use crate::types::{BasicKind, Signature, Type, load};
use crate::universe::typ;
use trigo_syntax::FilePos;
use trigo_syntax::ast::{ExprId, ExprKind, Field, IdentId, List};
use trigo_syntax::token::Op;

impl<'a> Checker<'a> {
    /// The signature of a function type `ty`, and the scope of its parameters.
    /// `obj` is the declared function, if it is one.
    pub(super) fn func_type(
        &mut self,
        obj: Option<ObjId>,
        recv: Option<&Field>,
        tparams: List<Field>,
        ty: ExprId,
    ) -> (TypeId, ScopeId) {
        let ExprKind::Func { params, results } = self.file()[ty].kind else {
            return (typ::INVALID, self.env.scope);
        };
        self.open_scope();
        let scope = self.env.scope;
        self.scope_mut(scope).is_func = true;
        let (recv_var, rparams) = match recv {
            Some(field) => {
                let (var, list) = self.collect_recv(field);
                (Some(var), list)
            }
            None => (None, Vec::new()),
        };
        let tparams = match tparams.is_empty() {
            true => Vec::new(),
            false => self.collect_type_params(tparams, |_, _| {}),
        };
        if let (Some(obj), false) = (obj, tparams.is_empty()) {
            // A function that mentions itself in its signature is known to be generic.
            let stand_in = Signature {
                tparams: tparams.clone().into(),
                rparams: Box::new([]),
                recv: None,
                params: typ::EMPTY_TUPLE,
                results: typ::EMPTY_TUPLE,
                variadic: false,
            };
            self.s.obj(obj).set_typ(self.s.signature(stand_in));
        }
        let (param_names, params, variadic) = self.collect_params(VarKind::Param, params);
        let (result_names, results, _) = self.collect_params(VarKind::Result, results);
        if let (Some(name), Some(var)) = (recv.and_then(|f| f.name), recv_var) {
            self.declare(scope, Some(name), var);
        }
        for (name, var) in
            param_names.into_iter().zip(&params).chain(result_names.into_iter().zip(&results))
        {
            if let Some(name) = name {
                self.declare(scope, Some(name), *var);
            }
        }
        self.close_scope();
        let sig = self.s.signature(Signature {
            tparams: tparams.into(),
            rparams: rparams.into(),
            recv: recv_var,
            params: self.s.tuple(params),
            results: self.s.tuple(results),
            variadic,
        });
        (sig, scope)
    }

    fn collect_params(
        &mut self,
        kind: VarKind,
        list: List<Field>,
    ) -> (Vec<Option<IdentId>>, Vec<ObjId>, bool) {
        let file = self.file();
        let fields = &file[list];
        let (mut names, mut vars) = (Vec::new(), Vec::new());
        let mut variadic = false;
        let mut t = typ::INVALID;
        for (i, f) in fields.iter().enumerate() {
            if i == 0 || fields[i - 1].ty != f.ty {
                t = match file[f.ty].kind {
                    ExprKind::Variadic { elem } => {
                        let last = kind == VarKind::Param && i + 1 == fields.len();
                        if !last {
                            self.error_expr(f.ty, "invalid use of ...");
                        }
                        variadic = last;
                        let elem = self.var_type(elem);
                        if last { self.s.slice(elem) } else { elem }
                    }
                    _ => self.var_type(f.ty),
                };
                if variadic {
                    self.record_type(f.ty, Mode::Type, t, None);
                }
            }
            names.push(f.name);
            vars.push(self.param(kind, f, t));
        }
        (names, vars, variadic)
    }

    /// The variable of a parameter, a result or a receiver.
    fn param(&mut self, kind: VarKind, field: &Field, t: TypeId) -> ObjId {
        let (pos, name) = match field.name {
            Some(name) => (self.file().ident_pos(name), self.file().symbol(name)),
            None => (field.pos, self.s.interner().intern("")),
        };
        let pos = self.here(pos);
        match self.declared.get(&pos) {
            Some(&declared) => declared,
            None => self.s.new_var(kind, Some(pos), Some(self.pkg), name, Some(t)),
        }
    }

    /// The receiver variable, and the type parameters it declares.
    fn collect_recv(&mut self, field: &Field) -> (ObjId, Vec<TypeId>) {
        let file = self.file();
        let (ptr, base) = self.unpack_recv(field.ty);
        let mut inner = file.unparen(field.ty);
        if let ExprKind::Unary { op: Op::Mul, x } = file[inner].kind {
            inner = file.unparen(x);
        }
        let (t, rparams) = match file[inner].kind {
            ExprKind::Index { args, .. } => self.generic_recv(field.ty, ptr, base, args),
            _ => (self.plain_recv(field.ty, base), Vec::new()),
        };
        let recv = self.param(VarKind::Receiver, field, t);
        let at = self.start(base);
        self.later(move |c| c.valid_recv(at, recv));
        (recv, rparams)
    }

    fn plain_recv(&mut self, ty: ExprId, base: ExprId) -> TypeId {
        let t = self.var_type(ty);
        let unpointer = |c: &Self, mut t: TypeId| {
            while let Type::Pointer(base) = c.s.typ(t) {
                t = *base;
            }
            t
        };
        let mut at = unpointer(self, t);
        while let Type::Alias(a) = self.s.typ(at) {
            at = unpointer(self, load(&a.rhs).unwrap_or(typ::INVALID));
            if !self.s.type_params(at).is_empty() {
                let text = self.ts(at);
                self.error_expr(
                    base,
                    format!("cannot define new methods on instantiated type {text}"),
                );
                return typ::INVALID;
            }
        }
        t
    }

    fn generic_recv(
        &mut self,
        ty: ExprId,
        ptr: bool,
        base: ExprId,
        args: List<ExprId>,
    ) -> (TypeId, Vec<TypeId>) {
        let file = self.file();
        let mut cause = String::new();
        let generic = self.generic_type(base, &mut cause);
        let mut base_type = None;
        match self.s.typ(generic) {
            Type::Named(_) => base_type = Some(generic),
            Type::Alias(_) if self.s.is_valid(generic) => {
                let text = self.ts(generic);
                self.error_expr(
                    base,
                    format!("cannot define new methods on generic alias type {text}"),
                );
            }
            _ if !cause.is_empty() => self.error_expr(base, cause),
            _ => {}
        }
        let mut rparams = Vec::new();
        for (i, &arg) in file[args].iter().enumerate() {
            let tparam = match file.as_ident(arg) {
                Some(name) => {
                    let tparam = self.declare_type_param(name, i as u32);
                    self.record_type(arg, Mode::Type, tparam, None);
                    if let Some(obj) = self.s.type_obj(tparam) {
                        self.record_object(arg, obj);
                    }
                    tparam
                }
                None => {
                    if !matches!(file[arg].kind, ExprKind::Bad) {
                        let text = self.es(arg);
                        self.error_expr(
                            arg,
                            format!("receiver type parameter {text} must be an identifier"),
                        );
                    }
                    self.blank_type_param(self.pos(arg), i as u32)
                }
            };
            rparams.push(tparam);
        }
        let Some(generic) = base_type else {
            for &p in &rparams {
                self.s.set_bound(p, typ::INVALID);
            }
            return (typ::INVALID, rparams);
        };
        let tparams = self.s.type_params(generic);
        if tparams.len() == rparams.len() {
            for (&new, &old) in rparams.iter().zip(tparams) {
                self.mono_same(new, old);
                let bound = self.s.subst(self.s.bound(old), tparams, &rparams);
                self.s.set_bound(new, bound);
            }
        } else {
            let got = measure(rparams.len(), "type parameter");
            let want = tparams.len();
            self.error_expr(
                base,
                format!("receiver declares {got}, but receiver base type declares {want}"),
            );
        }
        let at = self.start(base);
        self.verify_version(at, 18, |_| "type instantiation".into());
        let mut t = self.instance(generic, &rparams);
        let at = self.pos(ty);
        self.inst_pos.entry(t).or_insert(at);
        self.record_instance(base, &rparams, t);
        if ptr {
            t = self.s.pointer(t);
        }
        self.record_type(ty, Mode::Type, t, None);
        (t, rparams)
    }

    fn blank_type_param(&mut self, pos: FilePos, index: u32) -> TypeId {
        let kind = crate::object::ObjKind::TypeName;
        let object =
            crate::Object::new(kind, Some(pos), Some(self.pkg), trigo_syntax::sym::BLANK, None);
        let obj = self.s.new_object(object);
        let tparam = self.s.new_type_param(obj, index);
        self.s.obj(obj).set_typ(tparam);
        tparam
    }

    fn valid_recv(&mut self, at: FilePos, recv: ObjId) {
        let s = self.s;
        let (base, _) = s.deref(s.obj_type(recv));
        let t = s.unalias(base);
        if !s.is_valid(t) {
            return;
        }
        match s.typ(t) {
            Type::Named(n) if s.obj(n.obj).pkg != Some(self.pkg) => {
                let text = self.ts(base);
                self.error_at(at, format!("cannot define new methods on non-local type {text}"));
            }
            Type::Named(_) => {
                let cause = match s.typ(s.under(t)) {
                    Type::Basic(b) if b.kind == BasicKind::UnsafePointer => "unsafe.Pointer",
                    Type::Pointer(_) | Type::Interface(_) => "pointer or interface type",
                    _ => return,
                };
                let text = self.ts(base);
                self.error_at(at, format!("invalid receiver type {text} ({cause})"));
            }
            Type::Basic(_) => {
                let text = self.ts(base);
                self.error_at(at, format!("cannot define new methods on non-local type {text}"));
            }
            _ => {
                let text = self.ts(s.obj_type(recv));
                self.error_at(at, format!("invalid receiver type {text}"));
            }
        }
    }
}

/// A count with its unit.
pub(super) fn measure(n: usize, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}
