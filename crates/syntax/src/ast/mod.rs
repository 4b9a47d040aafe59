//! The syntax tree.
//!
//! A [`File`] owns its nodes in a few arenas, one for each sort of node, and nodes name each other by four-byte ids.
//! So the tree is compact and quick to walk, and an id is an index: what a later pass finds out about expressions
//! goes into a plain `Vec` of [`File::expr_count`] elements.
//!
//! ```
//! use trigo_syntax::ast::{DeclKind, ExprKind};
//! use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
//!
//! let interner = Interner::new();
//! let source = Source::new(FileId(0), "p.go", *b"package p; const c = 1 + x");
//! let file = parse_file(source, &interner, Mode::default(), &mut Vec::new());
//! let DeclKind::Const { values, .. } = file[file[file.decls][0]].kind else { unreachable!() };
//! let ExprKind::Binary { x, y, .. } = file[file[values][0]].kind else { unreachable!() };
//! assert_eq!(file.literal(x), "1");
//! assert_eq!(interner.text(file.symbol(file.as_ident(y).unwrap())), "x");
//! ```

mod file;
mod ids;
mod nodes;
mod span;
mod walk;

pub use file::File;
pub(crate) use file::Nodes;
pub use ids::{BlockId, DeclId, ExprId, GroupId, IdentId, List, StmtId};
pub use nodes::*;
pub use walk::Node;
