//! Statistics: `runtime.MemStats`, and what `runtime/debug` reads.

use super::{GoSlice, natives};
use crate::runtime;
use crate::worker::Outcome;

/// `runtime.MemStats` of Go.
#[repr(C)]
struct MemStats {
    alloc: u64,
    total_alloc: u64,
    sys: u64,
    lookups: u64,
    mallocs: u64,
    frees: u64,
    heap_alloc: u64,
    heap_sys: u64,
    heap_idle: u64,
    heap_inuse: u64,
    heap_released: u64,
    heap_objects: u64,
    stack_inuse: u64,
    stack_sys: u64,
    mspan_inuse: u64,
    mspan_sys: u64,
    mcache_inuse: u64,
    mcache_sys: u64,
    buck_hash_sys: u64,
    gc_sys: u64,
    other_sys: u64,
    next_gc: u64,
    last_gc: u64,
    pause_total_ns: u64,
    pause_ns: [u64; 256],
    pause_end: [u64; 256],
    num_gc: u32,
    num_forced_gc: u32,
    gc_cpu_fraction: f64,
    enable_gc: bool,
    debug_gc: bool,
    by_size: [BySize; 61],
}

#[repr(C)]
struct BySize {
    size: u32,
    mallocs: u64,
    frees: u64,
}

natives! {
    "runtime.readMemStatsNative" read_mem_stats(w, to: *mut MemStats) {
        w.mutator.count_allocated();
        let stats = runtime().heap.mem_stats();
        let stacks = runtime().goroutines.stack_bytes();
        // SAFETY: Go code passes a `MemStats`, which holds no pointers.
        let to = unsafe { &mut *to };
        to.alloc = stats.heap_alloc as u64;
        to.total_alloc = stats.total_alloc;
        to.mallocs = stats.mallocs;
        to.frees = stats.frees;
        to.heap_alloc = stats.heap_alloc as u64;
        to.heap_sys = stats.heap_sys as u64;
        to.heap_idle = stats.heap_idle as u64;
        to.heap_inuse = stats.heap_inuse as u64;
        to.heap_released = stats.heap_released as u64;
        to.heap_objects = stats.heap_objects;
        to.stack_inuse = stacks as u64;
        to.stack_sys = stacks as u64;
        to.mspan_inuse = stats.mspan_inuse as u64;
        to.mspan_sys = stats.mspan_inuse as u64;
        to.mcache_inuse = stats.mcache_inuse as u64;
        to.mcache_sys = stats.mcache_inuse as u64;
        to.buck_hash_sys = stats.buck_hash_sys as u64;
        to.gc_sys = stats.gc_sys as u64;
        to.sys = stats.sys as u64 + to.stack_sys;
        to.next_gc = stats.next_gc as u64;
        to.last_gc = stats.last_gc.as_nanos() as u64;
        to.pause_total_ns = stats.pause_total.as_nanos() as u64;
        to.num_gc = stats.num_gc as u32;
        to.num_forced_gc = stats.num_forced_gc as u32;
        to.gc_cpu_fraction = stats.gc_cpu_fraction;
        for (to, class) in to.by_size.iter_mut().zip(&stats.by_size) {
            *to = BySize { size: class.size as u32, mallocs: class.mallocs, frees: class.frees };
        }
        Outcome::Done
    }

    /// The form of `runtime/debug.ReadGCStats`: recent pauses and when they ended, latest first, of which none are kept
    /// here; then the time of the last cycle, their number, the total of pauses.
    "runtime.readGCStatsNative" read_gc_stats(_w, pauses: *mut GoSlice) {
        let stats = runtime().heap.mem_stats();
        let words = [stats.last_gc.as_nanos() as u64, stats.num_gc, stats.pause_total.as_nanos() as u64];
        // SAFETY: Go code passes a slice with room for more than these.
        unsafe {
            let slice = &mut *pauses;
            assert!(slice.cap >= words.len(), "runtime: short slice passed to readGCStats");
            std::ptr::copy_nonoverlapping(words.as_ptr(), slice.start.cast(), words.len());
            slice.len = words.len();
        }
        Outcome::Done
    }
}
