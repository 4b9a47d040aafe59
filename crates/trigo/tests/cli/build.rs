//! `trigo build` and `trigo run`: what they refuse, as the go command words it, and what they leave.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::world::{World, names, result};

/// A program that prints a line.
const HELLO: &str = "package main\n\nfunc main() { println(\"hello\") }\n";

/// A command in a world's module, with the whole standard library.
fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    let goroot = conformance::places::goroot().expect("Go's distribution: cargo xtask setup");
    command.env("GOROOT", goroot).env("TRIGO_CACHE", world.path("cache"));
    command
}

fn trigo(world: &World, arguments: &[&str]) -> (i32, String, String) {
    result(command(world, arguments).output().unwrap())
}

/// What the command prints when it refuses: one error, exit code 1, and no file more than before.
fn refused(world: &World, arguments: &[&str]) -> String {
    let before = names(&world.path("m"));
    let (code, out, err) = trigo(world, arguments);
    assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {err}");
    assert_eq!(names(&world.path("m")), before, "{arguments:?}");
    assert_eq!(names(&world.path("cache/linked")), [""; 0], "{arguments:?}");
    err
}

/// What a built program prints, to its error output as `println` does.
fn printed(program: &Path) -> String {
    let (code, out, err) = result(Command::new(program).output().unwrap());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    err
}

#[test]
fn the_intermediate_form_of_functions_is_printed_on_demand() {
    let source = "package main\n\nvar kept *[2]*int\n\nfunc main() { forget(); keep() }\n\n\
        //go:noinline\nfunc forget() { println(len(new([1 << 20]byte))) }\n\n\
        //go:noinline\nfunc keep() { kept = new([2]*int) }\n";
    let world = World::new(&[("m/a.go", source)]);
    let build = ["build", "-o", "/dev/null", "--ir", "main.keep"];
    // The second time, the executable is in the cache.
    for _ in 0..2 {
        let (code, out, err) = trigo(&world, &build);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with("func main.keep() ()"), "{out}");
        assert!(out.contains("alloc [2]*int") && !out.contains("main.forget"), "{out}");
    }
    let (code, out, err) = trigo(&world, &["build", "-o", "/dev/null", "--ir", "main.none"]);
    let message = "--ir: the program reaches no function whose name begins with main.none\n";
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", message));
}

