//! What a compiler would generate, written in Rust: it runs on goroutines' stacks and knows the worker by the address of
//! its state alone.

use super::{
    stubs::{self, Native, Words},
    vm::{self, Vm},
};
use std::sync::{
    Arc,
    atomic::{AtomicPtr, AtomicU32, Ordering},
};
use trigo_heap::offsets;

const NODE: usize = 0;
const PAYLOAD: usize = 1;

/// A node: two pointers, then data.
#[repr(C)]
struct Node {
    next: *mut Node,
    payload: *mut u64,
    key: u64,
    check: u64,
}

const SEAL: u64 = 0x9e37_79b9_7f4a_7c15;

/// The view that compiled code has of its worker: the pinned register.
#[derive(Clone, Copy)]
struct Code(*mut u8);

impl Code {
    fn word(self, offset: usize) -> *mut usize {
        self.0.wrapping_add(offset).cast()
    }

    fn words(self) -> *mut Words {
        self.0.cast()
    }

    fn call(self, native: Native, a: usize, b: usize) -> usize {
        // SAFETY: this code runs on a goroutine of the worker whose state this is.
        unsafe { stubs::call(self.0, native, a, b) }
    }

    fn vm(self) -> &'static Vm {
        // SAFETY: the worker has set the word, and the vm outlives its goroutines.
        unsafe {
            let worker = (*self.words()).worker;
            &*Arc::as_ptr(&(*worker).vm)
        }
    }

    /// A safepoint on a loop's way back.
    fn back_edge(self) {
        // SAFETY: the poll word; the collector writes it.
        let poll = unsafe { &*self.word(offsets::POLL).cast::<AtomicU32>() };
        if poll.load(Ordering::Relaxed) != 0 {
            self.call(vm::poll, 0, 0);
        }
    }

    /// What a function does first.
    fn entry(self) {
        let here = 0usize;
        // SAFETY: the stack guard; the collector writes it.
        let guard = unsafe { &*self.word(offsets::STACK_GUARD).cast::<AtomicPtr<()>>() };
        if (&raw const here as usize) < guard.load(Ordering::Relaxed) as usize {
            self.call(vm::entry, 0, 0);
        }
    }

    fn alloc<T>(self, kind: usize) -> *mut T {
        // A compiler knows these two numbers.
        let (offset, size) = (self.vm().kinds[kind].cursor_offset(), self.vm().kinds[kind].size());
        let cursor = self.word(offset);
        // SAFETY: the cursor's two words, which this thread alone uses.
        unsafe {
            let object = *cursor;
            if object + size <= *cursor.add(1) {
                *cursor = object + size;
                return object as *mut T;
            }
        }
        self.call(vm::alloc, kind, 0) as *mut T
    }

    fn barrier(self) -> u32 {
        // SAFETY: the barrier flag, which this thread's answers write.
        unsafe { *self.word(offsets::BARRIER).cast::<u32>() }
    }

    fn record(self, value: usize) {
        let (next, end) = (self.word(offsets::BUFFER_NEXT), self.word(offsets::BUFFER_END));
        // SAFETY: there is room for a word between calls.
        unsafe {
            (*next as *mut usize).write(value);
            *next += 8;
            if *next == *end {
                self.call(vm::flush, 0, 0);
            }
        }
    }

    fn store<T>(self, slot: *mut *mut T, value: *mut T) {
        // SAFETY: callers pass a pointer word of a live object or a global.
        let slot = unsafe { AtomicPtr::from_ptr(slot) };
        let flag = self.barrier();
        if flag != 0 {
            self.record(slot.load(Ordering::Relaxed) as usize);
            if flag == 1 {
                self.record(value as usize);
            }
        }
        slot.store(value, Ordering::Release);
    }

    /// The first store to a word of a fresh object.
    fn init<T>(self, slot: *mut *mut T, value: *mut T) {
        if self.barrier() == 1 {
            self.record(value as usize);
        }
        // SAFETY: callers pass a pointer word of an object allocated since the last safepoint.
        unsafe { slot.write(value) };
    }

    /// A node in front of `next`.
    #[inline(never)]
    fn cons(self, next: *mut Node, key: u64) -> *mut Node {
        self.entry();
        let payload: *mut u64 = self.alloc(PAYLOAD);
        // SAFETY: a fresh payload, which reads as zero.
        unsafe {
            assert!((0..6).all(|i| *payload.add(i) == 0));
            *payload = key ^ SEAL;
        }
        let node: *mut Node = self.alloc(NODE);
        // SAFETY: a fresh node, whose pointers are stored before the next safepoint.
        unsafe {
            self.init(&raw mut (*node).next, next);
            self.init(&raw mut (*node).payload, payload);
            (*node).key = key;
            (*node).check = key.wrapping_mul(SEAL);
        }
        node
    }

    /// How long a list is; each node must be whole.
    #[inline(never)]
    fn check(self, mut node: *mut Node) -> usize {
        self.entry();
        let mut length = 0;
        while !node.is_null() {
            // SAFETY: the caller holds the list.
            unsafe {
                assert_eq!((*node).key.wrapping_mul(SEAL), (*node).check, "a node was overwritten");
                assert_eq!(*(*node).payload ^ SEAL, (*node).key, "a payload was overwritten");
                node = AtomicPtr::from_ptr(&raw mut (*node).next).load(Ordering::Acquire);
            }
            length += 1;
            self.back_edge();
        }
        length
    }

    fn global(self, i: usize) -> *mut *mut Node {
        self.vm().globals.pointer(i).as_ptr().cast()
    }

    fn load_global(self, i: usize) -> *mut Node {
        // SAFETY: a global.
        unsafe { AtomicPtr::from_ptr(self.global(i)) }.load(Ordering::Acquire)
    }

    /// Gives way to others; the goroutine goes on, on any worker.
    fn give_way(&mut self) {
        // SAFETY: on a goroutine of this worker.
        self.0 = unsafe { stubs::park(self.0, vm::YIELD) };
    }

    fn end(self) -> ! {
        // SAFETY: as above; it is not resumed.
        unsafe { stubs::park(self.0, vm::END) };
        unreachable!("a goroutine that has ended was resumed")
    }
}

