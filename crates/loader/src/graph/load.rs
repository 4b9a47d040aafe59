//! Reads packages wave by wave: the named ones, then what these import, and so on. Directories of
//! one wave are read in parallel; imports are resolved between the waves, in a fixed order.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::resolve::{Resolver, Target};
use super::roots::Candidate;
use super::{Embed, Graph, Place, order, variants};
use crate::directory::{Directory, Role, Tests};
use crate::embed;
use crate::environment::Environment;
use crate::error::{Error, Position, Result};
use crate::goroot::Goroot;
use crate::manifest::Manifest;
use crate::module::workspace::Workspace;
use crate::module::{ModMode, ModuleCache, Modules};
use crate::overlay;
use crate::pattern::Arguments;
use crate::source::SourceFile;
use crate::standard::StandardLibrary;
use crate::tags::Tags;
use crate::version::GoVersion;

/// What a build is made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory that relative arguments are relative to, and where go.mod is looked for.
    pub dir: PathBuf,
    /// Where the standard library is.
    pub goroot: Goroot,
    /// The go command's variables.
    pub environment: Environment,
    /// The build tags.
    pub tags: Tags,
    /// The `-mod` flag.
    pub mod_mode: Option<ModMode>,
    /// What is known of files from an earlier load.
    pub manifest: Arc<Manifest>,
}

/// Finds and reads packages.
#[derive(Clone, Debug)]
pub struct Loader {
    dir: PathBuf,
    standard: StandardLibrary,
    tags: Tags,
    modules: Option<Modules>,
    manifest: Arc<Manifest>,
    /// The standard library is read as it is compiled.
    compiles: bool,
}

/// A package that was read.
pub(super) struct Node {
    pub target: Target,
    pub directory: Arc<Directory>,
    /// By the path as written; none where `errors` has the reason.
    pub imports: BTreeMap<String, Option<usize>>,
    pub embeds: Vec<(Role, Embed)>,
    pub errors: Vec<(Role, Error)>,
    pub tests: Tests,
    /// A package that is needed though no file imports it: package `runtime`, by programs.
    pub implied: Option<&'static str>,
}

impl Node {
    /// The first place among the files of a role that imports a path.
    pub fn import_position(&self, role: Role, path: &str) -> Option<(&SourceFile, Position)> {
        self.directory.files_of(role).find_map(|file| {
            let import = file.header.imports.iter().find(|import| import.path == path)?;
            Some((&**file, file.position(import.offset)))
        })
    }

    /// The paths the files of a role import, each once, sorted.
    pub fn import_paths(&self, role: Role) -> Vec<&str> {
        let files = self.directory.files_of(role);
        let mut paths: Vec<&str> = files
            .flat_map(|file| &file.header.imports)
            .map(|import| import.path.as_str())
            .chain(self.implied.filter(|_| role == Role::Package))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    pub fn error(&mut self, role: Role, path: &str, message: String) {
        let position = self.import_position(role, path).map(|(_, position)| position);
        self.errors.push((role, Error { position, message }));
    }
}

impl Loader {
    /// Prepares to load: finds the main module and selects the modules it uses.
    ///
    /// # Errors
    /// A malformed go.mod, go.work or vendor/modules.txt, or one that needs a later Go.
    pub fn new(config: &Config) -> Result<Loader> {
        let dir =
            config.dir.canonicalize().map_err(|error| Error::io("open", &config.dir, &error))?;
        let workspace = Workspace::find(&dir, &config.environment)?;
        let cache = config.environment.module_cache().map(ModuleCache::new);
        let modules = match workspace {
            Some(workspace) => Some(Modules::select(workspace, config.mod_mode, cache)?),
            None => None,
        };
        Ok(Loader {
            dir,
            standard: StandardLibrary::new(config.goroot.src()),
            tags: config.tags.clone(),
            modules,
            manifest: config.manifest.clone(),
            compiles: false,
        })
    }

