//! From the checker's types to the IR's, which are canonical and concrete.
//!
//! A conversion gives every type that it met a shape before any thread sees one of them: new types are collected under
//! one lock and published together.

use crate::names;
use crate::world::World;
use rustc_hash::FxHashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use trigo_ir::Sym;
use trigo_ir::types::{Basic, ChanDir, Field, InterfaceMethod, Name, Shape, TypeId as IrType};
use trigo_types::{BasicKind, Named, ObjId, Signature, Type, TypeId};

/// What the checker's types have become.
#[derive(Default)]
pub(crate) struct Types {
    /// Types that are complete.
    done: RwLock<FxHashMap<TypeId, IrType>>,
    /// For each of the IR's types, one of the checker's that became it.
    origin: RwLock<FxHashMap<IrType, TypeId>>,
    /// Held while types are made.
    making: Mutex<()>,
}

/// One conversion, with the types it made.
struct Conversion<'w, 'a> {
    world: &'w World<'a>,
    new: FxHashMap<TypeId, IrType>,
    /// Defined types whose underlying type is still to be converted.
    open: Vec<(TypeId, IrType)>,
}

impl<'a> World<'a> {
    /// The IR's type for one of the checker's that mentions no type parameter. An untyped constant's type becomes its
    /// default type.
    ///
    /// # Panics
    /// If the type mentions a type parameter, or is none that a value can have.
    pub fn ty(&self, t: TypeId) -> IrType {
        if let Some(&done) = self.types.done.read().unwrap_or_else(PoisonError::into_inner).get(&t)
        {
            return done;
        }
        let _making = self.types.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut conversion =
            Conversion { world: self, new: FxHashMap::default(), open: Vec::new() };
        let result = conversion.ty(t);
        while let Some((t, made)) = conversion.open.pop() {
            let shape = conversion.shape(self.store.under(t));
            self.context.types.define(made, shape);
        }
        let mut origin = self.types.origin.write().unwrap_or_else(PoisonError::into_inner);
        for (&t, &made) in &conversion.new {
            origin.entry(made).or_insert(t);
        }
        self.types.done.write().unwrap_or_else(PoisonError::into_inner).extend(conversion.new);
        result
    }

    /// A type of the checker's that becomes this one. Pointers to what the checker knows it knows too; none for what
    /// lowering made up, such as closures' structs.
    pub(crate) fn checker_type(&self, ty: IrType) -> Option<TypeId> {
        let known =
            self.types.origin.read().unwrap_or_else(PoisonError::into_inner).get(&ty).copied();
        known.or_else(|| match self.context.types.shape(ty) {
            Shape::Pointer(elem) if self.context.types.name(ty).is_none() => {
                self.checker_type(*elem).map(|elem| self.store.pointer(elem))
            }
            _ => None,
        })
    }
}

impl Conversion<'_, '_> {
    fn ty(&mut self, t: TypeId) -> IrType {
        let store = self.world.store;
        let t = store.unalias(t);
        if let Some(&known) = self.new.get(&t) {
            return known;
        }
        let done =
            self.world.types.done.read().unwrap_or_else(PoisonError::into_inner).get(&t).copied();
        if let Some(done) = done {
            return done;
        }
        let types = &self.world.context.types;
        let made = match store.typ(t) {
            Type::Named(named) => {
                let name = self.name(named);
                let made = types.named(name);
                self.new.insert(t, made);
                if !types.is_defined(made) {
                    self.open.push((t, made));
                }
                return made;
            }
            _ => {
                let shape = self.shape(t);
                types.intern(shape)
            }
        };
        self.new.insert(t, made);
        made
    }

    fn list(&mut self, list: &[TypeId]) -> Vec<IrType> {
        list.iter().map(|&t| self.ty(t)).collect()
    }

