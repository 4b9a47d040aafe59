//! Sizes, alignments and field offsets in bytes, as Go's compiler lays types
//! out on linux/amd64.

use crate::ids::TypeId;
use crate::store::Store;
use crate::types::{BasicKind, Type, info};

const WORD: i64 = 8;

impl Store {
    /// The alignment of a type's variables.
    pub fn align_of(&self, t: TypeId) -> i64 {
        with_stack(|| self.alignment(t))
    }

    fn alignment(&self, t: TypeId) -> i64 {
        match self.typ(self.under(t)) {
            Type::Array { elem, .. } => self.align_of(*elem),
            Type::Struct(s) if s.fields.is_empty() && self.is_align64(t) => 8,
            Type::Struct(s) => {
                s.fields.iter().map(|&f| self.align_of(self.obj_type(f))).max().unwrap_or(1)
            }
            Type::Slice(_) | Type::Interface(_) => WORD,
            Type::Basic(b) if b.info & info::STRING != 0 => WORD,
            Type::Basic(b) if b.info & info::COMPLEX != 0 => self.size_of(t).unwrap_or(WORD) / 2,
            _ => self.size_of(t).unwrap_or(WORD).clamp(1, WORD),
        }
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

    /// The size of a type's variables, or `None` if it passes the address space.
    pub fn size_of(&self, t: TypeId) -> Option<i64> {
        with_stack(|| self.size(t))
    }

    fn size(&self, t: TypeId) -> Option<i64> {
        Some(match self.typ(self.under(t)) {
            Type::Basic(b) => match b.kind {
                BasicKind::Bool | BasicKind::Int8 | BasicKind::Uint8 => 1,
                BasicKind::Int16 | BasicKind::Uint16 => 2,
                BasicKind::Int32 | BasicKind::Uint32 | BasicKind::Float32 => 4,
                BasicKind::Complex128 | BasicKind::String => 16,
                _ => 8,
            },
            Type::Array { len, elem } => {
                let elem = self.size_of(*elem)?;
                elem.checked_mul((*len).max(0))?
            }
            Type::Slice(_) => 3 * WORD,
            Type::Interface(_) => 2 * WORD,
            Type::Struct(s) => {
                let offsets = self.offsets(t)?;
                let (Some(&last), Some(&offset)) = (s.fields.last(), offsets.last()) else {
                    return Some(0);
                };
                let mut size = self.size_of(self.obj_type(last))?;
                // A pointer to a last field without size must stay inside.
                if offset > 0 && size == 0 {
                    size = 1;
                }
                aligned(offset.checked_add(size)?, self.align_of(t))?
            }
            _ => WORD,
        })
    }

    /// The offsets of a struct type's fields.
    pub fn offsets(&self, t: TypeId) -> Option<Vec<i64>> {
        let fields = &self.as_struct(self.under(t))?.fields;
        let mut offsets = Vec::with_capacity(fields.len());
        let mut at = 0;
        for (i, &f) in fields.iter().enumerate() {
            let ft = self.obj_type(f);
            at = aligned(at, self.align_of(ft))?;
            offsets.push(at);
            if i + 1 < fields.len() {
                at = i64::checked_add(at, self.size_of(ft)?)?;
            }
        }
        Some(offsets)
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
}

/// Runs `f` with room on the stack: types nest as deep as the source says.
pub(crate) fn with_stack<R>(f: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(96 * 1024, 2 * 1024 * 1024, f)
}

fn aligned(x: i64, align: i64) -> Option<i64> {
    Some(x.checked_add(align - 1)? & !(align - 1))
}
