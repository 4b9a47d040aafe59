//! Simple questions about types.

use crate::ids::{ObjId, PkgId, TypeId};
use crate::sizes::with_stack;
use crate::store::Store;
use crate::types::{Basic, BasicKind, Type, info, load};
use crate::typeset::Terms;
use crate::universe::typ;
use trigo_syntax::Symbol;

/// Why a type's values cannot be compared.
#[derive(Clone, Copy, Debug)]
pub enum Incomparable {
    /// Its kind says so.
    Kind,
    /// A struct has a field of this type.
    Field(TypeId),
    /// An array of incomparable elements.
    Array(TypeId),
    /// A type parameter without types.
    EmptyTypeSet,
    /// A type parameter with incomparable types.
    TypeSet,
}

impl Store {
    /// Whether a type is known. An alias that is still being declared counts as known.
    pub fn is_valid(&self, mut t: TypeId) -> bool {
        while let Type::Alias(a) = self.typ(t) {
            match load(&a.rhs) {
                Some(rhs) => t = rhs,
                None => return true,
            }
        }
        t != typ::INVALID
    }

    /// The basic type a type is defined as.
    pub fn basic(&self, t: TypeId) -> Option<&Basic> {
        match self.typ(self.under(t)) {
            Type::Basic(b) => Some(b),
            _ => None,
        }
    }

    /// The kind of the basic type a type is defined as.
    pub(crate) fn basic_kind(&self, t: TypeId) -> Option<BasicKind> {
        self.basic(t).map(|b| b.kind)
    }

    /// Whether the underlying type is basic with one of some properties. A
    /// type parameter is not.
    pub fn is_basic(&self, t: TypeId, properties: u8) -> bool {
        self.basic(t).is_some_and(|b| b.info & properties != 0)
    }

    /// Like [`Store::is_basic`], but for a type parameter whether all its types are.
    pub fn all_basic(&self, t: TypeId, properties: u8) -> bool {
        if !self.is_type_param(t) {
            return self.is_basic(t, properties);
        }
        self.terms_of(self.unalias(t))
            .iter()
            .all(|term| term.is_some_and(|x| self.is_basic(x.typ, properties)))
    }

    pub(crate) fn is_boolean(&self, t: TypeId) -> bool {
        self.is_basic(t, info::BOOLEAN)
    }

    pub(crate) fn is_integer(&self, t: TypeId) -> bool {
        self.is_basic(t, info::INTEGER)
    }

    pub(crate) fn is_numeric(&self, t: TypeId) -> bool {
        self.is_basic(t, info::NUMERIC)
    }

    pub(crate) fn is_string(&self, t: TypeId) -> bool {
        self.is_basic(t, info::STRING)
    }

    /// Whether constants can have the type.
    pub(crate) fn is_const_type(&self, t: TypeId) -> bool {
        self.is_basic(t, info::CONST)
    }

    /// Whether a type is that of an untyped constant or of nil.
    pub fn is_untyped(&self, t: TypeId) -> bool {
        matches!(self.typ(t), Type::Basic(b) if b.info & info::UNTYPED != 0)
    }

    pub(crate) fn is_untyped_numeric(&self, t: TypeId) -> bool {
        self.is_untyped(t) && self.is_numeric(t)
    }

    /// Whether a type is a type parameter.
    pub fn is_type_param(&self, t: TypeId) -> bool {
        matches!(self.typ(self.unalias(t)), Type::TypeParam(_))
    }

    /// Whether the underlying type is an interface; true for type parameters.
    pub fn is_interface(&self, t: TypeId) -> bool {
        matches!(self.typ(self.under(t)), Type::Interface(_))
    }

    /// Whether a type is an interface and no type parameter.
    pub fn is_plain_interface(&self, t: TypeId) -> bool {
        !self.is_type_param(t) && self.is_interface(t)
    }

    pub(crate) fn is_pointer(&self, t: TypeId) -> bool {
        matches!(self.typ(self.under(t)), Type::Pointer(_))
    }

    /// Whether a type has a name: predeclared, defined, or a type parameter.
    pub(crate) fn has_name(&self, t: TypeId) -> bool {
        matches!(self.typ(self.unalias(t)), Type::Basic(_) | Type::Named(_) | Type::TypeParam(_))
    }

    pub(crate) fn is_type_lit(&self, t: TypeId) -> bool {
        !matches!(self.typ(self.unalias(t)), Type::Named(_) | Type::TypeParam(_))
    }

    /// Whether a type must be instantiated before use.
    pub fn is_generic(&self, t: TypeId) -> bool {
        match self.typ(t) {
            Type::Alias(a)
                if a.origin.is_none() && a.tparams.get().is_some_and(|l| !l.is_empty()) =>
            {
                true
            }
            _ => match self.typ(self.unalias(t)) {
                Type::Named(n) => {
                    n.inst.is_none() && n.tparams.get().is_some_and(|l| !l.is_empty())
                }
                _ => false,
            },
        }
    }

    /// Whether `==` works on values of the type; comparing interfaces may panic.
    pub fn is_comparable(&self, t: TypeId) -> bool {
        self.comparable_type(t, true).is_ok()
    }

    /// Whether values can be compared; with `dynamic`, also interfaces whose
    /// values may turn out incomparable.
    pub fn comparable_type(&self, t: TypeId, dynamic: bool) -> Result<(), Incomparable> {
        self.comparable_seen(t, dynamic, &mut Vec::new())
    }

    fn comparable_seen(
        &self,
        t: TypeId,
        dynamic: bool,
        seen: &mut Vec<TypeId>,
    ) -> Result<(), Incomparable> {
        if seen.contains(&t) {
            return Ok(());
        }
        seen.push(t);
        with_stack(|| self.comparable_parts(t, dynamic, seen))
    }