    fn shape(&mut self, t: TypeId) -> Shape {
        let store = self.world.store;
        match store.typ(t) {
            Type::Basic(basic) => Shape::Basic(basic_of(basic.kind)),
            Type::Pointer(elem) => Shape::Pointer(self.ty(*elem)),
            Type::Slice(elem) => Shape::Slice(self.ty(*elem)),
            Type::Array { len, elem } => {
                let len = u64::try_from(*len).expect("a checked array's length is known");
                Shape::Array { len, elem: self.ty(*elem) }
            }
            Type::Map { key, elem } => Shape::Map { key: self.ty(*key), elem: self.ty(*elem) },
            Type::Chan { dir, elem } => {
                let dir = match dir {
                    trigo_types::ChanDir::Both => ChanDir::Both,
                    trigo_types::ChanDir::Send => ChanDir::Send,
                    trigo_types::ChanDir::Recv => ChanDir::Recv,
                };
                Shape::Chan { dir, elem: self.ty(*elem) }
            }
            Type::Struct(st) => {
                let fields = st.fields.iter().enumerate();
                Shape::Struct(fields.map(|(i, &field)| self.field(field, st.tag(i))).collect())
            }
            Type::Signature(sig) => self.func(sig),
            Type::Interface(_) => {
                let methods = store.type_set(t).methods.iter();
                Shape::Interface(methods.map(|&m| self.method(m)).collect())
            }
            Type::Tuple(_)
            | Type::Union(_)
            | Type::TypeParam(_)
            | Type::Named(_)
            | Type::Alias(_) => {
                panic!("no value has type {}", store.type_string(t, &|_| String::new()))
            }
        }
    }

    fn field(&mut self, field: ObjId, tag: &[u8]) -> Field {
        let object = self.world.store.obj(field);
        let ty = self.ty(self.world.store.obj_type(field));
        let embedded = object.is_embedded();
        Field {
            name: self.world.sym(object.name),
            pkg: self.package(field),
            ty,
            tag: tag.into(),
            embedded,
        }
    }

    fn method(&mut self, method: ObjId) -> InterfaceMethod {
        let store = self.world.store;
        let name = self.world.sym(store.obj(method).name);
        let sig =
            store.as_signature(store.obj_type(method)).expect("a method's type is a signature");
        let shape = self.func(sig);
        InterfaceMethod {
            name,
            pkg: self.package(method),
            ty: self.world.context.types.intern(shape),
        }
    }

    /// The path of the package of an unexported name.
    fn package(&self, obj: ObjId) -> Option<Sym> {
        let object = self.world.store.obj(obj);
        let exported = self.world.store.is_exported(object.name);
        object.pkg.filter(|_| !exported).map(|pkg| self.world.package_path(pkg))
    }

    fn func(&mut self, sig: &Signature) -> Shape {
        let store = self.world.store;
        let mut types =
            |tuple| store.vars(tuple).iter().map(|&v| self.ty(store.obj_type(v))).collect();
        Shape::Func {
            params: types(sig.params),
            results: types(sig.results),
            variadic: sig.variadic,
        }
    }

    fn name(&mut self, named: &Named) -> Name {
        let (store, context) = (self.world.store, &*self.world.context);
        let mut base = store.obj_name(named.obj).to_string();
        let outer = self.list(named.outer());
        let targs = self.list(named.targs());
        names::type_args(context, &outer, &targs, &mut base);
        let Some(pkg) = store.obj(named.obj).pkg else {
            let name = context.syms.intern(&base);
            return Name { link: name, pkg: None, name, string: name };
        };
        let mut link = format!("{}.{base}", self.world.prefix(pkg));
        if let Some(number) = self.world.local_type_number(named.obj) {
            link += &format!("·{number}");
        }
        Name {
            link: context.syms.intern(&link),
            pkg: Some(self.world.package_path(pkg)),
            name: context.syms.intern(&base),
            string: context.syms.intern(&format!("{}.{base}", self.world.package_name(pkg))),
        }
    }
}

/// The basic type of a kind; of untyped kinds, the default one.
fn basic_of(kind: BasicKind) -> Basic {
    match kind {
        BasicKind::Bool | BasicKind::UntypedBool => Basic::Bool,
        BasicKind::Int | BasicKind::UntypedInt => Basic::Int,
        BasicKind::Int8 => Basic::Int8,
        BasicKind::Int16 => Basic::Int16,
        BasicKind::Int32 | BasicKind::UntypedRune => Basic::Int32,
        BasicKind::Int64 => Basic::Int64,
        BasicKind::Uint => Basic::Uint,
        BasicKind::Uint8 => Basic::Uint8,
        BasicKind::Uint16 => Basic::Uint16,
        BasicKind::Uint32 => Basic::Uint32,
        BasicKind::Uint64 => Basic::Uint64,
        BasicKind::Uintptr => Basic::Uintptr,
        BasicKind::Float32 => Basic::Float32,
        BasicKind::Float64 | BasicKind::UntypedFloat => Basic::Float64,
        BasicKind::Complex64 => Basic::Complex64,
        BasicKind::Complex128 | BasicKind::UntypedComplex => Basic::Complex128,
        BasicKind::String | BasicKind::UntypedString => Basic::String,
        BasicKind::UnsafePointer | BasicKind::UntypedNil => Basic::UnsafePointer,
        BasicKind::Invalid => panic!("a sound program has no invalid type"),
    }
}
