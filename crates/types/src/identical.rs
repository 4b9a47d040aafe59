//! Type identity (spec: Type identity).

use crate::ids::TypeId;
use crate::sizes::with_stack;
use crate::store::Store;
use crate::types::Type;

/// Compares types. Interfaces under comparison are remembered, because their
/// methods may mention them again.
struct Comparer<'s> {
    store: &'s Store,
    ignore_tags: bool,
    pairs: Vec<(TypeId, TypeId)>,
}

impl Store {
    /// Whether two types are identical.
    pub fn identical(&self, x: TypeId, y: TypeId) -> bool {
        x == y || Comparer { store: self, ignore_tags: false, pairs: Vec::new() }.identical(x, y)
    }

    /// Whether two types are identical apart from struct tags.
    pub fn identical_ignore_tags(&self, x: TypeId, y: TypeId) -> bool {
        x == y || Comparer { store: self, ignore_tags: true, pairs: Vec::new() }.identical(x, y)
    }
}

impl Comparer<'_> {
    fn identical(&mut self, x: TypeId, y: TypeId) -> bool {
        with_stack(|| self.same(x, y))
    }

    fn same(&mut self, x: TypeId, y: TypeId) -> bool {
        let s = self.store;
        let (x, y) = (s.unalias(x), s.unalias(y));
        if x == y {
            return true;
        }
        match (s.typ(x), s.typ(y)) {
            (Type::Basic(a), Type::Basic(b)) => a.kind == b.kind,
            (Type::Array { len: a, elem: x }, Type::Array { len: b, elem: y }) => {
                (*a < 0 || *b < 0 || a == b) && self.identical(*x, *y)
            }
            (Type::Slice(x), Type::Slice(y)) | (Type::Pointer(x), Type::Pointer(y)) => {
                self.identical(*x, *y)
            }
            (Type::Map { key: k1, elem: e1 }, Type::Map { key: k2, elem: e2 }) => {
                self.identical(*k1, *k2) && self.identical(*e1, *e2)
            }
            (Type::Chan { dir: d1, elem: e1 }, Type::Chan { dir: d2, elem: e2 }) => {
                d1 == d2 && self.identical(*e1, *e2)
            }
            (Type::Struct(a), Type::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).enumerate().all(|(i, (&f, &g))| {
                        let (fo, go) = (s.obj(f), s.obj(g));
                        fo.is_embedded() == go.is_embedded()
                            && (self.ignore_tags || a.tag(i) == b.tag(i))
                            && s.same_id(f, go.pkg, go.name)
                            && self.identical(s.obj_type(f), s.obj_type(g))
                    })
            }
            (Type::Tuple(a), Type::Tuple(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(&v, &w)| self.identical(s.obj_type(v), s.obj_type(w)))
            }
            (Type::Signature(_), Type::Signature(_)) => self.signatures(x, y),
            (Type::Union(a), Type::Union(b)) => match (s.union_terms(a), s.union_terms(b)) {
                (Some(a), Some(b)) => s.terms_equal(&a, &b),
                _ => false,
            },
            (Type::Interface(_), Type::Interface(_)) => self.interfaces(x, y),
            (Type::Named(a), Type::Named(b)) => {
                let all = |xs: &[TypeId], ys: &[TypeId]| {
                    xs.len() == ys.len() && xs.iter().zip(ys).all(|(&x, &y)| s.identical(x, y))
                };
                a.obj == b.obj && all(a.targs(), b.targs()) && all(a.outer(), b.outer())
            }
            _ => false,
        }
    }

    fn signatures(&mut self, x: TypeId, y: TypeId) -> bool {
        let s = self.store;
        let (Some(a), Some(b)) = (s.as_signature(x), s.as_signature(y)) else {
            return false;
        };
        if a.variadic != b.variadic || a.tparams.len() != b.tparams.len() {
            return false;
        }
        let (mut params, mut results) = (b.params, b.results);
        if !a.tparams.is_empty() {
            for (&p, &q) in a.tparams.iter().zip(&b.tparams) {
                let bound = s.subst(s.bound(q), &b.tparams, &a.tparams);
                if !self.identical(s.bound(p), bound) {
                    return false;
                }
            }
            params = s.subst(params, &b.tparams, &a.tparams);
            results = s.subst(results, &b.tparams, &a.tparams);
        }
        self.identical(a.params, params) && self.identical(a.results, results)
    }

    fn interfaces(&mut self, x: TypeId, y: TypeId) -> bool {
        let s = self.store;
        let (a, b) = (s.type_set(x), s.type_set(y));
        if a.comparable != b.comparable
            || a.methods.len() != b.methods.len()
            || !s.terms_equal(&a.terms, &b.terms)
        {
            return false;
        }
        if self.pairs.contains(&(x, y)) || self.pairs.contains(&(y, x)) {
            return true;
        }
        self.pairs.push((x, y));
        let same =
            a.methods.iter().zip(&b.methods).all(|(&f, &g)| {
                s.same_method(f, g) && self.identical(s.obj_type(f), s.obj_type(g))
            });
        self.pairs.pop();
        same
    }
}
