//! The arena that all packages of a program share.
//!
//! Types, objects and packages are only ever added, and are read without
//! locks; so packages can be checked in parallel. Pointer, slice, array, map,
//! channel types, tuples and instances are interned: equal parts give the same
//! id. Other composite types have an id for each place they are written.

use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{ObjKind, Object, Var, VarKind};
use crate::types::{
    Alias, ChanDir, Instance, Interface, Named, Signature, Struct, Type, TypeParam, load, save,
};
use crate::universe::{self, typ};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use trigo_syntax::ast::File;
use trigo_syntax::{FileId, FilePos, Interner, Position, Source, Symbol, parse_file};

/// The parts by which a type is interned.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Pointer(TypeId),
    Slice(TypeId),
    Array(i64, TypeId),
    Map(TypeId, TypeId),
    Chan(ChanDir, TypeId),
    Tuple(Box<[ObjId]>),
    Instance(TypeId, Box<[TypeId]>, Box<[TypeId]>),
}

const SHARDS: usize = 16;

/// A package's public face.
#[derive(Debug)]
pub struct Package {
    /// Its import path.
    pub path: Arc<str>,
    name: OnceLock<Symbol>,
    scope: OnceLock<FxHashMap<Symbol, ObjId>>,
    imports: OnceLock<Vec<PkgId>>,
    fake: AtomicBool,
}

impl Package {
    pub(crate) fn new(path: Arc<str>, name: Symbol) -> Self {
        let package = Self::unnamed(path);
        package.set_name(name);
        package
    }

    fn unnamed(path: Arc<str>) -> Self {
        let (name, scope, imports) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { path, name, scope, imports, fake: AtomicBool::new(false) }
    }

    /// Its name, once a file of it was seen.
    pub fn name(&self) -> Option<Symbol> {
        self.name.get().copied()
    }

    pub(crate) fn set_name(&self, name: Symbol) {
        let _ = self.name.set(name);
    }

    /// The package-level object of a name, once the package was checked.
    pub fn lookup(&self, name: Symbol) -> Option<ObjId> {
        self.scope.get()?.get(&name).copied()
    }

    /// All package-level objects in no particular order, once the package was checked.
    pub fn objects(&self) -> impl Iterator<Item = (Symbol, ObjId)> + '_ {
        self.scope.get().into_iter().flatten().map(|(n, o)| (*n, *o))
    }

    /// The packages it imports.
    pub fn imports(&self) -> &[PkgId] {
        self.imports.get().map_or(&[], |v| v)
    }

    /// Whether it stands for a package that could not be imported.
    pub fn is_fake(&self) -> bool {
        self.fake.load(Ordering::Relaxed)
    }
}

/// A file without a tree.
struct KeptSource {
    name: Arc<str>,
    text: Box<dyn Fn() -> Option<Arc<[u8]>> + Send + Sync>,
}

/// Types, objects and packages of a program.
pub struct Store {
    interner: Arc<Interner>,
    types: boxcar::Vec<Type>,
    objects: boxcar::Vec<Object>,
    pub(crate) packages: boxcar::Vec<Package>,
    interned: [Mutex<HashMap<Key, TypeId, FxBuildHasher>>; SHARDS],
    pub(crate) universe: FxHashMap<Symbol, ObjId>,
    files: RwLock<FxHashMap<FileId, Arc<File>>>,
    /// Files of which no tree is kept.
    sources: RwLock<FxHashMap<FileId, KeptSource>>,
    /// How many types every store begins with.
    predeclared: usize,
    /// By hash, the types that [`Store::canonical`] has given.
    pub(crate) canonical: Mutex<FxHashMap<u64, Vec<TypeId>>>,
}

impl Store {
    /// A store with the predeclared entities. Names are interned in `interner`.
    pub fn new(interner: Arc<Interner>) -> Self {
        Self::build(interner, false)
    }

    /// A store that also declares `assert` and `trace`, which Go's own type
    /// checker tests use.
    pub fn for_tests(interner: Arc<Interner>) -> Self {
        Self::build(interner, true)
    }

