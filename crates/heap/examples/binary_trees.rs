//! Short-lived binary trees: the classic test of allocation and collection, and the shortest way to write
//! it. The thread's own stack is scanned conservatively, so plain pointers in local variables and
//! arguments keep their trees, as in a language whose compiler emits no stack maps.
//!
//! Arguments, both optional: the depth of the largest tree, and the number of markers.
use std::ptr::{NonNull, null_mut};
use trigo_heap::{Config, Error, FixedKind, Heap, Layout, Mutator, Zeroing};

/// A node is its two children and nothing else.
type Node = [*mut u8; 2];
type NodeKind = FixedKind<{ size_of::<Node>() }>;

/// Builds a complete tree.
///
/// # Safety
/// 1. The thread's stack is scanned: children lie in its frames alone while their siblings are built.
unsafe fn build(mutator: &mut Mutator, kind: NodeKind, depth: u32) -> NonNull<Node> {
    let mut children = [null_mut(); 2];
    if depth > 0 {
        for child in &mut children {
            // SAFETY: as the caller vouches.
            *child = unsafe { build(mutator, kind, depth - 1) }.as_ptr().cast();
        }
    }
    let node = mutator.alloc_fixed(kind).expect("room for a node").cast::<Node>();
    // SAFETY: a fresh node of two words; both are stored before the next safepoint.
    unsafe {
        let slots = node.as_ptr().cast::<*mut u8>();
        mutator.init(slots, children[0]);
        mutator.init(slots.add(1), children[1]);
    }
    node
}

/// Counts the nodes of a tree.
///
/// # Safety
/// 1. The tree is alive, and no safepoint comes in between.
unsafe fn count(node: NonNull<Node>) -> u64 {
    // SAFETY: as the caller vouches.
    let children = unsafe { node.read() };
    // SAFETY: as the caller vouches; a tree's subtrees live as long as it does.
    let below = |child: *mut u8| NonNull::new(child.cast()).map_or(0, |c| unsafe { count(c) });
    1 + children.map(below).iter().sum::<u64>()
}

/// Keeps one tree, builds and drops many others, and counts them all.
#[inline(never)]
fn run(mutator: &mut Mutator, kind: NodeKind, deepest: u32) {
    let nodes = |depth: u32| (2 << depth) - 1;
    // SAFETY: `main` has the stack scanned from above this frame.
    let long_lived = unsafe { build(mutator, kind, deepest) };
    for depth in (4..=deepest).step_by(4) {
        let trees = 1 << (deepest - depth + 4);
        // SAFETY: as above, and a tree is counted before the next is built.
        let sum: u64 = (0..trees).map(|_| unsafe { count(build(mutator, kind, depth)) }).sum();
        println!("{trees} trees of depth {depth}: {sum} nodes");
        assert_eq!(sum, trees * nodes(depth), "every tree was whole");
    }
    // SAFETY: the pointer has been on this frame all the time.
    assert_eq!(unsafe { count(long_lived) }, nodes(deepest), "and the long-lived one still is");
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse().expect("a number"));
    let deepest = arguments.next().unwrap_or(16);
    let mut config = Config::default();
    if let Some(markers) = arguments.next() {
        config.markers = markers as usize;
    }
    let heap = Heap::new(config)?;
    // Declared before the mutator, so that it outlives it.
    let top = 0usize;
    let mut mutator = heap.attach();
    // Nodes are initialised at once, so their slots need not be zeroed.
    let kind = heap.kind(Layout::POINTERS, size_of::<Node>(), Zeroing::Uninitialized)?;
    let kind = NodeKind::new(kind).expect("a kind of 16 bytes");
    // SAFETY: all nodes that are used later lie in frames below this one, which outlives the mutator.
    unsafe { mutator.scan_native_stack((&raw const top).cast()) };
    run(&mut mutator, kind, deepest);
    println!("{:#?}", heap.stats());
    Ok(())
}
