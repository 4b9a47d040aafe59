//! Random programs of several mutators that hand objects to each other.

mod support;

use std::time::Instant;
use support::{run::Program, watch::nightly};
use trigo_heap::Debug;

fn run(name: &str, programs: u64, make: impl Fn(u64) -> Program) {
    let start = Instant::now();
    let programs = programs * if nightly() { 20 } else { 1 };
    let operations: u64 = (0..programs).map(|seed| make(seed).run()).sum();
    println!("{name}: {operations} operations in {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn four_mutators() {
    run("four mutators", 4, |seed| Program { worlds: 4, ..Program::new(10_000 + seed, 150_000) });
}

#[test]
fn three_mutators_cycles_all_the_time() {
    run("three mutators, busy", 4, |seed| Program {
        worlds: 3,
        busy: true,
        ..Program::new(11_000 + seed, 100_000)
    });
}

#[test]
fn three_mutators_one_late_verified() {
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    run("three mutators, late, verify", 4, |seed| Program {
        worlds: 3,
        busy: true,
        laggard: true,
        debug,
        ..Program::new(12_000 + seed, 40_000)
    });
}

#[test]
fn three_mutators_on_their_native_stacks() {
    run("three mutators, native", 3, |seed| Program {
        worlds: 3,
        busy: true,
        native: true,
        ..Program::new(13_000 + seed, 60_000)
    });
}
