//! Loans: the driver holds all mutators and lends the heap to a client's thread, which looks around and returns it.
//!
//! The client's code runs on the client's own thread, so it may borrow, panic, and take its time; the
//! driver only waits. Returning is the drop of a channel's end, which happens on every way out.

use super::{Control, Driver};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The moment at which the borrower gets the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Between two cycles.
    Idle,
    /// In a cycle that began after the request, when marking has closed and nothing has been freed yet: marks say
    /// what is alive.
    Closed,
}

/// A request for the held heap.
#[derive(Debug)]
pub(super) struct Loan {
    pub(super) moment: Moment,
    /// For [`Moment::Closed`]: the first cycle that will do.
    pub(super) cycle: u64,
    held: SyncSender<()>,
    returned: Receiver<()>,
}

impl Control {
    /// Runs `f` on this thread while all mutators are held. The caller is no mutator, or a blocked one.
    pub(crate) fn while_held<R>(&self, moment: Moment, f: impl FnOnce() -> R) -> R {
        let (held, wait_until_held) = sync_channel(1);
        let (borrowed, returned) = sync_channel::<()>(1);
        self.ask_loan(Loan { moment, cycle: 0, held, returned });
        wait_until_held.recv().expect("a heap with a handle has a collector");
        let result = f();
        drop(borrowed);
        result
    }
}

impl Driver {
    /// Serves those who want the heap at `moment` of cycle `cycle`.
    pub(super) fn lend(&self, moment: Moment, cycle: u64) {
        let loans = self.heap.control.take_loans(moment, cycle);
        if loans.is_empty() {
            return;
        }
        if moment == Moment::Idle {
            self.heap.roots.forget_dropped();
        }
        self.with_all_held(|| {
            for loan in loans {
                // A borrower that is gone needs nothing; one that is there ends the wait by hanging up.
                if loan.held.send(()).is_ok() {
                    let _ = loan.returned.recv();
                }
            }
        });
    }
}
