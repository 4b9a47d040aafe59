//! Who is measured, and how each is started.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::job::Job;

/// A memory system under measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// Go with `GOMAXPROCS=1`.
    #[value(name = "go-1")]
    Go1,
    /// Go with `GOMAXPROCS=2`.
    #[value(name = "go-2")]
    Go2,
    /// Trigo with one marker.
    #[value(name = "trigo-1")]
    Trigo1,
    /// Trigo with two markers.
    #[value(name = "trigo-2")]
    Trigo2,
    /// mimalloc through `Box`: no collector, memory is freed by ownership.
    Mimalloc,
    /// gc-arena: one thread, incremental, collects only between mutations.
    GcArena,
}

impl Peer {
    /// The name on the page and on the command line.
    pub fn name(self) -> String {
        let value = self.to_possible_value().expect("no peer is hidden");
        value.get_name().to_owned()
    }

    /// The command that runs a job on this peer.
    pub fn command(self, job: &Job, go_program: &Path) -> Result<Command> {
        let mut command = match self {
            Peer::Go1 | Peer::Go2 => {
                let mut command = Command::new(go_program);
                command.env("GOMAXPROCS", if self == Peer::Go1 { "1" } else { "2" });
                for tuning in ["GOGC", "GOMEMLIMIT", "GODEBUG"] {
                    command.env_remove(tuning);
                }
                command
            }
            Peer::Trigo1 | Peer::Trigo2 | Peer::Mimalloc | Peer::GcArena => {
                let own = std::env::current_exe().context("cannot find this program's own file")?;
                let mut command = Command::new(own);
                command.arg("child").arg(self.name());
                if matches!(self, Peer::Trigo1 | Peer::Trigo2) {
                    // The heap's few ordinary allocations would cost 20 MB of huge pages in mimalloc's arena.
                    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
                }
                command
            }
        };
        command.args(job.arguments());
        Ok(command)
    }
}
