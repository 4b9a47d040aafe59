//! What all of lowering looks at: the packages, their functions and variables by object and by link name, and the
//! definitions that were named and may be asked for.
//!
//! Names come first and bodies on demand. Whoever names a function or variable [registers](World::define) how it is made;
//! [`program`](crate::program) makes what the reached code refers to. So nothing is lowered that nothing reaches, and no
//! caller waits for a callee.

use crate::directives::{self, Directives};
use crate::env::Env;
use crate::names;
use crate::statics::Statics;
use crate::types::Types;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use trigo_ir::Sym;
use trigo_ir::data::Data;
use trigo_ir::func::{Attrs, Pos, Signature};
use trigo_ir::program::{Context, Extern};
use trigo_ir::types::{InterfaceMethod, TypeId as IrType};
use trigo_syntax::Symbol;
use trigo_syntax::ast::{DeclId, DeclKind, ExprId, ExprKind, File, Node};
use trigo_types::{Info, ObjId, PkgId, Store, TypeId};

/// A checked package, as lowering needs it.
pub struct Package<'a> {
    /// The package.
    pub pkg: PkgId,
    /// Its trees.
    pub files: &'a [Arc<File>],
    /// What the checker found out, by file in that order.
    pub info: &'a Info,
    /// What `//go:embed` puts into its variables.
    pub embeds: Vec<Embed>,
    /// Functions without a body that are others, as if `//go:linkname` said so: their names, and the others' link names.
    pub aliases: Vec<(String, String)>,
}

/// What a variable with `//go:embed` holds.
pub struct Embed {
    /// The variable's name.
    pub variable: Box<str>,
    /// The files, each once: only one unless the variable is a file system.
    pub files: Vec<EmbedFile>,
}

/// An embedded file.
pub struct EmbedFile {
    /// Slash-separated, relative to the package's directory.
    pub name: Box<str>,
    /// What is in it.
    pub contents: Arc<[u8]>,
    /// The first half of its SHA-256.
    pub hash: [u8; 16],
}

/// A declared function: where its declaration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FuncDecl {
    /// The package, by its place among [`World::packages`].
    pub package: u32,
    /// The file, by its place in the package.
    pub file: u32,
    /// The declaration.
    pub decl: DeclId,
}

/// How a function or a piece of data is made.
#[derive(Clone, Debug)]
pub enum Definition {
    /// A declared function with type arguments.
    Func(FuncDecl, Arc<Env>),
    /// A package variable.
    Variable(ObjId),
    /// A method reached through embedded fields or pointers, see [`methods`](crate::methods).
    Wrapper(crate::methods::Wrapper),
    /// Whether two values of a type are equal, by their addresses.
    Equal(IrType),
    /// The hash of a value of a type, by its address.
    Hash(IrType),
    /// A part of a package's initialiser: the package, by its place among [`World::packages`], and which part.
    Init(u32, u32),
    /// A function literal outside functions.
    Literal {
        /// The package, by its place among [`World::packages`].
        package: u32,
        /// The file, by its place in the package.
        file: u32,
        /// The literal.
        literal: ExprId,
    },
    /// Data that is made already.
    Data(Arc<Data>),
}

/// Functions of package reflect that stand between a function that it makes and what that calls. Recover looks through them,
/// as gc has it (`cmd/compile/internal/ssagen`).
const WRAPPERS_OF_REFLECTION: &[&str] = &["callReflect", "callMethod"];

/// Everything.
pub struct World<'a> {
    /// Types and objects of the checker.
    pub store: &'a Store,
    /// Names and types of the IR.
    pub context: Arc<Context>,
    /// The packages, those that others import before them.
    pub packages: Vec<Package<'a>>,
    pub(crate) types: Types,
    by_pkg: FxHashMap<PkgId, u32>,
    funcs: FxHashMap<ObjId, FuncDecl>,
    /// The objects of functions and variables whose link name a directive gives.
    linked: FxHashMap<ObjId, Sym>,
    /// What was named, and how it is made.
    definitions: RwLock<FxHashMap<Sym, Definition>>,
    /// Functions that are declared without a body, by link name: the first declaration.
    bodiless: FxHashMap<Sym, ObjId>,
    /// Types of functions that were named and have no body.
    externs: Mutex<FxHashMap<Sym, Signature>>,
    /// Methods of interfaces that lowered code calls, since [`reach`](crate::reach) looked last.
    pub(crate) interface_calls: Mutex<FxHashSet<InterfaceMethod>>,
    local_types: Vec<OnceLock<FxHashMap<ObjId, u32>>>,
    statics: Vec<OnceLock<Statics>>,
    literals: Vec<OnceLock<FxHashMap<(u32, ExprId), Sym>>>,
}

