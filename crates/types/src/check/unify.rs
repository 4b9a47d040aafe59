//! Type unification (spec: Type unification).
//!
//! Each bound type parameter has a slot for its type; joined parameters share
//! one. Inexact unification ignores names and channel directions at the top,
//! as assignment does.

use super::Checker;
use crate::ids::TypeId;
use crate::lookup::Lookup;
use crate::object::ObjKind;
use crate::types::{ChanDir, Type};

/// How closely two types must match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Exactness {
    /// As for an assignment: inexact at the top, exact for element types.
    assign: bool,
    /// Identity apart from bound type parameters.
    exact: bool,
}

impl Exactness {
    pub const INEXACT: Self = Self { assign: false, exact: false };
    pub const ASSIGN: Self = Self { assign: true, exact: false };
    pub const EXACT: Self = Self { assign: false, exact: true };
}

const DEPTH_LIMIT: usize = 50;

/// The state of one inference.
pub(super) struct Unifier {
    tparams: Vec<TypeId>,
    /// For each type parameter its slot.
    handles: Vec<usize>,
    slots: Vec<Option<TypeId>>,
    interface_inference: bool,
    depth: usize,
    pairs: Vec<(TypeId, TypeId)>,
}

impl Unifier {
    pub fn new(tparams: &[TypeId], targs: &[Option<TypeId>], interface_inference: bool) -> Self {
        Self {
            tparams: tparams.to_vec(),
            handles: (0..tparams.len()).collect(),
            slots: targs.to_vec(),
            interface_inference,
            depth: 0,
            pairs: Vec::new(),
        }
    }

    fn bound(&self, c: &Checker<'_>, t: TypeId) -> Option<usize> {
        let t = c.s.unalias(t);
        self.tparams.iter().position(|&p| p == t)
    }

    /// The type of a bound type parameter so far.
    pub fn at(&self, tparam: TypeId) -> Option<TypeId> {
        let i = self.tparams.iter().position(|&p| p == tparam)?;
        self.slots[self.handles[i]]
    }

    pub fn set(&mut self, tparam: TypeId, t: TypeId) {
        if let Some(i) = self.tparams.iter().position(|&p| p == tparam) {
            self.slots[self.handles[i]] = Some(t);
        }
    }

    pub fn unknowns(&self) -> usize {
        self.handles.iter().filter(|&&h| self.slots[h].is_none()).count()
    }

    pub fn inferred(&self, tparams: &[TypeId]) -> Vec<Option<TypeId>> {
        tparams.iter().map(|&p| self.at(p)).collect()
    }

    /// Makes two type parameters share a type; false if both have one.
    fn join(&mut self, x: usize, y: usize) -> bool {
        let (hx, hy) = (self.handles[x], self.handles[y]);
        if hx == hy {
            return true;
        }
        let (from, to) = match (self.slots[hx], self.slots[hy]) {
            (Some(_), Some(_)) => return false,
            (Some(_), None) => (hy, hx),
            _ => (hx, hy),
        };
        for h in &mut self.handles {
            if *h == from {
                *h = to;
            }
        }
        true
    }

    /// Finds types for the bound type parameters that make two types match.
    pub fn unify(&mut self, c: &mut Checker<'_>, x: TypeId, y: TypeId, mode: Exactness) -> bool {
        if self.depth > DEPTH_LIMIT {
            return false;
        }
        self.depth += 1;
        let result = self.nify(c, x, y, mode);
        self.depth -= 1;
        result
    }

    fn nify(&mut self, c: &mut Checker<'_>, x: TypeId, y: TypeId, mode: Exactness) -> bool {
        let s = c.s;
        let (mut x, mut y) = (x, y);
        if x == y || s.unalias(x) == s.unalias(y) {
            return true;
        }
        if s.as_named(x).is_some() || self.bound(c, y).is_some() {
            std::mem::swap(&mut x, &mut y);
        }
        let skip = self.interface_inference && s.is_interface(x);
        if !mode.exact && s.as_named(y).is_some() && s.is_type_lit(x) && !skip {
            y = s.under(y);
            if x == y || s.unalias(x) == s.unalias(y) {
                return true;
            }
        }
        match (self.bound(c, x), self.bound(c, y)) {
            (Some(px), Some(py)) => {
                if self.join(px, py) {
                    return true;
                }
                let (Some(x), Some(y)) =
                    (self.slots[self.handles[px]], self.slots[self.handles[py]])
                else {
                    return false;
                };
                return self.unify(c, x, y, mode);
            }
            (Some(px), None) => return self.unify_param(c, px, y, mode),
            _ => {}
        }
        if self.interface_inference && !mode.exact {
            let is_interface = |t| s.is_plain_interface(t);
            match (is_interface(x), is_interface(y)) {
                (true, true) => return self.unify_interfaces(c, x, y),
                (true, false) => return self.unify_methods(c, x, y),
                (false, true) => return self.unify_methods(c, y, x),
                _ => {}
            }
        }
        if s.is_type_param(y) {
            std::mem::swap(&mut x, &mut y);
        }
        self.structure(c, x, y, mode)
    }

