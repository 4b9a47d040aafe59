//! Module versions: semantic versions with a leading `v`, pseudo-versions among them.

use std::cmp::Ordering;
use std::fmt;

/// A canonical version: `v1.2.3`, `v1.2.3-pre`, `v2.0.0+incompatible`. Compares by semantic
/// versioning's precedence; what follows a `+` does not count.
#[derive(Clone, Debug)]
pub struct Version(semver::Version);

impl Version {
    /// Reads a canonical version. None if it is anything else, such as `v1.2` or a branch.
    pub fn parse(text: &str) -> Option<Version> {
        let version = semver::Version::parse(text.strip_prefix('v')?).ok()?;
        let canonical = matches!(version.build.as_str(), "" | "incompatible");
        canonical.then_some(Version(version))
    }

    fn is_incompatible(&self) -> bool {
        !self.0.build.is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

/// A module at a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleVersion {
    /// The module's path.
    pub path: String,
    /// The version.
    pub version: Version,
}

impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.path, self.version)
    }
}

/// Checks that a version's major number is the one the module path's suffix asks for: `/v2`, or
/// `.v2` below gopkg.in.
///
/// # Errors
/// What the path asks for instead, in the go command's words.
pub fn check_major(path: &str, version: &Version) -> Result<(), String> {
    let major = version.0.major;
    let (separator, wanted) = match path_major(path) {
        Some((separator, wanted)) => (separator, Some(wanted)),
        None => ("/", None),
    };
    let fits = match wanted {
        Some(wanted) => major == wanted || separator == ".v" && is_gopkg_v0(wanted, version),
        None => major < 2 || version.is_incompatible(),
    };
    let incompatible_ok = !version.is_incompatible() || wanted.is_none() && major >= 2;
    if fits && incompatible_ok {
        return Ok(());
    }
    let should = wanted.map_or("v0 or v1".to_string(), |wanted| format!("v{wanted}"));
    Err(format!("version \"{version}\" invalid: should be {should}, not v{major}"))
}

/// gopkg.in/x.v1 may be at a v0.0.0 pseudo-version.
fn is_gopkg_v0(wanted: u64, version: &Version) -> bool {
    wanted <= 1 && version.0.major == 0 && version.0.minor == 0 && !version.0.pre.is_empty()
}

fn path_major(path: &str) -> Option<(&'static str, u64)> {
    let (separator, number) = if path.starts_with("gopkg.in/") {
        let number = path.rsplit_once(".v")?.1;
        (".v", number.strip_suffix("-unstable").unwrap_or(number))
    } else {
        ("/v", path.rsplit_once("/v")?.1)
    };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let canonical = is_number && (number == "0" || !number.starts_with('0'));
    let major: u64 = canonical.then(|| number.parse().ok())??;
    (separator == ".v" || major >= 2).then_some((separator, major))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn orders_by_precedence() {
        let order = [
            "v0.0.0-20200101000000-abcdef123456",
            "v0.0.0",
            "v1.0.0-alpha.2",
            "v1.0.0-alpha.10",
            "v1.0.0-rc",
            "v1.0.0",
            "v1.0.1-0.20200101000000-abcdef123456",
            "v1.0.1",
            "v1.10.0",
            "v2.0.0+incompatible",
        ];
        for pair in order.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("v2.0.0+incompatible"), version("v2.0.0"));
        assert_eq!(version("v2.0.0+incompatible").to_string(), "v2.0.0+incompatible");
    }

    #[test]
    fn takes_only_canonical_versions() {
        for text in ["", "1.2.3", "v1", "v1.2", "master", "v01.2.3", "v1.2.3+meta", "v1.2.3-"] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn checks_majors() {
        let check = |path, text| check_major(path, &version(text)).is_ok();
        assert!(check("a.b/c", "v0.1.0") && check("a.b/c", "v1.1.0"));
        assert!(check("a.b/c", "v2.1.0+incompatible") && !check("a.b/c", "v2.1.0"));
        assert!(check("a.b/c/v2", "v2.1.0") && !check("a.b/c/v2", "v1.0.0"));
        assert!(!check("a.b/c/v2", "v2.0.0+incompatible"));
        assert!(check("gopkg.in/yaml.v3", "v3.0.1") && !check("gopkg.in/yaml.v3", "v2.0.0"));
        assert!(check("gopkg.in/x.v1", "v0.0.0-20200101000000-abcdef123456"));
        assert!(check("a.b/v1", "v1.0.0"));
    }
}
