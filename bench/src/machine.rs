//! What the figures were taken on.

use std::fmt::{self, Display};
use std::fs::read_to_string;
use std::process::Command;
use std::time::SystemTime;

/// The machine, the software and the moment.
pub struct Machine {
    commit: String,
    lines: Vec<(&'static str, String)>,
}

impl Machine {
    /// Reads what the kernel tells; what it does not tell is "unknown".
    pub fn read(go_version: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let commit = Command::new("git")
            .args(["describe", "--always", "--dirty"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let command: Vec<String> = std::env::args().skip(1).collect();
        let unknown = || "unknown".to_owned();
        let commit = commit.unwrap_or_else(unknown);
        let lines = vec![
            ("date", humantime::format_rfc3339_seconds(SystemTime::now()).to_string()),
            ("command", format!("trigo-bench {}", command.join(" "))),
            ("commit", commit.clone()),
            ("processor", field("/proc/cpuinfo", "model name").unwrap_or_else(unknown)),
            ("cores", cores.to_string()),
            ("memory", field("/proc/meminfo", "MemTotal").unwrap_or_else(unknown)),
            ("kernel", line("/proc/sys/kernel/osrelease").unwrap_or_else(unknown)),
            (
                "huge pages",
                line("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_else(unknown),
            ),
            ("Go", go_version.to_owned()),
            ("build", if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned()),
        ];
        Self { commit, lines }
    }

    /// The commit that was measured.
    pub fn commit(&self) -> &str {
        &self.commit
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.lines {
            writeln!(f, "{name:<11} {value}")?;
        }
        Ok(())
    }
}

fn line(path: &str) -> Option<String> {
    read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The value of the first `name : value` line of a file.
fn field(path: &str, name: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let (_, value) = text.lines().find(|line| line.starts_with(name))?.split_once(':')?;
    Some(value.trim().to_owned())
}

/// Time that the hypervisor took from all cores so far, in hundredths of a second.
pub fn stolen() -> u64 {
    let stat = read_to_string("/proc/stat").unwrap_or_default();
    let word = stat.lines().next().and_then(|line| line.split_whitespace().nth(8));
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}
