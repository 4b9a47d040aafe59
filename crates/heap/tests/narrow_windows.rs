//! Races that random programs hit rarely, each held open on purpose.

mod support;

use std::{
    cell::UnsafeCell,
    ptr::NonNull,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{forms::word, watch::Watch};
use trigo_heap::{
    Config, Debug, Heap, Layout, LayoutSpec, Mutator, RootSource, RootVisitor, offsets,
};

const NUMBER: usize = 0x1234_5678_9ABC_DEF0;

fn heap() -> Heap {
    let debug = Debug { poison: true, ..Debug::default() };
    Heap::new(Config { reserve: 64 << 20, debug, ..Config::default() }).expect("address space")
}

/// An object that holds [`NUMBER`].
fn numbered(m: &mut Mutator) -> usize {
    let object = m.alloc(Layout::NO_SCAN, 64).expect("room").as_ptr() as usize;
    word(object, 0).store(NUMBER, Ordering::Relaxed);
    object
}

fn is_intact(object: usize) -> bool {
    word(object, 0).load(Ordering::Relaxed) == NUMBER
}

/// Collects on another thread while this one runs `f` and then answers until the cycle has ended.
fn collect_during(m: &mut Mutator, f: impl FnOnce(&mut Mutator)) {
    let heap = m.heap().clone();
    let cycle = thread::spawn(move || heap.collect());
    f(m);
    while !cycle.is_finished() {
        m.poll();
    }
    cycle.join().expect("a cycle ends");
}

/// Holds root scanning up, after the handles and before the finalizer queue.
#[derive(Default)]
struct Holdup {
    reached: AtomicBool,
    go_on: AtomicBool,
}

// SAFETY: it holds no pointers, and waits for a mutator that needs no answer, for a bounded time.
unsafe impl RootSource for Holdup {
    fn scan(&self, _visitor: &mut RootVisitor<'_>) {
        self.reached.store(true, Ordering::SeqCst);
        let start = Instant::now();
        while !self.go_on.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(5) {
            thread::yield_now();
        }
    }
}

/// Collects, and runs `f` when handles and sources have been scanned, and finalizers have not.
fn between_the_scans(m: &mut Mutator, f: impl FnOnce(&mut Mutator)) {
    let holdup = Arc::new(Holdup::default());
    m.heap().add_root_source(holdup.clone());
    collect_during(m, |m| {
        while !holdup.reached.load(Ordering::SeqCst) {
            m.poll();
        }
        f(m);
        holdup.go_on.store(true, Ordering::SeqCst);
    });
}

fn pointer(object: usize) -> NonNull<u8> {
    NonNull::new(object as *mut u8).expect("an address")
}

#[test]
fn a_closure_that_is_taken_between_the_scans_of_handles_and_queue_is_kept() {
    let _watch = Watch::new(60, "a closure that is taken during the scan of roots");
    let heap = heap();
    let mut m = heap.attach();
    let (object, closure) = (numbered(&mut m), numbered(&mut m));
    m.set_finalizer_closure(pointer(object), Some(pointer(closure)), 0).expect("a live object");
    m.collect();
    let mut roots = Vec::new();
    between_the_scans(&mut m, |m| {
        let due = m.next_due().expect("the object is dead");
        assert_eq!((due.object, due.closure), (Some(pointer(object)), Some(pointer(closure))));
        roots = vec![m.root(pointer(object)), m.root(pointer(closure))];
    });
    assert!(is_intact(object) && is_intact(closure), "what root handles hold was freed");
}

#[test]
fn what_a_copy_overwrites_is_kept_for_those_that_have_read_it() {
    let _watch = Watch::new(60, "a copy during the scan of roots");
    let heap = heap();
    let mut m = heap.attach();
    // SAFETY: the first of three words is the pointer.
    let triple = unsafe { heap.layout(LayoutSpec::Bitmap { size: 24, bits: &[1] }) }.unwrap();
    for (layout, bytes, at) in [
        (triple, 24, 0),
        (triple, 2400, 480),
        (triple, 48_000, 24_000),
        (Layout::POINTERS, 64, 56),
        (Layout::CONSERVATIVE, 64, 8),
    ] {
        // The array is reached late: from an object with a finalizer.
        let holder = m.alloc(Layout::POINTERS, 8).unwrap().as_ptr() as usize;
        let held = m.root(pointer(holder));
        m.set_finalizer(pointer(holder), |_, _| {}).unwrap();
        let array = m.alloc(layout, bytes).unwrap().as_ptr() as usize;
        // SAFETY: pointer words of live objects, here and below.
        unsafe { m.store(holder as *mut *mut u8, array as *mut u8) };
        let object = numbered(&mut m);
        // SAFETY: as above.
        unsafe { m.store((array + at) as *mut *mut u8, object as *mut u8) };
        drop(held);
        let mut root = None;
        between_the_scans(&mut m, |m| {
            let read = word(array, at / 8).load(Ordering::Relaxed);
            // SAFETY: a part of the array, which is cleared.
            unsafe { m.before_copy((array + at) as *mut u8, std::ptr::null(), bytes - at) };
            (at / 8..bytes / 8).for_each(|i| word(array, i).store(0, Ordering::Relaxed));
            // The handles have been scanned.
            root = Some(m.root(pointer(read)));
        });
        assert!(is_intact(object), "what a root handle holds was freed");
        m.run_finalizers();
    }
}

/// Words outside of the heap, which are roots; scanned when a [`Holdup`] lets them be.
#[derive(Default)]
struct Globals {
    words: [AtomicUsize; 4],
    holdup: Holdup,
}

// SAFETY: it reports all of its words, which live as long as it does.
unsafe impl RootSource for Globals {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        self.holdup.scan(visitor);
        let range = self.words.as_ptr_range();
        // SAFETY: words that are alive and readable.
        unsafe { visitor.words(range.start.cast(), range.end.cast()) };
    }
}

