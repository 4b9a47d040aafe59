//! Substitution of type arguments for type parameters, and instances.

use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{Func, ObjKind, Object, Var};
use crate::sizes::with_stack;
use crate::store::Store;
use crate::types::{Instance, Named, Signature, Struct, Term, Type, load};
use crate::universe::typ;
use smallvec::SmallVec;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

struct Subster<'s> {
    store: &'s Store,
    map: SmallVec<[(TypeId, TypeId); 4]>,
}

impl Store {
    /// The type with `targs` in the place of `tparams`; the same id if nothing changes.
    pub fn subst(&self, t: TypeId, tparams: &[TypeId], targs: &[TypeId]) -> TypeId {
        if tparams.is_empty() {
            return t;
        }
        let map = tparams.iter().copied().zip(targs.iter().copied()).collect();
        Subster { store: self, map }.typ(t)
    }

    /// Like [`Store::subst`], leaving parameters without an argument alone.
    pub(crate) fn subst_partial(
        &self,
        t: TypeId,
        tparams: &[TypeId],
        targs: &[Option<TypeId>],
    ) -> TypeId {
        let map: SmallVec<[_; 4]> =
            tparams.iter().zip(targs).filter_map(|(&p, a)| a.map(|a| (p, a))).collect();
        if map.is_empty() { t } else { Subster { store: self, map }.typ(t) }
    }

    /// A generic function's signature with its type arguments filled in.
    pub fn instantiate_signature(&self, sig: TypeId, targs: &[TypeId]) -> TypeId {
        let Some(s) = self.as_signature(sig) else {
            return sig;
        };
        let mut s = s.clone();
        let tparams = std::mem::take(&mut s.tparams);
        s.params = self.subst(s.params, &tparams, targs);
        s.results = self.subst(s.results, &tparams, targs);
        self.signature(s)
    }

    /// An instance of a generic alias.
    pub(crate) fn alias_instance(&self, origin: TypeId, targs: &[TypeId]) -> TypeId {
        let Type::Alias(a) = self.typ(origin) else {
            return typ::INVALID;
        };
        let rhs = self.subst(load(&a.rhs).unwrap_or(typ::INVALID), self.type_params(origin), targs);
        let alias = self.new_alias(a.obj, Some(origin), targs.into(), &a.enclosing);
        self.set_rhs(alias, rhs);
        alias
    }

    /// A variable like `v` with another type.
    pub(crate) fn clone_var(&self, v: ObjId, t: TypeId) -> ObjId {
        let o = self.obj(v);
        let Some(var) = o.as_var() else { return v };
        let kind =
            Var { kind: var.kind, embedded: var.embedded, origin: Some(var.origin.unwrap_or(v)) };
        self.new_object(Object::new(ObjKind::Var(kind), o.pos, o.pkg, o.name, Some(t)))
    }

    fn clone_func(&self, f: ObjId, t: TypeId) -> ObjId {
        let o = self.obj(f);
        let Some(func) = o.as_func() else { return f };
        let kind = Func {
            origin: Some(func.origin.unwrap_or(f)),
            instance: func.instance,
            in_interface: func.in_interface,
            ptr_recv: AtomicBool::new(func.ptr_recv.load(Ordering::Relaxed)),
        };
        self.new_object(Object::new(ObjKind::Func(kind), o.pos, o.pkg, o.name, Some(t)))
    }

    /// The methods declared on a defined type's generic or plain form.
    pub fn declared_methods(&self, named: TypeId) -> Vec<ObjId> {
        match self.typ(self.origin(named)) {
            Type::Named(n) => n.methods.read().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => Vec::new(),
        }
    }

    /// The functions that a package declares, and the methods of its types.
    pub(crate) fn functions(&self, pkg: PkgId) -> Vec<ObjId> {
        let mut functions = Vec::new();
        for (_, obj) in self.pkg(pkg).objects() {
            match (&self.obj(obj).kind, self.typ(self.obj_type(obj))) {
                (ObjKind::Func(_), _) => functions.push(obj),
                (ObjKind::TypeName, Type::Named(n)) if n.obj == obj => {
                    functions.extend(self.declared_methods(self.obj_type(obj)));
                }
                _ => {}
            }
        }
        functions
    }

