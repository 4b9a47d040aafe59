//! What mutators and the collector's threads tell each other outside of the handshakes' gates.

use super::{
    hunt::Hunt,
    loan::{Loan, Moment},
};
use crate::{
    protocol::{hold::Hold, trigger::Trigger},
    sync::{AtomicU32, AtomicU64, Condvar, Mutex, Ordering, lock},
};
use std::{
    collections::VecDeque,
    sync::OnceLock,
    thread::{self, Thread},
    time::Duration,
};

/// What a handshake asks of each mutator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Record pointer stores from now on.
    BarrierOn { cycle: u32 },
    /// Objects allocated from now on are born marked.
    AllocateBlack,
    /// Scan the mutator's own stacks.
    Scan,
    /// Publish what the barrier buffer holds.
    Visit,
    /// Give up claimed runs and wait: somebody looks at the whole heap.
    Hold,
    /// Marks become allocation bits; the barrier is off.
    Flip { epoch: u32 },
}

/// A driver that sleeps for no longer than this is not woken because of a trigger: that takes a mutator as long as half of a
/// hold may take.
const SOON: Duration = Duration::from_millis(2);

/// The words and queues of a heap's collector.
#[derive(Debug)]
pub(crate) struct Control {
    /// The action of the handshake under way, packed by [`pack`].
    action: AtomicU64,
    /// Has mutators wait while somebody looks at the whole heap.
    pub(crate) hold: Hold,
    trigger: Trigger,
    retarget: AtomicU32,
    /// White entries were published from barrier buffers since this was reset.
    barrier_spoils: AtomicU32,
    /// The cycle that marks now; zero if none does.
    marking: AtomicU32,
    shut_down: AtomicU32,
    book: Mutex<Book>,
    done: Condvar,
    collector: OnceLock<Thread>,
    markers: OnceLock<Vec<Thread>>,
}

#[derive(Debug, Default)]
struct Book {
    started: u64,
    finished: u64,
    /// Cycles up to this number have been asked for.
    wanted: u64,
    closed: bool,
    /// How often it was asked to give all free memory back, and how often it was told so.
    releases: [u64; 2],
    loans: Vec<Loan>,
    hunts: VecDeque<Hunt>,
}

fn pack(action: Action) -> u64 {
    let (code, argument) = match action {
        Action::BarrierOn { cycle } => (0, cycle),
        Action::AllocateBlack => (1, 0),
        Action::Scan => (2, 0),
        Action::Visit => (3, 0),
        Action::Hold => (4, 0),
        Action::Flip { epoch } => (5, epoch),
    };
    code << 32 | u64::from(argument)
}

