//! Compares Trigo with Go on random programs: prints the seeds that differ, and how. `--show SEED` prints a program.

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
        print!("{}", differential::program(seed));
        return Ok(ExitCode::SUCCESS);
    }
    let peers = differential::Peers { go: cli.go, trigo: cli.trigo };
    let summary = differential::compare(&peers, cli.seed..cli.seed + cli.count)?;
    for (seed, how) in &summary.different {
        println!("seed {seed}: {how}");
    }
    let (same, different) = (summary.same, summary.different.len());
    println!("differential: {same} the same, {different} different, {} skipped", summary.skipped);
    Ok(if summary.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