    fn comparable_parts(
        &self,
        t: TypeId,
        dynamic: bool,
        seen: &mut Vec<TypeId>,
    ) -> Result<(), Incomparable> {
        let under = self.under(t);
        match self.typ(under) {
            Type::Basic(b) if b.kind == BasicKind::UntypedNil => Err(Incomparable::Kind),
            Type::Basic(_) | Type::Pointer(_) | Type::Chan { .. } => Ok(()),
            Type::Struct(s) => {
                for &f in &s.fields {
                    let ft = self.obj_type(f);
                    self.comparable_seen(ft, dynamic, seen).map_err(|_| Incomparable::Field(ft))?;
                }
                Ok(())
            }
            Type::Array { elem, .. } => {
                self.comparable_seen(*elem, dynamic, seen).map_err(|_| Incomparable::Array(t))
            }
            Type::Interface(_) if dynamic && !self.is_type_param(t) => Ok(()),
            Type::Interface(_) => {
                let set = self.type_set(under);
                let comparable = match &set.terms {
                    Terms::All => set.comparable,
                    Terms::Listed(list) => {
                        !list.is_empty()
                            && list.iter().all(|x| self.comparable_seen(x.typ, false, seen).is_ok())
                    }
                };
                match comparable {
                    true => Ok(()),
                    false if set.is_empty() => Err(Incomparable::EmptyTypeSet),
                    false => Err(Incomparable::TypeSet),
                }
            }
            _ => Err(Incomparable::Kind),
        }
    }

    /// Whether an interface demands comparable types.
    pub(crate) fn set_is_comparable(&self, iface: TypeId) -> bool {
        let set = self.type_set(iface);
        match &set.terms {
            Terms::All => set.comparable,
            Terms::Listed(list) => {
                !list.is_empty() && list.iter().all(|x| self.comparable_type(x.typ, false).is_ok())
            }
        }
    }

    /// Whether nil is a value of the type.
    pub fn has_nil(&self, t: TypeId) -> bool {
        match self.typ(self.under(t)) {
            Type::Basic(b) => b.kind == BasicKind::UnsafePointer,
            Type::Slice(_)
            | Type::Pointer(_)
            | Type::Signature(_)
            | Type::Map { .. }
            | Type::Chan { .. } => true,
            Type::Interface(_) if self.is_type_param(t) => {
                self.under_set(t).iter().all(|(_, u)| u.is_some_and(|u| self.has_nil(u)))
            }
            Type::Interface(_) => true,
            _ => false,
        }
    }

    /// The type a constant or value of untyped type takes by default.
    pub fn default_type(&self, t: TypeId) -> TypeId {
        match t {
            typ::UNTYPED_BOOL => typ::BOOL,
            typ::UNTYPED_INT => typ::INT,
            typ::UNTYPED_RUNE => typ::RUNE,
            typ::UNTYPED_FLOAT => typ::FLOAT64,
            typ::UNTYPED_COMPLEX => typ::COMPLEX128,
            typ::UNTYPED_STRING => typ::STRING,
            _ => t,
        }
    }

    /// The larger of two untyped types, if they go together.
    pub(crate) fn max_untyped(&self, x: TypeId, y: TypeId) -> Option<TypeId> {
        if x == y {
            return Some(x);
        }
        (self.is_untyped_numeric(x) && self.is_untyped_numeric(y)).then(|| x.max(y))
    }

    /// Whether an object is the one that `name` in package `pkg` means.
    pub(crate) fn same_id(&self, obj: ObjId, pkg: Option<PkgId>, name: Symbol) -> bool {
        let o = self.obj(obj);
        o.name == name && (o.pkg == pkg || self.is_exported(name) || self.same_pkg(o.pkg, pkg))
    }

    pub(crate) fn same_pkg(&self, a: Option<PkgId>, b: Option<PkgId>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a == b || self.pkg(a).path == self.pkg(b).path,
            _ => a == b,
        }
    }

    /// Like [`Store::same_id`], or with letter case ignored.
    pub(crate) fn matches_id(
        &self,
        obj: ObjId,
        pkg: Option<PkgId>,
        name: Symbol,
        fold_case: bool,
    ) -> bool {
        if fold_case {
            return fold_eq(self.obj_name(obj), self.text(name));
        }
        self.same_id(obj, pkg, name)
    }

    pub(crate) fn is_interface_ptr(&self, t: TypeId) -> bool {
        matches!(self.typ(self.under(t)), Type::Pointer(base) if self.is_interface(*base))
    }

    pub(crate) fn is_bytes_or_runes(&self, t: TypeId) -> bool {
        match self.typ(self.under(t)) {
            Type::Slice(elem) => {
                matches!(self.basic_kind(*elem), Some(BasicKind::Uint8 | BasicKind::Int32))
            }
            _ => false,
        }
    }

    /// The word for the kind of a composite type; empty for basic types.
    pub(crate) fn composite_kind(&self, t: TypeId) -> &'static str {
        match self.typ(self.under(t)) {
            Type::Array { .. } => "array",
            Type::Slice(_) => "slice",
            Type::Struct(_) => "struct",
            Type::Pointer(_) => "pointer",
            Type::Signature(_) => "func",
            Type::Interface(_) => "interface",
            Type::Map { .. } => "map",
            Type::Chan { .. } => "chan",
            Type::Tuple(_) => "tuple",
            Type::Union(_) => "union",
            _ => "",
        }
    }
}

/// Whether two names are equal apart from letter case.
pub(crate) fn fold_eq(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.eq_ignore_ascii_case(b)
        || !a.is_ascii() && a.to_lowercase() == b.to_lowercase()
}
