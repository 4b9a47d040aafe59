//! What a child measures about itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};

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

/// How long a thread spins in [`spin`] between two looks at its processor time: as long as an assist takes.
const SPIN: Duration = Duration::from_micros(20);

/// What [`spin`] saw.
#[derive(Clone, Copy, Default)]
pub struct Spins {
    /// How much longer than 20 µs the longest spin took, in nanoseconds.
    pub longest: u64,
    /// How many spins took `long` or longer.
    pub long: u64,
}

/// For `length` spins on the clock, over and over for 20 µs, less the time that the kernel ran another thread: what the heap's
/// own account of holds would show for one that does nothing. On a virtual machine that is what its host takes, and interrupts.
pub fn spin(length: Duration, long: Duration) -> Spins {
    let start = Instant::now();
    let mut spins = Spins::default();
    while start.elapsed() < length {
        let (wall, cpu) = (Instant::now(), thread_cpu());
        while wall.elapsed() < SPIN {}
        let without = wall.elapsed().saturating_sub(thread_cpu() - cpu);
        let took = wall.elapsed().saturating_sub(without);
        spins.longest = spins.longest.max(took.saturating_sub(SPIN).as_nanos() as u64);
        spins.long += u64::from(took >= long);
    }
    spins
}

/// Processor time of the calling thread so far.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("each thread has this clock");
    Duration::from(time)
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
