//! What the lexer and the parser have to say about a file.

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
        Self {
            pos: FilePos { file, pos },
            message: message.into(),
        }
    }
}
