//! A small runtime: goroutines on mapped stacks, workers that run them, and the slow paths of their code.

use super::stubs::{self, Words};
use std::{
    collections::VecDeque,
    ffi::c_void,
    ptr::NonNull,
    sync::{
        Arc, Mutex,
        atomic::{AtomicPtr, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use trigo_heap::{Heap, Kind, Mutator, RootSource, RootVisitor, Stack};

pub const STACK: usize = 64 << 10;
/// Reasons to give way.
pub const YIELD: usize = 0;
pub const END: usize = 1;

/// Memory for a stack.
pub struct Memory(*mut c_void);

// SAFETY: plain memory.
unsafe impl Send for Memory {}

impl Memory {
    pub fn new() -> Self {
        let (prot, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh anonymous mapping.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), STACK, prot, flags, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        Self(at)
    }

    pub fn top(&self) -> *mut u8 {
        self.0.cast::<u8>().wrapping_add(STACK)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: nobody runs on the stack, and the heap has forgotten it.
        unsafe { libc::munmap(self.0, STACK) };
    }
}

/// A goroutine that does not run.
pub struct Goroutine {
    memory: Memory,
    stack: Arc<Stack>,
    sp: *const u8,
}

// SAFETY: it is run by the worker that holds it alone.
unsafe impl Send for Goroutine {}

/// Global variables: pointers where the bitmap says so, else counters.
pub struct Globals([AtomicPtr<u8>; 64]);

impl Globals {
    /// Every second word is a pointer.
    pub const BITS: u64 = 0x5555_5555_5555_5555;

    pub fn pointer(&self, i: usize) -> &AtomicPtr<u8> {
        &self.0[2 * i % 64]
    }
}

// SAFETY: all pointers are reported, and changed by barriered stores.
unsafe impl RootSource for Globals {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        // SAFETY: the words are readable and pointers of the heap or null.
        unsafe { visitor.bitmap(self.0.as_ptr().cast(), &[Self::BITS]) };
    }
}

/// What all workers share.
pub struct Vm {
    pub heap: Heap,
    pub kinds: Vec<Kind>,
    pub globals: Arc<Globals>,
    queue: Mutex<VecDeque<Goroutine>>,
    /// Goroutines that have not ended.
    alive: AtomicUsize,
    pub finalized: AtomicUsize,
}

impl Vm {
    pub fn new(heap: Heap, kinds: Vec<Kind>) -> Self {
        let globals = Arc::new(Globals([const { AtomicPtr::new(std::ptr::null_mut()) }; 64]));
        heap.add_root_source(globals.clone());
        let (queue, zero) = (Mutex::default(), || AtomicUsize::new(0));
        Self { heap, kinds, globals, queue, alive: zero(), finalized: zero() }
    }

    /// Makes a goroutine that will call `f` with a worker's state and `argument`.
    pub fn spawn(&self, mutator: &mut Mutator, f: extern "C" fn(*mut u8, usize), argument: usize) {
        let memory = Memory::new();
        // SAFETY: the memory is fresh; nothing runs on it yet. The caller still holds the argument.
        let (sp, stack) = unsafe {
            let sp = stubs::first_frame(memory.top(), f, argument);
            (sp, mutator.new_parked_stack(memory.top(), sp))
        };
        self.alive.fetch_add(1, Ordering::Relaxed);
        self.queue.lock().unwrap().push_back(Goroutine { memory, stack, sp });
    }

    /// Runs goroutines on this thread until all have ended.
    pub fn work(self: &Arc<Self>) {
        let mut worker =
            Worker { mutator: self.heap.attach(), vm: Arc::clone(self), lowest: 0, segment: None };
        let state = worker.mutator.state_address();
        // SAFETY: the words are the client's, and this thread's.
        unsafe { (*state.cast::<Words>()).worker = &raw mut worker };
        while self.alive.load(Ordering::Relaxed) > 0 {
            let next = self.queue.lock().unwrap().pop_front();
            match next {
                Some(goroutine) => worker.run(state, goroutine),
                None => worker.mutator.blocked(|| thread::sleep(Duration::from_micros(50))),
            }
        }
    }
}

/// A thread that runs goroutines, one at a time.
pub struct Worker {
    pub mutator: Mutator,
    pub vm: Arc<Vm>,
    /// The lowest stack pointer of the goroutine that runs.
    lowest: usize,
    segment: Option<Memory>,
}

impl Worker {
    fn run(&mut self, state: *mut u8, mut goroutine: Goroutine) {
        // SAFETY: none runs, and the switch to this one comes before the next safepoint.
        unsafe {
            if !self.mutator.try_resume_stack(&goroutine.stack) {
                self.mutator.resume_stack(&goroutine.stack);
            }
        }
        self.lowest = goroutine.memory.top() as usize - STACK + 4096;
        self.mutator.set_stack_guard(self.lowest);
        // SAFETY: the goroutine is suspended there and this worker has claimed it.
        let parked = unsafe { stubs::run(state, goroutine.sp) };
        if parked.reason == END {
            self.mutator.remove_stack(&goroutine.stack);
            self.vm.alive.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        goroutine.sp = parked.sp;
        // SAFETY: `park` has saved the registers there, and nobody runs the goroutine until it is resumed.
        unsafe { self.mutator.park_stack(parked.sp) };
        self.vm.queue.lock().unwrap().push_back(goroutine);
    }
}

/// Calls `f` with the worker's mutator, on behalf of the goroutine that is suspended at `sp`.
fn on_behalf<R>(
    worker: *mut Worker,
    sp: *const u8,
    f: impl FnOnce(&mut Mutator, &Arc<Vm>) -> R,
) -> R {
    // SAFETY: the stub passes its worker, which nobody else uses while the goroutine is suspended, and has saved the
    // goroutine's registers at `sp`.
    unsafe {
        let worker = &mut *worker;
        let vm = &worker.vm;
        worker.mutator.suspended(sp, |mutator| f(mutator, vm))
    }
}

pub extern "C" fn alloc(worker: *mut Worker, sp: *const u8, kind: usize, _: usize) -> usize {
    let alloc = |m: &mut Mutator, vm: &Arc<Vm>| m.alloc_kind(vm.kinds[kind]);
    on_behalf(worker, sp, alloc).expect("the range has room").as_ptr() as usize
}

pub extern "C" fn poll(worker: *mut Worker, sp: *const u8, _: usize, _: usize) -> usize {
    on_behalf(worker, sp, |m, _| m.poll());
    0
}

/// The slow path of a function entry. This runtime's stacks suffice, so it was a request.
pub extern "C" fn entry(worker: *mut Worker, sp: *const u8, _: usize, _: usize) -> usize {
    poll(worker, sp, 0, 0);
    // SAFETY: as in `on_behalf`.
    let worker = unsafe { &mut *worker };
    worker.mutator.set_stack_guard(worker.lowest);
    0
}

pub extern "C" fn flush(worker: *mut Worker, sp: *const u8, _: usize, _: usize) -> usize {
    on_behalf(worker, sp, |m, _| m.flush_barrier());
    0
}

pub extern "C" fn collect(worker: *mut Worker, sp: *const u8, _: usize, _: usize) -> usize {
    on_behalf(worker, sp, |m, _| m.collect());
    0
}

pub extern "C" fn go(worker: *mut Worker, sp: *const u8, f: usize, argument: usize) -> usize {
    // SAFETY: callers pass a function of this type.
    let f = unsafe { std::mem::transmute::<usize, extern "C" fn(*mut u8, usize)>(f) };
    on_behalf(worker, sp, |m, vm| vm.spawn(m, f, argument));
    0
}

/// Before a copy of so many words; `pair` is the address of its target and its source.
pub extern "C" fn copy(worker: *mut Worker, sp: *const u8, pair: usize, words: usize) -> usize {
    // SAFETY: the goroutine's code passes the addresses of two objects of that size.
    let [to, from] = unsafe { *(pair as *const [*mut u8; 2]) };
    // SAFETY: as above; the copy follows at once.
    on_behalf(worker, sp, |m, _| unsafe { m.before_copy(to, from, 8 * words) });
    0
}

pub extern "C" fn set_finalizer(
    worker: *mut Worker,
    sp: *const u8,
    object: usize,
    closure: usize,
) -> usize {
    let pointer = |address: usize| NonNull::new(address as *mut u8);
    on_behalf(worker, sp, |m, _| {
        m.set_finalizer_closure(pointer(object).unwrap(), pointer(closure), 42)
    })
    .unwrap();
    0
}

/// Writes object and closure of what is due to the two words at `to`; 0 if nothing is.
pub extern "C" fn next_due(worker: *mut Worker, sp: *const u8, to: usize, _: usize) -> usize {
    let Some(due) = on_behalf(worker, sp, |m, _| m.next_due()) else { return 0 };
    assert_eq!(due.data, 42);
    let words = [due.object, due.closure].map(|o| o.expect("both were given").as_ptr() as usize);
    // SAFETY: two words of the goroutine's stack.
    unsafe { (to as *mut [usize; 2]).write(words) };
    1
}

pub extern "C" fn enter_blocked(worker: *mut Worker, sp: *const u8) {
    // SAFETY: the stub's worker; the goroutine leaves what is above `sp` alone until it is back.
    unsafe { (*worker).mutator.enter_blocked(sp) };
}

pub extern "C" fn leave_blocked(worker: *mut Worker) {
    // SAFETY: `enter_blocked` came before.
    unsafe { (*worker).mutator.leave_blocked() };
}

/// Has the goroutine go on in a second segment. Writes the old stack guard to the word at `lowest`; returns the top.
pub extern "C" fn enter_segment(
    worker: *mut Worker,
    sp: *const u8,
    lowest: usize,
    _: usize,
) -> usize {
    // SAFETY: the stub's worker.
    let worker = unsafe { &mut *worker };
    // SAFETY: a word of the goroutine's stack.
    unsafe { (lowest as *mut usize).write(worker.lowest) };
    let top = worker.segment.insert(Memory::new()).top();
    worker.lowest = top as usize - STACK + 4096;
    worker.mutator.set_stack_guard(worker.lowest);
    // SAFETY: what is above `sp` stays as it is until the goroutine has returned from the segment.
    unsafe { worker.mutator.enter_segment(sp, top) };
    top as usize
}

pub extern "C" fn leave_segment(
    worker: *mut Worker,
    _: *const u8,
    lowest: usize,
    _: usize,
) -> usize {
    // SAFETY: the stub's worker.
    let worker = unsafe { &mut *worker };
    // SAFETY: the stub returns to the segment before.
    unsafe { worker.mutator.leave_segment() };
    worker.segment = None;
    worker.lowest = lowest;
    worker.mutator.set_stack_guard(worker.lowest);
    0
}
