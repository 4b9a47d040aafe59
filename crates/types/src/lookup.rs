//! Fields and methods by name, through embedded fields (spec: Selectors).

use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::ObjKind;
use crate::store::Store;
use crate::types::Type;
use smallvec::SmallVec;
use trigo_syntax::{Symbol, sym};

/// A path of field and method indices; all but the last are embedded fields.
pub type Path = SmallVec<[u32; 4]>;

/// What a selector means.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// A field or method.
    Found {
        /// The field or method.
        obj: ObjId,
        /// How to reach it.
        path: Path,
        /// Whether a pointer is followed on the way.
        indirect: bool,
    },
    /// Several at the same depth.
    Ambiguous(Path),
    /// A method that needs an addressable or pointer operand.
    NeedsPointer,
    /// Nothing.
    Missing,
}

impl Lookup {
    /// The field or method, if it was found.
    pub fn obj(&self) -> Option<ObjId> {
        match self {
            Lookup::Found { obj, .. } => Some(*obj),
            _ => None,
        }
    }
}

struct Embedded {
    typ: TypeId,
    path: Path,
    indirect: bool,
    multiples: bool,
}

fn extended(path: &Path, i: usize) -> Path {
    let mut path = path.clone();
    path.push(i as u32);
    path
}

impl Store {
    /// What `x.name` means in package `pkg` for an `x` of type `t`.
    pub fn lookup(&self, t: TypeId, addressable: bool, pkg: Option<PkgId>, name: Symbol) -> Lookup {
        self.lookup_folded(t, addressable, pkg, name, false)
    }

    pub(crate) fn lookup_folded(
        &self,
        t: TypeId,
        addressable: bool,
        pkg: Option<PkgId>,
        name: Symbol,
        fold: bool,
    ) -> Lookup {
        // A defined pointer type has no methods, but the fields of its base.
        if self.as_named(t).is_some() {
            let under = self.under(t);
            if matches!(self.typ(under), Type::Pointer(_)) {
                let found = self.lookup_direct(under, false, pkg, name, fold);
                return match found.obj() {
                    Some(obj) if matches!(self.obj(obj).kind, ObjKind::Func(_)) => Lookup::Missing,
                    _ => found,
                };
            }
        }
        self.lookup_direct(t, addressable, pkg, name, fold)
    }

    /// Like [`Store::lookup`], without the rule for defined pointer types.
    pub(crate) fn lookup_direct(
        &self,
        t: TypeId,
        addressable: bool,
        pkg: Option<PkgId>,
        name: Symbol,
        fold: bool,
    ) -> Lookup {
        if name == sym::BLANK {
            return Lookup::Missing;
        }
        let (typ, is_ptr) = self.deref(t);
        if is_ptr && self.is_interface(typ) {
            return Lookup::Missing;
        }
        let mut current =
            vec![Embedded { typ, path: Path::new(), indirect: is_ptr, multiples: false }];
        let mut seen: SmallVec<[TypeId; 8]> = SmallVec::new();
        while !current.is_empty() {
            let mut next = Vec::new();
            let mut found: Option<(ObjId, Path, bool)> = None;
            for e in &current {
                let typ = self.unalias(e.typ);
                let mut hit = None;
                if let Type::Named(n) = self.typ(typ) {
                    if seen.iter().any(|&other| self.identical(other, typ)) {
                        continue;
                    }
                    seen.push(typ);
                    if let Some((i, m)) = self.find_method(typ, pkg, name, fold) {
                        hit = Some((i, self.named_method(n, typ, i, m)));
                    }
                }
                if hit.is_none() {
                    let under = self.under(typ);
                    match self.typ(under) {
                        Type::Struct(s) => {
                            for (i, &f) in s.fields.iter().enumerate() {
                                if self.matches_id(f, pkg, name, fold) {
                                    if found.is_some() || e.multiples || hit.is_some() {
                                        return Lookup::Ambiguous(extended(&e.path, i));
                                    }
                                    hit = Some((i, f));
                                    continue;
                                }
                                if found.is_none() && hit.is_none() && self.obj(f).is_embedded() {
                                    let (typ, is_ptr) = self.deref(self.obj_type(f));
                                    next.push(Embedded {
                                        typ,
                                        path: extended(&e.path, i),
                                        indirect: e.indirect || is_ptr,
                                        multiples: e.multiples,
                                    });
                                }
                            }
                        }
                        Type::Interface(_) => {
                            let methods = &self.type_set(under).methods;
                            hit = methods
                                .iter()
                                .position(|&m| self.matches_id(m, pkg, name, fold))
                                .map(|i| (i, methods[i]));
                        }
                        _ => {}
                    }
                }
                if let Some((i, obj)) = hit {
                    let path = extended(&e.path, i);
                    if found.is_some() || e.multiples {
                        return Lookup::Ambiguous(path);
                    }
                    found = Some((obj, path, e.indirect));
                }
            }
            if let Some((obj, path, indirect)) = found {
                if self.has_ptr_recv(obj) && !indirect && !addressable {
                    return Lookup::NeedsPointer;
                }
                return Lookup::Found { obj, path, indirect };
            }
            current = self.consolidate(next);
        }
        Lookup::Missing
    }

    /// The declared method of a defined type with a name, and its index.
    fn find_method(
        &self,
        typ: TypeId,
        pkg: Option<PkgId>,
        name: Symbol,
        fold: bool,
    ) -> Option<(usize, ObjId)> {
        let Type::Named(n) = self.typ(self.origin(typ)) else {
            return None;
        };
        if !(fold || self.is_exported(name) || self.same_pkg(self.obj(n.obj).pkg, pkg)) {
            return None;
        }
        let methods = n.methods.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        methods
            .iter()
            .position(|&m| match fold {
                true => crate::predicates::fold_eq(self.obj_name(m), self.text(name)),
                false => self.obj(m).name == name,
            })
            .map(|i| (i, methods[i]))
    }

    /// Merges embedded fields of the same type at one depth.
    fn consolidate(&self, list: Vec<Embedded>) -> Vec<Embedded> {
        if list.len() <= 1 {
            return list;
        }
        let mut out: Vec<Embedded> = Vec::with_capacity(list.len());
        for e in list {
            match out.iter_mut().find(|other| self.identical(other.typ, e.typ)) {
                Some(other) => other.multiples = true,
                None => out.push(e),
            }
        }
        out
    }

    /// The method set's method of an interface with a name seen from a package.
    pub(crate) fn interface_method(
        &self,
        iface: TypeId,
        pkg: Option<PkgId>,
        name: Symbol,
    ) -> Option<ObjId> {
        self.type_set(iface).methods.iter().copied().find(|&m| self.same_id(m, pkg, name))
    }
}
