//! `trigo run`: compile, run, and leave nothing behind.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGQUIT};
use trigo_loader::{Error, Result};

use crate::build::write;
use crate::cli::Run;
use crate::compile::sources;

/// Compiles a program and runs it.
pub fn run(run: &Run) -> Result<ExitCode> {
    let (named, arguments) = split(&run.arguments);
    if named.is_empty() {
        return Err(Error::new("no go files listed"));
    }
    if let Some(test) = named.iter().find(|name| name.ends_with("_test.go")) {
        return Err(Error::new(format!("cannot run *_test.go files ({test})")));
    }
    let Some(mut sources) = sources(&run.compile, named)? else { return Ok(ExitCode::FAILURE) };
    let paths: Vec<&str> = sources.paths().collect();
    match (&paths[..], &sources.mains()[..]) {
        (_, &[main]) if paths.len() == 1 => match sources.link(main) {
            Some(file) => execute(&file, &sources.name(main), arguments),
            None => Ok(ExitCode::FAILURE),
        },
        ([], _) => Err(Error::new(format!("no packages loaded from {}", named.join(" ")))),
        ([path], _) => Err(Error::new(format!("package {path} is not a main package"))),
        (paths, _) => {
            let (named, paths) = (named.join(" "), paths.join("\n\t"));
            Err(Error::new(format!("pattern {named} matches multiple packages:\n\t{paths}")))
        }
    }
}

/// What is compiled, the first argument or all .go files at the beginning, and what the program is given.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    let files = arguments.iter().take_while(|argument| argument.ends_with(".go")).count();
    arguments.split_at(files.max(1).min(arguments.len()))
}

fn execute(file: &[u8], name: &str, arguments: &[String]) -> Result<ExitCode> {
    let failed = |error: std::io::Error| Error::new(format!("cannot run the program: {error}"));
    // What the terminal sends goes to the program too, which decides; this process stays to clean up.
    for signal in [SIGINT, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).map_err(failed)?;
    }
    let dir = tempfile::Builder::new().prefix("trigo-run-").tempdir().map_err(failed)?;
    let path = dir.path().join(name);
    write(&path, file)?;
    let status = Command::new(&path).args(arguments).status().map_err(failed)?;
    Ok(report(status))
}

/// Says how the program ended, unless that was well.
fn report(status: ExitStatus) -> ExitCode {
    match (status.code(), status.signal()) {
        (Some(0), _) => return ExitCode::SUCCESS,
        (Some(code), _) => eprintln!("exit status {code}"),
        (None, Some(signal)) => {
            let name = signal_hook::low_level::signal_name(signal).unwrap_or("unknown");
            eprintln!("signal: {name}");
        }
        (None, None) => {}
    }
    ExitCode::FAILURE
}
