//! Short-lived binary trees: the classic test of allocation and collection.
use std::ptr::NonNull;
use trigo_heap::{Config, FixedKind, Heap, Layout, Mutator, Zeroing};

type Node = FixedKind<16>;

fn build(m: &mut Mutator, kind: Node, depth: u32) -> NonNull<[*mut u8; 2]> {
    let (mut l, mut r) = (std::ptr::null_mut(), std::ptr::null_mut());
    if depth > 0 {
        l = build(m, kind, depth - 1).as_ptr().cast();
        r = build(m, kind, depth - 1).as_ptr().cast();
    }
    let node = m.alloc_fixed(kind).expect("room for a node").cast::<[*mut u8; 2]>();
    // SAFETY: a fresh node of two words; both are stored before the next safepoint.
    unsafe {
        let slots = node.as_ptr().cast::<*mut u8>();
        m.init(slots, l);
        m.init(slots.add(1), r);
    }
    node
}

fn check(node: NonNull<[*mut u8; 2]>) -> u32 {
    // SAFETY: nodes are live while their root is.
    let [l, r] = unsafe { *node.as_ptr() };
    match (NonNull::new(l), NonNull::new(r)) {
        (Some(l), Some(r)) => 1 + check(l.cast()) + check(r.cast()),
        _ => 1,
    }
}

fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(16);
    let markers: usize = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(1);
    let heap = Heap::new(Config { markers, ..Config::default() }).expect("address space");
    let mut m = heap.attach();
    let kind = heap.kind(Layout::POINTERS, 16, Zeroing::Uninitialized).expect("a kind");
    let kind = Node::new(kind).expect("16 bytes");
    let top = 0usize;
    // SAFETY: every node that is used later is in a variable of a frame below.
    unsafe { m.scan_native_stack((&raw const top).cast()) };
    run(&mut m, kind, n);
    let stats = heap.stats();
    println!("{stats:#?}");
}

#[inline(never)]
fn run(m: &mut Mutator, kind: Node, n: u32) {
    println!("stretch {}", check(build(m, kind, n + 1)));
    let long = build(m, kind, n);
    for depth in (4..=n).step_by(4) {
        let iterations = 1 << (n - depth + 4);
        let mut sum = 0;
        for _ in 0..iterations {
            sum += check(build(m, kind, depth));
        }
        println!("{iterations} trees of depth {depth}: {sum}");
    }
    println!("long lived {}", check(long));
}
