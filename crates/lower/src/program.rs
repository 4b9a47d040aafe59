//! The whole program: from the entry points to everything they reach.
//!
//! Lowering goes in waves. A wave lowers, in parallel, the definitions that the one before referred to for the first time;
//! what its functions and data name, and what the descriptors of their types need, is the next. A definition that fails
//! does not stop the others: all failures are reported together.

use crate::env::Env;
use crate::world::{Definition, Package, World};
use crate::{alg, body, methods};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;
use trigo_ir::data::{Data, RelocTarget};
use trigo_ir::func::{Func, Signature};
use trigo_ir::inst::{Callee, Op, Terminator};
use trigo_ir::program::{Init, Program};
use trigo_ir::types::{Shape, TypeId};
use trigo_ir::{Sym, Syms};
use trigo_types::{PkgId, Store};

/// A function that could not be lowered.
#[derive(Clone, Debug)]
pub struct LowerError {
    /// Its link name.
    pub sym: Sym,
    /// What is wrong, with a position.
    pub message: String,
}

impl LowerError {
    /// The error with its function's name.
    pub fn show(&self, syms: &Syms) -> String {
        format!("{}: {}", syms.text(self.sym), self.message)
    }
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What lowering gives: a program, or what could be made of it, and what went wrong.
pub struct Lowered {
    /// The program. Complete if there are no errors.
    pub program: Program,
    /// What could not be lowered, sorted by name.
    pub errors: Vec<LowerError>,
}

/// Lowers what a program reaches from `roots` (link names, such as `main.main`) and from the initialisers of its packages.
pub fn lower_program(store: &Store, packages: Vec<Package<'_>>, roots: &[&str]) -> Lowered {
    let world = World::new(store, packages);
    let roots = roots.iter().map(|root| world.context.syms.intern(root)).collect();
    lower(&world, roots)
}

/// Lowers every function of all packages that is no instance, and what these reach: to test the compiler.
pub fn lower_packages(store: &Store, packages: Vec<Package<'_>>) -> Lowered {
    let world = World::new(store, packages);
    lower(&world, world.defined())
}

fn lower(world: &World<'_>, roots: Vec<Sym>) -> Lowered {
    let mut reach = Reach::new(world);
    let mut only_for = FxHashMap::default();
    let order = init_order(world);
    let inits: Vec<Init> = order.into_iter().map(|i| init(world, i, &mut only_for)).collect();
    let droppable: FxHashSet<Sym> = only_for.values().copied().collect();
    let needed = inits.iter().flat_map(|init| &init.funcs).filter(|f| !droppable.contains(f));
    needed.for_each(|&f| reach.sym(f));
    reach.only_for = only_for;
    roots.into_iter().for_each(|root| reach.sym(root));
    reach.run();
    reach.finish(inits)
}

/// What was made, and what is still to be looked at.
struct Reach<'w, 'a> {
    world: &'w World<'a>,
    syms: FxHashSet<Sym>,
    /// By variable, the function that is needed for its initialisation alone.
    only_for: FxHashMap<Sym, Sym>,
    types: FxHashSet<TypeId>,
    /// Reached and not made.
    next: Vec<Sym>,
    next_types: Vec<TypeId>,
    funcs: Vec<Func>,
    data: Vec<Data>,
    externs: Vec<(Sym, Signature)>,
    errors: Vec<LowerError>,
}

/// What a definition becomes.
#[derive(Default)]
struct Made {
    funcs: Vec<Func>,
    data: Vec<Data>,
}

impl Made {
    fn data(data: Data) -> Self {
        Self { data: vec![data], ..Self::default() }
    }
}

impl<'w, 'a> Reach<'w, 'a> {
    fn new(world: &'w World<'a>) -> Self {
        Self {
            world,
            syms: FxHashSet::default(),
            only_for: FxHashMap::default(),
            types: FxHashSet::default(),
            next: Vec::new(),
            next_types: Vec::new(),
            funcs: Vec::new(),
            data: Vec::new(),
            externs: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn sym(&mut self, sym: Sym) {
        if self.syms.insert(sym) {
            self.next.push(sym);
            if let Some(&init) = self.only_for.get(&sym) {
                self.sym(init);
            }
        }
    }

    fn ty(&mut self, ty: TypeId) {
        if self.types.insert(ty) {
            self.next_types.push(ty);
        }
    }

    fn run(&mut self) {
        loop {
            while let Some(ty) = self.next_types.pop() {
                self.descriptor(ty);
            }
            let wave = std::mem::take(&mut self.next);
            if wave.is_empty() {
                return;
            }
            let made: Vec<Result<Made, LowerError>> =
                wave.into_par_iter().map(|sym| make(self.world, sym)).collect();
            for made in made {
                match made {
                    Ok(made) => {
                        made.funcs.iter().for_each(|f| self.look_at_func(f));
                        made.data.iter().for_each(|d| self.look_at_data(d));
                        self.funcs.extend(made.funcs);
                        self.data.extend(made.data);
                    }
                    Err(error) => self.errors.push(error),
                }
            }
        }
    }

    fn look_at_func(&mut self, func: &Func) {
        for block in &func.blocks {
            for &inst in &block.insts {
                match &func.insts[inst.index()].op {
                    Op::SymAddr(sym, _) | Op::FuncValue(sym) => self.sym(*sym),
                    Op::Call { callee: Callee::Direct(sym), sig, .. } => self.call(*sym, sig),
                    Op::TypeAddr(ty) => self.ty(*ty),
                    Op::ItabAddr(iface, ty) => {
                        self.ty(*iface);
                        self.ty(*ty);
                    }
                    _ => {}
                }
            }
            if let Some(Terminator::TailCall { callee: Callee::Direct(sym), sig, .. }) = &block.term
            {
                self.call(*sym, sig);
            }
        }
        // What was made beside its outer function is not made again.
        self.syms.insert(func.sym);
    }

    fn call(&mut self, sym: Sym, sig: &Signature) {
        self.sym(sym);
        if self.world.definition(sym).is_none() {
            self.world.note_extern(sym, sig);
        }
    }

    fn look_at_data(&mut self, data: &Data) {
        for reloc in &data.relocs {
            match &reloc.target {
                RelocTarget::Sym(sym) | RelocTarget::FuncValue(sym) => self.sym(*sym),
                RelocTarget::Type(ty) => self.ty(*ty),
                RelocTarget::Itab(iface, ty) => {
                    self.ty(*iface);
                    self.ty(*ty);
                }
                RelocTarget::Bytes(_) => {}
            }
        }
        self.syms.insert(data.sym);
    }

    /// What a type's descriptor needs: those of its parts, its methods, its equality function; a map's its key's hash.
    fn descriptor(&mut self, ty: TypeId) {
        let types = &self.world.context.types;
        match types.shape(ty) {
            Shape::Basic(_) => {}
            Shape::Pointer(elem)
            | Shape::Slice(elem)
            | Shape::Array { elem, .. }
            | Shape::Chan { elem, .. } => {
                self.ty(*elem);
            }
            Shape::Map { key, elem } => {
                self.ty(*key);
                self.ty(*elem);
                let hash = self.world.hash_func(*key).expect("a map's key can be compared");
                self.sym(hash);
            }
            Shape::Struct(fields) => fields.iter().for_each(|f| self.ty(f.ty)),
            Shape::Func { params, results, .. } => {
                params.iter().chain(results).for_each(|&t| self.ty(t))
            }
            Shape::Interface(methods) => methods.iter().for_each(|m| self.ty(m.ty)),
        }
        if let Some(equal) = self.world.equal_func(ty) {
            self.sym(equal);
        }
        if types.name(ty).is_some() && !types.is_interface(ty) {
            self.ty(types.intern(Shape::Pointer(ty)));
        }
        let methods = self.world.descriptor_methods(ty);
        for method in &methods {
            self.ty(method.ty);
            self.sym(method.ifn);
            self.sym(method.tfn);
        }
        if !methods.is_empty() {
            types.set_methods(ty, methods);
        }
    }

    fn finish(mut self, mut inits: Vec<Init>) -> Lowered {
        inits.iter_mut().for_each(|init| init.funcs.retain(|f| self.syms.contains(f)));
        let context = self.world.context.clone();
        let text = |sym: Sym| context.syms.text(sym);
        self.funcs.sort_by_key(|f| text(f.sym));
        self.data.sort_by_key(|d| text(d.sym));
        self.errors.sort_by_key(|e| text(e.sym));
        let defined: FxHashSet<Sym> =
            self.funcs.iter().map(|f| f.sym).chain(self.data.iter().map(|d| d.sym)).collect();
        self.externs = self.world.externs();
        self.externs.retain(|e| self.syms.contains(&e.0) && !defined.contains(&e.0));
        self.externs.sort_by_key(|e| text(e.0));
        let mut types: Vec<TypeId> = self.types.into_iter().collect();
        let link = |ty: &TypeId| context.types.string(&context.syms, *ty, trigo_ir::Style::Link);
        types.sort_by_cached_key(link);
        let (funcs, data, externs) = (self.funcs, self.data, self.externs);
        let program = Program {
            context: context.clone(),
            funcs,
            externs,
            data,
            types,
            inits,
            aliases: Vec::new(),
        };
        Lowered { program, errors: self.errors }
    }
}

/// Makes what has a link name; nothing for what others provide.
fn make(world: &World<'_>, sym: Sym) -> Result<Made, LowerError> {
    let Some(definition) = world.definition(sym) else { return Ok(Made::default()) };
    let funcs = match definition {
        Definition::Func(decl, env) => body::lower(world, decl, &env, sym)?,
        Definition::Wrapper(wrapper) => vec![methods::build(world, sym, &wrapper)],
        Definition::Equal(ty) => vec![alg::build_equal(world, sym, ty)],
        Definition::Hash(ty) => vec![alg::build_hash(world, sym, ty)],
        Definition::Init(package, segment) => {
            let order = &world.packages[package as usize].info.init_order;
            let steps = world.statics(package).segments[segment as usize].steps.iter();
            let steps: Vec<_> = steps.map(|&i| &order[i]).collect();
            body::lower_init(world, package, &steps, sym)?
        }
        Definition::Literal { package, file, literal } => {
            body::lower_literal(world, package, file, literal, sym)?
        }
        Definition::Variable(obj) => return Ok(Made::data(world.variable_data(obj))),
        Definition::Data(data) => return Ok(Made::data((*data).clone())),
    };
    for func in &funcs {
        if cfg!(debug_assertions) {
            trigo_ir::verify::assert_valid(&world.context, func, "lowering");
        }
    }
    Ok(Made { funcs, ..Made::default() })
}

/// The packages in the order in which Go initialises them: sorted by path, the first whose imports are all initialised
/// comes next (spec: Program initialization); `runtime` and what it imports come before all others.
fn init_order(world: &World<'_>) -> Vec<u32> {
    let store = world.store;
    let mut waiting: Vec<(u32, &Package<'_>)> = (0..).zip(&world.packages).collect();
    waiting.sort_by(|a, b| store.pkg(a.1.pkg).path.cmp(&store.pkg(b.1.pkg).path));
    let mut before_all = FxHashSet::default();
    if let Some(runtime) = world.packages.iter().find(|p| &*store.pkg(p.pkg).path == "runtime") {
        imports_of(store, runtime.pkg, &mut before_all);
    }
    let (first, rest): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|w| before_all.contains(&w.1.pkg));
    let mut done = FxHashSet::default();
    let mut order = Vec::new();
    for mut group in [first, rest] {
        while let Some(at) = group.iter().position(|(_, p)| ready(store, p.pkg, &done)) {
            let (index, package) = group.remove(at);
            done.insert(package.pkg);
            order.push(index);
        }
    }
    order
}

fn imports_of(store: &Store, pkg: PkgId, found: &mut FxHashSet<PkgId>) {
    if found.insert(pkg) {
        store.pkg(pkg).imports().iter().for_each(|&p| imports_of(store, p, found));
    }
}

fn ready(store: &Store, pkg: PkgId, done: &FxHashSet<PkgId>) -> bool {
    store.pkg(pkg).imports().iter().all(|p| done.contains(p) || *p == trigo_types::UNSAFE)
}

/// A package's initialiser: its variables, then its `init` functions in the order of the files. Notes in `only_for` which
/// functions are needed for the sake of one variable alone.
fn init(world: &World<'_>, index: u32, only_for: &mut FxHashMap<Sym, Sym>) -> Init {
    let package = &world.packages[index as usize];
    let prefix = world.prefix(package.pkg);
    let intern = |text: String| world.context.syms.intern(&text);
    let mut funcs = Vec::new();
    let (mut inits, mut maps) = (0, 0);
    for (number, segment) in (0..).zip(&world.statics(index).segments) {
        let sym = match segment.only_for {
            Some(variable) => {
                let sym = intern(format!("{prefix}.map.init.{maps}"));
                maps += 1;
                only_for.insert(world.variable(variable), sym);
                sym
            }
            None => {
                inits += 1;
                match inits {
                    1 => intern(format!("{prefix}.init")),
                    _ => intern(format!("{prefix}.init·{inits}")),
                }
            }
        };
        world.define(sym, || Definition::Init(index, number));
        funcs.push(sym);
    }
    for (number, decl) in world.init_funcs(index).into_iter().enumerate() {
        let sym = intern(format!("{prefix}.init.{number}"));
        world.define(sym, || Definition::Func(decl, Env::default().into()));
        funcs.push(sym);
    }
    Init { package: world.package_path(package.pkg), funcs }
}
