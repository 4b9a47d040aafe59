//! The rows: what each measures, and how it is done under either compiler.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{Compilers, Peer};
use crate::go;
use crate::kept::Figures;
use crate::process;

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One run of a program of `bench/go`.
    Run,
    /// A start of such a program: the mean of many.
    Start,
    /// A build of [`PROGRAM`] with an empty cache.
    Cold,
    /// A build of [`PROGRAM`], of which nothing has changed since the last one.
    Unchanged,
}

/// A row of the page.
#[derive(Debug)]
pub struct Row {
    /// What it is about.
    pub group: &'static str,
    /// The program's name, or the row's.
    pub name: &'static str,
    /// What it measures.
    pub what: What,
}

/// In the order of the page.
pub const ROWS: &[Row] = &[
    run("compute", "sort"),
    run("compute", "nbody"),
    run("compute", "fannkuch"),
    run("compute", "spectral"),
    run("compute", "words"),
    run("allocation", "trees"),
    run("allocation", "lru"),
    run("allocation", "json"),
    run("allocation", "pool"),
    run("scheduling", "ring"),
    run("scheduling", "fanin"),
    run("scheduling", "parked"),
    Row { group: "build", name: "hello", what: What::Start },
    Row { group: "build", name: "build-cold", what: What::Cold },
    Row { group: "build", name: "build-unchanged", what: What::Unchanged },
];

const fn run(group: &'static str, name: &'static str) -> Row {
    Row { group, name, what: What::Run }
}

/// The program that is built: an allocation that is forgotten, what the heap holds then, printed by fmt.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/forget/main.go");

/// How many starts are measured at once: one is over in a millisecond.
const STARTS: u32 = 50;

impl Row {
    /// Builds the row's program with a compiler, if the row runs one.
    pub fn build(&self, peer: Peer, compilers: &Compilers) -> Result<()> {
        if matches!(self.what, What::Cold | What::Unchanged) {
            return Ok(());
        }
        let output = go::command(compilers.command(peer))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/go"))
            .args(["build", "-o"])
            .arg(self.executable(peer, compilers))
            .arg(format!("./{}", self.name))
            .output()
            .with_context(|| format!("cannot run {}", compilers.command(peer).display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().next().unwrap_or_default();
        ensure!(output.status.success(), "does not build: {line}");
        Ok(())
    }

    /// The command that the row is about.
    pub fn command(&self, peer: Peer, compilers: &Compilers) -> Result<Command> {
        if matches!(self.what, What::Run | What::Start) {
            return Ok(Command::new(self.executable(peer, compilers)));
        }
        let cache = self.cache(peer, compilers);
        if self.what == What::Cold && cache.exists() {
            std::fs::remove_dir_all(&cache).context("cannot empty a cache")?;
        }
        std::fs::create_dir_all(&cache)?;
        let mut command = go::command(compilers.command(peer));
        command.current_dir(&compilers.folder).arg("build");
        match peer {
            Peer::Go => command.env("GOCACHE", &cache),
            Peer::Trigo => {
                let goroot = compilers.go.ancestors().nth(2);
                let goroot = goroot.context("the go command is not in a GOROOT")?;
                command.env("TRIGO_CACHE", &cache).arg("--goroot").arg(goroot)
            }
        };
        command.arg("-o").arg(self.executable(peer, compilers)).arg(PROGRAM);
        Ok(command)
    }

    /// Measures the row once under a compiler: its figures, and what was printed.
    pub fn measure(&self, peer: Peer, compilers: &Compilers) -> Result<(Figures, String)> {
        if self.what == What::Unchanged {
            // The one before the one that counts.
            process::run(self.command(peer, compilers)?.stderr(Stdio::inherit()))?;
        }
        let starts = if self.what == What::Start { STARTS } else { 1 };
        let trace = compilers.folder.join("stderr");
        let mut figures = Figures::new();
        let mut output = String::new();
        for _ in 0..starts {
            let mut command = self.command(peer, compilers)?;
            command.stderr(File::create(&trace)?);
            if self.what == What::Run {
                command.env("GODEBUG", "gctrace=1");
            }
            let said = || std::fs::read_to_string(&trace).unwrap_or_default();
            let run = process::run(&mut command)
                .with_context(|| said().lines().next().unwrap_or_default().to_owned())?;
            let mut add = |name: &str, value: f64| {
                *figures.entry(name.to_owned()).or_default() += value / f64::from(starts);
            };
            add("wall_s", run.wall.as_secs_f64());
            add("cpu_s", run.cpu.as_secs_f64());
            add("rss_mb", run.peak_rss as f64 / 1e6);
            if self.what == What::Run {
                let (cycles, cpu) = collector(&said());
                add("cycles", cycles);
                add("gc_cpu_ms", cpu);
            }
            if let Some(memory) = memory(&run.stdout) {
                add("memory_kb", memory);
            }
            output = common(&run.stdout);
        }
        let size = std::fs::metadata(self.executable(peer, compilers))?.len();
        figures.insert("size_kb".into(), size as f64 / 1024.0);
        Ok((figures, output))
    }

    fn executable(&self, peer: Peer, compilers: &Compilers) -> PathBuf {
        compilers.folder.join(format!("{}-{}", self.name, peer.name()))
    }

    fn cache(&self, peer: Peer, compilers: &Compilers) -> PathBuf {
        compilers.folder.join(format!("{}-cache-{}", self.name, peer.name()))
    }
}

/// Begins the line of a program's output that tells of its memory, and need not be the same under both.
const MEMORY_LINE: &str = "memory_kb ";

/// The lines of a program's output that must be the same under both.
fn common(stdout: &str) -> String {
    stdout.lines().filter(|line| !line.starts_with(MEMORY_LINE)).collect::<Vec<_>>().join("\n")
}

/// What a program tells of its memory, in kilobytes.
fn memory(stdout: &str) -> Option<f64> {
    stdout.lines().find_map(|line| line.strip_prefix(MEMORY_LINE)?.parse().ok())
}

/// Adds up what `gctrace` lines say: `gc 1 @0.010s 2%: 0.1+0.2+0.0 ms clock, 0.1+0.2/0.3/0.0+0.1 ms cpu, …`. How many
/// cycles there were, and their milliseconds of CPU.
fn collector(trace: &str) -> (f64, f64) {
    let mut sum = (0.0, 0.0);
    for line in trace.lines().filter(|line| line.starts_with("gc ")) {
        let Some(cpu) = line.split(", ").find_map(|part| part.strip_suffix(" ms cpu")) else {
            continue;
        };
        sum.0 += 1.0;
        sum.1 += cpu.split(['+', '/']).filter_map(|ms| ms.parse::<f64>().ok()).sum::<f64>();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{collector, common, memory};

    #[test]
    fn trace_lines_are_added_up() {
        let sum = collector(
            "gc 1 @0.010s 2%: 0.1+0.2+0.0 ms clock, 0.5+0.25/0.25/0.0+1.0 ms cpu, 4->4->1 MB\n\
             something else\n\
             gc 2 @0.020s 2%: 0.1+0.2+0.0 ms clock, 1.0+0.0/0.0/0.0+1.0 ms cpu, 4->4->1 MB\n",
        );
        assert_eq!(sum, (2.0, 4.0));
    }

    #[test]
    fn a_program_tells_of_its_memory_on_a_line_that_is_not_compared() {
        let stdout = "sum 3\nmemory_kb 1200\n";
        assert_eq!(memory(stdout), Some(1200.0));
        assert_eq!(common(stdout), "sum 3");
        assert_eq!(memory("sum 3\n"), None);
    }
}
