//! `trigo check`: load packages and report what is wrong with them.

use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use trigo_driver::Cache;
use trigo_loader::directory::Tests;
use trigo_loader::goroot::Missing;
use trigo_loader::graph::{Config, Graph, Loader};
use trigo_loader::module::ModMode;
use trigo_loader::tags::Tags;
use trigo_loader::{Error, Result};

use crate::cli::Check;
use crate::diagnostics::{self, Style};
use crate::setup;

/// Checks packages and prints the errors.
pub fn run(check: &Check) -> Result<ExitCode> {
    setup::enter(&check.place)?;
    let dir = std::env::current_dir().map_err(|error| Error::new(error.to_string()))?;
    let config = config(check, dir.clone())?;
    let tests = if check.test { Tests::Read } else { Tests::Skip };
    let graph = Loader::new(&config)
        .map(|loader| loader.load(&check.packages, tests))
        .unwrap_or_else(|error| Graph { errors: vec![error], ..Graph::default() });
    for warning in &graph.warnings {
        eprintln!("trigo: warning: {warning}");
    }
    let cache = config.environment.cache().ok().map(|dir| Cache::new(dir.join("checked")));
    let errors = errors(&graph, cache.as_ref());
    let style = Style { dir: &dir, all: check.all_errors, source: io::stderr().is_terminal() };
    // Whoever closed the error output does not want to read more.
    let _ = diagnostics::print(&errors, &style, &mut io::stderr().lock());
    Ok(match errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn config(check: &Check, dir: PathBuf) -> Result<Config> {
    let mut environment = setup::environment()?;
    let goroot = setup::goroot(&check.place, &mut environment, Missing::Fetch)?;
    let mod_mode = match check.mod_mode.as_str() {
        "" => None,
        mode => Some(ModMode::parse(mode)?),
    };
    let tags = check.tags.split([',', ' ']).filter(|tag| !tag.is_empty());
    Ok(Config { dir, goroot, environment, tags: Tags::new(tags.map(str::to_string)), mod_mode })
}

/// All errors, sorted. Where a line has a syntax error, that is what is wrong with it.
fn errors(graph: &Graph, cache: Option<&Cache>) -> Vec<Error> {
    let mut errors = trigo_driver::errors(graph, cache);
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
