//! `trigo check`: load packages and report what is wrong with them.

use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use trigo_loader::directory::Tests;
use trigo_loader::graph::{Graph, Loader};
use trigo_loader::{Error, Result};

use crate::cli::Check;
use crate::diagnostics::{self, Style};
use crate::setup;

/// Checks packages and prints the errors.
pub fn run(check: &Check) -> Result<ExitCode> {
    setup::enter(&check.place)?;
    let dir = std::env::current_dir().map_err(|error| Error::new(error.to_string()))?;
    let mut config = setup::config(&check.place, &check.tags, &check.mod_mode)?;
    let recall = setup::recall(&mut config, "check", &check.packages);
    let tests = if check.test { Tests::Read } else { Tests::Skip };
    let graph = Loader::new(&config)
        .map(|loader| loader.load(&check.packages, tests))
        .unwrap_or_else(|error| Graph { errors: vec![error], ..Graph::default() });
    for warning in &graph.warnings {
        eprintln!("trigo: warning: {warning}");
    }
    let cache = setup::cache(&config, "checked");
    let program = trigo_driver::check_cached(&graph, cache.as_ref());
    if let Some(recall) = recall {
        recall.keep(&graph);
    }
    let errors = errors(&graph, program.errors());
    let style = Style { dir: &dir, all: check.all_errors, source: io::stderr().is_terminal() };
    // Whoever closed the error output does not want to read more.
    let _ = diagnostics::print(&errors, &style, &mut io::stderr().lock());
    // The process ends here: the system takes the memory back at once, and not piece by piece.
    std::mem::forget((program, graph));
    Ok(match errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// All errors, sorted, given those of checking. Where a line has a syntax error, that is what is wrong with it.
pub fn errors(graph: &Graph, checked: Vec<Error>) -> Vec<Error> {
    let mut errors = checked;
    let broken: HashSet<(PathBuf, u32)> = errors.iter().filter_map(line).collect();
    let loading = graph.all_errors().into_iter().cloned();
    errors.extend(loading.filter(|error| !line(error).is_some_and(|line| broken.contains(&line))));
    errors.sort();
    errors.dedup();
    errors
}

fn line(error: &Error) -> Option<(PathBuf, u32)> {
    let position = error.position.as_ref()?;
    Some((position.file.clone(), position.line))
}
