//! The tables of a program, which code generation writes and the runtime reads.
//!
//! A program has one [`Module`], under the symbol [`SYMBOL`], which stands for [`PROGRAM_BASE`](crate::PROGRAM_BASE) when the
//! runtime is linked. All addresses of code and tables are below 2 GiB, because
//! programs are linked at fixed addresses; so 32 bits hold one, and offsets of names and types count from zero.

use std::marker::PhantomData;

/// The symbol of the program's [`Module`].
pub const SYMBOL: &str = "trigo_module";

/// An array elsewhere.
#[repr(C)]
#[derive(Debug)]
pub struct Table<T> {
    /// The address of its first element; anything if there is none.
    pub start: u64,
    /// How many there are.
    pub len: u64,
    /// What they are.
    pub of: PhantomData<T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<T> {}

impl<T> Table<T> {
    /// A table without elements.
    pub const EMPTY: Self = Self { start: 8, len: 0, of: PhantomData };
}

/// What the runtime has to know of a program.
#[repr(C)]
#[derive(Debug)]
pub struct Module {
    /// The first address of compiled code.
    pub text: u64,
    /// Past the last.
    pub text_end: u64,
    /// The functions, by address.
    pub funcs: Table<Func>,
    /// Their [line tables](lines).
    pub lines: Table<u8>,
    /// Files that functions come from.
    pub files: Table<Text>,
    /// What [`Text`]s are parts of.
    pub strings: Table<u8>,
    /// Package variables with pointers.
    pub roots: Table<Roots>,
    /// Kinds of objects that compiled code allocates by itself, in the order of their numbers from the heap's
    /// `FIRST_KIND` on.
    pub kinds: Table<Kind>,
    /// Addresses of all itabs in the program.
    pub itabs: Table<u64>,
    /// Addresses of type descriptors that `reflect` may look for by their string, sorted by it.
    pub types: Table<u64>,
    /// The first address of type descriptors, names and other constants of the compiler.
    pub constants: u64,
    /// Past the last.
    pub constants_end: u64,
    /// The code of `runtime.main`, which a program begins with: it initialises all packages and calls `main.main`.
    pub main: u64,
    /// The code of `runtime.sigpanic`, which faults of compiled code seem to call.
    pub sigpanic: u64,
    /// The code of `runtime.goexit0`, which a goroutine calls when its function has returned.
    pub goexit: u64,
    /// What `runtime.modinfo` holds.
    pub modinfo: Text,
    /// The address of `runtime.MemProfileRate`; 0 in a program that never reads the memory profile.
    pub mem_profile_rate: u64,
}

/// Things that are written as `repr(C)` lays them out.
pub trait Write {
    /// Appends the bytes.
    fn write(&self, out: &mut Vec<u8>);
}

impl<T> Write for Table<T> {
    fn write(&self, out: &mut Vec<u8>) {
        words(out, &[self.start, self.len]);
    }
}

impl Write for Text {
    fn write(&self, out: &mut Vec<u8>) {
        halves(out, &[self.at, self.len]);
    }
}

impl Write for Func {
    fn write(&self, out: &mut Vec<u8>) {
        halves(out, &[self.start, self.size]);
        self.name.write(out);
        halves(out, &[self.file, self.line, self.lines, self.flags]);
    }
}

impl Write for Roots {
    fn write(&self, out: &mut Vec<u8>) {
        words(out, &[self.start, self.words, self.bits]);
    }
}

impl Write for Kind {
    fn write(&self, out: &mut Vec<u8>) {
        words(out, &[self.size, self.bits]);
    }
}

impl Write for Module {
    fn write(&self, out: &mut Vec<u8>) {
        words(out, &[self.text, self.text_end]);
        self.funcs.write(out);
        self.lines.write(out);
        self.files.write(out);
        self.strings.write(out);
        self.roots.write(out);
        self.kinds.write(out);
        self.itabs.write(out);
        self.types.write(out);
        words(out, &[self.constants, self.constants_end, self.main, self.sigpanic, self.goexit]);
        self.modinfo.write(out);
        words(out, &[self.mem_profile_rate]);
    }
}

fn words(out: &mut Vec<u8>, words: &[u64]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

fn halves(out: &mut Vec<u8>, halves: &[u32]) {
    halves.iter().for_each(|half| out.extend_from_slice(&half.to_le_bytes()));
}

/// A string: a part of [`Module::strings`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Its first byte.
    pub at: u32,
    /// Its length.
    pub len: u32,
}

/// A function.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Func {
    /// Its address.
    pub start: u32,
    /// Bytes of its code.
    pub size: u32,
    /// Its name as `runtime.Func.Name` gives it.
    pub name: Text,
    /// The number of its file in [`Module::files`].
    pub file: u32,
    /// The line of its declaration; 0 if there is none.
    pub line: u32,
    /// Where in [`Module::lines`] its table begins.
    pub lines: u32,
    /// Of [`WRAPPER`], [`NO_ARGS`], [`HIDDEN`].
    pub flags: u32,
}

