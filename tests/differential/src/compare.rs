//! One program under both compilers.

use anyhow::{Context, Result, ensure};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

/// Go is given little time, so that Trigo, given more, has no excuse.
const GO_TIME: Duration = Duration::from_secs(2);
const TRIGO_TIME: Duration = Duration::from_secs(20);

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
    /// Builds and runs a program under both.
    ///
    /// # Errors
    /// If a compiler cannot be run, or Go refuses the program.
    pub fn compare(&self, program: &str) -> Result<Verdict> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("main.go");
        std::fs::write(&source, program)?;
        let (by_go, by_trigo) = (folder.path().join("go"), folder.path().join("trigo"));
        let built = build(&self.go, &source, &by_go)?;
        ensure!(built.is_none(), "go rejects a generated program:\n{}", built.unwrap_or_default());
        let Some(expected) = run(&by_go, GO_TIME)? else { return Ok(Verdict::Skipped) };
        if let Some(error) = build(&self.trigo, &source, &by_trigo)? {
            return Ok(Verdict::Different(format!(
                "trigo does not build it: {}",
                first_line(&error)
            )));
        }
        let Some(got) = run(&by_trigo, TRIGO_TIME)? else {
            return Ok(Verdict::Different(format!("it runs for more than {TRIGO_TIME:?}")));
        };
        Ok(if got == expected {
            Verdict::Same
        } else {
            Verdict::Different(difference(&expected, &got))
        })
    }
}

/// Builds; gives what the compiler says if it refuses.
fn build(command: &Path, source: &Path, program: &Path) -> Result<Option<String>> {
    let output = Command::new(command)
        .args(["build", "-o"])
        .args([program, source])
        .env("CGO_ENABLED", "0")
        .output()
        .with_context(|| format!("cannot run {}", command.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((!output.status.success()).then_some(said))
}

/// Runs; gives nothing if it takes longer than `time`.
fn run(program: &Path, time: Duration) -> Result<Option<Outcome>> {
    let mut child = Command::new(program)
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
