//! Finalizers, cleanups, weak pointers. What runs for a dead object is the runtime's Go half's `lifetimeWork`, which the
//! heap keeps as the closure.

use super::natives;
use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Mutex, lock};
use crate::weak_handles;
use crate::worker::Outcome;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Arc;
use trigo_heap::{CleanupId, CycleRecord, Heap, Observer};

/// Cleanups that can still be stopped, by the number that Go has.
static CLEANUPS: Mutex<Option<(u64, HashMap<u64, CleanupId>)>> = Mutex::new(None);

/// The goroutine that waits for the end of a cycle; 0 for none.
static WAITER: Mutex<usize> = Mutex::new(0);

/// Makes the goroutine ready that runs what is due.
#[derive(Debug)]
struct Wake;

impl Observer for Wake {
    fn cycle_ended(&self, _record: &CycleRecord) {
        let waiter = std::mem::take(&mut *lock(&WAITER));
        if waiter != 0 {
            runtime().scheduler.ready(None, waiter as *mut Goroutine);
        }
    }
}

/// Has the goroutine that runs finalizers and cleanups, and the table of weak pointers, hear of each cycle.
pub(crate) fn observe(heap: &Heap) {
    heap.observe(Arc::new(Wake));
    heap.observe(Arc::new(weak_handles::Trim));
}

natives! {
    "runtime.addFinalizer" add_finalizer(w, object: *mut u8, work: *mut u8) -> (added: bool) {
        let object = NonNull::new(object).expect("Go checks");
        *added = w.mutator.set_finalizer_closure(object, NonNull::new(work), 0).is_ok();
        Outcome::Done
    }

    "runtime.removeFinalizer" remove_finalizer(w, object: *mut u8) -> (removed: bool) {
        let object = NonNull::new(object).expect("Go checks");
        *removed = w.mutator.remove_finalizer(object).unwrap_or(false);
        Outcome::Done
    }

    "runtime.addCleanupNative" add_cleanup(w, object: *mut u8, work: *mut u8) -> (id: u64) {
        let object = NonNull::new(object).expect("Go checks");
        *id = 0;
        if let Ok(cleanup) = w.mutator.add_cleanup_closure(object, NonNull::new(work), 0) {
            let mut known = lock(&CLEANUPS);
            let (next, by_id) = known.get_or_insert_default();
            *next += 1;
            by_id.insert(*next, cleanup);
            *id = *next;
        }
        Outcome::Done
    }

    "runtime.removeCleanup" remove_cleanup(w, _object: *mut u8, id: u64) {
        let cleanup = lock(&CLEANUPS).as_mut().and_then(|(_, by_id)| by_id.remove(&id));
        if let Some(cleanup) = cleanup {
            w.mutator.stop_cleanup(cleanup);
        }
        Outcome::Done
    }

    /// A cleanup has run.
    "runtime.forgetCleanup" forget_cleanup(_w, id: u64) {
        if let Some((_, by_id)) = lock(&CLEANUPS).as_mut() {
            by_id.remove(&id);
        }
        Outcome::Done
    }

    /// Something that is due, or the number of the last cycle; if that is the one that the caller knows, it parks until the
    /// next has ended.
    "runtime.nextLifetimeWork" next_work(w, cycle: u32) -> (object: *mut u8, work: *mut u8, now: u32) {
        (*object, *work) = (std::ptr::null_mut(), std::ptr::null_mut());
        // Under the lock: a cycle that ends after the look finds who waits. It has queued its dead before.
        let mut waiter = lock(&WAITER);
        *now = runtime().heap.stats().cycles as u32;
        if let Some(due) = w.mutator.next_due() {
            *object = due.object.map_or(std::ptr::null_mut(), NonNull::as_ptr);
            *work = due.closure.map_or(std::ptr::null_mut(), NonNull::as_ptr);
            return Outcome::Done;
        }
        if *now != cycle {
            return Outcome::Done;
        }
        *waiter = w.goroutine as usize;
        Outcome::Park
    }

    "runtime.weakHandle" weak_handle(w, object: *mut u8) -> (handle: usize) {
        let object = NonNull::new(object).expect("Go checks");
        let weak = w.mutator.weak(object).ok();
        *handle = weak.map_or(0, |weak| weak_handles::handle(object.as_ptr() as usize, weak));
        Outcome::Done
    }

    "runtime.weakGet" weak_get(w, handle: usize) -> (object: *mut u8) {
        *object = std::ptr::null_mut();
        if let Some((weak, address)) = weak_handles::find(handle)
            && weak.get(&mut w.mutator).is_some()
        {
            *object = address as *mut u8;
        }
        Outcome::Done
    }
}
