//! What a client does wrong has a documented result: an error, a panic or an abort that says what and where.

mod support;

use std::{
    collections::VecDeque,
    env,
    panic::{self, AssertUnwindSafe},
    process::Command,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use support::watch::Watch;
use trigo_heap::{
    Config, CycleRecord, Error, FixedKind, Heap, Layout, LayoutSpec, Mutator, Observer, Tracer,
    Zeroing,
};

fn heap() -> Heap {
    Heap::new(Config { reserve: 64 << 20, ..Config::default() }).expect("address space")
}

fn at(address: usize) -> NonNull<u8> {
    NonNull::new(address as *mut u8).expect("not null")
}

/// Runs this test once more in a child, which calls `f`; how the child ended and what it said.
fn in_child(test: &str, f: impl FnOnce()) -> Option<(std::process::ExitStatus, String)> {
    if env::var("TRIGO_BAD_INPUT").as_deref() == Ok(test) {
        f();
        return None;
    }
    let mut command = Command::new(env::current_exe().expect("a test program has a path"));
    let command = command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
    let output = command.env("TRIGO_BAD_INPUT", test).output().expect("a child can be started");
    Some((output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Asks every function that takes an object for one at `pointer`.
fn refusals(m: &mut Mutator, pointer: NonNull<u8>) -> [Option<Error>; 4] {
    [
        m.weak(pointer).err(),
        m.set_finalizer(pointer, |_, _| ()).err(),
        m.remove_finalizer(pointer).err(),
        m.add_cleanup(pointer, || ()).err(),
    ]
}

#[test]
fn pointers_to_no_object_are_refused() {
    let _watch = Watch::new(30, "pointers_to_no_object_are_refused");
    let (heap, other) = (heap(), heap());
    let (mut m, mut n) = (heap.attach(), other.attach());
    let object = m.alloc(Layout::POINTERS, 64).expect("room");
    let root = m.root(object);
    let large = m.alloc(Layout::NO_SCAN, 100_000).expect("room");
    let large_root = m.root(large);
    let foreign = n.alloc(Layout::POINTERS, 64).expect("room");
    let foreign_root = n.root(foreign);
    m.collect();
    let local = 0u64;
    let base = object.as_ptr() as usize;
    let bad = [
        foreign,
        NonNull::from(&local).cast(),
        at(1),
        at(usize::MAX),
        // A slot of the same span that nobody has allocated.
        at(base / (16 << 10) * (16 << 10) + (12 << 10)),
        // Past the end of a large object.
        at(large.as_ptr() as usize + 100_000),
    ];
    for pointer in bad {
        let refused = Some(Error::NotAnObject { address: pointer.as_ptr() as usize });
        assert_eq!(refusals(&mut m, pointer), [refused; 4], "{pointer:p}");
    }
    drop((root, large_root, foreign_root));
}

#[test]
fn misaligned_and_interior_pointers_mean_their_object() {
    let _watch = Watch::new(30, "misaligned_and_interior_pointers_mean_their_object");
    let heap = heap();
    let mut m = heap.attach();
    for bytes in [8, 64, 5000, 100_000] {
        let object = m.alloc(Layout::NO_SCAN, bytes).expect("room");
        let inside = at(object.as_ptr() as usize + bytes / 2 - 1);
        let root = m.root(inside);
        m.collect();
        assert_eq!(heap.stats().live_objects, 1, "the root of {bytes} bytes");
        assert_eq!(m.weak(inside).expect("an object").get(&mut m), Some(object));
        assert_eq!(refusals(&mut m, inside), [None; 4]);
        assert_eq!(
            m.remove_finalizer(object),
            Ok(false),
            "it was removed through the pointer inside"
        );
        drop(root);
        m.collect();
        assert_eq!(heap.stats().live_objects, 0);
        assert_eq!(m.run_finalizers(), 1, "the cleanup");
    }
}

#[test]
fn roots_of_foreign_pointers_are_ignored() {
    let _watch = Watch::new(30, "roots_of_foreign_pointers_are_ignored");
    let heap = heap();
    let mut m = heap.attach();
    let local = 0u64;
    let roots = [m.root(NonNull::from(&local).cast()), m.root(at(3)), m.root(at(usize::MAX))];
    m.collect();
    assert_eq!(heap.stats().live_objects, 0);
    assert_eq!(roots[1].get(), Some(at(3)));
}

/// # Safety
/// 1. The object is one that was allocated: its first word is a pointer.
unsafe fn trace_first(object: *const u8, _bytes: usize, tracer: &mut Tracer<'_>) {
    // SAFETY: as the caller vouches.
    let first = unsafe { object.cast::<usize>().read() };
    assert!(first % 8 == 0, "traced what is no object: its first word is {first:#x}");
    tracer.pointer(first as *const u8);
}

#[test]
fn roots_of_free_slots_keep_nothing_and_have_nothing_traced() {
    let _watch = Watch::new(30, "roots_of_free_slots_keep_nothing_and_have_nothing_traced");
    let config =
        Config { reserve: 64 << 20, gc_percent: None, idle_cycles: false, ..Config::default() };
    let heap = Heap::new(config).expect("address space");
    let mut m = heap.attach();
    // All memory that the heap has, up to the last word of each block, has held something odd.
    for _ in 0..500_000 {
        let object = m.alloc(Layout::NO_SCAN, 16).expect("room");
        // SAFETY: the object has 16 bytes.
        unsafe { object.write_bytes(0xff, 16) };
    }
    m.collect();
    // SAFETY: the function reports the only pointer of its objects.
    let traced = unsafe { heap.layout(LayoutSpec::Trace(trace_first)) }.expect("a good layout");
    for layout in [traced, Layout::POINTERS, Layout::CONSERVATIVE] {
        let object = m.alloc(layout, 1000).expect("room");
        let block = object.as_ptr() as usize / (16 << 10) * (16 << 10);
        let slots = (block..block + (16 << 10)).step_by(1024);
        let roots: Vec<_> = slots.map(|slot| m.root(at(slot + 8))).collect();
        for _ in 0..3 {
            m.collect();
            assert_eq!(heap.stats().live_objects, 1, "{layout:?}");
        }
        drop(roots);
        m.collect();
    }
}

#[test]
fn a_second_finalizer_is_refused() {
    let _watch = Watch::new(30, "a_second_finalizer_is_refused");
    let heap = heap();
    let mut m = heap.attach();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = |ran: &Arc<AtomicUsize>, by: usize| {
        let ran = Arc::clone(ran);
        move |_: &mut Mutator, _: NonNull<u8>| {
            ran.fetch_add(by, Ordering::Relaxed);
        }
    };
    let object = m.alloc(Layout::NO_SCAN, 8).expect("room");
    assert_eq!(m.set_finalizer(object, count(&ran, 1)), Ok(()));
    let address = object.as_ptr() as usize;
    assert_eq!(m.set_finalizer(object, count(&ran, 100)), Err(Error::HasFinalizer { address }));
    m.collect();
    m.run_finalizers();
    m.collect();
    m.run_finalizers();
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

#[test]
fn sizes_that_overflow_are_errors() {
    let _watch = Watch::new(30, "sizes_that_overflow_are_errors");
    let heap = heap();
    let mut m = heap.attach();
    for bytes in [usize::MAX, usize::MAX - 7, usize::MAX / 2 + 1, (64 << 20) + 1] {
        for layout in [Layout::NO_SCAN, Layout::POINTERS, Layout::CONSERVATIVE] {
            assert_eq!(m.alloc(layout, bytes), Err(Error::TooLarge { bytes }));
        }
        let kind = heap.kind(Layout::POINTERS, bytes, Zeroing::Zeroed);
        assert_eq!(kind, Err(Error::TooLarge { bytes }));
    }
    let size = usize::MAX;
    // SAFETY: the layout is refused.
    let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size, bits: &[1] }) };
    assert_eq!(layout, Err(Error::BadLayout { size }));
    // A long element costs no more than its bits, and a shorter object is a part of one.
    for size in [usize::MAX - 7, usize::MAX / 2 + 1, 1 << 40] {
        // SAFETY: nothing is stored in objects of this layout.
        let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size, bits: &[1] }) };
        for bytes in [0, 8, 16, 1000, 100_000] {
            assert!(m.alloc(layout.expect("it contradicts nothing"), bytes).is_ok());
        }
        m.collect();
    }
    for reserve in [usize::MAX, usize::MAX / 2] {
        let made = Heap::new(Config { reserve, ..Config::default() });
        let error = made.expect_err("no machine has that");
        assert!(matches!(error, Error::AddressSpace { .. } | Error::TooLarge { .. }), "{error}");
    }
    assert!(m.alloc(Layout::NO_SCAN, 0).is_ok());
}

