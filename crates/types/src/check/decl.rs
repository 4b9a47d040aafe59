//! Package-level declarations, checked on demand.

use super::errors::Report;
use super::scope::ScopeId;
use super::{Checker, Env};
use crate::constant::Value;
use crate::ids::{ObjId, TypeId};
use crate::object::ObjKind;
use crate::types::{Type, load};
use crate::universe::typ;
use crate::version::GoVersion;
use std::sync::PoisonError;
use trigo_syntax::ast::{BlockId, DeclId, DeclKind, ExprId, ExprKind, Field, IdentId, List};
use trigo_syntax::sym;
use trigo_syntax::token::Op;

/// The declaration of a package-level object.
#[derive(Default)]
pub(super) struct DeclInfo {
    pub file: u32,
    /// The file's scope.
    pub scope: ScopeId,
    pub version: Option<GoVersion>,
    /// All variables of a declaration with at most one value; empty for others.
    pub lhs: Vec<ObjId>,
    pub vtyp: Option<ExprId>,
    pub init: Option<ExprId>,
    /// Whether a constant repeats the type and value of one before.
    pub inherited: bool,
    pub iota: i64,
    pub tdecl: Option<DeclId>,
    pub fdecl: Option<DeclId>,
    /// The type parameters of a function, its receiver's first.
    pub tparams: Vec<TypeId>,
    /// The package-level objects that the initial value or body mentions.
    pub deps: rustc_hash::FxHashSet<ObjId>,
}

impl<'a> Checker<'a> {
    /// Notes that the current declaration depends on a package-level object.
    pub(super) fn add_dep(&mut self, to: ObjId) {
        if let Some(decl) = self.env.decl
            && self.obj_decls.contains_key(&to)
        {
            self.decls[decl].deps.insert(to);
        }
    }

    /// Checks an object's declaration, unless that was done.
    pub(super) fn obj_decl(&mut self, obj: ObjId) {
        let o = self.s.obj(obj);
        if self.obj_path.contains(&obj) {
            let valid = self.valid_cycle(obj);
            match &o.kind {
                ObjKind::Const(_) | ObjKind::Var(_) if !valid || o.typ().is_none() => {
                    o.set_typ(typ::INVALID)
                }
                ObjKind::TypeName if !valid => o.set_typ(typ::INVALID),
                ObjKind::Func(_) if o.typ().is_none() => o.set_typ(typ::EMPTY_FUNC),
                _ => {}
            }
            return;
        }
        if o.typ().is_some() {
            return;
        }
        let Some(&decl) = self.obj_decls.get(&obj) else {
            return;
        };
        self.obj_path.push(obj);
        let info = &self.decls[decl];
        let env =
            Env { scope: info.scope, file: info.file, version: info.version, ..Env::default() };
        let saved = std::mem::replace(&mut self.env, env);
        self.deep(|c| c.check_decl(obj, decl));
        self.env = saved;
        self.obj_path.pop();
    }

    fn check_decl(&mut self, obj: ObjId, decl: usize) {
        let info = &self.decls[decl];
        match &self.s.obj(obj).kind {
            ObjKind::Const(_) => {
                let (ty, init, inherited, iota) = (info.vtyp, info.init, info.inherited, info.iota);
                self.env.decl = Some(decl);
                self.const_decl(obj, ty, init, inherited, iota);
            }
            ObjKind::Var(_) => {
                let (lhs, ty, init) = (info.lhs.clone(), info.vtyp, info.init);
                self.env.decl = Some(decl);
                self.var_decl(obj, &lhs, ty, init);
            }
            ObjKind::TypeName => {
                if let Some(id) = info.tdecl {
                    self.type_decl(obj, id);
                    self.collect_methods(obj);
                }
            }
            ObjKind::Func(_) => {
                if let Some(id) = info.fdecl {
                    self.func_decl(obj, decl, id);
                }
            }
            _ => {}
        }
    }

    /// Checks a constant's declaration.
    pub(super) fn const_decl(
        &mut self,
        obj: ObjId,
        ty: Option<ExprId>,
        init: Option<ExprId>,
        inherited: bool,
        iota: i64,
    ) {
        let saved = (self.env.iota.replace(Value::Int(iota)), self.env.err_pos.take());
        self.const_value(obj, ty, init, inherited);
        (self.env.iota, self.env.err_pos) = saved;
    }

    fn const_value(
        &mut self,
        obj: ObjId,
        ty: Option<ExprId>,
        init: Option<ExprId>,
        inherited: bool,
    ) {
        let o = self.s.obj(obj);
        if let Some(ty) = ty {
            let t = self.typ(ty);
            if !self.s.is_const_type(t) {
                if self.s.is_valid(self.s.under(t)) {
                    let text = self.ts(t);
                    self.error_expr(ty, format!("invalid constant type {text}"));
                }
                o.set_typ(typ::INVALID);
                return;
            }
            o.set_typ(t);
        }
        match init {
            Some(init) => {
                if inherited {
                    self.env.err_pos = o.pos;
                }
                let mut x = self.expr(None, init);
                self.init_const(obj, &mut x);
            }
            None if o.typ().is_none() => o.set_typ(typ::INVALID),
            None => {}
        }
    }

