//! The whole program: from the entry points to everything they reach.
//!
//! Lowering goes in waves. A wave lowers, in parallel, the definitions that the one before referred to for the first time,
//! and runs the IR's passes on them; what its functions and data name, and what the descriptors of their types need, is the
//! next, see `reach`. A definition that fails does not stop the others: all failures are reported together.

use crate::env::Env;
use crate::reach::{Made, Reach};
use crate::world::{Definition, Package, World};
use crate::{alg, body, methods};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;
use trigo_ir::program::{Init, Program};
use trigo_ir::verify::assert_valid;
use trigo_ir::{Sym, Syms, passes};
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
    let mut only_for = FxHashMap::default();
    let order = init_order(world);
    let inits: Vec<Init> = order.into_iter().map(|i| init(world, i, &mut only_for)).collect();
    let droppable: FxHashSet<Sym> = only_for.values().copied().collect();
    let needed = inits.iter().flat_map(|init| &init.funcs).filter(|f| !droppable.contains(f));
    let mut reach = Reach::new(world, only_for);
    needed.for_each(|&f| reach.sym(f));
    roots.into_iter().for_each(|root| reach.sym(root));
    reach.run();
    reach.finish(inits)
}

/// Makes what has a link name; nothing for what others provide.
pub(crate) fn make(world: &World<'_>, sym: Sym) -> Result<Made, LowerError> {
    let Some(definition) = world.definition(sym) else { return Ok(Made::default()) };
    let mut funcs = match definition {
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
    for func in &mut funcs {
        if cfg!(debug_assertions) {
            assert_valid(&world.context, func, "lowering");
        }
        passes::run(&world.context, func);
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
