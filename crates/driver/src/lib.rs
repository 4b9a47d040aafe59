//! From a loaded import graph to checked packages.
//!
//! [`check`] parses and type-checks every package of a [`Graph`], each after those it imports, as many at once as there
//! are threads. What comes out is what a compiler starts from: one [`Store`] of types and objects for the whole program,
//! and per package its trees and what the checker found out about them.
//!
//! A package that imports one with errors is parsed but not checked, as in `go build`: its own errors would mostly follow
//! from those. Whatever the threads do, the same sources give the same errors in the same order.
//!
//! [`check_cached`] is for who wants to know only whether all is well: packages that were found to be so, and have not
//! changed, come from a [`Cache`], and of them only what the others need. With a [`Recall`] their sources are not even
//! read.

mod cache;
mod embedded;
mod entry;
mod executables;
mod package;
mod recall;
mod stored;

pub use cache::Cache;
pub use embedded::{Embedded, EmbeddedFile};
pub use executables::ExecutableKey;
pub use package::Package;
pub use recall::Recall;

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use trigo_loader::Error;
use trigo_loader::graph::{Graph, PackageId};
use trigo_syntax::{FileId, Interner};
use trigo_types::{PkgId, Store};

/// Whose function bodies are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// Those of all packages: what a compiler needs.
    All,
    /// Those of the packages that the arguments named, in all their forms.
    Roots,
}

/// A checked program.
pub struct Program {
    /// Types and objects of all packages.
    pub store: Arc<Store>,
    /// Names of all packages.
    pub interner: Arc<Interner>,
    /// By [`PackageId`].
    pub packages: Vec<Package>,
}

impl Program {
    /// A package.
    pub fn package(&self, id: PackageId) -> &Package {
        &self.packages[id.0 as usize]
    }

    /// All errors of parsing and checking, sorted, each once.
    pub fn errors(&self) -> Vec<Error> {
        let mut errors: Vec<Error> =
            self.packages.iter().flat_map(|p| &p.errors).cloned().collect();
        errors.sort();
        errors.dedup();
        errors
    }
}

/// Parses and checks all packages of a graph.
///
/// Errors of loading are not repeated here: see [`Graph::all_errors`]. Uses rayon's threads and blocks until all is done.
pub fn check(graph: &Graph, bodies: Bodies) -> Program {
    let (store, interner) = store();
    let packages = Work::new(graph, &store, bodies, Keep::Trees, None).run_all();
    Program { store, interner, packages }
}

/// Like [`check`] with the bodies of the roots, but for the errors alone: packages that the cache knows are not checked, and
/// those without errors have no trees.
///
/// Uses rayon's threads and reads and writes the cache; blocks until all is done.
pub fn check_cached(graph: &Graph, cache: Option<&Cache>) -> Program {
    let (store, interner) = store();
    let packages = Work::new(graph, &store, Bodies::Roots, Keep::Errors, cache).run_all();
    Program { store, interner, packages }
}

fn store() -> (Arc<Store>, Arc<Interner>) {
    let interner = Arc::new(Interner::new());
    (Arc::new(Store::new(interner.clone())), interner)
}

/// What is kept of a checked package.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// All that was found out.
    Trees,
    /// Its errors, and what its importers need. The memory of the rest serves the packages after it.
    Errors,
}

/// A piece of work that waits for nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    /// Parse a package ahead of its imports.
    Parse(PackageId),
    /// Check a package, and parse it if that was not done.
    Check(PackageId),
}

/// The packages on their way.
struct Work<'g> {
    graph: &'g Graph,
    store: &'g Store,
    bodies: Bodies,
    keep: Keep,
    cache: Option<&'g Cache>,
    is_root: Vec<bool>,
    /// The number of a package's first file; its others follow.
    first_file: Vec<u32>,
    /// Who imports a package, once per import.
    importers: Vec<Vec<PackageId>>,
    /// How many of a package's imports are not done; and one more while it is parsed ahead of them.
    missing: Vec<AtomicUsize>,
    /// The bytes of source of a package and of those that wait for it, along the longest path.
    path: Vec<usize>,
    /// What can be done now, the longest path first: whatever else there is to do fits beside it.
    ready: Mutex<BinaryHeap<(usize, Job)>>,
    /// Packages that are parsed and not yet checked.
    parsed: Vec<Mutex<Option<Package>>>,
    done: Vec<OnceLock<Package>>,
}

