//! `cargo xtask`: everything a contributor to Trigo does, as one command.
//!
//! Each verb is one file under `verbs/` and one variant below; what verbs share lies beside this
//! file, one concept each:
//!
//! * [`cache`]: where fetched things live, and how verbs find them;
//! * [`fetch`]: Go's `test/` directory, and how clients of archives are run;
//! * [`fuzz`]: the fuzz targets;
//! * [`guard`]: running a child under a time and a memory limit;
//! * [`stage`]: the list of named, timed, counted steps that a test run is made of;
//! * [`suite`]: which steps Trigo's tests consist of;
//! * [`artifacts`]: which test programs and examples cargo built;
//! * [`conformance`]: the table of conformance suites;
//! * [`models`]: the list of loom models that must exist;
//! * [`walls`]: which room of the house may never import which;
//! * [`workspace`]: this repository's root and the cargo that builds it.

mod artifacts;
mod cache;
mod conformance;
mod fetch;
mod fuzz;
mod guard;
mod models;
mod stage;
mod suite;
mod verbs;
mod walls;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Everything a contributor to Trigo does.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Fetch the outside parts (Go, Go's test directory) into a cache outside the repository
    Setup(verbs::setup::Setup),
    /// Run every test, each under a time and a memory limit
    Test(verbs::test::Test),
    /// Run one conformance suite and print how many of its cases pass
    Conformance(verbs::conformance::Conformance),
    /// Run one benchmark of the harness in bench/
    Bench(verbs::bench::Bench),
    /// Run the fuzz targets, each for some time
    Fuzz(verbs::fuzz::Fuzz),
    /// Run the long versions of the tests, Miri, AddressSanitizer and the fuzz targets
    Nightly(verbs::nightly::Nightly),
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Setup(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Conformance(verb) => verb.run(),
        Verb::Bench(verb) => verb.run(),
        Verb::Fuzz(verb) => verb.run(),
        Verb::Nightly(verb) => verb.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
