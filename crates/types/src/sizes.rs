//! Sizes, alignments and field offsets in bytes, as Go's compiler lays types
//! out on linux/amd64.

use crate::ids::{ObjId, TypeId};
use crate::store::Store;
use crate::types::{Basic, BasicKind, Type, info};
use rustc_hash::FxHashMap;

const WORD: i64 = 8;

/// The size in bytes, if it is within the address space, and the alignment.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub size: Option<i64>,
    pub align: i64,
}

/// Works out layouts and remembers them. All types must be complete while one is in use.
pub(crate) struct Sizer<'s> {
    store: &'s Store,
    known: FxHashMap<TypeId, Layout>,
}

impl Store {
    /// The alignment of a type's variables.
    pub fn align_of(&self, t: TypeId) -> i64 {
        Sizer::new(self).layout(t).align
    }

    /// The size of a type's variables, or `None` if it passes the address space.
    pub fn size_of(&self, t: TypeId) -> Option<i64> {
        Sizer::new(self).layout(t).size
    }

    /// The offsets of a struct type's fields.
    pub fn offsets(&self, t: TypeId) -> Option<Vec<i64>> {
        let fields = &self.as_struct(self.under(t))?.fields;
        Sizer::new(self).offsets(fields).map(|(offsets, _)| offsets)
    }

    /// The offset of the field a path leads to.
    pub fn offset_of(&self, t: TypeId, path: &[u32]) -> Option<i64> {
        let (mut t, mut sum) = (t, 0i64);
        for &i in path {
            let offset = *self.offsets(t)?.get(i as usize)?;
            sum = sum.checked_add(offset)?;
            t = self.obj_type(*self.as_struct(self.under(t))?.fields.get(i as usize)?);
        }
        Some(sum)
    }

    /// The marker type by which `sync/atomic` asks for 8-byte alignment.
    fn is_align64(&self, t: TypeId) -> bool {
        let Some(named) = self.as_named(t) else {
            return false;
        };
        let path = self.obj(named.obj).pkg.map(|p| &*self.pkg(p).path);
        self.obj_name(named.obj) == "align64"
            && matches!(path, Some("sync/atomic" | "internal/runtime/atomic"))
    }
}

impl<'s> Sizer<'s> {
    pub fn new(store: &'s Store) -> Self {
        Self { store, known: FxHashMap::default() }
    }

    pub fn layout(&mut self, t: TypeId) -> Layout {
        let word = |words: i64| Layout { size: Some(words * WORD), align: WORD };
        match self.store.typ(self.store.under(t)) {
            Type::Basic(b) => basic(b),
            Type::Slice(_) => word(3),
            Type::Interface(_) => word(2),
            Type::Array { .. } | Type::Struct(_) => match self.known.get(&t) {
                Some(&known) => known,
                None => {
                    let layout = with_stack(|| self.composite(t));
                    self.known.insert(t, layout);
                    layout
                }
            },
            _ => word(1),
        }
    }

    fn composite(&mut self, t: TypeId) -> Layout {
        let s = self.store;
        match s.typ(s.under(t)) {
            Type::Array { len, elem } => {
                let elem = self.layout(*elem);
                let size = elem.size.and_then(|size| size.checked_mul((*len).max(0)));
                Layout { size, align: elem.align }
            }
            Type::Struct(st) if st.fields.is_empty() => {
                let align = if s.is_align64(t) { WORD } else { 1 };
                Layout { size: Some(0), align }
            }
            Type::Struct(st) => {
                let aligns = st.fields.iter().map(|&f| self.layout(s.obj_type(f)).align);
                let align = aligns.max().unwrap_or(1);
                let end = self.offsets(&st.fields).map(|(_, end)| end);
                Layout { size: end.and_then(|end| aligned(end, align)), align }
            }
            _ => Layout { size: Some(WORD), align: WORD },
        }
    }

    /// Where fields are, and where the last one ends: one byte further if it has no size, lest a pointer to it point
    /// outside.
    fn offsets(&mut self, fields: &[ObjId]) -> Option<(Vec<i64>, i64)> {
        let mut offsets = Vec::with_capacity(fields.len());
        let mut end = 0i64;
        for (i, &field) in fields.iter().enumerate() {
            let layout = self.layout(self.store.obj_type(field));
            let at = aligned(end, layout.align)?;
            offsets.push(at);
            let is_last = i + 1 == fields.len();
            let size = match layout.size? {
                0 if is_last && at > 0 => 1,
                size => size,
            };
            end = at.checked_add(size)?;
        }
        Some((offsets, end))
    }
}

fn basic(b: &Basic) -> Layout {
    let size = match b.kind {
        BasicKind::Bool | BasicKind::Int8 | BasicKind::Uint8 => 1,
        BasicKind::Int16 | BasicKind::Uint16 => 2,
        BasicKind::Int32 | BasicKind::Uint32 | BasicKind::Float32 => 4,
        BasicKind::Complex128 | BasicKind::String => 16,
        _ => 8,
    };
    let align = match b.info {
        info if info & info::STRING != 0 => WORD,
        info if info & info::COMPLEX != 0 => size / 2,
        _ => size.clamp(1, WORD),
    };
    Layout { size: Some(size), align }
}

/// Runs `f` with room on the stack: types nest as deep as the source says.
pub(crate) fn with_stack<R>(f: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(96 * 1024, 2 * 1024 * 1024, f)
}

fn aligned(x: i64, align: i64) -> Option<i64> {
    Some(x.checked_add(align - 1)? & !(align - 1))
}