/// The first goroutine: starts the others, with lists that their stacks alone hold, and runs finalizers.
pub extern "C" fn root(state: *mut u8, argument: usize) {
    let mut code = Code(state);
    let (goroutines, rounds) = (argument >> 32, argument & 0xffff_ffff);
    for id in 0..goroutines {
        let list = code.cons(std::ptr::null_mut(), (rounds << 16 | id) as u64);
        code.call(vm::go, child as *const () as usize, list as usize);
        code.back_edge();
    }
    let mut seen = 0;
    while seen < goroutines {
        let mut due = [std::ptr::null_mut::<Node>(); 2];
        if code.call(vm::next_due, due.as_mut_ptr() as usize, 0) != 0 {
            // The object and what it leads to have been kept for this, and so has the closure.
            assert_eq!(code.check(due[0]), 2);
            assert_eq!(code.check(due[1]), 1);
            seen += 1;
            code.vm().finalized.fetch_add(1, Ordering::Relaxed);
        } else {
            code.call(vm::collect, 0, 0);
            code.give_way();
        }
    }
    code.end()
}

/// Makes lists, exchanges them with others through globals, and waits in every way there is, holding pointers on its
/// stack alone.
pub extern "C" fn child(state: *mut u8, argument: usize) {
    let mut code = Code(state);
    let mut own = argument as *mut Node;
    assert_eq!(code.check(own), 1);
    // SAFETY: the argument was kept by the first frame.
    let key = unsafe { (*own).key } as usize;
    let (rounds, id) = (key >> 16, key & 0xffff);
    leave_to_be_finalized(code, id);
    for round in 0..rounds {
        for i in 0..20 {
            own = code.cons(own, i);
            code.back_edge();
        }
        let before = code.check(own);
        match round % 5 {
            0 => code.give_way(),
            1 => sleep(code),
            2 => in_segment(code),
            3 => in_client_word(code, own),
            _ => own = copied(code, own),
        }
        assert_eq!(code.check(own), before);
        // What somebody else has put there becomes this goroutine's own, and the other way round.
        let theirs = code.load_global(id + round);
        code.store(code.global(id + round), own);
        own = theirs;
        if code.check(own) > 200 {
            own = std::ptr::null_mut();
        }
    }
    for i in id..id + 32 {
        code.store(code.global(i), std::ptr::null_mut());
    }
    code.end()
}

