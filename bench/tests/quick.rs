//! Every workload runs on every peer, and the page has every row. Sizes are tiny, so nothing
//! is measured here. Needs the Go that `cargo xtask setup` installs.

use std::process::Command;

#[test]
fn every_workload_runs_on_every_peer() {
    let output = Command::new(env!("CARGO_BIN_EXE_trigo-bench"))
        .args(["heap", "--quick"])
        .output()
        .expect("the harness was built for this test");
    let page = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}\n{page}");
    for case in
        ["trees", "mark-1g-shuffled", "alloc-64-alternate", "holds", "probe-churn", "return"]
    {
        assert!(page.contains(&format!("## {case}\n")), "no {case} in\n{page}");
    }
    assert!(!page.contains("failed"), "{page}");
}
