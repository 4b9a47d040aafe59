//! Why a program could not be made.

/// Something that hinders making a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Error {
    /// The declaration to blame, if one is known.
    pub place: Option<Place>,
    /// What is wrong, one line.
    pub message: String,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the compiler was told.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// The column in bytes, from 1; 0 if unknown.
    pub column: u32,
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self { place: None, message }
    }
}
