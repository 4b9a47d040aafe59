//! Interned names: every identifier is a [`Symbol`], four bytes that compare as fast as numbers.
//!
//! One [`Interner`] serves all files of a program, from any number of threads. Interning takes a lock on one of a
//! few shards; reading a symbol's text takes none. Texts are never freed before the interner is.
//!
//! Numbers are given in order of arrival, which differs between runs once several threads intern: never let output
//! depend on the order of symbols. The names in [`sym`] are the exception, they are the same in every interner.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use hashbrown::HashTable;

/// An interned name. Two symbols of one interner are equal exactly if their texts are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(NonZeroU32);

impl Symbol {
    const fn from_index(index: u32) -> Self {
        match NonZeroU32::new(index + 1) {
            Some(n) => Self(n),
            None => panic!("too many symbols"),
        }
    }

    /// The symbol's number, from 0 and without gaps: an index for tables.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match sym::PREDEFINED.get(self.index()) {
            Some(text) => write!(f, "Symbol({text})"),
            None => write!(f, "Symbol(#{})", self.index()),
        }
    }
}

macro_rules! predefined {
    ($($name:ident = $text:literal,)*) => {
        /// Names every interner knows from the start: the blank name, Go's predeclared identifiers, and the few
        /// others the language itself speaks of.
        pub mod sym {
            use super::Symbol;

            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Index { $($name,)* }

            $(
                #[doc = concat!("`", $text, "`")]
                pub const $name: Symbol = Symbol::from_index(Index::$name as u32);
            )*

            /// The texts of this module's names, by [`Symbol::index`].
            pub const PREDEFINED: &[&str] = &[$($text,)*];
        }
    };
}

predefined! {
    BLANK = "_",
    DOT = ".",
    MAIN = "main",
    INIT = "init",
    ANY = "any",
    BOOL = "bool",
    BYTE = "byte",
    COMPARABLE = "comparable",
    COMPLEX64 = "complex64",
    COMPLEX128 = "complex128",
    ERROR = "error",
    FLOAT32 = "float32",
    FLOAT64 = "float64",
    INT = "int",
    INT8 = "int8",
    INT16 = "int16",
    INT32 = "int32",
    INT64 = "int64",
    RUNE = "rune",
    STRING = "string",
    UINT = "uint",
    UINT8 = "uint8",
    UINT16 = "uint16",
    UINT32 = "uint32",
    UINT64 = "uint64",
    UINTPTR = "uintptr",
    TRUE = "true",
    FALSE = "false",
    IOTA = "iota",
    NIL = "nil",
    APPEND = "append",
    CAP = "cap",
    CLEAR = "clear",
    CLOSE = "close",
    COMPLEX = "complex",
    COPY = "copy",
    DELETE = "delete",
    IMAG = "imag",
    LEN = "len",
    MAKE = "make",
    MAX = "max",
    MIN = "min",
    NEW = "new",
    PANIC = "panic",
    PRINT = "print",
    PRINTLN = "println",
    REAL = "real",
    RECOVER = "recover",
    UNSAFE = "unsafe",
    POINTER = "Pointer",
    C = "C",
    ERROR_METHOD = "Error",
}

const SHARDS: usize = 16;
const FIRST_CHUNK_BITS: u32 = 10;
const CHUNKS: usize = (u32::BITS - FIRST_CHUNK_BITS) as usize;

type Chunk = Box<[OnceLock<Box<str>>]>;

/// Gives every distinct text one [`Symbol`].
///
/// # Example
///
/// ```
/// use trigo_syntax::{Interner, sym};
///
/// let interner = Interner::new();
/// let a = interner.intern("Reader");
/// assert_eq!(a, interner.intern("Reader"));
/// assert_eq!(interner.text(a), "Reader");
/// assert_eq!(interner.intern("iota"), sym::IOTA);
/// ```
pub struct Interner {
    shards: [Mutex<HashTable<(u32, Symbol)>>; SHARDS],
    /// Chunk `i` holds `1024 << i` texts, so that a text never moves and is read without a lock.
    chunks: [OnceLock<Chunk>; CHUNKS],
    next: AtomicU32,
}

