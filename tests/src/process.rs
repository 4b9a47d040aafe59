//! Child processes under limits: one that hangs or eats the memory is one failure.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What a child may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall time.
    pub time: Duration,
    /// Resident memory, in bytes. A limit on address space would forbid the reservations a collector makes.
    pub memory: u64,
}

/// How a child ended.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output and standard error, as they came.
    pub output: Vec<u8>,
    /// The limit for which it was killed.
    pub stopped: Option<String>,
}

impl Outcome {
    /// Whether it ended by itself, with exit code 0.
    pub fn is_success(&self) -> bool {
        self.stopped.is_none() && self.status.success()
    }

    /// Why it is no success, in one line, and then what it printed.
    pub fn failure(&self, what: &str) -> Vec<String> {
        let reason = match &self.stopped {
            Some(limit) => format!("{what} was stopped: {limit}"),
            None => format!("{what}: {}", self.status),
        };
        let text = String::from_utf8_lossy(&self.output).into_owned();
        std::iter::once(reason).chain(text.lines().map(str::to_owned)).collect()
    }
}

/// Runs a command to its end or to a limit. Its standard input is empty.
///
/// # Errors
///
/// When it cannot be started, or its output cannot be kept.
pub fn run(command: &mut Command, limits: Limits) -> std::io::Result<Outcome> {
    let mut file = tempfile::tempfile()?;
    let mut child =
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file.try_clone()?).spawn()?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    let (status, stopped) = loop {
        if let Some(status) = child.try_wait()? {
            break (status, None);
        }
        if let Some(limit) = beyond(&child, &file, start, limits) {
            child.kill()?;
            break (child.wait()?, Some(limit));
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let mut output = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut output)?;
    Ok(Outcome { status, output, stopped })
}

/// The most output that is kept, in bytes.
const MAX_OUTPUT: u64 = 64 << 20;

fn beyond(child: &Child, output: &File, start: Instant, limits: Limits) -> Option<String> {
    if start.elapsed() > limits.time {
        return Some(format!("it ran for more than {} s", limits.time.as_secs()));
    }
    if resident(child.id()).is_some_and(|bytes| bytes > limits.memory) {
        return Some(format!("it took more than {} MB", limits.memory >> 20));
    }
    let printed = output.metadata().map_or(0, |file| file.len());
    (printed > MAX_OUTPUT).then(|| format!("it printed more than {} MB", MAX_OUTPUT >> 20))
}

/// A process's resident memory, in bytes.
fn resident(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, seconds: u64) -> Outcome {
        let limits = Limits { time: Duration::from_secs(seconds), memory: 1 << 30 };
        run(Command::new("sh").args(["-c", script]), limits).unwrap()
    }

    #[test]
    fn output_and_errors_come_in_order() {
        let outcome = shell("echo a; echo b >&2; echo c; exit 3", 10);
        assert_eq!(outcome.output, b"a\nb\nc\n");
        assert!(!outcome.is_success());
        assert_eq!(outcome.failure("it")[0], "it: exit status: 3");
    }

    #[test]
    fn a_child_that_hangs_is_stopped() {
        let outcome = shell("exec sleep 60", 1);
        assert_eq!(outcome.failure("it")[0], "it was stopped: it ran for more than 1 s");
    }
}
