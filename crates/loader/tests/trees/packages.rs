//! The rules between packages, patterns, tests and embedded files, on small trees.

use crate::world::World;
use trigo_loader::directory::Tests;

#[test]
fn internal_packages_stay_inside() {
    let w = World::new(&[
        ("m/go.mod", "module m.com/m"),
        ("m/a/internal/x/x.go", "package x"),
        ("m/a/b/b.go", "package b\nimport _ \"m.com/m/a/internal/x\""),
        ("m/c/c.go", "package c\nimport _ \"m.com/m/a/internal/x\"\nimport _ \"internal/abi\""),
        ("m/c/c_test.go", "package c_test\nimport _ \"m.com/m/a/internal/x\""),
    ]);
    assert_eq!(w.errors("m", &["./a/..."]), Vec::<String>::new());
    assert_eq!(
        w.errors("m", &["./..."]),
        [
            "$W/m/c/c.go:2:8: use of internal package m.com/m/a/internal/x not allowed",
            "$W/m/c/c.go:3:8: use of internal package internal/abi not allowed",
        ]
    );
    w.add(&[("m/c/c.go", "package c")]);
    assert_eq!(
        w.test_errors("m", &["./c"]),
        ["$W/m/c/c_test.go:2:8: use of internal package m.com/m/a/internal/x not allowed"]
    );
    w.add(&[("m/a/main.go", "package main\nimport _ \"m.com/m/a/internal/x\"")]);
    assert_eq!(w.errors("m", &["a/main.go"]), Vec::<String>::new());
}

#[test]
fn cycles_are_told_import_by_import() {
    let w = World::new(&[
        ("m/go.mod", "module m"),
        ("m/a/a.go", "package a\nimport _ \"m/b\""),
        ("m/b/b.go", "package b\nimport _ \"m/c\""),
        ("m/c/c.go", "package c\nimport _ \"m/a\""),
        ("m/s/s.go", "package s\nimport _ \"m/s\""),
        ("m/t/t.go", "package t"),
        ("m/t/t_test.go", "package t\nimport _ \"m/u\""),
        ("m/u/u.go", "package u\nimport _ \"m/t\""),
    ]);
    assert_eq!(
        w.errors("m", &["./..."]),
        [
            "$W/m/c/c.go:2:8: import cycle not allowed: package m/a\n\timports m/b from a.go\n\timports m/c from b.go\n\timports m/a from c.go",
            "$W/m/s/s.go:2:8: import cycle not allowed: package m/s\n\timports m/s from s.go",
        ]
    );
    assert_eq!(
        w.test_errors("m", &["./t"]),
        [
            "$W/m/t/t_test.go:2:8: import cycle not allowed in test: package m/t\n\timports m/u from t_test.go\n\timports m/t from u.go"
        ]
    );
    w.add(&[("m/t/t_test.go", "package t_test\nimport _ \"m/u\"")]);
    assert_eq!(w.test_errors("m", &["./t"]), Vec::<String>::new());
}

#[test]
fn a_long_chain_of_imports_is_no_problem() {
    let w = World::new(&[("m/go.mod", "module m"), ("m/p3000/p.go", "package p")]);
    for n in 0..3000 {
        let text = format!("package p\nimport _ \"m/p{}\"", n + 1);
        w.add(&[(&format!("m/p{n}/p.go"), &text)]);
    }
    assert_eq!(w.packages("m", &["./p0"]).len(), 3001);
}

#[test]
fn programs_and_empty_packages_are_not_importable() {
    let w = World::new(&[
        ("m/go.mod", "module m"),
        ("m/main/m.go", "package main"),
        ("m/only/x_test.go", "package only"),
        ("m/win/w_windows.go", "package win"),
        (
            "m/a/a.go",
            "package a\nimport (\n\t_ \"m/main\"\n\t_ \"m/only\"\n\t_ \"m/win\"\n\t_ \"internal\"\n)",
        ),
        ("m/main/m_test.go", "package main_test\nimport _ \"m/main\""),
    ]);
    assert_eq!(
        w.errors("m", &["./a"]),
        [
            "$W/m/a/a.go:3:2: import \"m/main\" is a program, not an importable package",
            "$W/m/a/a.go:4:2: no non-test Go files in $W/m/only",
            "$W/m/a/a.go:5:2: build constraints exclude all Go files in $W/m/win",
            "$W/m/a/a.go:6:2: package internal is not in std ($W/goroot/src/internal)",
        ]
    );
    assert_eq!(w.test_errors("m", &["./main"]), Vec::<String>::new());
    assert_eq!(w.packages("m", &["./main/...", "./only/...", "./win/..."]), ["m/main"]);
    assert_eq!(w.errors("m", &["./only"]), ["package m/only: no non-test Go files in $W/m/only"]);
    assert_eq!(w.test_errors("m", &["./only"]), Vec::<String>::new());
    assert_eq!(
        w.errors("m", &["m/win"]),
        ["package m/win: build constraints exclude all Go files in $W/m/win"]
    );
}

