//! What `//go:embed` puts into variables: which files belong to which, and their contents.
//!
//! The loader knows the patterns by where they stand in a file and what they match; the trees know which variable a
//! directive belongs to. Here the two come together. Follows `cmd/compile/internal/staticdata/embed.go`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use trigo_loader::Error;
use trigo_loader::graph::{self, Graph, PackageId};
use trigo_loader::source::SourceFile;
use trigo_syntax::ast::{Decl, DeclKind, File};
use trigo_types::Type;

use crate::Program;
use crate::cache::Key;

/// The files of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The variable's name.
    pub variable: Box<str>,
    /// Sorted by name: more than one, or one in a folder, only for a file system.
    pub files: Vec<EmbeddedFile>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedFile {
    /// Slash-separated, relative to the package's directory.
    pub name: Box<str>,
    /// What is in it.
    pub contents: Arc<[u8]>,
    /// The first half of its SHA-256.
    pub hash: [u8; 16],
}

impl Program {
    /// What `//go:embed` puts into the variables of a package that has no errors. Reads the files.
    ///
    /// # Errors
    /// Files that cannot be read, and several for a variable that holds one.
    pub fn embedded(&self, graph: &Graph, id: PackageId) -> Result<Vec<Embedded>, Vec<Error>> {
        let source = graph.package(id);
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        if source.embeds.is_empty() {
            return Ok(found);
        }
        let checked = self.package(id);
        for ((tree, file), info) in
            checked.files.iter().zip(source.files()).zip(&checked.info.files)
        {
            for &decl in &tree[tree.decls] {
                let decl = &tree[decl];
                let DeclKind::Var { names, .. } = decl.kind else { continue };
                let names_of_files = matched(source, file, tree, decl);
                let Some(&name) = tree[names].first().filter(|_| !names_of_files.is_empty()) else {
                    continue;
                };
                let obj = info.object(name.expr()).expect("a checked variable has an object");
                let t = self.store.obj_type(obj);
                let is_fs = matches!(self.store.typ(self.store.under(t)), Type::Struct(_));
                if !is_fs && names_of_files.len() > 1 {
                    let of_type = self.store.type_string(t, &|_| String::new());
                    let message = format!("invalid go:embed: multiple files for type {of_type}");
                    errors.push(Error::at(file.position(tree[name.expr()].pos.offset()), message));
                    continue;
                }
                let variable: Box<str> = self.store.obj_name(obj).into();
                if &*variable == "_" {
                    // Nothing refers to it.
                    continue;
                }
                let read = names_of_files.into_iter().filter_map(|name| match read(source, name) {
                    Ok(file) => Some(file),
                    Err(error) => {
                        errors.push(error);
                        None
                    }
                });
                let files = read.collect();
                found.push(Embedded { variable, files });
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }
}

/// The files that the patterns before a declaration match.
fn matched<'g>(
    source: &'g graph::Package,
    file: &SourceFile,
    tree: &File,
    decl: &Decl,
) -> BTreeSet<&'g str> {
    let mut names = BTreeSet::new();
    for directive in &tree[decl.directives] {
        let lines = directive.pos.offset()..directive.end.offset();
        for written in file.header.embeds.iter().filter(|embed| lines.contains(&embed.offset)) {
            let same = source.embeds.iter().find(|embed| embed.pattern == written.pattern);
            names.extend(same.into_iter().flat_map(|embed| &embed.files).map(String::as_str));
        }
    }
    names
}

fn read(source: &graph::Package, name: &str) -> Result<EmbeddedFile, Error> {
    let path = source.dir().join(name);
    let contents = fs::read(&path).map_err(|error| Error::io("reading", &path, &error))?;
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(&contents)[..16]);
    Ok(EmbeddedFile { name: name.into(), contents: contents.into(), hash })
}

/// Adds what a package embeds to a key: a file that is gone is as another one.
pub(crate) fn add_to_key(key: &mut Key, source: &graph::Package) {
    for embed in &source.embeds {
        key.add(embed.pattern.as_bytes());
        for name in &embed.files {
            key.add(name.as_bytes());
            key.add(&fs::read(source.dir().join(name)).unwrap_or_default());
        }
        key.add(b"");
    }
}
