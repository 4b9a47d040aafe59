//! Concrete Go types, canonical: two types are identical exactly if their [`TypeId`]s are equal.
//!
//! The table holds what a running program can meet: no type parameters, no untyped constants, no aliases. A
//! defined type is known by its [link name](Name::link), which is unique (`main.T`, `main.List[int]`, `main.f.T·1`);
//! it exists before its underlying type is known, so that types may be recursive. Everything else is interned by
//! its parts.
//!
//! Layouts (size, alignment, pointers) are gc's for amd64; `internal/abi` and `reflect` rely on that.

use crate::sym::{Sym, Syms};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::num::NonZeroU32;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A concrete type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(NonZeroU32);

impl TypeId {
    fn from_index(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("fewer than 2^32 types"))
    }

    /// The type's number, from 0: an index for tables.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The predeclared types and `unsafe.Pointer`, in the order of `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Basic {
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
}

impl Basic {
    /// All of them, in order; a basic type's [`TypeId`] is its place here.
    pub const ALL: [(Basic, &'static str); 18] = [
        (Basic::Bool, "bool"),
        (Basic::Int, "int"),
        (Basic::Int8, "int8"),
        (Basic::Int16, "int16"),
        (Basic::Int32, "int32"),
        (Basic::Int64, "int64"),
        (Basic::Uint, "uint"),
        (Basic::Uint8, "uint8"),
        (Basic::Uint16, "uint16"),
        (Basic::Uint32, "uint32"),
        (Basic::Uint64, "uint64"),
        (Basic::Uintptr, "uintptr"),
        (Basic::Float32, "float32"),
        (Basic::Float64, "float64"),
        (Basic::Complex64, "complex64"),
        (Basic::Complex128, "complex128"),
        (Basic::String, "string"),
        (Basic::UnsafePointer, "unsafe.Pointer"),
    ];

    /// The type's id, the same in every table.
    pub fn id(self) -> TypeId {
        TypeId::from_index(self as usize)
    }
}

/// The directions a channel allows; the values are `reflect.ChanDir`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChanDir {
    /// Receive only.
    Recv = 1,
    /// Send only.
    Send = 2,
    /// Both ways.
    Both = 3,
}

/// A struct's field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name; for an embedded field, that of its type.
    pub name: Sym,
    /// The path of the package that declares an unexported name; none for exported ones.
    pub pkg: Option<Sym>,
    /// Its type.
    pub ty: TypeId,
    /// Its tag.
    pub tag: Box<[u8]>,
    /// Whether it is embedded.
    pub embedded: bool,
}

/// A method in an interface type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceMethod {
    /// Its name.
    pub name: Sym,
    /// The path of the package that declares an unexported name; none for exported ones.
    pub pkg: Option<Sym>,
    /// Its type, a [`Shape::Func`] without receiver.
    pub ty: TypeId,
}

/// What a type is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A predeclared type, or one defined as such.
    Basic(Basic),
    /// `*elem`
    Pointer(TypeId),
    /// `[]elem`
    Slice(TypeId),
    /// `[len]elem`
    Array {
        /// Number of elements.
        len: u64,
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
    /// A struct, fields in order.
    Struct(Box<[Field]>),
    /// A function.
    Func {
        /// Parameters; with `variadic`, the last is a slice.
        params: Box<[TypeId]>,
        /// Results.
        results: Box<[TypeId]>,
        /// Whether the last parameter is `...T`.
        variadic: bool,
    },
    /// An interface: its whole method set, sorted as in descriptors (exported by name, then unexported by
    /// name and package path; see [`InterfaceMethod`]).
    Interface(Box<[InterfaceMethod]>),
}

/// The name of a defined or predeclared type.
#[derive(Clone, Debug)]
pub struct Name {
    /// Its unique link name, with the package's path: `encoding/json.Decoder`.
    pub link: Sym,
    /// The path of its package; none for predeclared types.
    pub pkg: Option<Sym>,
    /// What `reflect.Type.Name` returns: `Decoder`, `List[int]`.
    pub name: Sym,
    /// What `reflect.Type.String` returns: `json.Decoder`.
    pub string: Sym,
}

