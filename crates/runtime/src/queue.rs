//! A processor's own queue of goroutines that are ready: its owner alone puts them in, at one end; at the other its owner and
//! those without work of their own take them. Beside it one goroutine is kept that goes first.
//!
//! Follows Go's `runqput`, `runqget` and `runqgrab` (proc.go). Goroutines are numbers here, never 0.

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// Places of a queue.
#[cfg(not(loom))]
const CAPACITY: u32 = 256;
#[cfg(loom)]
const CAPACITY: u32 = 2;

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Who takes some moves it on from what it saw.
    head: AtomicU32,
    /// Written by the owner alone.
    tail: AtomicU32,
    places: [AtomicUsize; CAPACITY as usize],
    /// Goes first; 0 for none.
    first: AtomicUsize,
}

impl Queue {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            places: [const { AtomicUsize::new(0) }; CAPACITY as usize],
            first: AtomicUsize::new(0),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            places: std::array::from_fn(|_| AtomicUsize::new(0)),
            first: AtomicUsize::new(0),
        }
    }

    /// Whether nothing is in it. A hint, unless fences order it.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: who needs more has a fence between what it did and this. Only what the owner does makes the queue longer,
        // and moves `first` behind the others before it writes it anew.
        self.first.load(Ordering::Relaxed) == 0
            && self.head.load(Ordering::Relaxed) == self.tail.load(Ordering::Relaxed)
    }

    fn place(&self, at: u32) -> &AtomicUsize {
        &self.places[(at % CAPACITY) as usize]
    }

    /// Puts one in at the end; false if there is no room (the owner).
    pub(crate) fn push(&self, goroutine: usize) -> bool {
        // Acquire: a place is written anew only after who took its goroutine has read it.
        let head = self.head.load(Ordering::Acquire);
        let tail = self.tail.load(Ordering::Relaxed);
        if tail.wrapping_sub(head) >= CAPACITY {
            return false;
        }
        self.place(tail).store(goroutine, Ordering::Relaxed);
        // Release: who sees the end sees the place, and the goroutine as it was left.
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
        true
    }

    /// Has one go first, in the place of who was to; that one, or 0 (the owner).
    pub(crate) fn put_first(&self, goroutine: usize) -> usize {
        // Release: as in `push`. Acquire: for who runs the other one.
        self.first.swap(goroutine, Ordering::AcqRel)
    }

    /// Who goes first (anybody).
    pub(crate) fn take_first(&self) -> Option<usize> {
        if self.first.load(Ordering::Relaxed) == 0 {
            return None;
        }
        // Acquire: sees the goroutine as it was left.
        Some(self.first.swap(0, Ordering::Acquire)).filter(|&first| first != 0)
    }

    /// The next one of the others (the owner).
    pub(crate) fn pop(&self) -> Option<usize> {
        loop {
            let head = self.head.load(Ordering::Acquire);
            if head == self.tail.load(Ordering::Relaxed) {
                return None;
            }
            let goroutine = self.place(head).load(Ordering::Relaxed);
            if self.advance(head, 1) {
                return Some(goroutine);
            }
        }
    }

    /// Moves half of the others, or one, to a queue that is empty but for its first, and one more to the caller, who owns
    /// that queue (anybody).
    pub(crate) fn steal(&self, to: &Queue) -> Option<usize> {
        let end = to.tail.load(Ordering::Relaxed);
        loop {
            let head = self.head.load(Ordering::Acquire);
            // Acquire: sees the places up to there.
            let len = self.tail.load(Ordering::Acquire).wrapping_sub(head);
            let half = len - len / 2;
            if len == 0 {
                return None;
            }
            if len > CAPACITY {
                // The head was read before others moved it on.
                continue;
            }
            for i in 0..half - 1 {
                let goroutine = self.place(head.wrapping_add(i)).load(Ordering::Relaxed);
                to.place(end.wrapping_add(i)).store(goroutine, Ordering::Relaxed);
            }
            let last = self.place(head.wrapping_add(half - 1)).load(Ordering::Relaxed);
            if self.advance(head, half) {
                // Release: as in `push`.
                to.tail.store(end.wrapping_add(half - 1), Ordering::Release);
                return Some(last);
            }
        }
    }

    /// Takes what was read from the head on, if nobody else did.
    fn advance(&self, head: u32, by: u32) -> bool {
        // Release: the owner writes the places anew after they were read. Acquire: as for who reads the head.
        self.head
            .compare_exchange(head, head.wrapping_add(by), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    fn drain(queue: &Queue, into: &mut Vec<usize>) {
        into.extend(queue.take_first());
        into.extend(std::iter::from_fn(|| queue.pop()));
    }

    /// The owner puts goroutines in and takes some while another steals: places are used again.
    #[test]
    fn each_goroutine_is_taken_once() {
        loom::model(|| {
            let queue = Arc::new(Queue::new());
            for goroutine in 1..=2 {
                assert!(queue.push(goroutine));
            }
            let thief = thread::spawn({
                let queue = Arc::clone(&queue);
                move || {
                    let own = Queue::new();
                    let mut taken = Vec::from_iter(queue.steal(&own));
                    drain(&own, &mut taken);
                    taken
                }
            });
            let mut taken = Vec::from_iter(queue.pop());
            for goroutine in 3..=4 {
                if !queue.push(goroutine) {
                    taken.push(goroutine);
                }
            }
            drain(&queue, &mut taken);
            taken.extend(thief.join().unwrap());
            taken.sort_unstable();
            assert_eq!(taken, [1, 2, 3, 4]);
        });
    }

    #[test]
    fn two_that_steal_take_different_goroutines() {
        loom::model(|| {
            let queue = Arc::new(Queue::new());
            for goroutine in 1..=2 {
                assert!(queue.push(goroutine));
            }
            let steal = |queue: Arc<Queue>| {
                let own = Queue::new();
                let mut taken = Vec::from_iter(queue.steal(&own));
                drain(&own, &mut taken);
                taken
            };
            let thief = thread::spawn({
                let queue = Arc::clone(&queue);
                move || steal(queue)
            });
            let mut taken = steal(Arc::clone(&queue));
            taken.extend(thief.join().unwrap());
            drain(&queue, &mut taken);
            taken.sort_unstable();
            assert_eq!(taken, [1, 2]);
        });
    }

    #[test]
    fn who_goes_first_is_taken_once() {
        loom::model(|| {
            let queue = Arc::new(Queue::new());
            assert_eq!(queue.put_first(1), 0);
            let thief = thread::spawn({
                let queue = Arc::clone(&queue);
                move || queue.take_first()
            });
            let mut taken = Vec::from_iter(Some(queue.put_first(2)).filter(|&old| old != 0));
            drain(&queue, &mut taken);
            taken.extend(thief.join().unwrap());
            taken.sort_unstable();
            assert_eq!(taken, [1, 2]);
        });
    }
}
