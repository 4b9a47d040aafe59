//! Finding what the tests run against.
#![allow(dead_code)] // Each test uses its part.

use std::env;
use std::path::PathBuf;

/// The version of Go whose distribution the tests want.
const GO_VERSION: &str = "1.27.3";

/// Trigo's cache: `$TRIGO_CACHE`, `$XDG_CACHE_HOME/trigo` or `~/.cache/trigo`.
fn cache() -> Option<PathBuf> {
    env::var_os("TRIGO_CACHE")
        .map(PathBuf::from)
        .or_else(|| env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("trigo")))
        .or_else(|| env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/trigo")))
}

/// The GOROOT to test against: `$TRIGO_GOROOT`, `$GOROOT`, or the distribution in Trigo's cache. Without one says so.
pub fn goroot() -> Option<PathBuf> {
    let given = ["TRIGO_GOROOT", "GOROOT"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let cached = cache().map(|dir| dir.join(format!("go-{GO_VERSION}")));
    let found = given.chain(cached).find(|dir| dir.join("src/fmt/print.go").is_file());
    if found.is_none() {
        println!(
            "SKIPPED: no Go {GO_VERSION} distribution; set TRIGO_GOROOT to one, or run `cargo xtask setup`"
        );
    }
    found
}

/// Go's `test` folder: `$TRIGO_GO_TESTS`, or the one in Trigo's cache. Without one says so.
pub fn go_tests() -> Option<PathBuf> {
    let given = env::var_os("TRIGO_GO_TESTS").map(PathBuf::from);
    let cached = cache().map(|dir| dir.join("go-tests-1.27/test"));
    let found = given.into_iter().chain(cached).find(|dir| dir.join("syntax").is_dir());
    if found.is_none() {
        println!(
            "SKIPPED: no copy of Go's test folder; set TRIGO_GO_TESTS to one, or run `cargo xtask setup`"
        );
    }
    found
}

/// Whether the long form of tests was asked for.
pub fn nightly() -> bool {
    env::var_os("TRIGO_NIGHTLY").is_some_and(|value| value == "1")
}
