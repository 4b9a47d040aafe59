//! The checker of one package.
//!
//! Package-level objects are collected first, then checked on demand: an
//! object met on the way to another is checked right there, and one met again
//! while it is being checked is a cycle. Function bodies and other work that
//! needs complete types wait in a queue of delayed actions.

mod assign;
mod bodies;
mod builtins;
mod call;
mod collect;
mod const_expr;
mod conversion;
mod cycles;
mod decl;
mod errors;
mod expr;
mod exprstring;
mod implements;
mod index;
mod infer;
mod init_order;
mod interface;
mod labels;
mod literals;
mod local_decl;
mod monomorph;
mod operand;
mod operators;
mod range;
mod record;
mod resolver;
mod returns;
mod scope;
mod selector;
mod signature;
mod stmt;
mod structs;
mod switch;
mod type_expr;
mod unify;
mod union;
mod unsafe_builtins;
mod untyped;
mod valid_type;

pub(crate) use bodies::check_bodies;
pub use errors::TypeError;

use crate::constant::Value;
use crate::ids::{ObjId, PkgId, TypeId};
use crate::results::{FileInfo, Info};
use crate::store::Store;
use crate::version::GoVersion;
use decl::DeclInfo;
use monomorph::MonoGraph;
use rustc_hash::{FxHashMap, FxHashSet};
use scope::{Scope, ScopeId};
use std::sync::Arc;
use trigo_syntax::ast::{ExprId, File};
use trigo_syntax::{FilePos, Symbol};
use untyped::Untyped;

/// Finds imported packages.
pub trait Importer {
    /// The checked package that `path` means when imported by the file `from`.
    ///
    /// # Errors
    ///
    /// A text saying why the package cannot be imported; it appears in an error of the importing file.
    fn import(&self, path: &str, from: &str) -> Result<PkgId, String>;
}

/// How to check a package.
#[derive(Clone, Copy)]
pub struct Config<'c> {
    /// Finds imported packages.
    pub importer: &'c dyn Importer,
    /// The module's language version; files may ask for another. None for the newest.
    pub go_version: Option<GoVersion>,
    /// Whether to leave function bodies unchecked, as suits a package that is only imported.
    pub ignore_func_bodies: bool,
    /// Whether `import "C"` is accepted and everything in it.
    pub fake_import_c: bool,
    /// Whether to leave labels, `goto`, `break`, `continue` and `fallthrough` unchecked because the parser has
    /// checked them ([`Mode::check_branches`](trigo_syntax::Mode)), as in Go's compiler.
    pub ignore_branch_errors: bool,
}

/// The outcome of checking a package.
pub struct Checked {
    /// The package.
    pub pkg: PkgId,
    /// Its errors, in the order they were found.
    pub errors: Vec<TypeError>,
    /// What was found out about its syntax trees.
    pub info: Info,
}

/// Checks the package with import path `path` made of `files`.
///
/// The files' names must have been interned by the store's interner. Never
/// panics on what the parser accepts or recovers from.
pub fn check_package(
    store: &Store,
    path: &str,
    files: &[Arc<File>],
    config: Config<'_>,
) -> Checked {
    for file in files {
        store.add_file(file.clone());
    }
    let pkg = store.new_package(path);
    let files: Vec<&File> = files.iter().map(|f| &**f).collect();
    let mut checker = Checker::new(store, pkg, config, files);
    checker.check_files();
    Checked { pkg, errors: checker.errors, info: checker.info }
}

/// Work put off until types are complete.
type Action<'a> = Box<dyn FnOnce(&mut Checker<'a>) + 'a>;

struct Delayed<'a> {
    version: Option<GoVersion>,
    file: u32,
    action: Option<Action<'a>>,
}

/// What surrounds the declaration or statement being checked.
#[derive(Clone, Default)]
struct Env {
    /// The package-level declaration whose initialisation this is part of.
    decl: Option<usize>,
    scope: ScopeId,
    file: u32,
    version: Option<GoVersion>,
    iota: Option<Value>,
    /// Where to report errors of an inherited constant initialiser.
    err_pos: Option<FilePos>,
    in_tparam_list: bool,
    /// The signature of the enclosing function.
    sig: Option<TypeId>,
    /// Calls of the predeclared panic in the enclosing function.
    panics: Vec<ExprId>,
    has_label: bool,
    has_call_or_recv: bool,
}

struct Checker<'a> {
    s: &'a Store,
    conf: Config<'a>,
    pkg: PkgId,
    files: Vec<&'a File>,
    info: Info,
    errors: Vec<TypeError>,
    scopes: Vec<Scope>,
    decls: Vec<DeclInfo>,
    /// Package-level objects and methods, in source order, with their declarations.
    obj_list: Vec<ObjId>,
    obj_decls: FxHashMap<ObjId, usize>,
    imports: Vec<ObjId>,
    imported: Vec<PkgId>,
    import_cache: FxHashMap<String, Option<PkgId>>,
    dot_imports: FxHashMap<(ScopeId, Symbol), ObjId>,
    used: FxHashSet<ObjId>,
    methods: FxHashMap<ObjId, Vec<ObjId>>,
    untyped: FxHashMap<(u32, ExprId), Untyped>,
    delayed: Vec<Delayed<'a>>,
    /// Objects being checked, outermost first.
    obj_path: Vec<ObjId>,
    env: Env,
    mono: MonoGraph,
    /// Package names that several imported packages share, built on demand.
    ambiguous_names: Option<FxHashSet<Symbol>>,
    local_type_scopes: FxHashMap<ObjId, ScopeId>,
    var_sized: FxHashMap<TypeId, bool>,
    /// Defined types that were found not to contain themselves.
    valid_types: FxHashSet<TypeId>,
    /// Where each instance was written first.
    inst_pos: FxHashMap<TypeId, FilePos>,
    /// Types whose size is being worked out, outermost first.
    size_path: Vec<TypeId>,
    /// By place, functions that are in the store already, their parameters and type parameters.
    declared: FxHashMap<FilePos, ObjId>,
}

