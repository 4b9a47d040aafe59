//! The suite `go-run`: those programs of Go's `test/` directory that are compiled and run. See [`cases`].

mod cases;
mod layout;
mod recipe;

use cases::Conditions;
use conformance::Suite;
use std::process::ExitCode;

fn main() -> ExitCode {
    let plain = Conditions { environment: &[], patience: 1, thinning: 1 };
    cases::run(Suite::new("go-run"), plain)
}
