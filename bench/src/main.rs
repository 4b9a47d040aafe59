//! Trigo beside its peers.
//!
//! `trigo-bench heap` runs every workload ([`job`]) on every peer ([`peer`]), each pair in a
//! process of its own, round after round ([`rounds`]), keeps them if asked to ([`kept`]), and prints the medians and one line
//! per target ([`page`], [`targets`]). The Go programs in `bench/heap` are built first ([`go`]). A
//! Rust peer is this same binary, started again as `trigo-bench child` ([`children`]); a child
//! prints one line of JSON ([`report`]) and its parent measures time and CPU around it
//! ([`process`]).

mod check;
mod children;
mod go;
mod job;
mod kept;
mod machine;
mod meter;
mod mmu;
mod page;
mod peer;
mod process;
mod programs;
mod random;
mod read;
mod report;
mod rounds;
mod targets;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Every Rust peer allocates with mimalloc, so that gc-arena, which takes its memory from the
/// global allocator, is seen at its best.
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Measures Trigo beside Go, mimalloc and gc-arena")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the heap's workloads, interleaved, and print medians and targets.
    Heap(Options),
    /// Run Go programs compiled by Go and by Trigo, interleaved, and print medians and ratios.
    Go(programs::Options),
    /// Check packages from source with Trigo and with go/types, interleaved, and print medians and targets.
    Check(check::Options),
    /// Lex or parse all Go files below a folder on one core; prints bytes and nanoseconds of CPU.
    #[command(hide = true)]
    Read {
        /// What to do.
        what: read::What,
        /// The folder.
        root: PathBuf,
        /// How often.
        rounds: usize,
    },
    /// Run one workload on one Rust peer and print its figures as JSON.
    #[command(hide = true)]
    Child {
        /// The peer to run.
        peer: peer::Peer,
        /// What to run.
        #[command(subcommand)]
        job: job::Job,
    },
}

/// What to run of the heap's workloads, and how often.
#[derive(clap::Args)]
struct Options {
    /// Rounds; each runs every workload on every peer once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Only workloads whose name starts so (may be repeated).
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only these peers (may be repeated).
    #[arg(long, value_name = "PEER")]
    peer: Vec<peer::Peer>,
    /// Tiny sizes and one round: shows that everything runs, measures nothing.
    #[arg(long)]
    quick: bool,
    /// Keep each round in this file, and count those that it has: an interrupted run goes on from there.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Begin no round of a workload after so many seconds; 0 only prints what was kept.
    #[arg(long, value_name = "SECONDS")]
    within: Option<u64>,
    /// Also write the page to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Heap(options) => heap(&options),
        Command::Go(options) => programs::bench(&options),
        Command::Check(options) => check::bench(&options),
        Command::Read { what, root, rounds } => check::child(what, &root, rounds),
        Command::Child { peer, job } => children::run(peer, &job),
    }
}

fn heap(options: &Options) -> Result<()> {
    let mut cases = job::cases(options.quick);
    cases.retain(|case| {
        options.only.is_empty()
            || options.only.iter().any(|name| case.name.starts_with(name.as_str()))
    });
    for case in &mut cases {
        case.peers.retain(|peer| options.peer.is_empty() || options.peer.contains(peer));
    }
    anyhow::ensure!(!cases.is_empty(), "no workload's name starts with {:?}", options.only);
    let runs = if options.quick { 1 } else { options.runs };
    let until = options.within.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let go = go::build()?;
    let machine = machine::Machine::read(&go.version);
    let mut kept = kept::Kept::new(options.keep.as_deref(), machine.commit())?;
    rounds::run(&cases, runs as usize, until, &go.program, &mut kept)?;
    let results = rounds::Results::new(&cases, &kept);
    let page = page::render(&machine, &results, options.quick);
    print!("{page}");
    if let Some(path) = &options.out {
        std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let failures = results.failures();
    anyhow::ensure!(failures == 0, "{failures} runs failed; the page shows which");
    Ok(())
}