    /// Loads from now on what is compiled: with Trigo's own sources where the standard library's do not do, and without
    /// assembly where there is another way.
    pub fn for_compiling(mut self) -> Loader {
        self.tags = overlay::tags(&self.tags);
        self.compiles = true;
        self
    }

    /// The modules of the build; none outside any module.
    pub fn modules(&self) -> Option<&Modules> {
        self.modules.as_ref()
    }

    pub(super) fn standard(&self) -> &StandardLibrary {
        &self.standard
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Loads the packages that arguments name, and all they import. With [`Tests::Read`], the
    /// tests of the named packages too.
    ///
    /// Reads files; blocks until all are read. What is wrong is in the graph: in
    /// [`Graph::errors`] about the arguments, in [`super::Package::errors`] about a package.
    pub fn load(&self, arguments: &[String], tests: Tests) -> Graph {
        match Arguments::parse(arguments, &self.dir) {
            Ok(Arguments::Patterns(patterns)) => {
                let candidates = self.candidates(&patterns);
                let mut named: Vec<Candidate> = candidates.targets.into_values().collect();
                let mut nodes = self.read_roots(&mut named, tests);
                let mut graph = Graph { errors: candidates.errors, ..Graph::default() };
                self.drop_non_packages(&named, &mut nodes, tests, &mut graph);
                for (number, argument) in arguments.iter().enumerate() {
                    let used = named.iter().any(|candidate| candidate.pattern == number);
                    if !used && argument.contains("...") && graph.errors.is_empty() {
                        graph.warnings.push(format!("\"{argument}\" matched no packages"));
                    }
                }
                self.finish(nodes, graph)
            }
            Ok(Arguments::Files(dir, names)) => {
                let target = self.files_target(&dir);
                let directory = Directory::of_files(&dir, &names, &self.manifest);
                let nothing = directory.files.is_empty() && directory.errors.is_empty();
                let errors = nothing.then(|| Error::new(directory.nothing_to_build()));
                let node = read_node(target, directory, Tests::Read);
                let graph = Graph { errors: Vec::from_iter(errors), ..Graph::default() };
                self.finish(vec![node], graph)
            }
            Err(error) => Graph { errors: vec![error], ..Graph::default() },
        }
    }

    fn read_roots(&self, named: &mut Vec<Candidate>, tests: Tests) -> Vec<Node> {
        let nodes: Vec<Node> =
            named.par_iter().map(|candidate| self.read(candidate.target.clone(), tests)).collect();
        let mut keep = named
            .iter()
            .zip(&nodes)
            .map(|(candidate, node)| candidate.explicit || !is_passed_over(node))
            .collect::<Vec<_>>()
            .into_iter();
        let kept: Vec<Node> = nodes
            .into_iter()
            .zip(keep.clone())
            .filter_map(|(node, keep)| keep.then_some(node))
            .collect();
        named.retain(|_| keep.next().unwrap_or(false));
        kept
    }

    /// Reports packages that were named and have nothing to build.
    fn drop_non_packages(
        &self,
        named: &[Candidate],
        nodes: &mut Vec<Node>,
        tests: Tests,
        graph: &mut Graph,
    ) {
        let mut explicit = named.iter().map(|candidate| candidate.explicit);
        nodes.retain(|node| {
            let explicit = explicit.next().unwrap_or(false);
            let directory = &node.directory;
            let buildable =
                directory.has(Role::Package) || tests == Tests::Read && directory.has_tests;
            if buildable || !node.errors.is_empty() {
                return true;
            }
            if explicit {
                let message = match node.target.place {
                    Place::Standard if directory.has_no_go_files() => {
                        self.not_in_std(&node.target.path)
                    }
                    _ => format!("package {}: {}", node.target.path, directory.nothing_to_build()),
                };
                graph.errors.push(Error::new(message));
            }
            false
        });
    }

    fn read(&self, target: Target, tests: Tests) -> Node {
        let directory = if self.compiles && target.place == Place::Standard {
            overlay::read(&target.path, &target.dir, &self.tags, tests, &self.manifest)
        } else {
            Directory::read(&target.dir, &self.tags, tests, &self.manifest)
        };
        let directory = match directory {
            Ok(directory) => directory,
            Err(error) => {
                Directory { dir: target.dir.clone(), errors: vec![error], ..Directory::default() }
            }
        };
        read_node(target, directory, tests)
    }

    /// Loads what the roots import and puts everything in order.
    fn finish(&self, roots: Vec<Node>, graph: Graph) -> Graph {
        let root_count = roots.len();
        let mut nodes = roots;
        for node in nodes.iter_mut().filter(|node| self.compiles && node.directory.name == "main") {
            node.implied = Some("runtime");
        }
        let mut index: HashMap<String, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.target.path.clone(), at)).collect();
        let mut resolver = Resolver::new(self);
        let mut done = 0;
        while done < nodes.len() {
            let wave = done..nodes.len();
            done = nodes.len();
            let mut targets = Vec::new();
            for at in wave {
                resolve_imports(&mut nodes[at], &mut resolver, &mut |target| {
                    let next = done + targets.len();
                    *index.entry(target.path.clone()).or_insert_with(|| {
                        targets.push(target);
                        next
                    })
                });
            }
            let read: Vec<Node> =
                targets.into_par_iter().map(|target| self.read(target, Tests::Skip)).collect();
            nodes.extend(read);
        }
        order::check_edges(&mut nodes, self);
        let order = order::bottom_up(&mut nodes, root_count);
        variants::build(self, &nodes, &order, root_count, graph)
    }

