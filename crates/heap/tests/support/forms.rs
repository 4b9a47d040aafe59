//! The shapes of objects: which words of an object are pointers, which carry its identity.
//!
//! Word 0 of every object holds its number; the words that are not used as fields hold a checksum of the
//! number and their place. Neither ever looks like an address, so they may stand in pointer words too.

use super::source::{Source, mix};
use std::sync::atomic::{AtomicUsize, Ordering};
use trigo_heap::{Error, Heap, Kind, Layout, LayoutSpec, Mutator, Tracer, Zeroing};

/// The most fields an object's shadow has.
pub const FIELDS: usize = 6;
/// Set in all words that are no addresses.
const NUMBER: u64 = 0xF << 60;
/// In the upper half of a traced object's second word; the lower half counts its fields.
const TRACED: u64 = 0xF7AC_ED00;
/// Words of an element of the long bitmap.
const WIDE: usize = 130;

/// A shape. Which words of it are pointers is [`Form::is_pointer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// No pointers.
    NoScan,
    /// All words are pointers.
    Pointers,
    /// A bitmap of 24 bytes, always in spans of its own.
    Small,
    /// A bitmap of 64 bytes, in shared spans at first and in its own later.
    Record,
    /// An array of elements of 40 bytes.
    Rows,
    /// A bitmap of more than 64 words; larger ones are arrays of it.
    Wide,
    /// Any word may be a pointer.
    Conservative,
    /// A trace function knows.
    Traced,
    /// A kind of 32 bytes that is not zeroed.
    Raw,
    /// A kind of 48 bytes, all pointers, zeroed.
    Node,
}

/// The layouts and kinds of one heap.
#[derive(Debug, Clone, Copy)]
pub struct Forms {
    small: Layout,
    record: Layout,
    rows: Layout,
    wide: Layout,
    traced: Layout,
    raw: Kind,
    node: Kind,
}

impl Forms {
    /// Registers the shapes with a heap.
    pub fn new(heap: &Heap) -> Self {
        let bitmap = |form: Form, words: usize| {
            let mut bits = vec![0u64; words.div_ceil(64)];
            (0..words).filter(|&i| form.is_pointer(i)).for_each(|i| bits[i / 64] |= 1 << (i % 64));
            let spec = LayoutSpec::Bitmap { size: words * 8, bits: &bits };
            // SAFETY: fields are only ever in words for which `is_pointer` says so.
            unsafe { heap.layout(spec) }.expect("a consistent bitmap")
        };
        let raw = bitmap(Form::Raw, 4);
        Self {
            small: bitmap(Form::Small, 3),
            record: bitmap(Form::Record, 8),
            rows: bitmap(Form::Rows, 5),
            wide: bitmap(Form::Wide, WIDE),
            // SAFETY: `trace` reports every field and reads them atomically.
            traced: unsafe { heap.layout(LayoutSpec::Trace(trace)) }.expect("room for a layout"),
            raw: heap.kind(raw, 32, Zeroing::Uninitialized).expect("a pattern kind"),
            node: heap.kind(Layout::POINTERS, 48, Zeroing::Zeroed).expect("a uniform kind"),
        }
    }

    /// Allocates an object of a form and of about `bytes` bytes. It reads as zero, or is made so.
    pub fn alloc(&self, m: &mut Mutator, form: Form, bytes: usize) -> Result<usize, Error> {
        let layout = match form {
            Form::NoScan => Layout::NO_SCAN,
            Form::Pointers => Layout::POINTERS,
            Form::Small => self.small,
            Form::Record => self.record,
            Form::Rows => self.rows,
            Form::Wide => self.wide,
            Form::Conservative => Layout::CONSERVATIVE,
            Form::Traced => self.traced,
            Form::Node => return m.alloc_kind(self.node).map(|p| p.as_ptr() as usize),
            Form::Raw => {
                let object = m.alloc_kind(self.raw)?.as_ptr() as usize;
                (0..4).for_each(|i| word(object, i).store(0, Ordering::Relaxed));
                return Ok(object);
            }
        };
        m.alloc(layout, bytes).map(|p| p.as_ptr() as usize)
    }
}

