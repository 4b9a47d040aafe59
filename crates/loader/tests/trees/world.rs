//! A small world to load packages in: directories made from texts, and a GOROOT with a handful of
//! packages, so that these tests need nothing from outside.

use std::fs;
use std::path::PathBuf;

use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::{Config, Graph, Loader};
use trigo_loader::module::ModMode;
use trigo_loader::tags::Tags;

/// The world; gone when dropped.
pub struct World {
    dir: tempfile::TempDir,
    /// The `-mod` flag.
    pub mod_mode: Option<ModMode>,
    /// The `-tags` flag.
    pub tags: Vec<String>,
    /// More variables of the environment.
    pub variables: Vec<(String, String)>,
}

impl World {
    /// Makes files: paths and texts.
    pub fn new(files: &[(&str, &str)]) -> World {
        let world = World {
            dir: tempfile::tempdir().unwrap(),
            mod_mode: None,
            tags: Vec::new(),
            variables: Vec::new(),
        };
        world.add(&[
            ("goroot/VERSION", "go1.27.3\n"),
            ("goroot/src/runtime/r.go", "package runtime"),
            ("goroot/src/unsafe/u.go", "package unsafe"),
            ("goroot/src/fmt/f.go", "package fmt\nimport _ \"internal/abi\""),
            ("goroot/src/internal/abi/a.go", "package abi"),
            ("goroot/src/embed/e.go", "package embed"),
        ]);
        world.add(files);
        world
    }

    /// Makes more files.
    pub fn add(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// A place in the world.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    /// Loads packages as seen from a directory.
    pub fn load(&self, dir: &str, arguments: &[&str], tests: Tests) -> Graph {
        let mut variables = vec![("GOMODCACHE".to_string(), self.text("cache"))];
        variables.extend(self.variables.clone());
        let config = Config {
            dir: self.path(dir),
            goroot: Goroot::open(&self.path("goroot"), Origin::Flag).unwrap(),
            environment: Environment::of(variables),
            tags: Tags::new(self.tags.clone()),
            mod_mode: self.mod_mode,
            manifest: Default::default(),
        };
        let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
        match Loader::new(&config) {
            Ok(loader) => loader.load(&arguments, tests),
            Err(error) => Graph { errors: vec![error], ..Graph::default() },
        }
    }

    /// The errors of loading, with the world's directory written `$W`.
    pub fn errors(&self, dir: &str, arguments: &[&str]) -> Vec<String> {
        self.shorten(&self.load(dir, arguments, Tests::Skip))
    }

    /// The errors of loading with tests.
    pub fn test_errors(&self, dir: &str, arguments: &[&str]) -> Vec<String> {
        self.shorten(&self.load(dir, arguments, Tests::Read))
    }

    /// The packages of a graph without errors, in order.
    pub fn packages(&self, dir: &str, arguments: &[&str]) -> Vec<String> {
        let graph = self.load(dir, arguments, Tests::Skip);
        assert_eq!(self.shorten(&graph), Vec::<String>::new());
        graph.packages.iter().map(|package| package.describe()).collect()
    }

    fn shorten(&self, graph: &Graph) -> Vec<String> {
        let here = self.text("");
        let here = here.trim_end_matches('/');
        let errors = graph.all_errors().into_iter();
        errors.map(|error| error.to_string().replace(here, "$W")).collect()
    }

    fn text(&self, path: &str) -> String {
        self.path(path).to_str().unwrap().to_string()
    }
}