impl Control {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU32::new(0);
        Self {
            action: AtomicU64::new(0),
            hold: Hold::new(),
            trigger: Trigger::new(),
            retarget: zero(),
            barrier_spoils: zero(),
            marking: zero(),
            shut_down: zero(),
            book: Mutex::default(),
            done: Condvar::new(),
            collector: OnceLock::new(),
            markers: OnceLock::new(),
        }
    }

    pub(crate) fn set_collector(&self, thread: Thread) {
        self.collector.set(thread).expect("a heap has one collector");
    }

    /// Whether the calling thread is the collector's.
    pub(crate) fn is_collector(&self) -> bool {
        self.collector.get().is_some_and(|thread| thread.id() == thread::current().id())
    }

    pub(crate) fn set_markers(&self, threads: Vec<Thread>) {
        self.markers.set(threads).expect("markers are started once");
    }

    /// Decides what the next handshake asks (driver, before it asks).
    pub(crate) fn set_action(&self, action: Action) {
        // Relaxed: ordered by the gates' request words.
        self.action.store(pack(action), Ordering::Relaxed);
    }

    /// What the handshake under way asks.
    pub(crate) fn action(&self) -> Action {
        let word = self.action.load(Ordering::Relaxed);
        match word >> 32 {
            0 => Action::BarrierOn { cycle: word as u32 },
            1 => Action::AllocateBlack,
            2 => Action::Scan,
            3 => Action::Visit,
            4 => Action::Hold,
            _ => Action::Flip { epoch: word as u32 },
        }
    }

    pub(crate) fn wake_collector(&self) {
        if let Some(thread) = self.collector.get() {
            thread.unpark();
        }
    }

    /// Asks for a cycle because the heap has reached its trigger. Does not wake the driver if it looks soon anyway; whether it
    /// has.
    pub(crate) fn trigger(&self) -> bool {
        let must_wake = self.trigger.ask();
        if must_wake {
            self.wake_collector();
        }
        must_wake
    }

    /// Sleeps for `nap`, or until somebody wakes the driver; not at all if a cycle was asked for and it would be long (driver).
    pub(super) fn rest(&self, nap: Duration) {
        if self.trigger.may_sleep(nap <= SOON) {
            thread::park_timeout(nap);
        }
    }

    /// Whether a cycle was asked for because of the heap's size, and the wish not looked at yet.
    pub(crate) fn is_triggered(&self) -> bool {
        self.trigger.is_asked()
    }

    pub(crate) fn take_trigger(&self) -> bool {
        self.trigger.take()
    }

    /// Has the driver plan anew, because a target has changed.
    pub(crate) fn retarget(&self) {
        self.retarget.store(1, Ordering::SeqCst);
        self.wake_collector();
    }

    pub(crate) fn take_retarget(&self) -> bool {
        self.retarget.swap(0, Ordering::SeqCst) != 0
    }

    /// Asks for a cycle that starts after this call and waits until it has been swept, or the heap shuts down.
    pub(crate) fn collect_and_wait(&self) {
        let mut book = lock(&self.book);
        let target = book.started + 1;
        book.wanted = book.wanted.max(target);
        self.wake_collector();
        while book.finished < target && !book.closed {
            book = self.done.wait(book).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// Asks for all free memory to be given back and waits until it was, or the heap shuts down.
    pub(crate) fn release_and_wait(&self) {
        let mut book = lock(&self.book);
        book.releases[0] += 1;
        let target = book.releases[0];
        self.wake_collector();
        while book.releases[1] < target && !book.closed {
            book = self.done.wait(book).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// The number of the last request for memory to be given back, if it was not met yet.
    pub(super) fn release_is_due(&self) -> Option<u64> {
        let [asked, done] = lock(&self.book).releases;
        (asked > done).then_some(asked)
    }

    /// All requests up to a number were met.
    pub(super) fn finish_release(&self, number: u64) {
        lock(&self.book).releases[1] = number;
        self.done.notify_all();
    }

    /// Queues a request for the held heap and asks for the cycle that it needs, if it needs one.
    pub(super) fn ask_loan(&self, mut loan: Loan) {
        let mut book = lock(&self.book);
        if loan.moment == Moment::Closed {
            loan.cycle = book.started + 1;
            book.wanted = book.wanted.max(loan.cycle);
        }
        book.loans.push(loan);
        self.wake_collector();
    }

    /// The requests that can be met at `moment` of cycle `cycle`.
    pub(super) fn take_loans(&self, moment: Moment, cycle: u64) -> Vec<Loan> {
        let due = |l: &mut Loan| l.moment == moment && l.cycle <= cycle;
        lock(&self.book).loans.extract_if(.., due).collect()
    }

    /// Queues a hunt for leaked stacks and asks for a cycle of its own.
    pub(crate) fn ask_hunt(&self, mut hunt: Hunt) {
        let mut book = lock(&self.book);
        hunt.cycle = book.started + 1;
        book.hunts.push_back(hunt);
        book.wanted = book.wanted.max(book.started + book.hunts.len() as u64);
        self.wake_collector();
    }

    /// The hunt that cycle `cycle` is to conduct.
    pub(super) fn take_hunt(&self, cycle: u64) -> Option<Hunt> {
        lock(&self.book).hunts.pop_front_if(|hunt| hunt.cycle <= cycle)
    }

    pub(crate) fn forced_is_due(&self) -> bool {
        let book = lock(&self.book);
        book.wanted > book.started
    }

    /// Counts a cycle that begins; its number.
    pub(crate) fn start_cycle(&self) -> u64 {
        let mut book = lock(&self.book);
        book.started += 1;
        book.started
    }

    /// Wakes those that wait for the cycle that has just ended.
    pub(crate) fn finish_cycle(&self) {
        let mut book = lock(&self.book);
        book.finished = book.started;
        self.done.notify_all();
    }

    /// Waits a moment for background marking to get on, or a cycle to end.
    pub(crate) fn wait_for_progress(&self, longest: Duration) {
        let book = lock(&self.book);
        let finished = book.finished;
        let still = |b: &mut Book| b.finished == finished && !b.closed;
        drop(self.done.wait_timeout_while(book, longest, still).unwrap_or_else(|e| e.into_inner()));
    }

    /// Lets the markers run, for cycle `cycle`; zero ends their phase.
    pub(crate) fn set_marking(&self, cycle: u32) {
        self.marking.store(cycle, Ordering::SeqCst);
        if cycle != 0 {
            self.wake_markers();
        }
    }

    pub(crate) fn wake_markers(&self) {
        for marker in self.markers.get().into_iter().flatten() {
            marker.unpark();
        }
    }

    /// The cycle that marks now; zero if none does.
    #[inline]
    pub(crate) fn marking(&self) -> u32 {
        self.marking.load(Ordering::SeqCst)
    }

    pub(crate) fn spoiled_by_barrier(&self) {
        self.barrier_spoils.store(1, Ordering::SeqCst);
    }

    pub(crate) fn take_barrier_spoils(&self) -> bool {
        self.barrier_spoils.swap(0, Ordering::SeqCst) != 0
    }

    pub(crate) fn shut_down(&self) {
        self.shut_down.store(1, Ordering::SeqCst);
        self.wake_markers();
        self.wake_collector();
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst) != 0
    }

    /// Lets everybody go who waits for a cycle that will not come.
    pub(crate) fn finish_waiters(&self) {
        let mut book = lock(&self.book);
        book.closed = true;
        book.loans.clear();
        book.hunts.clear();
        drop(book);
        self.done.notify_all();
        self.set_marking(0);
        thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_survives_its_word() {
        let control = Control::new();
        let all = [
            Action::BarrierOn { cycle: 7 },
            Action::AllocateBlack,
            Action::Scan,
            Action::Visit,
            Action::Hold,
            Action::Flip { epoch: 9 },
        ];
        for action in all {
            control.set_action(action);
            assert_eq!(control.action(), action);
        }
    }
}
