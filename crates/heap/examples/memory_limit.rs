//! A memory limit: collect seldom while there is room, and as often as need be near the limit.
//!
//! The percentage is off, so the limit alone makes cycles start; in the second half the limit is
//! lowered while the program runs. A limit is soft: a program that allocates faster than the collector gets
//! a processor may pass it for a moment, and with more live than it allows the heap grows rather than
//! fail; only `Config::reserve` bounds it then.
use std::{
    ptr::NonNull,
    thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, Error, Heap, Layout, Mutator, Root};

const MIB: usize = 1 << 20;
const BLOCK: usize = 16 << 10;
const LIVE: usize = 32 * MIB;

/// How long it may take until the heap fits a lower limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the heap costs now: pages in use, and free ones that the system has not got back.
fn resident(heap: &Heap) -> usize {
    let stats = heap.stats();
    stats.committed - stats.idle + stats.idle_resident
}

/// Replaces blocks of the live set, one by one, until `bytes` bytes have been allocated; what the heap
/// cost meanwhile, in the median and at the most.
fn churn(mutator: &mut Mutator, live: &[Root], bytes: usize) -> Result<(usize, usize), Error> {
    let heap = mutator.heap().clone();
    let mut costs = Vec::new();
    for number in 0..bytes / BLOCK {
        let block: NonNull<u8> = mutator.alloc(Layout::NO_SCAN, BLOCK)?;
        live[number % live.len()].set(mutator, Some(block));
        if number % (MIB / BLOCK) == 0 {
            costs.push(resident(&heap));
            // About what a program does that also has something else to do.
            mutator.blocked(|| thread::sleep(Duration::from_millis(1)));
        }
    }
    costs.sort_unstable();
    Ok((costs[costs.len() / 2], costs[costs.len() - 1]))
}

fn main() -> Result<(), Error> {
    let limit = 256 * MIB;
    let heap =
        Heap::new(Config { gc_percent: None, memory_limit: Some(limit), ..Config::default() })?;
    let mut mutator = heap.attach();
    let live: Vec<Root> = (0..LIVE / BLOCK).map(|_| mutator.empty_root()).collect();

    let mut cycles = Vec::new();
    for limit in [limit, limit / 2] {
        heap.set_memory_limit(Some(limit));
        let (start, before) = (Instant::now(), heap.stats().cycles);
        // After the limit was lowered, a cycle frees what is over it and the system gets it back in the background.
        mutator.blocked(|| {
            while resident(&heap) > limit && start.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let (median, most) = churn(&mut mutator, &live, 1024 * MIB)?;
        cycles.push(heap.stats().cycles - before);
        println!(
            "limit {} MiB, {} MiB live: {:.1} MiB in the median, {:.1} at the most, {} cycles in {:.2} s",
            limit / MIB,
            LIVE / MIB,
            median as f64 / MIB as f64,
            most as f64 / MIB as f64,
            cycles.last().expect("just pushed"),
            start.elapsed().as_secs_f64()
        );
        assert!(median <= limit, "the limit holds, but for moments");
        assert!(most > limit / 2, "and the room below it is used");
    }
    assert!(cycles[1] > cycles[0], "a lower limit is paid for with cycles");
    Ok(())
}
