//! Pinned goroutines, and pools.
//!
//! A goroutine that `sync.Pool` pins is not preempted, and no pool is emptied meanwhile: Go empties them while the world is
//! stopped. Here, who empties them says so and waits until nobody is pinned; who pins itself says so and looks whether
//! somebody empties them. Both write their own word before they read the other's, with a fence between, so one of them sees
//! the other. Pinning is frequent and emptying rare, and so are [their fences](crate::fences).
//!
//! A pinned goroutine stays on its worker, which has the word: only goroutines that hold no lock give way.

use crate::fences;
use crate::sync::{AtomicBool, Ordering};

/// Whether the goroutine that runs on a worker is pinned. Written by the worker's thread alone.
#[derive(Default)]
pub(crate) struct Pin(AtomicBool);

/// Whether somebody empties pools.
pub(crate) struct Emptying(AtomicBool);

impl Pin {
    /// Pins the goroutine, unless somebody empties pools: then false.
    pub(crate) fn set(&self, emptying: &Emptying) -> bool {
        self.0.store(true, Ordering::Relaxed);
        fences::frequent();
        // Acquire: what was done to the pools was done before.
        let free = !emptying.0.load(Ordering::Acquire);
        if !free {
            self.clear();
        }
        free
    }

    /// The opposite.
    pub(crate) fn clear(&self) {
        // Release: pairs with `is_set`.
        self.0.store(false, Ordering::Release);
    }

    /// Asked by who empties pools: what a goroutine did while it was pinned here is visible once it is not.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Emptying {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Nobody is pinned anew from now on; false if somebody else has said so. The pools may be emptied once nobody is pinned.
    pub(crate) fn begin(&self) -> bool {
        // Acquire: pairs with `end`.
        let begun = !self.0.swap(true, Ordering::Acquire);
        if begun {
            fences::rare();
        }
        begun
    }

    /// The opposite, by who began.
    pub(crate) fn end(&self) {
        // Release: pairs with `Pin::set`.
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::AtomicUsize;
    use loom::thread;
    use std::sync::Arc;

    struct Pools {
        pins: [Pin; 2],
        emptying: Emptying,
        /// What is in the pools, for who uses or empties them: plain memory as far as the protocol goes.
        contents: loom::cell::UnsafeCell<usize>,
        used: AtomicUsize,
    }

    // SAFETY: loom says when the contents are used by two at once.
    unsafe impl Sync for Pools {}

    impl Pools {
        fn use_one(&self, worker: usize) {
            let pin = &self.pins[worker];
            if pin.set(&self.emptying) {
                self.contents.with(|_| ());
                self.used.fetch_add(1, Ordering::Relaxed);
                pin.clear();
            }
        }

        /// One attempt of `poolcleanup`.
        fn empty(&self, looks: bool) {
            assert!(self.emptying.begin());
            if !looks || !self.pins.iter().any(Pin::is_set) {
                self.contents.with_mut(|_| ());
            }
            self.emptying.end();
        }
    }

    fn model(looks: bool) {
        loom::model(move || {
            let pools = Arc::new(Pools {
                pins: Default::default(),
                emptying: Emptying::new(),
                contents: loom::cell::UnsafeCell::new(0),
                used: AtomicUsize::new(0),
            });
            let emptying = thread::spawn({
                let pools = Arc::clone(&pools);
                move || pools.empty(looks)
            });
            let other = thread::spawn({
                let pools = Arc::clone(&pools);
                move || pools.use_one(1)
            });
            pools.use_one(0);
            emptying.join().unwrap();
            other.join().unwrap();
        });
    }

    #[test]
    fn no_pool_is_emptied_while_a_goroutine_is_pinned() {
        model(true);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn pools_that_are_emptied_without_a_look_at_the_pins_are_in_use() {
        model(false);
    }
}
