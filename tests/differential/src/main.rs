//! Compares Trigo with Go on random programs.
//!
//! Each seed is a program ([`generate`]), compiled and run by both ([`compare`]). What they print, and whether they end
//! well, must be the same. A difference is printed with its seed; `--show SEED` prints that program.

mod compare;
mod generate;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Compares Trigo with Go on random programs")]
struct Cli {
    /// How many programs
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the program of a seed and do nothing else
    #[arg(long, value_name = "SEED")]
    show: Option<u64>,
    /// The go command to compare with
    #[arg(long, default_value = "go")]
    go: PathBuf,
    /// The trigo command
    #[arg(long, default_value = "trigo")]
    trigo: PathBuf,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    if let Some(seed) = cli.show {
        print!("{}", generate::program(seed));
        return Ok(ExitCode::SUCCESS);
    }
    let peers = compare::Peers::new(cli.go, cli.trigo)?;
    let (mut same, mut different, mut skipped) = (0, 0, 0);
    for seed in cli.seed..cli.seed + cli.count {
        match peers.compare(&generate::program(seed))? {
            compare::Verdict::Same => same += 1,
            compare::Verdict::Skipped => skipped += 1,
            compare::Verdict::Different(how) => {
                different += 1;
                println!("seed {seed}: {how}");
            }
        }
    }
    println!("differential: {same} the same, {different} different, {skipped} too slow under Go");
    // A generator whose programs mostly do not count tests nothing.
    let enough = skipped * 10 <= cli.count;
    Ok(if different == 0 && enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