    /// The method at `index` of a defined type, made for the instance if it is one.
    pub(crate) fn named_method(
        &self,
        n: &Named,
        t: TypeId,
        index: usize,
        declared: ObjId,
    ) -> ObjId {
        let Some(inst) = &n.inst else { return declared };
        let find = |list: &[(u32, ObjId)]| {
            list.iter().find(|(i, _)| *i as usize == index).map(|(_, m)| *m)
        };
        if let Some(m) = find(&inst.methods.read().unwrap_or_else(PoisonError::into_inner)) {
            return m;
        }
        let mut list = inst.methods.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(m) = find(&list) {
            return m;
        }
        let o = self.obj(declared);
        let kind = Func {
            origin: Some(declared),
            instance: Some(t),
            in_interface: false,
            ptr_recv: AtomicBool::new(false),
        };
        let m = self.new_object(Object::new(ObjKind::Func(kind), o.pos, o.pkg, o.name, None));
        list.push((index as u32, m));
        m
    }

    /// A function's type; for an instance's method it is made on first use.
    /// `None` if the declaration was not checked yet.
    pub fn func_type(&self, f: ObjId) -> Option<TypeId> {
        let o = self.obj(f);
        if let Some(t) = o.typ() {
            return Some(t);
        }
        let func = o.as_func()?;
        let (origin, instance) = (func.origin?, func.instance?);
        let old = self.obj(origin).typ()?;
        // The stand-in for a method whose signature is being checked.
        if self.as_signature(old)?.recv.is_none() {
            return Some(old);
        }
        let sig = self.expand_method(origin, old, instance)?;
        o.set_typ(sig);
        Some(sig)
    }

    fn expand_method(&self, origin: ObjId, old: TypeId, instance: TypeId) -> Option<TypeId> {
        let sig = self.as_signature(old)?;
        let Type::Named(named) = self.typ(instance) else {
            return None;
        };
        let Instance { targs, .. } = named.inst.as_ref()?;
        let substituted = match sig.rparams.len() == targs.len() {
            true => self.subst(old, &sig.rparams, targs),
            false => old,
        };
        let mut new = self.as_signature(substituted)?.clone();
        let recv_type = if self.has_ptr_recv(origin) { self.pointer(instance) } else { instance };
        new.recv = sig.recv.map(|r| self.clone_var(r, recv_type));
        new.rparams = Box::new([]);
        Some(self.signature(new))
    }

    /// Whether a method is declared on a pointer receiver.
    pub fn has_ptr_recv(&self, f: ObjId) -> bool {
        let o = self.obj(f);
        let Some(func) = o.as_func() else {
            return false;
        };
        if let (Some(origin), Some(_)) = (func.origin, func.instance) {
            return self.has_ptr_recv(origin);
        }
        let recv = o.typ().and_then(|t| self.as_signature(t)).and_then(|s| s.recv);
        match recv {
            Some(recv) => self.deref(self.obj_type(recv)).1,
            None => func.ptr_recv.load(Ordering::Relaxed),
        }
    }
}

