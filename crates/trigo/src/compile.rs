//! From arguments to executables: load, check, lower with its passes, generate code, link.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use trigo_codegen::{BuildInfo, Runtime};
use trigo_driver::{Bodies, Cache, ExecutableKey, Program};
use trigo_ir::func::Func;
use trigo_ir::program::Program as Lowered;
use trigo_ir::text::print_func;
use trigo_loader::directory::Tests;
use trigo_loader::graph::{Graph, Loader, PackageId};
use trigo_loader::module::Modules;
use trigo_loader::{Error, Position, Result};

use crate::cli::Compile;
use crate::diagnostics::{self, Style};
use crate::{build_info, check, godebug, setup};

/// The runtime's image, which every program carries.
const RUNTIME: &[u8] = include_bytes!(env!("TRIGO_RUNTIME_IMAGE"));

/// Packages without errors, ready to be linked.
pub struct Sources {
    graph: Graph,
    /// None if all programs are linked already.
    program: Option<Program>,
    /// Executables of the main packages that are known to the cache.
    linked: Vec<(PackageId, Vec<u8>)>,
    cache: Option<Cache>,
    /// Where its packages come from; none outside any module.
    modules: Option<Modules>,
    goroot: PathBuf,
    /// What file names in errors are shortened against.
    dir: PathBuf,
    /// The first argument if it names a file, after which the program is called.
    file: Option<PathBuf>,
    /// What the names of functions begin with whose intermediate form is to be printed.
    ir: Option<String>,
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
    let mut config = setup::config(&flags.place, &flags.tags, &flags.mod_mode)?;
    let recall = setup::recall(&mut config, "build", arguments);
    let (graph, modules) = match Loader::new(&config).map(Loader::for_compiling) {
        Ok(loader) => (loader.load(arguments, Tests::Skip), loader.modules().cloned()),
        Err(error) => (Graph { errors: vec![error], ..Graph::default() }, None),
    };
    graph.warnings.iter().for_each(|warning| eprintln!("trigo: warning: {warning}"));
    clock.lap("load");
    let cache = setup::cache(&config, "linked");
    let file = arguments.first().filter(|argument| argument.ends_with(".go")).map(PathBuf::from);
    let (program, linked) = (None, Vec::new());
    let (goroot, dir) = (config.goroot.dir, config.dir);
    let ir = flags.ir.clone();
    let mut sources =
        Sources { graph, program, linked, cache, modules, goroot, dir, file, ir, clock };
    let is_sound = sources.take_linked() || sources.check();
    if let Some(recall) = recall {
        recall.keep(&sources.graph);
    }
    Ok(is_sound.then_some(sources))
}

fn print(dir: &Path, errors: &[Error]) {
    let style = Style { dir, all: false, source: io::IsTerminal::is_terminal(&io::stderr()) };
    // Whoever closed the error output does not want to read more.
    let _ = diagnostics::print(errors, &style, &mut io::stderr().lock());
}

impl Sources {
    /// Takes all executables from the cache, if nothing else was asked for and they are there.
    fn take_linked(&mut self) -> bool {
        let mains = self.mains();
        let Some(cache) = &self.cache else { return false };
        if self.ir.is_some()
            || mains.is_empty()
            || mains.len() != self.graph.roots.len()
            || !check::errors(&self.graph, Vec::new()).is_empty()
        {
            return false;
        }
        let known = |&main: &PackageId| Some((main, cache.executable(&self.key(cache, main))?));
        let linked: Option<Vec<_>> = mains.iter().map(known).collect();
        self.clock.lap("cache");
        linked.map(|linked| self.linked = linked).is_some()
    }

    /// Checks all packages; whether there were no errors, which are printed.
    fn check(&mut self) -> bool {
        let program = trigo_driver::check(&self.graph, Bodies::All);
        self.clock.lap("check");
        let errors = check::errors(&self.graph, program.errors());
        if !errors.is_empty() {
            print(&self.dir, &errors);
            return false;
        }
        self.program = Some(program);
        true
    }

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

    fn key(&self, cache: &Cache, main: PackageId) -> ExecutableKey {
        cache.executable_key(&self.graph, main, &self.godebug(main))
    }

    fn godebug(&self, main: PackageId) -> String {
        godebug::default(self.graph.package(main), self.modules.as_ref(), &self.goroot)
    }

    /// Makes the executable of a main package; none if that failed, and the errors are printed.
    pub fn link(&mut self, main: PackageId) -> Option<Vec<u8>> {
        if let Some(known) = self.linked.iter().position(|linked| linked.0 == main) {
            return Some(self.linked.swap_remove(known).1);
        }
        let file = self.compile(main).inspect_err(|errors| print(&self.dir, errors)).ok()?;
        if let Some(cache) = &self.cache {
            cache.keep_executable(&self.key(cache, main), &file);
        }
        Some(file)
    }

