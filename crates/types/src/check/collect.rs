//! Collects a package's top-level declarations into its scopes.

use super::Checker;
use super::decl::DeclInfo;
use super::errors::Report;
use super::scope::ScopeId;
use crate::constant::unquote;
use crate::ids::{ObjId, PkgId};
use crate::object::{Func, ObjKind, Object, Var, VarKind};
use crate::universe::{UNSAFE, typ};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use trigo_syntax::ast::{Decl, DeclId, DeclKind, ExprId, ExprKind, IdentId, List};
use trigo_syntax::{FilePos, sym};

/// A method whose receiver type is still to be found.
struct Method {
    obj: ObjId,
    ptr: bool,
    file: u32,
    recv: IdentId,
}

/// The constant declaration whose type and values are repeated, and where its group started.
#[derive(Default)]
pub(super) struct ConstGroup {
    first: Option<(usize, Option<trigo_syntax::ast::GroupId>)>,
    last: Option<(Option<ExprId>, List<ExprId>)>,
}

/// A constant declaration with what it repeats filled in.
pub(super) struct ConstSpec {
    pub iota: i64,
    pub ty: Option<ExprId>,
    pub values: List<ExprId>,
    pub inherited: bool,
}

impl ConstGroup {
    /// Works out the type and values of the declaration at `index`.
    pub fn next(
        &mut self,
        index: usize,
        decl: &Decl,
        ty: Option<ExprId>,
        values: List<ExprId>,
    ) -> ConstSpec {
        match self.first {
            Some((_, group)) if group.is_some() && group == decl.group => {}
            _ => *self = Self { first: Some((index, decl.group)), last: None },
        }
        let iota = index - self.first.map_or(index, |(first, _)| first);
        let fresh = ty.is_some() || !values.is_empty() || self.last.is_none();
        if fresh {
            self.last = Some((ty, values));
        }
        let (ty, values) = self.last.unwrap_or_default();
        ConstSpec { iota: iota as i64, ty, values, inherited: !fresh }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new_local(&mut self, kind: VarKind, ident: IdentId) -> ObjId {
        let pos = Some(self.here(self.file().ident_pos(ident)));
        self.s.new_var(kind, pos, Some(self.pkg), self.file().symbol(ident), None)
    }

    pub(super) fn new_ident_object(&mut self, kind: ObjKind, ident: IdentId) -> ObjId {
        let pos = Some(self.here(self.file().ident_pos(ident)));
        self.s.new_object(Object::new(kind, pos, Some(self.pkg), self.file().symbol(ident), None))
    }

    pub(super) fn collect_objects(&mut self) {
        let mut methods = Vec::new();
        let mut file_scopes = Vec::new();
        for i in 0..self.files.len() {
            let file = self.files[i];
            let scope = self.new_scope(ScopeId::PACKAGE);
            file_scopes.push(scope);
            self.env.file = i as u32;
            self.env.scope = scope;
            self.env.version = self.info.files[i].version;
            let mut consts = ConstGroup::default();
            for (index, &id) in file[file.decls].iter().enumerate() {
                match file[id].kind {
                    DeclKind::Import { name, path } => self.collect_import(id, name, path, scope),
                    DeclKind::Const { names, ty, values } => {
                        let spec = consts.next(index, &file[id], ty, values);
                        self.collect_consts(id, names, &spec);
                    }
                    DeclKind::Var { names, ty, values } => self.collect_vars(id, names, ty, values),
                    DeclKind::Type { name, .. } => {
                        let obj = self.new_ident_object(ObjKind::TypeName, name);
                        let info = DeclInfo { tdecl: Some(id), ..self.decl_info() };
                        self.declare_pkg_obj(name, obj, info);
                    }
                    DeclKind::Func { .. } => methods.extend(self.collect_func(id)),
                }
            }
        }
        self.env = super::Env::default();
        self.find_ambiguous_names();
        for (i, scope) in file_scopes.into_iter().enumerate() {
            self.env.file = i as u32;
            self.check_file_scope(scope);
        }
        for m in methods {
            self.env.file = m.file;
            if let Some((ptr, base)) = self.resolve_base_type_name(m.ptr, m.recv) {
                if let ObjKind::Func(f) = &self.s.obj(m.obj).kind {
                    f.ptr_recv.store(ptr, Ordering::Relaxed);
                }
                self.methods.entry(base).or_default().push(m.obj);
            }
        }
        self.env.file = 0;
    }

    pub(super) fn decl_info(&self) -> DeclInfo {
        DeclInfo {
            file: self.env.file,
            scope: self.env.scope,
            version: self.env.version,
            ..DeclInfo::default()
        }
    }

    pub(super) fn add_decl(&mut self, info: DeclInfo) -> usize {
        self.decls.push(info);
        self.decls.len() - 1
    }

    fn add_object(&mut self, obj: ObjId, decl: usize) {
        self.obj_list.push(obj);
        self.obj_decls.insert(obj, decl);
        self.s.obj(obj).order.store(self.obj_list.len() as u32, Ordering::Relaxed);
    }

    fn declare_pkg_obj(&mut self, ident: IdentId, obj: ObjId, info: DeclInfo) {
        let decl = self.add_decl(info);
        self.declare_pkg_obj_at(ident, obj, decl);
    }

    fn declare_pkg_obj_at(&mut self, ident: IdentId, obj: ObjId, decl: usize) {
        let name = self.file().symbol(ident);
        let is_main = self.s.pkg(self.pkg).name() == Some(sym::MAIN);
        if name == sym::INIT {
            self.error_expr(ident.expr(), "cannot declare init - must be func");
            return;
        }
        if name == sym::MAIN && is_main {
            self.error_expr(ident.expr(), "cannot declare main - must be func");
            return;
        }
        self.declare(ScopeId::PACKAGE, Some(ident), obj);
        self.add_object(obj, decl);
    }

    /// Declares an object in a scope.
    pub(super) fn declare(&mut self, scope: ScopeId, ident: Option<IdentId>, obj: ObjId) {
        let name = self.s.obj(obj).name;
        if name != sym::BLANK {
            if let Some(other) = self.scope(scope).lookup(name) {
                let text = format!("{} redeclared in this block", self.s.text(name));
                let mut report = Report::new(self.s.obj(obj).pos, text);
                self.add_other(&mut report, other);
                self.send(report);
                return;
            }
            self.scope_mut(scope).insert(name, obj);
        }
        if let Some(ident) = ident {
            self.record_object(ident.expr(), obj);
        }
    }

    fn collect_consts(&mut self, id: DeclId, names: List<IdentId>, spec: &ConstSpec) {
        let file = self.file();
        let values = &file[spec.values];
        for (i, &name) in file[names].iter().enumerate() {
            let obj = self.new_ident_object(ObjKind::Const(OnceLock::new()), name);
            let info = DeclInfo {
                vtyp: spec.ty,
                init: values.get(i).copied(),
                inherited: spec.inherited,
                iota: spec.iota,
                ..self.decl_info()
            };
            self.declare_pkg_obj(name, obj, info);
        }
        self.arity(self.here(file[id].pos), &file[names], values, true, spec.inherited);
    }

    fn collect_vars(
        &mut self,
        id: DeclId,
        names: List<IdentId>,
        ty: Option<ExprId>,
        values: List<ExprId>,
    ) {
        let file = self.file();
        let (names, inits) = (&file[names], &file[values]);
        let objs: Vec<ObjId> = names.iter().map(|&n| self.new_local(VarKind::Package, n)).collect();
        if inits.len() <= 1 {
            let init = inits.first().copied();
            let info = DeclInfo { lhs: objs.clone(), vtyp: ty, init, ..self.decl_info() };
            let decl = self.add_decl(info);
            for (&name, &obj) in names.iter().zip(&objs) {
                self.declare_pkg_obj_at(name, obj, decl);
            }
        } else {
            for (i, (&name, &obj)) in names.iter().zip(&objs).enumerate() {
                let info = DeclInfo { vtyp: ty, init: inits.get(i).copied(), ..self.decl_info() };
                self.declare_pkg_obj(name, obj, info);
            }
        }
        if ty.is_none() || !inits.is_empty() {
            self.arity(self.here(file[id].pos), names, inits, false, false);
        }
    }

    /// Checks that names and initial values match in number.
    pub(super) fn arity(
        &mut self,
        pos: FilePos,
        names: &[IdentId],
        inits: &[ExprId],
        constant: bool,
        inherited: bool,
    ) {
        let (l, r) = (names.len(), inits.len());
        if l < r {
            let extra = inits[l];
            if inherited {
                let place =
                    self.s.position(self.pos(extra)).map_or_else(String::new, |p| p.to_string());
                self.error_at(pos, format!("extra init expr at {place}"));
            } else {
                let text = self.es(extra);
                self.error_expr(extra, format!("extra init expr {text}"));
            }
        } else if l > r && (constant || r != 1) {
            let text = self.ident_text(names[r]);
            self.error_expr(names[r].expr(), format!("missing init expr for {text}"));
        }
    }

    fn collect_func(&mut self, id: DeclId) -> Option<Method> {
        let file = self.file();
        let DeclKind::Func { recv, name, type_params, ty, body } = file[id].kind else {
            return None;
        };
        let symbol = file.symbol(name);
        let func = Func {
            origin: None,
            instance: None,
            in_interface: false,
            ptr_recv: AtomicBool::new(false),
        };
        let obj = self.new_ident_object(ObjKind::Func(func), name);
        let tparam = file[type_params].first().map(|f| self.here(f.pos));
        let mut method = None;
        if let Some(r) = file[recv].first() {
            let (ptr, base) = self.unpack_recv(r.ty);
            if let (Some(recv), true) = (file.as_ident(base), symbol != sym::BLANK) {
                method = Some(Method { obj, ptr, file: self.env.file, recv });
            }
            if let Some(pos) = tparam {
                self.verify_version(pos, 27, |_| "generic method".into());
            }
            self.record_object(name.expr(), obj);
        } else {
            let is_main = symbol == sym::MAIN && self.s.pkg(self.pkg).name() == Some(sym::MAIN);
            if symbol == sym::INIT || is_main {
                let text = self.s.text(symbol);
                if let Some(pos) = tparam {
                    self.soft_error(Some(pos), format!("func {text} must have no type parameters"));
                }
                let takes = matches!(file[ty].kind, ExprKind::Func { params, results }
                    if !params.is_empty() || !results.is_empty());
                if takes {
                    let at = Some(self.start(name.expr()));
                    self.soft_error(
                        at,
                        format!("func {text} must have no arguments and no return values"),
                    );
                }
            } else if let Some(pos) = tparam {
                self.verify_version(pos, 18, |_| "type parameter".into());
            }
            if symbol == sym::INIT {
                self.record_object(name.expr(), obj);
                if body.is_none() {
                    self.soft_error(self.s.obj(obj).pos, "func init must have a body");
                }
            } else {
                self.declare(ScopeId::PACKAGE, Some(name), obj);
            }
        }
        let decl = self.add_decl(DeclInfo { fdecl: Some(id), ..self.decl_info() });
        self.add_object(obj, decl);
        method
    }

    pub(super) fn collect_import(
        &mut self,
        id: DeclId,
        local: Option<IdentId>,
        path: Option<ExprId>,
        scope: ScopeId,
    ) {
        let file = self.file();
        let Some(path_expr) =
            path.filter(|&p| !matches!(file[p].kind, ExprKind::Literal { bad: true, .. }))
        else {
            return;
        };
        let path = match import_path(file.literal(path_expr)) {
            Ok(path) => path,
            Err(why) => {
                self.error_expr(path_expr, format!("invalid import path ({why})"));
                return;
            }
        };
        let Some(imp) = self.import_package(self.pos(path_expr), &path) else {
            return;
        };
        let mut name = self.s.pkg(imp).name().unwrap_or(sym::BLANK);
        if let Some(local) = local {
            name = file.symbol(local);
            if path == "C" {
                self.error_expr(local.expr(), "cannot rename import \"C\"");
                return;
            }
        }
        let pos = self.here(file[id].pos);
        if name == sym::INIT {
            self.error_at(pos, "cannot import package as init - init must be a func");
            return;
        }
        if !self.imported.contains(&imp) {
            self.imported.push(imp);
        }
        let kind = ObjKind::PkgName(imp);
        let obj = self.s.new_object(Object::new(
            kind,
            Some(pos),
            Some(self.pkg),
            name,
            Some(typ::INVALID),
        ));
        if let Some(local) = local {
            self.record_object(local.expr(), obj);
        }
        if self.s.pkg(imp).is_fake() {
            self.used.insert(obj);
        }
        self.imports.push(obj);
        if name == sym::DOT {
            self.dot_import(imp, obj, local, scope);
        } else {
            self.declare(scope, None, obj);
        }
    }

    fn dot_import(&mut self, imp: PkgId, pkg_name: ObjId, local: Option<IdentId>, scope: ScopeId) {
        let mut objects: Vec<_> =
            self.s.pkg(imp).objects().filter(|(n, _)| self.s.is_exported(*n)).collect();
        objects.sort_by_key(|(n, _)| self.s.text(*n));
        for (name, obj) in objects {
            if let Some(other) = self.scope(scope).lookup(name) {
                let at = local.map(|l| self.start(l.expr()));
                let mut report =
                    Report::new(at, format!("{} redeclared in this block", self.s.text(name)));
                self.add_other(&mut report, other);
                self.send(report);
            } else {
                self.scope_mut(scope).insert(name, obj);
                self.dot_imports.insert((scope, name), pkg_name);
            }
        }
    }

    fn import_package(&mut self, pos: FilePos, path: &str) -> Option<PkgId> {
        if let Some(known) = self.import_cache.get(path) {
            return *known;
        }
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
        let pkg = if path == "unsafe" {
            UNSAFE
        } else if path == "C" && self.conf.fake_import_c {
            self.s.fake_package("C", sym::C)
        } else {
            let imported = match unresolvable(path) {
                Some(why) => Err(why),
                None => self.conf.importer.import(path, self.file().name()),
            };
            match imported {
                Ok(pkg) => pkg,
                Err(why) => {
                    self.error_at(pos, format!("could not import {path} ({why})"));
                    self.s.fake_package(path, self.s.interner().intern(last))
                }
            }
        };
        self.import_cache.insert(path.into(), Some(pkg));
        Some(pkg)
    }

    /// Reports names that are declared both in a file's scope, by an import, and in the package's.
    fn check_file_scope(&mut self, scope: ScopeId) {
        let mut clashes: Vec<(ObjId, ObjId)> = Vec::new();
        for &(name, obj) in self.scope(scope).names() {
            if let Some(alt) = self.scope(ScopeId::PACKAGE).lookup(name) {
                clashes.push((obj, alt));
            }
        }
        for (obj, alt) in clashes {
            let name = self.s.obj_name(alt);
            let (how, pkg) = match &self.s.obj(obj).kind {
                ObjKind::PkgName(pkg) => ("import", Some(*pkg)),
                _ => ("dot-import", self.s.obj(obj).pkg),
            };
            let what = pkg.map_or_else(String::new, |p| {
                let package = self.s.pkg(p);
                let name = package.name().map_or("", |n| self.s.text(n));
                format!("package {name} ({:?})", package.path)
            });
            let text = format!("{name} already declared through {how} of {what}");
            let mut report = Report::new(self.s.obj(alt).pos, text);
            self.add_other(&mut report, obj);
            self.send(report);
        }
    }

    /// Reports imports that are not used.
    pub(super) fn unused_imports(&mut self) {
        if self.conf.ignore_func_bodies {
            return;
        }
        for obj in self.imports.clone() {
            let o = self.s.obj(obj);
            if o.name == sym::BLANK || self.used.contains(&obj) {
                continue;
            }
            let ObjKind::PkgName(pkg) = o.kind else {
                continue;
            };
            let path = &self.s.pkg(pkg).path;
            let last = path.rsplit('/').next().unwrap_or(path);
            let name = self.s.text(o.name);
            let message = match name {
                "" | "." => format!("{path:?} imported and not used"),
                _ if name == last => format!("{path:?} imported and not used"),
                _ => format!("{path:?} imported as {name} and not used"),
            };
            self.soft_error(o.pos, message);
        }
    }

    pub(super) fn new_field(
        &mut self,
        pos: FilePos,
        ident: IdentId,
        t: crate::TypeId,
        embedded: bool,
    ) -> ObjId {
        let kind = ObjKind::Var(Var { kind: VarKind::Field, embedded, origin: None });
        self.s.new_object(Object::new(
            kind,
            Some(pos),
            Some(self.pkg),
            self.file().symbol(ident),
            Some(t),
        ))
    }
}

/// The path an import literal means.
fn import_path(literal: &str) -> Result<String, String> {
    let bytes = unquote(literal).ok_or("invalid syntax")?;
    let path = String::from_utf8_lossy(&bytes).into_owned();
    if path.is_empty() {
        return Err("empty string".into());
    }
    const ILLEGAL: &str = "!\"#$%&'()*,:;<=>?[\\]^{|}`\u{FFFD}";
    match path.chars().find(|&c| c.is_control() || c.is_whitespace() || ILLEGAL.contains(c)) {
        Some(c) if c.is_control() => Err(format!("invalid character U+{:04X}", c as u32)),
        Some(c) => Err(format!("invalid character U+{:04X} '{c}'", c as u32)),
        None => Ok(path),
    }
}

/// Why no importer can find a path, if none can: it is absolute, or not the shortest way to write what it means.
fn unresolvable(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some("import path cannot be absolute path".into());
    }
    let is_local = path.split('/').next().is_some_and(|first| first == "." || first == "..");
    let mut clean: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." => drop(clean.pop()),
            _ => clean.push(part),
        }
    }
    let clean = clean.join("/");
    (!is_local && clean != path)
        .then(|| format!("non-canonical import path {path:?} (should be {clean:?})"))
}