    fn build(interner: Arc<Interner>, test_functions: bool) -> Self {
        let mut store = Self {
            interner,
            types: boxcar::Vec::new(),
            objects: boxcar::Vec::new(),
            packages: boxcar::Vec::new(),
            interned: std::array::from_fn(|_| Mutex::default()),
            universe: FxHashMap::default(),
            files: RwLock::default(),
            sources: RwLock::default(),
            predeclared: 0,
            canonical: Mutex::default(),
        };
        universe::declare(&mut store, test_functions);
        store.predeclared = store.types.count();
        store
    }

    /// The interner of all names.
    pub fn interner(&self) -> &Interner {
        &self.interner
    }

    /// The text of a name.
    pub fn text(&self, name: Symbol) -> &str {
        self.interner.text(name)
    }

    /// Whether a name starts with an upper-case letter.
    pub fn is_exported(&self, name: Symbol) -> bool {
        is_exported(self.text(name))
    }

    /// The type with an id.
    pub fn typ(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }

    /// The object with an id.
    pub fn obj(&self, id: ObjId) -> &Object {
        &self.objects[id.index()]
    }

    /// The package with an id.
    pub fn pkg(&self, id: PkgId) -> &Package {
        &self.packages[id.index()]
    }

    /// An object's name as text.
    pub fn obj_name(&self, id: ObjId) -> &str {
        self.text(self.obj(id).name)
    }

    /// An object's type, invalid if it is not known.
    pub fn obj_type(&self, id: ObjId) -> TypeId {
        self.obj(id).typ().unwrap_or(typ::INVALID)
    }

    /// Keeps a file so that positions in it can be shown.
    pub fn add_file(&self, file: Arc<File>) {
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(file.id(), file);
    }