impl Interner {
    /// An interner that knows the names of [`sym`].
    pub fn new() -> Self {
        let interner = Self {
            shards: std::array::from_fn(|_| Mutex::new(HashTable::new())),
            chunks: std::array::from_fn(|_| OnceLock::new()),
            next: AtomicU32::new(0),
        };
        for text in sym::PREDEFINED {
            interner.intern(text);
        }
        interner
    }

    /// The symbol for `text`, new if it was never seen before.
    ///
    /// # Panics
    ///
    /// If there are more than four billion distinct texts.
    pub fn intern(&self, text: &str) -> Symbol {
        self.intern_hashed(text, hash(text.as_bytes()))
    }

    /// Like [`Interner::intern`], for a caller that has computed [`hash`] already.
    pub(crate) fn intern_hashed(&self, text: &str, hash: u32) -> Symbol {
        let shard = &self.shards[hash as usize % SHARDS];
        // A shard is consistent at every point where a thread can panic, so poisoning tells nothing.
        let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let wide = widen(hash);
        if let Some(&(_, symbol)) = table.find(wide, |&(h, s)| h == hash && self.text(s) == text) {
            return symbol;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let symbol = Symbol::from_index(index);
        let (chunk, offset) = locate(index);
        let stored = self.chunk(chunk)[offset].set(text.into());
        debug_assert!(stored.is_ok(), "an index is handed out once");
        table.insert_unique(wide, (hash, symbol), |&(h, _)| widen(h));
        symbol
    }

    /// The symbol for `text` if it was interned before.
    pub fn get(&self, text: &str) -> Option<Symbol> {
        let hash = hash(text.as_bytes());
        let shard = &self.shards[hash as usize % SHARDS];
        let table = shard.lock().unwrap_or_else(PoisonError::into_inner);
        table
            .find(widen(hash), |&(h, s)| h == hash && self.text(s) == text)
            .map(|&(_, symbol)| symbol)
    }

    /// The text of `symbol`.
    ///
    /// # Panics
    ///
    /// If `symbol` is from another interner and its number is not in use in this one.
    pub fn text(&self, symbol: Symbol) -> &str {
        let (chunk, offset) = locate(symbol.index() as u32);
        self.chunks[chunk]
            .get()
            .and_then(|chunk| chunk[offset].get())
            .expect("a symbol of another interner")
    }

    /// How many symbols there are. All smaller numbers are in use.
    pub fn len(&self) -> usize {
        self.next.load(Ordering::Relaxed) as usize
    }

    /// Whether there are no symbols; never true.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn chunk(&self, index: usize) -> &Chunk {
        self.chunks[index].get_or_init(|| {
            (0..1usize << (FIRST_CHUNK_BITS as usize + index)).map(|_| OnceLock::new()).collect()
        })
    }
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interner").field("len", &self.len()).finish()
    }
}

/// The chunk and the place in it for the text with number `index`.
fn locate(index: u32) -> (usize, usize) {
    let n = u64::from(index) + (1 << FIRST_CHUNK_BITS);
    let chunk = n.ilog2() - FIRST_CHUNK_BITS;
    (chunk as usize, (n - (1 << (chunk + FIRST_CHUNK_BITS))) as usize)
}

/// Spreads a 32-bit hash over the 64 bits that `hashbrown` looks at.
fn widen(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The state of [`hash`] before the first word.
pub(crate) const HASH_START: u64 = 0;

/// Adds a word of eight bytes to a hash.
pub(crate) fn hash_word(state: u64, word: u64) -> u64 {
    (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// The result of hashing.
pub(crate) fn hash_end(state: u64) -> u32 {
    (state >> 32) as u32
}

/// A fast hash for short texts: multiply and rotate, eight bytes at a time, the last ones filled up with zeros.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    let mut state = HASH_START;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = hash_word(state, u64::from_le_bytes(word));
    }
    hash_end(state)
}
