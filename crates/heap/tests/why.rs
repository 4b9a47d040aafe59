//! "Why is this object alive" names the right root of every kind, and the fields in between.
use std::{
    ptr::{NonNull, null_mut},
    sync::Arc,
};
use trigo_heap::{
    Config, Error, Heap, Layout, LayoutSpec, Mutator, RootKind, RootSource, RootVisitor, Tracer,
};

fn heap() -> Heap {
    Heap::new(Config { idle_cycles: false, ..Config::default() }).expect("address space")
}

fn link(m: &mut Mutator, from: NonNull<u8>, field: usize, to: NonNull<u8>) {
    // SAFETY: tests pass fields inside of pointer objects.
    unsafe { m.store(from.as_ptr().add(field).cast(), to.as_ptr()) };
}

#[test]
fn a_handle_is_named_with_every_field_on_the_way() {
    let heap = heap();
    let mut m = heap.attach();
    let objects: Vec<_> = (0..50).map(|_| m.alloc(Layout::POINTERS, 64).unwrap()).collect();
    let root = m.root(objects[0]);
    for (i, pair) in objects.windows(2).enumerate() {
        link(&mut m, pair[0], i % 8 * 8, pair[1]);
    }
    let path = m.why_alive(objects[49]).unwrap().unwrap();
    assert_eq!(path.root, RootKind::Handle);
    assert_eq!(path.steps.len(), 50);
    for (i, step) in path.steps.iter().enumerate() {
        assert_eq!(step.address, objects[i].as_ptr() as usize);
        assert_eq!((step.size, step.field), (64, (i < 49).then_some(i % 8 * 8)));
    }
    assert!(path.to_string().starts_with("a root handle\n  -> 0x"));
    drop(root);
    assert_eq!(m.why_alive(objects[49]), Ok(None));
    m.collect();
    let address = objects[49].as_ptr() as usize;
    assert_eq!(m.why_alive(objects[49]), Err(Error::NotAnObject { address }));
}

#[derive(Debug)]
struct Global(usize);

// SAFETY: the only pointer is reported and never changes.
unsafe impl RootSource for Global {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        visitor.pointer(self.0 as *const u8);
    }
    fn name(&self) -> String {
        "package variables".into()
    }
}

/// # Safety
/// 1. The object's second word is a pointer.
unsafe fn trace_second(object: *const u8, _bytes: usize, tracer: &mut Tracer<'_>) {
    // SAFETY: as the caller vouches.
    tracer.pointer(unsafe { object.cast::<*const u8>().add(1).read() });
}

#[test]
fn a_source_and_a_traced_field_are_named() {
    let heap = heap();
    let mut m = heap.attach();
    // SAFETY: the function reports the only pointer of its objects.
    let traced = unsafe { heap.layout(LayoutSpec::Trace(trace_second)) }.unwrap();
    let (outer, inner) = (m.alloc(traced, 32).unwrap(), m.alloc(Layout::NO_SCAN, 8).unwrap());
    heap.add_root_source(Arc::new(Global(outer.as_ptr() as usize)));
    link(&mut m, outer, 8, inner);
    let path = m.why_alive(inner).unwrap().unwrap();
    assert_eq!(path.root, RootKind::Source("package variables".into()));
    assert_eq!(path.steps[0].field, Some(8));
}

#[test]
fn finalizers_keep_what_their_object_points_to_and_then_the_object() {
    let heap = heap();
    let mut m = heap.attach();
    let (object, held) =
        (m.alloc(Layout::POINTERS, 16).unwrap(), m.alloc(Layout::NO_SCAN, 8).unwrap());
    link(&mut m, object, 0, held);
    m.set_finalizer(object, |_, _| {}).unwrap();
    let why = m.why_alive(held).unwrap().unwrap();
    assert_eq!(why.root, RootKind::Finalizer(object.as_ptr() as usize));
    assert_eq!(m.why_alive(object), Ok(None));
    m.collect();
    assert_eq!(m.why_alive(object).unwrap().unwrap().root, RootKind::QueuedFinalizer);
    assert_eq!(m.run_finalizers(), 1);
    assert_eq!(m.why_alive(held), Ok(None));
}

#[test]
fn parked_and_running_stacks_are_named_with_the_word() {
    let heap = heap();
    let mut m = heap.attach();
    let object = m.alloc(Layout::NO_SCAN, 8).unwrap();
    let words = Box::new([0usize, 0, object.as_ptr() as usize + 3, 0]);
    let (bottom, top) = (words.as_ptr(), words.as_ptr_range().end);
    // SAFETY: the words stay as they are while the stack is parked, and this function holds the object.
    let stack = unsafe { m.new_parked_stack(top.cast(), bottom.cast()) };
    let at = bottom as usize + 16;
    let why = m.why_alive(object).unwrap().unwrap();
    assert_eq!(why.root, RootKind::ParkedStack { top: top as usize, at });
    assert_eq!(why.steps.len(), 1);
    m.remove_stack(&stack);
    assert_eq!(m.why_alive(object), Ok(None));
}

#[test]
fn a_certain_path_is_preferred_to_a_word_on_the_asking_stack() {
    let heap = heap();
    let mut m = heap.attach();
    let top = 0usize;
    // SAFETY: everything below is in frames under this one.
    unsafe { m.scan_native_stack((&raw const top).cast()) };
    ask(&mut m);

    #[inline(never)]
    fn ask(m: &mut Mutator) {
        let mut kept = [null_mut::<u8>(); 2];
        let object = m.alloc(Layout::NO_SCAN, 8).unwrap();
        kept[0] = object.as_ptr();
        std::hint::black_box(&mut kept);
        let why = m.why_alive(object).unwrap().unwrap();
        assert!(matches!(why.root, RootKind::RunningStack { mutator: 1, .. }), "{why}");
        let holder = m.alloc(Layout::POINTERS, 8).unwrap();
        let _root = m.root(holder);
        link(m, holder, 0, object);
        let why = m.why_alive(object).unwrap().unwrap();
        assert_eq!((why.root, why.steps.len()), (RootKind::Handle, 2));
        std::hint::black_box(&mut kept);
    }
}
