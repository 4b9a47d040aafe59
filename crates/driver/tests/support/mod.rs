//! What the tests of the driver share.
#![allow(dead_code)] // Each user takes its part.

use std::path::Path;

use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::{Config, Graph, Loader};
use trigo_loader::tags::Tags;

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
