//! From arguments to an executable: load, check, lower with its passes, generate code, link.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use trigo_codegen::Runtime;
use trigo_driver::{Bodies, Program};
use trigo_loader::directory::Tests;
use trigo_loader::graph::{Graph, Loader};
use trigo_loader::{Error, Result};

use crate::cli::Compile;
use crate::diagnostics::{self, Style};
use crate::{check, setup};

/// The runtime's image, which every program carries.
const RUNTIME: &[u8] = include_bytes!(env!("TRIGO_RUNTIME_IMAGE"));

/// What compiling gave.
pub enum Compiled {
    /// A program.
    Program {
        /// The executable.
        file: Vec<u8>,
        /// What the go command would call it.
        name: String,
    },
    /// Packages without a program, and no errors in them.
    Packages,
    /// Errors, which were printed.
    Failed,
}

/// Compiles what the arguments name. Changes to the directory that the flags say first.
///
/// # Errors
/// What hinders even looking at the sources.
pub fn compile(flags: &Compile, arguments: &[String]) -> Result<Compiled> {
    setup::enter(&flags.place)?;
    let mut clock = Clock::new(flags.verbose);
    let config = setup::config(&flags.place, &flags.tags, &flags.mod_mode)?;
    let graph = Loader::new(&config).map(Loader::for_compiling).map_or_else(
        |error| Graph { errors: vec![error], ..Graph::default() },
        |loader| loader.load(arguments, Tests::Skip),
    );
    graph.warnings.iter().for_each(|warning| eprintln!("trigo: warning: {warning}"));
    clock.lap("load");
    let checked = trigo_driver::check(&graph, Bodies::All);
    clock.lap("check");
    let mut errors = check::errors(&graph, checked.errors());
    // A variable that would stay empty is worse than no program.
    let embeds = graph.packages.iter().filter(|package| !package.embeds.is_empty());
    errors.extend(embeds.map(|package| {
        Error::new(format!("package {}: //go:embed cannot be compiled yet", package.path))
    }));
    if !errors.is_empty() {
        print(&config.dir, &errors);
        return Ok(Compiled::Failed);
    }
    let Some(name) = program_name(&graph, arguments) else { return Ok(Compiled::Packages) };
    match link(&checked, &mut clock) {
        Ok(file) => Ok(Compiled::Program { file, name }),
        Err(errors) => {
            let errors: Vec<Error> = errors.into_iter().map(Error::new).collect();
            print(&config.dir, &errors);
            Ok(Compiled::Failed)
        }
    }
}

fn print(dir: &std::path::Path, errors: &[Error]) {
    let style = Style { dir, all: false, source: io::IsTerminal::is_terminal(&io::stderr()) };
    // Whoever closed the error output does not want to read more.
    let _ = diagnostics::print(errors, &style, &mut io::stderr().lock());
}

/// The name of the one program among the packages that were asked for.
fn program_name(graph: &Graph, arguments: &[String]) -> Option<String> {
    let [root] = graph.roots.as_slice() else { return None };
    let package = graph.package(root.plain?);
    if package.name() != "main" {
        return None;
    }
    let named = arguments.first().filter(|argument| argument.ends_with(".go"));
    let name = match named {
        Some(file) => PathBuf::from(file).file_stem()?.to_str()?.to_string(),
        None => {
            let last = package.path.rsplit('/').next()?;
            let dir = package.dir().file_name().and_then(|name| name.to_str());
            if last == "command-line-arguments" || last == "main" { dir? } else { last }.to_string()
        }
    };
    Some(name)
}

/// Lowers a checked program and makes the executable.
fn link(checked: &Program, clock: &mut Clock) -> std::result::Result<Vec<u8>, Vec<String>> {
    let package = |p: &'_ trigo_driver::Package| p.pkg.map(|pkg| (pkg, p.files.clone()));
    let found: Vec<_> = checked.packages.iter().filter_map(package).collect();
    let infos = checked.packages.iter().filter(|p| p.pkg.is_some()).map(|p| &p.info);
    let packages = found
        .iter()
        .zip(infos)
        .map(|((pkg, files), info)| trigo_lower::Package {
            pkg: *pkg,
            files,
            info,
            embeds: Vec::new(),
        })
        .collect();
    let lowered = trigo_lower::lower_program(&checked.store, packages, trigo_codegen::ROOTS);
    let program = lowered.program;
    clock.lap("lower");
    if !lowered.errors.is_empty() {
        let show = |error: &trigo_lower::LowerError| error.show(&program.context.syms);
        return Err(lowered.errors.iter().map(show).collect());
    }
    let runtime = Runtime::read(RUNTIME).map_err(|error| vec![error])?;
    let (file, times) = trigo_codegen::compile(&program, &runtime)?;
    clock.say("code", times.code);
    clock.say("data", times.data);
    clock.say("link", times.link);
    Ok(file)
}

/// Says how long things took, if that is wanted.
struct Clock {
    on: bool,
    last: Instant,
}

impl Clock {
    fn new(on: bool) -> Self {
        Self { on, last: Instant::now() }
    }

    /// Says how long it is since the last time.
    fn lap(&mut self, what: &str) {
        let now = Instant::now();
        self.say(what, now - self.last);
        self.last = now;
    }

    fn say(&self, what: &str, time: std::time::Duration) {
        if self.on {
            eprintln!("trigo: {what}: {:.1} ms", time.as_secs_f64() * 1e3);
        }
    }
}
