//! The random programs notice a broken barrier: with either half left out they fail, in a child process, and
//! with the whole barrier the same programs pass.

mod support;

use std::{env, process::Command};
use support::{run::Program, watch::Watch};
use trigo_heap::{BrokenBarrier, Debug};

/// Programs tried until one fails.
const SEEDS: u64 = 20;

fn program(seed: u64, broken_barrier: BrokenBarrier) -> Program {
    let debug = Debug { verify: true, poison: true, broken_barrier, torture: None };
    Program { busy: true, laggard: true, debug, ..Program::new(20_000 + seed, 100_000) }
}

/// Runs the program of `seed` in a child; what it printed if it failed.
fn child(test: &str, broken: BrokenBarrier, seed: u64) -> Option<String> {
    let mut command = Command::new(env::current_exe().expect("a test program has a path"));
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
    let output = command
        .env("TRIGO_MODEL_BROKEN", format!("{broken:?} {seed}"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("a child can be started");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// In a child: runs what the parent asked for. True if this is one.
fn is_child(broken: BrokenBarrier) -> bool {
    let Ok(asked) = env::var("TRIGO_MODEL_BROKEN") else { return false };
    let (name, seed) = asked.split_once(' ').expect("a barrier and a seed");
    let barrier = if name == "None" { BrokenBarrier::None } else { broken };
    assert_eq!(name, format!("{barrier:?}"));
    program(seed.parse().expect("a number"), barrier).run();
    true
}

fn is_caught(test: &str, broken: BrokenBarrier) {
    if is_child(broken) {
        return;
    }
    let _watch = Watch::new(240, test);
    for seed in 0..SEEDS {
        if let Some(said) = child(test, broken, seed) {
            let loss = ["model: ", "verify: "];
            assert!(loss.iter().any(|l| said.contains(l)), "seed {seed} fails otherwise: {said}");
            println!("{broken:?}: caught at seed {seed}");
            let whole = child(test, BrokenBarrier::None, seed);
            assert_eq!(whole, None, "seed {seed} fails with the whole barrier too");
            return;
        }
    }
    panic!("{SEEDS} programs pass without the {broken:?} half of the barrier");
}

#[test]
fn a_missing_deletion_barrier_is_caught() {
    is_caught("a_missing_deletion_barrier_is_caught", BrokenBarrier::Deletion);
}

#[test]
fn a_missing_insertion_barrier_is_caught() {
    is_caught("a_missing_insertion_barrier_is_caught", BrokenBarrier::Insertion);
}
