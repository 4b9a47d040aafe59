//! Binary trees.

use std::ptr::null_mut;

use trigo_heap::{FixedKind, Layout, Mutator, Zeroing};

use super::{fixed, init, new};
use crate::children::nodes_of_trees;
use crate::report::Report;

#[repr(C)]
struct Node {
    left: *mut Node,
    right: *mut Node,
}

pub fn run(mutator: &mut Mutator, report: &mut Report, depth: u32) {
    let kind = fixed(mutator.heap(), Layout::POINTERS, Zeroing::Uninitialized);
    let mut total = count(bottom_up(mutator, kind, depth + 1));
    let long = bottom_up(mutator, kind, depth);
    for d in (4..=depth).step_by(4) {
        for _ in 0..1u32 << (depth - d + 4) {
            total += count(bottom_up(mutator, kind, d));
        }
    }
    total += count(long);
    assert_eq!(total, nodes_of_trees(depth));
    report.set("nodes", total as f64);
}

fn bottom_up(mutator: &mut Mutator, kind: FixedKind<16>, depth: u32) -> *mut Node {
    let (mut left, mut right) = (null_mut(), null_mut());
    if depth > 0 {
        left = bottom_up(mutator, kind, depth - 1);
        right = bottom_up(mutator, kind, depth - 1);
    }
    let node: *mut Node = new(mutator, kind);
    // SAFETY: the node was just allocated, and these are all of its words; this frame holds the
    // children.
    unsafe {
        init(mutator, &raw mut (*node).left, left);
        init(mutator, &raw mut (*node).right, right);
    }
    node
}

fn count(node: *const Node) -> u64 {
    // SAFETY: nodes do not change any more, and the caller's variable or the parent keeps this one.
    let node = unsafe { &*node };
    if node.left.is_null() { 1 } else { 1 + count(node.left) + count(node.right) }
}
