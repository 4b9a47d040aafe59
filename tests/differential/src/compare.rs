//! Some programs under both compilers.

use crate::generate::package;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

/// Go is given little time, so that Trigo, given more, has no excuse.
const GO_TIME: Duration = Duration::from_secs(2);
const TRIGO_TIME: Duration = Duration::from_secs(20);

/// A collection at every hundredth slow path of allocation, each verified, and freed memory filled with poison.
const TORTURE: (&str, &str) = ("TRIGO_GC", "torture=100,verify,poison");

/// The two commands.
#[derive(Debug)]
pub struct Peers {
    /// Go's, by path or name.
    pub go: PathBuf,
    /// Trigo's.
    pub trigo: PathBuf,
}

/// How a comparison ended.
pub enum Verdict {
    /// The same output and ending.
    Same,
    /// What differs.
    Different(String),
    /// Go itself took too long: the program counts for nothing.
    Skipped,
}

#[derive(PartialEq)]
struct Outcome {
    code: Option<i32>,
    text: String,
}

impl Peers {
    /// Builds the programs of some seeds under both, as packages of one program that runs the one it is asked for, and
    /// runs each: under Trigo once as users do, and once under torture. Gives a verdict for each seed.
    ///
    /// # Errors
    /// If a compiler cannot be run, or Go refuses a program.
    pub fn compare(&self, seeds: &[u64]) -> Result<Vec<(u64, Verdict)>> {
        let folder = tempfile::tempdir()?;
        write_module(folder.path(), seeds)?;
        let (by_go, by_trigo) = (folder.path().join("go"), folder.path().join("trigo"));
        let built = build(&self.go, folder.path(), &by_go)?;
        ensure!(built.is_none(), "go rejects a generated program:\n{}", built.unwrap_or_default());
        if let Some(error) = build(&self.trigo, folder.path(), &by_trigo)? {
            if let &[seed] = seeds {
                let how = format!("trigo does not build it: {}", first_line(&error));
                return Ok(vec![(seed, Verdict::Different(how))]);
            }
            // One by one, to know which.
            let verdicts = seeds.iter().map(|&seed| self.compare(&[seed]));
            return Ok(verdicts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect());
        }
        let verdict = |&seed: &u64| Ok((seed, compare_runs(seed, &by_go, &by_trigo)?));
        seeds.iter().map(verdict).collect()
    }
}

fn compare_runs(seed: u64, by_go: &Path, by_trigo: &Path) -> Result<Verdict> {
    let Some(expected) = run(by_go, seed, &[], GO_TIME)? else { return Ok(Verdict::Skipped) };
    for (environment, suffix) in [(&[][..], ""), (&[TORTURE][..], " (under torture)")] {
        let how = match run(by_trigo, seed, environment, TRIGO_TIME)? {
            Some(got) if got == expected => continue,
            Some(got) => difference(&expected, &got),
            None => format!("it runs for more than {TRIGO_TIME:?}"),
        };
        return Ok(Verdict::Different(how + suffix));
    }
    Ok(Verdict::Same)
}

/// Writes a module whose program runs the seed that its argument names.
fn write_module(folder: &Path, seeds: &[u64]) -> Result<()> {
    let (mut imports, mut cases) = (String::new(), String::new());
    for &seed in seeds {
        let (name, text) = package(seed);
        imports += &format!("\t\"differential/{name}\"\n");
        cases += &format!("\tcase \"{seed}\":\n\t\t{name}.Main()\n");
        fs::create_dir(folder.join(&name))?;
        fs::write(folder.join(&name).join("main.go"), text)?;
    }
    let main = format!(
        "package main\n\nimport (\n\t\"os\"\n\n{imports})\n\n\
         func main() {{\n\tswitch os.Args[1] {{\n{cases}\t}}\n}}\n"
    );
    fs::write(folder.join("main.go"), main)?;
    fs::write(folder.join("go.mod"), "module differential\n\ngo 1.27\n")?;
    Ok(())
}

/// Builds; gives what the compiler says if it refuses.
fn build(command: &Path, folder: &Path, program: &Path) -> Result<Option<String>> {
    let output = Command::new(command)
        .args(["build", "-o"])
        .args([program, Path::new(".")])
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .output()
        .with_context(|| format!("cannot run {}", command.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((!output.status.success()).then_some(said))
}

/// Runs a seed; gives nothing if it takes longer than `time`.
fn run(
    program: &Path,
    seed: u64,
    environment: &[(&str, &str)],
    time: Duration,
) -> Result<Option<Outcome>> {
    let mut child = Command::new(program)
        .arg(seed.to_string())
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let mut stderr = child.stderr.take().context("stderr is piped")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = child.wait_timeout(time)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let bytes = reader.join().ok().context("the reader panicked")??;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(status.map(|status| Outcome { code: status.code(), text }))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn difference(expected: &Outcome, got: &Outcome) -> String {
    let mut lines = expected.text.lines().zip(got.text.lines()).enumerate();
    if let Some((i, (e, g))) = lines.find(|(_, (e, g))| e != g) {
        return format!("line {}: go says {e:?}, trigo {g:?}", i + 1);
    }
    let (e, g) = (expected.text.lines().count(), got.text.lines().count());
    format!("exit codes {:?} and {:?}, {e} and {g} lines", expected.code, got.code)
}
