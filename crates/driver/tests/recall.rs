//! A check reads only the sources that it needs.

mod support;

use std::fs;
use std::time::Duration;

use support::World;
use trigo_driver::{Cache, Recall};
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::Graph;
use trigo_loader::manifest::SETTLED;

/// What a check said, and the names of the files whose text it read.
type Outcome = (Vec<String>, Vec<String>);

impl World {
    /// A module of three packages, each importing the one before.
    fn new() -> World {
        let world = World::empty();
        world.write("m/base/base.go", "package base\n\nfunc Base() int { return 1 }\n");
        world.write("m/base/more.go", "package base\n\nvar More = Base()\n");
        world.write("m/lib/lib.go", "package lib\n\nimport \"m/base\"\n\nvar Lib = base.More\n");
        world.write(
            "m/app/app.go",
            "package main\n\nimport \"m/lib\"\n\nfunc main() { println(lib.Lib) }\n",
        );
        world.settle();
        world
    }

    /// Waits until files that were written may be noted.
    fn settle(&self) {
        std::thread::sleep(SETTLED + Duration::from_millis(100));
    }

    fn load(&self) -> (Graph, Recall) {
        let goroot = Goroot::open(&self.path("goroot"), Origin::Flag).unwrap();
        let mut config = support::config(goroot, &self.path("m"));
        let cache = Cache::new(self.path("cache/manifests"));
        let arguments = ["./app".to_string()];
        let recall = Recall::new(cache, "check", &mut config, &arguments);
        (support::load(&config, &["./app"]), recall)
    }

    fn finish(&self, graph: &Graph, recall: &Recall) -> Outcome {
        let cache = Cache::new(self.path("cache/checked"));
        let program = trigo_driver::check_cached(graph, Some(&cache));
        recall.keep(graph);
        let files = graph.packages.iter().flat_map(|package| package.files());
        let read = files.filter(|file| file.is_read()).map(|file| file.name().to_string());
        (program.errors().iter().map(ToString::to_string).collect(), read.collect())
    }

    fn check(&self) -> Outcome {
        let (graph, recall) = self.load();
        self.finish(&graph, &recall)
    }
}

fn read(names: &[&str]) -> Outcome {
    (Vec::new(), names.iter().map(|name| name.to_string()).collect())
}

#[test]
fn only_the_edited_package_is_read_and_those_that_see_the_edit() {
    let world = World::new();
    assert_eq!(world.check(), read(&["base.go", "more.go", "lib.go", "app.go"]));
    assert_eq!(world.check(), read(&[]));
    world.write("m/base/base.go", "package base\n\nfunc Base() int { return 2 }\n");
    assert_eq!(world.check(), read(&["base.go", "more.go"]), "importers see no difference");
    assert_eq!(world.check(), read(&["base.go"]), "it was just edited");
    world.settle();
    world.check();
    assert_eq!(world.check(), read(&[]));
    world.write("m/base/base.go", "package base\n\nfunc Base() uint { return 2 }\n");
    assert_eq!(world.check(), read(&["base.go", "more.go", "lib.go", "app.go"]));
}

#[test]
fn errors_are_the_same_though_less_is_read() {
    let world = World::new();
    world.check();
    world.write("m/app/app.go", "package main\n\nimport \"m/lib\"\n\nfunc main() { lib.Lib() }\n");
    let (errors, _) = world.check();
    assert_eq!(errors.len(), 1);
    let (again, read) = world.check();
    assert_eq!((again, &read[..]), (errors, &["app.go".to_string()][..]));
}

#[test]
fn a_file_that_changes_meanwhile_is_an_error_once() {
    let world = World::new();
    world.check();
    let (graph, recall) = world.load();
    fs::remove_dir_all(world.path("cache/checked")).unwrap();
    world.write("m/base/base.go", "package base\n\nfunc Base() int { return 3 }\n");
    let (errors, _) = world.finish(&graph, &recall);
    let file = world.path("m/base/base.go");
    assert_eq!(errors, [format!("{}: the file has just changed; try again", file.display())]);
    assert_eq!(world.check().0, [""; 0]);
}