#[test]
fn what_is_cleared_outside_of_the_heap_is_kept_for_those_that_have_read_it() {
    let _watch = Watch::new(60, "a clearing of globals before they are scanned");
    let heap = heap();
    let mut m = heap.attach();
    let globals = Arc::new(Globals::default());
    let object = numbered(&mut m);
    globals.words[2].store(object, Ordering::Relaxed);
    heap.add_root_source(globals.clone());
    let mut root = None;
    collect_during(&mut m, |m| {
        while !globals.holdup.reached.load(Ordering::SeqCst) {
            m.poll();
        }
        let read = globals.words[2].load(Ordering::Relaxed);
        // SAFETY: words outside of the heap, which are cleared.
        unsafe { m.before_copy(globals.words.as_ptr() as *mut u8, std::ptr::null(), 32) };
        globals.words.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        // The handles have been scanned.
        root = Some(m.root(pointer(read)));
        globals.holdup.go_on.store(true, Ordering::SeqCst);
    });
    assert!(is_intact(object), "what a root handle holds was freed");
}

#[test]
fn a_finalizer_that_runs_between_the_scans_of_handles_and_queue_keeps_its_object() {
    let _watch = Watch::new(60, "a finalizer that runs during the scan of roots");
    let heap = heap();
    let mut m = heap.attach();
    let object = numbered(&mut m);
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    m.set_finalizer(pointer(object), move |m, p| *keep.lock().unwrap() = Some(m.root(p)))
        .expect("a live object");
    m.collect();
    assert_eq!(heap.stats().finalizers_queued, 1);

    between_the_scans(&mut m, |m| assert_eq!(m.run_finalizers(), 1));
    assert!(kept.lock().unwrap().is_some());
    assert!(is_intact(object), "the object that a root handle holds was freed");
}

