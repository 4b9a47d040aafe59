//! How values of a type are compared and hashed, and the names of the functions that do it.
//!
//! A type's descriptor names an equality function `func(p, q unsafe.Pointer) bool`; a map's descriptor names a hash
//! function `func(p unsafe.Pointer, h uintptr) uintptr` for its keys. Types whose values are equal exactly if their bytes
//! are share one of each per size. Follows `cmd/compile/internal/compare` and `reflectdata/alg.go`.

use crate::program::Context;
use crate::sym::Sym;
use crate::type_string::Style;
use crate::types::{Basic, Field, Shape, TypeId};

/// How values of a type are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alg {
    /// They cannot be.
    None,
    /// By their bytes, of this number.
    Memory(u64),
    /// As strings.
    String,
    /// As interface values with methods.
    Interface,
    /// As interface values without methods.
    EmptyInterface,
    /// As floats of 4 bytes.
    Float32,
    /// As floats of 8 bytes.
    Float64,
    /// As pairs of floats of 4 bytes.
    Complex64,
    /// As pairs of floats of 8 bytes.
    Complex128,
    /// Part by part: arrays and structs.
    Parts,
}

impl Context {
    /// How values of a type are compared.
    pub fn alg(&self, ty: TypeId) -> Alg {
        match self.types.shape(ty) {
            Shape::Basic(basic) => match basic {
                Basic::String => Alg::String,
                Basic::Float32 => Alg::Float32,
                Basic::Float64 => Alg::Float64,
                Basic::Complex64 => Alg::Complex64,
                Basic::Complex128 => Alg::Complex128,
                _ => Alg::Memory(self.types.size(ty)),
            },
            Shape::Pointer(_) | Shape::Chan { .. } => Alg::Memory(8),
            Shape::Slice(_) | Shape::Map { .. } | Shape::Func { .. } => Alg::None,
            Shape::Interface(methods) if methods.is_empty() => Alg::EmptyInterface,
            Shape::Interface(_) => Alg::Interface,
            Shape::Array { len, elem } => match (len, self.alg(*elem)) {
                (_, Alg::None) => Alg::None,
                (0, _) => Alg::Memory(0),
                (1, alg) => alg,
                (len, Alg::Memory(size)) => Alg::Memory(len * size),
                _ => Alg::Parts,
            },
            Shape::Struct(fields) => self.struct_alg(ty, fields),
        }
    }

    fn struct_alg(&self, ty: TypeId, fields: &[Field]) -> Alg {
        let layout = self.types.layout(ty);
        let mut end = 0;
        let mut by_bytes = true;
        for (field, &offset) in fields.iter().zip(&layout.fields) {
            let alg = self.alg(field.ty);
            match alg {
                Alg::None => return Alg::None,
                _ if fields.len() == 1 && !self.is_blank(field) => return alg,
                Alg::Memory(_) => by_bytes &= !self.is_blank(field) && offset == end,
                _ => by_bytes = false,
            }
            end = offset + self.types.size(field.ty);
        }
        match by_bytes && end == layout.size {
            true => Alg::Memory(layout.size),
            false => Alg::Parts,
        }
    }

    /// Whether a field takes no part in comparisons.
    pub fn is_blank(&self, field: &Field) -> bool {
        self.syms.text(field.name) == "_"
    }
}

impl Context {
    /// The link name of a type's equality function; none if its values cannot be compared.
    pub fn equal_sym(&self, ty: TypeId) -> Option<Sym> {
        self.alg_sym("eq", ty)
    }

    /// The link name of a type's hash function; none if its values cannot be compared.
    pub fn hash_sym(&self, ty: TypeId) -> Option<Sym> {
        self.alg_sym("hash", ty)
    }

    fn alg_sym(&self, what: &str, ty: TypeId) -> Option<Sym> {
        let own;
        let text = match self.alg(ty) {
            Alg::None => return None,
            Alg::Memory(size) => return Some(self.syms.intern(&format!("type:.{what}func{size}"))),
            Alg::String => "string",
            Alg::Interface => "interface",
            Alg::EmptyInterface => "any",
            Alg::Float32 => "float32",
            Alg::Float64 => "float64",
            Alg::Complex64 => "complex64",
            Alg::Complex128 => "complex128",
            Alg::Parts => {
                own = self.types.string(&self.syms, ty, Style::Link);
                &own
            }
        };
        Some(self.syms.intern(&format!("type:.{what}.{text}")))
    }
}
