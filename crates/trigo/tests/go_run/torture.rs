//! The suite `go-run-torture`: the programs of `go-run` with a collection at every hundredth slow path of allocation, each
//! mark phase verified, and freed memory filled with poison. What passes in `go-run` has to pass here: a failure is a
//! lost object, a missing barrier or a collection that comes at the wrong moment. See [`cases`].

mod cases;
mod layout;
mod recipe;

use cases::Conditions;
use conformance::Suite;
use std::process::ExitCode;

fn main() -> ExitCode {
    let torture = Conditions {
        environment: &[("TRIGO_GC", "torture=100,verify,poison")],
        patience: 20,
        thinning: 2,
    };
    cases::run(Suite::variant("go-run-torture", "go-run"), torture)
}
