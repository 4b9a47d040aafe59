//! The allocation profile: where memory is allocated, what stays of it, and what marking it costs.
//!
//! About once in every `rate` bytes an allocation is sampled, after exponentially distributed gaps, as
//! Go's heap profile does (`runtime.MemProfileRate`). An object of `s` bytes is sampled with probability
//! `p = 1 − e^(−s/rate)`, so counting each sample as `1/p` objects gives unbiased totals. Each mutator draws gaps
//! for each allocation kind apart ([`crate::mutator`]); here the samples come together, and after marking has
//! closed in each cycle, those of dead objects are forgotten.

use crate::{
    Heap,
    heap::Shared,
    sync::{AtomicU32, Mutex, Ordering, lock},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

const SHARDS: usize = 16;

/// How to sample allocations.
#[derive(Clone)]
pub struct Sampling {
    /// Mean bytes between two samples; at least 1, which samples everything. Go's default is 512 KiB.
    pub rate: u64,
    /// Names the place that is allocating, given the bytes of the object's slot: called on the allocating thread for each
    /// sample. It must not use the heap, and should be quick.
    pub site: Arc<dyn Fn(usize) -> u64 + Send + Sync>,
}

/// What is estimated of an allocation site. All but `samples` are estimates of the true figures, without bias.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct SiteProfile {
    /// What [`Sampling::site`] returned.
    pub site: u64,
    /// Samples taken.
    pub samples: u64,
    /// Objects allocated.
    pub alloc_objects: f64,
    /// Bytes allocated, in whole slots.
    pub alloc_bytes: f64,
    /// Objects that cycles found dead.
    pub freed_objects: f64,
    /// Their bytes.
    pub freed_bytes: f64,
    /// Objects that the last cycle found alive.
    pub live_objects: f64,
    /// Their bytes.
    pub live_bytes: f64,
    /// Bytes of objects that were marked, summed over all cycles.
    pub marked_bytes: f64,
    /// The part of those bytes whose objects have pointers, and so had to be scanned: nearly all of marking's cost.
    pub scanned_bytes: f64,
}

/// One sampled object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) site: u64,
    /// Objects it stands for.
    pub(crate) weight: f64,
    pub(crate) bytes: usize,
    /// Whether it has to be scanned.
    pub(crate) scan: bool,
    /// The cycle that it was born marked in; zero if in none.
    pub(crate) black_in: u32,
}

/// The samples of a heap.
pub(crate) struct Profile {
    /// Changes whenever `sampling` does; zero while nothing is sampled.
    generation: AtomicU32,
    sampling: Mutex<Book>,
    live: [Mutex<HashMap<usize, Sample>>; SHARDS],
    sites: Mutex<BTreeMap<u64, SiteProfile>>,
}

#[derive(Default)]
struct Book {
    changes: u32,
    now: Option<Sampling>,
}

impl Profile {
    pub(crate) fn new() -> Self {
        Self {
            generation: AtomicU32::new(0),
            sampling: Mutex::default(),
            live: std::array::from_fn(|_| Mutex::default()),
            sites: Mutex::default(),
        }
    }

