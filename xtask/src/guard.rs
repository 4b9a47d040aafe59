//! Running a child under a time and a memory limit, so that one hang is one failure.
//!
//! The child leads a process group of its own. While it runs, the group and all descendants of the
//! child are looked up in `/proc` and their resident sets added up; on excess everything found is
//! killed. What the child leaves running behind its own end is killed too. An address-space limit
//! (`RLIMIT_AS`) would not do: a collector reserves far more than it uses. Pages shared between
//! processes count once for each. A descendant that leaves both the group and its parent is out of
//! reach; no test of Trigo makes such daemons.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::collections::{HashMap, HashSet};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// What a child and its descendants may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wall-clock time.
    pub time: Duration,
    /// Resident memory of the whole process tree, in bytes.
    pub memory: u64,
}

/// How a guarded child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Killed: it ran longer than its limit.
    TimedOut,
    /// Killed: its tree used more memory than its limit.
    OverMemory,
    /// Killed: the user interrupted the run.
    Interrupted,
}

/// The end of a guarded child and what it used.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How long it ran.
    pub wall: Duration,
    /// The largest resident set of its tree that was seen, in bytes.
    pub peak: u64,
}

const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Runs the command to its end or until it exceeds a limit. Its standard input is empty.
///
/// # Errors
///
/// When the command cannot be started or `/proc` cannot be read.
pub fn run(command: &mut Command, limits: Limits) -> Result<Outcome> {
    let interrupted = interrupt_flag();
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).process_group(0).spawn();
    let mut child =
        child.with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    let leader = Pid::from_child(&child);

    let mut peak = 0;
    let mut pause = Duration::from_millis(1);
    let killed = loop {
        let ended = has_ended(leader)?;
        let used = tree(leader)?.iter().map(|process| process.resident).sum();
        peak = peak.max(used);
        if ended {
            break None;
        } else if interrupted.load(Ordering::Relaxed) {
            break Some(End::Interrupted);
        } else if start.elapsed() >= limits.time {
            break Some(End::TimedOut);
        } else if used > limits.memory {
            break Some(End::OverMemory);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    let wall = start.elapsed();
    kill_tree(leader)?;
    let status = reap(&mut child)?;
    let end = killed.unwrap_or(End::Exited(status));
    Ok(Outcome { end, wall, peak })
}

/// Set once the user asks for an end; the guard's process groups do not see the terminal's own
/// signal.
fn interrupt_flag() -> &'static AtomicBool {
    static FLAG: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&flag)) {
                eprintln!("warning: signal {signal} will not stop the children: {error}");
            }
        }
        flag
    });
    &FLAG
}

/// Whether the leader has ended. It is left unreaped, so that its number and its group's stay its
/// own.
fn has_ended(leader: Pid) -> Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(rustix::process::waitid(WaitId::Pid(leader), options)?.is_some())
}

fn reap(child: &mut Child) -> Result<ExitStatus> {
    child.wait().context("cannot wait for a child")
}

/// Kills all of the tree. Members may start others meanwhile, so it looks until only the leader is
/// left, dead.
fn kill_tree(leader: Pid) -> Result<()> {
    for _ in 0..100 {
        let living: Vec<_> = tree(leader)?.into_iter().filter(|process| process.alive).collect();
        if living.is_empty() {
            return Ok(());
        }
        // A process that ended by itself in the meantime is no error.
        let _ = rustix::process::kill_process_group(leader, Signal::KILL);
        for process in living {
            let _ = rustix::process::kill_process(process.pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("process group {leader} does not die")
}

struct Process {
    pid: Pid,
    parent: i32,
    group: i32,
    alive: bool,
    resident: u64,
}

/// The leader, the members of its group and all their descendants.
fn tree(leader: Pid) -> Result<Vec<Process>> {
    let leader = leader.as_raw_pid();
    let mut all: Vec<Process> = Vec::new();
    for entry in std::fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        // A process that is gone by now is not in the tree.
        all.extend(pid.and_then(stat));
    }
    let parents: HashMap<i32, i32> = all.iter().map(|p| (p.pid.as_raw_pid(), p.parent)).collect();
    let roots = all.iter().filter(|p| p.group == leader || p.pid.as_raw_pid() == leader);
    let roots: HashSet<i32> = roots.map(|p| p.pid.as_raw_pid()).collect();
    let descends = |process: &Process| {
        let mut ancestor = Some(process.pid.as_raw_pid());
        // No chain is longer than the number of processes, even if it was read while it changed.
        for _ in 0..=parents.len() {
            match ancestor {
                Some(pid) if roots.contains(&pid) => return true,
                Some(pid) => ancestor = parents.get(&pid).copied(),
                None => return false,
            }
        }
        false
    };
    let members: HashSet<i32> =
        all.iter().filter(|p| descends(p)).map(|p| p.pid.as_raw_pid()).collect();
    all.retain(|process| members.contains(&process.pid.as_raw_pid()));
    Ok(all)
}

/// Reads `/proc/PID/stat`, see proc_pid_stat(5): after the parenthesised name come state, parent
/// and group; the resident set, in pages, is field 24.
fn stat(pid: Pid) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let pages: u64 = fields.get(21)?.parse().ok()?;
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        alive: !matches!(*fields.first()?, "Z" | "X"),
        resident: pages * rustix::param::page_size() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMY: Limits = Limits { time: Duration::from_secs(60), memory: 1 << 30 };

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn is_running(pid: &str) -> bool {
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).unwrap();
        stat(pid).is_some_and(|process| process.alive)
    }

    #[test]
    fn an_orderly_end_keeps_its_status() {
        let outcome = run(&mut shell("exit 7"), ROOMY).unwrap();
        assert!(matches!(outcome.end, End::Exited(status) if status.code() == Some(7)));
        assert!(outcome.wall < ROOMY.time);
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("no-such-program"), ROOMY).unwrap_err();
        assert!(error.to_string().contains("no-such-program"), "{error}");
    }

    #[test]
    fn a_hanging_tree_is_killed_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pids");
        // One grandchild stays in the group, one leaves it.
        let script = format!(
            "sleep 300 & echo $! > {0}; setsid sleep 300 & echo $! >> {0}; wait",
            file.display()
        );
        let limits = Limits { time: Duration::from_millis(500), ..ROOMY };
        let outcome = run(&mut shell(&script), limits).unwrap();
        assert_eq!(outcome.end, End::TimedOut);
        assert!(outcome.wall < Duration::from_secs(30), "{:?}", outcome.wall);
        let pids = std::fs::read_to_string(file).unwrap();
        assert_eq!(pids.lines().count(), 2);
        for pid in pids.lines() {
            assert!(!is_running(pid), "{pid} survived");
        }
    }

    #[test]
    fn a_child_that_leaves_others_running_takes_them_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 300 & echo $! > {}", file.display());
        let outcome = run(&mut shell(&script), ROOMY).unwrap();
        assert!(matches!(outcome.end, End::Exited(status) if status.success()));
        assert!(!is_running(&std::fs::read_to_string(file).unwrap()));
    }

    #[test]
    fn memory_of_a_grandchild_counts_against_the_limit() {
        // The inner shell doubles a string for ever; the outer one only waits.
        let script = r#"sh -c 's=xxxxxxxxxxxxxxxx; while :; do s="$s$s"; done' & wait"#;
        let limits = Limits { memory: 64 << 20, ..ROOMY };
        let outcome = run(&mut shell(script), limits).unwrap();
        assert_eq!(outcome.end, End::OverMemory);
        assert!(outcome.peak > limits.memory);
    }
}