    /// A place as file, line and column, if its file is known.
    pub fn position(&self, pos: FilePos) -> Option<Position> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&pos.file) {
            return Some(file.position(pos.pos));
        }
        drop(files);
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let kept = sources.get(&pos.file)?;
        let source = Source::new(pos.file, kept.name.clone(), (kept.text)()?);
        drop(sources);
        let file = parse_file(source, &self.interner, Default::default(), &mut Vec::new());
        let position = file.position(pos.pos);
        self.add_file(Arc::new(file));
        Some(position)
    }

    /// The name of a file whose tree or source is kept.
    pub(crate) fn file_name(&self, id: FileId) -> Option<Arc<str>> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&id) {
            return Some(file.name().clone());
        }
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.get(&id).map(|source| source.name.clone())
    }

    /// Makes a file known that was not parsed, so that positions in it can be shown: if one has to be, `text` is called for
    /// its text, if it can be had, and that is parsed.
    pub fn add_source(
        &self,
        id: FileId,
        name: Arc<str>,
        text: impl Fn() -> Option<Arc<[u8]>> + Send + Sync + 'static,
    ) {
        let kept = KeptSource { name, text: Box::new(text) };
        self.sources.write().unwrap_or_else(PoisonError::into_inner).insert(id, kept);
    }

    /// Gives up a file's tree, and keeps its text.
    pub fn drop_tree(&self, file: &File) {
        let text = file.source().text.clone();
        self.add_source(file.id(), file.name().clone(), move || Some(text.clone()));
        self.files.write().unwrap_or_else(PoisonError::into_inner).remove(&file.id());
    }

    /// Whether a type is in every store with the same number.
    pub(crate) fn is_predeclared(&self, id: TypeId) -> bool {
        id.index() < self.predeclared
    }

    /// The predeclared type with a number.
    pub(crate) fn predeclared_type(&self, index: u32) -> Option<TypeId> {
        ((index as usize) < self.predeclared).then(|| TypeId::from_index(index as usize))
    }

    /// Registers a package that is about to be checked.
    pub fn new_package(&self, path: &str) -> PkgId {
        PkgId::from_index(self.packages.push(Package::unnamed(path.into())))
    }

    /// A stand-in for a package that could not be imported.
    pub(crate) fn fake_package(&self, path: &str, name: Symbol) -> PkgId {
        let package = Package::new(path.into(), name);
        package.fake.store(true, Ordering::Relaxed);
        let id = PkgId::from_index(self.packages.push(package));
        self.finish_package(id, FxHashMap::default(), Vec::new());
        id
    }

    pub(crate) fn finish_package(
        &self,
        id: PkgId,
        scope: FxHashMap<Symbol, ObjId>,
        imports: Vec<PkgId>,
    ) {
        let _ = self.pkg(id).scope.set(scope);
        let _ = self.pkg(id).imports.set(imports);
    }

    pub(crate) fn new_object(&self, object: Object) -> ObjId {
        ObjId::from_index(self.objects.push(object))
    }

    pub(crate) fn new_type(&self, t: Type) -> TypeId {
        TypeId::from_index(self.types.push(t))
    }

    fn intern(&self, key: Key, make: impl FnOnce(&Key) -> Type) -> TypeId {
        let shard = (FxBuildHasher.hash_one(&key) >> 32) as usize % SHARDS;
        let mut map = self.interned[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = map.get(&key) {
            return id;
        }
        let id = self.new_type(make(&key));
        map.insert(key, id);
        id
    }

    /// `*base`
    pub fn pointer(&self, base: TypeId) -> TypeId {
        self.intern(Key::Pointer(base), |_| Type::Pointer(base))
    }

    /// `[]elem`
    pub fn slice(&self, elem: TypeId) -> TypeId {
        self.intern(Key::Slice(elem), |_| Type::Slice(elem))
    }

    /// `[len]elem`
    pub fn array(&self, len: i64, elem: TypeId) -> TypeId {
        self.intern(Key::Array(len, elem), |_| Type::Array { len, elem })
    }

    /// `map[key]elem`
    pub fn map(&self, key: TypeId, elem: TypeId) -> TypeId {
        self.intern(Key::Map(key, elem), |_| Type::Map { key, elem })
    }

    /// A channel type.
    pub fn chan(&self, dir: ChanDir, elem: TypeId) -> TypeId {
        self.intern(Key::Chan(dir, elem), |_| Type::Chan { dir, elem })
    }

    /// A tuple of variables.
    pub(crate) fn tuple(&self, vars: Vec<ObjId>) -> TypeId {
        if vars.is_empty() {
            return typ::EMPTY_TUPLE;
        }
        self.intern(Key::Tuple(vars.into()), |key| match key {
            Key::Tuple(vars) => Type::Tuple(vars.clone()),
            _ => unreachable!("key of a tuple"),
        })
    }

    pub(crate) fn signature(&self, sig: Signature) -> TypeId {
        self.new_type(Type::Signature(Box::new(sig)))
    }

    pub(crate) fn interface(
        &self,
        methods: Vec<ObjId>,
        embeddeds: Vec<TypeId>,
        implicit: bool,
    ) -> TypeId {
        self.versioned_interface(methods, embeddeds, implicit, false)
    }

    pub(crate) fn versioned_interface(
        &self,
        methods: Vec<ObjId>,
        embeddeds: Vec<TypeId>,
        implicit: bool,
        interfaces_only: bool,
    ) -> TypeId {
        if methods.is_empty() && embeddeds.is_empty() && !implicit {
            return typ::EMPTY_INTERFACE;
        }
        let interface =
            Interface { interfaces_only, ..Interface::new(methods, embeddeds, implicit) };
        self.new_type(Type::Interface(Box::new(interface)))
    }

    /// A defined type without a right-hand side yet.
    pub(crate) fn new_named(&self, obj: ObjId, enclosing: &[TypeId]) -> TypeId {
        self.new_type(named(obj, None, enclosing.into()))
    }

    /// The instance of a generic defined type.
    pub(crate) fn named_instance(&self, origin: TypeId, targs: &[TypeId]) -> TypeId {
        self.local_instance(origin, targs, &[])
    }

    /// The instance of a defined type that may be local to a generic function, `outer` being that function's type
    /// arguments.
    pub(crate) fn local_instance(
        &self,
        origin: TypeId,
        targs: &[TypeId],
        outer: &[TypeId],
    ) -> TypeId {
        let Type::Named(generic) = self.typ(origin) else {
            return typ::INVALID;
        };
        self.intern(Key::Instance(origin, targs.into(), outer.into()), |_| {
            let (targs, outer, methods) = (targs.into(), outer.into(), RwLock::default());
            named(generic.obj, Some(Instance { origin, targs, outer, methods }), Box::new([]))
        })
    }

    pub(crate) fn new_alias(
        &self,
        obj: ObjId,
        origin: Option<TypeId>,
        targs: Box<[TypeId]>,
        enclosing: &[TypeId],
    ) -> TypeId {
        let enclosing = enclosing.into();
        let (tparams, rhs) = (OnceLock::new(), AtomicU32::new(0));
        self.new_type(Type::Alias(Box::new(Alias { obj, origin, targs, enclosing, tparams, rhs })))
    }

    /// A type parameter; its constraint follows with [`Store::set_bound`].
    pub(crate) fn new_type_param(&self, obj: ObjId, index: u32) -> TypeId {
        let zero = || AtomicU32::new(0);
        self.new_type(Type::TypeParam(TypeParam { obj, index, bound: zero(), iface: zero() }))
    }

    /// A new type name like that of a type parameter, and a parameter for it.
    pub(crate) fn clone_type_param(&self, tparam: TypeId) -> TypeId {
        let Type::TypeParam(p) = self.typ(tparam) else {
            return tparam;
        };
        let old = self.obj(p.obj);
        let obj = self.new_object(Object::new(ObjKind::TypeName, old.pos, old.pkg, old.name, None));
        let new = self.new_type_param(obj, p.index);
        self.obj(obj).set_typ(new);
        new
    }

    /// Gives a type parameter its constraint, if it has none yet.
    pub(crate) fn set_bound(&self, tparam: TypeId, bound: TypeId) {
        if let Type::TypeParam(p) = self.typ(tparam)
            && load(&p.bound).is_none()
        {
            save(&p.bound, bound);
            p.iface.store(0, Ordering::Release);
        }
    }

    /// The constraint of a type parameter as written.
    pub fn bound(&self, tparam: TypeId) -> TypeId {
        match self.typ(tparam) {
            Type::TypeParam(p) => load(&p.bound).unwrap_or(typ::INVALID),
            _ => typ::INVALID,
        }
    }

    pub(crate) fn set_rhs(&self, t: TypeId, rhs: TypeId) {
        match self.typ(t) {
            Type::Named(n) => save(&n.rhs, rhs),
            Type::Alias(a) => save(&a.rhs, rhs),
            _ => {}
        }
    }

    /// The struct a type id stands for directly.
    pub(crate) fn as_struct(&self, t: TypeId) -> Option<&Struct> {
        match self.typ(t) {
            Type::Struct(s) => Some(s),
            _ => None,
        }
    }

    /// The signature a type id stands for directly.
    pub fn as_signature(&self, t: TypeId) -> Option<&Signature> {
        match self.typ(t) {
            Type::Signature(s) => Some(s),
            _ => None,
        }
    }

    /// The interface a type id stands for directly.
    pub(crate) fn as_interface(&self, t: TypeId) -> Option<&Interface> {
        match self.typ(t) {
            Type::Interface(i) => Some(i),
            _ => None,
        }
    }

    /// The defined type behind any aliases.
    pub fn as_named(&self, t: TypeId) -> Option<&Named> {
        match self.typ(self.unalias(t)) {
            Type::Named(n) => Some(n),
            _ => None,
        }
    }

    /// The variables of a tuple.
    pub fn vars(&self, tuple: TypeId) -> &[ObjId] {
        match self.typ(tuple) {
            Type::Tuple(vars) => vars,
            _ => &[],
        }
    }

    pub(crate) fn new_var(
        &self,
        kind: VarKind,
        pos: Option<FilePos>,
        pkg: Option<PkgId>,
        name: Symbol,
        t: Option<TypeId>,
    ) -> ObjId {
        let var = Var { kind, embedded: false, origin: None };
        self.new_object(Object::new(ObjKind::Var(var), pos, pkg, name, t))
    }
}

fn named(obj: ObjId, inst: Option<Instance>, enclosing: Box<[TypeId]>) -> Type {
    Type::Named(Box::new(Named {
        obj,
        inst,
        enclosing,
        tparams: OnceLock::new(),
        rhs: AtomicU32::new(0),
        underlying: AtomicU32::new(0),
        methods: RwLock::default(),
    }))
}

/// Whether a name starts with an upper-case letter.
pub(crate) fn is_exported(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b) if b.is_ascii() => b.is_ascii_uppercase(),
        _ => name.chars().next().is_some_and(char::is_uppercase),
    }
}
