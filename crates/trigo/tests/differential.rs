//! Random Go programs behave under Trigo as they do under Go.

use conformance::places;
use std::path::PathBuf;

/// The seeds of a quick run, and of a night's.
const QUICK: std::ops::Range<u64> = 1..201;
const NIGHTLY: std::ops::Range<u64> = 1..5001;

#[test]
fn random_programs_behave_as_under_go() {
    let goroot = places::goroot().expect("Go is there; run `cargo xtask setup`");
    let peers = differential::Peers {
        go: goroot.join("bin/go"),
        trigo: PathBuf::from(env!("CARGO_BIN_EXE_trigo")),
    };
    let seeds = if places::nightly() { NIGHTLY } else { QUICK };
    let summary = differential::compare(&peers, seeds).expect("both compilers run");
    assert!(summary.is_good(), "{summary:#?}");
}
