//! Lowers every function of packages and of what they import, and reports what cannot be lowered.
//!
//! `cargo run -p trigo-lower --example lower -- GOROOT PACKAGE…`. The GOROOT may be one whose package `runtime` is Trigo's;
//! `SHOW=name` prints the functions whose link names contain it.

use std::process::ExitCode;
use trigo_driver::Bodies;
use trigo_loader::directory::Tests;
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::{Config, Loader};
use trigo_loader::tags::Tags;
use trigo_lower::{Package, lower_packages};

/// How many errors are shown.
const SHOWN: usize = 60;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(goroot) = args.next() else {
        eprintln!("usage: lower GOROOT PACKAGE...");
        return ExitCode::FAILURE;
    };
    let arguments: Vec<String> = args.collect();
    let goroot = Goroot::open(goroot.as_ref(), Origin::Flag).expect("a GOROOT");
    let mut environment = Environment::of_process();
    environment.read_goroot(&goroot.dir);
    let tags = ["purego", "math_big_pure_go"].map(String::from);
    let dir = std::env::current_dir().expect("a current directory");
    let config = Config { dir, goroot, environment, tags: Tags::new(tags), mod_mode: None };
    let graph = Loader::new(&config).expect("a loader").load(&arguments, Tests::Skip);
    let checked = trigo_driver::check(&graph, Bodies::All);
    for error in graph.all_errors().into_iter().chain(&checked.errors()).take(SHOWN) {
        eprintln!("{error}");
    }
    let packages: Vec<Package<'_>> = checked
        .packages
        .iter()
        .filter_map(|p| {
            let pkg = p.pkg?;
            Some(Package { pkg, files: &p.files, info: &p.info, embeds: Vec::new() })
        })
        .collect();
    let lowered = lower_packages(&checked.store, packages);
    let context = &lowered.program.context;
    println!("{} functions, {} errors", lowered.program.funcs.len(), lowered.errors.len());
    for error in lowered.errors.iter().take(SHOWN) {
        println!("{}", error.show(&context.syms));
    }
    if let Ok(show) = std::env::var("SHOW") {
        for func in &lowered.program.funcs {
            if context.syms.text(func.sym).contains(&show) {
                println!("{}", trigo_ir::text::print_func(context, func));
            }
        }
    }
    match lowered.errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