impl Form {
    /// A form and a size for it.
    pub fn pick(source: &mut impl Source) -> (Form, usize) {
        let form = match source.below(16) {
            0..3 => Form::NoScan,
            3..5 => Form::Pointers,
            5..7 => Form::Small,
            7 => Form::Record,
            8 => Form::Rows,
            9 => Form::Wide,
            10 => Form::Conservative,
            11..13 => Form::Traced,
            13..15 => Form::Raw,
            _ => Form::Node,
        };
        let free = match source.below(256) {
            0..200 => 8 + source.below(120),
            200..240 => 128 + source.below(2000),
            240..254 => 2048 + source.below(30 << 10),
            _ => (33 << 10) + source.below(400 << 10),
        } as usize;
        let bytes = match form {
            Form::NoScan => free,
            Form::Small => 24,
            Form::Record => 64,
            Form::Raw => 32,
            Form::Node => 48,
            Form::Wide => free.next_multiple_of(WIDE * 8),
            Form::Rows => free.next_multiple_of(40),
            Form::Pointers | Form::Conservative | Form::Traced => free.next_multiple_of(8).max(24),
        };
        (form, bytes)
    }

    /// Whether the layout says that word `i` may hold a pointer.
    pub fn is_pointer(self, i: usize) -> bool {
        match self {
            Form::NoScan => false,
            Form::Pointers | Form::Conservative | Form::Node => i >= 1,
            Form::Small => 0b110 >> i & 1 != 0,
            Form::Record => 0b1011_0010 >> i & 1 != 0,
            Form::Rows => 0b10010 >> (i % 5) & 1 != 0,
            Form::Wide => matches!(i % WIDE, 1 | 63 | 64 | 65 | 129),
            Form::Traced => i >= 2,
            Form::Raw => 0b1110 >> i & 1 != 0,
        }
    }

    /// The words that serve as fields: the first few pointer words and the last one.
    pub fn fields(self, words: usize) -> ([u32; FIELDS], usize) {
        let mut fields = [0; FIELDS];
        let mut n = 0;
        let words = if self == Form::Traced { words.min(2 + 64) } else { words };
        for i in (1..words.min(2 * WIDE)).filter(|&i| self.is_pointer(i)) {
            if n < FIELDS - 1 {
                fields[n] = i as u32;
                n += 1;
            }
        }
        let last = (words.saturating_sub(WIDE).max(1)..words).rev().find(|&i| self.is_pointer(i));
        if let Some(last) = last.filter(|&i| n > 0 && i as u32 > fields[n - 1]) {
            fields[n] = last as u32;
            n += 1;
        }
        (fields, n)
    }

    /// Calls `f` with the place and the value of each word of an object that is no field.
    pub fn each_number(
        self,
        id: u64,
        words: usize,
        fields: &[u32],
        mut f: impl FnMut(usize, usize),
    ) {
        f(0, (mix(id) | NUMBER) as usize);
        let step = words.div_ceil(64);
        for i in (1..words).step_by(step).filter(|&i| !fields.contains(&(i as u32))) {
            let traced = self == Form::Traced && i == 1;
            let count = (words - 2).min(64) as u64;
            let value = if traced { TRACED << 32 | count } else { mix(id ^ (i as u64) << 40) };
            f(i, (value | NUMBER) as usize);
        }
    }
}

/// Word `i` of the object at `base`.
pub fn word<'a>(base: usize, i: usize) -> &'a AtomicUsize {
    // SAFETY: callers pass words of objects that they keep alive; such memory is mapped and only accessed atomically.
    unsafe { &*(base as *const AtomicUsize).add(i) }
}

/// Reports the fields of a traced object.
///
/// # Safety
/// 1. `object` is a traced object of a heap under test.
unsafe fn trace(object: *const u8, bytes: usize, tracer: &mut Tracer<'_>) {
    let head = word(object as usize, 1).load(Ordering::Relaxed) as u64;
    if head == 0 {
        return;
    }
    let count = head as u32 as usize;
    if head >> 32 != TRACED || count + 2 > bytes / 8 {
        eprintln!(
            "model: traced the object at {object:p}, which is freed or not initialised: {head:#x}"
        );
        std::process::abort();
    }
    for i in 2..2 + count {
        tracer.pointer(word(object as usize, i).load(Ordering::Relaxed) as *const u8);
    }
}
