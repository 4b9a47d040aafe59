//! Go's syntax: from bytes to a tree, and back.
//!
//! This crate reads Go 1.27 source as Go's own compiler does: the same language, the same errors at the same places,
//! and the same way of going on after one. It knows nothing of types. The tree is compact and shared easily: nodes are
//! named by four-byte ids, identifiers are interned [`Symbol`]s, positions are byte offsets.
//!
//! * [`parse_file`] makes an [`ast::File`] of a [`Source`]; [`Lexer`] gives its tokens only.
//! * [`ast`] has the tree; [`File::children`](ast::File::children) walks it.
//! * [`printer`] writes a tree as source again; [`dump()`] shows it node by node.
//! * Comments can be kept, `//go:` directives always are, and `//line` directives move the positions of errors.
//!
//! Bad input is expected: any bytes give a tree and errors, never a panic or a stack overflow. Nesting is limited to
//! [`MAX_NESTING`], files to [`MAX_SOURCE_BYTES`].
//!
//! # Example
//!
//! The exported functions of a file, with what their documentation says first:
//!
//! ```
//! use trigo_syntax::ast::DeclKind;
//! use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
//!
//! let text = *b"package shapes
//!
//! // Area returns the area of a circle.
//! func Area(r float64) float64 { return 3.14 * r * r }
//!
//! func helper() { if }
//! ";
//! let interner = Interner::new();
//! let mut diagnostics = Vec::new();
//! let mode = Mode { comments: true, ..Mode::default() };
//! let file = parse_file(Source::new(FileId(0), "shapes.go", text), &interner, mode, &mut diagnostics);
//!
//! let mut exported = Vec::new();
//! for &decl in &file[file.decls] {
//!     if let DeclKind::Func { name, .. } = file[decl].kind {
//!         let name = interner.text(file.symbol(name));
//!         if name.starts_with(char::is_uppercase) {
//!             let doc = file.comments_before(file[decl].keyword);
//!             exported.push((name, file.comment_text(doc[0])));
//!         }
//!     }
//! }
//! assert_eq!(exported, [("Area", "// Area returns the area of a circle.")]);
//!
//! let error = &diagnostics[0];
//! assert_eq!(
//!     format!("{}: {}", file.position(error.pos.pos), error.message),
//!     "shapes.go:6:20: syntax error: unexpected }, expected expression",
//! );
//! ```

pub mod ast;
mod branches;
mod diagnostic;
mod directives;
mod dump;
mod intern;
mod lexer;
mod lines;
mod parser;
mod pos;
pub mod printer;
pub mod token;

pub use diagnostic::{Diagnostic, SYNTAX_ERROR, printed_errors};
pub use dump::dump;
pub use intern::{Interner, Symbol, sym};
pub use lexer::Lexer;
pub use pos::{FileId, FilePos, LineCol, MAX_SOURCE_BYTES, Pos, Position, Source};

use ast::File;

/// How deep expressions, types and statements may nest before the parser gives up on a file. gc has no limit, but takes
/// minutes for most of what nests deeper than this.
///
/// A pass that recurses over the tree needs no more than this many levels of statements and expressions together, if
/// it takes two things in loops: the left operands of [`ast::ExprKind::Binary`], and `else if`. Chains of the two are
/// common in generated programs and may be of any length.
pub const MAX_NESTING: usize = 10_000;

/// How deep types may nest.
pub const MAX_TYPE_NESTING: usize = 1000;

/// How many errors the parser reports before it gives up on a file, so that broken files of any size take little memory.
pub const MAX_ERRORS: usize = 10_000;

/// What [`parse_file`] does besides building the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Keep all comments, for [`File::comments`]. Directives are kept in any case.
    pub comments: bool,
    /// Check labels, `break`, `continue`, `goto` and `fallthrough`, and resolve where they go. A compiler wants this.
    pub check_branches: bool,
    /// Stop after the imports.
    pub imports_only: bool,
}

/// Parses one source file.
///
/// All errors are added to `diagnostics` in the order they are met, which is nearly but not always the order of
/// positions. The tree is as complete as can be and never wrong in shape: what is missing is an
/// [`ast::ExprKind::Bad`] or the name `_`. Without errors the tree follows the grammar, apart from what Go's own
/// compiler leaves to its type checker.
///
/// Never panics and always ends, whatever the input.
pub fn parse_file(
    source: Source,
    interner: &Interner,
    mode: Mode,
    diagnostics: &mut Vec<Diagnostic>,
) -> File {
    parser::parse(source, interner, mode, diagnostics)
}
