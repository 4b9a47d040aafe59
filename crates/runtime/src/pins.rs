//! Models of the protocol by which pools are emptied while no goroutine is pinned. It is Go code, goroot/src/runtime/pin.go,
//! whose atomics are sequentially consistent; here the same steps are Rust.

mod models {
    use crate::sync::{AtomicUsize, Ordering, fence};
    use loom::thread;
    use std::sync::Arc;

    /// The words of two processors, and the rest of the protocol.
    #[derive(Default)]
    struct Pools {
        pins: [AtomicUsize; 2],
        busy: AtomicUsize,
        /// 1 while somebody takes the pools apart.
        apart: AtomicUsize,
    }

    /// An access of Go's, which is sequentially consistent: fences around it, for loom's are not.
    fn go<R>(access: impl FnOnce() -> R) -> R {
        fence(Ordering::SeqCst);
        let result = access();
        fence(Ordering::SeqCst);
        result
    }

    impl Pools {
        /// `sync_runtime_procPin` on a processor; false where that would try again.
        fn pin(&self, processor: usize) -> bool {
            go(|| self.pins[processor].fetch_add(1, Ordering::AcqRel));
            if go(|| self.busy.load(Ordering::Acquire)) == 0 {
                return true;
            }
            self.unpin(processor);
            false
        }

        /// `sync_runtime_procUnpin`, maybe on another processor.
        fn unpin(&self, processor: usize) {
            go(|| self.pins[processor].fetch_sub(1, Ordering::AcqRel));
        }

        /// `pinned`.
        fn pinned(&self) -> usize {
            self.pins
                .iter()
                .fold(0, |sum, pins| sum.wrapping_add(go(|| pins.load(Ordering::Acquire))))
        }

        /// One attempt of `poolcleanup`.
        fn empty(&self, looks: bool) {
            go(|| self.busy.store(1, Ordering::Release));
            if !looks || self.pinned() == 0 {
                self.apart.store(1, Ordering::Relaxed);
                thread::yield_now();
                self.apart.store(0, Ordering::Relaxed);
            }
            go(|| self.busy.store(0, Ordering::Release));
        }
    }

    /// One goroutine is pinned here and unpinned there, another one the other way round, while pools are emptied.
    fn model(looks: bool) {
        loom::model(move || {
            let pools = Arc::new(Pools::default());
            let emptying = thread::spawn({
                let pools = Arc::clone(&pools);
                move || pools.empty(looks)
            });
            let other = thread::spawn({
                let pools = Arc::clone(&pools);
                move || use_pool(&pools, 1, 0)
            });
            use_pool(&pools, 0, 1);
            emptying.join().unwrap();
            other.join().unwrap();
            assert_eq!(pools.pinned(), 0);
        });
    }

    fn use_pool(pools: &Pools, here: usize, there: usize) {
        if pools.pin(here) {
            assert_eq!(
                pools.apart.load(Ordering::Relaxed),
                0,
                "a pool is emptied while it is in use"
            );
            pools.unpin(there);
        }
    }

    #[test]
    fn no_pool_is_emptied_while_a_goroutine_is_pinned() {
        model(true);
    }

    #[test]
    #[should_panic(expected = "while it is in use")]
    fn pools_that_are_emptied_without_a_look_at_the_pins_are_in_use() {
        model(false);
    }
}