impl<'a> World<'a> {
    /// Looks at the declarations of all packages, which must be in an order in which imports come first.
    pub fn new(store: &'a Store, packages: Vec<Package<'a>>) -> Self {
        let by_pkg = packages.iter().zip(0..).map(|(p, i)| (p.pkg, i)).collect();
        let count = packages.len();
        let local_types = (0..count).map(|_| OnceLock::new()).collect();
        let statics = (0..count).map(|_| OnceLock::new()).collect();
        let literals = (0..count).map(|_| OnceLock::new()).collect();
        let mut world = Self {
            store,
            context: Arc::new(Context::default()),
            packages,
            types: Types::default(),
            by_pkg,
            funcs: FxHashMap::default(),
            linked: FxHashMap::default(),
            definitions: RwLock::default(),
            bodiless: FxHashMap::default(),
            externs: Mutex::default(),
            interface_calls: Mutex::default(),
            local_types,
            statics,
            literals,
        };
        world.declare();
        world
    }

    fn declare(&mut self) {
        let mut funcs = FxHashMap::default();
        let mut linked = FxHashMap::default();
        let mut bodies = Vec::new();
        for (package, p) in (0..).zip(&self.packages) {
            let path = self.context.syms.intern(&self.path(p.pkg));
            let name = self.store.pkg(p.pkg).name().map_or("", |n| self.store.text(n));
            self.context.types.set_package_name(path, self.context.syms.intern(name));
            for (file, tree) in (0..).zip(p.files) {
                for &decl in &tree[tree.decls] {
                    let DeclKind::Func { name, body, .. } = tree[decl].kind else { continue };
                    let Some(obj) = p.info.files[file as usize].object(name.expr()) else {
                        continue;
                    };
                    funcs.insert(obj, FuncDecl { package, file, decl });
                    bodies.push((obj, body.is_some()));
                }
                let names = directives::linknames(tree);
                let given = names.filter_map(|(local, remote)| Some((local, remote?)));
                linked.extend(self.link_names(p.pkg, given));
            }
            let aliases = p.aliases.iter().map(|(local, remote)| (&**local, &**remote));
            linked.extend(self.link_names(p.pkg, aliases));
        }
        (self.funcs, self.linked) = (funcs, linked);
        self.register(bodies);
    }

