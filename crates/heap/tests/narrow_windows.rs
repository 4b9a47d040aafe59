//! Races that random programs hit rarely, each held open on purpose.

mod support;

use std::{
    cell::UnsafeCell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{forms::word, watch::Watch};
use trigo_heap::{Config, Debug, Heap, Layout, Mutator, RootSource, RootVisitor, offsets};

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

#[test]
fn a_finalizer_that_runs_between_the_scans_of_handles_and_queue_keeps_its_object() {
    let _watch = Watch::new(60, "a finalizer that runs during the scan of roots");
    let heap = heap();
    let mut m = heap.attach();
    let object = numbered(&mut m);
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let pointer = std::ptr::NonNull::new(object as *mut u8).expect("an address");
    m.set_finalizer(pointer, move |m, p| *keep.lock().unwrap() = Some(m.root(p)))
        .expect("a live object");
    m.collect();
    assert_eq!(heap.stats().finalizers_queued, 1);

    let holdup = Arc::new(Holdup::default());
    heap.add_root_source(holdup.clone());
    collect_during(&mut m, |m| {
        while !holdup.reached.load(Ordering::SeqCst) {
            m.poll();
        }
        assert_eq!(m.run_finalizers(), 1);
        holdup.go_on.store(true, Ordering::SeqCst);
    });
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
        stack = Some(m.new_stack(top));
        // SAFETY: the stack is this mutator's, and no safepoint comes before it is parked with its one word.
        unsafe {
            memory[3].get().write_volatile(object);
            m.park_stack(memory.as_ptr().add(3).cast());
        }
        late.store(false, Ordering::SeqCst);
    });
    other.join().expect("the late mutator ends");
    assert!(is_intact(object), "the object that a parked stack holds was freed");
    let stack = stack.expect("it was made");
    m.resume_stack(&stack);
    m.remove_stack(&stack);
}
