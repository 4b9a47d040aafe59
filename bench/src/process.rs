//! One child process: started, waited for, measured.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::report::Report;

/// What one run cost and what it reported.
#[derive(Debug)]
pub struct Sample {
    /// From before the start to after the exit.
    pub wall: Duration,
    /// User and system time of the whole process.
    pub cpu: Duration,
    /// The child's own account.
    pub report: Report,
}

/// Runs the command to its end; its standard error stays visible.
pub fn measure(command: &mut Command) -> Result<Sample> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let mut line = String::new();
    let mut stdout = child.stdout.take().expect("standard output is piped");
    stdout
        .read_to_string(&mut line)
        .with_context(|| format!("cannot read from {command:?}"))?;
    let used = child
        .wait4()
        .with_context(|| format!("cannot wait for {command:?}"))?;
    let wall = start.elapsed();
    ensure!(used.status.success(), "{command:?} failed: {}", used.status);
    let report = serde_json::from_str(&line)
        .with_context(|| format!("{command:?} did not print one report"))?;
    Ok(Sample {
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        report,
    })
}
