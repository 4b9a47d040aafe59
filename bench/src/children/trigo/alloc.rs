//! Chains of small objects.

use std::ptr::null_mut;

use trigo_heap::{Mutator, Root};

use super::{held, hold, init, kind, new, pointers, set};
use crate::children::{HOT_CHAIN, time_chains};
use crate::job::Occupancy;
use crate::random::Random;
use crate::report::Report;

/// The first two words of each object; those of 32 and 64 bytes have more behind.
#[repr(C)]
struct Link {
    next: *mut Link,
    id: u64,
}

pub fn run<const BYTES: usize>(
    mutator: &mut Mutator,
    report: &mut Report,
    occupancy: Occupancy,
    fill: u32,
    churn: u32,
) {
    let kind = kind::<BYTES>(mutator.heap(), 0b1);
    let slots = |mib: u32| ((mib as usize) << 20) / BYTES;
    let count = if occupancy == Occupancy::Empty { 0 } else { slots(fill) };
    let new_link = |mutator: &mut Mutator| new::<BYTES, [u8; BYTES]>(mutator, kind).cast::<Link>();

    let kept = pointers::<Link>(mutator, count);
    for i in 0..count {
        let link = new_link(mutator);
        // SAFETY: the slot is one of the array, which this frame holds.
        unsafe {
            (*link).id = i as u64;
            set(mutator, kept.add(i), link);
        }
    }
    let mut random = Random::new(1);
    for i in (0..count).filter(|&i| occupancy.drops(i, &mut random)) {
        // SAFETY: as above.
        unsafe { set(mutator, kept.add(i), null_mut()) };
    }
    mutator.collect();

    let heap = mutator.heap().clone();
    let cycles_before = heap.stats().cycles;
    let sink: Root = mutator.empty_root();
    let chain = |length: usize| {
        let mut head = null_mut();
        for id in 0..length as u64 {
            let link = new_link(mutator);
            // SAFETY: the word is the pointer of a live object of the kind.
            unsafe {
                init(mutator, &raw mut (*link).next, head);
                (*link).id = id;
            }
            head = link;
        }
        hold(mutator, &sink, head);
    };
    let marking = || {
        let stats = heap.stats();
        (stats.background_cpu + stats.assist_cpu).as_nanos() as u64
    };
    time_chains(report, slots(churn), chain, marking);
    report.cycles = heap.stats().cycles - cycles_before;
    check(held(&sink), kept, count);
}

/// Panics unless the last chain and what was kept are intact.
fn check(chain: *const Link, kept: *const *mut Link, count: usize) {
    // SAFETY: the chain is rooted and the array held by the caller; nothing changes them any more.
    let link = |link: *const Link| unsafe { link.as_ref() };
    let last = std::iter::successors(link(chain), |last| link(last.next));
    assert!(last.map(|link| link.id).eq((0..HOT_CHAIN as u64).rev()), "the last chain is broken");
    for i in 0..count {
        // SAFETY: as above, and `i` is within the array.
        let kept = link(unsafe { *kept.add(i) });
        assert!(kept.is_none_or(|kept| kept.id == i as u64), "a kept object was overwritten");
    }
}
