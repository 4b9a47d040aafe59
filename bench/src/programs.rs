//! Whole Go programs, compiled by Go and by Trigo and run in turn.
//!
//! Each program of `bench/go` is built by both; every round runs each under each, the order changing from round to
//! round; the page shows the medians and Trigo's figures in terms of Go's. What a program prints must be the same under
//! both, but for what it tells of its own memory. What the collectors did is taken from one more run of each with
//! `GODEBUG=gctrace=1`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::go;
use crate::machine::Machine;
use crate::page::number;
use crate::process::{self, Run};
use crate::rounds::median;

/// The programs, by what they are about.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("compute", &["sort", "nbody", "fannkuch", "spectral", "words"]),
    ("allocation", &["trees", "lru", "json", "pool"]),
    ("scheduling", &["ring", "fanin", "parked"]),
    ("start-up", &["hello"]),
];

/// No row may be above this while there is neither escape analysis nor inlining.
const MOST: f64 = 5.0;
/// What binary trees may cost of Go's CPU.
const TREES: f64 = 0.7;
/// What a program that tells its memory may take of Go's.
const MEMORY: f64 = 1.8;
/// Begins the line of such a program's output that the two need not have in common.
const MEMORY_LINE: &str = "memory_kb ";

/// What to run, and how often.
#[derive(clap::Args)]
pub struct Options {
    /// Rounds; each runs every program under both once
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Only these programs (may be repeated)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The trigo command; else the one built beside this program
    #[arg(long)]
    trigo: Option<PathBuf>,
    /// Also write the page to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A program as one of the two compilers made it.
struct Built {
    path: PathBuf,
    runs: Vec<Run>,
    failure: Option<String>,
    collector: Collector,
}

/// What `gctrace` lines say in all.
#[derive(Default)]
struct Collector {
    cycles: u32,
    cpu_ms: f64,
}

/// A program under both.
struct Row {
    group: &'static str,
    name: &'static str,
    go: Built,
    trigo: Built,
}

/// Builds, runs, prints.
pub fn bench(options: &Options) -> Result<()> {
    let (go, version) = go::checked()?;
    let trigo = match &options.trigo {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("trigo"),
    };
    let folder = std::env::current_exe()?.with_file_name("trigo-bench-programs");
    std::fs::create_dir_all(&folder)?;
    let mut rows = Vec::new();
    for &(group, names) in PROGRAMS {
        for &name in names {
            if options.only.is_empty() || options.only.iter().any(|only| only == name) {
                rows.push(Row {
                    group,
                    name,
                    go: build(&go, name, &folder.join(format!("{name}-go")))?,
                    trigo: build(&trigo, name, &folder.join(format!("{name}-trigo")))?,
                });
            }
        }
    }
    ensure!(!rows.is_empty(), "no program is named so: {}", options.only.join(", "));
    for round in 0..options.runs {
        for row in &mut rows {
            eprintln!("round {} of {}: {}", round + 1, options.runs, row.name);
            let pair = if round % 2 == 0 {
                [&mut row.go, &mut row.trigo]
            } else {
                [&mut row.trigo, &mut row.go]
            };
            pair.into_iter().for_each(Built::run);
        }
    }
    for row in &mut rows {
        row.go.trace();
        row.trigo.trace();
        row.compare_output();
    }
    let page = render(&Machine::read(&version), &rows, options.runs);
    print!("{page}");
    if let Some(path) = &options.out {
        std::fs::write(path, &page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let failed = rows.iter().filter(|row| row.failure().is_some()).count();
    ensure!(failed == 0, "{failed} programs failed; the page shows which");
    Ok(())
}

/// Builds a program; one that a compiler refuses is a row that says so.
fn build(compiler: &Path, name: &str, path: &Path) -> Result<Built> {
    let output = go::command(compiler)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/go"))
        .args(["build", "-o"])
        .arg(path)
        .arg(format!("./{name}"))
        .output()
        .with_context(|| format!("cannot run {}", compiler.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let failure = (!output.status.success())
        .then(|| format!("does not build: {}", said.lines().next().unwrap_or_default()));
    Ok(Built { path: path.into(), runs: Vec::new(), failure, collector: Collector::default() })
}

impl Built {
    fn run(&mut self) {
        if self.failure.is_some() {
            return;
        }
        match process::run(Command::new(&self.path).stderr(Stdio::inherit())) {
            Ok(run) => self.runs.push(run),
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
    }

    /// Runs once more to see what the collector does.
    fn trace(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let output = Command::new(&self.path).env("GODEBUG", "gctrace=1").output();
        match output {
            Ok(output) => self.collector = collector(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    fn median(&self, figure: impl Fn(&Run) -> f64) -> Option<f64> {
        (!self.runs.is_empty()).then(|| median(self.runs.iter().map(figure).collect()))
    }
}

/// Adds up what `gctrace` lines say: `gc 1 @0.010s 2%: 0.1+0.2+0.0 ms clock, 0.1+0.2/0.3/0.0+0.1 ms cpu, …`.
fn collector(trace: &str) -> Collector {
    let mut sum = Collector::default();
    for line in trace.lines().filter(|line| line.starts_with("gc ")) {
        let Some(cpu) = line.split(", ").find_map(|part| part.strip_suffix(" ms cpu")) else {
            continue;
        };
        sum.cycles += 1;
        sum.cpu_ms += cpu.split(['+', '/']).filter_map(|ms| ms.parse::<f64>().ok()).sum::<f64>();
    }
    sum
}

impl Row {
    fn compare_output(&mut self) {
        if let (Some(go), Some(trigo)) = (self.go.runs.first(), self.trigo.runs.first())
            && !common(&go.stdout).eq(common(&trigo.stdout))
        {
            self.trigo.failure = Some("prints something else than under Go".into());
        }
    }

    fn failure(&self) -> Option<String> {
        let of = |peer: &str, built: &Built| built.failure.as_ref().map(|f| format!("{peer}: {f}"));
        of("go", &self.go).or_else(|| of("trigo", &self.trigo))
    }

    /// Memory that the program itself tells of, in terms of Go's; none if it tells nothing.
    fn memory(&self) -> Option<f64> {
        let median = |built: &Built| {
            let told: Option<Vec<_>> = built.runs.iter().map(|run| memory(&run.stdout)).collect();
            told.filter(|told| !told.is_empty()).map(median)
        };
        Some(median(&self.trigo)? / median(&self.go)?)
    }

    fn ratio(&self, figure: fn(&Run) -> f64) -> Option<f64> {
        Some(self.trigo.median(figure)? / self.go.median(figure)?)
    }
}

/// The lines of a program's output that must be the same under both.
fn common(stdout: &str) -> impl Iterator<Item = &str> {
    stdout.lines().filter(|line| !line.starts_with(MEMORY_LINE))
}

/// What a program tells of its memory, in kilobytes.
fn memory(stdout: &str) -> Option<f64> {
    stdout.lines().find_map(|line| line.strip_prefix(MEMORY_LINE)?.parse().ok())
}

fn wall(run: &Run) -> f64 {
    run.wall.as_secs_f64()
}

fn cpu(run: &Run) -> f64 {
    run.cpu.as_secs_f64()
}

fn rss(run: &Run) -> f64 {
    run.peak_rss as f64 / 1e6
}

fn render(machine: &Machine, rows: &[Row], runs: u32) -> String {
    let mut page = format!("# Go programs\n\n{machine}");
    let _ = writeln!(page, "{:<11} medians of {runs}, interleaved", "runs");
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            let _ = writeln!(
                page,
                "\n## {group}\n\n{:<10} {:<6} {:>9} {:>9} {:>9} {:>8} {:>9} {:>9}",
                "program", "peer", "wall_s", "cpu_s", "rss_mb", "cycles", "gc_cpu_ms", "size_kb"
            );
        }
        for (peer, built) in [("go", &row.go), ("trigo", &row.trigo)] {
            let cell = |figure: fn(&Run) -> f64| built.median(figure).map_or("-".into(), number);
            let size = std::fs::metadata(&built.path).map_or(0, |file| file.len() / 1024);
            let _ = writeln!(
                page,
                "{:<10} {peer:<6} {:>9} {:>9} {:>9} {:>8} {:>9} {size:>9}",
                row.name,
                cell(wall),
                cell(cpu),
                cell(rss),
                built.collector.cycles,
                number(built.collector.cpu_ms),
            );
        }
        let ratio = |figure: fn(&Run) -> f64| row.ratio(figure).map_or("-".into(), number);
        let (wall, cpu, rss) = (ratio(wall), ratio(cpu), ratio(rss));
        let _ = writeln!(page, "{:<10} {:<6} {wall:>9} {cpu:>9} {rss:>9}", "", "ratio");
        if let Some(failure) = row.failure() {
            let _ = writeln!(page, "{:<10} failed: {failure}", row.name);
        }
    }
    page.push_str("\n## Targets\n\n");
    for row in rows {
        let limit = if row.name == "trees" { TREES } else { MOST };
        let cpu = row.ratio(cpu).filter(|_| row.failure().is_none());
        target(&mut page, &format!("{}-cpu", row.name), cpu, limit);
        if let Some(memory) = row.memory() {
            target(&mut page, &format!("{}-memory", row.name), Some(memory), MEMORY);
        }
    }
    page
}

/// A line of the targets: what was measured, what it may be at most, the verdict.
fn target(page: &mut String, name: &str, ratio: Option<f64>, limit: f64) {
    let verdict = if ratio.is_some_and(|ratio| ratio <= limit) { "ok" } else { "short" };
    let measured = ratio.map_or("failed".into(), number);
    let _ = writeln!(page, "{name} {measured} {limit} {verdict}");
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
        assert_eq!((sum.cycles, sum.cpu_ms), (2, 4.0));
    }

    #[test]
    fn a_program_tells_of_its_memory_on_a_line_that_is_not_compared() {
        let stdout = "sum 3\nmemory_kb 1200\n";
        assert_eq!(memory(stdout), Some(1200.0));
        assert!(common(stdout).eq(["sum 3"]));
        assert_eq!(memory("sum 3\n"), None);
    }
}