impl<'g> Work<'g> {
    fn new(
        graph: &'g Graph,
        store: &'g Store,
        bodies: Bodies,
        keep: Keep,
        cache: Option<&'g Cache>,
    ) -> Self {
        let count = graph.packages.len();
        let mut importers = vec![Vec::new(); count];
        let mut missing = Vec::with_capacity(count);
        let mut first_file = Vec::with_capacity(count);
        let mut files = 1;
        for (id, package) in graph.iter() {
            first_file.push(files);
            files += package.files().count() as u32;
            let imports = package.imports.iter().filter_map(|import| import.package);
            imports.clone().for_each(|import| importers[import.0 as usize].push(id));
            missing.push(AtomicUsize::new(imports.count()));
        }
        let mut is_root = vec![false; count];
        for root in &graph.roots {
            for id in [root.plain, root.with_tests, root.external_test].into_iter().flatten() {
                is_root[id.0 as usize] = true;
            }
        }
        let mut path = vec![0; count];
        for (id, package) in graph.iter().collect::<Vec<_>>().into_iter().rev() {
            let bytes: usize = package.files().map(|file| file.size).sum();
            let above = importers[id.0 as usize].iter().map(|above| path[above.0 as usize]).max();
            path[id.0 as usize] = bytes + above.unwrap_or(0);
        }
        Self {
            graph,
            store,
            bodies,
            keep,
            cache,
            is_root,
            first_file,
            importers,
            missing,
            path,
            ready: Mutex::default(),
            parsed: (0..count).map(|_| Mutex::default()).collect(),
            done: (0..count).map(|_| OnceLock::new()).collect(),
        }
    }

    fn run_all(self) -> Vec<Package> {
        // A cache that may know a package makes parsing it a waste.
        let ahead = self.cache.is_none_or(Cache::is_new);
        for missing in self.missing.iter().filter(|_| ahead) {
            missing.fetch_add(1, Ordering::SeqCst);
        }
        rayon::scope(|scope| {
            let work = &self;
            for (id, package) in work.graph.iter() {
                if ahead {
                    work.add(Job::Parse(id), scope);
                } else if package.imports.iter().all(|import| import.package.is_none()) {
                    work.add(Job::Check(id), scope);
                }
            }
        });
        self.done.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    /// Adds a job, and a task that does one: not this one if there is a better one by then.
    fn add<'s>(&'s self, job: Job, scope: &rayon::Scope<'s>) {
        let (Job::Parse(id) | Job::Check(id)) = job;
        lock(&self.ready).push((self.path[id.0 as usize], job));
        scope.spawn(|scope| self.run_next(scope));
    }

    fn run_next<'s>(&'s self, scope: &rayon::Scope<'s>) {
        let next = lock(&self.ready).pop();
        match next {
            Some((_, Job::Parse(id))) => {
                let package = Package::parse(self, self.graph.package(id), id);
                *lock(&self.parsed[id.0 as usize]) = Some(package);
                self.one_less(id, scope);
            }
            Some((_, Job::Check(id))) => self.run(id, scope),
            None => unreachable!("there are as many tasks as jobs"),
        }
    }

    /// Notes that a package waits for one thing less.
    fn one_less<'s>(&'s self, id: PackageId, scope: &rayon::Scope<'s>) {
        if self.missing[id.0 as usize].fetch_sub(1, Ordering::SeqCst) == 1 {
            self.add(Job::Check(id), scope);
        }
    }

    /// A package's trees.
    fn parse(&self, id: PackageId) -> Package {
        let parsed = lock(&self.parsed[id.0 as usize]).take();
        parsed.unwrap_or_else(|| Package::parse(self, self.graph.package(id), id))
    }

    /// Checks a package, then lets those of its importers go on that waited for it alone.
    fn run<'s>(&'s self, id: PackageId, scope: &rayon::Scope<'s>) {
        let index = id.0 as usize;
        let source = self.graph.package(id);
        let imports = source.imports.iter().filter_map(|import| import.package);
        let sound = source.errors.is_empty()
            && imports.filter_map(|import| self.done(import)).all(Package::is_sound);
        let skips_bodies = self.bodies == Bodies::Roots && !self.is_root[index];
        let mut package = match self.cache.filter(|_| sound) {
            Some(cache) => stored::package(self, cache, id, skips_bodies),
            None => {
                let mut package = self.parse(id);
                if sound && package.errors.is_empty() {
                    package.check(self, id, skips_bodies);
                }
                package
            }
        };
        if self.keep == Keep::Errors && package.errors.is_empty() {
            package.drop_trees(self.store);
        }
        let _ = self.done[index].set(package);
        for &importer in &self.importers[index] {
            self.one_less(importer, scope);
        }
    }

    /// A package in the store, put there from the cache if need be.
    fn pkg(&self, id: PackageId) -> Option<PkgId> {
        let package = self.done(id)?;
        package.pkg.or_else(|| package.stored.as_ref()?.load(self, id))
    }

    fn first_file(&self, id: PackageId) -> FileId {
        FileId(self.first_file[id.0 as usize])
    }

    fn done(&self, id: PackageId) -> Option<&Package> {
        self.done[id.0 as usize].get()
    }
}

/// Locks what is whole at every point where a thread can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
