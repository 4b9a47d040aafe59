//! Profiles and dumps: the border to `cpu_profile`, `alloc_profile` and `heap_dump`.

use super::{GoSlice, natives};
use crate::sync::{Mutex, lock};
use crate::worker::Outcome;
use crate::{alloc_profile, cpu_profile, runtime};
use trigo_heap::SiteProfile;

/// The memory profile as it was read last. Go has a lock around it.
static READ: Mutex<Vec<SiteProfile>> = Mutex::new(Vec::new());

/// A slice of plain words.
///
/// # Safety
/// 1. It is Go's, with elements of 8 bytes that are no pointers, and held by the caller, for as long as the result is used.
unsafe fn words<'a>(slice: GoSlice) -> &'a mut [usize] {
    match slice.len {
        0 => &mut [],
        // SAFETY: as the caller vouches.
        len => unsafe { std::slice::from_raw_parts_mut(slice.start.cast(), len) },
    }
}

natives! {
    "runtime.setCPUProfileRateNative" set_rate(_w, hz: i64, idle: usize) {
        cpu_profile::set_rate(hz, idle);
        Outcome::Done
    }

    /// The next sample's frames and labels; no frames if there is none. And how many were lost since.
    "runtime.nextCPUSample" next_cpu_sample(w, pcs: GoSlice) -> (n: usize, labels: usize, lost: usize) {
        // SAFETY: a slice of uintptr.
        let pcs = unsafe { words(pcs) };
        // SAFETY: a root's word, which is about to be cleared.
        let shade = |slot| unsafe { w.mutator.before_store(slot, std::ptr::null_mut()) };
        (*n, *labels) = cpu_profile::take(pcs, shade).unwrap_or((0, 0));
        *lost = cpu_profile::take_lost();
        Outcome::Done
    }

    "runtime.writeHeapObjects" write_heap_objects(w, fd: usize) {
        crate::heap_dump::write(&mut w.mutator, fd as i32);
        Outcome::Done
    }

    /// Reads the memory profile, of which the records that follow are.
    "runtime.memProfileRead" mem_profile_read(_w) -> (n: usize) {
        let sites = runtime().heap.allocation_profile();
        *n = sites.len();
        *lock(&READ) = sites;
        Outcome::Done
    }

    /// Record `i` of what was read last: see `alloc_profile::record`.
    "runtime.memProfileRecord" mem_profile_record(_w, i: usize, pcs: GoSlice) -> (size: i64, allocated: i64, freed: i64, n: usize) {
        (*size, *allocated, *freed, *n) = (0, 0, 0, 0);
        if let Some(site) = lock(&READ).get(i) {
            // SAFETY: a slice of uintptr.
            ([*size, *allocated, *freed], *n) = alloc_profile::record(site, unsafe { words(pcs) });
        }
        Outcome::Done
    }
}
