//! Finalizers, cleanups, weak pointers. What runs for a dead object is the runtime's Go half's `lifetimeWork`, which the
//! heap keeps as the closure.

use super::natives;
use crate::runtime;
use crate::sync::{Mutex, lock};
use crate::worker::Outcome;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::time::Duration;
use trigo_heap::{CleanupId, Weak};

/// Cleanups that can still be stopped, by the number that Go has. An entry stays when its cleanup has run.
static CLEANUPS: Mutex<Option<(u64, HashMap<u64, CleanupId>)>> = Mutex::new(None);

/// Weak references that Go holds, by their object's address: one for each object, so that they compare as the objects do.
/// The address of the entry is what Go holds; entries are never freed.
static WEAK: Mutex<Option<HashMap<usize, Vec<&'static Weak>>>> = Mutex::new(None);

/// Between two looks at whether something is due.
const LOOK: Duration = Duration::from_millis(5);

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

    /// Waits until something is due, or a cycle has ended since the one that the caller knows.
    "runtime.nextLifetimeWork" next_work(w, cycle: u32) -> (object: *mut u8, work: *mut u8, now: u32) {
        loop {
            *now = runtime().heap.stats().cycles as u32;
            if let Some(due) = w.mutator.next_due() {
                *object = due.object.map_or(std::ptr::null_mut(), NonNull::as_ptr);
                *work = due.closure.map_or(std::ptr::null_mut(), NonNull::as_ptr);
                return Outcome::Done;
            }
            (*object, *work) = (std::ptr::null_mut(), std::ptr::null_mut());
            if *now != cycle {
                return Outcome::Done;
            }
            w.mutator.blocked(|| std::thread::sleep(LOOK));
        }
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
