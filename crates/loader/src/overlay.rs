//! Trigo's own sources for packages of the standard library that must be its own, and the constraints under which the
//! others are compiled.
//!
//! The sources are in the repository's `goroot/src`, and in this crate's object code. Package `runtime` is theirs alone; in
//! other packages a file takes the place of the one with its name.

use std::path::Path;
use std::sync::Arc;

use crate::directory::{Directory, Tests};
use crate::error::Result;
use crate::manifest::Manifest;
use crate::tags::Tags;

include!(concat!(env!("OUT_DIR"), "/overlay.rs"));

/// Packages of which nothing is taken from GOROOT.
const OWN: &[&str] = &["runtime"];

/// Packages whose assembly has counterparts in Go for other architectures, and which are compiled as for one of those.
const PORTABLE: &[&str] = &["math", "hash/crc32"];

/// Tags by which packages offer Go instead of assembly.
const PURE: &[&str] = &["purego", "noasm", "math_big_pure_go"];

/// The tags under which programs are compiled, beside `tags`.
pub(crate) fn tags(tags: &Tags) -> Tags {
    let pure = PURE.iter().map(|tag| tag.to_string());
    Tags::new(tags.user().iter().cloned().chain(pure))
}

/// Reads a package of the standard library as it is compiled.
///
/// # Errors
/// If its directory cannot be read.
pub(crate) fn read(
    path: &str,
    dir: &Path,
    tags: &Tags,
    tests: Tests,
    manifest: &Manifest,
) -> Result<Directory> {
    let portable = tags.clone().without_architecture();
    let tags = if PORTABLE.contains(&path) { &portable } else { tags };
    let own: Vec<(&str, Arc<[u8]>)> = FILES
        .iter()
        .filter(|(package, ..)| *package == path)
        .map(|(_, name, source)| (*name, Arc::from(*source)))
        .collect();
    if OWN.contains(&path) {
        return Ok(Directory::of_sources(dir, &own, tags));
    }
    Directory::read_replaced(dir, &own, tags, tests, manifest)
}