#[test]
fn tests_make_three_forms() {
    let w = World::new(&[
        ("m/go.mod", "module m"),
        ("m/a/a.go", "package a"),
        ("m/a/a_test.go", "package a\nimport _ \"fmt\""),
        ("m/a/x_test.go", "package a_test\nimport (\n\t_ \"m/a\"\n\t_ \"m/b\"\n)"),
        ("m/b/b.go", "package b\nimport _ \"m/a\""),
    ]);
    let graph = w.load("m", &["./a"], Tests::Read);
    let names: Vec<_> = graph.packages.iter().map(|package| package.describe()).collect();
    assert_eq!(
        names,
        ["m/a", "internal/abi", "fmt", "m/a [m/a.test]", "m/b [m/a.test]", "m/a_test [m/a.test]"]
    );
    let last = graph.packages.last().unwrap();
    let means: Vec<_> =
        last.imports.iter().map(|i| graph.package(i.package.unwrap()).describe()).collect();
    assert_eq!(means, ["m/a [m/a.test]", "m/b [m/a.test]"]);
    let files: Vec<_> = graph.packages[3].files().map(|file| file.name()).collect();
    assert_eq!(files, ["a.go", "a_test.go"]);
    assert_eq!(graph.roots[0].external_test.map(|id| id.0), Some(5));
}

#[test]
fn patterns_pass_over_what_is_not_theirs() {
    let w = World::new(&[
        ("m/go.mod", "module m\nignore ./web\nignore gen"),
        ("m/m.go", "package m"),
        ("m/_x/x.go", "package x"),
        ("m/.y/y.go", "package y"),
        ("m/testdata/t/t.go", "package t"),
        ("m/vendor/v/v.go", "package v"),
        ("m/web/w.go", "package w"),
        ("m/a/gen/g.go", "package g"),
        ("m/a/web/w.go", "package w"),
        ("m/nested/go.mod", "module nested"),
        ("m/nested/n.go", "package n"),
        ("m/a/a.go", "package a"),
        ("m/ab/ab.go", "package ab"),
    ]);
    assert_eq!(w.packages("m", &["./..."]), ["m", "m/a", "m/a/web", "m/ab"]);
    assert_eq!(w.packages("m", &["./a..."]), ["m/a", "m/a/web", "m/ab"]);
    assert_eq!(w.packages("m", &["./a/..."]), ["m/a", "m/a/web"]);
    assert_eq!(w.packages("m", &["m/..."]), ["m", "m/a", "m/a/web", "m/ab"]);
    assert_eq!(w.packages("m", &["./web"]), ["m/web"]);
    assert_eq!(w.packages("m/a", &[]), ["m/a"]);
    assert_eq!(w.packages("m", &["std"]), ["embed", "internal/abi", "fmt", "runtime", "unsafe"]);
    let graph = w.load("m", &["./nothing/..."], Tests::Skip);
    assert!(graph.errors[0].message.contains("directory not found"));
    let graph = w.load("m", &["x.com/..."], Tests::Skip);
    assert_eq!(graph.warnings, ["\"x.com/...\" matched no packages"]);
}

#[test]
fn tags_select_files() {
    let mut w = World::new(&[
        ("m/go.mod", "module m"),
        ("m/a.go", "//go:build !extra\n\npackage m"),
        ("m/b.go", "//go:build extra\n\npackage m\nimport _ \"fmt\""),
        ("m/c.go", "//go:build go1.28\n\npackage other"),
        ("m/d.go", "//go:build go1.21 || (\n\npackage m"),
        ("m/gen.go", "//go:build ignore\n\npackage main"),
    ]);
    assert_eq!(
        w.errors("m", &["."]),
        ["$W/m/d.go: parsing //go:build line: unexpected end of expression"]
    );
    std::fs::remove_file(w.path("m/d.go")).unwrap();
    assert_eq!(w.packages("m", &["."]), ["m"]);
    assert_eq!(w.packages("m", &["gen.go"]), ["command-line-arguments"]);
    w.tags = vec!["extra".to_string()];
    assert_eq!(w.packages("m", &["."]), ["internal/abi", "fmt", "m"]);
}

#[test]
fn embeds_are_found_or_blamed() {
    let w = World::new(&[
        ("m/go.mod", "module m"),
        (
            "m/m.go",
            "package m\nimport _ \"embed\"\n\n//go:embed t/*.txt\n//go:embed none \"[\"\nvar x string",
        ),
        ("m/t/a.txt", ""),
        ("m/t/b.txt", ""),
    ]);
    let graph = w.load("m", &["."], Tests::Skip);
    assert_eq!(graph.packages.last().unwrap().embeds[0].files, ["t/a.txt", "t/b.txt"]);
    assert_eq!(
        w.errors("m", &["."]),
        [
            "$W/m/m.go:5:12: pattern none: no matching files found",
            "$W/m/m.go:5:17: pattern [: invalid pattern syntax",
        ]
    );
}

#[test]
fn unreadable_files_and_garbage_are_errors() {
    let w = World::new(&[
        ("m/go.mod", "module m"),
        ("m/a.go", "package m"),
        ("m/z.go", "\0\u{1}garbage"),
    ]);
    assert_eq!(w.packages("m", &["."]), ["m"]);
    std::os::unix::fs::symlink("/nonexistent", w.path("m/b.go")).unwrap();
    assert_eq!(w.errors("m", &["."]), ["$W/m/b.go: open $W/m/b.go: no such file or directory"]);
}
