//! Every function of the standard library becomes valid IR: generic ones in the instances that others use. By night all
//! of it, otherwise `net/http` and what it imports.

use conformance::places;
use trigo_driver::Bodies;
use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::{Config, Loader};
use trigo_loader::tags::Tags;
use trigo_lower::{Package, lower_packages};

#[test]
fn the_standard_library_lowers_and_verifies() {
    let dir = places::goroot().expect("Go is there; run `cargo xtask setup`");
    let goroot = Goroot::open(&dir, Origin::Flag).expect("a GOROOT");
    let mut environment = Environment::of_process();
    environment.read_goroot(&goroot.dir);
    let dir = std::env::current_dir().expect("a current directory");
    let config = Config {
        dir,
        goroot,
        environment,
        tags: Tags::new([]),
        mod_mode: None,
        manifest: Default::default(),
    };
    let loader = Loader::new(&config).expect("a loader").for_compiling();
    let what = if places::nightly() { "std" } else { "net/http" };
    let graph = loader.load(&[what.to_owned()], Tests::Skip);
    assert!(graph.all_errors().is_empty(), "{:?}", graph.all_errors());
    let checked = trigo_driver::check(&graph, Bodies::All);
    assert!(checked.errors().is_empty(), "{:?}", checked.errors());
    let packages = checked.packages.iter().filter_map(|p| {
        let pkg = p.pkg?;
        Some(Package {
            pkg,
            files: &p.files,
            info: &p.info,
            embeds: Vec::new(),
            aliases: Vec::new(),
        })
    });
    let lowered = lower_packages(&checked.store, packages.collect());
    let syms = &lowered.program.context.syms;
    let errors: Vec<String> = lowered.errors.iter().map(|error| error.show(syms)).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(lowered.program.funcs.len() > 5000);
}
