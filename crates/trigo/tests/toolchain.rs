//! Go's own tools, compiled by Trigo, do what those of the distribution do: the compiler, which allocates for as long as it
//! runs and compiles on several goroutines, writes the same bytes, also where a collection comes every so many allocations;
//! gofmt prints the same text, and the go command builds the same program. By night the compiler compiles all packages of
//! the standard library that have no assembly.

use conformance::places;
use conformance::process::{self, Limits};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMITS: Limits = Limits { time: Duration::from_secs(300), memory: 4 << 30 };

/// GOROOT, and a folder for what is made.
struct World {
    goroot: PathBuf,
    folder: tempfile::TempDir,
}

/// A package as it is given to the compiler.
struct Package {
    path: String,
    dir: PathBuf,
    files: Vec<String>,
    /// Lines of the importcfg: what vendored paths mean.
    import_map: String,
}

impl World {
    fn new() -> World {
        let goroot = places::goroot().expect("Go is there; run `cargo xtask setup`");
        World { goroot, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One of Go's tools, compiled by Trigo.
    fn tool(&self, name: &str) -> PathBuf {
        let program = self.path(name);
        let mut build = Command::new(env!("CARGO_BIN_EXE_trigo"));
        build.current_dir(self.goroot.join("src/cmd")).args(["build", "-o"]).arg(&program);
        output(build.arg(format!("./{name}")));
        program
    }

    fn go(&self) -> Command {
        let mut go = Command::new(self.goroot.join("bin/go"));
        go.current_dir(self.goroot.join("src")).env("GOROOT", &self.goroot).env("CGO_ENABLED", "0");
        go
    }

    /// What the go command says about packages and what they import.
    fn list(&self, format: &str, packages: &[&str]) -> String {
        let text =
            output(self.go().args(["list", "-deps", "-export", "-f", format]).args(packages));
        String::from_utf8(text).expect("the go command prints UTF-8")
    }

    /// The packages whose paths satisfy `wanted`, and the importcfg's lines for all that they import.
    fn packages(&self, roots: &[&str], wanted: impl Fn(&str) -> bool) -> (Vec<Package>, String) {
        let exported = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}";
        let imports = self.list(exported, roots);
        let map = "{{range $k, $v := .ImportMap}}importmap {{$k}}={{$v}};{{end}}";
        // Package unsafe has no export data, and is not compiled. Where there is assembly, the compiler wants to know of it.
        let facts = "{{.ImportPath}}|{{.Dir}}|{{join .GoFiles \" \"}}|";
        let text = self
            .list(&format!("{{{{if and .Export (not .SFiles)}}}}{facts}{map}{{{{end}}}}"), roots);
        let parsed = text.lines().filter(|line| !line.is_empty()).filter_map(|line| {
            let [path, dir, files, map] = *line.split('|').collect::<Vec<_>>() else {
                panic!("the go command prints {line:?}")
            };
            wanted(path).then(|| Package {
                path: path.to_string(),
                dir: dir.into(),
                files: files.split(' ').map(str::to_string).collect(),
                import_map: map.replace(';', "\n"),
            })
        });
        (parsed.collect(), imports)
    }

    /// The object that a compiler makes of a package.
    fn object(
        &self,
        compiler: &Path,
        package: &Package,
        imports: &str,
        collector: &str,
    ) -> Vec<u8> {
        let (config, object) = (self.path("importcfg"), self.path("object.a"));
        let without_it = format!("packagefile {}=", package.path);
        let others = imports.lines().filter(|line| !line.starts_with(&without_it));
        let lines: String = others.map(|line| format!("{line}\n")).collect();
        fs::write(&config, lines + &package.import_map).expect("the folder can be written");
        let mut compile = Command::new(compiler);
        compile.current_dir(&package.dir).env("TRIGO_GC", collector).arg("-o").arg(&object);
        compile.args(["-p", &package.path, "-std", "-lang=go1.27", "-goversion", "go1.27.3"]);
        compile.args(["-trimpath", "", "-pack", "-importcfg"]).arg(&config);
        output(compile.args(&package.files));
        fs::read(&object).expect("the compiler wrote an object")
    }
}

/// What a command prints that must succeed.
fn output(command: &mut Command) -> Vec<u8> {
    let outcome = process::run(command, LIMITS).expect("the command starts");
    assert!(outcome.is_success(), "{command:?}: {}", outcome.failure("it").join("\n"));
    outcome.output
}

#[test]
fn gofmt_prints_the_same_text() {
    let world = World::new();
    // Test data that is no valid Go is among these: there both complain.
    let print = |gofmt: &Path| {
        let mut gofmt = Command::new(gofmt);
        gofmt.current_dir(&world.goroot).args(["-s", "src/go", "src/net/http", "src/encoding"]);
        let outcome = process::run(&mut gofmt, LIMITS).expect("gofmt starts");
        (outcome.status, outcome.stopped, outcome.output)
    };
    let (ours, theirs) = (print(&world.tool("gofmt")), print(&world.goroot.join("bin/gofmt")));
    assert!(theirs.2.len() > 1 << 20);
    assert_eq!((ours.0, ours.1), (theirs.0, theirs.1));
    assert!(ours.2 == theirs.2, "gofmt compiled by Trigo prints something else");
}

#[test]
fn the_compiler_writes_the_same_bytes() {
    let world = World::new();
    let ours = world.tool("compile");
    let theirs = world.goroot.join("pkg/tool/linux_amd64/compile");
    let (roots, sample): (&[&str], &[&str]) = match places::nightly() {
        true => (&["std"], &[]),
        false => (&["go/types"], &["strconv", "go/ast", "go/types"]),
    };
    let (packages, imports) =
        world.packages(roots, |path| sample.is_empty() || sample.contains(&path));
    assert!(packages.len() >= sample.len().max(1));
    for package in packages {
        let expected = world.object(&theirs, &package, &imports, "");
        assert!(world.object(&ours, &package, &imports, "") == expected, "{}", package.path);
        if package.files.len() < 16 || places::nightly() {
            let collector = "torture=1000,verify,poison";
            let tortured = world.object(&ours, &package, &imports, collector) == expected;
            assert!(tortured, "{} under {collector}", package.path);
        }
    }
}

#[test]
fn the_go_command_builds_the_same_program() {
    let world = World::new();
    let built = |go: &Path, name: &str| {
        let program = world.path(name);
        let mut build = Command::new(go);
        build.current_dir(world.goroot.join("src/cmd/gofmt")).env("CGO_ENABLED", "0");
        build.env("GOROOT", &world.goroot).env("GOCACHE", world.path(&format!("{name}.cache")));
        output(build.args(["build", "-trimpath", "-o"]).arg(&program));
        fs::read(&program).expect("the program was written")
    };
    let theirs = built(&world.goroot.join("bin/go"), "theirs");
    assert!(built(&world.tool("go"), "ours") == theirs);
}
