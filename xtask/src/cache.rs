//! Where fetched things live, and how verbs find them.
//!
//! The cache is outside the repository, shared by every checkout: `$TRIGO_CACHE`, else
//! `$XDG_CACHE_HOME/trigo`, else `~/.cache/trigo`. Tests and benchmarks that xtask starts always
//! find it in `$TRIGO_CACHE`. An entry of it is a folder that [`distribution::entry`] put there
//! whole, so that its existence means it is complete.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;

/// The entry that holds Go's `test/` directory and, in `PACKAGE`, which package it came from.
pub const GO_TESTS_ENTRY: &str = "go-tests-1.27";

/// The cache folder. It need not exist yet.
///
/// # Errors
///
/// When no variable says where it is.
pub fn dir() -> Result<PathBuf> {
    locate(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn locate(var: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let path = if let Some(path) = var("TRIGO_CACHE") {
        PathBuf::from(path)
    } else if let Some(path) = var("XDG_CACHE_HOME") {
        PathBuf::from(path).join("trigo")
    } else if let Some(path) = var("HOME") {
        PathBuf::from(path).join(".cache/trigo")
    } else {
        bail!("no place for the cache: set TRIGO_CACHE, XDG_CACHE_HOME or HOME");
    };
    std::path::absolute(&path).with_context(|| format!("cache folder {}", path.display()))
}

/// The GOROOT that `setup` installed.
///
/// # Errors
///
/// When it is not installed; the message says what to run.
pub fn go_root() -> Result<PathBuf> {
    entry(distribution::go::ENTRY, "go")
}

/// Go's `test/` directory that `setup` installed.
///
/// # Errors
///
/// When it is not installed; the message says what to run.
pub fn go_tests() -> Result<PathBuf> {
    Ok(entry(GO_TESTS_ENTRY, "tests")?.join("test"))
}

fn entry(name: &str, part: &str) -> Result<PathBuf> {
    let path = dir()?.join(name);
    if !path.is_dir() {
        bail!("{} is not there: run `cargo xtask setup --only {part}`", path.display());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate_with(vars: &[(&str, &str)]) -> Result<PathBuf> {
        locate(|name| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_most_specific_variable_wins() {
        let all = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("TRIGO_CACHE", "/t")];
        assert_eq!(locate_with(&all).unwrap(), PathBuf::from("/t"));
        assert_eq!(locate_with(&all[..2]).unwrap(), PathBuf::from("/x/trigo"));
        let home = locate_with(&all[..1]).unwrap();
        assert_eq!(home, PathBuf::from("/h/.cache/trigo"));
    }

    #[test]
    fn no_variable_is_an_error_that_names_them() {
        let error = locate_with(&[]).unwrap_err().to_string();
        assert!(error.contains("TRIGO_CACHE"), "{error}");
    }

    #[test]
    fn a_relative_cache_becomes_absolute() {
        assert!(locate_with(&[("TRIGO_CACHE", "c")]).unwrap().is_absolute());
    }
}
