//! What the tests of the driver share.
#![allow(dead_code)] // Each user takes its part.

use std::fs;
use std::path::{Path, PathBuf};

use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::{Config, Graph, Loader};
use trigo_loader::tags::Tags;

/// A module `m` and a cache, in a GOROOT with nothing in it but `runtime`.
pub struct World(tempfile::TempDir);

impl World {
    /// The module has no package yet.
    pub fn empty() -> World {
        let world = World(tempfile::tempdir().unwrap());
        world.write("goroot/VERSION", "go1.27.3\n");
        world.write("goroot/src/runtime/r.go", "package runtime");
        world.write("m/go.mod", "module m\n\ngo 1.27\n");
        world
    }

    /// Where something is in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    /// Writes a file, in folders that are made.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A load in a directory, without any flags.
pub fn config(goroot: Goroot, dir: &Path) -> Config {
    Config {
        dir: dir.to_path_buf(),
        goroot,
        environment: Environment::default(),
        tags: Tags::default(),
        mod_mode: None,
        manifest: Default::default(),
    }
}

/// The packages that arguments name, which must load without errors.
pub fn load(config: &Config, arguments: &[&str]) -> Graph {
    let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
    let graph = Loader::new(config).unwrap().load(&arguments, Tests::Skip);
    assert!(graph.all_errors().is_empty(), "{:?}", graph.all_errors());
    graph
}

/// Packages of the standard library.
pub fn standard(arguments: &[&str]) -> Graph {
    let goroot = conformance::places::goroot().expect("run `cargo xtask setup` first");
    let goroot = Goroot::open(&goroot, Origin::Flag).unwrap();
    let src = goroot.src();
    load(&config(goroot, &src), arguments)
}
