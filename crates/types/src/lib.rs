//! Go's type checker as a library.
//!
//! [`check_package`] takes the syntax trees of a package and finds out what
//! every identifier means, the type of every expression and the value of every
//! constant, in which order variables are initialised, and what is wrong, in
//! the words of Go's own compiler. It follows the Go specification of version
//! 1.27 and, in what the specification leaves open, `cmd/compile/internal/types2`.
//!
//! All packages of a program share one [`Store`] of types and objects, which
//! hands out small ids and never takes anything back. Packages are checked one
//! by one or in parallel, each after those it imports; an [`Importer`] says
//! which package an import path means.
//!
//! ```
//! use std::sync::Arc;
//! use trigo_syntax::{FileId, Interner, Source, parse_file};
//! use trigo_types::{Config, Importer, PkgId, Store, check_package};
//!
//! struct NoImports;
//! impl Importer for NoImports {
//!     fn import(&self, _: &str, _: &str) -> Result<PkgId, String> {
//!         Err("there are no other packages".into())
//!     }
//! }
//!
//! let interner = Arc::new(Interner::new());
//! let store = Store::new(interner.clone());
//! let source = Source::new(FileId(1), "p.go", *b"package p; const big = 1 << 100; var x int = big >> 98; var s string = x");
//! let file = Arc::new(parse_file(source, &interner, Default::default(), &mut Vec::new()));
//! let config = Config { importer: &NoImports, go_version: None, ignore_func_bodies: false, fake_import_c: false, ignore_branch_errors: false };
//! let checked = check_package(&store, "p", &[file], config);
//!
//! let big = store.pkg(checked.pkg).lookup(interner.intern("big")).unwrap();
//! assert_eq!(store.obj(big).value().to_string(), "1267650600228229401496703205376");
//! assert_eq!(
//!     checked.errors[0].message,
//!     "cannot use x (variable of type int) as string value in variable declaration",
//! );
//! ```
//!
//! # What a compiler reads
//!
//! All of it is in [`Checked::info`] and the [`Store`]; `tests/compiler.rs` has an example of each.
//!
//! | what | where |
//! |---|---|
//! | what an expression denotes, its type | [`FileInfo::typ`]; untyped constants have the type they are converted to, comma-ok forms the tuple of both results, built-in functions the signature they are used with |
//! | exact values of constant expressions, rounded to their type | [`FileInfo::value`], [`Object::value`] |
//! | what a name declares or means | [`FileInfo::object`]; for type switch clauses [`FileInfo::clause_vars`] |
//! | selections with their embedding paths | [`FileInfo::selections`] |
//! | method sets with their embedding paths | [`Store::method_set`] |
//! | type arguments, given or inferred | [`FileInfo::instances`], [`Named::inst`]; of methods [`Func::instance`] and [`Func::origin`] |
//! | the types in a generic body for given arguments | [`Store::subst`] with the function's [`Store::type_params`], or with [`Signature::rparams`]; it gives each instance local types of its own ([`Named::enclosing`]) |
//! | one id for identical types | [`Store::canonical`] |
//! | variables that closures capture | [`FileInfo::captures`] |
//! | the order of initialisation | [`Info::init_order`] |
//! | a file's language version (loop variables are per iteration from go1.22 on) | [`FileInfo::version`] |
//! | sizes and offsets as gc lays types out | [`Store::size_of`], [`Store::align_of`], [`Store::offsets`] |
//!
//! Where `break`, `continue` and `goto` lead is in the tree, see
//! [`StmtKind::Branch`](trigo_syntax::ast::StmtKind::Branch).

pub mod archive;
mod canonical;
mod check;
mod compiler;
pub mod constant;
mod identical;
mod ids;
mod lookup;
mod methodset;
mod object;
mod predicates;
mod results;
mod sizes;
mod store;
mod subst;
mod types;
mod typeset;
mod typestring;
mod under;
mod universe;
mod version;

pub use check::{Checked, Config, Importer, TypeError, check_package};
pub use compiler::{CompilerFlags, compiler_errors};
pub use ids::{ObjId, PkgId, TypeId};
pub use lookup::{Lookup, Path};
pub use methodset::MethodEntry;
pub use object::{Func, ObjKind, Object, Var, VarKind};
pub use predicates::Incomparable;
pub use results::*;
pub use store::{Package, Store};
pub use types::*;
pub use typeset::{Terms, TypeSet};
pub use typestring::Qualifier;
pub use under::{NoCommon, UnderSet};
pub use universe::{Builtin, BuiltinInfo, ExprClass, UNSAFE, typ};
pub use version::GoVersion;
