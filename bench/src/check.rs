//! Trigo's front end beside Go's own: go/parser and go/types from source (`bench/check`).
//!
//! `net/http` is checked with all that it imports, by both in turn: once with every function body, once with those of
//! `net/http` alone. Trigo begins with an empty cache. Lexers and parsers read the same files on one core each; what
//! counts there is CPU time, which a busy machine does not change much.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::go;
use crate::machine::Machine;
use crate::page::number;
use crate::process::{self, Run};
use crate::read::{self, What};
use crate::rounds::median;

const PACKAGE: &str = "net/http";

/// Trigo's wall time in terms of Go's.
const WALL: f64 = 1.0 / 3.0;
/// Trigo's peak memory in terms of Go's.
const MEMORY: f64 = 1.0;
/// How many times as many bytes a second the parser reads.
const PARSE: f64 = 3.0;

/// How often to run, and what.
#[derive(clap::Args)]
pub struct Options {
    /// Rounds; each runs everything once
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The trigo command; else the one built beside this program
    #[arg(long)]
    trigo: Option<PathBuf>,
    /// Also write the page to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Two commands that do the same.
struct Row {
    name: &'static str,
    go: Vec<Run>,
    trigo: Vec<Run>,
}

/// Builds, runs, prints.
pub fn bench(options: &Options) -> Result<()> {
    let (go, version) = go::checked()?;
    let peers = Peers::new(&go, options.trigo.as_deref())?;
    // An empty cache for every run. They stay until the end: a file system from which files were just removed makes new
    // ones slowly.
    let caches = Folder::new("trigo-bench-caches")?;
    let mut rows: Vec<Row> = ["check-all", "check-named", "parse", "lex"]
        .map(|name| Row { name, go: Vec::new(), trigo: Vec::new() })
        .into();
    for round in 0..options.runs {
        for row in &mut rows {
            eprintln!("round {} of {}: {}", round + 1, options.runs, row.name);
            for turn in 0..2 {
                if (round + turn) % 2 == 0 {
                    row.go.push(process::run(&mut peers.go(row.name))?);
                } else {
                    let cache = caches.0.join(format!("{}-{round}", row.name));
                    std::fs::create_dir(&cache)?;
                    row.trigo.push(process::run(&mut peers.trigo(row.name, &cache)?)?);
                }
            }
        }
    }
    let page = render(&Machine::read(&version), &rows, options.runs)?;
    print!("{page}");
    if let Some(path) = &options.out {
        std::fs::write(path, &page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The commands that are compared.
struct Peers {
    goroot: PathBuf,
    go: PathBuf,
    trigo: PathBuf,
    /// [`PACKAGE`] and all it imports.
    packages: Vec<String>,
}

impl Peers {
    fn new(go: &Path, trigo: Option<&Path>) -> Result<Peers> {
        let own = std::env::current_exe()?;
        let program = own.with_file_name("trigo-bench-check-go");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/check");
        let mut build = go::command(go);
        build.current_dir(source).args(["build", "-o"]).arg(&program).arg(".");
        ensure!(build.status()?.success(), "the Go program in bench/check does not build");
        let list = go::command(go).current_dir(source).args(["list", "-deps", PACKAGE]).output()?;
        ensure!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
        let packages = String::from_utf8_lossy(&list.stdout).lines().map(str::to_owned).collect();
        let goroot = go.ancestors().nth(2).context("the go command is not in a GOROOT")?.into();
        let trigo = trigo.map_or_else(|| own.with_file_name("trigo"), Path::to_path_buf);
        ensure!(trigo.exists(), "there is no {}: run `cargo xtask bench check`", trigo.display());
        Ok(Peers { goroot, go: program, trigo, packages })
    }

    fn go(&self, row: &str) -> Command {
        let mut command = Command::new(&self.go);
        ["GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS"].iter().for_each(|name| {
            command.env_remove(name);
        });
        match row.strip_prefix("check-") {
            Some(bodies) => command.arg("types").arg(&self.goroot).args([bodies, PACKAGE]),
            None => command.arg(row).arg(self.goroot.join("src/net")).arg(ROUNDS),
        };
        command
    }

    fn trigo(&self, row: &str, cache: &Path) -> Result<Command> {
        if !row.starts_with("check-") {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["read", row]).arg(self.goroot.join("src/net")).arg(ROUNDS);
            return Ok(command);
        }
        let mut command = Command::new(&self.trigo);
        command.arg("check").arg("--goroot").arg(&self.goroot).env("TRIGO_CACHE", cache);
        command.env_remove("GOFLAGS").current_dir(cache);
        match row {
            "check-all" => command.args(&self.packages),
            _ => command.arg(PACKAGE),
        };
        Ok(command)
    }
}

/// How often the files are read in one process: so often that a hundredth of a second does not matter.
const ROUNDS: &str = "5";

/// Reads every Go file below a folder, in the child's process.
pub fn child(what: What, root: &Path, rounds: usize) -> Result<()> {
    let (bytes, nanos) = read::run(what, root, rounds)?;
    println!("{bytes} {nanos}");
    Ok(())
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Folder> {
        let path = std::env::current_exe()?.with_file_name(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains is removed before the next run.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Megabytes a second, from the bytes and nanoseconds that a reader printed.
fn speed(run: &Run) -> Result<f64> {
    let mut words = run.stdout.split_whitespace().map(str::parse::<f64>);
    match (words.next(), words.next()) {
        (Some(Ok(bytes)), Some(Ok(nanos))) => Ok(bytes * 1e3 / nanos),
        _ => anyhow::bail!("a reader printed {:?}", run.stdout),
    }
}

fn of(runs: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(figure).collect())
}

fn speeds(runs: &[Run]) -> Result<f64> {
    Ok(median(runs.iter().map(speed).collect::<Result<_>>()?))
}

fn wall(run: &Run) -> f64 {
    run.wall.as_secs_f64()
}

fn memory(run: &Run) -> f64 {
    run.peak_rss as f64 / 1e6
}

fn render(machine: &Machine, rows: &[Row], runs: u32) -> Result<String> {
    let mut page = format!("# Check\n\n{machine}");
    let _ = writeln!(page, "{:<11} medians of {runs}, interleaved\n", "runs");
    let mut targets = String::new();
    let _ = writeln!(
        page,
        "{:<12} {:<6} {:>9} {:>9} {:>9}",
        "row", "peer", "wall_s", "cpu_s", "rss_mb"
    );
    let (checks, readers) = rows.split_at(2);
    for row in checks {
        for (peer, runs) in [("go", &row.go), ("trigo", &row.trigo)] {
            let cpu = of(runs, |run| run.cpu.as_secs_f64());
            let [wall, cpu, memory] = [of(runs, wall), cpu, of(runs, memory)].map(number);
            let _ = writeln!(page, "{:<12} {peer:<6} {wall:>9} {cpu:>9} {memory:>9}", row.name);
        }
        for (name, figure, limit) in
            [("wall", wall as fn(&Run) -> f64, WALL), ("rss", memory, MEMORY)]
        {
            let ratio = of(&row.trigo, figure) / of(&row.go, figure);
            target(&mut targets, &format!("{}-{name}", row.name), ratio, limit, ratio <= limit);
        }
    }
    let _ = writeln!(page, "\n{:<12} {:<6} {:>9}", "row", "peer", "MB/cpu_s");
    for row in readers {
        let (go, trigo) = (speeds(&row.go)?, speeds(&row.trigo)?);
        for (peer, speed) in [("go", go), ("trigo", trigo)] {
            let _ = writeln!(page, "{:<12} {peer:<6} {:>9}", row.name, number(speed));
        }
        if row.name == "parse" {
            let ratio = trigo / go;
            target(&mut targets, "parse-speed", ratio, PARSE, ratio >= PARSE);
        }
    }
    let _ = write!(page, "\n## Targets\n\n{targets}");
    Ok(page)
}

fn target(out: &mut String, name: &str, measured: f64, limit: f64, ok: bool) {
    let verdict = if ok { "ok" } else { "short" };
    let _ = writeln!(out, "{name} {} {} {verdict}", number(measured), number(limit));
}
