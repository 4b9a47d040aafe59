//! Go language versions.

use std::fmt;

/// A language version `go1.N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoVersion(pub u32);

impl GoVersion {
    /// The newest version this checker knows.
    pub const CURRENT: GoVersion = GoVersion(27);

    /// Reads `go1.21`, `go1.21.3`, `1.21` or `go1.22rc1`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("go").unwrap_or(text);
        let minor = match text.strip_prefix("1.") {
            Some(minor) => minor,
            None => return (text == "1").then_some(GoVersion(0)),
        };
        let digits = minor.bytes().take_while(u8::is_ascii_digit).count();
        minor[..digits].parse().ok().map(GoVersion)
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go1.{}", self.0)
    }
}