#[test]
fn targets_that_overflow_are_taken_as_no_limit() {
    let _watch = Watch::new(30, "targets_that_overflow_are_taken_as_no_limit");
    let config = Config { min_heap: usize::MAX, gc_percent: Some(u32::MAX), ..Config::default() };
    let heap = Heap::new(Config { reserve: 64 << 20, ..config }).expect("address space");
    let mut m = heap.attach();
    heap.add_external(usize::MAX);
    heap.add_external(usize::MAX);
    m.alloc(Layout::NO_SCAN, 1000).expect("room");
    m.collect();
    heap.sub_external(usize::MAX);
    heap.set_memory_limit(Some(0));
    heap.set_gc_percent(Some(0));
    m.collect();
    assert_eq!(heap.stats().live_objects, 0);
}

#[test]
fn a_full_heap_is_out_of_memory_and_goes_on_after_a_collection() {
    let _watch = Watch::new(60, "a_full_heap_is_out_of_memory_and_goes_on_after_a_collection");
    let heap = Heap::new(Config { reserve: 8 << 20, ..Config::default() }).expect("address space");
    let mut m = heap.attach();
    for bytes in [16, 1000, 40_000] {
        let mut roots = Vec::new();
        let error = loop {
            match m.alloc(Layout::POINTERS, bytes) {
                Ok(object) => roots.push(m.root(object)),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
        assert!(roots.len() * bytes > 3 << 20, "only {} objects of {bytes} bytes", roots.len());
        drop(roots);
        m.collect();
        assert!(m.alloc(Layout::POINTERS, bytes).is_ok());
    }
}

#[test]
fn a_full_heap_aborts_the_process_of_who_cannot_go_on() {
    let name = "a_full_heap_aborts_the_process_of_who_cannot_go_on";
    let _watch = Watch::new(60, name);
    let ended = in_child(name, || {
        let heap = Heap::new(Config { reserve: 8 << 20, ..Config::default() }).expect("room");
        let kind = heap.kind(Layout::NO_SCAN, 1024, Zeroing::Zeroed).expect("a kind is free");
        let kind = FixedKind::<1024>::new(kind).expect("it is a size class");
        let mut m = heap.attach();
        let roots: Vec<_> = (0..16 << 10)
            .map(|_| {
                let object = m.alloc_fixed_or_abort(kind);
                m.root(object)
            })
            .collect();
        assert!(roots.is_empty(), "8 MiB have no room for 16");
    });
    if let Some((status, said)) = ended {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(said.contains("heap exhausted: no room for"), "{said}");
        assert!(said.contains("raise Config::reserve or free memory, aborting"), "{said}");
    }
}

#[test]
fn no_address_space_is_an_error() {
    let _watch = Watch::new(60, "no_address_space_is_an_error");
    let ended = in_child("no_address_space_is_an_error", || {
        let limit = libc::rlimit { rlim_cur: 4 << 30, rlim_max: 4 << 30 };
        // SAFETY: sets a limit of this process from a valid structure.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
        let error = Heap::new(Config::default()).expect_err("64 GiB do not fit into 4");
        assert!(matches!(error, Error::AddressSpace { os: libc::ENOMEM, .. }), "{error}");
        assert!(Heap::new(Config { reserve: 64 << 20, ..Config::default() }).is_ok());
    });
    if let Some((status, said)) = ended {
        assert!(status.success(), "{said}");
    }
}

#[test]
fn a_limit_below_the_live_heap_lets_the_program_go_on() {
    let _watch = Watch::new(60, "a_limit_below_the_live_heap_lets_the_program_go_on");
    let config = Config { memory_limit: Some(1 << 20), gc_percent: None, ..Config::default() };
    let heap = Heap::new(Config { reserve: 256 << 20, ..config }).expect("address space");
    let mut m = heap.attach();
    let roots: Vec<_> = (0..4000)
        .map(|_| {
            let object = m.alloc(Layout::POINTERS, 2048).expect("the limit is soft");
            m.root(object)
        })
        .collect();
    let before = heap.stats().cycles;
    while heap.stats().cycles < before + 5 {
        for _ in 0..1000 {
            m.alloc(Layout::POINTERS, 2048).expect("the limit is soft");
        }
    }
    m.collect();
    assert_eq!(heap.stats().live_objects, roots.len() as u64);
}

#[test]
fn a_thread_that_ends_without_dropping_its_mutator_aborts_the_process() {
    let name = "a_thread_that_ends_without_dropping_its_mutator_aborts_the_process";
    let _watch = Watch::new(60, name);
    let ended = in_child(name, || {
        let heap = heap();
        thread::scope(|scope| {
            scope.spawn(|| std::mem::forget(heap.attach()));
        });
        heap.collect();
    });
    if let Some((status, said)) = ended {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(
            said.contains("the thread of mutator 1 ended without dropping its Mutator"),
            "{said}"
        );
    }
}

#[test]
fn an_observer_that_panics_aborts_the_process() {
    #[derive(Debug)]
    struct Panics;
    impl Observer for Panics {
        fn cycle_begins(&self, _number: u64) {
            panic!("not today");
        }
    }
    let ended = in_child("an_observer_that_panics_aborts_the_process", || {
        let heap = heap();
        heap.observe(Arc::new(Panics));
        heap.collect();
    });
    if let Some((status, said)) = ended {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(said.contains("not today") && said.contains("trigo-gc panicked"), "{said}");
    }
}

/// Asks for a cycle when one has ended.
#[derive(Debug)]
struct Asks(Heap);

impl Observer for Asks {
    fn cycle_ended(&self, _record: &CycleRecord) {
        self.0.collect();
    }
}

#[test]
fn an_observer_that_collects_aborts_the_process() {
    let name = "an_observer_that_collects_aborts_the_process";
    let _watch = Watch::new(60, name);
    let ended = in_child(name, || {
        let heap = heap();
        heap.observe(Arc::new(Asks(heap.clone())));
        heap.collect();
    });
    if let Some((status, said)) = ended {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(said.contains("on the collector's own thread"), "{said}");
    }
}

#[test]
fn a_thread_that_would_wait_for_itself_is_told_so() {
    let _watch = Watch::new(60, "a_thread_that_would_wait_for_itself_is_told_so");
    let heap = heap();
    let mut m = heap.attach();
    let object = m.alloc(Layout::NO_SCAN, 8).expect("room");
    let waits: [&dyn Fn(); 5] = [
        &|| heap.collect(),
        &|| heap.release(),
        &|| heap.walk(|_| ()),
        &|| drop(heap.why_alive(object)),
        &|| drop(heap.collect_leaks(&[])),
    ];
    for wait in waits {
        let panic = panic::catch_unwind(AssertUnwindSafe(wait)).expect_err("it waits for itself");
        let said = panic.downcast_ref::<&str>().expect("a text");
        assert!(said.contains("this thread is attached to the heap"), "{said}");
        // Nor is anything broken by it.
        m.blocked(wait);
    }
}

/// # Safety
/// 1. None.
unsafe fn trace_badly(_object: *const u8, _bytes: usize, _tracer: &mut Tracer<'_>) {
    // The heap's own threads trace without a fault, so it is an assist that meets this.
    if !thread::current().name().is_some_and(|name| name.starts_with("trigo-")) {
        panic!("not today");
    }
}

#[test]
fn a_trace_function_that_panics_aborts_the_process_on_any_thread() {
    let name = "a_trace_function_that_panics_aborts_the_process_on_any_thread";
    let _watch = Watch::new(120, name);
    let ended = in_child(name, || {
        let config = Config { markers: 1, ..Config::default() };
        let heap = Heap::new(Config { reserve: 1 << 30, ..config }).expect("address space");
        // SAFETY: the objects hold no pointers.
        let traced = unsafe { heap.layout(LayoutSpec::Trace(trace_badly)) }.expect("a layout");
        let mut m = heap.attach();
        let mut roots = VecDeque::new();
        loop {
            let object = m.alloc(traced, 1000).expect("room");
            roots.push_back(m.root(object));
            if roots.len() > 50_000 {
                roots.pop_front();
            }
        }
    });
    if let Some((status, said)) = ended {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(said.contains("not today"), "{said}");
        assert!(said.contains("a trace function panicked"), "{said}");
    }
}

#[test]
fn a_root_may_outlive_the_heap() {
    let _watch = Watch::new(30, "a_root_may_outlive_the_heap");
    let heap = heap();
    let mut m = heap.attach();
    let object = m.alloc(Layout::NO_SCAN, 64).expect("room");
    // SAFETY: the object has 64 bytes.
    unsafe { object.write_bytes(7, 64) };
    let root = m.root(object);
    drop(m);
    heap.collect();
    drop(heap);
    // SAFETY: the root keeps the object, and the memory it lies in.
    assert_eq!(unsafe { root.get().expect("an object").read() }, 7);
}

#[test]
fn heaps_of_one_process_do_not_meet() {
    let _watch = Watch::new(60, "heaps_of_one_process_do_not_meet");
    let heaps: Vec<Heap> = (0..8).map(|_| heap()).collect();
    let mut mutators: Vec<Mutator> = heaps.iter().map(Heap::attach).collect();
    let mut roots = Vec::new();
    for (i, m) in mutators.iter_mut().enumerate() {
        for _ in 0..=i {
            let object = m.alloc(Layout::POINTERS, 32).expect("room");
            roots.push(m.root(object));
        }
    }
    for i in 0..mutators.len() {
        // Each collects while the others are attached and do not answer: they need not.
        mutators[i].collect();
        assert_eq!(heaps[i].stats().live_objects, i as u64 + 1);
    }
    // A pointer into another heap keeps nothing there.
    let theirs = mutators[1].alloc(Layout::NO_SCAN, 64).expect("room");
    roots.push(mutators[0].root(theirs));
    mutators[1].collect();
    assert_eq!(heaps[1].stats().live_objects, 2);
}

#[test]
#[should_panic(expected = "is not one of this heap's")]
fn a_layout_of_another_heap_is_refused() {
    let (one, other) = (heap(), heap());
    // SAFETY: nothing is stored in objects of this layout.
    let layout = unsafe { one.layout(LayoutSpec::Bitmap { size: 48, bits: &[0b101] }) };
    let _ = other.attach().alloc(layout.expect("a good layout"), 48);
}

#[test]
#[should_panic(expected = "is not one of this heap's")]
fn a_kind_of_another_heap_is_refused() {
    let (one, other) = (heap(), heap());
    // SAFETY: nothing is stored in objects of this layout.
    let layout = unsafe { one.layout(LayoutSpec::Bitmap { size: 48, bits: &[0b101] }) };
    let kind = one.kind(layout.expect("a good layout"), 48, Zeroing::Zeroed).expect("a kind");
    let _ = other.attach().alloc_kind(kind);
}

#[test]
#[should_panic(expected = "is not one of this heap's")]
fn a_kind_of_another_heap_and_another_size_is_refused() {
    let (one, other) = (heap(), heap());
    let [here, there] = [(&one, 48), (&other, 64)].map(|(heap, size)| {
        // SAFETY: nothing is stored in objects of this layout.
        let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size, bits: &[0b101] }) };
        heap.kind(layout.expect("a good layout"), size, Zeroing::Zeroed).expect("a kind")
    });
    assert_eq!(here.cursor_offset(), there.cursor_offset());
    let _ = one.attach().alloc_kind(there);
}

