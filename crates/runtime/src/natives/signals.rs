//! Signals for os/signal: the border to `notify`.

use super::natives;
use crate::notify;
use crate::worker::Outcome;

natives! {
    "runtime.signalEnable" enable(_w, signal: u32) {
        notify::enable(signal);
        Outcome::Done
    }

    "runtime.signalDisable" disable(_w, signal: u32) {
        notify::disable(signal);
        Outcome::Done
    }

    "runtime.signalIgnore" ignore(_w, signal: u32) {
        notify::ignore(signal);
        Outcome::Done
    }

    "runtime.signalIgnored" ignored(_w, signal: u32) -> (ignored: bool) {
        *ignored = notify::is_ignored(signal);
        Outcome::Done
    }

    /// 0 if the goroutine has waited and must ask again.
    "runtime.signalRecv" receive(w) -> (signal: u32) {
        *signal = notify::receive(w.goroutine).unwrap_or(0);
        if *signal == 0 { Outcome::Park } else { Outcome::Done }
    }

    "runtime.signalWaitIdle" wait_idle(w) {
        w.mutator.blocked(|| {
            while !notify::is_idle() {
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        });
        Outcome::Done
    }

    /// A write to a broken pipe that nobody looks after ends the program by the signal.
    "runtime.raiseSigpipe" raise_sigpipe(_w) {
        notify::disable(libc::SIGPIPE as u32);
        // SAFETY: the default action ends the process.
        unsafe { libc::raise(libc::SIGPIPE) };
        Outcome::Done
    }
}
