//! Module trees: the cache, replacements, workspaces, vendoring, and what goes wrong with them.

use crate::world::World;
use trigo_loader::GoVersion;
use trigo_loader::directory::Tests;
use trigo_loader::module::ModMode;

const MAIN: &str = "package main\nimport _ \"ex.com/a/p\"\n";

#[test]
fn selects_the_highest_version_asked_for() {
    let w = World::new(&[
        ("m/go.mod", "module m.com/m\ngo 1.20\nrequire (\n\tex.com/a v1.0.0\n\tex.com/b v1.1.0\n)"),
        ("m/main.go", MAIN),
        ("cache/ex.com/a@v1.0.0/p/p.go", "package wrong"),
        ("cache/ex.com/a@v1.2.0/p/p.go", "package p\nimport _ \"ex.com/!c\""),
        ("cache/ex.com/a@v1.2.0/go.mod", "module ex.com/a\ngo 1.18"),
        ("cache/cache/download/ex.com/a/@v/v1.0.0.mod", "module ex.com/a"),
        (
            "cache/cache/download/ex.com/b/@v/v1.1.0.mod",
            "module ex.com/b\ngo 1.17\nrequire ex.com/a v1.2.0",
        ),
    ]);
    // The path with a capital letter lies escaped in the cache, and "!" is no letter of a path.
    assert_eq!(
        w.errors("m", &["."]),
        [
            "$W/cache/ex.com/a@v1.2.0/p/p.go:2:8: malformed import path \"ex.com/!c\": invalid char '!'"
        ]
    );
    w.add(&[("cache/ex.com/a@v1.2.0/p/p.go", "package p")]);
    let graph = w.load("m", &["."], Tests::Skip);
    assert_eq!(graph.all_errors().len(), 0);
    assert_eq!(graph.packages[0].path, "ex.com/a/p");
    assert_eq!(graph.packages[0].go_version, GoVersion::language(18));
    assert_eq!(graph.packages[1].go_version, GoVersion::language(20));
}

#[test]
fn pruned_requirements_do_not_count() {
    let of_b = |go| format!("module ex.com/b\n{go}\nrequire ex.com/c v1.0.0");
    let w = World::new(&[
        ("m/go.mod", "module m.com/m\ngo 1.20\nrequire (\n\tex.com/a v1.0.0\n\tex.com/b v1.0.0\n)"),
        ("m/main.go", MAIN),
        ("cache/ex.com/a@v1.0.0/p/p.go", "package p"),
        ("cache/ex.com/a@v1.1.0/p/p.go", "package p"),
        ("cache/cache/download/ex.com/a/@v/v1.0.0.mod", "module ex.com/a"),
        ("cache/cache/download/ex.com/a/@v/v1.1.0.mod", "module ex.com/a"),
        ("cache/cache/download/ex.com/b/@v/v1.0.0.mod", &of_b("go 1.17")),
        (
            "cache/cache/download/ex.com/c/@v/v1.0.0.mod",
            "module ex.com/c\ngo 1.16\nrequire ex.com/a v1.1.0",
        ),
    ]);
    let version = |w: &World| {
        let dir = w.load("m", &["."], Tests::Skip).packages[0].dir().clone();
        dir.to_str().unwrap().rsplit('@').next().unwrap().to_string()
    };
    assert_eq!(version(&w), "v1.0.0/p");
    w.add(&[("cache/cache/download/ex.com/b/@v/v1.0.0.mod", &of_b("go 1.16"))]);
    assert_eq!(version(&w), "v1.1.0/p");
    w.add(&[("m/go.mod", "module m.com/m\ngo 1.20\nrequire (\n\tex.com/a v1.0.0\n\tex.com/b v1.0.0\n)\nexclude ex.com/a v1.1.0")]);
    assert_eq!(version(&w), "v1.0.0/p");
}

