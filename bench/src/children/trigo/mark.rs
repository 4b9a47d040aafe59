//! Forced collections.

use std::hint::black_box;

use trigo_heap::Mutator;

use super::object::{build, check_all};
use crate::job::Order;
use crate::meter;
use crate::report::Report;

pub fn run(mutator: &mut Mutator, report: &mut Report, log2: u32, order: Order, forced: u32) {
    let tree = black_box(build(mutator, log2, order));
    mutator.collect();
    let (before, cycles_before) = (meter::cpu(), mutator.heap().stats().cycles);
    for _ in 0..forced {
        mutator.collect();
    }
    let spent = (meter::cpu() - before).as_nanos() as f64;
    report.cycles = mutator.heap().stats().cycles - cycles_before;
    let objects = (1u64 << log2) - 1;
    report.set("ns_object", spent / (report.cycles * objects) as f64);
    check_all(tree, log2);
}
