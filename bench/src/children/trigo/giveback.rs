//! Giving memory back.

use trigo_heap::{Heap, Mutator};

use super::object::{Object, check, grow, object_kind};
use super::{attached, held, hold};
use crate::children::{KEPT_BELOW, idle, live_after_drop};
use crate::report::Report;

pub fn run(mutator: &mut Mutator, report: &mut Report, log2: u32, settle: u64, window: u64) {
    let heap = mutator.heap().clone();
    let live = mutator.empty_root();
    elsewhere(mutator, &heap, |mutator| {
        let kind = object_kind(mutator.heap());
        let tree = grow(mutator, kind, log2, &mut 0);
        hold(mutator, &live, tree);
    });
    let drop_most = |mutator: &mut Mutator| {
        elsewhere(mutator, &heap, |mutator| {
            for _ in 0..KEPT_BELOW {
                let object: *mut Object = held(&live);
                // SAFETY: the handle keeps the object.
                hold(mutator, &live, unsafe { (*object).left });
            }
        });
    };
    idle(report, mutator, log2, [settle, window], drop_most, |mutator, sleep| {
        mutator.blocked(sleep);
    });
    report.set("bound_mb", (1.1 * 2.0 * live_after_drop(log2) as f64 + f64::from(8 << 20)) / 1e6);
    let first = u64::from(KEPT_BELOW);
    let mut next = first;
    check(held(&live), &mut next);
    assert_eq!(next - first, (1 << (log2 - KEPT_BELOW)) - 1, "the subtree lost objects");
}

/// Runs `f` on a thread of its own. Later frames of this thread do not overwrite all of what earlier ones leave on
/// the stack, and its conservative scan would find the dropped tree there.
fn elsewhere(mutator: &mut Mutator, heap: &Heap, f: impl FnOnce(&mut Mutator) + Send) {
    mutator.blocked(|| std::thread::scope(|scope| _ = scope.spawn(|| attached(heap, f))));
}