#[test]
fn replaces_by_directory_and_module() {
    let w = World::new(&[
        (
            "m/go.mod",
            "module m.com/m\nrequire ex.com/a v1.0.0\nrequire ex.com/b v1.0.0\nreplace ex.com/a => ../local\nreplace ex.com/b v1.0.0 => ex.com/fork v1.5.0",
        ),
        ("m/main.go", "package main\nimport (\n\t_ \"ex.com/a/p\"\n\t_ \"ex.com/b\"\n)"),
        ("local/go.mod", "module ex.com/a\ngo 1.22\nrequire ex.com/c v1.0.0"),
        ("local/p/p.go", "package p"),
        ("cache/ex.com/fork@v1.5.0/b.go", "package b"),
    ]);
    assert_eq!(w.packages("m", &["."]), ["ex.com/a/p", "ex.com/b", "m.com/m"]);
    w.add(&[("local/p/go.mod", "module nested.com/x")]);
    assert_eq!(
        w.errors("m", &["."])[0].lines().next().unwrap(),
        "$W/m/main.go:3:2: no required module provides package ex.com/a/p; to add it:"
    );
    std::fs::remove_file(w.path("local/go.mod")).unwrap();
    assert_eq!(
        w.errors("m", &["."]),
        [
            "$W/m/main.go:3:2: module ex.com/a@v1.0.0 is replaced by the directory $W/local, which has no go.mod file"
        ]
    );
}

#[test]
fn says_what_is_missing() {
    let w = World::new(&[
        ("m/go.mod", "module m.com/m\nrequire ex.com/a v1.0.0"),
        ("m/main.go", MAIN),
        (
            "m/q/q.go",
            "package q\nimport (\n\t_ \"nostd\"\n\t_ \"other.com/x\"\n\t_ \"m.com/m/none\"\n\t_ \"./r\"\n\t_ \"vendor/x\"\n)",
        ),
    ]);
    assert_eq!(
        w.errors("m", &["."]),
        [
            "$W/m/main.go:2:8: module ex.com/a@v1.0.0 is required but not in the module cache $W/cache; run: go mod download ex.com/a"
        ]
    );
    let errors = w.errors("m", &["./q"]);
    let expected = [
        "$W/m/q/q.go:3:2: package nostd is not in std ($W/goroot/src/nostd)",
        "$W/m/q/q.go:4:2: no required module provides package other.com/x; to add it:\n\tgo get other.com/x\n\t(the go.mod of ex.com/a@v1.0.0 is not in the module cache; run: go mod download)",
        "$W/m/q/q.go:5:2: package m.com/m/none is not in the main module m.com/m",
        "$W/m/q/q.go:6:2: ./r is relative, but relative import paths are not supported in module mode",
        "$W/m/q/q.go:7:2: vendor/x must be imported as x",
    ];
    assert_eq!(errors, expected);
    assert_eq!(w.errors("m", &["nostd"]), ["package nostd is not in std ($W/goroot/src/nostd)"]);
    assert_eq!(w.errors("m", &["./none"]), ["stat $W/m/none: directory not found"]);
    assert!(w.errors("m", &["../goroot"])[0].contains("is outside the main modules"));
    assert!(w.errors("goroot", &["."])[0].contains("go.mod file not found"));
    assert_eq!(w.packages("goroot", &["fmt"]), ["internal/abi", "fmt"]);
}

#[test]
fn two_modules_with_one_package_are_ambiguous() {
    let w = World::new(&[
        ("m/go.mod", "module m.com/m\nrequire ex.com/a v1.0.0\nrequire ex.com/a/p v1.1.0"),
        ("m/main.go", MAIN),
        ("cache/ex.com/a@v1.0.0/p/p.go", "package p"),
        ("cache/ex.com/a/p@v1.1.0/p.go", "package p"),
    ]);
    assert_eq!(
        w.errors("m", &["."]),
        [
            "$W/m/main.go:2:8: ambiguous import: found package ex.com/a/p in multiple modules:\n\tex.com/a v1.0.0 ($W/cache/ex.com/a@v1.0.0/p)\n\tex.com/a/p v1.1.0 ($W/cache/ex.com/a/p@v1.1.0)"
        ]
    );
}

