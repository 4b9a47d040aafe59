//! A cache that costs nothing when memory is wanted: it holds its values by weak references, so the
//! collector takes what nobody else uses, and the cache makes it anew when it is asked again.
use std::{collections::HashMap, ptr::NonNull, thread, time::Duration};
use trigo_heap::{Config, Error, Heap, Layout, Mutator, Root, Weak};

const PAGE: usize = 4096;
const PAGES: u64 = 1_000;
const HOT: u64 = 50;
const STEPS: u64 = 1_500;

/// Rendered pages by number. The cache itself is ordinary Rust memory: it holds no heap pointers, only
/// weak references, and these are no roots.
#[derive(Default)]
struct Cache {
    pages: HashMap<u64, Weak>,
    hits: u64,
    misses: u64,
}

impl Cache {
    /// The page, rendered now unless it is still there. Good until the next safepoint; a caller that
    /// wants it longer makes a root of it.
    fn page(&mut self, mutator: &mut Mutator, number: u64) -> Result<NonNull<u8>, Error> {
        if let Some(page) = self.pages.get(&number).and_then(|weak| weak.get(mutator)) {
            self.hits += 1;
            return Ok(page);
        }
        self.misses += 1;
        let page = mutator.alloc(Layout::NO_SCAN, PAGE)?;
        // SAFETY: the page is fresh and this long.
        unsafe { page.cast::<[u64; PAGE / 8]>().write([number; PAGE / 8]) };
        self.pages.insert(number, mutator.weak(page)?);
        Ok(page)
    }
}

fn read(page: NonNull<u8>) -> u64 {
    // SAFETY: callers read before the next safepoint, and pages are written whole.
    unsafe { page.cast::<[u64; PAGE / 8]>().as_ref()[PAGE / 8 - 1] }
}

fn main() -> Result<(), Error> {
    let heap = Heap::new(Config::default())?;
    let mut mutator = heap.attach();
    let mut cache = Cache::default();

    // Somebody uses the first pages all the time: a root for each.
    let mut hot: Vec<Root> = Vec::new();
    for number in 0..HOT {
        let page = cache.page(&mut mutator, number)?;
        hot.push(mutator.root(page));
    }
    // The others are looked at now and then. In between the program makes garbage, so that cycles run, and these
    // take the pages that nobody has looked at for a while.
    for step in 0..STEPS {
        for number in [step % HOT, step * 4 % PAGES, (step * 4 + 1) % PAGES] {
            let page = cache.page(&mut mutator, number)?;
            assert_eq!(read(page), number, "a page that is there is right");
        }
        for _ in 0..16 {
            mutator.alloc(Layout::NO_SCAN, PAGE)?;
        }
        mutator.blocked(|| thread::sleep(Duration::from_millis(1)));
    }
    println!(
        "{} hits and {} misses while {} cycles ran",
        cache.hits,
        cache.misses,
        heap.stats().cycles
    );
    assert!(cache.hits >= STEPS, "hot pages were always there");
    assert!(cache.misses > cache.pages.len() as u64, "some cold pages had to be made anew");

    mutator.collect();
    let (hits, misses) = (cache.hits, cache.misses);
    for number in 0..HOT {
        assert_eq!(read(cache.page(&mut mutator, number)?), number);
    }
    assert_eq!((cache.hits, cache.misses), (hits + HOT, misses), "hot pages survive a cycle");

    drop(hot);
    mutator.collect();
    let left = cache.pages.values().filter(|weak| weak.get(&mut mutator).is_some()).count();
    let known = cache.pages.len();
    println!("after the last user has gone and a cycle has run, {left} of {known} pages are left");
    assert_eq!(left, 0, "nothing but the cache knew them");
    Ok(())
}