    /// Checks a variable's declaration. `lhs` are all variables that share
    /// its initial value, or none.
    pub(super) fn var_decl(
        &mut self,
        obj: ObjId,
        lhs: &[ObjId],
        ty: Option<ExprId>,
        init: Option<ExprId>,
    ) {
        let o = self.s.obj(obj);
        if let Some(ty) = ty {
            o.set_typ(self.var_type(ty));
        }
        let Some(init) = init else {
            if ty.is_none() {
                o.set_typ(typ::INVALID);
            }
            return;
        };
        if lhs.len() <= 1 {
            let target = self.target(o.typ(), |c| c.s.obj_name(obj).to_string());
            let mut x = self.expr(target.as_ref(), init);
            self.init_var(obj, &mut x, "variable declaration");
            return;
        }
        if ty.is_some() {
            for &v in lhs {
                self.s.obj(v).set_typ(self.s.obj_type(obj));
            }
        }
        self.init_vars(lhs, &[init], None);
    }

    /// Checks a type's declaration. The type name has its type from the
    /// start; the right-hand side follows.
    pub(super) fn type_decl(&mut self, obj: ObjId, id: DeclId) {
        let file = self.file();
        let DeclKind::Type { type_params, alias, ty, .. } = file[id].kind else {
            return;
        };
        let pos = self.here(file[id].pos);
        let tparam = file[type_params].first().map(|f| self.here(f.pos));
        let enclosing = self.env.decl.map_or(Vec::new(), |d| self.decls[d].tparams.clone());
        let mut fine = true;
        let t = if alias {
            if let Some(p) = tparam {
                fine = self.verify_version(p, 23, |_| "generic type alias".into());
            }
            fine = fine && self.verify_version(pos, 9, |_| "type alias".into());
            self.s.new_alias(obj, None, Box::new([]), &enclosing)
        } else {
            if let Some(p) = tparam {
                fine = self.verify_version(p, 18, |_| "type parameter".into());
            }
            self.s.new_named(obj, &enclosing)
        };
        if self.s.obj(obj).typ().is_none() {
            self.s.obj(obj).set_typ(t);
        }
        self.later(move |c| {
            let declared = c.s.obj_type(obj);
            if c.s.as_named(declared).is_some() {
                c.valid_type(declared);
            }
            let rhs = match c.s.typ(t) {
                Type::Named(n) => load(&n.rhs),
                Type::Alias(a) => load(&a.rhs),
                _ => None,
            };
            if let Some(rhs) = rhs.filter(|&r| fine && c.is_imported_constraint(r)) {
                let at = c.start(ty);
                c.verify_version(at, 18, |c| format!("using type constraint {}", c.ts(rhs)));
            }
        });
        let generic = !type_params.is_empty();
        if generic {
            self.open_scope();
            self.collect_type_params(type_params, |c, list| match c.s.typ(t) {
                Type::Named(n) => drop(n.tparams.set(list.into())),
                Type::Alias(a) => drop(a.tparams.set(list.into())),
                _ => {}
            });
        }
        let mut rhs = self.declared_type(ty);
        let own_param = alias && self.s.type_params(t).contains(&rhs);
        if !alias && self.s.is_type_param(rhs) {
            self.error_expr(ty, "cannot use a type parameter as RHS in type declaration");
            rhs = typ::INVALID;
        } else if own_param {
            self.error_expr(ty, "cannot use type parameter declared in alias declaration as RHS");
            rhs = typ::INVALID;
        }
        // A cycle found meanwhile has made the alias invalid.
        let spoilt = matches!(self.s.typ(t), Type::Alias(a) if load(&a.rhs) == Some(typ::INVALID));
        if !spoilt {
            self.s.set_rhs(t, rhs);
        }
        if generic {
            self.close_scope();
        }
    }

    pub(super) fn is_imported_constraint(&self, t: TypeId) -> bool {
        let Some(named) = self.s.as_named(t) else {
            return false;
        };
        let pkg = self.s.obj(named.obj).pkg;
        if pkg == Some(self.pkg) || pkg.is_none() {
            return false;
        }
        let under = self.s.under(t);
        matches!(self.s.typ(under), Type::Interface(_)) && !self.s.type_set(under).is_method_set()
    }

    /// Declares type parameters in the current scope, hands them to `bind`,
    /// and then checks their constraints.
    pub(super) fn collect_type_params(
        &mut self,
        list: List<Field>,
        bind: impl FnOnce(&Self, Vec<TypeId>),
    ) -> Vec<TypeId> {
        let fields = &self.file()[list];
        let mut tparams = Vec::with_capacity(fields.len());
        for (i, f) in fields.iter().enumerate() {
            if let Some(name) = f.name {
                tparams.push(self.declare_type_param(name, i as u32));
            }
        }
        bind(self, tparams.clone());
        let saved = std::mem::replace(&mut self.env.in_tparam_list, true);
        let mut bound = typ::INVALID;
        let named = fields.iter().filter(|f| f.name.is_some());
        for (i, (f, &tparam)) in named.zip(&tparams).enumerate() {
            if i == 0 || fields[i - 1].ty != f.ty {
                bound = self.bound(f.ty);
                if self.s.is_type_param(bound) {
                    self.error_expr(f.ty, "cannot use a type parameter as constraint");
                    bound = typ::INVALID;
                }
            }
            self.s.set_bound(tparam, bound);
        }
        self.env.in_tparam_list = saved;
        tparams
    }

