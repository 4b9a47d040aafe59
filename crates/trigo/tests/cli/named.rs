//! What arguments name, and which GOROOT is taken.

use crate::world::{World, result};

const FAULT: &str = "cannot use 1 (untyped int constant) as string value in variable declaration";

#[test]
fn packages_are_named_by_path_directory_file_or_pattern() {
    let world = World::new(&[
        ("m/a.go", "package m\n"),
        ("m/b/b.go", "package b\nvar Name string = 1\n"),
        ("m/c/c.go", "package main\nfunc main() {}\n"),
        ("goroot/src/bad/bad.go", "package bad\nvar Name string = 1\n"),
    ]);
    let absolute = world.path("m/b").display().to_string();
    for argument in ["./b", "m/b", "b/b.go", "./...", "m/...", "./b/...", &absolute] {
        let expected = (1, String::new(), format!("b/b.go:2:19: {FAULT}\n"));
        assert_eq!(world.run(&["check", argument]), expected, "{argument}");
    }
    for sound in [&["check"][..], &["check", "m/c", "."], &["check", "c/c.go"], &["check", "fmt"]] {
        assert_eq!(world.run(sound), (0, String::new(), String::new()), "{sound:?}");
    }
    let bad = world.path("goroot/src/bad/bad.go");
    assert_eq!(world.run(&["check", "std"]).2, format!("{}:2:19: {FAULT}\n", bad.display()));
    let (code, _, err) = world.run(&["check", "m/none"]);
    assert!(code == 1 && err.contains("m/none"), "{err}");
}

#[test]
fn goroot_is_looked_for_in_order() {
    let world = World::new(&[]);
    for place in ["flag", "variable", "command", "home/.cache/trigo/go-1.27.3"] {
        world.write(&format!("{place}/VERSION"), "go1.27.3\n");
        world.write(&format!("{place}/src/runtime/r.go"), "package runtime");
    }
    let [flag, variable, command, cache] =
        ["flag", "variable", "command", "home/.cache/trigo/go-1.27.3"]
            .map(|place| world.path(place).display().to_string());
    let found = |arguments: &[&str], variable: Option<&str>| {
        let mut process = world.command(&[&["env", "GOROOT"], arguments].concat());
        process.envs(variable.map(|dir| ("GOROOT", dir)));
        let (code, out, err) = result(process.output().unwrap());
        assert_eq!((code, err.as_str()), (0, ""));
        out.trim_end().to_string()
    };
    assert_eq!(found(&[], None), cache);
    world.script("go", &format!("echo {command}\n"));
    assert_eq!(found(&[], None), command);
    assert_eq!(found(&[], Some(&variable)), variable);
    assert_eq!(found(&["--goroot", &flag], Some(&variable)), flag);
    assert_eq!(found(&["-goroot", &flag], None), flag);
    // The one that is named must do, whatever others there are.
    world.write("flag/VERSION", "go1.26\n");
    let (code, _, err) = world.run(&["check", "--goroot", &flag]);
    assert!(
        code == 1 && err.contains("(from --goroot) is go1.26, but Trigo needs go1.27.3"),
        "{err}"
    );
}

#[test]
fn modules_that_are_not_there_are_named() {
    let world = World::new(&[
        ("m/go.mod", "module m\n\ngo 1.27\n\nrequire example.com/gone v1.2.3\n"),
        ("m/a.go", "package m\nimport _ \"example.com/gone/sub\"\n"),
    ]);
    let (code, _, err) = world.run(&["check"]);
    assert!(code == 1 && err.contains("example.com/gone@v1.2.3"), "{err}");
}
