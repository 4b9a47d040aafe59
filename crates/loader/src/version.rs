//! Go versions (`1.27`, `1.27.3`, `1.27rc1`) and their order, as `go help toolchain` and
//! <https://go.dev/doc/toolchain> define them: the language version comes before its release
//! candidates, those before the first release, and that before its patches.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version of Go, such as the one a go.mod file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GoVersion {
    /// The `1` of `1.27.3`.
    pub major: u32,
    /// The `27` of `1.27.3`.
    pub minor: u32,
    /// What follows.
    pub release: Release,
}

/// What stands behind the minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Release {
    /// Nothing: the version of the language.
    Language,
    /// `beta1`.
    Beta(u32),
    /// `rc1`.
    Candidate(u32),
    /// `.3`.
    Patch(u32),
}

impl GoVersion {
    /// The release whose standard library, tools and messages Trigo follows.
    pub const PINNED: GoVersion = GoVersion { major: 1, minor: 27, release: Release::Patch(3) };

    /// The version a module without a `go` line has.
    pub const UNSTATED: GoVersion = GoVersion::language(16);

    /// The language version `1.minor`.
    pub const fn language(minor: u32) -> GoVersion {
        GoVersion { major: 1, minor, release: Release::Language }
    }

    /// Reads `1.27`, `1.27.3`, `1.27rc1`, with or without a suffix such as `-custom`. None if the
    /// text is no Go version; a leading `go` is not part of it.
    pub fn parse(text: &str) -> Option<GoVersion> {
        let text = text.split('-').next()?;
        let (major, rest) = number(text)?;
        let Some(rest) = rest.strip_prefix('.') else {
            return rest.is_empty().then_some(GoVersion::of(major, 0, Release::Language));
        };
        let (minor, rest) = number(rest)?;
        let release = if rest.is_empty() {
            Release::Language
        } else if let Some(patch) = rest.strip_prefix('.') {
            Release::Patch(whole_number(patch)?)
        } else if let Some(candidate) = rest.strip_prefix("rc") {
            Release::Candidate(whole_number(candidate)?)
        } else {
            Release::Beta(whole_number(rest.strip_prefix("beta")?)?)
        };
        Some(GoVersion::of(major, minor, release))
    }

    fn of(major: u32, minor: u32, release: Release) -> GoVersion {
        GoVersion { major, minor, release }
    }

    /// The language version alone: `1.27` of `1.27.3`.
    pub fn language_version(self) -> GoVersion {
        GoVersion::of(self.major, self.minor, Release::Language)
    }
}

/// Splits a decimal number without leading zeros off the front.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let digits = &text[..end];
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok()?, &text[end..]))
}

fn whole_number(text: &str) -> Option<u32> {
    number(text).and_then(|(n, rest)| rest.is_empty().then_some(n))
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.release {
            Release::Language => Ok(()),
            Release::Beta(n) => write!(f, "beta{n}"),
            Release::Candidate(n) => write!(f, "rc{n}"),
            Release::Patch(n) => write!(f, ".{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for text in ["1.0", "1.9", "1.27", "1.27.3", "1.21rc2", "1.18beta1"] {
            assert_eq!(GoVersion::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(GoVersion::parse("1.27.3"), Some(GoVersion::PINNED));
        assert_eq!(GoVersion::parse("1.21.0-corp"), GoVersion::parse("1.21.0"));
        for text in
            ["", "go1.2", "1.", "1.02", "1.2.", "1.2.3.4", "1.2rc", "1.x", "-", "99999999999"]
        {
            assert_eq!(GoVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn orders_as_toolchains_do() {
        let order =
            ["1.20", "1.21", "1.21beta1", "1.21rc1", "1.21rc2", "1.21.0", "1.21.10", "1.22"];
        for pair in order.windows(2) {
            assert!(GoVersion::parse(pair[0]) < GoVersion::parse(pair[1]), "{pair:?}");
        }
    }
}
