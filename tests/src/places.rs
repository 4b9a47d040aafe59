//! Where the suites find what others wrote: in the cache that `cargo xtask setup` fills, or where a variable says.

use std::env;
use std::path::PathBuf;

/// The version of Go whose distribution the suites want.
const GO_VERSION: &str = "1.27.3";

/// Trigo's cache: `$TRIGO_CACHE`, `$XDG_CACHE_HOME/trigo` or `~/.cache/trigo`.
pub fn cache() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    folder("TRIGO_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("trigo")))
        .or_else(|| Some(folder("HOME")?.join(".cache/trigo")))
}

/// Go's distribution: `$TRIGO_GOROOT`, `$GOROOT` or the one in the cache.
pub fn goroot() -> Option<PathBuf> {
    let named = ["TRIGO_GOROOT", "GOROOT"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let cached = cache().map(|dir| dir.join(format!("go-{GO_VERSION}")));
    named.chain(cached).find(|dir| dir.join("src/fmt/print.go").is_file())
}

/// Go's `test` directory: `$TRIGO_GO_TESTS` or the one in the cache.
pub fn go_tests() -> Option<PathBuf> {
    let named = env::var_os("TRIGO_GO_TESTS").map(PathBuf::from);
    let cached = cache().map(|dir| dir.join("go-tests-1.27/test"));
    named.into_iter().chain(cached).find(|dir| dir.join("syntax").is_dir())
}

/// The seed of random choices: `$TRIGO_SEED`, or 1. Another seed makes another sample.
pub fn seed() -> u64 {
    env::var("TRIGO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// Whether the long form of tests is asked for (`cargo xtask nightly`).
pub fn nightly() -> bool {
    env::var_os("TRIGO_NIGHTLY").is_some_and(|value| value == "1")
}
