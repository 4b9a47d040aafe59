//! Go's syntax: from bytes to a tree, and back.
#![warn(missing_docs)]

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

/// How deep expressions, types and statements may nest before the parser gives up on a file.
pub const MAX_NESTING: usize = 1000;

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
