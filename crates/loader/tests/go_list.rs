//! The real `go list` is the oracle: over the whole standard library and the go command's sources,
//! every package must have the same files, imports and embedded files.
//!
//! Needs a GOROOT with a `go` command and fetches one where the machine has none.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use trigo_loader::directory::{Directory, Role, Tests};
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{self, Goroot, Missing};
use trigo_loader::graph::{Config, Form, Graph, Loader, Package};
use trigo_loader::tags::Tags;

fn goroot() -> Goroot {
    goroot::find(None, &Environment::of_process(), Missing::Fetch)
        .expect("these tests need a GOROOT")
}

fn load(goroot: &Goroot, arguments: &[&str]) -> Graph {
    let config = Config {
        dir: goroot.src(),
        goroot: goroot.clone(),
        environment: Environment::default(),
        tags: Tags::default(),
        mod_mode: None,
        manifest: Default::default(),
    };
    let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
    Loader::new(&config).unwrap().load(&arguments, Tests::Read)
}

/// Runs `go list -json` with the environment Trigo stands for.
fn go_list(goroot: &Goroot, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(goroot.dir.join("bin/go"))
        .args(["list", "-json", "-pgo=off"])
        .args(arguments)
        .current_dir(goroot.src())
        .env("GOROOT", &goroot.dir)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=vendor")
        .env("GOENV", "off")
        .env("CGO_ENABLED", "0")
        .env("GOOS", "linux")
        .env("GOARCH", "amd64")
        .env("GOAMD64", "v1")
        .env_remove("GOEXPERIMENT")
        .output()
        .expect("the go command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packages = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    packages.map(|package| package.unwrap()).collect()
}

fn path_of(package: &Value) -> String {
    package["ImportPath"].as_str().unwrap().to_string()
}

/// Compares sets and shows only how they differ.
fn same_names(ours: &BTreeSet<String>, theirs: &BTreeSet<String>, what: &str) {
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    let none = (Vec::new(), Vec::new());
    assert_eq!((only(ours, theirs), only(theirs, ours)), none, "(ours, theirs) of {what}");
}

fn strings(package: &Value, key: &str) -> Vec<String> {
    let list = package[key].as_array().map(Vec::as_slice).unwrap_or(&[]);
    list.iter().map(|s| s.as_str().unwrap().to_string()).collect()
}

fn names(directory: &Directory, role: Role) -> Vec<String> {
    directory.files_of(role).map(|file| file.name().to_string()).collect()
}

/// What our package form says about the imports of the files of one role: resolved paths, sorted.
fn imports(graph: &Graph, package: &Package, role: Role) -> Vec<String> {
    let files = package.directory.files_of(role);
    let written: BTreeSet<&str> =
        files.flat_map(|file| &file.header.imports).map(|import| import.path.as_str()).collect();
    let of_role = package.imports.iter().filter(|import| written.contains(import.path.as_str()));
    let resolved: BTreeSet<String> = of_role
        .map(|import| graph.package(import.package.expect("resolved")).path.clone())
        .collect();
    resolved.into_iter().collect()
}

/// The patterns of a role's files, and the files they stand for.
fn embeds(package: &Package, role: Role) -> (Vec<String>, Vec<String>) {
    let files = package.directory.files_of(role);
    let embeds = files.flat_map(|file| &file.header.embeds);
    let patterns: BTreeSet<String> = embeds.map(|embed| embed.pattern.clone()).collect();
    let resolved = package.embeds.iter().filter(|embed| patterns.contains(&embed.pattern));
    let files: BTreeSet<String> = resolved.flat_map(|embed| embed.files.clone()).collect();
    (patterns.into_iter().collect(), files.into_iter().collect())
}

#[test]
fn std_and_cmd_are_what_go_list_says() {
    let goroot = goroot();
    let theirs = go_list(&goroot, &["std", "cmd"]);
    let graph = load(&goroot, &["std", "cmd"]);
    assert_eq!(graph.all_errors(), Vec::<&trigo_loader::Error>::new());
    let ours = graph.roots.iter().map(|root| root.path.clone()).collect();
    same_names(&ours, &theirs.iter().map(path_of).collect(), "std cmd");
    let by_path: BTreeMap<&str, &Value> =
        theirs.iter().map(|package| (package["ImportPath"].as_str().unwrap(), package)).collect();
    for root in &graph.roots {
        let package = by_path[root.path.as_str()];
        let directory = &root.directory;
        let same = |key: &str, ours: Vec<String>| {
            let mut theirs = strings(package, key);
            // Imports come in the order of the paths as written, before vendoring.
            theirs.sort();
            assert_eq!(ours, theirs, "{key} of {}", root.path);
        };
        assert_eq!(directory.name, package["Name"], "{}", root.path);
        assert_eq!(directory.dir.to_str(), package["Dir"].as_str());
        same("GoFiles", names(directory, Role::Package));
        same("TestGoFiles", names(directory, Role::Test));
        same("XTestGoFiles", names(directory, Role::ExternalTest));
        same("IgnoredGoFiles", directory.ignored_go_files.clone());
        same("IgnoredOtherFiles", directory.ignored_other_files.clone());
        same("SFiles", directory.assembly_files.clone());
        same("HFiles", directory.header_files.clone());
        same("SysoFiles", directory.object_files.clone());
        if let Some(id) = root.plain {
            same("Imports", imports(&graph, graph.package(id), Role::Package));
            let (patterns, files) = embeds(graph.package(id), Role::Package);
            same("EmbedPatterns", patterns);
            same("EmbedFiles", files);
        }
        if let Some(id) = root.with_tests {
            same("TestImports", imports(&graph, graph.package(id), Role::Test));
            let (patterns, files) = embeds(graph.package(id), Role::Test);
            same("TestEmbedPatterns", patterns);
            assert_eq!(files.is_empty(), strings(package, "TestEmbedPatterns").is_empty());
        }
        if let Some(id) = root.external_test {
            same("XTestImports", imports(&graph, graph.package(id), Role::ExternalTest));
            let (patterns, files) = embeds(graph.package(id), Role::ExternalTest);
            same("XTestEmbedPatterns", patterns);
            assert_eq!(files.is_empty(), strings(package, "XTestEmbedPatterns").is_empty());
        }
        assert_eq!(root.with_tests.is_some(), !strings(package, "TestGoFiles").is_empty());
        assert_eq!(root.external_test.is_some(), !strings(package, "XTestGoFiles").is_empty());
    }
}

#[test]
fn dependencies_and_test_forms_are_what_go_list_says() {
    let goroot = goroot();
    for path in
        ["strings", "os", "net/http", "internal/abi", "encoding/json", "cmd/go/internal/load"]
    {
        // The go command also makes a main package that runs the tests, and what that needs.
        let is_test_main = |name: &str| name.ends_with(".test");
        let mut theirs: BTreeSet<String> = BTreeSet::new();
        let mut queue: Vec<String> = Vec::new();
        let packages = go_list(&goroot, &["-test", "-deps", path]);
        let by_path: BTreeMap<&str, &Value> = packages
            .iter()
            .map(|package| (package["ImportPath"].as_str().unwrap(), package))
            .collect();
        for name in by_path.keys().filter(|name| !is_test_main(name)) {
            if *name == path
                || name.starts_with(&format!("{path} ["))
                || name.starts_with(&format!("{path}_test ["))
            {
                queue.push(name.to_string());
            }
        }
        while let Some(name) = queue.pop() {
            if theirs.insert(name.clone()) {
                queue.extend(strings(by_path[name.as_str()], "Imports"));
            }
        }
        let graph = load(&goroot, &[path]);
        let ours: BTreeSet<String> = graph.packages.iter().map(Package::describe).collect();
        same_names(&ours, &theirs, path);
    }
}

#[test]
fn imports_come_first_and_the_order_is_fixed() {
    let goroot = goroot();
    let describe = |graph: &Graph| graph.packages.iter().map(Package::describe).collect::<Vec<_>>();
    let graph = load(&goroot, &["std"]);
    for (id, package) in graph.iter() {
        for import in &package.imports {
            assert!(import.package.unwrap() < id, "{} in {}", import.path, package.describe());
        }
        if package.form == Form::ExternalTest {
            assert!(package.name().ends_with("_test"), "{}", package.describe());
        }
    }
    assert_eq!(describe(&graph), describe(&load(&goroot, &["std"])));
}
