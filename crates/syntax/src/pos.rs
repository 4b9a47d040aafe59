//! Positions: where in which file.
//!
//! A [`Pos`] is a byte offset into one file, four bytes wide, and every node carries one. A [`FilePos`] adds the
//! file. Lines and columns are computed only when somebody wants to read them, by [`crate::ast::File::position`],
//! which also honours `//line` directives.

use std::fmt;
use std::sync::Arc;

/// The largest source file in bytes; a longer one is reported and not read.
///
/// Go itself has no limit. This one keeps every offset and node number within 32 bits.
pub const MAX_SOURCE_BYTES: usize = 1 << 30;

/// The number the caller gives to a source file. This crate only carries it around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte offset from the start of one source file.
///
/// Positions of one file compare in source order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(pub u32);

impl Pos {
    /// The offset as an index into the source bytes.
    pub fn offset(self) -> usize {
        self.0 as usize
    }
}

/// A position together with the file it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePos {
    /// The file.
    pub file: FileId,
    /// The byte offset in that file.
    pub pos: Pos,
}

/// One source file as it is handed to the parser: its number, the name to print, and its bytes.
#[derive(Clone, Debug)]
pub struct Source {
    /// The caller's number for the file.
    pub id: FileId,
    /// The file's name as error messages print it. File names in `//line` directives are relative to its folder.
    pub name: Arc<str>,
    /// The file's content. It should be UTF-8; what is not is reported as an error.
    pub text: Arc<[u8]>,
}

impl Source {
    /// A source from its parts.
    pub fn new(id: FileId, name: impl Into<Arc<str>>, text: impl Into<Arc<[u8]>>) -> Self {
        Self { id, name: name.into(), text: text.into() }
    }
}

/// A 1-based line and column. Columns count bytes, as Go's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineCol {
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1; 0 where a `//line` directive leaves it unknown.
    pub col: u32,
}

/// A position as it is printed, after `//line` directives: `file:line:col`, or `file:line` without a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1, or 0 if it is not known.
    pub col: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.col != 0 {
            write!(f, ":{}", self.col)?;
        }
        Ok(())
    }
}
