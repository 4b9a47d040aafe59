//! Time.

use super::natives;
use crate::clock;
use crate::worker::Outcome;

natives! {
    "runtime.nanotime" nanotime(_w) -> (now: i64) {
        *now = clock::now();
        Outcome::Done
    }

    "runtime.walltime" walltime(_w) -> (seconds: i64, nanoseconds: i32) {
        let time = clock::read(libc::CLOCK_REALTIME);
        (*seconds, *nanoseconds) = (time.tv_sec, time.tv_nsec as i32);
        Outcome::Done
    }

    "runtime.cputicks" cputicks(_w) -> (ticks: i64) {
        *ticks = clock::now();
        Outcome::Done
    }

    "runtime.usleep" usleep(w, microseconds: u32) {
        w.outside(|| std::thread::sleep(std::time::Duration::from_micros(microseconds.into()))).1
    }
}