/// A method in a type's method set, as its descriptor lists it.
#[derive(Clone, Debug)]
pub struct Method {
    /// Its name.
    pub name: Sym,
    /// The path of the package that declares an unexported name; none for exported ones.
    pub pkg: Option<Sym>,
    /// Its type without receiver, a [`Shape::Func`].
    pub ty: TypeId,
    /// The function that takes the receiver as an interface's data word.
    pub ifn: Sym,
    /// The function that takes the receiver as such.
    pub tfn: Sym,
}

/// A type.
#[derive(Debug, Default)]
pub struct Type {
    name: Option<Name>,
    shape: OnceLock<Shape>,
    layout: OnceLock<Layout>,
    methods: OnceLock<Box<[Method]>>,
}

/// A scalar: what one value of the IR holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Scalar {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// An address, which may be that of an object in the heap: the collector looks at it.
    Ptr,
}

impl Scalar {
    /// Size and alignment in bytes.
    pub fn size(self) -> u64 {
        match self {
            Scalar::I8 => 1,
            Scalar::I16 => 2,
            Scalar::I32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::F64 | Scalar::Ptr => 8,
        }
    }
}

/// One scalar of a value in parts form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub scalar: Scalar,
    /// Where it lies in memory, in bytes from the value's start.
    pub offset: u32,
    /// Whether the collector follows it. The first word of an interface is a pointer that it does not follow, because
    /// itabs and type descriptors are no heap objects (gc's rule; types that `reflect` makes are kept by `reflect`).
    pub traced: bool,
}

/// The most scalars of a value in parts form.
pub const MAX_PARTS: usize = 4;

/// How a type lies in memory.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Size in bytes.
    pub size: u64,
    /// Alignment in bytes.
    pub align: u64,
    /// Bytes up to the end of the last pointer; 0 for pointer-free types.
    pub ptrdata: u64,
    /// The scalars of a type in parts form.
    pub parts: Option<SmallVec<[Part; MAX_PARTS]>>,
    /// Byte offsets of a struct's fields; empty for others.
    pub fields: Box<[u64]>,
}

/// All types of a program. Reading takes no lock; adding takes a short one.
///
/// ```
/// use trigo_ir::{Syms, types::{Basic, Shape, TypeTable}};
/// let table = TypeTable::new(&Syms::default());
/// let strings = table.intern(Shape::Slice(Basic::String.id()));
/// assert_eq!(table.intern(Shape::Slice(Basic::String.id())), strings);
/// assert_eq!(table.layout(strings).size, 24);
/// ```
pub struct TypeTable {
    types: boxcar::Vec<Type>,
    shapes: Mutex<FxHashMap<Shape, TypeId>>,
    names: Mutex<FxHashMap<Sym, TypeId>>,
    packages: Mutex<FxHashMap<Sym, Sym>>,
}

impl TypeTable {
    /// A table with the predeclared types.
    pub fn new(syms: &Syms) -> Self {
        let table = Self {
            types: boxcar::Vec::new(),
            shapes: Mutex::default(),
            names: Mutex::default(),
            packages: Mutex::default(),
        };
        for (basic, text) in Basic::ALL {
            let sym = syms.intern(text);
            let name = Name { link: sym, pkg: None, name: sym, string: sym };
            let id = table.named(name);
            table.define(id, Shape::Basic(basic));
            debug_assert_eq!(id, basic.id());
        }
        table
    }

    /// The type of these parts, without a name of its own.
    pub fn intern(&self, shape: Shape) -> TypeId {
        if let Shape::Basic(basic) = shape {
            return basic.id();
        }
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = shapes.get(&shape) {
            return id;
        }
        let ty = Type::default();
        let _ = ty.shape.set(shape.clone());
        let id = TypeId::from_index(self.types.push(ty));
        shapes.insert(shape, id);
        id
    }

    /// The defined type with this link name; the first to ask makes it and must [define](Self::define) it.
    pub fn named(&self, name: Name) -> TypeId {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let link = name.link;
        *names.entry(link).or_insert_with(|| {
            TypeId::from_index(self.types.push(Type { name: Some(name), ..Type::default() }))
        })
    }