/// [`Func::flags`]: made by the compiler to reach another function; tracebacks and `recover` look through it.
pub const WRAPPER: u32 = 1;
/// [`Func::flags`]: it has no parameters.
pub const NO_ARGS: u32 = 2;
/// [`Func::flags`]: one of [`BEHIND_DEFER`].
pub const HIDDEN: u32 = 4;

/// The runtime's functions, by name, between a function and the deferred calls that it makes when it returns or panics.
/// Neither tracebacks nor callers show them.
pub const BEHIND_DEFER: &[&str] = &["runtime.deferreturn", "runtime.(*_panic).run"];

/// What stands for the file of functions that the compiler made up; their line is 1.
pub const AUTOGENERATED: &str = "<autogenerated>";

/// A range of words of which some are pointers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Roots {
    /// The first word's address, a multiple of 8.
    pub start: u64,
    /// How many words.
    pub words: u64,
    /// The address of a bit for each word, lowest first, set if it is a pointer; 0 if all are.
    pub bits: u64,
}

/// A kind of objects with spans of their own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Bytes of an object.
    pub size: u64,
    /// The address of its pointer words as a bitmap of whole 64-bit words, lowest bit first; 0 if there are none.
    pub bits: u64,
}

/// The form of line tables: which line each address of a function belongs to.
///
/// A table is a sequence of entries, from the function's first address on: the number of bytes of code (unsigned LEB128), by
/// how much the line differs from that of the entry before (signed), likewise the number of the file (signed). Before
/// the first entry stand the function's own file and line. It ends with the function.
pub mod lines {
    /// Appends an entry.
    pub fn write(table: &mut Vec<u8>, bytes: u64, line: i64, file: i64) {
        unsigned(table, bytes);
        signed(table, line);
        signed(table, file);
    }

    fn unsigned(table: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            table.push(value as u8 | 0x80);
            value >>= 7;
        }
        table.push(value as u8);
    }

    fn signed(table: &mut Vec<u8>, value: i64) {
        // Zigzag: small numbers of either sign are short.
        unsigned(table, ((value << 1) ^ (value >> 63)) as u64);
    }

    /// Entries of a table, from a function's beginning on; never ends by itself unless the table does.
    #[derive(Clone, Debug)]
    pub struct Reader<'t>(pub &'t [u8]);

    impl Reader<'_> {
        fn unsigned(&mut self) -> Option<u64> {
            let (mut value, mut shift) = (0, 0);
            loop {
                let (&byte, rest) = self.0.split_first()?;
                self.0 = rest;
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    return Some(value);
                }
                shift += 7;
            }
        }

        fn signed(&mut self) -> Option<i64> {
            self.unsigned().map(|z| (z >> 1) as i64 ^ -((z & 1) as i64))
        }
    }

    impl Iterator for Reader<'_> {
        /// Bytes, difference of lines, difference of files.
        type Item = (u64, i64, i64);

        fn next(&mut self) -> Option<Self::Item> {
            Some((self.unsigned()?, self.signed()?, self.signed()?))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_was_written_is_read() {
            let entries = [(1, 0, 0), (127, -1, 3), (128, 63, -64), (1 << 40, 1 << 30, -5)];
            let mut table = Vec::new();
            for (bytes, line, file) in entries {
                write(&mut table, bytes, line, file);
            }
            assert!(Reader(&table).eq(entries));
        }
    }
}
