//! Interned link names.
//!
//! A name is what Go's linker would call the thing: `fmt.Println`, `main.(*T).Method`, `main.main.func1`,
//! `main.Max[int]`, `type:*main.T`, `go:itab.*os.File,io.Writer`. Names are interned from many threads; their
//! numbers depend on the order of arrival, so output is sorted by text, never by number.

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::fmt;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

/// An interned link name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sym(NonZeroU32);

impl Sym {
    fn from_index(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("fewer than 2^32 names"))
    }

    /// The name's number, from 0: an index for tables.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl fmt::Debug for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sym({})", self.index())
    }
}

const SHARDS: usize = 16;

/// All names of a program.
///
/// ```
/// let syms = trigo_ir::Syms::default();
/// let name = syms.intern("fmt.Println");
/// assert_eq!(syms.text(name), "fmt.Println");
/// assert_eq!(syms.intern("fmt.Println"), name);
/// ```
#[derive(Default)]
pub struct Syms {
    texts: boxcar::Vec<Box<str>>,
    shards: [Mutex<HashTable<Sym>>; SHARDS],
}

impl Syms {
    /// The number of a name. Takes a short lock.
    pub fn intern(&self, text: &str) -> Sym {
        let hash = FxBuildHasher.hash_one(text);
        let shard = &self.shards[(hash >> 57) as usize % SHARDS];
        let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&sym) = table.find(hash, |&s| self.text(s) == text) {
            return sym;
        }
        let sym = Sym::from_index(self.texts.push(text.into()));
        table.insert_unique(hash, sym, |&s| FxBuildHasher.hash_one(self.text(s)));
        sym
    }

    /// The text of a name. Takes no lock.
    pub fn text(&self, sym: Sym) -> &str {
        &self.texts[sym.index()]
    }
}
