//! What a type is made of.

//!
//! A [`Type`] lives in the [`Store`](crate::Store) and refers to its parts by
//! id. Composite types never change once made. Defined types, aliases and type
//! parameters exist before the checker knows their right-hand side; those
//! parts are atomics that are written once by the package that declares them.

use crate::ids::{ObjId, TypeId};
use crate::typeset::TypeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, RwLock};

/// The kinds of predeclared basic types, and the untyped kinds of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum BasicKind {
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Complex64,
    Complex128,
    String,
    UnsafePointer,
    UntypedBool,
    UntypedInt,
    UntypedRune,
    UntypedFloat,
    UntypedComplex,
    UntypedString,
    UntypedNil,
}

/// Properties of basic types, as a bit set.
pub mod info {
    /// Truth values.
    pub const BOOLEAN: u8 = 1;
    /// Integers.
    pub const INTEGER: u8 = 2;
    /// Integers without sign.
    pub const UNSIGNED: u8 = 4;
    /// Floating-point numbers.
    pub const FLOAT: u8 = 8;
    /// Complex numbers.
    pub const COMPLEX: u8 = 16;
    /// Strings.
    pub const STRING: u8 = 32;
    /// Types of untyped constants.
    pub const UNTYPED: u8 = 64;
    /// Types with `<`.
    pub const ORDERED: u8 = INTEGER | FLOAT | STRING;
    /// All numbers.
    pub const NUMERIC: u8 = INTEGER | FLOAT | COMPLEX;
    /// Types that constants can have.
    pub const CONST: u8 = BOOLEAN | NUMERIC | STRING;
}

/// A predeclared basic type.
#[derive(Debug)]
pub struct Basic {
    /// Its kind; `byte` has the kind of `uint8`, `rune` that of `int32`.
    pub kind: BasicKind,
    /// Its properties, see [`info`].
    pub info: u8,
    /// Its name.
    pub name: &'static str,
}

/// The directions a channel allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChanDir {
    /// Both ways.
    Both,
    /// Send only.
    Send,
    /// Receive only.
    Recv,
}

/// A struct type: its fields in order, with their tags.
#[derive(Debug)]
pub struct Struct {
    /// The field variables.
    pub fields: Box<[ObjId]>,
    /// One tag per field, or none at all if no field has one.
    pub tags: Box<[Box<[u8]>]>,
}

impl Struct {
    /// The tag of field `i`; empty if it has none.
    pub fn tag(&self, i: usize) -> &[u8] {
        self.tags.get(i).map_or(&[], |t| t)
    }
}

/// A function or method type.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Type parameters of a generic function or method.
    pub tparams: Box<[TypeId]>,
    /// Type parameters declared by the receiver.
    pub rparams: Box<[TypeId]>,
    /// The receiver variable of a declared method.
    pub recv: Option<ObjId>,
    /// A tuple.
    pub params: TypeId,
    /// A tuple.
    pub results: TypeId,
    /// Whether the last parameter is `...T`; its type is then `[]T`.
    pub variadic: bool,
}

/// One term `T` or `~T` of a union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether the term stands for all types with the underlying type.
    pub tilde: bool,
    /// The type.
    pub typ: TypeId,
}

/// An interface type.
#[derive(Debug)]
pub struct Interface {
    /// Methods declared in the literal itself, sorted.
    pub methods: Box<[ObjId]>,
    /// Embedded elements, in source order.
    pub embeddeds: Box<[TypeId]>,
    /// Whether it stands for a constraint literal such as `~int`.
    pub implicit: bool,
    /// Whether elements that are no interfaces do not count: it is written in a language version before go1.18, and
    /// they were reported.
    pub(crate) interfaces_only: bool,
    pub(crate) type_set: OnceLock<TypeSet>,
}

/// A defined type, or an instance of a generic one.
#[derive(Debug)]
pub struct Named {
    /// The type name that declares it; for an instance, that of the generic type.
    pub obj: ObjId,
    /// What an instance was made from.
    pub inst: Option<Instance>,
    /// The type parameters of the generic function in which it is declared: a local type stands for as many types as
    /// the function has instances, whether it mentions them or not. Empty for an instance.
    pub enclosing: Box<[TypeId]>,
    pub(crate) tparams: OnceLock<Box<[TypeId]>>,
    pub(crate) rhs: AtomicU32,
    pub(crate) underlying: AtomicU32,
    /// Methods declared on the generic or plain type.
    pub(crate) methods: RwLock<Vec<ObjId>>,
}