    /// The language version of a place's packages.
    pub(super) fn go_version(&self, place: Place) -> GoVersion {
        match (place, &self.modules) {
            (Place::Module(id), Some(modules)) => modules.module(id).go_version,
            _ => GoVersion::PINNED.language_version(),
        }
    }
}

/// Whether patterns for many packages leave a directory out: it has no Go files for this build, or
/// it holds a program that was vendored along with a package.
fn is_passed_over(node: &Node) -> bool {
    let is_empty = node.directory.files.is_empty() && node.errors.is_empty();
    let is_vendored = node.target.path.starts_with("cmd/vendor/");
    is_empty || is_vendored && node.directory.name == "main"
}

/// Makes a node of a directory: resolves its patterns and takes over its errors.
fn read_node(target: Target, directory: Directory, tests: Tests) -> Node {
    let mut errors: Vec<(Role, Error)> = Vec::new();
    for error in &directory.errors {
        errors.push((role_of(error), error.clone()));
    }
    let mut embeds = Vec::new();
    for file in &directory.files {
        for embed in &file.header.embeds {
            match embed::resolve(&directory.dir, &embed.pattern) {
                Ok(files) => {
                    embeds.push((file.role, Embed { pattern: embed.pattern.clone(), files }))
                }
                Err(why) => {
                    let message = format!("pattern {}: {why}", embed.pattern);
                    errors.push((file.role, Error::at(file.position(embed.offset), message)));
                }
            }
        }
    }
    Node {
        target,
        directory: Arc::new(directory),
        imports: BTreeMap::new(),
        embeds,
        errors,
        tests,
        implied: None,
    }
}

/// The role of the file an error is about.
fn role_of(error: &Error) -> Role {
    let file = error.position.as_ref().and_then(|position| position.file.to_str());
    match file {
        Some(name) if name.ends_with("_test.go") => Role::Test,
        _ => Role::Package,
    }
}

fn resolve_imports(node: &mut Node, resolver: &mut Resolver, add: &mut dyn FnMut(Target) -> usize) {
    for role in [Role::Package, Role::Test, Role::ExternalTest] {
        let paths: Vec<String> = node.import_paths(role).into_iter().map(str::to_string).collect();
        for path in paths {
            if node.imports.contains_key(&path) {
                continue;
            }
            let found = match resolver.resolve(&node.target, &path) {
                Ok(target) => Some(add(target)),
                Err(message) => {
                    node.error(role, &path, message);
                    None
                }
            };
            node.imports.insert(path, found);
        }
    }
}
