//! Small programs that together go through most of a heap: small enough for Miri, which looks for undefined behaviour in
//! them and takes about a thousand times as long.

use std::{
    iter::successors,
    ptr::{NonNull, null_mut},
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicUsize, Ordering},
    },
    thread,
};
use trigo_heap::{Config, Debug, Heap, Layout, LayoutSpec, Mutator, Root};

/// A heap that checks itself and reserves little.
fn heap() -> Heap {
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    let config =
        Config { reserve: 4 << 20, markers: 1, min_heap: 64 << 10, debug, ..Config::default() };
    Heap::new(config).unwrap()
}

/// The pointer word at `index` of an object that a root keeps.
fn word(object: NonNull<u8>, index: usize) -> *mut *mut u8 {
    object.as_ptr().cast::<*mut u8>().wrapping_add(index)
}

fn load(object: NonNull<u8>, index: usize) -> *mut u8 {
    // SAFETY: a word of a live object; all access to it is atomic.
    unsafe { AtomicPtr::from_ptr(word(object, index)) }.load(Ordering::Acquire)
}

/// Puts a node of two words before what `list` holds.
fn prepend(m: &mut Mutator, list: &Root) {
    let node = m.alloc(Layout::POINTERS, 16).unwrap();
    let next = list.get().map_or(null_mut(), NonNull::as_ptr);
    // SAFETY: the first word of a fresh object, and an object that a root holds.
    unsafe { m.init(word(node, 0), next) };
    list.set(m, Some(node));
}

fn length(list: &Root) -> usize {
    successors(list.get(), |&node| NonNull::new(load(node, 0))).count()
}

#[test]
fn a_list_survives_and_what_is_cut_off_does_not() {
    let heap = heap();
    let mut m = heap.attach();
    let list = m.empty_root();
    (0..60).for_each(|_| prepend(&mut m, &list));
    m.collect();
    assert_eq!((length(&list), heap.stats().live_objects), (60, 60));
    let middle = successors(list.get(), |&node| NonNull::new(load(node, 0))).nth(19).unwrap();
    // SAFETY: the first word of a live node.
    unsafe { m.store(word(middle, 0), null_mut()) };
    m.collect();
    assert_eq!((length(&list), heap.stats().live_objects), (20, 20));
    (0..60).for_each(|_| prepend(&mut m, &list));
    m.collect();
    assert_eq!((length(&list), heap.stats().live_objects), (80, 80));
}

#[test]
fn objects_of_all_layouts_and_sizes_keep_what_they_point_to() {
    let heap = heap();
    let mut m = heap.attach();
    // SAFETY: the second word is all that keeps other objects alive.
    let second = unsafe { heap.layout(LayoutSpec::Bitmap { size: 24, bits: &[0b010] }) }.unwrap();
    let mut roots = Vec::new();
    for (layout, at) in [(Layout::POINTERS, 2), (Layout::CONSERVATIVE, 2), (second, 1)] {
        for bytes in [24, 240, 1200, 40_008] {
            let object = m.alloc(layout, bytes).unwrap();
            let object = m.root(object);
            let leaf = m.alloc(Layout::NO_SCAN, bytes).unwrap();
            // SAFETY: a pointer word of a live object, and an object allocated since the last safepoint.
            unsafe { m.store(word(object.get().unwrap(), at), leaf.as_ptr()) };
            roots.push(object);
        }
    }
    m.collect();
    assert_eq!(heap.stats().live_objects, 24);
    roots.clear();
    m.collect();
    assert_eq!(heap.stats().live_objects, 0);
}

#[test]
fn the_dead_are_forgotten_finalized_and_cleaned_up() {
    let heap = heap();
    let mut m = heap.attach();
    let ran = Arc::new(AtomicUsize::new(0));
    let object = m.alloc(Layout::NO_SCAN, 16).unwrap();
    let root = m.root(object);
    let weak = m.weak(object).unwrap();
    let (first, second) = (Arc::clone(&ran), Arc::clone(&ran));
    let finalizer = move |_: &mut Mutator, _| _ = first.fetch_add(1, Ordering::Relaxed);
    m.set_finalizer(object, finalizer).unwrap();
    m.add_cleanup(object, move || _ = second.fetch_add(10, Ordering::Relaxed)).unwrap();
    m.collect();
    assert_eq!(weak.get(&mut m), Some(object));
    drop(root);
    m.collect();
    assert_eq!((weak.get(&mut m), m.run_finalizers()), (None, 1));
    m.collect();
    assert_eq!((m.run_finalizers(), ran.load(Ordering::Relaxed)), (1, 11));
}

/// Two threads exchange objects through one that both see, while the collector goes through its cycles.
#[test]
fn threads_that_share_an_object_lose_nothing_while_cycles_run() {
    const ROUNDS: usize = if cfg!(miri) { 40 } else { 20_000 };
    let heap = heap();
    let mut m = heap.attach();
    let shared = m.alloc(Layout::POINTERS, 32).unwrap();
    let shared = m.root(shared);
    let work = |own: usize| {
        let mut m = heap.attach();
        let list = m.empty_root();
        for _ in 0..ROUNDS {
            prepend(&mut m, &list);
            let at = shared.get().unwrap();
            // SAFETY: pointer words of a live object; what is stored is held by a root, or was loaded since the last
            // safepoint.
            unsafe {
                m.store(word(at, own), list.get().unwrap().as_ptr());
                m.store(word(at, 2 + own), load(at, 1 - own));
            }
            m.poll();
        }
        assert_eq!(length(&list), ROUNDS);
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(|| work(0)), scope.spawn(|| work(1))];
        while !workers.iter().all(|worker| worker.is_finished()) {
            m.collect();
        }
    });
    m.collect();
    assert_eq!(heap.stats().live_objects, 1 + 2 * ROUNDS as u64);
}