/// The generic type and the arguments of an instance.
#[derive(Debug)]
pub struct Instance {
    /// The generic type.
    pub origin: TypeId,
    /// The type arguments.
    pub targs: Box<[TypeId]>,
    /// What stands for [`Named::enclosing`] of the generic type. Empty until [`Store::subst`](crate::Store::subst)
    /// replaces them: the checker itself looks at a generic function from within only.
    pub outer: Box<[TypeId]>,
    /// Methods made for this instance so far, as (index, object).
    pub(crate) methods: RwLock<Vec<(u32, ObjId)>>,
}

/// A type parameter.
#[derive(Debug)]
pub struct TypeParam {
    /// The type name that declares it.
    pub obj: ObjId,
    /// Its place in the list that declares it.
    pub index: u32,
    pub(crate) bound: AtomicU32,
    pub(crate) iface: AtomicU32,
}

/// An alias, kept apart from what it stands for so that messages can name it.
#[derive(Debug)]
pub struct Alias {
    /// The type name that declares it.
    pub obj: ObjId,
    /// For an instance of a generic alias, that alias.
    pub origin: Option<TypeId>,
    /// The type arguments of an instance.
    pub targs: Box<[TypeId]>,
    /// As [`Named::enclosing`].
    pub enclosing: Box<[TypeId]>,
    pub(crate) tparams: OnceLock<Box<[TypeId]>>,
    pub(crate) rhs: AtomicU32,
}

/// A type.
#[derive(Debug)]
pub enum Type {
    /// A predeclared basic type.
    Basic(Basic),
    /// `*T`
    Pointer(TypeId),
    /// `[]T`
    Slice(TypeId),
    /// `[len]T`
    Array {
        /// Number of elements; negative if unknown because of an error.
        len: i64,
        /// Element type.
        elem: TypeId,
    },
    /// `map[key]elem`
    Map {
        /// Key type.
        key: TypeId,
        /// Element type.
        elem: TypeId,
    },
    /// `chan elem`
    Chan {
        /// Allowed directions.
        dir: ChanDir,
        /// Element type.
        elem: TypeId,
    },
    /// A struct type.
    Struct(Struct),
    /// A list of variables: parameters, results, or the value of a call.
    Tuple(Box<[ObjId]>),
    /// A function type.
    Signature(Box<Signature>),
    /// An interface type.
    Interface(Box<Interface>),
    /// A union of terms; only embedded in interfaces.
    Union(Box<[Term]>),
    /// A defined type.
    Named(Box<Named>),
    /// A type parameter.
    TypeParam(TypeParam),
    /// An alias.
    Alias(Box<Alias>),
}

impl Interface {
    /// An interface with these methods, which must be sorted, and elements.
    pub(crate) fn new(methods: Vec<ObjId>, embeddeds: Vec<TypeId>, implicit: bool) -> Self {
        Self {
            methods: methods.into(),
            embeddeds: embeddeds.into(),
            implicit,
            interfaces_only: false,
            type_set: OnceLock::new(),
        }
    }
}

impl Named {
    /// The type arguments of an instance; empty otherwise.
    pub fn targs(&self) -> &[TypeId] {
        self.inst.as_ref().map_or(&[], |i| &i.targs)
    }

    /// The type arguments of the enclosing function that an instance of a local type was made with; empty otherwise.
    pub fn outer(&self) -> &[TypeId] {
        self.inst.as_ref().map_or(&[], |i| &i.outer)
    }
}

/// Reads an optional id from its slot.
pub(crate) fn load(slot: &AtomicU32) -> Option<TypeId> {
    TypeId::from_raw(slot.load(Ordering::Acquire))
}

/// Stores an id in its slot.
pub(crate) fn save(slot: &AtomicU32, t: TypeId) {
    slot.store(t.raw(), Ordering::Release);
}
