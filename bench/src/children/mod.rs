//! The Rust peers, run inside a child process.

mod arena;
mod boxed;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::job::Job;
use crate::meter;
use crate::peer::Peer;
use crate::report::Report;

/// How many objects are allocated between two readings of the clock.
const BATCH: usize = 128;

/// Runs a job and prints its report.
pub fn run(peer: Peer, job: &Job) -> Result<()> {
    let mut report = Report::default();
    let known = match peer {
        Peer::Mimalloc => boxed::run(job, &mut report),
        Peer::GcArena => arena::run(job, &mut report),
        Peer::Trigo1 | Peer::Trigo2 => false,
        Peer::Go1 | Peer::Go2 => bail!("Go's programs are in bench/heap, not in this one"),
    };
    if !known {
        bail!("{} has no workload {:?}", peer.name(), job.arguments());
    }
    report.peak_rss = meter::status_bytes("VmHWM:");
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Times chains of [`BATCH`] objects until `objects` are allocated, and reports the median
/// chain, the CPU of all, and that CPU less what `marking` says in nanoseconds.
fn time_batches(
    report: &mut Report,
    objects: usize,
    mut batch: impl FnMut(),
    marking: impl Fn() -> u64,
) {
    let mut times = vec![0u64; objects / BATCH];
    let (cpu_before, marking_before) = (meter::cpu(), marking());
    let mut last = Instant::now();
    for time in &mut times {
        batch();
        let now = Instant::now();
        *time = (now - last).as_nanos() as u64;
        last = now;
    }
    let spent = (meter::cpu() - cpu_before).as_nanos() as f64;
    let marked = (marking() - marking_before) as f64;
    let objects = (times.len() * BATCH) as f64;
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    report.set("ns_hot", *median as f64 / BATCH as f64);
    report.set("ns_total", spent / objects);
    report.set("ns_alloc", (spent - marked) / objects);
}

/// Number of nodes that the tree workload must have counted in all.
fn nodes_of_trees(depth: u32) -> u64 {
    let tree = |depth: u32| (1u64 << (depth + 1)) - 1;
    let short = (4..=depth).step_by(4).map(|d| tree(d) << (depth - d + 4));
    tree(depth + 1) + tree(depth) + short.sum::<u64>()
}

const PROBE_PERIOD: Duration = Duration::from_micros(200);
const CHURN_PERIOD: Duration = Duration::from_millis(1);

/// Calls `allocate` at each multiple of [`PROBE_PERIOD`], or as soon after as it can, and
/// returns how long after the intended time each call was over, in nanoseconds.
fn open_loop(start: Instant, length: Duration, mut allocate: impl FnMut(u64)) -> Vec<u64> {
    let mut samples = Vec::with_capacity((length.as_nanos() / PROBE_PERIOD.as_nanos()) as usize);
    let mut due = PROBE_PERIOD;
    while due < length {
        meter::sleep_until(start, due);
        allocate(due.as_nanos() as u64);
        samples.push((start.elapsed() - due).as_nanos() as u64);
        due += PROBE_PERIOD;
    }
    samples
}

/// Calls `replace` at `rate` a second, in a burst each [`CHURN_PERIOD`]; returns the rate
/// reached.
fn churn(rate: u32, start: Instant, length: Duration, mut replace: impl FnMut()) -> f64 {
    let burst = (f64::from(rate) * CHURN_PERIOD.as_secs_f64()) as u32;
    let mut replaced = 0u64;
    let mut due = CHURN_PERIOD;
    while due < length {
        meter::sleep_until(start, due);
        for _ in 0..burst {
            replace();
        }
        replaced += u64::from(burst);
        due += CHURN_PERIOD;
    }
    replaced as f64 / start.elapsed().as_secs_f64()
}

/// How many levels below the root the subtree hangs that stays alive when the rest is dropped.
const KEPT_BELOW: u32 = 6;

/// Reads the resident set before `drop_most` and `settle` ms after, then the CPU use of the
/// `window` ms that follow.
fn idle(report: &mut Report, log2: u32, settle: u64, window: u64, drop_most: impl FnOnce()) {
    report.set("full_rss_mb", meter::status_bytes("VmRSS:") as f64 / 1e6);
    drop_most();
    std::thread::sleep(Duration::from_millis(settle));
    report.set("idle_rss_mb", meter::status_bytes("VmRSS:") as f64 / 1e6);
    let live = ((1u64 << (log2 - KEPT_BELOW)) - 1) * 64;
    report.set("live_mb", live as f64 / 1e6);
    let before = meter::cpu();
    std::thread::sleep(Duration::from_millis(window));
    let spent = (meter::cpu() - before).as_secs_f64();
    report.set("idle_cpu_pct", 100.0 * spent / (window as f64 / 1e3));
}
