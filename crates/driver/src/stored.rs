//! Packages from the cache.
//!
//! A package that the cache knows is not put into the store before a package that is checked imports it, directly or not;
//! so of a program that did not change, nothing is.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use trigo_loader::graph::PackageId;
use trigo_syntax::FileId;
use trigo_types::PkgId;
use trigo_types::archive::{read_package, write_bodies, write_package};

use crate::Work;
use crate::cache::{Cache, Hash};
use crate::entry::{Entry, encode};
use crate::package::{Package, compiler_flags, name};

/// A sound package as the cache knows it.
pub(crate) struct Stored {
    /// See [`Entry::surface`].
    surface: Hash,
    /// None if the package was checked in this run.
    entry: Option<Entry>,
    loaded: OnceLock<Option<PkgId>>,
}

/// Takes a package from the cache, or checks it and writes it there. All that it imports must be sound.
pub(crate) fn package(
    work: &Work<'_>,
    cache: &Cache,
    id: PackageId,
    skips_bodies: bool,
) -> Package {
    let [own, with_bodies] = keys(work, cache, id, skips_bodies);
    let known = cache.entry(&own).or_else(|| cache.entry(&with_bodies).filter(|_| skips_bodies));
    if let Some(entry) = known {
        let surface = entry.surface;
        let stored = Stored { surface, entry: Some(entry), loaded: OnceLock::new() };
        return Package { stored: Some(stored), ..Package::default() };
    }
    let mut package = work.parse(id);
    if package.errors.is_empty() {
        package.check(work, id, skips_bodies);
    }
    if let Some(pkg) = package.pkg.filter(|_| package.errors.is_empty()) {
        let archive = write_package(work.store, pkg, work.first_file(id));
        // What cannot be written may be changed by any change of its sources.
        let bytes = archive.as_ref().map_or(&own[..], |archive| &archive.surface);
        let surface = surface(work, id, bytes);
        package.stored = Some(Stored { surface, entry: None, loaded: OnceLock::new() });
        if let Some(archive) = archive {
            let bytes = encode(&surface, &archive, &write_bodies(&package.files));
            cache.put_file(&cache.path(&own), &bytes);
        }
    }
    package
}

/// The surface of a package together with those of what it imports.
fn surface(work: &Work<'_>, id: PackageId, own: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(own));
    for (path, surface) in imported(work, id) {
        hash.update(Sha256::digest(path));
        hash.update(surface);
    }
    hash.finalize().into()
}

fn imported<'w>(work: &'w Work<'_>, id: PackageId) -> impl Iterator<Item = (&'w str, Hash)> {
    work.graph.package(id).imports.iter().filter_map(|import| {
        let stored = work.done(import.package?)?.stored.as_ref()?;
        Some((import.path.as_str(), stored.surface))
    })
}

/// All that checking a package depends on, with the bodies that are wanted, and with all of them.
fn keys(work: &Work<'_>, cache: &Cache, id: PackageId, skips_bodies: bool) -> [Hash; 2] {
    let source = work.graph.package(id);
    let mut key = cache.key();
    key.add(source.path.as_bytes());
    key.add(format!("{:?} {:?}", source.form, compiler_flags(source)).as_bytes());
    for file in source.files() {
        // Its name decides on the order of initialisation.
        key.add(file.name().as_bytes());
        key.add(file.digest());
    }
    for (path, surface) in imported(work, id) {
        key.add(path.as_bytes());
        key.add(&surface);
    }
    [!skips_bodies, true].map(|bodies| {
        let mut key = key.clone();
        key.add(&[u8::from(bodies)]);
        key.hash()
    })
}

impl Stored {
    /// Puts the package into the store, the first time; after that says which it is.
    pub(crate) fn load(&self, work: &Work<'_>, id: PackageId) -> Option<PkgId> {
        *self.loaded.get_or_init(|| {
            let entry = self.entry.as_ref()?;
            let source = work.graph.package(id);
            let first = work.first_file(id);
            for (number, file) in (first.0..).zip(source.files()) {
                let kept = file.clone();
                let text = move || kept.text().ok().cloned();
                work.store.add_source(FileId(number), name(file), text);
            }
            let below = below(work, id);
            let mut import = |path: &str| match path {
                "unsafe" => Some(trigo_types::UNSAFE),
                _ => {
                    below.iter().find(|(known, _)| *known == path).and_then(|(_, id)| work.pkg(*id))
                }
            };
            let read = |archive| read_package(work.store, &archive, first, &mut import).ok();
            entry.archive().and_then(read).or_else(|| self.make_anew(work, id, entry))
        })
    }

    /// Checks a package whose entry is damaged, and writes the entry again.
    fn make_anew(&self, work: &Work<'_>, id: PackageId, entry: &Entry) -> Option<PkgId> {
        let mut package = Package::parse(work, work.graph.package(id), id);
        package.check(work, id, true);
        let pkg = package.pkg?;
        if let (Some(cache), Some(archive)) =
            (work.cache, write_package(work.store, pkg, work.first_file(id)))
        {
            let bytes = encode(&self.surface, &archive, &write_bodies(&package.files));
            cache.put_file(entry.file(), &bytes);
        }
        Some(pkg)
    }

    /// See [`Package::archived_bodies`].
    pub(crate) fn bodies(&self) -> Option<Vec<u8>> {
        self.entry.as_ref()?.bodies()
    }
}

/// All packages that a package imports, directly or not. No two have the same path.
fn below<'w>(work: &'w Work<'_>, id: PackageId) -> Vec<(&'w str, PackageId)> {
    let mut seen = vec![false; id.0 as usize + 1];
    let mut list = Vec::new();
    let mut next = vec![id];
    while let Some(at) = next.pop() {
        for import in work.graph.package(at).imports.iter().filter_map(|import| import.package) {
            if !std::mem::replace(&mut seen[import.0 as usize], true) {
                list.push((work.graph.package(import).path.as_str(), import));
                next.push(import);
            }
        }
    }
    list
}