#[test]
#[should_panic(expected = "another heap")]
fn setting_a_root_through_a_mutator_of_another_heap_is_refused() {
    let (one, other) = (heap(), heap());
    let root = one.attach().empty_root();
    root.set(&mut other.attach(), None);
}

#[test]
#[should_panic(expected = "another heap")]
fn loading_a_weak_reference_through_a_mutator_of_another_heap_is_refused() {
    let (one, other) = (heap(), heap());
    let mut m = one.attach();
    let object = m.alloc(Layout::NO_SCAN, 8).expect("room");
    let weak = m.weak(object).expect("an object");
    weak.get(&mut other.attach());
}

#[test]
fn a_cleanup_of_another_heap_is_not_stopped() {
    let (one, other) = (heap(), heap());
    let mut m = one.attach();
    let object = m.alloc(Layout::NO_SCAN, 8).expect("room");
    let cleanup = m.add_cleanup(object, || ()).expect("an object");
    assert!(!other.attach().stop_cleanup(cleanup));
    assert!(m.stop_cleanup(cleanup));
    assert!(!m.stop_cleanup(cleanup), "it was stopped before");
}

#[test]
fn a_full_range_is_collected_before_it_is_an_error() {
    let heap =
        Heap::new(Config { reserve: 16 << 20, gc_percent: None, ..Config::default() }).unwrap();
    let mut m = heap.attach();
    // Four times the range, of small objects and of large ones, all of them garbage.
    for bytes in [64, 64 << 10] {
        for _ in 0..(64 << 20) / bytes {
            m.alloc(Layout::NO_SCAN, bytes).expect("what is dead makes room");
        }
    }
    assert!(heap.stats().cycles > 0);
    let mut roots = Vec::new();
    let error = loop {
        match m.alloc(Layout::NO_SCAN, 1 << 20) {
            Ok(object) => roots.push(m.root(object)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    assert!(roots.len() > 8, "{} MiB of 16", roots.len());
}
