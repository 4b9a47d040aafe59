//! How the system schedules the heap's threads, as far as it lets an ordinary process choose.

/// Moves the calling thread to the class for idle work. A system that refuses leaves it where it is.
pub(super) fn run_when_idle() {
    if cfg!(miri) {
        return;
    }
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: sets the scheduling class of the calling thread from a valid parameter.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) };
}

/// Nanoseconds of processor time that the collector's thread asks for at a time: the least that Linux grants.
const SLICE: u64 = 100_000;

/// The flag of `sched_setattr(2)` by which a thread stays in its class.
const KEEP_POLICY: u64 = 8;

/// The kernel's `struct sched_attr` (`sched_setattr(2)`), in its first version.
#[derive(Default)]
#[repr(C)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Asks for short turns on the processor. The scheduler gives them sooner (since Linux 6.12, and others ignore it), so
/// that a handshake need not wait until whoever runs has used up a turn of some milliseconds.
pub(super) fn take_short_turns() {
    if cfg!(miri) {
        return;
    }
    // SAFETY: the call has no preconditions.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let size = size_of::<Attributes>() as u32;
    let attributes =
        Attributes { size, flags: KEEP_POLICY, nice, runtime: SLICE, ..Default::default() };
    // SAFETY: sets attributes of the calling thread from a valid structure; a system that refuses leaves them.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}
