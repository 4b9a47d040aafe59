//! What a heap that is small costs.
use std::{sync::Barrier, thread};
use trigo_heap::{Config, Heap, Layout};

const MIB: usize = 1 << 20;
const MUTATORS: usize = 5;

#[test]
fn spans_that_are_nearly_empty_cost_little() {
    let heap = Heap::new(Config::default()).unwrap();
    let all = Barrier::new(MUTATORS + 1);
    let few_of_many_kinds = || {
        let mut m = heap.attach();
        for bytes in (8..=1024).step_by(8) {
            for layout in [Layout::NO_SCAN, Layout::POINTERS, Layout::CONSERVATIVE] {
                m.alloc(layout, bytes).unwrap();
            }
        }
        m.blocked(|| (all.wait(), all.wait()));
    };
    thread::scope(|scope| {
        (0..MUTATORS).for_each(|_| drop(scope.spawn(few_of_many_kinds)));
        all.wait();
        let stats = heap.stats();
        all.wait();
        let used = stats.committed - stats.idle;
        assert!(used <= 10 * MIB, "{used} bytes for {} bytes of objects", stats.heap_bytes);
    });
}
