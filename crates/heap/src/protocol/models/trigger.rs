//! The trigger: a request is met although the mutator that makes it relies on a look of the driver's.

use super::explore;
use crate::{
    protocol::trigger::Trigger,
    sync::{AtomicU32, Ordering},
};
use loom::thread;
use std::sync::Arc;

/// A driver that has looked soon until now goes to sleep for long while a mutator asks. Whether it may, by its own steps.
fn goes_to_sleep(may_sleep: fn(&Trigger) -> bool) {
    explore(3, move || {
        let shared = Arc::new((Trigger::new(), AtomicU32::new(0)));
        assert!(shared.0.may_sleep(true) && !shared.0.ask() && shared.0.take());
        let mutator = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if shared.0.ask() {
                    shared.1.store(1, Ordering::SeqCst);
                }
            })
        };
        let sleeps = may_sleep(&shared.0);
        mutator.join().unwrap();
        let woken = shared.1.load(Ordering::SeqCst) != 0;
        assert!(!sleeps || woken, "it sleeps, and nobody has woken it");
    });
}

#[test]
fn a_driver_does_not_sleep_through_a_request() {
    goes_to_sleep(|trigger| trigger.may_sleep(false));
}

#[test]
#[should_panic(expected = "nobody has woken it")]
fn a_driver_that_looks_before_it_says_so_sleeps_through_a_request() {
    goes_to_sleep(|trigger| {
        let may = !trigger.is_asked();
        _ = trigger.may_sleep(false);
        may
    });
}