    /// The defined or predeclared type with a link name, if there is one.
    pub fn find_named(&self, link: Sym) -> Option<TypeId> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&link).copied()
    }

    /// Says the name of the package with a path.
    pub fn set_package_name(&self, path: Sym, name: Sym) {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner).insert(path, name);
    }

    /// The name of the package with a path, if it was said.
    pub fn package_name(&self, path: Sym) -> Option<Sym> {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).copied()
    }

    /// All types, in order of arrival; those that others add meanwhile may be missing.
    pub fn all(&self) -> impl Iterator<Item = TypeId> {
        (0..self.types.count()).map(TypeId::from_index)
    }

    /// Says what a defined type's underlying type is made of. Saying the same again does nothing.
    pub fn define(&self, id: TypeId, shape: Shape) {
        let _ = self.types[id.index()].shape.set(shape);
    }

    /// Whether the underlying type of a defined type is known.
    pub fn is_defined(&self, id: TypeId) -> bool {
        self.types[id.index()].shape.get().is_some()
    }

    /// What a type is made of; for a defined type, its underlying type.
    ///
    /// # Panics
    /// If the type was named and never defined.
    pub fn shape(&self, id: TypeId) -> &Shape {
        self.types[id.index()].shape.get().expect("a defined type has an underlying type")
    }

    /// The name of a defined or predeclared type.
    pub fn name(&self, id: TypeId) -> Option<&Name> {
        self.types[id.index()].name.as_ref()
    }

    /// Sets the method set that a type's descriptor lists, in descriptor order. Saying it again does nothing.
    pub fn set_methods(&self, id: TypeId, methods: Box<[Method]>) {
        let _ = self.types[id.index()].methods.set(methods);
    }

    /// The method set that a type's descriptor lists; none before it was set.
    pub fn methods(&self, id: TypeId) -> Option<&[Method]> {
        self.types[id.index()].methods.get().map(|m| &**m)
    }

    /// How a type lies in memory.
    pub fn layout(&self, id: TypeId) -> &Layout {
        if let Some(layout) = self.types[id.index()].layout.get() {
            return layout;
        }
        let layout = self.compute(id);
        self.types[id.index()].layout.get_or_init(|| layout)
    }

    /// Size in bytes.
    pub fn size(&self, id: TypeId) -> u64 {
        self.layout(id).size
    }

    /// The scalars of a value in parts form; none for memory form.
    pub fn parts(&self, id: TypeId) -> Option<&[Part]> {
        self.layout(id).parts.as_deref()
    }

    /// Whether values hold pointers.
    pub fn has_pointers(&self, id: TypeId) -> bool {
        self.layout(id).ptrdata != 0
    }

    /// Whether a value is a single pointer that an interface holds in its data word: gc's direct interface types.
    pub fn is_direct(&self, id: TypeId) -> bool {
        match self.shape(id) {
            Shape::Basic(basic) => *basic == Basic::UnsafePointer,
            Shape::Pointer(_) | Shape::Map { .. } | Shape::Chan { .. } | Shape::Func { .. } => true,
            Shape::Array { len, elem } => *len == 1 && self.is_direct(*elem),
            Shape::Struct(fields) => match &**fields {
                [field] => self.is_direct(field.ty),
                _ => false,
            },
            Shape::Slice(_) | Shape::Interface(_) => false,
        }
    }

    /// Whether it is an interface type.
    pub fn is_interface(&self, id: TypeId) -> bool {
        matches!(self.shape(id), Shape::Interface(_))
    }

    /// Calls `f` with the byte offset of each pointer in a value of this type that starts at `base`, in order.
    pub fn each_pointer(&self, id: TypeId, base: u64, f: &mut dyn FnMut(u64)) {
        if !self.has_pointers(id) {
            return;
        }
        match self.shape(id) {
            Shape::Basic(_)
            | Shape::Pointer(_)
            | Shape::Slice(_)
            | Shape::Map { .. }
            | Shape::Chan { .. }
            | Shape::Func { .. } => f(base),
            Shape::Interface(_) => f(base + 8),
            Shape::Array { len, elem } => {
                let size = self.size(*elem);
                for i in 0..*len {
                    self.each_pointer(*elem, base + i * size, f);
                }
            }
            Shape::Struct(fields) => {
                for (field, offset) in fields.iter().zip(&self.layout(id).fields) {
                    self.each_pointer(field.ty, base + offset, f);
                }
            }
        }
    }

    fn compute(&self, id: TypeId) -> Layout {
        use Scalar::{F32, F64, I8, I16, I32, I64, Ptr};
        match self.shape(id) {
            Shape::Basic(basic) => match basic {
                Basic::Bool | Basic::Int8 | Basic::Uint8 => scalars(&[I8]),
                Basic::Int16 | Basic::Uint16 => scalars(&[I16]),
                Basic::Int32 | Basic::Uint32 => scalars(&[I32]),
                Basic::Int | Basic::Int64 | Basic::Uint | Basic::Uint64 | Basic::Uintptr => {
                    scalars(&[I64])
                }
                Basic::Float32 => scalars(&[F32]),
                Basic::Float64 => scalars(&[F64]),
                Basic::Complex64 => scalars(&[F32, F32]),
                Basic::Complex128 => scalars(&[F64, F64]),
                Basic::String => scalars(&[Ptr, I64]),
                Basic::UnsafePointer => scalars(&[Ptr]),
            },
            Shape::Pointer(_) | Shape::Map { .. } | Shape::Chan { .. } | Shape::Func { .. } => {
                scalars(&[Ptr])
            }
            Shape::Slice(_) => scalars(&[Ptr, I64, I64]),
            Shape::Interface(_) => {
                let mut layout = scalars(&[Ptr, Ptr]);
                if let Some(parts) = &mut layout.parts {
                    parts[0].traced = false;
                }
                layout
            }
            Shape::Array { len, elem } => self.array_layout(*len, *elem),
            Shape::Struct(fields) => self.struct_layout(fields),
        }
    }

    fn array_layout(&self, len: u64, elem: TypeId) -> Layout {
        let e = self.layout(elem);
        let parts = match len {
            0 => Some(SmallVec::new()),
            1 => e.parts.clone(),
            // Elements are reached by computed indices.
            _ => (e.size == 0).then(SmallVec::new),
        };
        let ptrdata = if len == 0 || e.ptrdata == 0 { 0 } else { (len - 1) * e.size + e.ptrdata };
        let size = len.saturating_mul(e.size);
        Layout { size, align: e.align, ptrdata, parts, fields: Box::default() }
    }

    fn struct_layout(&self, fields: &[Field]) -> Layout {
        let mut parts = Some(SmallVec::<[Part; MAX_PARTS]>::new());
        let mut offsets = Vec::with_capacity(fields.len());
        let (mut size, mut align, mut ptrdata) = (0u64, 1u64, 0u64);
        let mut ends_empty = false;
        for field in fields {
            let layout = self.layout(field.ty);
            align = align.max(layout.align);
            size = size.next_multiple_of(layout.align);
            offsets.push(size);
            if layout.ptrdata != 0 {
                ptrdata = size + layout.ptrdata;
            }
            match (&mut parts, &layout.parts) {
                (Some(all), Some(own)) if all.len() + own.len() <= MAX_PARTS => {
                    let at = size as u32;
                    all.extend(own.iter().map(|p| Part { offset: p.offset + at, ..*p }));
                }
                _ => parts = None,
            }
            size += layout.size;
            ends_empty = layout.size == 0;
        }
        // The address of an empty last field must lie inside the object (gc's rule).
        if ends_empty && size > 0 {
            size += 1;
        }
        let size = size.next_multiple_of(align);
        Layout { size, align, ptrdata, parts, fields: offsets.into() }
    }
}

/// The layout of scalars one after another, each at its own alignment.
fn scalars(list: &[Scalar]) -> Layout {
    let mut parts = SmallVec::new();
    let (mut size, mut ptrdata) = (0u64, 0u64);
    for &scalar in list {
        parts.push(Part { scalar, offset: size as u32, traced: scalar == Scalar::Ptr });
        size += scalar.size();
        if scalar == Scalar::Ptr {
            ptrdata = size;
        }
    }
    Layout { size, align: list[0].size(), ptrdata, parts: Some(parts), fields: Box::default() }
}