    /// Names the sampling in force; zero if none is.
    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        // Relaxed: a mutator may see a change late.
        self.generation.load(Ordering::Relaxed)
    }

    /// The sampling in force, with its name.
    pub(crate) fn sampling(&self) -> (u32, Option<Sampling>) {
        let book = lock(&self.sampling);
        (self.generation.load(Ordering::Relaxed), book.now.clone())
    }

    /// Drops the client's function that names sites: nobody will allocate any more.
    pub(crate) fn drop_sampling(&self) {
        let sampling = lock(&self.sampling).now.take();
        drop(sampling);
    }

    /// Takes in a sampled object that was just allocated.
    pub(crate) fn add(&self, object: usize, sample: Sample) {
        {
            let mut sites = lock(&self.sites);
            let site = sites.entry(sample.site).or_default();
            (site.site, site.samples) = (sample.site, site.samples + 1);
            site.alloc_objects += sample.weight;
            site.alloc_bytes += sample.weight * sample.bytes as f64;
        }
        lock(self.shard(object)).insert(object, sample);
    }

    /// Forgets samples of dead objects and charges the living for having been marked. Marking of `cycle` has closed,
    /// finalizers have been queued, and no mutator has flipped: no slot of a dead object is in use again.
    pub(crate) fn process_dead(&self, heap: &Shared, cycle: u32) {
        let mut live: HashMap<u64, [f64; 4]> = HashMap::new();
        let mut dead: HashMap<u64, [f64; 2]> = HashMap::new();
        for shard in &self.live {
            lock(shard).retain(|&object, sample| {
                let found = heap.space.find(object);
                let marked = found.is_some_and(|found| heap.space.is_marked(&found));
                let bytes = sample.weight * sample.bytes as f64;
                if marked {
                    let work = if sample.black_in == cycle { 0.0 } else { bytes };
                    let scanned = if sample.scan { work } else { 0.0 };
                    let sums = live.entry(sample.site).or_default();
                    for (sum, add) in sums.iter_mut().zip([sample.weight, bytes, work, scanned]) {
                        *sum += add;
                    }
                } else {
                    let sums = dead.entry(sample.site).or_default();
                    (sums[0], sums[1]) = (sums[0] + sample.weight, sums[1] + bytes);
                }
                marked
            });
        }
        for (site, profile) in lock(&self.sites).iter_mut() {
            let [objects, bytes, marked, scanned] = live.remove(site).unwrap_or_default();
            (profile.live_objects, profile.live_bytes) = (objects, bytes);
            let [freed_objects, freed_bytes] = dead.remove(site).unwrap_or_default();
            profile.freed_objects += freed_objects;
            profile.freed_bytes += freed_bytes;
            profile.marked_bytes += marked;
            profile.scanned_bytes += scanned;
        }
    }

    /// Bytes of memory that the profile takes, roughly.
    pub(crate) fn memory(&self) -> usize {
        let samples: usize = self.live.iter().map(|shard| lock(shard).capacity()).sum();
        samples * size_of::<(usize, Sample)>()
            + lock(&self.sites).len() * 2 * size_of::<SiteProfile>()
    }

    fn shard(&self, object: usize) -> &Mutex<HashMap<usize, Sample>> {
        &self.live[(object >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60]
    }
}

impl Heap {
    /// Samples allocations from now on as `sampling` says, or no more. Mutators follow at their next refill, within 4 KiB
    /// of allocation of each kind. What was sampled before is kept. May wait for a short lock.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use trigo_heap::{Config, Heap, Layout, Sampling};
    /// let heap = Heap::new(Config::default())?;
    /// heap.set_sampling(Some(Sampling { rate: 1, site: Arc::new(|_| 42) }));
    /// let mut mutator = heap.attach();
    /// let kept = mutator.alloc(Layout::POINTERS, 64)?;
    /// let root = mutator.root(kept);
    /// mutator.alloc(Layout::POINTERS, 64)?;
    /// mutator.collect();
    /// let sites = heap.allocation_profile();
    /// assert_eq!((sites[0].site, sites[0].samples), (42, 2));
    /// assert_eq!((sites[0].live_bytes, sites[0].freed_bytes), (64.0, 64.0));
    /// # drop(root);
    /// # Ok::<(), trigo_heap::Error>(())
    /// ```
    pub fn set_sampling(&self, sampling: Option<Sampling>) {
        let profile = &self.shared.profile;
        let mut book = lock(&profile.sampling);
        book.changes = book.changes.wrapping_add(1).max(1);
        let generation = if sampling.is_some() { book.changes } else { 0 };
        book.now = sampling;
        profile.generation.store(generation, Ordering::Relaxed);
    }

    /// The profile of each site that has been sampled, in order of the sites' numbers. Live figures and mark work are those
    /// of the last cycle's end. Blocks while a mutator adds a sample.
    pub fn allocation_profile(&self) -> Vec<SiteProfile> {
        lock(&self.shared.profile.sites).values().copied().collect()
    }
}

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("sites", &lock(&self.sites).len()).finish_non_exhaustive()
    }
}