    /// The objects of a package that are given link names.
    fn link_names<'s>(
        &self,
        pkg: PkgId,
        given: impl Iterator<Item = (&'s str, &'s str)>,
    ) -> impl Iterator<Item = (ObjId, Sym)> {
        given.filter_map(move |(local, remote)| {
            let name = self.store.interner().get(local)?;
            let obj = self.store.pkg(pkg).lookup(name)?;
            Some((obj, self.context.syms.intern(remote)))
        })
    }

    /// Registers the functions that are no instances and have bodies, or can be given one, under their link names.
    fn register(&mut self, bodies: Vec<(ObjId, bool)>) {
        let empty = Arc::new(Env::default());
        for (obj, has_body) in bodies {
            let generic = self.store.func_type(obj).and_then(|t| self.store.as_signature(t));
            let is_method = generic.is_some_and(|s| s.recv.is_some());
            let generic = generic.is_some_and(|s| !s.tparams.is_empty() || !s.rparams.is_empty());
            let name = self.store.obj_name(obj);
            let package = self.store.obj(obj).pkg.map_or("", |pkg| &*self.store.pkg(pkg).path);
            let has_body = has_body || crate::body::is_operation(package, name);
            if !has_body && !generic {
                self.bodiless.entry(self.declared_sym(obj)).or_insert(obj);
            }
            if has_body && !generic && name != "_" && (is_method || name != "init") {
                let sym = self.declared_sym(obj);
                self.define(sym, || Definition::Func(self.funcs[&obj], empty.clone()));
            }
        }
        self.register_variables();
    }

    /// Where several variables have one link name, the one that has a value is defined, or else the one that is declared
    /// under it.
    fn register_variables(&self) {
        let steps = self.packages.iter().flat_map(|p| &p.info.init_order);
        let valued: FxHashSet<ObjId> = steps.flat_map(|init| &init.lhs).copied().collect();
        let objects = self.packages.iter().flat_map(|p| self.store.pkg(p.pkg).objects());
        let mut best: FxHashMap<Sym, ((bool, bool), ObjId)> = FxHashMap::default();
        for (_, obj) in objects.filter(|(_, obj)| self.store.obj(*obj).as_var().is_some()) {
            let rank = (valued.contains(&obj), !self.linked.contains_key(&obj));
            let known = best.entry(self.variable(obj)).or_insert((rank, obj));
            if rank > known.0 {
                *known = (rank, obj);
            }
        }
        for (sym, (_, obj)) in best {
            self.define(sym, || Definition::Variable(obj));
        }
    }

    /// Says how what has this link name is made. Who says it first is right.
    pub fn define(&self, sym: Sym, definition: impl FnOnce() -> Definition) {
        let known =
            self.definitions.read().unwrap_or_else(PoisonError::into_inner).contains_key(&sym);
        if !known {
            // Making a definition may define others: no lock is held meanwhile.
            let made = definition();
            let mut table = self.definitions.write().unwrap_or_else(PoisonError::into_inner);
            table.entry(sym).or_insert(made);
        }
    }

    /// All names that are defined so far, in no order.
    pub(crate) fn defined(&self) -> Vec<Sym> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// How what has this link name is made; none for what the runtime or the linker provides.
    pub fn definition(&self, sym: Sym) -> Option<Definition> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).get(&sym).cloned()
    }

    /// The link name of a function or method with type arguments, as code with `env` names it: for a method of an
    /// instance, what the instance's arguments are follows from the object, and `targs` are the method's own.
    ///
    /// # Panics
    /// If it is an interface's method.
    pub fn func(&self, env: &Env, obj: ObjId, targs: &[TypeId]) -> Sym {
        let func = self.store.obj(obj).as_func().expect("a function");
        assert!(!func.in_interface, "an interface's method has no code");
        let origin = func.origin.unwrap_or(obj);
        let mut all: Vec<TypeId> = Vec::new();
        if let Some(instance) = func.instance {
            let instance = env.subst(self.store, instance);
            all.extend_from_slice(self.store.as_named(instance).expect("an instance").targs());
        }
        let own = all.len();
        all.extend(targs.iter().map(|&t| env.subst(self.store, t)));
        if all.is_empty() {
            return self.declared_sym(origin);
        }
        self.instance(origin, &all, own)
    }

    /// An instance: registers it. The first `receiver` arguments are the receiver's.
    fn instance(&self, origin: ObjId, targs: &[TypeId], receiver: usize) -> Sym {
        let types: Vec<IrType> = targs.iter().map(|&t| self.ty(t)).collect();
        let mut text = String::new();
        let sig = self.store.func_type(origin).and_then(|t| self.store.as_signature(t));
        let sig = sig.expect("a checked function has a signature");
        match sig.recv {
            Some(recv) => {
                let env = Env::new(sig.rparams.to_vec(), targs[..receiver].to_vec());
                let receiver = self.ty(env.subst(self.store, self.store.obj_type(recv)));
                text = names::method(&self.context, receiver, self.store.obj_name(origin), None);
            }
            None => {
                let pkg = self.store.obj(origin).pkg.expect("a function has a package");
                text = format!("{}.{}", self.prefix(pkg), self.store.obj_name(origin)) + &text;
            }
        }
        names::type_args(&self.context, &[], &types[receiver..], &mut text);
        let sym = self.context.syms.intern(&text);
        self.define(sym, || {
            let tparams = sig.rparams.iter().chain(&sig.tparams).copied().collect();
            Definition::Func(self.funcs[&origin], Arc::new(Env::new(tparams, targs.to_vec())))
        });
        sym
    }

    /// The link name of a function that is no instance.
    fn declared_sym(&self, obj: ObjId) -> Sym {
        if let Some(&sym) = self.linked.get(&obj) {
            return sym;
        }
        let object = self.store.obj(obj);
        let name = self.store.text(object.name);
        let sig = self.store.func_type(obj).and_then(|t| self.store.as_signature(t));
        let text = match sig.and_then(|s| s.recv) {
            Some(recv) => {
                names::method(&self.context, self.ty(self.store.obj_type(recv)), name, None)
            }
            None => {
                let pkg = object.pkg.expect("a function has a package");
                format!("{}.{name}", self.prefix(pkg))
            }
        };
        self.context.syms.intern(&text)
    }

    /// The link name of a package variable.
    pub fn variable(&self, obj: ObjId) -> Sym {
        self.linked.get(&obj).copied().unwrap_or_else(|| {
            let object = self.store.obj(obj);
            let pkg = object.pkg.expect("a package variable has a package");
            let text = format!("{}.{}", self.prefix(pkg), self.store.text(object.name));
            self.context.syms.intern(&text)
        })
    }

    /// Notes the type of a function without body that code refers to.
    pub fn note_extern(&self, sym: Sym, sig: &Signature) {
        let mut externs = self.externs.lock().unwrap_or_else(PoisonError::into_inner);
        externs.entry(sym).or_insert_with(|| sig.clone());
    }

    /// All functions without body that were noted, in no order.
    pub(crate) fn externs(&self) -> Vec<Extern> {
        let externs = self.externs.lock().unwrap_or_else(PoisonError::into_inner);
        let pos = |sym| self.bodiless.get(sym).and_then(|&obj| self.object_pos(obj));
        let externs = externs.iter();
        externs.map(|(sym, sig)| Extern { sym: *sym, sig: sig.clone(), pos: pos(sym) }).collect()
    }

    /// The `init` functions of a package in the order of its files.
    pub(crate) fn init_funcs(&self, package: u32) -> Vec<FuncDecl> {
        let mut found = Vec::new();
        for (file, tree) in (0..).zip(self.packages[package as usize].files) {
            for &decl in &tree[tree.decls] {
                if let DeclKind::Func { recv, name, body: Some(_), .. } = tree[decl].kind
                    && recv.is_empty()
                    && self.store.text(tree.symbol(name)) == "init"
                {
                    found.push(FuncDecl { package, file, decl });
                }
            }
        }
        found
    }

    /// Where an object is declared, in its file's own lines.
    pub(crate) fn object_pos(&self, obj: ObjId) -> Option<Pos> {
        let at = self.store.position(self.store.obj(obj).pos?)?;
        Some(Pos { file: self.context.syms.intern(&at.file), line: at.line, col: at.col })
    }

    pub(crate) fn package_index(&self, pkg: PkgId) -> Option<u32> {
        self.by_pkg.get(&pkg).copied()
    }

    pub(crate) fn static_data(&self, package: u32) -> &OnceLock<Statics> {
        &self.statics[package as usize]
    }

    /// The link name of a function literal in a package variable's initialiser, registered. gc numbers them in the order of
    /// initialisation.
    pub fn package_literal(&self, package: u32, file: u32, literal: ExprId) -> Sym {
        let names = self.literals[package as usize].get_or_init(|| self.name_literals(package));
        let sym = names[&(file, literal)];
        self.define(sym, || Definition::Literal { package, file, literal });
        sym
    }

    /// Whether a function literal is in a package variable's initialiser, and in no other literal.
    pub fn is_package_literal(&self, package: u32, file: u32, literal: ExprId) -> bool {
        let names = self.literals[package as usize].get_or_init(|| self.name_literals(package));
        names.contains_key(&(file, literal))
    }

    fn name_literals(&self, package: u32) -> FxHashMap<(u32, ExprId), Sym> {
        let p = &self.packages[package as usize];
        let outer = format!("{}.init", self.prefix(p.pkg));
        let mut names = FxHashMap::default();
        for init in &p.info.init_order {
            let tree = &p.files[init.file as usize];
            let mut visit = |literal: ExprId| {
                let number = names.len() as u32 + 1;
                let text = names::inner(&outer, false, names::Inner::Closure, number);
                names.insert((init.file, literal), self.context.syms.intern(&text));
            };
            outer_literals(tree, init.rhs, &mut visit);
        }
        names
    }

    /// Where a function is declared.
    pub fn func_decl(&self, obj: ObjId) -> Option<FuncDecl> {
        let origin = self.store.obj(obj).as_func().and_then(|f| f.origin).unwrap_or(obj);
        self.funcs.get(&origin).copied()
    }

    /// A package of the program by its id in the store.
    pub fn package_of(&self, pkg: PkgId) -> Option<&Package<'a>> {
        self.by_pkg.get(&pkg).map(|&i| &self.packages[i as usize])
    }

    /// A function of package `runtime`.
    ///
    /// # Panics
    /// If package `runtime` is not loaded or does not declare it.
    pub fn runtime(&self, name: &str) -> ObjId {
        self.find_runtime(name).unwrap_or_else(|| {
            panic!("package runtime declares no {name}, which the compiler calls")
        })
    }

    /// What package `runtime` declares under a name, if it is loaded.
    pub fn find_runtime(&self, name: &str) -> Option<ObjId> {
        let runtime = self.packages.iter().find(|p| &*self.store.pkg(p.pkg).path == "runtime")?;
        self.store.pkg(runtime.pkg).lookup(self.store.interner().get(name)?)
    }

    /// The properties that a declaration's directives give a function.
    pub fn attrs(&self, decl: FuncDecl) -> Attrs {
        let attrs = self.directives(decl).attrs();
        let package = &self.packages[decl.package as usize];
        let file = &package.files[decl.file as usize];
        let DeclKind::Func { name, .. } = file[decl.decl].kind else { return attrs };
        let of_reflection = &*self.store.pkg(package.pkg).path == "reflect"
            && WRAPPERS_OF_REFLECTION.contains(&self.store.text(file.symbol(name)));
        if of_reflection { attrs.with(Attrs::WRAPPER) } else { attrs }
    }

    /// Whether a call of a function keeps alive what its arguments convert from pointers to numbers.
    pub fn keeps_pointers(&self, func: ObjId) -> bool {
        self.func_decl(func).is_some_and(|decl| self.directives(decl).keeps_pointers())
    }

    fn directives(&self, decl: FuncDecl) -> Directives<'_> {
        let package = &self.packages[decl.package as usize];
        Directives::of(&package.files[decl.file as usize], decl.decl)
    }

    /// A name of the source as one of the IR.
    pub fn sym(&self, name: Symbol) -> Sym {
        self.context.syms.intern(self.store.text(name))
    }

    /// The path that a package has in the running program: `main` for the main package.
    fn path(&self, pkg: PkgId) -> Arc<str> {
        let package = self.store.pkg(pkg);
        match package.name().map(|n| self.store.text(n)) {
            Some("main") => "main".into(),
            _ => package.path.clone(),
        }
    }

    pub(crate) fn package_path(&self, pkg: PkgId) -> Sym {
        self.context.syms.intern(&self.path(pkg))
    }

    pub(crate) fn package_name(&self, pkg: PkgId) -> &str {
        self.store.pkg(pkg).name().map_or("", |n| self.store.text(n))
    }

    /// What the link names of a package's things begin with.
    pub fn prefix(&self, pkg: PkgId) -> String {
        names::path_prefix(&self.path(pkg))
    }

    /// The number of a type that is declared in a function, from 1 in its package; none for others.
    pub(crate) fn local_type_number(&self, obj: ObjId) -> Option<u32> {
        let object = self.store.obj(obj);
        let pkg = object.pkg?;
        if self.store.pkg(pkg).lookup(object.name) == Some(obj) {
            return None;
        }
        let index = *self.by_pkg.get(&pkg)?;
        let numbers = self.local_types[index as usize].get_or_init(|| self.number_types(index));
        numbers.get(&obj).copied()
    }

    /// gc numbers all types that are declared in functions, but aliases, in source order.
    fn number_types(&self, index: u32) -> FxHashMap<ObjId, u32> {
        let package = &self.packages[index as usize];
        let mut found = Vec::new();
        for (file, (tree, info)) in package.files.iter().zip(&package.info.files).enumerate() {
            for decl in (0..tree.decl_count()).map(DeclId::from_index) {
                if let DeclKind::Type { name, alias: false, .. } = tree[decl].kind
                    && let Some(obj) = info.object(ExprId::from(name))
                    && self.store.pkg(package.pkg).lookup(self.store.obj(obj).name) != Some(obj)
                {
                    found.push((file, tree[decl].pos, obj));
                }
            }
        }
        found.sort_by_key(|&(file, pos, _)| (file, pos));
        found.into_iter().zip(1..).map(|((_, _, obj), number)| (obj, number)).collect()
    }
}

/// Visits, in source order, the function literals in an expression that are in no other.
fn outer_literals(tree: &File, e: ExprId, visit: &mut impl FnMut(ExprId)) {
    let mut stack = vec![Node::Expr(e)];
    while let Some(node) = stack.pop() {
        if let Node::Expr(e) = node
            && let ExprKind::FuncLit { .. } = tree[e].kind
        {
            visit(e);
            continue;
        }
        let first = stack.len();
        tree.children(node, |child| stack.push(child));
        stack[first..].reverse();
    }
}
