//! The heap walk sees every object once, says which are alive, and disturbs nobody.
use std::{
    collections::HashMap,
    ptr::NonNull,
    sync::atomic::{AtomicBool, Ordering},
};
use trigo_heap::{Config, Heap, Layout, LayoutKind, LayoutSpec, Tracer};

fn heap() -> Heap {
    Heap::new(Config { gc_percent: None, ..Config::default() }).expect("address space")
}

/// # Safety
/// 1. The object's first word is a pointer.
unsafe fn trace_first(object: *const u8, _bytes: usize, tracer: &mut Tracer<'_>) {
    // SAFETY: as the caller vouches.
    tracer.pointer(unsafe { object.cast::<*const u8>().read() });
}

#[test]
fn a_walk_meets_each_object_once_with_its_size_layout_and_state() {
    let heap = heap();
    let mut m = heap.attach();
    // SAFETY: the function reports the only pointer of its objects, the bitmap the only one of its.
    let (traced, bitmap) = unsafe {
        let bits = LayoutSpec::Bitmap { size: 1000, bits: &[1 << 5] };
        (heap.layout(LayoutSpec::Trace(trace_first)).unwrap(), heap.layout(bits).unwrap())
    };
    let plan = [
        (Layout::NO_SCAN, 8, 8, LayoutKind::NoScan),
        (Layout::POINTERS, 40, 48, LayoutKind::Pointers),
        (Layout::CONSERVATIVE, 100, 112, LayoutKind::Conservative),
        (traced, 64, 64, LayoutKind::Trace),
        (bitmap, 1000, 1024, LayoutKind::Bitmap),
        (bitmap, 100_000, 100_000, LayoutKind::Bitmap),
        (Layout::NO_SCAN, 33_000, 33_000, LayoutKind::NoScan),
    ];
    let mut expected = HashMap::new();
    let mut roots = Vec::new();
    for i in 0..700 {
        let (layout, bytes, size, kind) = plan[i % plan.len()];
        let object = m.alloc(layout, bytes).unwrap();
        let live = i % 3 != 0;
        if live {
            roots.push(m.root(object));
        }
        expected.insert(object.as_ptr() as usize, (size, kind, live));
    }
    m.walk(|object| {
        let found = expected.remove(&(object.address.as_ptr() as usize));
        assert_eq!(found, Some((object.size, object.layout, object.live)));
    });
    assert!(expected.is_empty(), "{} objects were not met", expected.len());
    let mut left = 0;
    m.walk(|object| left += usize::from(object.live));
    assert_eq!(left, roots.len());
}

#[test]
fn mutators_are_held_while_a_walk_looks_and_go_on_afterwards() {
    let heap = heap();
    let stop = AtomicBool::new(false);
    let changed = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut m = heap.attach();
                let list = m.empty_root();
                for i in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    if i % 1000 == 0 {
                        list.set(&mut m, None);
                    }
                    let node = m.alloc(Layout::POINTERS, 16).unwrap().cast::<*mut u8>();
                    let next = list.get().map_or(std::ptr::null_mut(), NonNull::as_ptr);
                    // SAFETY: a fresh object's first word.
                    unsafe { m.store(node.as_ptr(), next) };
                    list.set(&mut m, Some(node.cast()));
                }
            });
        }
        let mut changed = 0;
        for _ in 0..20 {
            let mut words = Vec::new();
            // SAFETY: objects may be read during the visit, and all of these have two words.
            let read = |object: NonNull<u8>| unsafe { object.cast::<usize>().read_volatile() };
            let again = |words: &[(NonNull<u8>, usize)]| {
                words.iter().filter(|(object, word)| read(*object) != *word).count()
            };
            heap.walk(|object| {
                words.push((object.address, read(object.address)));
                if words.len().is_multiple_of(64) {
                    changed += again(&words[words.len() - 64..]);
                }
            });
        }
        // Asserted after the scope, which would wait for ever for threads that nobody stops.
        stop.store(true, Ordering::Relaxed);
        changed
    });
    assert_eq!(changed, 0, "objects changed under the eyes of a walk");
    let mut attached = heap.attach();
    attached.collect();
    assert_eq!(heap.stats().live_objects, 0);
}

#[test]
fn a_visitor_that_panics_lets_everybody_go() {
    let heap = heap();
    let mut m = heap.attach();
    let object = m.alloc(Layout::NO_SCAN, 8).unwrap();
    let _root = m.root(object);
    let walk = || heap.attach().walk(|_| panic!("seen enough"));
    let result = m.blocked(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(walk)));
    assert!(result.is_err());
    m.collect();
    assert_eq!(heap.stats().live_objects, 1);
}