    /// A constraint; `~T` and `A | B` stand for interfaces.
    fn bound(&mut self, e: ExprId) -> TypeId {
        match self.file()[e].kind {
            ExprKind::Unary { op: Op::Tilde, .. } | ExprKind::Binary { op: Op::Or, .. } => {
                self.implicit_interface(e)
            }
            _ => self.typ(e),
        }
    }

    pub(super) fn declare_type_param(&mut self, name: IdentId, index: u32) -> TypeId {
        let pos = self.here(self.file().ident_pos(name));
        let obj = match self.declared.get(&pos) {
            Some(&declared) => declared,
            None => {
                let obj = self.new_ident_object(ObjKind::TypeName, name);
                self.s.obj(obj).set_typ(self.s.new_type_param(obj, index));
                obj
            }
        };
        self.declare(self.env.scope, Some(name), obj);
        self.s.obj_type(obj)
    }

    /// Adds the methods declared for a type to it.
    pub(super) fn collect_methods(&mut self, obj: ObjId) {
        let Some(methods) = self.methods.remove(&obj) else {
            return;
        };
        let t = self.s.obj_type(obj);
        let base = match self.s.typ(self.s.unalias(t)) {
            Type::Named(n) => Some(n),
            _ => None,
        };
        if base.is_some() {
            self.later(move |c| c.check_field_uniqueness(t));
        }
        let mut seen: Vec<ObjId> = Vec::new();
        for m in methods {
            let name = self.s.obj(m).name;
            if let Some(&alt) = seen.iter().find(|&&a| self.s.obj(a).name == name) {
                let place = self.s.obj(alt).pos.and_then(|p| self.s.position(p));
                let at = place.map_or_else(String::new, |p| format!(" at {p}"));
                let message = format!(
                    "method {}.{} already declared{at}",
                    self.s.obj_name(obj),
                    self.s.text(name)
                );
                self.error(self.s.obj(m).pos, message);
                continue;
            }
            seen.push(m);
            if let Some(n) = base {
                n.methods.write().unwrap_or_else(PoisonError::into_inner).push(m);
            }
        }
    }

    fn check_field_uniqueness(&mut self, t: TypeId) {
        let Some(st) = self.s.as_struct(self.s.under(t)) else {
            return;
        };
        let methods = self.s.declared_methods(t);
        for &f in &st.fields {
            let name = self.s.obj(f).name;
            if name == sym::BLANK {
                continue;
            }
            if let Some(&m) = methods.iter().find(|&&m| self.s.same_method(m, f)) {
                let text = format!("field and method with the same name {}", self.s.text(name));
                let mut report = Report::new(self.s.obj(m).pos, text);
                self.add_other(&mut report, f);
                self.send(report);
            }
        }
    }

    fn func_decl(&mut self, obj: ObjId, decl: usize, id: DeclId) {
        let file = self.file();
        let DeclKind::Func { recv, type_params, ty, body, .. } = file[id].kind else {
            return;
        };
        self.s.obj(obj).set_typ(typ::EMPTY_FUNC);
        let (sig, scope) = self.func_type(Some(obj), file[recv].first(), type_params, ty);
        self.s.obj(obj).set_typ(sig);
        if let Some(s) = self.s.as_signature(sig) {
            self.decls[decl].tparams = [&*s.rparams, &*s.tparams].concat();
        }
        if !type_params.is_empty() && body.is_none() {
            let at = Some(self.here(file[id].pos));
            self.soft_error(at, "generic function is missing function body");
        }
        if let Some(body) = body.filter(|_| !self.conf.ignore_func_bodies) {
            self.later(move |c| c.func_body(Some(decl), sig, scope, body, None));
        }
    }

    /// Checks a function's body.
    pub(super) fn func_body(
        &mut self,
        decl: Option<usize>,
        sig: TypeId,
        scope: ScopeId,
        body: BlockId,
        iota: Option<Value>,
    ) {
        let env = Env {
            decl,
            scope,
            file: self.env.file,
            version: self.env.version,
            iota,
            sig: Some(sig),
            ..Env::default()
        };
        let saved = std::mem::replace(&mut self.env, env);
        let block = &self.file()[body];
        self.stmt_list(super::stmt::Context::default(), block.stmts);
        if self.env.has_label && !self.conf.ignore_branch_errors {
            self.labels(body);
        }
        let results = self.s.as_signature(sig).map_or(typ::EMPTY_TUPLE, |s| s.results);
        if !self.s.vars(results).is_empty() && !self.is_terminating_list(block.stmts, None) {
            self.error_at(self.here(block.rbrace), "missing return");
        }
        self.usage(scope);
        self.env = saved;
    }
}
