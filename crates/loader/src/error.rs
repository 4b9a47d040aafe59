//! One error type for everything that can go wrong between a pattern on the command line and a
//! loaded package: what, where if a file is to blame, and what to do about it.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file. Lines and columns count from 1, columns in bytes, as Go's tools do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The file, as a path that can be opened.
    pub file: PathBuf,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Column in bytes, from 1; 0 when the whole line is meant.
    pub column: u32,
}

impl Position {
    /// The position of byte `offset` in `source`, the text of `file`. An offset past the end means
    /// the end.
    pub fn of(file: &Path, source: &[u8], offset: usize) -> Position {
        let before = &source[..offset.min(source.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Position {
            file: file.to_path_buf(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(before.len() - line_start + 1).unwrap_or(u32::MAX),
        }
    }

    /// The whole of `file`.
    pub fn file(file: &Path) -> Position {
        Position { file: file.to_path_buf(), line: 0, column: 0 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// An error of the loader. It prints as `file:line:col: text`, or as the text alone where no file
/// is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The place to blame, if there is one.
    pub position: Option<Position>,
    /// What is wrong and what to do; may span lines, no line break at its end.
    pub message: String,
}

/// The loader's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that no file is to blame for.
    pub fn new(message: impl Into<String>) -> Error {
        Error { position: None, message: message.into() }
    }

    /// An error at a place.
    pub fn at(position: Position, message: impl Into<String>) -> Error {
        Error { position: Some(position), message: message.into() }
    }

    /// A failed operation of the file system: `what` is the operation (`open`, `read`), in the
    /// words of the operating system.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Error {
        Error::new(format!("{what} {}: {}", path.display(), reason(error)))
    }
}

/// The operating system's reason in lower case and without Rust's `(os error N)`, as Go prints it.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = &self.position {
            write!(f, "{position}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl PartialOrd for Error {
    fn partial_cmp(&self, other: &Error) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Error {
    fn cmp(&self, other: &Error) -> Ordering {
        (&self.position, &self.message).cmp(&(&other.position, &other.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_bytes_from_one() {
        let source = "ab\nüx\n".as_bytes();
        let at = |offset| {
            let p = Position::of(Path::new("f.go"), source, offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(5), (2, 3));
        assert_eq!(at(99), (3, 1));
    }

    #[test]
    fn prints_place_then_text() {
        let error = Error::at(Position::of(Path::new("f.go"), b"x", 0), "bad");
        assert_eq!(error.to_string(), "f.go:1:1: bad");
        assert_eq!(Error::new("bad").to_string(), "bad");
    }
}