#[inline(never)]
fn leave_to_be_finalized(code: Code, id: usize) {
    let object = code.cons(code.cons(std::ptr::null_mut(), id as u64), id as u64);
    let closure = code.cons(std::ptr::null_mut(), id as u64);
    code.call(vm::set_finalizer, object as usize, closure as usize);
}

/// A system call. Other goroutines' workers run cycles meanwhile.
#[inline(never)]
fn sleep(code: Code) {
    extern "C" fn nanosleep() {
        let time = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };
        // SAFETY: the call touches nothing of the heap.
        unsafe { libc::nanosleep(&time, std::ptr::null_mut()) };
    }
    // SAFETY: on a goroutine of this worker.
    unsafe { stubs::call_blocked(code.0, nanosleep) };
}

/// Goes on in a second segment, while the first one alone holds lists: more than there are registers.
#[inline(never)]
fn in_segment(code: Code) {
    extern "C" fn on_segment(state: usize) {
        let code = Code(state as *mut u8);
        let mut list = std::ptr::null_mut();
        for key in 0..50 {
            list = code.cons(list, key);
            code.back_edge();
        }
        code.call(vm::collect, 0, 0);
        assert_eq!(code.check(list), 50);
    }
    let mut lists = [std::ptr::null_mut(); 8];
    for (key, list) in lists.iter_mut().enumerate() {
        *list = code.cons(std::ptr::null_mut(), key as u64);
    }
    let mut lowest = 0usize;
    let top = code.call(vm::enter_segment, &raw mut lowest as usize, 0);
    // SAFETY: the segment is fresh.
    unsafe { stubs::on_segment(top, on_segment, code.0 as usize) };
    code.call(vm::leave_segment, lowest, 0);
    assert!(lists.into_iter().all(|list| code.check(list) == 1));
}

/// Hides the list from the stack: a client word alone leads to it during a safepoint.
#[inline(never)]
fn in_client_word(code: Code, list: *mut Node) {
    let fresh = code.cons(list, 5);
    // SAFETY: the word is this worker's.
    unsafe { (*code.words()).scratch = fresh as usize };
    code.call(vm::collect, 0, 0);
    let length = code.check(list);
    // SAFETY: as above.
    let fresh = unsafe { std::mem::take(&mut (*code.words()).scratch) } as *mut Node;
    assert_eq!(code.check(fresh), length + 1);
}

/// A copy of the first node, made word by word over another one.
#[inline(never)]
fn copied(code: Code, list: *mut Node) -> *mut Node {
    let target = code.cons(std::ptr::null_mut(), 1);
    let pair = [target, list];
    code.call(vm::copy, pair.as_ptr() as usize, 4);
    for i in 0..4 {
        // SAFETY: both are nodes; other goroutines may read the source.
        unsafe {
            let word = AtomicPtr::from_ptr(list.cast::<*mut u8>().add(i)).load(Ordering::Relaxed);
            AtomicPtr::from_ptr(target.cast::<*mut u8>().add(i)).store(word, Ordering::Release);
        }
    }
    target
}
