//! Whole Go programs, compiled by Go and by Trigo and run in turn.
//!
//! A row ([`row`]) is one program of `bench/go`, or one way to build a program. Every round measures each row under both
//! peers, the first one changing from round to round, and rounds can be kept and go on later ([`crate::kept`]). What a
//! program prints must be the same under both, but for what it tells of its own memory. The page ([`page`]) has the
//! medians, Trigo's figures in terms of Go's, one line per target, and where the time of the rows goes in which Trigo
//! takes more than Go ([`profile`]).

mod page;
mod profile;
mod row;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::go;
use crate::kept::{Figures, Kept, Key, Round, Run};
use crate::machine::{Machine, stolen};
use crate::rounds::median;
use row::{ROWS, Row};

/// What to run, and how often.
#[derive(clap::Args)]
pub struct Options {
    /// Rounds; each measures every row under both once
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Only these rows (may be repeated)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The trigo command; else the one built beside this program
    #[arg(long)]
    trigo: Option<PathBuf>,
    /// Keep each round in this file, and count those that it has: an interrupted run goes on from there
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Begin no round of a row after so many seconds; 0 only prints what was kept
    #[arg(long, value_name = "SECONDS")]
    within: Option<u64>,
    /// Also write the page to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Who compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Go,
    Trigo,
}

impl Peer {
    const ALL: [Peer; 2] = [Peer::Go, Peer::Trigo];

    fn name(self) -> &'static str {
        match self {
            Peer::Go => "go",
            Peer::Trigo => "trigo",
        }
    }
}

/// The two compilers, and where what they make is.
struct Compilers {
    go: PathBuf,
    trigo: PathBuf,
    folder: PathBuf,
}

/// What was measured of a row.
struct Measured {
    row: &'static Row,
    rounds: usize,
    /// Go's and Trigo's medians over the rounds that succeeded.
    medians: [Figures; 2],
    /// What went wrong.
    failures: Vec<String>,
}

/// Builds, runs, prints.
pub fn bench(options: &Options) -> Result<()> {
    let until = options.within.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (go, version) = go::checked()?;
    let own = std::env::current_exe()?;
    let compilers = Compilers {
        go,
        trigo: options.trigo.clone().unwrap_or_else(|| own.with_file_name("trigo")),
        folder: own.with_file_name("trigo-bench-programs"),
    };
    std::fs::create_dir_all(&compilers.folder)?;
    let wanted = |row: &&Row| options.only.is_empty() || options.only.iter().any(|o| o == row.name);
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    ensure!(!rows.is_empty(), "no row is named so: {}", options.only.join(", "));
    let machine = Machine::read(&version);
    let mut kept = Kept::new(options.keep.as_deref(), machine.commit())?;
    run(&rows, options.runs as usize, until, &compilers, &mut kept)?;
    let measured: Vec<Measured> = rows.iter().map(|row| Measured::new(row, &kept)).collect();
    let profiles = profile::of(&measured, &compilers);
    let page = page::render(&machine, &measured, &profiles);
    print!("{page}");
    if let Some(path) = &options.out {
        std::fs::write(path, &page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let failed = measured.iter().filter(|row| !row.failures.is_empty()).count();
    ensure!(failed == 0, "{failed} rows failed; the page shows which");
    Ok(())
}

/// Runs the rounds that are not kept yet, until `until`: what has not begun by then is left out.
fn run(
    rows: &[&'static Row],
    rounds: usize,
    until: Option<Instant>,
    compilers: &Compilers,
    kept: &mut Kept,
) -> Result<()> {
    let late = || until.is_some_and(|until| Instant::now() >= until);
    // What does not build fails in every round, and says why.
    let mut built = BTreeMap::new();
    for round in 0..rounds {
        for &row in rows {
            if kept.rounds(&key(row)).count() > round {
                continue;
            }
            if late() {
                return Ok(());
            }
            eprintln!("round {} of {rounds}: {}", round + 1, row.name);
            let built = built
                .entry(row.name)
                .or_insert_with(|| Peer::ALL.map(|peer| row.build(peer, compilers)));
            let stolen_before = stolen();
            let mut outputs: [Option<String>; 2] = [None, None];
            let mut runs = BTreeMap::new();
            for turn in 0..2 {
                let number = (turn + round) % 2;
                let peer = Peer::ALL[number];
                let run = match &built[number] {
                    Ok(()) => row.measure(peer, compilers).map(|(figures, output)| {
                        outputs[number] = Some(output);
                        Run::Figures(figures)
                    }),
                    Err(error) => Ok(Run::Failure(format!("{error:#}"))),
                };
                let run = run.unwrap_or_else(|error| Run::Failure(format!("{error:#}")));
                runs.insert(peer.name().to_owned(), run);
            }
            if let [Some(go), Some(trigo)] = &outputs
                && go != trigo
            {
                let failure = Run::Failure("prints something else than under Go".into());
                runs.insert(Peer::Trigo.name().to_owned(), failure);
            }
            let Key { case, job, .. } = key(row);
            kept.add(Round { case, job, stolen: stolen() - stolen_before, runs })?;
        }
    }
    Ok(())
}

/// Which kept rounds are of a row.
fn key(row: &Row) -> Key {
    let peers = Peer::ALL.map(|peer| peer.name().to_owned()).into();
    Key { case: row.name.to_owned(), job: vec!["go".into()], peers }
}

impl Measured {
    fn new(row: &'static Row, kept: &Kept) -> Self {
        let rounds: Vec<&Round> = kept.rounds(&key(row)).collect();
        let mut failures = Vec::new();
        let medians = Peer::ALL.map(|peer| {
            let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for run in rounds.iter().filter_map(|round| round.run(peer.name())) {
                match run {
                    Run::Figures(figures) => figures
                        .iter()
                        .for_each(|(name, &value)| columns.entry(name).or_default().push(value)),
                    Run::Failure(failure) => failures.push(format!("{}: {failure}", peer.name())),
                }
            }
            columns.into_iter().map(|(name, values)| (name.to_owned(), median(values))).collect()
        });
        failures.dedup();
        Self { row, rounds: rounds.len(), medians, failures }
    }

    fn figure(&self, peer: Peer, name: &str) -> Option<f64> {
        self.medians[peer as usize].get(name).copied()
    }

    /// Trigo's figure in terms of Go's.
    fn ratio(&self, name: &str) -> Option<f64> {
        Some(self.figure(Peer::Trigo, name)? / self.figure(Peer::Go, name)?)
    }
}

/// The compiler that a peer is.
impl Compilers {
    fn command(&self, peer: Peer) -> &Path {
        match peer {
            Peer::Go => &self.go,
            Peer::Trigo => &self.trigo,
        }
    }
}