#[test]
fn what_is_no_program_is_refused_as_the_go_command_does() {
    let world = World::new(&[
        ("m/lib/a.go", "package lib\n"),
        ("m/lib2/a.go", "package lib2\n"),
        ("m/nomain/a.go", "package main\n\nfunc f() {}\n"),
        ("m/twice/a.go", "package main\n\nfunc main() {}\n"),
        ("m/twice/b.go", "package main\n\nfunc main() {}\n"),
        ("m/tests/a_test.go", "package tests\n"),
        ("m/faulty/a.go", "package main\n\nfunc main() { var x int = \"s\"; _ = x }\n"),
        ("m/empty/readme", ""),
        ("m/cgo/a.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n"),
        ("m/hello/a.go", HELLO),
    ]);
    let at = |path: &str| world.path(path).display().to_string();
    let cgo = format!("{} (Trigo does not compile cgo, and a.go imports \"C\")", at("m/cgo"));
    let fault = "cannot use \"s\" (untyped string constant) as int value in variable declaration";
    let cases: [(&[&str], &str); _] = [
        (&["build", "./nomain"], "m/nomain: function main is undeclared in the main package"),
        (&["build", "./faulty"], &format!("faulty/a.go:3:27: {fault}")),
        (&["run", "./faulty"], &format!("faulty/a.go:3:27: {fault}")),
        (
            &["build", "./twice"],
            "twice/b.go:3:6: main redeclared in this block\n\ttwice/a.go:3:6: other declaration of main",
        ),
        (
            &["build", "./tests"],
            &format!("package m/tests: no non-test Go files in {}", at("m/tests")),
        ),
        (&["run", "./empty"], &format!("package m/empty: no Go files in {}", at("m/empty"))),
        (
            &["build", "./cgo"],
            &format!("package m/cgo: build constraints exclude all Go files in {cgo}"),
        ),
        (&["run", "cgo/a.go"], &format!("build constraints exclude all Go files in {cgo}")),
        (&["build", "./none"], &format!("stat {}: directory not found", at("m/none"))),
        (&["build", "-o", "x/", "./lib"], "trigo: no main packages to build"),
        (
            &["build", "-o", "x", "./hello", "./nomain"],
            "trigo: cannot write multiple packages to non-directory x",
        ),
        (&["run", "./lib"], "trigo: package m/lib is not a main package"),
        (
            &["run", "./lib..."],
            "trigo: pattern ./lib... matches multiple packages:\n\tm/lib\n\tm/lib2",
        ),
        (&["run", "tests/a_test.go"], "trigo: cannot run *_test.go files (tests/a_test.go)"),
        (&["run"], "trigo: no go files listed"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(refused(&world, arguments), format!("{expected}\n"), "{arguments:?}");
    }
}

#[test]
fn what_nothing_defines_is_named_where_it_is_declared() {
    let world = World::new(&[
        ("m/assembly/a.s", "TEXT ·F(SB), 4, $0\n\tRET\n"),
        ("m/assembly/a.go", "package assembly\n\nfunc F()\n"),
        ("m/linkname/none.s", ""),
        (
            "m/linkname/a.go",
            "package linkname\n\nimport _ \"unsafe\"\n\n//go:linkname F m/none.f\nfunc F()\n",
        ),
        ("m/c/a.go", "package c\n\n// int x;\nimport \"C\"\n\nfunc F() { C.x = 1 }\n"),
    ]);
    let refused = |package: &str| {
        let text =
            format!("package main\n\nimport \"m/{package}\"\n\nfunc main() {{ {package}.F() }}\n");
        world.write("m/main.go", &text);
        refused(&world, &["build"])
    };
    let missing = "has no body here, and nothing else defines it";
    let reason = "Trigo cannot compile the package's assembly, and the tags purego and noasm do not replace it";
    assert_eq!(
        refused("assembly"),
        format!("assembly/a.go:3:6: m/assembly.F {missing} ({reason})\n")
    );
    assert!(refused("linkname").starts_with(&format!("linkname/a.go:6:6: m/none.f {missing}")));
    let dir = world.path("m/c");
    let excluded = "build constraints exclude all Go files in";
    let why = "Trigo does not compile cgo, and a.go imports \"C\"";
    assert_eq!(refused("c"), format!("main.go:3:8: {excluded} {} ({why})\n", dir.display()));
}

#[test]
fn assembly_that_only_jumps_gives_a_function_another_name() {
    let main = "package main\n\nimport \"syscall\"\n\n\
        func call(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err syscall.Errno)\n\n\
        func main() {\n\tpid, _, _ := call(syscall.SYS_GETPID, 0, 0, 0)\n\t\
        println(int(pid) == syscall.Getpid())\n}\n";
    let jump = |target: &str| {
        format!("#include \"textflag.h\"\n\nTEXT ·call(SB),NOSPLIT,$0-56\n\tJMP\t{target}(SB)\n")
    };
    let world = World::new(&[("m/main.go", main), ("m/call.s", &jump("syscall·RawSyscall"))]);
    assert_eq!(trigo(&world, &["run", "."]), (0, String::new(), "true\n".to_string()));
    // What was kept of that build is not taken for another target.
    world.write("m/call.s", &jump("syscall·nothing"));
    let (code, _, message) = trigo(&world, &["build"]);
    let missing = "syscall.nothing has no body here, and nothing else defines it";
    assert!(code == 1 && message.starts_with(&format!("main.go:5:6: {missing}")), "{message}");
}

#[test]
fn a_variable_that_no_program_has_room_for_is_named() {
    let text = "package main\n\nvar x [1 << 31]byte\n\nfunc main() { x[0] = 1 }\n";
    let world = World::new(&[("m/main.go", text)]);
    let expected = "main.x: symbol too large (2147483648 bytes > 2000000000 bytes)\n";
    assert_eq!(refused(&world, &["build"]), expected);
}

#[test]
fn executables_go_where_the_output_flag_says() {
    let world = World::new(&[
        ("m/one/a.go", HELLO),
        ("m/two/a.go", &HELLO.replace("hello", "two")),
        ("m/lib/a.go", "package lib\n"),
        ("m/notes", "mine\n"),
    ]);
    let built = |arguments: &[&str]| {
        assert_eq!(trigo(&world, arguments), (0, String::new(), String::new()))
    };
    // Folders are made; of several packages, those that are programs are written.
    built(&["build", "-o", "new/dir/", "./..."]);
    assert_eq!(names(&world.path("m/new/dir")), ["one", "two"]);
    assert_eq!(printed(&world.path("m/new/dir/one")), "hello\n");
    assert_eq!(printed(&world.path("m/new/dir/two")), "two\n");
    // Several packages without a folder are compiled, and that is all.
    let before = names(&world.path("m"));
    built(&["build", "./one", "./lib"]);
    assert_eq!(names(&world.path("m")), before);
    // A link leads to where the executable is.
    symlink("new/dir/two", world.path("m/link")).unwrap();
    built(&["build", "-o", "link", "./one"]);
    assert!(world.path("m/link").is_symlink());
    assert_eq!(printed(&world.path("m/new/dir/two")), "hello\n");
    built(&["build", "-o", "/dev/null", "./one"]);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    // What is no executable was not written by a build, and stays.
    let (code, _, err) = trigo(&world, &["build", "-o", "notes", "./one"]);
    let reason = "already exists and is not an object file";
    assert_eq!((code, err), (1, format!("trigo: build output \"notes\" {reason}\n")));
    assert_eq!(fs::read_to_string(world.path("m/notes")).unwrap(), "mine\n");
    let (code, _, err) = trigo(&world, &["build", "-o", "notes/x", "./one"]);
    assert_eq!((code, err.as_str()), (1, "trigo: write notes/x: file exists\n"));
}

#[test]
fn a_program_that_is_run_leaves_nothing() {
    let text = "package main\n\nimport \"os\"\n\nfunc main() { println(os.Args[1]); os.Exit(3) }\n";
    let world = World::new(&[("m/main.go", text), ("tmp/keep", "")]);
    let mut run = command(&world, &["run", "main.go", "-x"]);
    let (code, _, err) = result(run.env("TMPDIR", world.path("tmp")).output().unwrap());
    assert_eq!((code, err.as_str()), (1, "-x\nexit status 3\n"));
    assert_eq!(names(&world.path("tmp")), ["keep"]);
}

#[test]
fn builds_at_once_and_builds_that_are_killed_leave_a_whole_program() {
    let world = World::new(&[("m/main.go", HELLO)]);
    let start = || {
        let mut build = command(&world, &["build", "-o", "out/program"]);
        build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    assert_eq!(result(start().wait_with_output().unwrap()).0, 0);
    let program = world.path("m/out/program");
    let whole = fs::read(&program).unwrap();
    for delay in [0, 5, 20, 50, 100, 200, 400] {
        let both = [start(), start()];
        let mut killed = start();
        std::thread::sleep(Duration::from_millis(delay));
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert!(fs::read(&program).unwrap() == whole, "after {delay} ms");
        for build in both {
            assert_eq!(
                result(build.wait_with_output().unwrap()),
                (0, String::new(), String::new())
            );
        }
        assert!(fs::read(&program).unwrap() == whole, "after {delay} ms");
    }
    assert_eq!(printed(&program), "hello\n");
}

#[test]
fn a_program_that_did_not_change_comes_from_the_cache() {
    let world = World::new(&[("m/hello/a.go", HELLO)]);
    let build = |name: &str| {
        let (code, out, err) = trigo(&world, &["build", "-v", "-o", name, "./hello"]);
        assert_eq!((code, out.as_str()), (0, ""), "{err}");
        (fs::read(world.path("m").join(name)).unwrap(), err.contains("trigo: code:"))
    };
    let (first, compiled) = build("first");
    assert!(compiled);
    assert_eq!(build("again"), (first.clone(), false));
    world.write("m/hello/a.go", &HELLO.replace("hello", "other"));
    let (_, compiled) = build("other");
    assert!(compiled);
    assert_eq!(printed(&world.path("m/other")), "other\n");
    world.write("m/hello/a.go", HELLO);
    assert_eq!(build("back"), (first.clone(), false));
    // An entry that was cut off counts as missing.
    for entry in fs::read_dir(world.path("cache/linked")).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        fs::write(entry.path(), &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(build("damaged"), (first, true));
}

#[test]
fn what_is_embedded_belongs_to_the_program() {
    let text = "package main\n\nimport _ \"embed\"\n\n//go:embed *.txt\nvar s string\n\n\
        func main() { print(s) }\n";
    let world = World::new(&[("m/main.go", text), ("m/a.txt", "first")]);
    let says = || {
        let (code, _, err) = trigo(&world, &["run", "."]);
        (code, err)
    };
    assert_eq!(says(), (0, "first".to_string()));
    // The sources are the same.
    world.write("m/a.txt", "second");
    assert_eq!(says(), (0, "second".to_string()));
    world.write("m/b.txt", "third");
    let fault = "main.go:6:5: invalid go:embed: multiple files for type string\n";
    assert_eq!(says(), (1, fault.to_string()));
}

#[test]
fn a_program_begins_as_its_go_version_and_its_settings_say() {
    let text = "package main\n\nfunc main() {\n\tvar f func() int\n\tfor i := 0; i < 3; i++ {\n\t\t\
        if f == nil {\n\t\t\tf = func() int { return i }\n\t\t}\n\t}\n\tprintln(f())\n\t\
        defer func() { println(recover() == nil) }()\n\tpanic(nil)\n}\n";
    let world = World::new(&[("m/main.go", text)]);
    let says = |lines: &str| {
        world.write("m/go.mod", &format!("module m\n{lines}"));
        let (code, _, err) = trigo(&world, &["run", "."]);
        assert_eq!(code, 0, "{err}");
        err
    };
    // The sources are the same, and still it is another program.
    assert_eq!(says("go 1.27\n"), "0\nfalse\n");
    assert_eq!(says("go 1.20\n"), "3\ntrue\n");
    assert_eq!(says("go 1.27\ngodebug panicnil=1\n"), "0\ntrue\n");
    assert_eq!(says("go 1.27\ngodebug default=go1.20\n"), "0\ntrue\n");
    assert_eq!(says("go 1.20\ngodebug (\n\tpanicnil=0\n)\n"), "3\nfalse\n");
    world.write("m/main.go", &format!("//go:debug panicnil=1\n{text}"));
    assert_eq!(says("go 1.27\ngodebug panicnil=0\n"), "0\ntrue\n");
}

#[test]
fn a_program_says_what_it_is_made_of() {
    let text = "package main\n\nimport (\n\t\"fmt\"\n\t\"runtime\"\n\t\"runtime/debug\"\n)\n\n\
        func main() {\n\tinfo, ok := debug.ReadBuildInfo()\n\t\
        fmt.Println(ok, info.Path, info.Main.Path, info.Main.Version, info.GoVersion == runtime.Version())\n}\n";
    let world = World::new(&[("m/tool/main.go", text)]);
    assert_eq!(trigo(&world, &["build", "-o", "built", "./tool"]).0, 0);
    let output = Command::new(world.path("m/built")).output().unwrap();
    assert_eq!(result(output).1, "true m/tool m (devel) true\n");
}

#[test]
fn a_program_may_be_stripped() {
    let world = World::new(&[("m/hello/a.go", HELLO)]);
    assert_eq!(trigo(&world, &["build", "-o", "built", "./hello"]).0, 0);
    let before = fs::metadata(world.path("m/built")).unwrap().len();
    let strip = Command::new("strip").arg(world.path("m/built")).status();
    assert!(strip.expect("strip comes with the C compiler").success());
    assert!(fs::metadata(world.path("m/built")).unwrap().len() < before);
    assert_eq!(printed(&world.path("m/built")), "hello\n");
}
