//! The settings of GODEBUG that a program begins with: what its Go version changes, what go.mod or go.work say, and the
//! `//go:debug` lines of its main package, the later before the earlier. Follows `cmd/go/internal/load/godebug.go`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use trigo_loader::GoVersion;
use trigo_loader::graph::Package;
use trigo_loader::module::Modules;

/// The settings for the program of a main package, as GODEBUG is written.
pub fn default(main: &Package, modules: Option<&Modules>, goroot: &Path) -> String {
    let (mut version, lines) = match modules {
        Some(modules) => modules.defaults(),
        None => (GoVersion::PINNED, &[][..]),
    };
    let mut set: BTreeMap<String, String> = lines.iter().cloned().collect();
    // Who compiles a file that cannot be read says so.
    for text in main.files().filter_map(|file| file.text().ok()) {
        set.extend(directives(text));
    }
    if let Some(default) = set.remove("default")
        && let Some(asked) = GoVersion::parse(default.strip_prefix("go").unwrap_or(&default))
    {
        version = asked;
    }
    let table = fs::read_to_string(goroot.join("src/internal/godebugs/table.go"));
    for (name, changed, old) in table.iter().flat_map(|table| changes(table)) {
        if version.minor < changed {
            set.entry(name.to_string()).or_insert_with(|| old.to_string());
        }
    }
    let settings = set.iter().map(|(key, value)| format!("{key}={value}"));
    settings.collect::<Vec<_>>().join(",")
}

/// The settings of the `//go:debug` lines before a file's package clause.
fn directives(source: &[u8]) -> impl Iterator<Item = (String, String)> {
    let source = String::from_utf8_lossy(source);
    let head = source.lines().take_while(|line| !line.starts_with("package "));
    let settings = head.filter_map(|line| {
        let (key, value) = line.strip_prefix("//go:debug")?.trim().split_once('=')?;
        Some((key.to_string(), value.to_string()))
    });
    settings.collect::<Vec<_>>().into_iter()
}

/// Of Go's table of settings: the name, the minor version of Go that changed the default, and the value from before.
fn changes(table: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        let rest = line.split_once(name)?.1;
        rest.split([',', '}']).next().map(|value| value.trim().trim_matches('"'))
    }
    table.lines().filter_map(|line| {
        let line = line.trim().strip_prefix('{')?;
        Some((field(line, "Name:")?, field(line, "Changed:")?.parse().ok()?, field(line, "Old:")?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_stand_before_the_package_clause() {
        let source = b"// Text.\n//go:debug a=1\n//go:debug  b=x=y\n\npackage p\n//go:debug c=1\n";
        let expected = [("a", "1"), ("b", "x=y")].map(|(k, v)| (k.to_string(), v.to_string()));
        assert_eq!(directives(source).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn changes_are_read() {
        let table = "var All = []Info{\n\t{Name: \"a\", Package: \"p\"},\n\
                     \t{Name: \"b\", Package: \"p\", Changed: 21, Old: \"1\"},\n\
                     \t{Name: \"c\", Package: \"p\", Opaque: true, Changed: 25, Old: \"0\"}, // why\n}\n";
        assert_eq!(changes(table).collect::<Vec<_>>(), [("b", 21, "1"), ("c", 25, "0")]);
    }
}
