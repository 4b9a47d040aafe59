//! The Rust peers, run inside a child process.

mod arena;
mod boxed;
mod trigo;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::job::Job;
use crate::meter;
use crate::peer::Peer;
use crate::report::Report;

/// How many objects a chain has.
const CHAIN: usize = 128;
/// How many a chain has while single chains are timed: so few that most of them take no slow path.
const HOT_CHAIN: usize = 16;
/// How many chains are timed.
const HOT_CHAINS: usize = 1 << 16;

/// Runs a job and prints its report.
pub fn run(peer: Peer, job: &Job) -> Result<()> {
    let mut report = Report::default();
    let known = match peer {
        Peer::Mimalloc => boxed::run(job, &mut report),
        Peer::GcArena => arena::run(job, &mut report),
        Peer::Trigo1 => trigo::run(1, job, &mut report),
        Peer::Trigo2 => trigo::run(2, job, &mut report),
        Peer::Go1 | Peer::Go2 => bail!("Go's programs are in bench/heap, not in this one"),
    };
    if !known {
        bail!("{} has no workload {:?}", peer.name(), job.arguments());
    }
    report.peak_rss = meter::status_bytes("VmHWM:");
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Calls `chain` until `objects` are allocated and reports the CPU of all of them, and that CPU
/// less what `marking` says in nanoseconds; then times single chains and reports the median.
fn time_chains(
    report: &mut Report,
    objects: usize,
    mut chain: impl FnMut(usize),
    marking: impl Fn() -> u64,
) {
    let (cpu_before, marking_before) = (meter::cpu(), marking());
    for _ in 0..objects / CHAIN {
        chain(CHAIN);
    }
    let spent = (meter::cpu() - cpu_before).as_nanos() as f64;
    let marked = (marking() - marking_before) as f64;
    report.set("ns_total", spent / objects as f64);
    report.set("ns_alloc", (spent - marked) / objects as f64);
    let hot = median_time(|| chain(HOT_CHAIN)).saturating_sub(median_time(|| ()));
    report.set("ns_hot", hot as f64 / HOT_CHAIN as f64);
}

/// The median time of a call in nanoseconds, with one reading of the clock.
fn median_time(mut f: impl FnMut()) -> u64 {
    let mut times = vec![0u64; HOT_CHAINS];
    let mut last = Instant::now();
    for time in &mut times {
        f();
        let now = Instant::now();
        *time = (now - last).as_nanos() as u64;
        last = now;
    }
    *times.select_nth_unstable(HOT_CHAINS / 2).1
}

/// Number of nodes that the tree workload must have counted in all.
fn nodes_of_trees(depth: u32) -> u64 {
    let tree = |depth: u32| (1u64 << (depth + 1)) - 1;
    let short = (4..=depth).step_by(4).map(|d| tree(d) << (depth - d + 4));
    tree(depth + 1) + tree(depth) + short.sum::<u64>()
}

const PROBE_PERIOD: Duration = Duration::from_micros(200);
const CHURN_PERIOD: Duration = Duration::from_millis(1);

/// The multiples of `period` below `length`: an open loop's schedule.
fn due_times(period: Duration, length: Duration) -> impl Iterator<Item = Duration> {
    (1..).map(move |n| period * n).take_while(move |&due| due < length)
}

/// How long ago something was due, in nanoseconds.
fn lateness(start: Instant, due: Duration) -> u64 {
    (start.elapsed() - due).as_nanos() as u64
}

/// How many records a churn of `rate` a second replaces each [`CHURN_PERIOD`].
fn burst(rate: u32) -> u32 {
    rate / (Duration::from_secs(1).as_nanos() / CHURN_PERIOD.as_nanos()) as u32
}

/// How many levels below the root the subtree hangs that stays alive when the rest is dropped.
const KEPT_BELOW: u32 = 6;

/// The bytes of that subtree, in a tree of `2^log2 - 1` objects.
fn live_after_drop(log2: u32) -> u64 {
    ((1 << (log2 - KEPT_BELOW)) - 1) * 64
}

/// Reads the resident set before `drop_most` and after the first of the two lengths, in ms, and
/// the CPU use of the second. `rest` calls the sleep that it is given.
fn idle<C>(
    report: &mut Report,
    context: &mut C,
    log2: u32,
    [settle, window]: [u64; 2],
    drop_most: impl FnOnce(&mut C),
    rest: impl Fn(&mut C, &dyn Fn()),
) {
    let sleep = |millis| std::thread::sleep(Duration::from_millis(millis));
    report.set("full_rss_mb", meter::status_bytes("VmRSS:") as f64 / 1e6);
    drop_most(context);
    rest(context, &|| sleep(settle));
    report.set("idle_rss_mb", meter::status_bytes("VmRSS:") as f64 / 1e6);
    report.set("live_mb", live_after_drop(log2) as f64 / 1e6);
    let before = meter::cpu();
    rest(context, &|| sleep(window));
    let spent = (meter::cpu() - before).as_secs_f64();
    report.set("idle_cpu_pct", 100.0 * spent / (window as f64 / 1e3));
}
