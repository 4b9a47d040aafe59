//! Where the time goes, of each row in which Trigo takes more than Go: samples of `perf record` by function.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::row::What;
use super::{Compilers, Measured, Peer};

/// How many functions are shown of each.
const FUNCTIONS: usize = 10;

/// The functions of one row that took most of the time.
pub struct Profile {
    pub row: &'static str,
    /// Of Go and of Trigo: per cent of the samples, and the function.
    pub functions: [Vec<(f64, String)>; 2],
}

/// The profiles of the rows that need one, or why there are none.
pub fn of(rows: &[Measured], compilers: &Compilers) -> Result<Vec<Profile>> {
    let perf = Command::new("perf").arg("--version").stdout(Stdio::null()).status();
    ensure!(perf.is_ok(), "there is no perf on this machine");
    let slower = |row: &&Measured| row.ratio("cpu_s").is_some_and(|ratio| ratio > 1.0);
    rows.iter().filter(slower).map(|row| profile(row, compilers)).collect()
}

fn profile(measured: &Measured, compilers: &Compilers) -> Result<Profile> {
    let row = measured.row;
    eprintln!("profile of {}", row.name);
    let of = |peer: Peer| -> Result<Vec<(f64, String)>> {
        let samples = compilers.folder.join("perf.data");
        let command = row.command(peer, compilers)?;
        // A start is too short to be sampled once.
        let repeat = if row.what == What::Start { 200 } else { 1 };
        let mut record = Command::new("perf");
        // Not all machines count cycles; all have clocks.
        record.args(["record", "--quiet", "-e", "cpu-clock", "-F", "1999", "-o"]).arg(&samples);
        record.args(["sh", "-c", "n=$1; shift; while [ $n -gt 0 ]; do \"$@\"; n=$((n-1)); done"]);
        record.arg("sh").arg(repeat.to_string()).arg(command.get_program());
        record.args(command.get_args()).stdout(Stdio::null()).stderr(Stdio::null());
        command.get_current_dir().into_iter().for_each(|dir| {
            record.current_dir(dir);
        });
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => record.env(name, value),
                None => record.env_remove(name),
            };
        }
        ensure!(record.status()?.success(), "perf record failed for {}", row.name);
        report(&samples)
    };
    Ok(Profile { row: row.name, functions: [of(Peer::Go)?, of(Peer::Trigo)?] })
}

/// The first functions of a file of samples.
fn report(samples: &Path) -> Result<Vec<(f64, String)>> {
    let output = Command::new("perf")
        .args(["report", "--stdio", "--quiet", "--sort", "symbol", "-i"])
        .arg(samples)
        .output()
        .context("cannot run perf report")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(function).take(FUNCTIONS).collect())
}

/// A line of the report: `    12.34%  [.] name`, or `[k]` in the kernel, and two columns that are empty.
fn function(line: &str) -> Option<(f64, String)> {
    let (share, symbol) = line.trim().split_once('%')?;
    let symbol = symbol.trim_end_matches([' ', '-']).trim();
    let name = match symbol.strip_prefix("[.] ") {
        Some(name) => name.trim().to_owned(),
        None => format!("{} (kernel)", symbol.strip_prefix("[k] ")?.trim()),
    };
    Some((share.trim().parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn a_line_of_the_report_is_a_share_and_a_function() {
        assert_eq!(function("    12.34%  [.] main.main  "), Some((12.34, "main.main".into())));
        assert_eq!(function("  5.00%  [.] a.b[...]  -   -  "), Some((5.0, "a.b[...]".into())));
        assert_eq!(function("  1.00%  [k] clear_page"), Some((1.0, "clear_page (kernel)".into())));
        assert_eq!(function("# a comment"), None);
    }
}