    fn compile(&mut self, main: PackageId) -> std::result::Result<Vec<u8>, Vec<Error>> {
        let Some(checked) = &self.program else { unreachable!("what is not linked was checked") };
        let store = &checked.store;
        let has_main = || {
            let (pkg, name) = (checked.package(main).pkg?, store.interner().get("main")?);
            store.pkg(pkg).lookup(name)
        };
        if has_main().is_none() {
            let path = &self.graph.package(main).path;
            let message = format!("{path}: function main is undeclared in the main package");
            return Err(vec![Error::new(message)]);
        }
        let needed = self.needed(main);
        let embeds = self.embeds(checked, &needed)?;
        let aliases = self.aliases(&needed)?;
        let packages =
            needed.iter().zip(embeds).zip(aliases).filter_map(|((&id, embeds), aliases)| {
                let package = checked.package(id);
                let (files, info) = (&package.files, &package.info);
                Some(trigo_lower::Package { pkg: package.pkg?, files, info, embeds, aliases })
            });
        let packages = packages.collect();
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
        if let Some(prefix) = &self.ir {
            print_ir(&program, prefix).map_err(|error| vec![error])?;
        }
        let runtime = Runtime::read(RUNTIME).map_err(|error| vec![Error::new(error)])?;
        let modules = self.modules.as_ref();
        let godebug = self.godebug(main);
        let info = BuildInfo {
            version: trigo_loader::goroot::RELEASE.to_string(),
            modules: build_info::lines(&self.graph, main, &needed, modules, &godebug),
        };
        program.set_string("runtime.godebugDefault", &godebug);
        program.set_string("runtime.buildVersion", &info.version);
        program.set_string("runtime.defaultGOROOT", &self.goroot.to_string_lossy());
        let compiled = trigo_codegen::compile(&program, &runtime, &info);
        let (file, times) = compiled.map_err(|errors| {
            errors.into_iter().map(|error| self.located(error)).collect::<Vec<_>>()
        })?;
        self.clock.say("code", times.code);
        self.clock.say("data", times.data);
        self.clock.say("link", times.link);
        Ok(file)
    }

    /// What is embedded in variables of the packages.
    fn embeds(
        &self,
        checked: &Program,
        packages: &[PackageId],
    ) -> std::result::Result<Vec<Vec<trigo_lower::Embed>>, Vec<Error>> {
        let of_package = |&id: &PackageId| {
            let embedded = checked.embedded(&self.graph, id)?;
            Ok(embedded.into_iter().map(lowered_embed).collect())
        };
        packages.iter().map(of_package).collect()
    }

    /// Which functions of the packages are others, because their assembly does nothing but jump there.
    fn aliases(
        &self,
        packages: &[PackageId],
    ) -> std::result::Result<Vec<Vec<(String, String)>>, Vec<Error>> {
        let of_package = |&id: &PackageId| {
            let jumps = self.graph.package(id).jumps().map_err(|error| vec![error])?;
            Ok(jumps.into_iter().map(|jump| (jump.name, jump.target)).collect())
        };
        packages.iter().map(of_package).collect()
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
            message += " (Trigo cannot compile the package's assembly, and the tags purego and noasm do not replace it)";
        }
        Error::at(Position { file, line: place.line, column: place.column }, message)
    }
}

/// Prints the functions whose link names begin with `prefix`.
///
/// # Errors
/// If there are none: what a program does not reach, or what was inlined everywhere, is not compiled.
fn print_ir(program: &Lowered, prefix: &str) -> Result<()> {
    let context = &program.context;
    let named = |func: &&Func| context.syms.text(func.sym).starts_with(prefix);
    let mut funcs = program.funcs.iter().filter(named).peekable();
    if funcs.peek().is_none() {
        let message =
            format!("--ir: the program reaches no function whose name begins with {prefix}");
        return Err(Error::new(message));
    }
    let mut out = io::stdout().lock();
    let printed = funcs.try_for_each(|func| out.write_all(print_func(context, func).as_bytes()));
    printed.map_err(|error| Error::io("write", Path::new("standard output"), &error))
}

fn lowered_embed(embedded: trigo_driver::Embedded) -> trigo_lower::Embed {
    let files = embedded.files.into_iter().map(|file| trigo_lower::EmbedFile {
        name: file.name,
        contents: file.contents,
        hash: file.hash,
    });
    trigo_lower::Embed { variable: embedded.variable, files: files.collect() }
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
