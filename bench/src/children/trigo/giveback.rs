//! Giving memory back.

use trigo_heap::{Mutator, Root};

use super::object::{Object, ObjectKind, check, grow, object_kind};
use super::{held, hold};
use crate::children::{KEPT_BELOW, idle, live_after_drop};
use crate::report::Report;

pub fn run(mutator: &mut Mutator, report: &mut Report, log2: u32, settle: u64, window: u64) {
    let kind = object_kind(mutator.heap());
    let live = mutator.empty_root();
    plant(mutator, kind, log2, &live);
    let drop_most = |mutator: &mut Mutator| prune(mutator, &live);
    idle(report, mutator, log2, [settle, window], drop_most, |mutator, sleep| {
        mutator.blocked(sleep);
    });
    report.set("bound_mb", (1.1 * 2.0 * live_after_drop(log2) as f64 + f64::from(8 << 20)) / 1e6);
    let first = u64::from(KEPT_BELOW);
    let mut next = first;
    check(held(&live), &mut next);
    assert_eq!(next - first, (1 << (log2 - KEPT_BELOW)) - 1, "the subtree lost objects");
}

/// Drops all but the kept subtree, likewise in a frame of its own.
#[inline(never)]
fn prune(mutator: &mut Mutator, live: &Root) {
    for _ in 0..KEPT_BELOW {
        let object: *mut Object = held(live);
        // SAFETY: the handle keeps the object.
        hold(mutator, live, unsafe { (*object).left });
    }
}

/// Grows the tree in a frame that is gone when the tree is dropped: a stale word of this thread's stack would keep it.
#[inline(never)]
fn plant(mutator: &mut Mutator, kind: ObjectKind, log2: u32, live: &Root) {
    let tree = grow(mutator, kind, log2, &mut 0);
    hold(mutator, live, tree);
}