#[test]
fn a_stack_born_before_the_scan_of_its_maker_is_scanned() {
    let _watch = Watch::new(60, "a stack born while another mutator is late");
    let heap = heap();
    let mut m = heap.attach();
    let late = Arc::new(AtomicBool::new(true));
    let attached = Arc::new(AtomicBool::new(false));
    let other = thread::spawn({
        let (heap, late, attached) = (heap.clone(), Arc::clone(&late), Arc::clone(&attached));
        move || {
            let _m = heap.attach();
            attached.store(true, Ordering::SeqCst);
            while late.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        }
    });
    while !attached.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    let memory = Box::new([const { UnsafeCell::new(0usize) }; 4]);
    let top = memory.as_ptr_range().end.cast::<u8>();
    let mut object = 0;
    let mut stack = None;
    collect_during(&mut m, |m| {
        // SAFETY: the word at this offset is an atomic one of the mutator's state.
        let barrier = unsafe { &*m.state_address().add(offsets::BARRIER).cast::<AtomicU32>() };
        while barrier.load(Ordering::Relaxed) == 0 {
            m.poll();
        }
        // The other mutator has not answered yet, so nothing is born black.
        object = numbered(m);
        // SAFETY: the stack is this mutator's, and no safepoint comes before it is parked with its one word.
        unsafe {
            stack = Some(m.new_stack(top));
            memory[3].get().write_volatile(object);
            m.park_stack(memory.as_ptr().add(3).cast());
        }
        late.store(false, Ordering::SeqCst);
    });
    other.join().expect("the late mutator ends");
    assert!(is_intact(object), "the object that a parked stack holds was freed");
    let stack = stack.expect("it was made");
    m.remove_stack(&stack);
}

#[test]
fn a_stack_that_is_removed_before_its_scan_is_scanned_in_that_cycle() {
    let _watch = Watch::new(60, "a stack that is removed during a cycle");
    let heap = heap();
    let mut m = heap.attach();
    let object = numbered(&mut m);
    let words = Box::new([object]);
    let (top, sp) = (words.as_ptr_range().end.cast(), words.as_ptr().cast());
    // SAFETY: the word stays as it is until the stack is removed, and there was no safepoint since the allocation.
    let stack = unsafe { m.new_parked_stack(top, sp) };
    let mut root = None;
    between_the_scans(&mut m, |m| {
        root = Some(m.root(pointer(words[0])));
        m.remove_stack(&stack);
        drop(words);
    });
    assert!(is_intact(object), "what a root handle holds was freed");
    m.collect();
    drop(root);
    m.collect();
    assert_eq!(heap.stats().live_objects, 0, "a removed stack is still scanned");
}

/// Holds one pointer.
struct Cell(AtomicPtr<u8>);

// SAFETY: the pointer is reported, and does not change.
unsafe impl RootSource for Cell {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        visitor.pointer(self.0.load(Ordering::Acquire));
    }
}

#[test]
fn a_source_that_is_removed_before_its_scan_is_scanned_in_that_cycle() {
    let _watch = Watch::new(60, "a source that is removed during a cycle");
    let heap = heap();
    let mut m = heap.attach();
    let object = numbered(&mut m);
    let holdup = Arc::new(Holdup::default());
    heap.add_root_source(holdup.clone());
    let cell = Arc::new(Cell(AtomicPtr::new(object as *mut u8)));
    let source: Arc<dyn RootSource> = cell.clone();
    heap.add_root_source(Arc::clone(&source));
    let mut root = None;
    collect_during(&mut m, |m| {
        // SAFETY: the word at this offset is an atomic one of the mutator's state.
        let barrier = unsafe { &*m.state_address().add(offsets::BARRIER).cast::<AtomicU32>() };
        // Once this mutator has been scanned, what it stores is not recorded.
        while barrier.load(Ordering::Relaxed) != 2 {
            m.poll();
        }
        heap.remove_root_source(&source);
        root = Some(m.root(pointer(cell.0.load(Ordering::Relaxed) as usize)));
        holdup.go_on.store(true, Ordering::SeqCst);
    });
    assert!(is_intact(object), "what a root handle holds was freed");
    m.collect();
    drop(root);
    m.collect();
    assert_eq!(heap.stats().live_objects, 0, "a removed source is still scanned");
}
