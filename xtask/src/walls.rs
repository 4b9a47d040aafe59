//! Which room of the house may never import which.
//!
//! The table below is ARCHITECTURE.md's, checked against the dependencies that every workspace
//! package declares, those for its tests included. What it does not forbid is allowed; a package
//! that it does not name fails the check.

use anyhow::{Result, bail};
use cargo_metadata::Metadata;

/// A package and what it must not depend on; a final `*` stands for any ending.
const WALLS: &[(&str, &[&str])] = &[
    ("trigo-syntax", &["trigo-*", "cranelift*"]),
    (
        "trigo-types",
        &[
            "trigo-loader",
            "trigo-ir",
            "trigo-codegen",
            "trigo-heap",
            "trigo-runtime",
            "trigo",
            "cranelift*",
        ],
    ),
    (
        "trigo-loader",
        &["trigo-ir", "trigo-codegen", "trigo-heap", "trigo-runtime", "trigo", "cranelift*"],
    ),
    (
        "trigo-driver",
        &[
            "trigo-ir",
            "trigo-lower",
            "trigo-codegen",
            "trigo-heap",
            "trigo-runtime",
            "trigo",
            "cranelift*",
        ],
    ),
    ("trigo-abi", &["trigo-*", "trigo", "cranelift*"]),
    ("trigo-ir", &["trigo-*", "trigo", "cranelift*"]),
    (
        "trigo-lower",
        &["trigo-loader", "trigo-codegen", "trigo-heap", "trigo-runtime", "trigo", "cranelift*"],
    ),
    (
        "trigo-codegen",
        &[
            "trigo-syntax",
            "trigo-types",
            "trigo-lower",
            "trigo-loader",
            "trigo-heap",
            "trigo-runtime",
            "trigo",
        ],
    ),
    ("trigo-heap", &["trigo*", "cranelift*"]),
    (
        "trigo-runtime",
        &[
            "trigo",
            "trigo-syntax",
            "trigo-types",
            "trigo-loader",
            "trigo-ir",
            "trigo-lower",
            "trigo-codegen",
            "cranelift*",
        ],
    ),
    ("trigo", &["cranelift*"]),
    ("trigo-bench", &[]),
    ("differential", &["trigo*", "cranelift*"]),
    ("distribution", &["trigo*", "cranelift*"]),
    ("conformance", &["trigo*", "cranelift*"]),
    ("xtask", &["trigo*"]),
];

/// Checks every package of the workspace.
///
/// # Errors
///
/// When a dependency goes through a wall or a package has no room; the message names each.
pub fn check(metadata: &Metadata) -> Result<()> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let dependencies = package.dependencies.iter().map(|dependency| dependency.name.as_str());
        faults.extend(faults_of(&package.name, dependencies));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn faults_of<'a>(package: &str, dependencies: impl Iterator<Item = &'a str>) -> Vec<String> {
    let Some((_, forbidden)) = WALLS.iter().find(|(room, _)| *room == package) else {
        return vec![format!(
            "{package} has no room: add it to ARCHITECTURE.md and to xtask/src/walls.rs"
        )];
    };
    let through = dependencies
        .filter(|name| *name != package && forbidden.iter().any(|pattern| matches(pattern, name)));
    through
        .map(|name| format!("{package} must not depend on {name} (see ARCHITECTURE.md)"))
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_through_a_wall_is_named() {
        let faults = faults_of("trigo-heap", ["libc", "trigo-syntax"].into_iter());
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("trigo-heap must not depend on trigo-syntax"));
        assert!(faults_of("trigo-types", ["trigo-syntax"].into_iter()).is_empty());
        assert_eq!(faults_of("trigo-ir", ["cranelift-codegen"].into_iter()).len(), 1);
    }

    #[test]
    fn a_package_without_a_room_is_named() {
        let faults = faults_of("trigo-shed", [].into_iter());
        assert!(faults[0].contains("trigo-shed has no room"), "{faults:?}");
    }
}
