//! A language runtime in miniature that uses the heap as compiled code would: goroutines on stacks of their own, which
//! move between workers; allocation, barrier, polls and function entries by the offsets; everything else on the worker's
//! system stack. `docs/embedding-raw.md` tells the same in words.

// Not for Miri: assembly and mapped memory.
#![cfg(all(target_arch = "x86_64", not(miri)))]

mod code;
mod stubs;
mod vm;

use std::{sync::Arc, thread};
use trigo_heap::{Config, Debug, Heap, Layout, LayoutSpec, Zeroing, offsets};
use vm::Vm;

/// Runs `goroutines` of them, `rounds` long, on two workers; the heap must be whole and empty afterwards.
fn run(debug: Debug, goroutines: usize, rounds: usize) {
    let config = Config { min_heap: 256 << 10, reserve: 1 << 30, debug, ..Config::default() };
    let heap = Heap::new(config).unwrap();
    // SAFETY: nodes are as `code` has them.
    let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size: 32, bits: &[0b11] }).unwrap() };
    let kinds = vec![
        heap.kind(layout, 32, Zeroing::Uninitialized).unwrap(),
        heap.kind(Layout::NO_SCAN, 48, Zeroing::Zeroed).unwrap(),
    ];
    let vm = Arc::new(Vm::new(heap.clone(), kinds));
    let mut mutator = heap.attach();
    vm.spawn(&mut mutator, code::root, goroutines << 32 | rounds);
    mutator.blocked(|| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| vm.work());
            }
        });
    });
    assert_eq!(vm.finalized.load(std::sync::atomic::Ordering::Relaxed), goroutines);
    mutator.collect();
    assert_eq!(
        heap.stats().live_objects,
        0,
        "a stack, a client word or a queue still holds something"
    );
    assert!(heap.stats().cycles > 3);
}

#[test]
fn goroutines_keep_what_they_hold_while_cycles_run() {
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    run(debug, 48, 100);
}

#[test]
fn goroutines_keep_what_they_hold_when_any_allocation_collects() {
    let debug = Debug { verify: true, poison: true, torture: Some(7), ..Debug::default() };
    run(debug, 6, 12);
}

#[test]
fn a_linker_can_number_kinds_and_cursors() {
    let heap = Heap::new(Config::default()).unwrap();
    let bits = [0b01, 0b10];
    for (n, bits) in bits.into_iter().enumerate() {
        // SAFETY: nothing is allocated.
        let layout =
            unsafe { heap.layout(LayoutSpec::Bitmap { size: 16, bits: &[bits] }).unwrap() };
        let kind = heap.kind(layout, 16, Zeroing::Uninitialized).unwrap();
        assert_eq!(kind.cursor_offset(), offsets::cursor_of(offsets::FIRST_KIND + n));
    }
    for layout in [Layout::NO_SCAN, Layout::POINTERS, Layout::CONSERVATIVE] {
        let kind = heap.kind(layout, 100, Zeroing::Zeroed).unwrap();
        assert_eq!(Some(kind.cursor_offset()), offsets::uniform_cursor(layout, 100));
        assert_eq!(Some(kind.size()), offsets::slot_size(100));
    }
    assert_eq!(offsets::uniform_cursor(Layout::NO_SCAN, 40 << 10), None);
}