impl<'a> Checker<'a> {
    fn new(s: &'a Store, pkg: PkgId, conf: Config<'a>, files: Vec<&'a File>) -> Self {
        Self {
            s,
            conf,
            pkg,
            files,
            info: Info::default(),
            errors: Vec::new(),
            scopes: vec![Scope::default()],
            decls: Vec::new(),
            obj_list: Vec::new(),
            obj_decls: FxHashMap::default(),
            imports: Vec::new(),
            imported: Vec::new(),
            import_cache: FxHashMap::default(),
            dot_imports: FxHashMap::default(),
            used: FxHashSet::default(),
            methods: FxHashMap::default(),
            untyped: FxHashMap::default(),
            delayed: Vec::new(),
            obj_path: Vec::new(),
            env: Env::default(),
            mono: MonoGraph::default(),
            ambiguous_names: None,
            local_type_scopes: FxHashMap::default(),
            var_sized: FxHashMap::default(),
            valid_types: FxHashSet::default(),
            inst_pos: FxHashMap::default(),
            size_path: Vec::new(),
            declared: FxHashMap::default(),
        }
    }

    fn check_files(&mut self) {
        self.init_files();
        self.collect_objects();
        self.direct_cycles();
        self.package_objects();
        self.process_delayed(0);
        self.compute_init_order();
        self.unused_imports();
        self.record_untyped();
        if self.errors.is_empty() {
            self.monomorph();
        }
        let scope = self.scopes[0].take_map();
        self.s.finish_package(self.pkg, scope, std::mem::take(&mut self.imported));
    }

    /// Settles the package's name and each file's language version.
    fn init_files(&mut self) {
        let mut kept = Vec::new();
        for file in std::mem::take(&mut self.files) {
            let Some(ident) = file.package else { continue };
            let pos = FilePos { file: file.id(), pos: file.ident_pos(ident) };
            let name = file.symbol(ident);
            match self.s.pkg(self.pkg).name() {
                None if name == trigo_syntax::sym::BLANK => {
                    self.error_at(pos, "invalid package name _");
                    kept.push(file);
                }
                None => {
                    self.s.pkg(self.pkg).set_name(name);
                    kept.push(file);
                }
                Some(known) if known == name => kept.push(file),
                Some(known) => {
                    let (name, known) = (self.s.text(name), self.s.text(known));
                    let pos = FilePos { file: file.id(), pos: file.pos };
                    self.error_at(pos, format!("package {name}; expected package {known}"));
                }
            }
        }
        if self.s.pkg(self.pkg).name().is_none() {
            self.s.pkg(self.pkg).set_name(trigo_syntax::sym::BLANK);
        }
        if let (Some(v), Some(file)) = (self.conf.go_version, kept.first())
            && v > GoVersion::CURRENT
        {
            let pos = FilePos { file: file.id(), pos: file.pos };
            let current = GoVersion::CURRENT;
            self.error_at(
                pos,
                format!("package requires newer Go version {v} (application built with {current})"),
            );
        }
        for file in &kept {
            let asked = file.go_version.as_deref().and_then(GoVersion::parse);
            if let (Some(v), Some(ident)) = (asked, file.package)
                && v > GoVersion::CURRENT
            {
                let pos = FilePos { file: file.id(), pos: file.ident_pos(ident) };
                self.error_at(pos, format!("file requires newer Go version {v}"));
            }
            let version = asked.map(|v| v.max(GoVersion(21))).or(self.conf.go_version);
            self.info.files.push(FileInfo::new(file.expr_count(), version));
        }
        self.files = kept;
    }

    /// The file being checked.
    fn file(&self) -> &'a File {
        self.files[self.env.file as usize]
    }

    /// Puts off an action until the current declaration or statement is done.
    fn later(&mut self, action: impl FnOnce(&mut Checker<'a>) + 'a) {
        let (version, file) = (self.env.version, self.env.file);
        self.delayed.push(Delayed { version, file, action: Some(Box::new(action)) });
    }

    /// Runs the delayed actions from number `top` on, and those they add.
    fn process_delayed(&mut self, top: usize) {
        let saved = (self.env.version, self.env.file);
        let mut i = top;
        while i < self.delayed.len() {
            let d = &mut self.delayed[i];
            (self.env.version, self.env.file) = (d.version, d.file);
            if let Some(action) = d.action.take() {
                action(self);
            }
            i += 1;
        }
        self.delayed.truncate(top);
        (self.env.version, self.env.file) = saved;
    }

    fn allow_version(&self, minor: u32) -> bool {
        self.env.version.is_none_or(|v| v.0 >= minor)
    }

    /// Reports that `what` needs a newer language version, if it does.
    fn verify_version(
        &mut self,
        at: FilePos,
        minor: u32,
        what: impl FnOnce(&Self) -> String,
    ) -> bool {
        if self.allow_version(minor) {
            return true;
        }
        let what = what(self);
        self.error_at(at, format!("{what} requires go1.{minor} or later"));
        false
    }

    /// Runs `f` with room on the stack: nesting is as deep as the source's.
    fn deep<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        stacker::maybe_grow(96 * 1024, 2 * 1024 * 1024, || f(self))
    }
}
