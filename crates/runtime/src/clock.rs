//! Clocks of the system.

/// A clock's time.
pub(crate) fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time to a place for it.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time
}

/// Nanoseconds of the clock that never goes back.
pub(crate) fn now() -> i64 {
    nanoseconds(read(libc::CLOCK_MONOTONIC))
}

/// The same to a few milliseconds, for much less.
pub(crate) fn coarse() -> i64 {
    nanoseconds(read(libc::CLOCK_MONOTONIC_COARSE))
}

/// A time as nanoseconds.
pub(crate) fn nanoseconds(time: libc::timespec) -> i64 {
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
