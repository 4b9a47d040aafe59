//! Bodies of functions that were declared before.
//!
//! A package that was read from an archive has its objects and types, and no trees. Here the trees of some of its
//! functions are checked against them. A function is found by its place, and so are its parameters and type parameters: a
//! body means those that importers of the package see. What is local to the body is made anew.

use super::{Checked, Checker, Config, Env};
use crate::ids::{ObjId, PkgId};
use crate::object::ObjKind;
use crate::store::Store;
use std::sync::Arc;
use trigo_syntax::ast::{DeclId, DeclKind, File};

/// Checks the bodies of the functions in `files`, each a part of a file of the package `pkg` with its package clause and
/// its imports. Functions that the package does not declare at their place are passed over.
pub(crate) fn check_bodies(
    store: &Store,
    pkg: PkgId,
    files: &[Arc<File>],
    config: Config<'_>,
) -> Checked {
    let files: Vec<&File> = files.iter().map(|file| &**file).collect();
    let mut checker = Checker::new(store, pkg, config, files);
    checker.init_files();
    checker.find_declared();
    for file in 0..checker.files.len() {
        checker.file_bodies(file);
    }
    checker.process_delayed(0);
    checker.record_untyped();
    Checked { pkg, errors: checker.errors, info: checker.info }
}

impl<'a> Checker<'a> {
    /// Fills the package's scope, and notes the place of each function and of what its signature declares.
    fn find_declared(&mut self) {
        let s = self.s;
        for (name, obj) in s.pkg(self.pkg).objects() {
            self.scopes[0].insert(name, obj);
        }
        for func in s.functions(self.pkg) {
            self.note_declared(func);
            let Some(sig) = s.as_signature(s.obj_type(func)) else { continue };
            let vars = sig.recv.iter().chain(s.vars(sig.params)).chain(s.vars(sig.results));
            vars.for_each(|&var| self.note_declared(var));
            let tparams = sig.rparams.iter().chain(&sig.tparams);
            tparams.filter_map(|&p| s.type_obj(p)).for_each(|obj| self.note_declared(obj));
        }
    }

    fn note_declared(&mut self, obj: ObjId) {
        if let Some(pos) = self.s.obj(obj).pos {
            self.declared.insert(pos, obj);
        }
    }

    fn file_bodies(&mut self, index: usize) {
        let file = self.files[index];
        let scope = self.new_scope(super::scope::ScopeId::PACKAGE);
        let version = self.info.files[index].version;
        self.env = Env { scope, file: index as u32, version, ..Env::default() };
        for &id in &file[file.decls] {
            match file[id].kind {
                DeclKind::Import { name, path } => self.collect_import(id, name, path, scope),
                DeclKind::Func { .. } => self.declared_func(id),
                _ => {}
            }
        }
    }

    fn declared_func(&mut self, id: DeclId) {
        let file = self.file();
        let DeclKind::Func { recv, name, type_params, ty, body: Some(body) } = file[id].kind else {
            return;
        };
        let at = self.here(file.ident_pos(name));
        let Some(&obj) = self.declared.get(&at) else { return };
        let sig = self.s.obj_type(obj);
        let (true, Some(known)) =
            (matches!(self.s.obj(obj).kind, ObjKind::Func(_)), self.s.as_signature(sig))
        else {
            return;
        };
        self.record_object(name.expr(), obj);
        let tparams = [&*known.rparams, &*known.tparams].concat();
        let decl =
            self.add_decl(super::decl::DeclInfo { fdecl: Some(id), tparams, ..self.decl_info() });
        let (_, scope) = self.func_type(None, file[recv].first(), type_params, ty);
        self.later(move |c| c.func_body(Some(decl), sig, scope, body, None));
    }
}
