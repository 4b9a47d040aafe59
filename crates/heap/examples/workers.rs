//! A worker per thread: every thread that touches the heap attaches to it, keeps what it needs in roots,
//! and hands objects over by sending a root to another thread.
//!
//! Producers build linked lists and send them through a channel; consumers add them up and let go of
//! them. Cycles run beside all that. Waiting for the channel happens inside `blocked`, so a thread that
//! waits holds up no cycle.
use std::{
    ptr::{NonNull, null_mut},
    sync::{Arc, Mutex, mpsc},
    thread,
};
use trigo_heap::{Config, Error, FixedKind, Heap, LayoutSpec, Mutator, Root, Zeroing};

/// The object: a value and the next node. What the collector knows of it is its layout, below.
#[repr(C)]
struct Node {
    value: u64,
    next: *mut Node,
}

type NodeKind = FixedKind<{ size_of::<Node>() }>;

const PRODUCERS: u64 = 2;
const CONSUMERS: u64 = 2;
const LISTS: u64 = 400;
const NODES: u64 = 2_000;

fn node_kind(heap: &Heap) -> Result<NodeKind, Error> {
    // Word 0 is plain data, word 1 a pointer.
    // SAFETY: `next` is the only word through which a node keeps anything alive.
    let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size: 16, bits: &[0b10] })? };
    let kind = heap.kind(layout, size_of::<Node>(), Zeroing::Zeroed)?;
    Ok(NodeKind::new(kind).expect("a kind of 16 bytes"))
}

/// Builds a list that holds `first`, `first + 1` and so on. The root is what keeps it alive meanwhile:
/// each allocation is a safepoint, at which objects in no root may go.
fn build(mutator: &mut Mutator, kind: NodeKind, first: u64) -> Result<Root, Error> {
    let list = mutator.empty_root();
    for value in first..first + NODES {
        let node = mutator.alloc_fixed(kind)?.cast::<Node>();
        let next = list.get().map_or(null_mut(), NonNull::as_ptr);
        // SAFETY: a fresh node, and the first store to its pointer word.
        unsafe {
            (&raw mut (*node.as_ptr()).value).write(value);
            mutator.init((&raw mut (*node.as_ptr()).next).cast(), next);
        }
        list.set(mutator, Some(node.cast()));
    }
    Ok(list)
}

fn sum(list: &Root) -> u64 {
    let mut node = list.get().map_or(null_mut(), |n| n.as_ptr().cast::<Node>());
    let mut sum = 0;
    while !node.is_null() {
        // SAFETY: no safepoint lies between here and `list`, which holds the first node.
        (sum, node) = unsafe { (sum + (*node).value, (*node).next) };
    }
    sum
}

fn produce(heap: &Heap, kind: NodeKind, number: u64, lists: &mpsc::SyncSender<Root>) {
    let mut mutator = heap.attach();
    for list in 0..LISTS {
        let first = (number * LISTS + list) * NODES;
        let root = build(&mut mutator, kind, first).expect("room for a list");
        // The channel holds a few lists only. A send may wait, so cycles must not wait for this thread.
        mutator.blocked(|| lists.send(root)).expect("consumers outlive producers");
    }
}

fn consume(heap: &Heap, lists: &Mutex<mpsc::Receiver<Root>>) -> u64 {
    let mut mutator = heap.attach();
    let mut total = 0;
    loop {
        let received = mutator.blocked(|| lists.lock().expect("no consumer panics").recv());
        // The root came with the message and is this thread's now; dropping it lets the list go.
        let Ok(root) = received else { return total };
        total += sum(&root);
        mutator.poll();
    }
}

fn main() -> Result<(), Error> {
    let heap = Heap::new(Config::default())?;
    let kind = node_kind(&heap)?;
    let (sender, receiver) = mpsc::sync_channel(8);
    let receiver = Arc::new(Mutex::new(receiver));

    let total: u64 = thread::scope(|scope| {
        for number in 0..PRODUCERS {
            let (heap, sender) = (heap.clone(), sender.clone());
            scope.spawn(move || produce(&heap, kind, number, &sender));
        }
        drop(sender);
        let consumers: Vec<_> = (0..CONSUMERS)
            .map(|_| {
                let (heap, receiver) = (heap.clone(), Arc::clone(&receiver));
                scope.spawn(move || consume(&heap, &receiver))
            })
            .collect();
        consumers.into_iter().map(|c| c.join().expect("a consumer ends well")).sum()
    });

    let during = heap.stats().cycles;
    // This thread is not attached, so it asks the heap itself.
    heap.collect();
    let stats = heap.stats();
    let nodes = PRODUCERS * LISTS * NODES;
    println!("{nodes} nodes handed over in {} lists; they add up to {total}", PRODUCERS * LISTS);
    println!("{during} cycles ran meanwhile; {} objects are left", stats.live_objects);
    assert_eq!(total, nodes * (nodes - 1) / 2, "no node was lost on the way");
    assert!(during > 0, "cycles ran beside the workers");
    assert_eq!(stats.live_objects, 0, "every list was let go");
    Ok(())
}
