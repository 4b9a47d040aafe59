//! Files to wait for: the border to `netpoll`.

use super::natives;
use crate::netpoll::{self, Descriptor, Mode};
use crate::worker::Outcome;

/// A descriptor that Go holds as a number.
fn descriptor(at: usize) -> &'static Descriptor {
    // SAFETY: Go has it from `netpollOpen`, and descriptors are never freed.
    unsafe { &*(at as *const Descriptor) }
}

natives! {
    "runtime.netpollIsServer" is_server(_w, fd: usize) -> (own: bool) {
        *own = netpoll::is_own(fd as i32);
        Outcome::Done
    }

    "runtime.netpollOpen" open(_w, fd: usize) -> (descriptor: usize, error: i64) {
        (*descriptor, *error) = match netpoll::open(fd as i32) {
            Ok(descriptor) => (&raw const *descriptor as usize, 0),
            Err(error) => (0, error.into()),
        };
        Outcome::Done
    }

    "runtime.netpollClose" close(_w, at: usize) {
        descriptor(at).close();
        Outcome::Done
    }

    "runtime.netpollReset" reset(_w, at: usize, mode: i64) -> (result: i64) {
        *result = descriptor(at).reset(Mode::of_go(mode));
        Outcome::Done
    }

    "runtime.netpollWait" wait(w, at: usize, mode: i64) -> (result: i64) {
        *result = descriptor(at).wait(Mode::of_go(mode), w.goroutine);
        if *result < netpoll::READY { Outcome::Park } else { Outcome::Done }
    }

    "runtime.netpollDeadline" deadline(_w, at: usize, when: i64, mode: i64) {
        descriptor(at).set_deadline(when, Mode::of_go(mode));
        Outcome::Done
    }

    "runtime.netpollUnblock" unblock(_w, at: usize) {
        descriptor(at).unblock();
        Outcome::Done
    }
}
