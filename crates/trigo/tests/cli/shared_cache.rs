//! Processes that share a cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::world::{World, result};

/// Packages of the module besides its first.
const PACKAGES: usize = 40;

fn start(world: &World, cache: &str) -> Child {
    let mut command = world.command(&["check", "./..."]);
    command.env("GOROOT", world.path("goroot")).env("TRIGO_CACHE", world.path(cache));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn check(world: &World, cache: &str) -> (i32, String, String) {
    result(start(world, cache).wait_with_output().unwrap())
}

/// Every file below a folder by its path, with what is in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => {
                let bytes = fs::read(&path).unwrap();
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[test]
fn who_fill_an_empty_cache_at_once_agree_and_leave_whole_entries() {
    let world = World::new(&[("m/a.go", "package m\nvar Sum = 1\n")]);
    for n in 0..PACKAGES {
        let import = if n == 0 { "m".into() } else { format!("m/p{}", n - 1) };
        let name = if n == 0 { "m".into() } else { format!("p{}", n - 1) };
        let text = format!("package p{n}\nimport \"{import}\"\nvar Sum = {name}.Sum + 1\n");
        world.write(&format!("m/p{n}/p.go"), &text);
    }
    let faulty = format!("package z\nimport \"m/p{}\"\nvar X string = p{0}.Sum\n", PACKAGES - 1);
    world.write("m/z/z.go", &faulty);
    let alone = check(&world, "alone");
    assert_eq!(alone.0, 1);
    let last = PACKAGES - 1;
    let fault = format!("cannot use p{last}.Sum (variable of type int) as string value");
    assert_eq!(alone.2, format!("z/z.go:3:16: {fault} in variable declaration\n"));
    let entries = |cache: &str| {
        let root = world.path(cache).join("checked");
        let mut files = files(&root);
        // Made by who finds the cache there already, to note when old entries were looked for.
        files.remove(&root.join("trimmed"));
        let files = files.into_iter();
        files
            .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_path_buf(), bytes))
            .collect::<BTreeMap<_, _>>()
    };
    let expected = entries("alone");
    assert!(expected.len() > PACKAGES, "{:?}", expected.keys());
    for round in 0..5 {
        let cache = format!("shared{round}");
        let both = [start(&world, &cache), start(&world, &cache)];
        for child in both {
            assert_eq!(result(child.wait_with_output().unwrap()), alone);
        }
        // The same names with the same contents: no entry is missing, half-written or left over under another name.
        assert!(entries(&cache) == expected, "{:?}", entries(&cache).keys());
        assert_eq!(check(&world, &cache), alone);
    }
}
