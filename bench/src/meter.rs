//! What a child measures about itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// User and system time of this process so far.
pub fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage knows its own process");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}

/// A field of `/proc/self/status` that is given in kB, such as `VmRSS:`, in bytes.
pub fn status_bytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_else(|| panic!("/proc/self/status has no {field}")) << 10
}

/// How long the thread that made it was ready to run while the kernel ran another.
pub struct RunDelay(File);

impl RunDelay {
    pub fn new() -> Self {
        Self(File::open("/proc/thread-self/schedstat").expect("the kernel keeps schedstat"))
    }

    /// The total so far, in nanoseconds.
    pub fn read(&self) -> u64 {
        let mut buffer = [0; 96];
        let length = self.0.read_at(&mut buffer, 0).expect("schedstat is readable");
        let text = std::str::from_utf8(&buffer[..length]).expect("schedstat is ASCII");
        let delay = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        delay.expect("schedstat's second word is the run delay")
    }
}

/// What [`spin`] saw.
#[derive(Clone, Copy, Default)]
pub struct Spins {
    /// For how long the thread ran, in nanoseconds, what it stood still included.
    pub ran: u64,
    /// The longest time that it stood still, in nanoseconds.
    pub longest: u64,
    /// For how long it stood still, beyond `step` each time, in nanoseconds.
    pub stalled: u64,
    /// How often that was.
    pub stalls: u64,
}

/// Looks at the clock for `length`, over and over, and says how often and for how long the thread stood still for longer than
/// `step` although the kernel did not switch it away: what the heap's own account of holds calls a stall. On a virtual machine
/// that is what its host takes, and interrupts.
pub fn spin(length: Duration, step: Duration) -> Spins {
    let start = Instant::now();
    let mut spins = Spins::default();
    let (mut last, mut counts, mut preempted) = (start, Counts::read(), Duration::ZERO);
    while last - start < length {
        let time = Instant::now();
        let Some(beyond) = (time - last).checked_sub(step) else {
            last = time;
            continue;
        };
        if counts.take() == Reason::Stalled {
            spins.longest = spins.longest.max((beyond + step).as_nanos() as u64);
            spins.stalled += beyond.as_nanos() as u64;
            spins.stalls += 1;
        } else {
            preempted += beyond;
        }
        last = Instant::now();
    }
    spins.ran = (last - start - preempted).as_nanos() as u64;
    spins
}

/// Why a thread did not get on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It slept or faulted.
    Own,
    /// The kernel switched it away although it could have run on.
    Preempted,
    /// Nothing that the kernel counts.
    Stalled,
}

/// What the kernel counts of the calling thread.
#[derive(Clone, Copy)]
pub struct Counts {
    own: i64,
    switched: i64,
}

impl Counts {
    pub fn read() -> Self {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("getrusage knows its own thread");
        let faults = usage.minor_page_faults() + usage.major_page_faults();
        Self {
            own: faults + usage.voluntary_context_switches(),
            switched: usage.involuntary_context_switches(),
        }
    }

    /// Reads them anew; what has happened since they were read last.
    pub fn take(&mut self) -> Reason {
        let before = std::mem::replace(self, Self::read());
        match () {
            () if self.own != before.own => Reason::Own,
            () if self.switched != before.switched => Reason::Preempted,
            () => Reason::Stalled,
        }
    }
}

/// Sleeps in the kernel until `due` has passed since `start`; it does not spin, so the kernel's
/// timer slack is part of every latency, the idle machine's too.
pub fn sleep_until(start: Instant, due: Duration) {
    while let Some(left) = due.checked_sub(start.elapsed()) {
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left);
    }
}
