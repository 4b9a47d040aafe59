//! What a client's own code may do where the heap calls it: use the heap again, panic, and hold roots.

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use support::watch::Watch;
use trigo_heap::{
    Config, CycleRecord, Heap, Layout, Mutator, Observer, RootSource, RootVisitor, Sampling,
};

const RESERVE: usize = 1 << 30;

fn heap() -> Heap {
    let config = Config { reserve: RESERVE, idle_cycles: false, ..Config::default() };
    Heap::new(config).expect("address space")
}

fn object(m: &mut Mutator) -> NonNull<u8> {
    m.alloc(Layout::POINTERS, 64).expect("room")
}

#[test]
fn a_finalizer_may_collect_and_run_finalizers_and_give_its_object_another() {
    let _watch = Watch::new(60, "a_finalizer_may_collect");
    let heap = heap();
    let mut m = heap.attach();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let object = object(&mut m);
        let ran = Arc::clone(&ran);
        let finalizer = move |m: &mut Mutator, object: NonNull<u8>| {
            m.collect();
            m.run_finalizers();
            m.set_finalizer(object, move |_, _| _ = ran.fetch_add(1, Ordering::Relaxed))
                .expect("its finalizer has run, and the heap keeps the object meanwhile");
        };
        m.set_finalizer(object, finalizer).expect("an object");
    }
    for _ in 0..3 {
        m.collect();
        m.run_finalizers();
    }
    assert_eq!(ran.load(Ordering::Relaxed), 20);
    m.collect();
    assert_eq!(heap.stats().live_objects, 0);
}

#[test]
fn a_finalizer_that_panics_is_lost_and_the_others_run() {
    let _watch = Watch::new(60, "a_finalizer_that_panics");
    let heap = heap();
    let mut m = heap.attach();
    let ran = Arc::new(AtomicUsize::new(0));
    for i in 0..5 {
        let (object, ran) = (object(&mut m), Arc::clone(&ran));
        let finalizer = move |_: &mut Mutator, _: NonNull<u8>| {
            assert!(i != 2, "not today");
            ran.fetch_add(1, Ordering::Relaxed);
        };
        m.set_finalizer(object, finalizer).expect("an object");
    }
    m.collect();
    let mut panics = || catch_unwind(AssertUnwindSafe(|| m.run_finalizers())).is_err();
    assert_eq!([panics(), panics()], [true, false]);
    assert_eq!((ran.load(Ordering::Relaxed), heap.stats().finalizers_queued), (4, 0));
    m.collect();
    assert_eq!(heap.stats().live_objects, 0);
}

#[test]
fn finalizers_run_on_though_one_puts_another_mutator_in_place() {
    let _watch = Watch::new(60, "finalizers_run_on_though_one_swaps");
    let (one, other) = (heap(), heap());
    let (mut m, mut n) = (one.attach(), other.attach());
    let ran = Arc::new(AtomicUsize::new(0));
    for mutator in [&mut m, &mut n] {
        for _ in 0..3 {
            let (object, ran, other) = (object(mutator), Arc::clone(&ran), other.clone());
            let finalizer = move |m: &mut Mutator, _: NonNull<u8>| {
                *m = other.attach();
                ran.fetch_add(1, Ordering::Relaxed);
            };
            mutator.set_finalizer(object, finalizer).expect("an object");
        }
    }
    m.collect();
    n.collect();
    drop(n);
    // The first of one heap's, and then all of the other's.
    assert_eq!(m.run_finalizers(), 4);
    assert_eq!((one.stats().finalizers_queued, other.stats().finalizers_queued), (2, 0));
    assert_eq!((one.stats().mutators, other.stats().mutators), (0, 1));
}

/// Attaches to its heap wherever it is called.
#[derive(Debug)]
struct Attaches(Heap);

impl Attaches {
    fn allocate(&self) {
        let mut m = self.0.attach();
        object(&mut m);
        m.run_finalizers();
    }
}

impl Observer for Attaches {
    fn cycle_begins(&self, _number: u64) {
        self.allocate();
    }

    fn finalizers_queued(&self, _waiting: usize) {
        self.allocate();
    }

    fn cycle_ended(&self, _record: &CycleRecord) {
        self.allocate();
    }
}

#[test]
fn an_observer_may_attach_and_allocate() {
    let _watch = Watch::new(60, "an_observer_may_attach_and_allocate");
    let heap = heap();
    heap.observe(Arc::new(Attaches(heap.clone())));
    let mut m = heap.attach();
    for _ in 0..20 {
        let object = object(&mut m);
        m.set_finalizer(object, |_, _| ()).expect("an object");
        m.collect();
    }
}

/// What was dropped has its own ideas about the heap.
struct Uses(Heap, Arc<AtomicUsize>);

impl Drop for Uses {
    fn drop(&mut self) {
        let mut m = self.0.attach();
        for _ in 0..200 {
            let object = object(&mut m);
            m.set_finalizer(object, |_, _| ()).expect("an object");
        }
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_a_callback_captures_is_dropped_with_no_lock_held() {
    let _watch = Watch::new(60, "what_a_callback_captures_is_dropped_with_no_lock_held");
    let heap = heap();
    let mut m = heap.attach();
    let dropped = Arc::new(AtomicUsize::new(0));
    let object = object(&mut m);
    let root = m.root(object);
    let uses = || Uses(heap.clone(), Arc::clone(&dropped));
    for _ in 0..2 {
        let uses = uses();
        _ = m.set_finalizer(object, move |_, _| drop(uses));
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 1, "the second is refused");
    assert_eq!(m.remove_finalizer(object), Ok(true));
    let uses = uses();
    let cleanup = m.add_cleanup(object, move || drop(uses)).expect("an object");
    assert!(m.stop_cleanup(cleanup));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    drop(root);
}

/// Holds a root and reports nothing.
#[derive(Debug)]
struct Holds(#[expect(dead_code, reason = "only its drop counts")] trigo_heap::Root);

// SAFETY: it has no pointers of its own.
unsafe impl RootSource for Holds {
    fn scan(&self, _visitor: &mut RootVisitor<'_>) {}
}

impl Observer for Holds {}

/// Bytes of address space that the process has.
fn address_space() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("a process knows its size");
    pages.split(' ').next().expect("a number").parse::<usize>().expect("a number") * 4096
}

#[test]
fn what_captures_roots_does_not_outlive_the_heap() {
    let _watch = Watch::new(60, "what_captures_roots_does_not_outlive_the_heap");
    let before = address_space();
    for _ in 0..16 {
        let heap = heap();
        let mut m = heap.attach();
        let mut root = || {
            let object = object(&mut m);
            m.root(object)
        };
        let [finalizer, cleanup, queued, source, observer, site] = std::array::from_fn(|_| root());
        heap.add_root_source(Arc::new(Holds(source)));
        heap.observe(Arc::new(Holds(observer)));
        let site = Arc::new(move |_| u64::from(site.get().is_some()));
        heap.set_sampling(Some(Sampling { rate: 1 << 20, site }));
        let dies = object(&mut m);
        m.set_finalizer(dies, move |_, _| drop(queued)).expect("an object");
        m.collect();
        let stays = object(&mut m);
        m.set_finalizer(stays, move |_, _| drop(finalizer)).expect("an object");
        m.add_cleanup(stays, move || drop(cleanup)).expect("an object");
    }
    let more = address_space().saturating_sub(before);
    // Other tests have heaps of their own meanwhile.
    assert!(more < 12 * RESERVE, "{} MiB are left of 16 heaps", more >> 20);
}
