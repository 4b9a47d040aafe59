//! The conformance suites of the parser, run as tests.

mod common;
mod suite;

use suite::Report;

fn check(report: &Report) {
    println!("{}", report.summary());
    let shown = report.failures.iter().take(50).cloned().collect::<Vec<_>>().join("\n");
    assert!(report.failures.is_empty(), "{}\n{shown}", report.summary());
}

#[test]
fn syntax() {
    if let Some(goroot) = common::goroot() {
        let report = suite::syntax(&goroot);
        assert!(report.total > 5000, "{} files are too few for a distribution", report.total);
        check(&report);
    }
}

#[test]
fn errorcheck() {
    if let Some(test) = common::go_tests() {
        let report = suite::errorcheck(&test);
        assert!(report.total > 50, "{} files are too few for Go's tests", report.total);
        check(&report);
    }
}