    fn unify_param(&mut self, c: &mut Checker<'_>, px: usize, y: TypeId, mode: Exactness) -> bool {
        let s = c.s;
        let slot = self.handles[px];
        let Some(x) = self.slots[slot] else {
            self.slots[slot] = Some(y);
            return true;
        };
        if !self.unify(c, x, y, mode) {
            return false;
        }
        // Of two matching types keep the one that is closer to what was written.
        let (xi, yi) = (s.is_plain_interface(x), s.is_plain_interface(y));
        let (xn, yn) = (s.as_named(x).is_some(), s.as_named(y).is_some());
        if xi && yi {
            if xn && yn {
                return s.identical(x, y);
            }
            if s.type_set(s.under(x)).methods.len() != s.type_set(s.under(y)).methods.len() {
                return false;
            }
        } else if xi || yi {
            return false;
        }
        if !mode.exact && !xn {
            let directed =
                matches!(s.typ(s.under(y)), Type::Chan { dir, .. } if *dir != ChanDir::Both);
            if yn || directed {
                self.slots[self.handles[px]] = Some(y);
            }
        }
        true
    }

    /// Two interfaces match if the smaller's methods match the larger's.
    fn unify_interfaces(&mut self, c: &mut Checker<'_>, x: TypeId, y: TypeId) -> bool {
        let s = c.s;
        let (x, y) = (s.under(x), s.under(y));
        let (xset, yset) = (s.type_set(x), s.type_set(y));
        if xset.comparable != yset.comparable || !s.terms_equal(&xset.terms, &yset.terms) {
            return false;
        }
        if self.pairs.contains(&(x, y)) || self.pairs.contains(&(y, x)) {
            return true;
        }
        let (few, many) = match xset.methods.len() > yset.methods.len() {
            true => (&yset.methods, &xset.methods),
            false => (&xset.methods, &yset.methods),
        };
        self.pairs.push((x, y));
        let matched = few.iter().all(|&m| {
            let other = many.iter().find(|&&n| s.same_method(m, n));
            other.is_some_and(|&n| self.unify(c, s.obj_type(m), s.obj_type(n), Exactness::EXACT))
        });
        self.pairs.pop();
        matched
    }

    /// A type matches an interface if its methods match the interface's.
    fn unify_methods(&mut self, c: &mut Checker<'_>, iface: TypeId, t: TypeId) -> bool {
        let s = c.s;
        for &m in &s.type_set(s.under(iface)).methods {
            let o = s.obj(m);
            let Lookup::Found { obj, .. } = s.lookup(t, false, o.pkg, o.name) else {
                return false;
            };
            if !matches!(s.obj(obj).kind, ObjKind::Func(_)) {
                return false;
            }
            let ft = c.ensure_func(obj);
            let generic = s.as_signature(ft).is_some_and(|sig| !sig.tparams.is_empty());
            if generic || !self.unify(c, s.obj_type(m), ft, Exactness::EXACT) {
                return false;
            }
        }
        true
    }

    fn structure(&mut self, c: &mut Checker<'_>, x: TypeId, y: TypeId, mode: Exactness) -> bool {
        let s = c.s;
        let elem_mode = Exactness { exact: mode.exact || mode.assign, ..mode };
        let y_orig = y;
        let (x, y) = (s.unalias(x), s.unalias(y));
        match (s.typ(x), s.typ(y)) {
            (Type::Basic(a), Type::Basic(b)) => a.kind == b.kind,
            (Type::Array { len: a, elem: x }, Type::Array { len: b, elem: y }) => {
                (*a < 0 || *b < 0 || a == b) && self.unify(c, *x, *y, elem_mode)
            }
            (Type::Slice(x), Type::Slice(y)) | (Type::Pointer(x), Type::Pointer(y)) => {
                self.unify(c, *x, *y, elem_mode)
            }
            (Type::Map { key: k1, elem: e1 }, Type::Map { key: k2, elem: e2 }) => {
                self.unify(c, *k1, *k2, elem_mode) && self.unify(c, *e1, *e2, elem_mode)
            }
            (Type::Chan { dir: d1, elem: e1 }, Type::Chan { dir: d2, elem: e2 }) => {
                (!mode.exact || d1 == d2) && self.unify(c, *e1, *e2, elem_mode)
            }
            (Type::Struct(a), Type::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).enumerate().all(|(i, (&f, &g))| {
                        let (fo, go) = (s.obj(f), s.obj(g));
                        fo.is_embedded() == go.is_embedded()
                            && a.tag(i) == b.tag(i)
                            && s.same_id(f, go.pkg, go.name)
                            && self.unify(c, s.obj_type(f), s.obj_type(g), elem_mode)
                    })
            }
            (Type::Tuple(a), Type::Tuple(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(&v, &w)| self.unify(c, s.obj_type(v), s.obj_type(w), mode))
            }
            (Type::Signature(a), Type::Signature(b)) => {
                a.variadic == b.variadic
                    && self.unify(c, a.params, b.params, elem_mode)
                    && self.unify(c, a.results, b.results, elem_mode)
            }
            (Type::Interface(_), Type::Interface(_)) => {
                let (a, b) = (s.type_set(x), s.type_set(y));
                a.methods.len() == b.methods.len() && self.unify_interfaces(c, x, y)
            }
            (Type::Named(a), Type::Named(b)) => {
                let (xs, ys) = (a.targs(), b.targs());
                a.obj == b.obj
                    && xs.len() == ys.len()
                    && xs.iter().zip(ys).all(|(&x, &y)| self.unify(c, x, y, mode))
            }
            (Type::TypeParam(_), _) => match s.common_under(x) {
                Ok(core) => self.unify(c, core, y_orig, Exactness::ASSIGN),
                Err(_) => false,
            },
            _ => false,
        }
    }
}
