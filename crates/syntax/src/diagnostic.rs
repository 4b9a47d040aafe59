//! What the lexer and the parser have to say about a file.

use crate::ast::File;
use crate::pos::{FileId, FilePos, Pos};

/// One error: a text in the words of Go's compiler and the position it stands at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diagnostic {
    /// Where.
    pub pos: FilePos,
    /// What, without the position: `syntax error: unexpected newline, expected name`.
    pub message: Box<str>,
}

impl Diagnostic {
    /// An error in `file` at `pos`.
    pub fn new(file: FileId, pos: Pos, message: impl Into<Box<str>>) -> Self {
        Self { pos: FilePos { file, pos }, message: message.into() }
    }
}

/// The text that starts the message of most errors of the parser. Go's compiler does not check the types of a package
/// in which there is one; after other errors (malformed literals, misplaced branches) it does.
pub const SYNTAX_ERROR: &str = "syntax error: ";

/// Brings one file's errors, as [`parse_file`](crate::parse_file) met them, into the form in which Go's compiler prints
/// them: in the order of their positions, and of several syntax errors on a line only the one met first.
pub fn printed_errors(file: &File, diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut sorted = diagnostics.to_vec();
    let mut lines_with_error = std::collections::HashSet::new();
    sorted.retain(|error| {
        let line = file.line_col(error.pos.pos).line;
        !error.message.starts_with(SYNTAX_ERROR) || lines_with_error.insert(line)
    });
    sorted.sort_by_key(|error| error.pos);
    sorted.dedup();
    sorted
}
