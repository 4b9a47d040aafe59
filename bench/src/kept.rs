//! The rounds that were run, and a file that keeps them: so a run of an hour can be made in pieces, and goes on where it was
//! interrupted. A line of the file is one workload's round on all of its peers, whole or not there at all.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Figures by name; the name ends in the unit.
pub type Figures = BTreeMap<String, f64>;

/// What one run of a workload on a peer gave.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// What was measured.
    Figures(Figures),
    /// What went wrong.
    Failure(String),
}

/// Which rounds belong together.
#[derive(Clone, Debug)]
pub struct Key {
    /// The workload.
    pub case: String,
    /// Its name and sizes.
    pub job: Vec<String>,
    /// Who must take part.
    pub peers: Vec<String>,
}

/// One workload, once on each of its peers, one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub struct Round {
    pub case: String,
    /// The workload's name and sizes.
    pub job: Vec<String>,
    /// Time the hypervisor took from all cores meanwhile, in hundredths of a second.
    pub stolen: u64,
    /// By the peer's name.
    pub runs: BTreeMap<String, Run>,
}

impl Round {
    /// What the round gave on a peer, if that took part.
    pub fn run(&self, peer: &str) -> Option<&Run> {
        self.runs.get(peer)
    }
}

/// A round with what it was taken of, as a line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    commit: String,
    #[serde(flatten)]
    round: Round,
}

/// All rounds so far.
#[derive(Debug)]
pub struct Kept {
    rounds: Vec<Round>,
    commit: String,
    file: Option<File>,
}

impl Kept {
    /// Nothing yet, or what `file` has, to which each round will be added. Figures of different commits are not mixed.
    pub fn new(file: Option<&Path>, commit: &str) -> Result<Self> {
        let mut kept = Self { rounds: Vec::new(), commit: commit.to_owned(), file: None };
        let Some(path) = file else { return Ok(kept) };
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        for (number, line) in text.lines().enumerate() {
            let at = || format!("{}:{}", path.display(), number + 1);
            let line: Line = serde_json::from_str(line)
                .with_context(|| format!("{} is no round: remove the line", at()))?;
            ensure!(
                line.commit == commit,
                "{} was taken of commit {}, and this is {commit}: name another file",
                at(),
                line.commit
            );
            kept.rounds.push(line.round);
        }
        let file = OpenOptions::new().create(true).append(true).open(path);
        kept.file = Some(file.with_context(|| format!("cannot write {}", path.display()))?);
        Ok(kept)
    }

    /// Adds a round.
    pub fn add(&mut self, round: Round) -> Result<()> {
        let line = Line { commit: self.commit.clone(), round };
        if let Some(file) = &mut self.file {
            let text = serde_json::to_string(&line)? + "\n";
            file.write_all(text.as_bytes()).context("cannot keep the round")?;
        }
        self.rounds.push(line.round);
        Ok(())
    }

    /// The rounds of a workload with these sizes and at least these peers, in order.
    pub fn rounds<'k>(&'k self, key: &Key) -> impl Iterator<Item = &'k Round> + use<'k> {
        let Key { case, job, peers } = key.clone();
        self.rounds.iter().filter(move |round| {
            round.case == case
                && round.job == job
                && peers.iter().all(|peer| round.run(peer).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{self, Case};
    use crate::peer::Peer;

    fn round(case: &Case) -> Round {
        let run = |peer: &Peer| (peer.name(), Run::Figures([("cpu_s".into(), 1.5)].into()));
        Round {
            case: case.name.clone(),
            job: case.job.arguments(),
            stolen: 3,
            runs: case.peers.iter().map(run).collect(),
        }
    }

    #[test]
    fn a_file_gives_back_the_rounds_of_its_commit_and_no_others() {
        let path = std::env::temp_dir().join(format!("trigo-bench-kept-{}", std::process::id()));
        let (case, larger) = (&job::cases(true)[0], &job::cases(false)[0]);
        let mut kept = Kept::new(Some(&path), "abc").unwrap();
        kept.add(round(case)).unwrap();
        kept.add(round(case)).unwrap();
        let again = Kept::new(Some(&path), "abc").unwrap();
        let other = Kept::new(Some(&path), "abd").map(|_| ()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        let count = |case: &Case| again.rounds(&case.key()).count();
        assert_eq!((count(case), count(larger)), (2, 0));
        assert!(matches!(
            again.rounds(&case.key()).next().unwrap().run(&case.peers[0].name()),
            Some(Run::Figures(figures)) if figures["cpu_s"] == 1.5
        ));
        assert!(other.to_string().contains("commit abc"), "{other}");
    }
}
