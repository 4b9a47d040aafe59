//! The objects and variables of a heap dump, in the form of `runtime/debug.WriteHeapDump` (Go's runtime/heapdump.go). The
//! rest of the dump is written by the Go half.
//!
//! All goroutines are held while objects are written, so that who reads must be another process, as in Go.

use crate::runtime;
use crate::start::entries;
use trigo_abi::module::Roots;
use trigo_heap::Mutator;

/// Tags of records, and of a field that is a pointer.
const OBJECT: u64 = 1;
const DATA: u64 = 12;
const BSS: u64 = 13;
const POINTER: u64 = 1;
const END_OF_FIELDS: u64 = 0;

/// Bytes that are written at once.
const BATCH: usize = 1 << 16;

struct Writer {
    fd: i32,
    buffer: Vec<u8>,
}

impl Writer {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    /// A record: an address, what is there, and at which offsets there are pointers.
    ///
    /// # Safety
    /// 1. The memory can be read.
    unsafe fn memory(
        &mut self,
        tag: u64,
        at: usize,
        len: usize,
        pointers: impl Iterator<Item = u64>,
    ) {
        self.number(tag);
        self.number(at as u64);
        self.number(len as u64);
        // SAFETY: as the caller vouches; the copy may be torn where others write.
        unsafe {
            let start = self.buffer.len();
            self.buffer.resize(start + len, 0);
            std::ptr::copy_nonoverlapping(at as *const u8, self.buffer[start..].as_mut_ptr(), len);
        }
        for offset in pointers {
            self.number(POINTER);
            self.number(offset);
        }
        self.number(END_OF_FIELDS);
        if self.buffer.len() >= BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            // SAFETY: writes from the slice.
            let written = unsafe { libc::write(self.fd, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(written) {
                Ok(written) => rest = &rest[written..],
                Err(_)
                    if std::io::Error::last_os_error().kind()
                        == std::io::ErrorKind::Interrupted => {}
                // As in Go, which has nobody to tell.
                Err(_) => break,
            }
        }
        self.buffer.clear();
    }
}

/// Writes all objects that are alive, and the program's variables.
pub(crate) fn write(mutator: &mut Mutator, fd: i32) {
    let mut out = Writer { fd, buffer: Vec::new() };
    mutator.walk_pointers(|object, pointers| {
        if object.live {
            let at = object.address.as_ptr() as usize;
            // SAFETY: an object's memory can be read during the visit.
            unsafe { out.memory(OBJECT, at, object.size, pointers.iter().map(|&o| o as u64)) };
        }
    });
    let tags = [DATA, BSS].into_iter();
    for (tag, &Roots { start, words, bits }) in tags.zip(entries(&runtime().module.roots)) {
        let is_pointer = |word: &u64| {
            // SAFETY: the compiler wrote a bit for each word, or none.
            bits == 0 || unsafe { *((bits + word / 8) as *const u8) } >> (word % 8) & 1 != 0
        };
        let pointers = (0..words).filter(is_pointer).map(|word| word * 8);
        // SAFETY: the program's variables.
        unsafe { out.memory(tag, start as usize, words as usize * 8, pointers) };
    }
    out.flush();
}
