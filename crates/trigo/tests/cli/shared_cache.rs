//! Processes that share a cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

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

/// A module with a chain of packages, the last of which is faulty.
fn chain() -> World {
    let world = World::new(&[("m/a.go", "package m\nvar Sum = 1\n")]);
    for n in 0..PACKAGES {
        let import = if n == 0 { "m".into() } else { format!("m/p{}", n - 1) };
        let name = if n == 0 { "m".into() } else { format!("p{}", n - 1) };
        let text = format!("package p{n}\nimport \"{import}\"\nvar Sum = {name}.Sum + 1\n");
        world.write(&format!("m/p{n}/p.go"), &text);
    }
    let faulty = format!("package z\nimport \"m/p{}\"\nvar X string = p{0}.Sum\n", PACKAGES - 1);
    world.write("m/z/z.go", &faulty);
    world
}

/// The entries of a cache by their names, with what is in them.
fn entries(world: &World, cache: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = world.path(cache).join("checked");
    let mut files = if root.exists() { files(&root) } else { BTreeMap::new() };
    // Made by who finds the cache there already, to note when old entries were looked for.
    files.remove(&root.join("trimmed"));
    let name = |path: PathBuf| path.strip_prefix(&root).unwrap().to_path_buf();
    files.into_iter().map(|(path, bytes)| (name(path), bytes)).collect()
}

#[test]
fn who_is_killed_leaves_whole_entries_and_no_others_under_their_names() {
    let world = chain();
    let alone = check(&world, "alone");
    let expected = entries(&world, "alone");
    for delay in [0, 2, 5, 10, 15, 20, 30, 50, 80] {
        let cache = format!("killed{delay}");
        let mut child = start(&world, &cache);
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        // A file on its way has a name of its own, and is removed like an old entry.
        let is_entry =
            |path: &PathBuf| !path.file_name().unwrap().as_encoded_bytes().starts_with(b".");
        for (path, bytes) in entries(&world, &cache).into_iter().filter(|(path, _)| is_entry(path))
        {
            assert!(expected.get(&path) == Some(&bytes), "{} after {delay} ms", path.display());
        }
        assert_eq!(check(&world, &cache), alone, "after {delay} ms");
        let mut all = entries(&world, &cache);
        all.retain(|path, _| is_entry(path));
        assert!(all == expected, "after {delay} ms");
    }
}

#[test]
fn who_fill_an_empty_cache_at_once_agree_and_leave_whole_entries() {
    let world = chain();
    let alone = check(&world, "alone");
    assert_eq!(alone.0, 1);
    let last = PACKAGES - 1;
    let fault = format!("cannot use p{last}.Sum (variable of type int) as string value");
    assert_eq!(alone.2, format!("z/z.go:3:16: {fault} in variable declaration\n"));
    let expected = entries(&world, "alone");
    assert!(expected.len() > PACKAGES, "{:?}", expected.keys());
    for round in 0..5 {
        let cache = format!("shared{round}");
        let both = [start(&world, &cache), start(&world, &cache)];
        for child in both {
            assert_eq!(result(child.wait_with_output().unwrap()), alone);
        }
        // The same names with the same contents: no entry is missing, half-written or left over under another name.
        let found = entries(&world, &cache);
        assert!(found == expected, "{:?}", found.keys());
        assert_eq!(check(&world, &cache), alone);
    }
}
