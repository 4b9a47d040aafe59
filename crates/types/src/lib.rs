//! Go's type checker as a library.

mod check;
pub mod constant;
mod identical;
mod ids;
mod lookup;
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
pub use ids::{ObjId, PkgId, TypeId};
pub use lookup::{Lookup, Path};
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
