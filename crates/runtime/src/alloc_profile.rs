//! The profile of allocations: the heap samples them, and here each sample's site is named: as in Go, by the frames of the
//! goroutine that allocates and the object's size.
//!
//! How often the heap samples is what the program's `runtime.MemProfileRate` says. That is a variable, which any code may
//! set at any time: each slow path of allocation compares it with what the heap was told. A program that never reads the
//! profile has no address of the variable in its tables, and nothing is sampled.

use crate::sync::{Mutex, lock};
use crate::{frames, runtime, worker};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use trigo_heap::{Sampling, SiteProfile};

/// Frames of a site at most.
const FRAMES: usize = 128;

/// What the heap was told.
static RATE: AtomicI64 = AtomicI64::new(0);

static SITES: LazyLock<Mutex<Sites>> = LazyLock::new(Mutex::default);

/// Bytes of an object, and the return addresses of the frames that allocate it, innermost first.
type Site = (usize, Arc<[usize]>);

/// Sites that were sampled, numbered from 0.
#[derive(Default)]
struct Sites {
    numbers: HashMap<Site, u64>,
    all: Vec<Site>,
}

/// Tells the heap of a changed rate. Called before each slow path of allocation.
#[inline]
pub(crate) fn follow() {
    let at = runtime().module.mem_profile_rate as *const i64;
    if at.is_null() {
        return;
    }
    // SAFETY: the program's variable, which lives as long as it.
    let rate = unsafe { at.read_volatile() };
    // Relaxed: who is late samples a little longer as before.
    if rate != RATE.load(Ordering::Relaxed) {
        change(rate);
    }
}

#[cold]
fn change(rate: i64) {
    RATE.store(rate, Ordering::Relaxed);
    let sampling = u64::try_from(rate).ok().filter(|&rate| rate > 0);
    runtime().heap.set_sampling(sampling.map(|rate| Sampling { rate, site: Arc::new(site) }));
}

/// The number of the place that allocates so many bytes on this thread.
fn site(bytes: usize) -> u64 {
    let (mut pcs, mut len) = ([0; FRAMES], 0);
    // SAFETY: samples are taken by natives, which run for the goroutine that is suspended here.
    unsafe {
        if let Some(worker) = worker::current().as_ref()
            && let Some(goroutine) = worker.goroutine.as_ref()
        {
            frames::each_return(goroutine, worker.suspended_at, |pc| {
                if len < FRAMES {
                    pcs[len] = pc;
                    len += 1;
                }
            });
        }
    }
    lock(&SITES).number((bytes, Arc::from(&pcs[..len])))
}

impl Sites {
    fn number(&mut self, site: Site) -> u64 {
        let Sites { numbers, all } = self;
        *numbers.entry(site).or_insert_with_key(|site| {
            all.push(site.clone());
            all.len() as u64 - 1
        })
    }
}

/// A site's objects as Go has them: their size, how many samples were allocated, how many of those are dead. And its frames,
/// as many as there is room for; how many that is.
pub(crate) fn record(profile: &SiteProfile, pcs: &mut [usize]) -> ([i64; 3], usize) {
    let sites = lock(&SITES);
    let Some((bytes, frames)) = sites.all.get(profile.site as usize) else { return ([0; 3], 0) };
    let weight = profile.alloc_objects / profile.samples as f64;
    let freed = (profile.freed_objects / weight).round() as i64;
    let len = frames.len().min(pcs.len());
    pcs[..len].copy_from_slice(&frames[..len]);
    ([*bytes as i64, profile.samples as i64, freed], len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_frames_and_sizes_are_one_site() {
        let mut sites = Sites::default();
        let given = [(8, &[1, 2][..]), (8, &[1]), (16, &[1, 2]), (8, &[1, 2])];
        let numbers = given.map(|(bytes, frames)| sites.number((bytes, Arc::from(frames))));
        assert_eq!(numbers, [0, 1, 2, 0]);
    }
}
