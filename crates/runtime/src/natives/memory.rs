//! Memory: allocation, barriers of copies, collections.

use super::natives;
use crate::runtime;
use crate::sync::{AtomicUsize, Ordering};
use crate::types::{self, Type};
use crate::worker::{Outcome, Worker};
use std::ptr::NonNull;
use trigo_heap::{Error, Layout};

/// Allocates, and ends the program as Go does if there is no room.
fn allocate(worker: &mut Worker, layout: Layout, bytes: usize) -> *mut u8 {
    crate::alloc_profile::follow();
    match worker.mutator.alloc(layout, bytes) {
        Ok(object) => object.as_ptr(),
        Err(error) => out_of_memory(bytes, &error),
    }
}

fn out_of_memory(bytes: usize, error: &Error) -> ! {
    eprintln!("runtime: out of memory: cannot allocate {bytes}-byte block ({error})");
    crate::crash::fatal("runtime: out of memory")
}

/// Allocates `bytes` bytes of values of the type at `typ`, which may be null for bytes without pointers.
fn allocate_type(worker: &mut Worker, typ: *const Type, bytes: usize) -> *mut u8 {
    let layout = if typ.is_null() { Layout::NO_SCAN } else { types::layout(worker, typ) };
    allocate(worker, layout, bytes)
}

/// What the preserving entries push: the registers that have arguments, and room for a result.
#[repr(C)]
struct Preserved {
    rdi: usize,
    rsi: usize,
    rdx: usize,
    result: usize,
}

#[unsafe(no_mangle)]
extern "C" fn trigo_native_poll(worker: &mut Worker, _block: *mut u8) -> Outcome {
    let asked = worker.mutator.take_interrupt();
    worker.answer();
    worker.give_way(asked)
}

#[unsafe(no_mangle)]
extern "C" fn trigo_native_flush(worker: &mut Worker, _block: *mut u8) -> Outcome {
    worker.mutator.flush_barrier();
    Outcome::Done
}

#[unsafe(no_mangle)]
extern "C" fn trigo_native_barrier_typed(worker: &mut Worker, block: *mut u8) -> Outcome {
    // SAFETY: the entry laid it out.
    let block = unsafe { &*block.cast::<Preserved>() };
    let typ = block.rdi as *const Type;
    // SAFETY: compiled code passes a descriptor.
    let bytes = unsafe { (*typ).ptr_bytes };
    record_copy(worker, typ, block.rsi, block.rdx, bytes);
    Outcome::Done
}

#[unsafe(no_mangle)]
extern "C" fn trigo_native_newobject(worker: &mut Worker, block: *mut u8) -> Outcome {
    // SAFETY: the entry laid it out.
    let block = unsafe { &mut *block.cast::<Preserved>() };
    let typ = block.rdi as *const Type;
    // SAFETY: compiled code passes a descriptor.
    let bytes = unsafe { (*typ).size };
    block.result = allocate_type(worker, typ, bytes) as usize;
    Outcome::Done
}

#[unsafe(no_mangle)]
extern "C" fn trigo_native_newarray(worker: &mut Worker, block: *mut u8) -> Outcome {
    // SAFETY: the entry laid it out.
    let block = unsafe { &mut *block.cast::<Preserved>() };
    let typ = block.rdi as *const Type;
    // SAFETY: compiled code passes a descriptor, and has checked the product.
    let bytes = unsafe { (*typ).size } * block.rsi;
    block.result = if bytes == 0 {
        // What such values hold is nothing; any address will do that no object has.
        &raw const ZERO as usize
    } else {
        allocate_type(worker, typ, bytes) as usize
    };
    Outcome::Done
}

static ZERO: u64 = 0;

