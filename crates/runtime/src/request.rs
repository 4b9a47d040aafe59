//! A request to one thread, which answers it in the handler of a signal.
//!
//! Question and answer are plain memory. Who asks has them while no thread is named; the thread that is named has them from
//! then on until it takes its name back, after its answer. A signal that comes from elsewhere finds another name, or none, or
//! its own, which is as good. A thread that ends without an answer is found out, and its name taken back for it.

use crate::sync::{AtomicI32, Ordering, UnsafeCell};

/// The name of no thread.
const NOBODY: i32 = 0;

/// A request, by one at a time.
pub(crate) struct Request<Q, A> {
    /// The thread that is to answer.
    named: AtomicI32,
    words: UnsafeCell<(Q, A)>,
}

// SAFETY: the words are one thread's at a time, see above.
unsafe impl<Q: Send, A: Send> Sync for Request<Q, A> {}

impl<Q: Copy, A: Copy> Request<Q, A> {
    #[cfg(not(loom))]
    pub(crate) const fn new(question: Q, answer: A) -> Self {
        Self { named: AtomicI32::new(NOBODY), words: UnsafeCell::new((question, answer)) }
    }

    #[cfg(loom)]
    pub(crate) fn new(question: Q, answer: A) -> Self {
        Self { named: AtomicI32::new(NOBODY), words: UnsafeCell::new((question, answer)) }
    }

    /// Asks a thread: its answer; none if it ended before. `signal` interrupts it; `lives` lets some time pass. Both say whether
    /// it can still answer. Blocks until it has answered or cannot.
    ///
    /// # Safety
    /// 1. Nobody else asks meanwhile.
    /// 2. Of a thread that cannot answer, nothing of [`Request::answer`] runs any more.
    pub(crate) unsafe fn ask(
        &self,
        thread: i32,
        question: Q,
        signal: impl FnOnce() -> bool,
        mut lives: impl FnMut() -> bool,
    ) -> Option<A> {
        // SAFETY: nobody is named, and nobody else asks (1).
        self.words.with_mut(|words| unsafe { (*words).0 = question });
        // Release: who finds itself named sees the question.
        self.named.store(thread, Ordering::Release);
        let mut can = signal();
        // Acquire, here and below: the answer is seen.
        while can && self.named.load(Ordering::Acquire) == thread {
            can = lives();
        }
        if self.named.swap(NOBODY, Ordering::Acquire) == thread {
            return None;
        }
        // SAFETY: the thread has taken its name back, or is no more (2).
        Some(self.words.with(|words| unsafe { (*words).1 }))
    }

    /// Called by a thread that was interrupted: answers if it is named.
    pub(crate) fn answer(&self, me: i32, answer: impl FnOnce(Q) -> A) {
        // Acquire: pairs with `ask`.
        if self.named.load(Ordering::Acquire) != me {
            return;
        }
        // SAFETY: they are the named thread's, whose handler does not interrupt itself.
        self.words.with_mut(|words| unsafe { (*words).1 = answer((*words).0) });
        // Release: pairs with `ask`.
        self.named.store(NOBODY, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::AtomicBool;
    use loom::thread;
    use std::sync::Arc;

    /// A thread that is interrupted so many times, by whomever, and then ends.
    struct Interrupted {
        name: i32,
        times: usize,
        ended: AtomicBool,
        answers: AtomicI32,
    }

    impl Interrupted {
        fn run(&self, request: &Request<i32, i32>) {
            for _ in 0..self.times {
                request.answer(self.name, |question| {
                    self.answers.fetch_add(1, Ordering::Relaxed);
                    question * 10 + self.name
                });
            }
            self.ended.store(true, Ordering::Release);
        }

        fn lives(&self) -> bool {
            thread::yield_now();
            !self.ended.load(Ordering::Acquire)
        }
    }

    fn start(
        name: i32,
        times: usize,
        request: &Arc<Request<i32, i32>>,
    ) -> (Arc<Interrupted>, thread::JoinHandle<()>) {
        let it = Arc::new(Interrupted {
            name,
            times,
            ended: AtomicBool::new(false),
            answers: AtomicI32::new(0),
        });
        let running = thread::spawn({
            let (it, request) = (Arc::clone(&it), Arc::clone(request));
            move || it.run(&request)
        });
        (it, running)
    }

    /// Threads, by how often they are interrupted, are asked one after the other.
    fn ask_all<const N: usize>(times: [usize; N]) {
        loom::model(move || {
            let request = Arc::new(Request::new(0, 0));
            let mut name = 0;
            let threads = times.map(|times| {
                name += 1;
                start(name, times, &request)
            });
            for (question, (it, _)) in (5..).zip(&threads) {
                // SAFETY: this thread alone asks; what has ended does nothing more.
                let answer = unsafe { request.ask(it.name, question, || true, || it.lives()) };
                assert!(answer.is_none_or(|answer| answer == question * 10 + it.name));
                assert_eq!(it.answers.load(Ordering::Relaxed), i32::from(answer.is_some()));
            }
            for (it, running) in threads {
                let answers = it.answers.load(Ordering::Relaxed);
                running.join().unwrap();
                assert_eq!(it.answers.load(Ordering::Relaxed), answers, "it answers nobody");
            }
        });
    }

    #[test]
    fn each_thread_answers_its_own_question_or_has_ended() {
        ask_all([1, 1]);
    }

    #[test]
    fn a_thread_that_is_interrupted_twice_answers_once() {
        ask_all([2]);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn a_thread_that_is_named_before_the_question_stands_reads_it_meanwhile() {
        loom::model(|| {
            let request = Arc::new(Request::new(0, 0));
            let (_, running) = start(1, 1, &request);
            request.named.store(1, Ordering::Release);
            // SAFETY: none; that is what the model shows.
            request.words.with_mut(|words| unsafe { (*words).0 = 5 });
            running.join().unwrap();
        });
    }
}