impl Subster<'_> {
    fn typ(&mut self, t: TypeId) -> TypeId {
        with_stack(|| self.replaced(t))
    }

    fn replaced(&mut self, t: TypeId) -> TypeId {
        let s = self.store;
        match s.typ(t) {
            Type::Basic(_) => t,
            Type::TypeParam(_) => self.map.iter().find(|(p, _)| *p == t).map_or(t, |(_, a)| *a),
            Type::Pointer(base) => s.pointer(self.typ(*base)),
            Type::Slice(elem) => s.slice(self.typ(*elem)),
            Type::Array { len, elem } => s.array(*len, self.typ(*elem)),
            Type::Map { key, elem } => s.map(self.typ(*key), self.typ(*elem)),
            Type::Chan { dir, elem } => s.chan(*dir, self.typ(*elem)),
            Type::Tuple(vars) => self.vars(vars).map_or(t, |vars| s.tuple(vars)),
            Type::Struct(st) => match self.vars(&st.fields) {
                Some(fields) => s.new_type(Type::Struct(Struct {
                    fields: fields.into(),
                    tags: st.tags.clone(),
                })),
                None => t,
            },
            Type::Signature(sig) => self.signature(t, sig),
            Type::Union(terms) => {
                let new: Box<[Term]> =
                    terms.iter().map(|x| Term { tilde: x.tilde, typ: self.typ(x.typ) }).collect();
                if new == *terms { t } else { s.new_type(Type::Union(new)) }
            }
            Type::Interface(i) => {
                let methods: Vec<ObjId> = i.methods.iter().map(|&m| self.func(m)).collect();
                let embeddeds = self.list(&i.embeddeds);
                if *methods == *i.methods && *embeddeds == *i.embeddeds {
                    return t;
                }
                s.interface(methods, embeddeds, i.implicit)
            }
            Type::Named(n) => self.named(t, n),
            // A local alias has no instances of its own: what it stands for has.
            Type::Alias(a) if !a.enclosing.is_empty() => self.typ(s.unalias(t)),
            Type::Alias(a) => {
                let Some(origin) = a.origin else { return t };
                if s.type_params(origin).len() != a.targs.len() {
                    return typ::INVALID;
                }
                let targs = self.list(&a.targs);
                if *targs == *a.targs { t } else { s.alias_instance(origin, &targs) }
            }
        }
    }

    fn named(&mut self, t: TypeId, n: &Named) -> TypeId {
        let s = self.store;
        let origin = s.origin(t);
        let Type::Named(generic) = s.typ(origin) else { return t };
        if n.inst.is_none() && generic.enclosing.is_empty() {
            return t;
        }
        if n.inst.is_some() && s.type_params(origin).len() != n.targs().len() {
            return typ::INVALID;
        }
        let targs = self.list(n.targs());
        let before = if n.outer().is_empty() { &generic.enclosing } else { n.outer() };
        let outer = self.list(before);
        match *targs == *n.targs() && *outer == *before {
            true => t,
            false if *outer == *generic.enclosing => s.named_instance(origin, &targs),
            false => s.local_instance(origin, &targs, &outer),
        }
    }

    fn list(&mut self, list: &[TypeId]) -> Vec<TypeId> {
        list.iter().map(|&t| self.typ(t)).collect()
    }

    fn vars(&mut self, vars: &[ObjId]) -> Option<Vec<ObjId>> {
        let mut out = None;
        for (i, &v) in vars.iter().enumerate() {
            let old = self.store.obj_type(v);
            let new = self.typ(old);
            if new != old {
                out.get_or_insert_with(|| vars.to_vec())[i] = self.store.clone_var(v, new);
            }
        }
        out
    }

    fn func(&mut self, f: ObjId) -> ObjId {
        let old = self.store.obj_type(f);
        let new = self.typ(old);
        if new == old { f } else { self.store.clone_func(f, new) }
    }

    fn signature(&mut self, t: TypeId, sig: &Signature) -> TypeId {
        let s = self.store;
        let mut new = sig.clone();
        // A generic method's own parameters are renamed, for their constraints
        // may mention the receiver's.
        let depth = self.map.len();
        let own = sig.tparams.first().is_some_and(|p| !self.map.iter().any(|(q, _)| q == p));
        if own {
            let fresh: Vec<TypeId> = sig.tparams.iter().map(|&p| s.clone_type_param(p)).collect();
            self.map.extend(sig.tparams.iter().copied().zip(fresh.iter().copied()));
            for (&old, &new) in sig.tparams.iter().zip(&fresh) {
                let bound = self.typ(s.bound(old));
                s.set_bound(new, bound);
            }
            new.tparams = fresh.into();
        }
        new.params = self.typ(sig.params);
        new.results = self.typ(sig.results);
        self.map.truncate(depth);
        if !own && new.params == sig.params && new.results == sig.results {
            return t;
        }
        s.signature(new)
    }
}
