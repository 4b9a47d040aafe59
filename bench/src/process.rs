//! One child process: started, waited for, measured.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wait4::Wait4;

use crate::report::Report;

/// What one run of a reporting child cost and what it reported.
#[derive(Debug)]
pub struct Sample {
    /// From before the start to after the exit.
    pub wall: Duration,
    /// User and system time of the whole process.
    pub cpu: Duration,
    /// The child's own account.
    pub report: Report,
}

/// What one run of any program cost and printed.
#[derive(Debug)]
pub struct Run {
    /// From before the start to after the exit.
    pub wall: Duration,
    /// User and system time of the whole process.
    pub cpu: Duration,
    /// Its largest resident set, in bytes.
    pub peak_rss: u64,
    /// Its standard output.
    pub stdout: String,
}

/// A child that takes longer than any workload does on any peer is hung.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a child that prints one report.
pub fn measure(command: &mut Command) -> Result<Sample> {
    let Run { wall, cpu, stdout, .. } = run(command)?;
    let report = serde_json::from_str(&stdout)
        .with_context(|| format!("{command:?} did not print one report"))?;
    Ok(Sample { wall, cpu, report })
}

/// Runs the command to its end, or kills it after [`LIMIT`]; standard error goes where the command says.
pub fn run(command: &mut Command) -> Result<Run> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let mut stdout = child.stdout.take().expect("standard output is piped");
    let pid = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = channel::<()>();
    let watchdog = thread::spawn(move || {
        let hung = end.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout);
        // Not yet waited for, so the number is still the child's; if it has just ended, so be it.
        hung && kill(pid, Signal::SIGKILL).is_ok()
    });
    let mut text = String::new();
    let read = stdout.read_to_string(&mut text);
    drop(ended);
    let hung = watchdog.join().expect("the watchdog does not panic");
    let used = child.wait4().with_context(|| format!("cannot wait for {command:?}"))?;
    let wall = start.elapsed();
    ensure!(!hung, "{command:?} was killed: not done after {} s", LIMIT.as_secs());
    read.with_context(|| format!("cannot read from {command:?}"))?;
    ensure!(used.status.success(), "{command:?} failed: {}", used.status);
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Run { wall, cpu, peak_rss: used.rusage.maxrss, stdout: text })
}
