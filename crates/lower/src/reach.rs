//! What a program reaches: functions, data, types, methods.
//!
//! Methods are reached as Go's linker reaches them (`cmd/link/internal/ld/deadcode.go`): a method of a type whose values
//! get into interfaces is needed if an interface's method of its name and type is called somewhere, or if it is exported
//! and the program finds methods by `reflect`. The descriptors of other types list no methods. A method that is listed and
//! not needed is `runtime.unreachableMethod` in the tables.

use crate::program::{LowerError, Lowered, make};
use crate::world::World;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::PoisonError;
use trigo_ir::Sym;
use trigo_ir::data::{Data, RelocTarget};
use trigo_ir::func::{Func, Signature, Val};
use trigo_ir::inst::{Callee, Op, Terminator};
use trigo_ir::program::{Init, Program};
use trigo_ir::types::{InterfaceMethod, Method, Shape, TypeId};

/// Functions of the runtime that take a type's descriptor to allocate, copy, compare or complain, not to put a value of
/// the type into an interface; beside those whose names begin with `runtime.map`.
const NO_INTERFACE: &[&str] = &[
    "runtime.growslice",
    "runtime.makeslice",
    "runtime.makeslice64",
    "runtime.makeslicecopy",
    "runtime.makemap",
    "runtime.makemap64",
    "runtime.makechan",
    "runtime.makechan64",
    "runtime.typedmemmove",
    "runtime.typedmemclr",
    "runtime.typedslicecopy",
    "runtime.newobject",
    "runtime.newarray",
    "runtime.mallocgc",
    "runtime.panicdottypeE",
    "runtime.panicdottypeI",
    "runtime.panicnildottype",
    "runtime.unsafeslicecheckptr",
];

/// Those whose second argument is the descriptor of a type whose methods are looked at.
const ASSERTIONS: &[&str] = &["runtime.assertE2I", "runtime.assertE2I2", "runtime.typeAssert"];

/// How methods are found by name at run time.
const REFLECT_METHOD: &[&str] = &["reflect.Value.Method", "reflect.Value.MethodByName"];

/// How a type is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// Its descriptor is looked at.
    Plain,
    /// Its values get into interfaces.
    Interface,
}

/// What was made, and what is still to be looked at.
pub(crate) struct Reach<'w, 'a> {
    world: &'w World<'a>,
    syms: FxHashSet<Sym>,
    /// By variable, the function that is needed for its initialisation alone.
    only_for: FxHashMap<Sym, Sym>,
    /// By function of the runtime's image, the Go function that it calls.
    assembly_calls: FxHashMap<Sym, Sym>,
    types: FxHashMap<TypeId, Use>,
    /// Reached and not made.
    next: Vec<Sym>,
    next_types: Vec<(TypeId, Use)>,
    methods: Methods,
    /// The methods that the descriptors of types in interfaces list.
    listed: Vec<(TypeId, Box<[Method]>)>,
    funcs: Vec<Func>,
    data: Vec<Data>,
    errors: Vec<LowerError>,
}

/// The methods of types in interfaces.
#[derive(Default)]
struct Methods {
    /// Those of interfaces that are called.
    called: FxHashSet<InterfaceMethod>,
    /// Those of types that nothing needs so far, with their functions.
    waiting: FxHashMap<InterfaceMethod, Vec<[Sym; 2]>>,
    /// Whether exported methods are found by `reflect`.
    by_reflect: bool,
}

/// What a definition becomes.
#[derive(Default)]
pub(crate) struct Made {
    pub funcs: Vec<Func>,
    pub data: Vec<Data>,
}

impl Made {
    pub fn data(data: Data) -> Self {
        Self { data: vec![data], ..Self::default() }
    }
}

impl World<'_> {
    /// Says that the method at a place of an interface type's list is called.
    pub fn note_interface_call(&self, iface: TypeId, index: u32) {
        let Shape::Interface(methods) = self.context.types.shape(iface) else {
            unreachable!("only interfaces have methods without code");
        };
        let mut calls = self.interface_calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.insert(methods[index as usize].clone());
    }
}

