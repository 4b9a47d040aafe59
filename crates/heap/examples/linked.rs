//! A linked structure that changes while the collector marks it: a treap (a binary tree ordered by key
//! and heap-ordered by a random priority) that is cut and joined by every operation.
//!
//! While a subtree is cut out and not yet put back, only local variables lead to it. The collector does
//! not look at them here, and need not: the write barrier in `store` recorded the pointer that was
//! overwritten. `verify` checks that at every cycle, and a `BTreeMap` that went through the same
//! operations checks the result.
use std::{
    collections::BTreeMap,
    ptr::{NonNull, null_mut},
};
use trigo_heap::{Config, Debug, Error, FixedKind, Heap, LayoutSpec, Mutator, Root, Zeroing};

const OPERATIONS: u64 = 400_000;
const KEYS: u64 = 20_000;

#[repr(C)]
struct Node {
    key: u64,
    priority: u64,
    children: [*mut Node; 2],
}

type NodeKind = FixedKind<{ size_of::<Node>() }>;
type Slot = *mut *mut Node;

struct Treap {
    kind: NodeKind,
    /// A heap object of one word, the pointer to the topmost node: so every link is a slot in the heap.
    top: Root,
}

impl Treap {
    fn new(heap: &Heap, mutator: &mut Mutator) -> Result<Self, Error> {
        // SAFETY: words 2 and 3 are all that keeps other nodes alive.
        let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size: 32, bits: &[0b1100] })? };
        let kind = heap.kind(layout, size_of::<Node>(), Zeroing::Zeroed)?;
        let top = mutator.alloc(trigo_heap::Layout::POINTERS, 8)?;
        let kind = NodeKind::new(kind).expect("a kind of 32 bytes");
        Ok(Self { kind, top: mutator.root(top) })
    }

    fn top(&self) -> Slot {
        self.top.get().expect("the treap's root is set").as_ptr().cast()
    }

    /// Adds a key that is not there.
    fn insert(&self, mutator: &mut Mutator, key: u64, priority: u64) -> Result<(), Error> {
        // The allocation comes first: it is the only safepoint, so that plain pointers serve below.
        let new = mutator.alloc_fixed(self.kind)?.cast::<Node>().as_ptr();
        // SAFETY: `new` is a fresh node; all others hang below `top`, which is a root, or were cut off since the
        // allocation. Slots are pointer words of such nodes.
        unsafe {
            ((*new).key, (*new).priority) = (key, priority);
            let mut slot = self.top();
            while let Some(node) = NonNull::new(*slot)
                && (*node.as_ptr()).priority > priority
            {
                slot = child(node.as_ptr(), (*node.as_ptr()).key < key);
            }
            // Cut what hangs here in two by the key, and hang both parts below the new node.
            let mut rest = *slot;
            store(mutator, slot, new);
            let mut ends = [child(new, false), child(new, true)];
            while !rest.is_null() {
                let right = (*rest).key > key;
                store(mutator, ends[usize::from(right)], rest);
                ends[usize::from(right)] = child(rest, !right);
                rest = *ends[usize::from(right)];
            }
            ends.into_iter().for_each(|end| store(mutator, end, null_mut()));
        }
        Ok(())
    }

    /// Removes a key; false if it is not there.
    fn remove(&self, mutator: &mut Mutator, key: u64) -> bool {
        // SAFETY: there is no safepoint in here, and all nodes hang below `top` or were cut off in here.
        unsafe {
            let mut slot = self.top();
            while let Some(node) = NonNull::new(*slot)
                && (*node.as_ptr()).key != key
            {
                slot = child(node.as_ptr(), (*node.as_ptr()).key < key);
            }
            if (*slot).is_null() {
                return false;
            }
            // Join the two parts below it, the higher priority on top.
            let [mut left, mut right] = (**slot).children;
            while !left.is_null() && !right.is_null() {
                if (*left).priority > (*right).priority {
                    store(mutator, slot, left);
                    slot = child(left, true);
                    left = *slot;
                } else {
                    store(mutator, slot, right);
                    slot = child(right, false);
                    right = *slot;
                }
            }
            store(mutator, slot, if left.is_null() { right } else { left });
        }
        true
    }

    /// All keys in order.
    fn keys(&self) -> Vec<u64> {
        let (mut keys, mut path) = (Vec::new(), Vec::new());
        // SAFETY: there is no safepoint in here, and all nodes hang below `top`.
        unsafe {
            let mut node = *self.top();
            while !node.is_null() || !path.is_empty() {
                while !node.is_null() {
                    path.push(node);
                    node = (*node).children[0];
                }
                let next: *mut Node = path.pop().expect("the path is not empty");
                keys.push((*next).key);
                node = (*next).children[1];
            }
        }
        keys
    }
}

/// The slot of a node's left or right child.
///
/// # Safety
/// 1. `node` is a live node.
unsafe fn child(node: *mut Node, right: bool) -> Slot {
    // SAFETY: as the caller vouches.
    unsafe { &raw mut (*node).children[usize::from(right)] }
}

/// Every store of a pointer into the heap goes through the barrier.
///
/// # Safety
/// 1. As for [`Mutator::store`].
unsafe fn store(mutator: &mut Mutator, slot: Slot, node: *mut Node) {
    // SAFETY: as the caller vouches.
    unsafe { mutator.store(slot.cast(), node.cast()) }
}

fn main() -> Result<(), Error> {
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    // A small heap, so that many cycles meet the operations half-way.
    let heap = Heap::new(Config { min_heap: 256 << 10, debug, ..Config::default() })?;
    let mut mutator = heap.attach();
    let treap = Treap::new(&heap, &mut mutator)?;
    let mut shadow = BTreeMap::new();

    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..OPERATIONS {
        // Xorshift: good enough to choose keys and priorities.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let key = random % KEYS;
        if shadow.remove(&key).is_some() {
            assert!(treap.remove(&mut mutator, key), "the treap has what the shadow has");
        } else {
            assert!(!treap.remove(&mut mutator, key), "the shadow has what the treap has");
            treap.insert(&mut mutator, key, random)?;
            shadow.insert(key, ());
        }
        mutator.poll();
    }

    let cycles = heap.stats().cycles;
    let keys = treap.keys();
    println!("{OPERATIONS} operations beside {cycles} cycles; {} keys are left", keys.len());
    assert!(cycles >= 3, "the collector ran beside the operations");
    assert!(keys.iter().eq(shadow.keys()), "treap and shadow agree");
    Ok(())
}
