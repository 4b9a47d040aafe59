//! Packages from the cache.
//!
//! A package that the cache knows is not put into the store before a package that is checked imports it, directly or not;
//! so of a program that did not change, nothing is.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use trigo_loader::graph::PackageId;
use trigo_syntax::FileId;
use trigo_types::PkgId;
use trigo_types::archive::{Archive, read_package, write_package};

use crate::Work;
use crate::cache::{Cache, Entry, Hash};
use crate::package::{Package, compiler_flags, text};

/// A sound package as the cache knows it.
pub(crate) struct Stored {
    /// See [`Entry::surface`].
    surface: Hash,
    /// None if the package was checked in this run.
    archive: Option<Archive>,
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
    let known = cache.get(&own).or_else(|| cache.get(&with_bodies).filter(|_| skips_bodies));
    if let Some(Entry { surface, archive }) = known {
        let stored = Stored { surface, archive: Some(archive), loaded: OnceLock::new() };
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
        package.stored = Some(Stored { surface, archive: None, loaded: OnceLock::new() });
        if let Some(archive) = archive {
            cache.put(&own, &Entry { surface, archive });
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
        key.add(&file.source);
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
            let archive = self.archive.as_ref()?;
            let source = work.graph.package(id);
            let first = work.first_file(id);
            for (number, file) in (first.0..).zip(source.files()) {
                work.store.add_source(text(file, FileId(number)));
            }
            let below = below(work, id);
            let mut import = |path: &str| match path {
                "unsafe" => Some(trigo_types::UNSAFE),
                _ => {
                    below.iter().find(|(known, _)| *known == path).and_then(|(_, id)| work.pkg(*id))
                }
            };
            match read_package(work.store, archive, first, &mut import) {
                Ok(pkg) => Some(pkg),
                // The hash was right, so another program wrote it in this one's name. Its sources are at hand.
                Err(_) => {
                    let mut package = Package::parse(work, source, id);
                    package.check(work, id, true);
                    package.pkg
                }
            }
        })
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