impl<'w, 'a> Reach<'w, 'a> {
    pub fn new(world: &'w World<'a>, only_for: FxHashMap<Sym, Sym>) -> Self {
        let intern = |name: &str| world.context.syms.intern(name);
        let assembly_calls = trigo_abi::ASSEMBLY_CALLS.iter();
        let assembly_calls = assembly_calls.map(|(f, callee)| (intern(f), intern(callee)));
        Self {
            world,
            syms: FxHashSet::default(),
            only_for,
            assembly_calls: assembly_calls.collect(),
            types: FxHashMap::default(),
            next: Vec::new(),
            next_types: Vec::new(),
            methods: Methods::default(),
            listed: Vec::new(),
            funcs: Vec::new(),
            data: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Reaches what has a link name.
    pub fn sym(&mut self, sym: Sym) {
        if self.syms.insert(sym) {
            self.next.push(sym);
            if let Some(&init) = self.only_for.get(&sym) {
                self.sym(init);
            }
            if let Some(&callee) = self.assembly_calls.get(&sym) {
                self.sym(callee);
            }
        }
    }

    fn ty(&mut self, ty: TypeId, how: Use) {
        let known = self.types.get(&ty);
        if known.is_none_or(|known| *known < how) {
            self.types.insert(ty, how);
            self.next_types.push((ty, how));
        }
    }

    /// Makes all that is reached.
    pub fn run(&mut self) {
        loop {
            while let Some((ty, how)) = self.next_types.pop() {
                self.descriptor(ty, how);
            }
            let mut wave = std::mem::take(&mut self.next);
            if wave.is_empty() {
                return;
            }
            wave.sort_by_key(|&sym| self.world.context.syms.text(sym));
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
            self.interface_calls();
        }
    }

    fn look_at_func(&mut self, func: &Func) {
        // What was made beside its outer function is not made again.
        self.syms.insert(func.sym);
        if REFLECT_METHOD.contains(&self.world.context.syms.text(func.sym)) {
            self.find_by_reflect();
        }
        let boxed = boxed_types(self.world, func);
        for block in &func.blocks {
            for &inst in &block.insts {
                let inst = &func.insts[inst.index()];
                match &inst.op {
                    Op::SymAddr(sym, _) | Op::FuncValue(sym) => self.sym(*sym),
                    Op::Call { callee: Callee::Direct(sym), sig, .. } => self.call(*sym, sig),
                    Op::TypeAddr(ty) => {
                        let how = if boxed.contains(&inst.results[0]) {
                            Use::Interface
                        } else {
                            Use::Plain
                        };
                        self.ty(*ty, how);
                    }
                    Op::ItabAddr(iface, ty) => self.itab(*iface, *ty),
                    Op::Alloc { ty, .. } | Op::AllocArray { elem: ty, .. } => {
                        self.ty(*ty, Use::Plain)
                    }
                    _ => {}
                }
            }
            if let Some(Terminator::TailCall { callee: Callee::Direct(sym), sig, .. }) = &block.term
            {
                self.call(*sym, sig);
            }
        }
    }

    fn call(&mut self, sym: Sym, sig: &Signature) {
        self.sym(sym);
        if self.world.definition(sym).is_none() {
            self.world.note_extern(sym, sig);
        }
    }

    fn itab(&mut self, iface: TypeId, ty: TypeId) {
        self.ty(iface, Use::Plain);
        self.ty(ty, Use::Interface);
    }

    fn look_at_data(&mut self, data: &Data) {
        self.syms.insert(data.sym);
        for reloc in &data.relocs {
            match &reloc.target {
                RelocTarget::Sym(sym) | RelocTarget::FuncValue(sym) => self.sym(*sym),
                RelocTarget::Type(ty) => self.ty(*ty, Use::Interface),
                RelocTarget::Itab(iface, ty) => self.itab(*iface, *ty),
                RelocTarget::Bytes(_) => {}
            }
        }
    }

    /// What a type's descriptor needs: those of its parts, its equality function, a map's its key's hash; for a type in
    /// interfaces its methods, and what points to it.
    fn descriptor(&mut self, ty: TypeId, how: Use) {
        let types = &self.world.context.types;
        match types.shape(ty) {
            Shape::Basic(_) => {}
            Shape::Pointer(elem) | Shape::Slice(elem) | Shape::Chan { elem, .. } => {
                self.ty(*elem, how)
            }
            Shape::Array { elem, .. } => {
                self.ty(*elem, how);
                self.ty(types.intern(Shape::Slice(*elem)), how);
            }
            Shape::Map { key, elem } => {
                self.ty(*key, how);
                self.ty(*elem, how);
                let hash = self.world.hash_func(*key).expect("a map's key can be compared");
                self.sym(hash);
            }
            Shape::Struct(fields) => fields.iter().for_each(|f| self.ty(f.ty, how)),
            Shape::Func { params, results, .. } => {
                params.iter().chain(results).for_each(|&t| self.ty(t, how));
            }
            Shape::Interface(methods) => methods.iter().for_each(|m| self.ty(m.ty, how)),
        }
        if let Some(equal) = self.world.equal_func(ty) {
            self.sym(equal);
        }
        if how == Use::Interface && !types.is_interface(ty) {
            if types.name(ty).is_some() {
                self.ty(types.intern(Shape::Pointer(ty)), how);
            }
            self.list_methods(ty);
        }
    }

    fn list_methods(&mut self, ty: TypeId) {
        let methods = self.world.descriptor_methods(ty);
        for Method { name, pkg, ty, ifn, tfn } in &methods {
            self.ty(*ty, Use::Interface);
            let method = InterfaceMethod { name: *name, pkg: *pkg, ty: *ty };
            if self.methods.called.contains(&method) || pkg.is_none() && self.methods.by_reflect {
                self.sym(*ifn);
                self.sym(*tfn);
            } else {
                self.methods.waiting.entry(method).or_default().push([*ifn, *tfn]);
            }
        }
        if !methods.is_empty() {
            let unreachable = self.world.context.syms.intern("runtime.unreachableMethod");
            self.sym(unreachable);
            self.listed.push((ty, methods));
        }
    }

    /// Reaches the methods that the calls noted since the last time may mean.
    fn interface_calls(&mut self) {
        let noted = &self.world.interface_calls;
        let calls = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
        for method in calls {
            let by_reflect = method.pkg.is_none() && self.finds_methods(&method);
            let waiting = self.methods.waiting.remove(&method).unwrap_or_default();
            waiting.into_iter().flatten().for_each(|sym| self.sym(sym));
            self.methods.called.insert(method);
            if by_reflect {
                self.find_by_reflect();
            }
        }
    }

    /// Whether an interface's method is one of those of `reflect.Type` that give methods: `Method(int) reflect.Method` and
    /// `MethodByName(string) (reflect.Method, bool)`.
    fn finds_methods(&self, method: &InterfaceMethod) -> bool {
        let context = &self.world.context;
        let Shape::Func { results, .. } = context.types.shape(method.ty) else { return false };
        let gives =
            results.first().and_then(|&t| context.types.name(t)).map(|n| context.syms.text(n.link));
        matches!(context.syms.text(method.name), "Method" | "MethodByName")
            && gives == Some("reflect.Method")
    }

    /// From now on every exported method of a type in interfaces is needed.
    fn find_by_reflect(&mut self) {
        self.methods.by_reflect = true;
        let waiting = std::mem::take(&mut self.methods.waiting);
        for (method, funcs) in waiting {
            match method.pkg {
                None => funcs.into_iter().flatten().for_each(|sym| self.sym(sym)),
                Some(_) => {
                    self.methods.waiting.insert(method, funcs);
                }
            }
        }
    }

    /// The program, sorted.
    pub fn finish(mut self, mut inits: Vec<Init>) -> Lowered {
        inits.iter_mut().for_each(|init| init.funcs.retain(|f| self.syms.contains(f)));
        self.set_methods();
        let context = self.world.context.clone();
        let text = |sym: Sym| context.syms.text(sym);
        self.funcs.sort_by_key(|f| text(f.sym));
        self.data.sort_by_key(|d| text(d.sym));
        self.errors.sort_by_key(|e| text(e.sym));
        let defined: FxHashSet<Sym> =
            self.funcs.iter().map(|f| f.sym).chain(self.data.iter().map(|d| d.sym)).collect();
        let mut externs = self.world.externs();
        externs.retain(|e| self.syms.contains(&e.sym) && !defined.contains(&e.sym));
        externs.sort_by_key(|e| text(e.sym));
        let in_interface = self.types.into_iter().filter(|t| t.1 == Use::Interface);
        let mut types: Vec<TypeId> = in_interface.map(|t| t.0).collect();
        let link = |ty: &TypeId| context.types.string(&context.syms, *ty, trigo_ir::Style::Link);
        types.sort_by_cached_key(link);
        let (funcs, data) = (self.funcs, self.data);
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

    /// Tells the table of types the methods of descriptors.
    fn set_methods(&mut self) {
        let context = &self.world.context;
        let unreachable = context.syms.intern("runtime.unreachableMethod");
        for (ty, mut methods) in std::mem::take(&mut self.listed) {
            for sym in methods.iter_mut().flat_map(|m| [&mut m.ifn, &mut m.tfn]) {
                if !self.syms.contains(sym) {
                    *sym = unreachable;
                }
            }
            context.types.set_methods(ty, methods);
        }
    }
}

/// The addresses of descriptors that a function does more with than to compare them or to pass them to functions of the
/// runtime that put nothing into interfaces.
fn boxed_types(world: &World<'_>, func: &Func) -> FxHashSet<Val> {
    let mut boxed = FxHashSet::default();
    let mut escape = |val: Val| {
        if let Some(Op::TypeAddr(_)) = func.def(val) {
            boxed.insert(val);
        }
    };
    for block in &func.blocks {
        for &inst in &block.insts {
            match &func.insts[inst.index()].op {
                Op::Compare(..) => {}
                Op::Call { callee: Callee::Direct(sym), args, .. }
                    if is_plain(world.context.syms.text(*sym)) =>
                {
                    // Whether a type has an interface's methods is asked of its descriptor.
                    if ASSERTIONS.contains(&world.context.syms.text(*sym)) {
                        args.get(1).copied().into_iter().for_each(&mut escape);
                    }
                }
                op => op.operands(&mut escape),
            }
        }
        block.term.iter().for_each(|t| t.operands(&mut escape));
    }
    boxed
}

fn is_plain(callee: &str) -> bool {
    callee.starts_with("runtime.map") || NO_INTERFACE.contains(&callee)
}
