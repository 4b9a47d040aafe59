//! The standard library with Trigo's own runtime in it checks, bodies included, as it is compiled.

use trigo_driver::Bodies;
use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{self, Missing};
use trigo_loader::graph::{Config, Loader};
use trigo_loader::tags::Tags;

#[test]
fn the_standard_library_checks_with_the_runtime_of_the_overlay() {
    let mut environment = Environment::of_process();
    let goroot = goroot::find(None, &environment, Missing::Fetch).expect("a GOROOT");
    environment.read_goroot(&goroot.dir);
    let dir = std::env::temp_dir();
    let config = Config {
        dir,
        goroot,
        environment,
        tags: Tags::default(),
        mod_mode: None,
        manifest: Default::default(),
    };
    let loader = Loader::new(&config).expect("no module").for_compiling();
    let graph = loader.load(&["std".to_string()], Tests::Skip);
    let loading = graph.all_errors().into_iter().cloned();
    let checking = trigo_driver::check(&graph, Bodies::All).errors();
    let errors: Vec<String> = loading.chain(checking).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let runtime = graph.iter().find(|(_, package)| package.path == "runtime").expect("runtime").1;
    assert!(runtime.files().any(|file| file.name() == "natives.go"));
}
