//! How no goroutine is left ready while a permit is to be had: who makes work, and workers that look for some.
//!
//! A *seeker* is a worker that has a permit and looks for work in all queues. Who makes work sends a seeker out only if there is
//! none: the one that there is will find it. So who ceases to be a seeker looks once more afterwards, and so does who gives
//! its permit back or lends it. Each side writes its own first, and then, after a fence, reads what the other wrote: so
//! one of the two sees the other.
//!
//! Follows Go's `wakep` and the long comment on spinning threads at the head of proc.go.

use crate::sync::{AtomicUsize, Ordering, fence};

/// What who made work has to know. Everything is relaxed: the fences order it, and locks hand over what is behind it.
#[derive(Debug)]
pub(crate) struct Seekers {
    seekers: AtomicUsize,
    /// Permits that nobody has.
    free: AtomicUsize,
    /// Permits of workers in calls of the system.
    lent: AtomicUsize,
}

impl Seekers {
    pub(crate) fn new(free: usize) -> Self {
        Self {
            seekers: AtomicUsize::new(0),
            free: AtomicUsize::new(free),
            lent: AtomicUsize::new(0),
        }
    }

    /// How many seek. A hint.
    pub(crate) fn number(&self) -> usize {
        self.seekers.load(Ordering::Relaxed)
    }

    /// The caller has made work. True if it has to send a seeker out, which is counted already: there is a permit to be had,
    /// and nobody seeks.
    pub(crate) fn wanted(&self) -> bool {
        self.fence();
        let may_be_had =
            self.free.load(Ordering::Relaxed) > 0 || self.lent.load(Ordering::Relaxed) > 0;
        may_be_had
            && self.number() == 0
            && self.seekers.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// One more seeks.
    pub(crate) fn begin(&self) {
        self.seekers.fetch_add(1, Ordering::Relaxed);
    }

    /// One less. True if it was the last: then the caller looks for work afterwards.
    pub(crate) fn end(&self) -> bool {
        let last = self.seekers.fetch_sub(1, Ordering::Relaxed) == 1;
        self.fence();
        last
    }

    /// So many permits nobody has. If they have become more, the caller looks for work after the next [`fence`](Self::fence).
    pub(crate) fn set_free(&self, permits: usize) {
        self.free.store(permits, Ordering::Relaxed);
    }

    /// A worker lends its permit, and looks for work afterwards.
    pub(crate) fn lend(&self) {
        self.lent.fetch_add(1, Ordering::Relaxed);
        self.fence();
    }

    /// It has it again, or somebody took it away.
    pub(crate) fn end_loan(&self) {
        self.lent.fetch_sub(1, Ordering::Relaxed);
    }

    /// Between what one side wrote and what it reads of the other.
    pub(crate) fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::queue::Queue;
    use loom::thread;
    use std::sync::Arc;

    /// One worker makes work while `other` rests; whether the maker sent a seeker out, and what the other found in the end.
    fn race(other: fn(&Seekers, &Queue) -> Option<usize>, seekers: usize, free: usize) {
        loom::model(move || {
            let shared = Arc::new((Seekers::new(free), Queue::new()));
            (0..seekers).for_each(|_| shared.0.begin());
            let resting = thread::spawn({
                let shared = Arc::clone(&shared);
                move || other(&shared.0, &shared.1)
            });
            assert_eq!(shared.1.put_first(1), 0);
            let sent = shared.0.wanted();
            let found = resting.join().unwrap();
            // Whoever was sent out looks now.
            let left = shared.1.take_first();
            assert!(found.is_some() || left.is_some());
            assert!(found.is_some() || sent, "the goroutine is ready and nobody looks for it");
        });
    }

    /// A seeker finds nothing, gives its permit back, ceases to seek, and looks once more.
    #[test]
    fn work_made_while_the_last_seeker_rests_is_found() {
        race(
            |seekers, queue| {
                queue.take_first().or_else(|| {
                    seekers.set_free(1);
                    seekers.end();
                    (!queue.is_empty()).then(|| queue.take_first()).flatten()
                })
            },
            1,
            0,
        );
    }

    /// A worker that did not seek, for others did, gives its permit back.
    #[test]
    fn work_made_while_a_permit_is_given_back_is_found() {
        race(
            |seekers, queue| {
                queue.take_first().or_else(|| {
                    seekers.set_free(1);
                    seekers.fence();
                    (!queue.is_empty()).then(|| queue.take_first()).flatten()
                })
            },
            0,
            0,
        );
    }

    #[test]
    fn work_made_while_a_permit_is_lent_is_found() {
        race(
            |seekers, queue| {
                seekers.lend();
                (!queue.is_empty()).then(|| queue.take_first()).flatten()
            },
            0,
            0,
        );
    }

    #[test]
    #[should_panic(expected = "nobody looks for it")]
    fn a_seeker_that_does_not_look_again_leaves_work_behind() {
        race(
            |seekers, queue| {
                queue.take_first().or_else(|| {
                    seekers.set_free(1);
                    seekers.end();
                    None
                })
            },
            1,
            0,
        );
    }

    /// Two make work at once: one seeker is sent out, and it is enough, for it sends out the next.
    #[test]
    fn one_seeker_is_sent_out_at_a_time() {
        loom::model(|| {
            let seekers = Arc::new(Seekers::new(2));
            let other = thread::spawn({
                let seekers = Arc::clone(&seekers);
                move || seekers.wanted()
            });
            let sent = [seekers.wanted(), other.join().unwrap()];
            assert_eq!(sent.iter().filter(|&&sent| sent).count(), 1);
        });
    }
}
