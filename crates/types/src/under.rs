//! Underlying types, type sets of operands, and common underlying types
//! (spec: Underlying types, Type parameter declarations, Core operations).

use crate::ids::{ObjId, TypeId};
use crate::store::Store;
use crate::types::{ChanDir, Term, Type, TypeParam, load, save};
use crate::typeset::Terms;
use crate::universe::typ;
use smallvec::{SmallVec, smallvec};

/// The types an operand of some type can have: the type itself, or for a type
/// parameter each term, with its underlying type. One pair of `None`s stands
/// for a type parameter without specific types.
pub type UnderSet = SmallVec<[(Option<TypeId>, Option<TypeId>); 1]>;

/// Why the types of a type set have no common underlying type.
#[derive(Clone, Copy, Debug)]
pub enum NoCommon {
    /// There are no specific types.
    NoSpecificType,
    /// Two channel types carry different elements.
    ChannelElements(TypeId, TypeId),
    /// Two channel types allow opposite directions only.
    ChannelDirections(TypeId, TypeId),
    /// Two types have different underlying types.
    Different(TypeId, TypeId),
}

impl Store {
    /// The type an alias stands for; other types are themselves.
    pub fn unalias(&self, mut t: TypeId) -> TypeId {
        let mut steps = 0;
        while let Type::Alias(a) = self.typ(t) {
            match load(&a.rhs) {
                Some(rhs) if steps < 1000 => t = rhs,
                _ => return typ::INVALID,
            }
            steps += 1;
        }
        t
    }

    /// The type parameters of a generic type or signature; empty for others.
    pub fn type_params(&self, t: TypeId) -> &[TypeId] {
        match self.typ(t) {
            Type::Named(n) => match &n.inst {
                Some(inst) => self.type_params(inst.origin),
                None => n.tparams.get().map_or(&[], |l| l),
            },
            Type::Alias(a) => match a.origin {
                Some(origin) => self.type_params(origin),
                None => a.tparams.get().map_or(&[], |l| l),
            },
            Type::Signature(s) => &s.tparams,
            _ => &[],
        }
    }

    /// The generic type of an instance; other types are themselves.
    pub fn origin(&self, t: TypeId) -> TypeId {
        match self.typ(t) {
            Type::Named(n) => n.inst.as_ref().map_or(t, |i| i.origin),
            Type::Alias(a) => a.origin.unwrap_or(t),
            _ => t,
        }
    }

    /// The right-hand side of a defined type's declaration, substituted for an
    /// instance; `None` while that is not known.
    pub(crate) fn named_rhs(&self, t: TypeId) -> Option<TypeId> {
        let Type::Named(n) = self.typ(t) else {
            return Some(t);
        };
        if let Some(rhs) = load(&n.rhs) {
            return Some(rhs);
        }
        let inst = n.inst.as_ref()?;
        let rhs = self.named_rhs(inst.origin)?;
        let tparams = self.type_params(inst.origin);
        let rhs = match (tparams.len() == inst.targs.len(), self.typ(inst.origin)) {
            (true, Type::Named(generic)) if !inst.outer.is_empty() => self.subst(
                rhs,
                &[&*generic.enclosing, tparams].concat(),
                &[&*inst.outer, &*inst.targs].concat(),
            ),
            (true, _) => self.subst(rhs, tparams, &inst.targs),
            (false, _) => typ::INVALID,
        };
        save(&n.rhs, rhs);
        Some(rhs)
    }

    /// The underlying type. Invalid while a declaration is not complete. The
    /// underlying type of a type parameter is its constraint interface.
    pub fn under(&self, t: TypeId) -> TypeId {
        match self.typ(t) {
            Type::Named(n) => load(&n.underlying).unwrap_or_else(|| self.resolve_under(t)),
            Type::Alias(_) => self.under(self.unalias(t)),
            Type::TypeParam(p) => self.constraint_interface(t, p),
            _ => t,
        }
    }

    fn resolve_under(&self, t: TypeId) -> TypeId {
        let mut path: SmallVec<[TypeId; 4]> = smallvec![];
        let mut at = t;
        let under = loop {
            at = self.unalias(at);
            let Type::Named(n) = self.typ(at) else {
                break at;
            };
            if let Some(known) = load(&n.underlying) {
                break known;
            }
            if path.contains(&at) || path.len() > 10_000 {
                return typ::INVALID;
            }
            path.push(at);
            match self.named_rhs(at) {
                Some(rhs) => at = rhs,
                None => return typ::INVALID,
            }
        };
        if under == typ::INVALID || matches!(self.typ(under), Type::TypeParam(_)) {
            return typ::INVALID;
        }
        for named in path {
            if let Type::Named(n) = self.typ(named) {
                save(&n.underlying, under);
            }
        }
        under
    }

