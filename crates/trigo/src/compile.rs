//! From arguments to executables: load, check, lower with its passes, generate code, link.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use trigo_codegen::Runtime;
use trigo_driver::{Bodies, Program};
use trigo_loader::directory::Tests;
use trigo_loader::graph::{Graph, Loader, PackageId};
use trigo_loader::{Error, Position, Result};

use crate::cli::Compile;
use crate::diagnostics::{self, Style};
use crate::{check, setup};

/// The runtime's image, which every program carries.
const RUNTIME: &[u8] = include_bytes!(env!("TRIGO_RUNTIME_IMAGE"));

/// Packages without errors, ready to be linked.
pub struct Sources {
    graph: Graph,
    program: Program,
    /// What file names in errors are shortened against.
    dir: PathBuf,
    /// The first argument if it names a file, after which the program is called.
    file: Option<PathBuf>,
    clock: Clock,
}

/// Loads and checks what the arguments name; none if there were errors, which are printed. Changes to the directory that
/// the flags say first.
///
/// # Errors
/// What hinders even looking at the sources.
pub fn sources(flags: &Compile, arguments: &[String]) -> Result<Option<Sources>> {
    setup::enter(&flags.place)?;
    let mut clock = Clock::new(flags.verbose);
    let config = setup::config(&flags.place, &flags.tags, &flags.mod_mode)?;
    let graph = Loader::new(&config).map(Loader::for_compiling).map_or_else(
        |error| Graph { errors: vec![error], ..Graph::default() },
        |loader| loader.load(arguments, Tests::Skip),
    );
    graph.warnings.iter().for_each(|warning| eprintln!("trigo: warning: {warning}"));
    clock.lap("load");
    let program = trigo_driver::check(&graph, Bodies::All);
    clock.lap("check");
    let mut errors = check::errors(&graph, program.errors());
    // A variable that would stay empty is worse than no program.
    let embeds = graph.packages.iter().filter(|package| !package.embeds.is_empty());
    errors.extend(embeds.map(|package| {
        Error::new(format!("package {}: //go:embed cannot be compiled yet", package.path))
    }));
    if !errors.is_empty() {
        print(&config.dir, &errors);
        return Ok(None);
    }
    let file = arguments.first().filter(|argument| argument.ends_with(".go")).map(PathBuf::from);
    Ok(Some(Sources { graph, program, dir: config.dir, file, clock }))
}

fn print(dir: &Path, errors: &[Error]) {
    let style = Style { dir, all: false, source: io::IsTerminal::is_terminal(&io::stderr()) };
    // Whoever closed the error output does not want to read more.
    let _ = diagnostics::print(errors, &style, &mut io::stderr().lock());
}

impl Sources {
    /// The import paths of what the arguments name.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.graph.roots.iter().map(|root| &*root.path)
    }

    /// The main packages among what the arguments name.
    pub fn mains(&self) -> Vec<PackageId> {
        let roots = self.graph.roots.iter().filter_map(|root| root.plain);
        roots.filter(|&id| self.graph.package(id).name() == "main").collect()
    }

    /// What the go command calls the program of a main package.
    pub fn name(&self, main: PackageId) -> String {
        let package = self.graph.package(main);
        let last = package.path.rsplit('/').next().unwrap_or_default();
        let of_dir = || package.dir().file_name().map(|name| name.to_string_lossy().into_owned());
        let of_file = |file: &PathBuf| Some(file.file_stem()?.to_string_lossy().into_owned());
        match &self.file {
            Some(file) => of_file(file),
            None if last == "main" => of_dir(),
            None => Some(last.to_string()),
        }
        .unwrap_or_else(|| "main".to_string())
    }

    /// Makes the executable of a main package; none if that failed, and the errors are printed.
    pub fn link(&mut self, main: PackageId) -> Option<Vec<u8>> {
        self.compile(main).inspect_err(|errors| print(&self.dir, errors)).ok()
    }

    fn compile(&mut self, main: PackageId) -> std::result::Result<Vec<u8>, Vec<Error>> {
        let store = &self.program.store;
        let has_main = || {
            let (pkg, name) = (self.program.package(main).pkg?, store.interner().get("main")?);
            store.pkg(pkg).lookup(name)
        };
        if has_main().is_none() {
            let path = &self.graph.package(main).path;
            let message = format!("{path}: function main is undeclared in the main package");
            return Err(vec![Error::new(message)]);
        }
        let needed = self.needed(main);
        let packages = needed.iter().map(|&id| self.program.package(id));
        let packages = packages
            .filter_map(|package| {
                let (files, info) = (&package.files, &package.info);
                Some(trigo_lower::Package { pkg: package.pkg?, files, info, embeds: Vec::new() })
            })
            .collect();
        let lowered = trigo_lower::lower_program(store, packages, trigo_codegen::ROOTS);
        let mut program = lowered.program;
        self.clock.lap("lower");
        if !lowered.errors.is_empty() {
            let show =
                |error: &trigo_lower::LowerError| Error::new(error.show(&program.context.syms));
            return Err(lowered.errors.iter().map(show).collect());
        }
        trigo_lower::inline_small(&mut program);
        self.clock.lap("inline");
        let runtime = Runtime::read(RUNTIME).map_err(|error| vec![Error::new(error)])?;
        let compiled = trigo_codegen::compile(&program, &runtime);
        let (file, times) = compiled.map_err(|errors| {
            errors.into_iter().map(|error| self.located(error)).collect::<Vec<_>>()
        })?;
        self.clock.say("code", times.code);
        self.clock.say("data", times.data);
        self.clock.say("link", times.link);
        Ok(file)
    }

    /// A package with all it imports, bottom-up.
    fn needed(&self, main: PackageId) -> Vec<PackageId> {
        let mut needed = vec![false; self.graph.packages.len()];
        needed[main.0 as usize] = true;
        for (id, package) in self.graph.iter().collect::<Vec<_>>().into_iter().rev() {
            if needed[id.0 as usize] {
                let imports = package.imports.iter().filter_map(|import| import.package);
                imports.for_each(|import| needed[import.0 as usize] = true);
            }
        }
        self.graph.iter().map(|(id, _)| id).filter(|id| needed[id.0 as usize]).collect()
    }

    /// An error of linking. Where a body is missed beside assembly, that is the reason.
    fn located(&self, error: trigo_codegen::Error) -> Error {
        let Some(place) = error.place else { return Error::new(error.message) };
        let file = PathBuf::from(place.file);
        let mut message = error.message;
        let beside = |package: &&trigo_loader::graph::Package| {
            file.parent() == Some(package.dir()) && !package.directory.assembly_files.is_empty()
        };
        if self.graph.packages.iter().any(|package| beside(&package)) {
            message += " (Trigo cannot compile the package's assembly; try -tags=purego)";
        }
        Error::at(Position { file, line: place.line, column: place.column }, message)
    }
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