#[test]
fn vendor_holds_what_its_list_names() {
    let list = "# ex.com/a v1.0.0\n## explicit; go 1.19\nex.com/a/p\n";
    let mut w = World::new(&[
        ("m/go.mod", "module m.com/m\ngo 1.20\nrequire ex.com/a v1.0.0"),
        ("m/main.go", MAIN),
        ("m/vendor/modules.txt", list),
        ("m/vendor/ex.com/a/p/p.go", "package p"),
        ("m/vendor/ex.com/a/q/q.go", "package q"),
        ("m/x/x.go", "package x\nimport _ \"ex.com/a/q\""),
    ]);
    let graph = w.load("m", &["."], Tests::Skip);
    assert_eq!(graph.packages[0].dir(), &w.path("m/vendor/ex.com/a/p"));
    assert_eq!(graph.packages[0].go_version, GoVersion::language(19));
    assert_eq!(
        w.errors("m", &["./..."]),
        [
            "$W/m/x/x.go:2:8: cannot find module providing package ex.com/a/q: import lookup disabled by -mod=vendor"
        ]
    );
    w.mod_mode = Some(ModMode::Readonly);
    assert!(w.errors("m", &["."])[0].contains("not in the module cache"));
    w.mod_mode = Some(ModMode::Vendor);
    for (list, problem) in [
        (
            "",
            "ex.com/a@v1.0.0: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt",
        ),
        (
            "# ex.com/a v1.1.0\n## explicit\n",
            "ex.com/a@v1.1.0: is marked as explicit in vendor/modules.txt, but not explicitly required in go.mod",
        ),
        (
            "# ex.com/a v1.0.0 => ../a\n## explicit\n",
            "ex.com/a@v1.0.0: is marked as replaced in vendor/modules.txt, but not replaced in go.mod",
        ),
    ] {
        w.add(&[("m/vendor/modules.txt", list)]);
        let error = w.errors("m", &["."]).remove(0);
        assert!(
            error.starts_with("inconsistent vendoring in $W/m:\n") && error.contains(problem),
            "{error}"
        );
    }
}

#[test]
fn a_workspace_joins_modules() {
    let mut w = World::new(&[
        ("w/go.work", "go 1.22\nuse (\n\t./m\n\t./a\n)\nreplace ex.com/b => ./b"),
        ("w/m/go.mod", "module m.com/m\ngo 1.20\nrequire ex.com/a v1.0.0"),
        ("w/m/main.go", MAIN),
        ("w/a/go.mod", "module ex.com/a\ngo 1.21\nrequire ex.com/b v1.0.0"),
        ("w/a/p/p.go", "package p\nimport _ \"ex.com/b\""),
        ("w/b/go.mod", "module ex.com/b"),
        ("w/b/b.go", "package b"),
    ]);
    assert_eq!(w.packages("w/m", &["."]), ["ex.com/b", "ex.com/a/p", "m.com/m"]);
    assert_eq!(w.packages("w", &["./a/..."]), ["ex.com/b", "ex.com/a/p"]);
    w.variables = vec![("GOWORK".to_string(), "off".to_string())];
    assert!(w.errors("w/m", &["."])[0].contains("not in the module cache"));
    w.variables.clear();
    w.add(&[("w/go.work", "go 1.22\nuse ./none\n")]);
    assert_eq!(
        w.errors("w/m", &["."]),
        ["$W/w/go.work:2:5: no go.mod file in $W/w/none, which go.work lists"]
    );
}

#[test]
fn go_versions_are_a_demand() {
    let w = World::new(&[("m/go.mod", "module m\ngo 1.28"), ("m/m.go", "package m")]);
    assert_eq!(w.errors("m", &["."]), ["$W/m/go.mod: requires go >= 1.28 (running go 1.27.3)"]);
    w.add(&[("m/go.mod", "module m\ngo 1.27.3")]);
    assert_eq!(w.packages("m", &["."]), ["m"]);
}

#[test]
fn garbage_is_an_error() {
    let w = World::new(&[("m/go.mod", "module m\n\0\0"), ("m/m.go", "package m")]);
    assert_eq!(
        w.errors("m", &["."]),
        ["$W/m/go.mod:2:1: invalid text: not UTF-8, or with control characters"]
    );
    w.add(&[("m/go.mod", "")]);
    assert!(w.errors("m", &["."])[0].starts_with("$W/m/go.mod: no module declaration"));
    std::fs::write(w.path("m/go.mod"), b"module m\nrequire \xff v1.0.0").unwrap();
    assert!(w.errors("m", &["."])[0].starts_with("$W/m/go.mod:2:9: invalid text"));
    w.add(&[("m/go.mod", "module m"), ("go.work", "use (")]);
    assert_eq!(w.errors("m", &["."]), ["$W/go.work:1:1: block of use is not closed"]);
}
