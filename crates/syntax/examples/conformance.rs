//! `cargo run --release --example conformance`: runs the parser's conformance suites and prints `SUITE: PASSED/TOTAL`
//! for each, with the failures on standard error. Exits with 1 if there are any.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/suite/mod.rs"]
mod suite;

use std::process::ExitCode;

fn main() -> ExitCode {
    let reports = [
        common::goroot().map(|goroot| suite::syntax(&goroot)),
        common::go_tests().map(|test| suite::errorcheck(&test)),
    ];
    let mut code = ExitCode::SUCCESS;
    for report in reports.iter().flatten() {
        for failure in &report.failures {
            eprintln!("{failure}");
            code = ExitCode::FAILURE;
        }
        println!("{}", report.summary());
    }
    code
}
