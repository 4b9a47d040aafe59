//! The tree of 64-byte objects that several workloads keep alive.

use trigo_heap::{FixedKind, Heap, Mutator};

use super::{kind, new, set};
use crate::job::Order;
use crate::random::Random;

#[repr(C)]
pub struct Object {
    pub left: *mut Object,
    pub right: *mut Object,
    pub id: u64,
    _pad: [u64; 5],
}

pub type ObjectKind = FixedKind<64>;

pub fn object_kind(heap: &Heap) -> ObjectKind {
    kind(heap, 0b11)
}

/// Builds a perfect tree of `2^log2 - 1` objects, with automatic collection off. The caller's
/// variable keeps it.
pub fn build(mutator: &mut Mutator, log2: u32, order: Order) -> *mut Object {
    let kind = object_kind(mutator.heap());
    let percent = mutator.heap().set_gc_percent(None);
    let tree = match order {
        Order::Order => grow(mutator, kind, log2, &mut 0),
        Order::Shuffled => {
            let count = (1usize << log2) - 1;
            // The collector does not see this vector, but it is off.
            let mut objects: Vec<*mut Object> = (0..count).map(|_| new(mutator, kind)).collect();
            Random::new(1).shuffle(&mut objects);
            link(mutator, &objects, &mut 0)
        }
    };
    mutator.heap().set_gc_percent(percent);
    tree
}

/// Allocates a perfect tree in preorder and numbers its objects so.
pub fn grow(mutator: &mut Mutator, kind: ObjectKind, levels: u32, next: &mut u64) -> *mut Object {
    if levels == 0 {
        return std::ptr::null_mut();
    }
    let object: *mut Object = new(mutator, kind);
    // SAFETY: the object is live: this frame holds it. Its fields are as the kind says.
    unsafe {
        (*object).id = *next;
        *next += 1;
        let left = grow(mutator, kind, levels - 1, next);
        set(mutator, &raw mut (*object).left, left);
        let right = grow(mutator, kind, levels - 1, next);
        set(mutator, &raw mut (*object).right, right);
    }
    object
}

/// Makes a perfect tree whose preorder is the order of the slice.
fn link(mutator: &mut Mutator, objects: &[*mut Object], next: &mut u64) -> *mut Object {
    let Some((&object, rest)) = objects.split_first() else {
        return std::ptr::null_mut();
    };
    let (left, right) = rest.split_at(rest.len() / 2);
    // SAFETY: no collection runs while the tree is built, so all objects live.
    unsafe {
        (*object).id = *next;
        *next += 1;
        let left = link(mutator, left, next);
        set(mutator, &raw mut (*object).left, left);
        let right = link(mutator, right, next);
        set(mutator, &raw mut (*object).right, right);
    }
    object
}

/// Panics unless the tree is as it was built, from the `next`-th object on.
pub fn check(object: *const Object, next: &mut u64) {
    if object.is_null() {
        return;
    }
    // SAFETY: the tree's root is held by the caller, and nothing changes the tree any more.
    let object = unsafe { &*object };
    assert_eq!(object.id, *next, "an object was overwritten");
    *next += 1;
    check(object.left, next);
    check(object.right, next);
}

/// [`check`] for a whole tree that [`build`] made.
pub fn check_all(tree: *const Object, log2: u32) {
    let mut next = 0;
    check(tree, &mut next);
    assert_eq!(next, (1 << log2) - 1, "the live tree lost objects");
}
