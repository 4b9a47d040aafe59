//! Where Go's standard library is.
//!
//! Trigo compiles the standard library of one release of Go, from source. [`find`] looks for a
//! GOROOT with that release: where the user says (`--goroot`, `$GOROOT`), where an installed `go`
//! command has its own, in Trigo's cache; and where there is none it fetches the distribution into
//! that cache ([`distribution::go`]).

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use distribution::go::{self, WHEEL};

use crate::environment::Environment;
use crate::error::{Error, Result};

pub use distribution::go::RELEASE;

/// A GOROOT with the pinned release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goroot {
    /// The directory; the sources are in its `src`.
    pub dir: PathBuf,
    /// Who named it.
    pub origin: Origin,
}

/// Who named a GOROOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The `--goroot` flag.
    Flag,
    /// The variable `GOROOT`.
    Variable,
    /// The `go` command on the path.
    GoCommand,
    /// Trigo's cache.
    Cache,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Flag => "--goroot",
            Origin::Variable => "$GOROOT",
            Origin::GoCommand => "go env GOROOT",
            Origin::Cache => "Trigo's cache",
        })
    }
}

impl Goroot {
    /// Takes a directory as GOROOT if it holds the pinned release.
    ///
    /// # Errors
    /// If it is no GOROOT, or one of another release; the error names both.
    pub fn open(dir: &Path, origin: Origin) -> Result<Goroot> {
        let place = format!("GOROOT {} (from {origin})", dir.display());
        let version = read_version(dir).map_err(|why| Error::new(format!("{place}: {why}")))?;
        if version != RELEASE {
            return Err(Error::new(format!("{place} is {version}, but Trigo needs {RELEASE}")));
        }
        let dir = fs::canonicalize(dir).map_err(|error| Error::io("open", dir, &error))?;
        Ok(Goroot { dir, origin })
    }

    /// The standard library's sources.
    pub fn src(&self) -> PathBuf {
        self.dir.join("src")
    }
}

/// The release in a GOROOT's VERSION file.
fn read_version(dir: &Path) -> std::result::Result<String, String> {
    if !dir.join("src/runtime").is_dir() {
        return Err("not a Go distribution: no src/runtime in it".to_string());
    }
    let text = fs::read_to_string(dir.join("VERSION"))
        .map_err(|error| format!("cannot read its VERSION file: {error}"))?;
    Ok(text.lines().next().unwrap_or("").trim().to_string())
}

/// What to do where no GOROOT is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Fetch the distribution.
    Fetch,
    /// Report it.
    Report,
}

/// Finds the GOROOT: `flag`, else `$GOROOT`, else that of the `go` command, else the cache's, else
/// a fetched one. The first two are the user's word and are not passed over; a `go` command of
/// another release is.
///
/// Blocks while it runs `go env GOROOT`, and while it fetches.
///
/// # Errors
/// If the named GOROOT is not of the pinned release, or none is found and fetching is not wanted
/// or fails.
pub fn find(flag: Option<&Path>, environment: &Environment, missing: Missing) -> Result<Goroot> {
    if let Some(dir) = flag {
        return Goroot::open(dir, Origin::Flag);
    }
    if let Some(dir) = environment.get("GOROOT") {
        return Goroot::open(Path::new(dir), Origin::Variable);
    }
    let mut passed_over = Vec::new();
    if let Some(dir) = go_command_goroot() {
        match Goroot::open(&dir, Origin::GoCommand) {
            Ok(goroot) => return Ok(goroot),
            Err(error) => passed_over.push(error.message),
        }
    }
    let cache = environment.cache()?;
    let dir = cache.join(go::ENTRY);
    let problem = match (Goroot::open(&dir, Origin::Cache), missing) {
        (Ok(goroot), _) => return Ok(goroot),
        (Err(_), Missing::Fetch) => match go::install(&cache, &WHEEL) {
            Ok(_) => return Goroot::open(&dir, Origin::Cache),
            Err(error) => error.to_string(),
        },
        (Err(_), Missing::Report) => format!("none in Trigo's cache {}", dir.display()),
    };
    passed_over.push(problem);
    Err(Error::new(format!(
        "no GOROOT with {RELEASE}:\n\t{}\nname one with --goroot or $GOROOT",
        passed_over.join("\n\t").replace("\n\t\t", "\n\t")
    )))
}

/// What `go env GOROOT` says. None where there is no `go` command, or it fails.
fn go_command_goroot() -> Option<PathBuf> {
    // A go.mod file nearby must not make it fetch or run another toolchain.
    let output = Command::new("go")
        .args(["env", "GOROOT"])
        .env("GOTOOLCHAIN", "local")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let dir = String::from_utf8(output.stdout).ok()?;
    let dir = dir.trim();
    (!dir.is_empty()).then(|| PathBuf::from(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("src/runtime")).unwrap();
        fs::write(dir.path().join("VERSION"), format!("{version}\ntime x\n")).unwrap();
        dir
    }

    #[test]
    fn takes_only_the_pinned_release() {
        let right = fake("go1.27.3");
        assert!(Goroot::open(right.path(), Origin::Flag).is_ok());
        let wrong = fake("go1.21.0");
        let message = Goroot::open(wrong.path(), Origin::Variable).unwrap_err().message;
        assert!(
            message.ends_with("(from $GOROOT) is go1.21.0, but Trigo needs go1.27.3"),
            "{message}"
        );
        let none = tempfile::tempdir().unwrap();
        let message = Goroot::open(none.path(), Origin::Flag).unwrap_err().message;
        assert!(message.contains("not a Go distribution"), "{message}");
    }

    #[test]
    fn the_users_word_is_final() {
        let wrong = fake("go1.21.0");
        let dir = wrong.path().to_str().unwrap().to_string();
        let environment = Environment::of([("GOROOT".to_string(), dir)]);
        let error = find(None, &environment, Missing::Fetch).unwrap_err();
        assert!(error.message.contains("is go1.21.0"));
        let right = fake("go1.27.3");
        let found = find(Some(right.path()), &environment, Missing::Report).unwrap();
        assert_eq!(found.origin, Origin::Flag);
    }
}
