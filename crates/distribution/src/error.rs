//! What goes wrong with an installation, in words: what, where, and what to do.

use std::fmt;
use std::path::Path;

/// Why something could not be installed; may span lines, no line break at its end.
#[derive(Debug)]
pub struct Error(pub(crate) String);

/// The result of an installation's step.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// `verb` completes "cannot ".
    pub(crate) fn io(verb: &str, path: &Path, error: &dyn fmt::Display) -> Error {
        Error(format!("cannot {verb} {}: {error}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
