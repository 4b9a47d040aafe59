//! Outside parts that contributors need: Go's `test/` directory.
//!
//! It comes from where a maintained archive already carries it, through that archive's ordinary
//! client, and is checked by apt's signatures. Go's distribution, which users need too, is the
//! room `distribution`'s.

pub mod go_tests;
mod sources;

use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// Runs a client of an archive to its end and returns what it printed.
///
/// `without` completes "cannot run X: " when the program is not on this machine.
pub fn run(command: &mut Command, without: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}: {without}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let arguments: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        bail!(
            "`{program} {}` failed ({}):\n{}{}",
            arguments.join(" "),
            output.status,
            stdout,
            String::from_utf8_lossy(&output.stderr),
        );
    }
    Ok(stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_the_advice() {
        let error = run(&mut Command::new("no-such-program"), "install it").unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("no-such-program: install it"), "{text}");
    }

    #[test]
    fn a_failure_shows_the_command_and_its_output() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo to-out; echo to-err >&2; exit 3"]);
        let text = run(&mut command, "").unwrap_err().to_string();
        for part in ["sh -c", "exit status: 3", "to-out", "to-err"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }
}
