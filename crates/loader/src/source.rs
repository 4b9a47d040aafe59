//! A Go file of a package. Its text is read when somebody asks for it, unless it was read to find out what is in it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::directory::Role;
use crate::error::{Error, Position, Result};
use crate::header::Header;
use crate::manifest::{Digest, Facts, digest};

/// A Go file of a package.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The file, as a path that can be opened.
    pub path: PathBuf,
    /// What it belongs to.
    pub role: Role,
    /// The scanned top.
    pub header: Header,
    /// How long it is, in bytes.
    pub size: usize,
    digest: OnceLock<Digest>,
    /// None if it cannot be read, or has another digest by now.
    text: OnceLock<Option<Arc<[u8]>>>,
}

impl SourceFile {
    /// A file of which the text or the digest is known.
    pub(crate) fn new(path: PathBuf, facts: &Facts, text: Option<Arc<[u8]>>) -> SourceFile {
        SourceFile {
            path,
            role: Role::Package,
            header: facts.header.clone(),
            size: facts.size,
            digest: facts.digest.map(Into::into).unwrap_or_default(),
            text: text.map(|text| Some(text).into()).unwrap_or_default(),
        }
    }

    /// The file's name without its directory.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or("")
    }

    /// Its text, as it is on disk; the first time, it may have to be read.
    ///
    /// # Errors
    /// If it cannot be read, or has changed since the load began.
    pub fn text(&self) -> Result<&Arc<[u8]>> {
        let text = self.text.get_or_init(|| {
            let text: Arc<[u8]> = fs::read(&self.path).ok()?.into();
            (self.digest.get() == Some(&digest(&text))).then_some(text)
        });
        let changed =
            || Error::at(Position::file(&self.path), "the file has just changed; try again");
        text.as_ref().ok_or_else(changed)
    }

    /// The SHA-256 of its text.
    pub fn digest(&self) -> &Digest {
        self.digest.get_or_init(|| match self.text.get() {
            Some(Some(text)) => digest(text),
            _ => unreachable!("one of the two is known"),
        })
    }

    /// Whether its text was read.
    pub fn is_read(&self) -> bool {
        self.text.get().is_some()
    }

    /// Whether its text turned out to be other than what was known of it.
    pub fn has_changed(&self) -> bool {
        self.text.get().is_some_and(Option::is_none)
    }

    /// The position of a byte of the file.
    pub fn position(&self, offset: usize) -> Position {
        match self.text() {
            Ok(text) => Position::of(&self.path, text, offset),
            Err(_) => Position::file(&self.path),
        }
    }
}
