//! A memory limit: collect seldom while there is room, and as often as need be near the limit.
//!
//! The percentage is off, so the limit alone makes cycles start; in the second half the limit is
//! lowered while the program runs. A limit is soft: with more live than it allows, the heap grows past it
//! rather than fail, and only `Config::reserve` bounds it.
use std::{ptr::NonNull, time::Instant};
use trigo_heap::{Config, Error, Heap, Layout, Mutator, Root};

const MIB: usize = 1 << 20;
const BLOCK: usize = 16 << 10;
const LIVE: usize = 16 * MIB;

/// What the heap costs now: pages in use, and free ones that the system has not got back.
fn resident(heap: &Heap) -> usize {
    let stats = heap.stats();
    stats.committed - stats.idle + stats.idle_resident
}

/// Replaces blocks of the live set, one by one, until `bytes` bytes have been allocated; the most that
/// the heap cost meanwhile.
fn churn(mutator: &mut Mutator, live: &[Root], bytes: usize) -> Result<usize, Error> {
    let heap = mutator.heap().clone();
    let mut most = 0;
    for number in 0..bytes / BLOCK {
        let block: NonNull<u8> = mutator.alloc(Layout::NO_SCAN, BLOCK)?;
        live[number % live.len()].set(mutator, Some(block));
        if number % 16 == 0 {
            most = most.max(resident(&heap));
        }
    }
    Ok(most)
}

fn main() -> Result<(), Error> {
    let limit = 128 * MIB;
    let heap =
        Heap::new(Config { gc_percent: None, memory_limit: Some(limit), ..Config::default() })?;
    let mut mutator = heap.attach();
    let live: Vec<Root> = (0..LIVE / BLOCK).map(|_| mutator.empty_root()).collect();

    let mut cycles = Vec::new();
    for limit in [limit, limit / 2] {
        heap.set_memory_limit(Some(limit));
        let (start, before) = (Instant::now(), heap.stats().cycles);
        // The first stretch after the limit was lowered gives back what lies above it.
        churn(&mut mutator, &live, limit)?;
        let most = churn(&mut mutator, &live, 1024 * MIB)?;
        cycles.push(heap.stats().cycles - before);
        println!(
            "limit {} MiB, {} MiB live: at most {:.1} MiB in {} cycles and {:.2} s",
            limit / MIB,
            LIVE / MIB,
            most as f64 / MIB as f64,
            cycles.last().expect("just pushed"),
            start.elapsed().as_secs_f64()
        );
        assert!(most <= limit, "the limit holds while there is room below it");
        assert!(most > limit / 2, "and the room below it is used");
    }
    assert!(cycles[1] > cycles[0], "a lower limit is paid for with cycles");
    Ok(())
}
