//! A pair of fences for two sides of which one is frequent and the other rare.
//!
//! As if both were sequentially consistent fences: of two threads that each write a word, fence and read the other's, one by
//! [`frequent`] and one by [`rare`], at least one sees what the other wrote. The rare one has the system make every thread of
//! the process that runs pass a fence (`membarrier(2)`), so that the frequent one costs nothing but the compiler's order.
//! Where the system does not have that, both are ordinary.

#[cfg(not(loom))]
pub(crate) use system::{frequent, prepare, rare};

#[cfg(not(loom))]
mod system {
    use crate::sync::{AtomicBool, Ordering, fence};
    use std::sync::atomic::compiler_fence;

    /// Whether the system fences for the frequent side.
    static BY_SYSTEM: AtomicBool = AtomicBool::new(false);

    /// Commands of `membarrier`.
    const PRIVATE_EXPEDITED: usize = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: usize = 1 << 4;

    fn membarrier(command: usize) -> bool {
        // SAFETY: orders memory and touches none.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0usize, 0usize) == 0 }
    }

    /// Asks the system to fence. Called once, before there are threads: it would have to wait for them.
    pub(crate) fn prepare() {
        // Relaxed, here and below: written before there are threads.
        BY_SYSTEM.store(membarrier(REGISTER_PRIVATE_EXPEDITED), Ordering::Relaxed);
    }

    /// The frequent side.
    #[inline(always)]
    pub(crate) fn frequent() {
        match BY_SYSTEM.load(Ordering::Relaxed) {
            true => compiler_fence(Ordering::SeqCst),
            false => fence(Ordering::SeqCst),
        }
    }

    /// The rare side.
    pub(crate) fn rare() {
        fence(Ordering::SeqCst);
        if BY_SYSTEM.load(Ordering::Relaxed) {
            assert!(membarrier(PRIVATE_EXPEDITED), "the system fences once it has said so");
        }
    }
}

/// What they promise, for models.
#[cfg(loom)]
pub(crate) fn frequent() {
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}

/// What they promise, for models.
#[cfg(loom)]
pub(crate) fn rare() {
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}
