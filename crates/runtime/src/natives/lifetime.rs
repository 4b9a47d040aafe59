//! Finalizers, cleanups, weak pointers. What runs for a dead object is the runtime's Go half's `lifetimeWork`, which the
//! heap keeps as the closure.

use super::natives;
use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Mutex, lock};
use crate::worker::Outcome;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Arc;
use trigo_heap::{CleanupId, CycleRecord, Heap, Observer, Weak};

/// Cleanups that can still be stopped, by the number that Go has. An entry stays when its cleanup has run.
static CLEANUPS: Mutex<Option<(u64, HashMap<u64, CleanupId>)>> = Mutex::new(None);

/// Weak references that Go holds, by their object's address: one for each object, so that they compare as the objects do.
/// The address of the entry is what Go holds; entries are never freed.
static WEAK: Mutex<Option<HashMap<usize, Vec<&'static Weak>>>> = Mutex::new(None);

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

/// Has the goroutine that runs finalizers and cleanups hear of each cycle.
pub(crate) fn observe(heap: &Heap) {
    heap.observe(Arc::new(Wake));
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

    "runtime.weakHandle" weak_handle(w, object: *mut u8) -> (handle: *const Weak) {
        let object = NonNull::new(object).expect("Go checks");
        *handle = std::ptr::null();
        if let Ok(weak) = w.mutator.weak(object) {
            let mut known = lock(&WEAK);
            let entries = known.get_or_insert_default().entry(object.as_ptr() as usize).or_default();
            *handle = match entries.iter().find(|entry| entry.same(&weak)) {
                Some(entry) => *entry,
                None => {
                    let entry: &'static Weak = Box::leak(Box::new(weak));
                    entries.push(entry);
                    entry
                }
            };
        }
        Outcome::Done
    }

    "runtime.weakGet" weak_get(w, handle: *const Weak) -> (object: *mut u8) {
        // SAFETY: Go holds what `weakHandle` gave, and that is never freed.
        let weak = unsafe { &*handle };
        *object = weak.get(&mut w.mutator).map_or(std::ptr::null_mut(), NonNull::as_ptr);
        Outcome::Done
    }
}
