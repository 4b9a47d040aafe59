//! A checked package as bytes, and back.
//!
//! [`write_package`] writes what other packages can see of a package: its package-level objects, their types and
//! constants, and what these are made of. [`read_package`] puts it into a store again, in which the packages it imports
//! are already. [`write_bodies`] writes the bodies of its generic and inlinable functions, for compilers;
//! [`ArchivedBodies`] reads those that are wanted.
//!
//! An archive has two parts. The surface is all that the meaning of importing packages depends on; where two of them
//! are equal, and those of the imported packages too, importers need not be checked again. Places in files, which only
//! messages mention, are apart, so that a line inserted in a function changes nothing but them.
//!
//! ```
//! use std::sync::Arc;
//! use trigo_syntax::{FileId, Interner, Source, parse_file};
//! use trigo_types::archive::{ArchivedBodies, read_package, write_bodies, write_package};
//! use trigo_types::{Config, Importer, PkgId, Store, check_package};
//!
//! struct NoImports;
//! impl Importer for NoImports {
//!     fn import(&self, _: &str, _: &str) -> Result<PkgId, String> {
//!         Err("there are no other packages".into())
//!     }
//! }
//! let config = Config { importer: &NoImports, go_version: None, ignore_func_bodies: false, fake_import_c: false, ignore_branch_errors: true };
//!
//! // A package is checked and written.
//! let interner = Arc::new(Interner::new());
//! let store = Store::new(interner.clone());
//! let source = Source::new(FileId(1), "p.go", *b"package p; func Last[T any](list []T) T { return list[len(list)-1] }");
//! let files = [Arc::new(parse_file(source, &interner, Default::default(), &mut Vec::new()))];
//! let checked = check_package(&store, "p", &files, config);
//! let archive = write_package(&store, checked.pkg, FileId(1)).unwrap();
//! let bodies = write_bodies(&files);
//!
//! // Another store reads it, and then the body of a function, which is a tree with types again.
//! let store = Store::new(interner.clone());
//! let p = read_package(&store, &archive, FileId(1), &mut |_| None)?;
//! let last = store.pkg(p).lookup(interner.intern("Last")).unwrap();
//! let bodies = ArchivedBodies::open(&store, p, &bodies, FileId(1))?;
//! let read = bodies.read(&[last], config)?;
//! let element = (0..read.files[0].expr_count())
//!     .map(trigo_syntax::ast::ExprId::from_index)
//!     .find(|&e| matches!(read.files[0][e].kind, trigo_syntax::ast::ExprKind::Index { .. }))
//!     .unwrap();
//! let (_, t) = read.checked.info.files[0].typ(element).unwrap();
//! assert_eq!(Some(t), store.type_params(store.obj_type(last)).first().copied());
//! # Ok::<(), trigo_types::archive::Damaged>(())
//! ```
//!
//! # Format
//!
//! Types and objects are numbered in tables and refer to each other by number. A type stands after those it is made of,
//! unless it is declared: a defined type, an alias or a type parameter may be referred to
//! from anywhere, which is where the cycles are. Types of other packages are named by package and name. The tables are
//! encoded by `postcard`; whoever keeps archives guards them with a checksum and marks them with the version of the
//! program, because neither is part of them.

mod bodies;
mod inline;
mod read;
mod value;
mod write;

pub use bodies::{ArchivedBodies, Bodies, write_bodies};
pub use read::{Damaged, read_package};
pub use write::write_package;

use serde::{Deserialize, Serialize};
use value::ValueRecord;

/// A package as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// What importers depend on.
    pub surface: Vec<u8>,
    /// Where the objects are declared.
    pub places: Vec<u8>,
}

/// An index into [`Surface::names`].
type NameIndex = u32;
/// An index into [`Surface::packages`].
type PackageIndex = u32;
/// An index into [`Surface::types`].
type TypeIndex = u32;
/// An index into [`Surface::objects`].
type ObjectIndex = u32;

#[derive(Serialize, Deserialize)]
struct Surface {
    name: NameIndex,
    names: Vec<String>,
    /// Import paths; the first is the package's own.
    packages: Vec<String>,
    /// The imported packages.
    imports: Vec<PackageIndex>,
    types: Vec<TypeRecord>,
    objects: Vec<ObjectRecord>,
    /// The package-level objects.
    scope: Vec<ObjectIndex>,
}

/// By object, its place among the package's files and the byte in that file.
type Places = Vec<Option<(u32, u32)>>;

#[derive(Serialize, Deserialize)]
enum TypeRecord {
    /// By its number in every store.
    Predeclared(u32),
    /// A type that another package declares.
    Foreign(PackageIndex, NameIndex),
    Pointer(TypeIndex),
    Slice(TypeIndex),
    Array(i64, TypeIndex),
    Map(TypeIndex, TypeIndex),
    /// Direction, as in [`DIRECTIONS`], and element.
    Chan(u8, TypeIndex),
    Struct {
        fields: Vec<ObjectIndex>,
        tags: Vec<Vec<u8>>,
    },
    Tuple(Vec<ObjectIndex>),
    Signature {
        tparams: Vec<TypeIndex>,
        rparams: Vec<TypeIndex>,
        recv: Option<ObjectIndex>,
        params: TypeIndex,
        results: TypeIndex,
        variadic: bool,
    },
    Interface {
        methods: Vec<ObjectIndex>,
        embeddeds: Vec<TypeIndex>,
        implicit: bool,
        interfaces_only: bool,
    },
    /// Whether with a tilde, and the type.
    Union(Vec<(bool, TypeIndex)>),
    Named {
        object: ObjectIndex,
        tparams: Vec<TypeIndex>,
        rhs: TypeIndex,
        methods: Vec<ObjectIndex>,
    },
    /// The generic type and the arguments.
    Instance(TypeIndex, Vec<TypeIndex>),
    TypeParam {
        object: ObjectIndex,
        index: u32,
        bound: TypeIndex,
    },
    Alias {
        object: ObjectIndex,
        tparams: Vec<TypeIndex>,
        rhs: TypeIndex,
    },
    AliasInstance {
        object: ObjectIndex,
        origin: TypeIndex,
        targs: Vec<TypeIndex>,
        rhs: TypeIndex,
    },
}

#[derive(Serialize, Deserialize)]
struct ObjectRecord {
    name: NameIndex,
    package: Option<PackageIndex>,
    typ: TypeIndex,
    order: u32,
    kind: KindRecord,
}

#[derive(Serialize, Deserialize)]
enum KindRecord {
    Const(ValueRecord),
    TypeName,
    /// Kind, as in [`VAR_KINDS`], and whether embedded.
    Var(u8, bool),
    Func {
        in_interface: bool,
        ptr_recv: bool,
    },
}

use crate::object::VarKind;
use crate::types::ChanDir;

const VAR_KINDS: [VarKind; 6] = [
    VarKind::Package,
    VarKind::Local,
    VarKind::Receiver,
    VarKind::Param,
    VarKind::Result,
    VarKind::Field,
];

const DIRECTIONS: [ChanDir; 3] = [ChanDir::Both, ChanDir::Send, ChanDir::Recv];