    fn constraint_interface(&self, t: TypeId, p: &TypeParam) -> TypeId {
        if let Some(known) = load(&p.iface) {
            return known;
        }
        let bound = self.bound(t);
        let under = match self.typ(self.unalias(bound)) {
            Type::TypeParam(_) => return typ::EMPTY_INTERFACE,
            _ => self.under(bound),
        };
        let iface = match self.typ(under) {
            _ if under == typ::INVALID => return typ::EMPTY_INTERFACE,
            Type::Interface(_) => under,
            _ => self.interface(Vec::new(), vec![bound], true),
        };
        save(&p.iface, iface);
        iface
    }

    /// The terms of a type parameter's constraint; a single `None` if it has
    /// no specific types.
    pub fn terms_of(&self, tparam: TypeId) -> Vec<Option<Term>> {
        match &self.type_set(self.under(tparam)).terms {
            Terms::Listed(list) if !list.is_empty() => list.iter().copied().map(Some).collect(),
            _ => vec![None],
        }
    }

    /// The types an operand of type `t` can have.
    pub fn under_set(&self, t: TypeId) -> UnderSet {
        let t0 = self.unalias(t);
        if !matches!(self.typ(t0), Type::TypeParam(_)) {
            return smallvec![(Some(t), Some(self.under(t)))];
        }
        let pair = |term: Term| {
            let u = self.unalias(term.typ);
            (Some(term.typ), Some(if term.tilde { u } else { self.under(u) }))
        };
        self.terms_of(t0).into_iter().map(|term| term.map_or((None, None), pair)).collect()
    }

    /// The single underlying type that all types an operand can have share;
    /// channel types may differ in direction, the restricted one wins.
    pub fn common_under(&self, t: TypeId) -> Result<TypeId, NoCommon> {
        let mut common: Option<(TypeId, TypeId)> = None;
        for (t, u) in self.under_set(t) {
            let (Some(t), Some(u)) = (t, u) else {
                return Err(NoCommon::NoSpecificType);
            };
            let Some((ct, cu)) = common else {
                common = Some((t, u));
                continue;
            };
            if let (Type::Chan { dir: cdir, elem: celem }, Type::Chan { dir, elem }) =
                (self.typ(cu), self.typ(u))
            {
                if !self.identical(*celem, *elem) {
                    return Err(NoCommon::ChannelElements(ct, t));
                }
                match (cdir, dir) {
                    _ if cdir == dir => {}
                    (ChanDir::Both, _) => common = Some((t, u)),
                    (_, ChanDir::Both) => {}
                    _ => return Err(NoCommon::ChannelDirections(ct, t)),
                }
            } else if !self.identical(cu, u) {
                return Err(NoCommon::Different(ct, t));
            }
        }
        common.map(|(_, u)| u).ok_or(NoCommon::NoSpecificType)
    }

    /// The base of a pointer type, and whether `t` is one.
    pub(crate) fn deref(&self, t: TypeId) -> (TypeId, bool) {
        match self.typ(self.unalias(t)) {
            Type::Pointer(base) => (*base, true),
            _ => (t, false),
        }
    }

    /// The struct type a pointer leads to, or the type itself.
    pub(crate) fn deref_struct_ptr(&self, t: TypeId) -> TypeId {
        match self.typ(self.under(t)) {
            Type::Pointer(base) if self.as_struct(self.under(*base)).is_some() => *base,
            _ => t,
        }
    }

    /// A pointer to an array as that array; other types are themselves.
    pub(crate) fn array_ptr_deref(&self, t: TypeId) -> TypeId {
        match self.typ(self.unalias(t)) {
            Type::Pointer(base) => match self.under(*base) {
                array if matches!(self.typ(array), Type::Array { .. }) => array,
                _ => t,
            },
            _ => t,
        }
    }

    /// The declaring object of a defined type, alias or type parameter.
    pub fn type_obj(&self, t: TypeId) -> Option<ObjId> {
        match self.typ(t) {
            Type::Named(n) => Some(n.obj),
            Type::Alias(a) => Some(a.obj),
            Type::TypeParam(p) => Some(p.obj),
            _ => None,
        }
    }
}
