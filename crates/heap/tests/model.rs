//! Random programs against a shadow graph: no object that can be reached is ever freed or reused, and
//! everything else is, once.
//!
//! A failure names the seed and the number of operations: a program is a prefix of any longer one with
//! the same seed, so `TRIGO_MODEL=SEED:OPERATIONS` with fewer operations looks for the shortest one that fails.

mod support;

use std::time::Instant;
use support::{run::Program, watch::nightly};
use trigo_heap::Debug;

/// Runs `programs` programs made by `make` from seeds, scaled up in nightly runs, and says how much that was.
fn run(name: &str, programs: u64, make: impl Fn(u64) -> Program) {
    let seeds: Vec<Program> = match std::env::var("TRIGO_MODEL") {
        Ok(one) => {
            let (seed, operations) = one.split_once(':').expect("TRIGO_MODEL is SEED:OPERATIONS");
            let number = |s: &str| s.parse::<u64>().expect("TRIGO_MODEL is SEED:OPERATIONS");
            vec![Program { operations: number(operations), ..make(number(seed)) }]
        }
        Err(_) => (0..programs * if nightly() { 20 } else { 1 }).map(make).collect(),
    };
    let start = Instant::now();
    let mut operations = 0;
    for program in seeds {
        let failed = std::panic::catch_unwind(|| program.run());
        operations += failed.unwrap_or_else(|panic| {
            eprintln!(
                "{name}: TRIGO_MODEL={}:{} fails; {program:?}",
                program.seed, program.operations
            );
            std::panic::resume_unwind(panic)
        });
    }
    println!("{name}: {operations} operations in {:.1} s", start.elapsed().as_secs_f64());
}

const VERIFY: Debug = Debug {
    verify: true,
    poison: true,
    torture: None,
    broken_barrier: trigo_heap::BrokenBarrier::None,
};

#[test]
fn cycles_that_the_program_starts() {
    run("own cycles", 4, |seed| Program::new(seed, 250_000));
}

#[test]
fn cycles_all_the_time() {
    run("busy", 8, |seed| Program { busy: true, ..Program::new(1000 + seed, 200_000) });
}

#[test]
fn cycles_all_the_time_with_late_answers() {
    run("late answers", 6, |seed| Program {
        busy: true,
        laggard: true,
        ..Program::new(2000 + seed, 100_000)
    });
}

#[test]
fn verified_cycles() {
    run("verify", 10, |seed| Program {
        busy: true,
        debug: VERIFY,
        ..Program::new(3000 + seed, 100_000)
    });
}

#[test]
fn a_cycle_at_every_fiftieth_allocation() {
    run("torture", 10, |seed| Program {
        debug: Debug { torture: Some(50), ..VERIFY },
        ..Program::new(4000 + seed, 10_000)
    });
}

/// Ten million operations: every allocation takes the slow path and every 2,000th collects, with every mark phase verified and
/// freed slots poisoned.
#[test]
fn ten_million_operations_tortured_and_verified() {
    let debug = Debug { torture: Some(2000), ..VERIFY };
    run("ten million", 20, |seed| Program { debug, ..Program::new(6000 + seed, 500_000) });
}

#[test]
fn pointers_on_the_native_stack() {
    run("native stack", 5, |seed| Program {
        busy: true,
        native: true,
        ..Program::new(5000 + seed, 200_000)
    });
}