/// Records the pointers that a copy of `bytes` bytes of values of a type overwrites and writes; `from` 0 stands for zeros.
/// The memory may be anybody's: an object's, a frame's, a variable's.
fn record_copy(worker: &mut Worker, typ: *const Type, to: usize, from: usize, bytes: usize) {
    types::each_pointer(worker, typ, bytes, |worker, offset| {
        let value = match from {
            0 => std::ptr::null_mut(),
            // SAFETY: compiled code is about to read it.
            _ => unsafe { ((from + offset) as *const *mut u8).read_volatile() },
        };
        // SAFETY: a pointer word, as the type says; the copy follows.
        unsafe { worker.mutator.before_store((to + offset) as *mut *mut u8, value) };
    });
}

/// Bytes that the runtime's Go half has taken from outside the heap.
static PERSISTENT: AtomicUsize = AtomicUsize::new(0);

/// Bytes outside of the heap, for good.
pub(crate) fn persistent_bytes() -> usize {
    PERSISTENT.load(Ordering::Relaxed)
}

natives! {
    "runtime.mallocNative" malloc(w, size: usize, typ: *const Type, _zero: bool) -> (object: *mut u8) {
        *object = allocate_type(w, typ, size);
        Outcome::Done
    }

    "runtime.newarrayNative" newarray(w, typ: *const Type, n: usize) -> (object: *mut u8) {
        // SAFETY: a descriptor; the caller has checked the product.
        *object = allocate_type(w, typ, unsafe { (*typ).size } * n);
        Outcome::Done
    }

    /// Memory outside of the heap, for ever, zeroed.
    "runtime.persistentAlloc" persistent(_w, size: usize) -> (memory: *mut u8) {
        // Relaxed: a figure.
        PERSISTENT.fetch_add(size.next_multiple_of(8), Ordering::Relaxed);
        *memory = Box::leak(vec![0u64; size.div_ceil(8)].into_boxed_slice()).as_mut_ptr().cast();
        Outcome::Done
    }

    "runtime.roundupsize" roundupsize(_w, size: usize, _noscan: bool) -> (rounded: usize) {
        *rounded = trigo_heap::offsets::slot_size(size.max(1))
            .unwrap_or_else(|| size.next_multiple_of(8192));
        Outcome::Done
    }

    "runtime.bulkBarrier" bulk_barrier(w, to: usize, from: usize, bytes: usize, typ: *const Type) {
        record_copy(w, typ, to, from, bytes);
        Outcome::Done
    }

    "runtime.bulkBarrierRange" bulk_barrier_range(w, to: usize, from: usize, bytes: usize) {
        let whole = bytes & !7;
        // SAFETY: a part of one object, which the copy follows.
        unsafe { w.mutator.before_copy(to as *mut u8, from as *const u8, whole) };
        Outcome::Done
    }

    "runtime.recordStore" record_store(w, slot: *mut *mut u8, value: *mut u8) {
        // SAFETY: compiled code stores there next.
        unsafe { w.mutator.before_store(slot, value) };
        Outcome::Done
    }

    "runtime.collect" collect(w) {
        w.outside(|| runtime().heap.collect()).1
    }

    "runtime.freeOSMemoryNative" free_os_memory(w) {
        w.outside(|| runtime().heap.release()).1
    }

    "runtime.findObject" find_object(w, pointer: *mut u8) -> (base: usize) {
        let found = NonNull::new(pointer).and_then(|pointer| w.mutator.object(pointer));
        *base = found.map_or(0, |base| base.as_ptr() as usize);
        Outcome::Done
    }

    "runtime.setGCPercentNative" set_gc_percent(_w, percent: i32) -> (old: i32) {
        let before = runtime().heap.set_gc_percent(u32::try_from(percent).ok());
        *old = before.map_or(-1, |percent| percent as i32);
        Outcome::Done
    }

    "runtime.setMemoryLimitNative" set_memory_limit(_w, limit: i64) -> (old: i64) {
        let heap = &runtime().heap;
        let before = match limit {
            // Go only asks.
            ..0 => {
                let now = heap.set_memory_limit(None);
                heap.set_memory_limit(now);
                now
            }
            i64::MAX => heap.set_memory_limit(None),
            limit => heap.set_memory_limit(Some(limit as usize)),
        };
        *old = before.map_or(i64::MAX, |limit| limit as i64);
        Outcome::Done
    }
}
