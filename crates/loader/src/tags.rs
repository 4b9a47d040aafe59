//! Which build tags are set, and what a file's name demands of them.
//!
//! Follows `go help buildconstraint`. The lists of systems and architectures are the names Go has
//! ever reserved for file name suffixes; a name on them is a constraint even where Go no longer
//! runs on that system.

use crate::constraint::Expr;
use crate::version::GoVersion;

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// The experiments that are on by default in the pinned release on linux/amd64.
pub const EXPERIMENTS: &[&str] = &[
    "dwarf5",
    "greenteagc",
    "jsonv2",
    "randomizedheapbase64",
    "regabiargs",
    "regabiwrappers",
    "sizespecializedmalloc",
];

/// The set of tags that hold for linux/amd64 with cgo off, and those the user adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    user: Vec<String>,
    without_architecture: bool,
}

impl Tags {
    /// The target's own tags and `user`, the tags of `-tags`.
    pub fn new(user: impl IntoIterator<Item = String>) -> Tags {
        let mut user: Vec<String> = user.into_iter().collect();
        user.sort();
        user.dedup();
        Tags { user, without_architecture: false }
    }

    /// The same tags for a target with an architecture that no file is for.
    pub fn without_architecture(self) -> Tags {
        Tags { without_architecture: true, ..self }
    }

    /// The tags the user added, sorted.
    pub fn user(&self) -> &[String] {
        &self.user
    }

    /// Whether a tag is set.
    pub fn is_set(&self, tag: &str) -> bool {
        if matches!(tag, "amd64" | "amd64.v1") {
            return !self.without_architecture;
        }
        if matches!(tag, "linux" | "unix" | "gc") {
            return true;
        }
        if let Some(minor) = tag.strip_prefix("go1.") {
            return is_released(minor) || self.has(tag);
        }
        if let Some(experiment) = tag.strip_prefix("goexperiment.") {
            return EXPERIMENTS.binary_search(&experiment).is_ok() || self.has(tag);
        }
        self.has(tag)
    }

    fn has(&self, tag: &str) -> bool {
        self.user.binary_search_by(|t| t.as_str().cmp(tag)).is_ok()
    }

    /// Whether a build constraint holds.
    pub fn satisfy(&self, constraint: &Expr) -> bool {
        constraint.eval(&|tag| self.is_set(tag))
    }

    /// Whether the suffixes of a file's name (`_linux`, `_amd64`, `_linux_amd64`, each also before
    /// `_test`) are satisfied.
    pub fn allow_name(&self, name: &str) -> bool {
        let stem = name.split('.').next().unwrap_or(name);
        // What stands before the first underscore is never a suffix: linux.go is for all systems.
        let Some((_, suffixes)) = stem.split_once('_') else {
            return true;
        };
        let mut parts = suffixes.rsplit('_').peekable();
        if parts.peek() == Some(&"test") {
            parts.next();
        }
        let last = parts.next().unwrap_or("");
        let before = parts.next().unwrap_or("");
        if ARCHITECTURES.contains(&last) {
            return self.is_set(last) && (!SYSTEMS.contains(&before) || self.is_set(before));
        }
        !SYSTEMS.contains(&last) || self.is_set(last)
    }
}

/// Whether Go 1.`minor` is the pinned release or an earlier one.
fn is_released(minor: &str) -> bool {
    let canonical = !minor.starts_with('0');
    let minor = minor.parse::<u32>();
    canonical && minor.is_ok_and(|minor| (1..=GoVersion::PINNED.minor).contains(&minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_target() {
        let tags = Tags::new(["custom".to_string(), "boring.x".to_string()]);
        for set in [
            "linux",
            "amd64",
            "unix",
            "gc",
            "go1.1",
            "go1.27",
            "goexperiment.jsonv2",
            "custom",
            "boring.x",
        ] {
            assert!(tags.is_set(set), "{set}");
        }
        for unset in [
            "darwin",
            "cgo",
            "go1.28",
            "go1.01",
            "go1.0",
            "race",
            "goexperiment.arenas",
            "ignore",
            "",
        ] {
            assert!(!tags.is_set(unset), "{unset}");
        }
    }

    #[test]
    fn reads_names() {
        let tags = Tags::default();
        for name in [
            "a.go",
            "linux.go",
            "windows.go",
            "a_linux.go",
            "a_amd64.go",
            "a_linux_amd64.go",
            "a_linux_test.go",
            "a_unix.go",
            "a_test.go",
            "windows_test.go",
            "a_windows_foo.go",
            "a_linux.windows.go",
            "_x_linux.s",
            "a_windows_test_x.go",
        ] {
            assert!(tags.allow_name(name), "{name}");
        }
        for name in [
            "a_windows.go",
            "a_arm64.s",
            "a_linux_arm64.go",
            "a_windows_amd64.go",
            "a_windows_test.go",
            "_windows.go",
            "a_js_wasm.go",
            "a_nacl.go",
        ] {
            assert!(!tags.allow_name(name), "{name}");
        }
    }
}
