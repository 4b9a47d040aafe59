//! Type inference (spec: Type inference).
//!
//! Arguments are unified with parameters, then type parameters with the core
//! types and methods of their constraints until nothing more is learnt;
//! untyped constants come last with their default types.

use super::Checker;
use super::operand::Operand;
use super::unify::{Exactness, Unifier};
use crate::ids::TypeId;
use crate::types::{Signature, Term, Type};
use trigo_syntax::FilePos;

/// Why inference failed.
pub(super) enum InferError {
    /// An operand was invalid; that was reported.
    Reported,
    /// A message and its place.
    Because(Option<FilePos>, String),
}

impl<'a> Checker<'a> {
    /// The type arguments for `tparams`, some of which may be given. The
    /// argument types must match the parameter types. With `reverse` the
    /// argument is a target that a generic function is assigned to.
    pub(super) fn infer(
        &mut self,
        pos: FilePos,
        tparams: &[TypeId],
        targs: &[Option<TypeId>],
        params: &[TypeId],
        args: &[Operand],
        reverse: bool,
    ) -> Result<Vec<TypeId>, InferError> {
        let s = self.s;
        if targs.len() == tparams.len() && targs.iter().all(Option::is_some) {
            return Ok(targs.iter().copied().flatten().collect());
        }
        if args.iter().any(|x| !x.is_valid()) {
            return Err(InferError::Reported);
        }
        let mut targs = targs.to_vec();
        targs.resize(tparams.len(), None);
        let params: Vec<TypeId> =
            params.iter().map(|&p| s.subst_partial(p, tparams, &targs)).collect();
        let mut u = Unifier::new(tparams, &targs, self.allow_version(21));
        let mut untyped = Vec::new();
        for (&param, arg) in params.iter().zip(args) {
            if !self.is_parameterized(tparams, param) && !self.is_parameterized(tparams, arg.typ) {
                continue;
            }
            if !s.is_untyped(arg.typ) {
                if !u.unify(self, param, arg.typ, Exactness::ASSIGN) {
                    let message = self.mismatch(&u, tparams, param, arg, reverse);
                    return Err(InferError::Because(self.at(arg), message));
                }
            } else if matches!(s.typ(param), Type::TypeParam(_)) && !arg.is_nil() {
                untyped.push((param, arg));
            }
        }
        self.infer_from_constraints(pos, tparams, &mut u)?;
        let mut largest: Vec<(TypeId, TypeId)> = Vec::new();
        for (tparam, arg) in untyped {
            if u.at(tparam).is_some() {
                continue;
            }
            match largest.iter_mut().find(|(p, _)| *p == tparam) {
                None => largest.push((tparam, arg.typ)),
                Some((_, max)) => match s.max_untyped(*max, arg.typ) {
                    Some(t) => *max = t,
                    None => {
                        let (a, b, p) = (self.ts(*max), self.ts(arg.typ), self.ts(tparam));
                        let message = format!("mismatched types {a} and {b} (cannot infer {p})");
                        return Err(InferError::Because(self.at(arg), message));
                    }
                },
            }
        }
        for (tparam, t) in largest {
            u.set(tparam, s.default_type(t));
        }
        let mut inferred = u.inferred(tparams);
        self.kill_cycles(tparams, &mut inferred);
        self.simplify(tparams, &targs, &mut inferred);
        let mut out = Vec::with_capacity(inferred.len());
        for (t, &tparam) in inferred.into_iter().zip(tparams) {
            match t {
                Some(t) if !self.is_parameterized(tparams, t) => out.push(t),
                _ => {
                    let obj = s.type_obj(tparam);
                    let name = obj.map_or("", |o| s.obj_name(o));
                    let place = obj.and_then(|o| s.obj(o).pos).and_then(|p| s.position(p));
                    let place = place.map_or_else(|| "-".into(), |p| p.to_string());
                    return Err(InferError::Because(
                        Some(pos),
                        format!("cannot infer {name} (declared at {place})"),
                    ));
                }
            }
        }
        Ok(out)
    }

    fn infer_from_constraints(
        &mut self,
        pos: FilePos,
        tparams: &[TypeId],
        u: &mut Unifier,
    ) -> Result<(), InferError> {
        loop {
            let unknown = u.unknowns();
            for &tparam in tparams {
                let tx = u.at(tparam);
                if let Some((core, single)) = self.core_term(tparam) {
                    match tx {
                        Some(tx) if !u.unify(self, tx, core.typ, Exactness::INEXACT) => {
                            let (p, t, b) =
                                (self.ts(tparam), self.ts(tx), self.ts(self.s.bound(tparam)));
                            let message = format!("{p} (type {t}) does not satisfy {b}");
                            return Err(InferError::Because(Some(pos), message));
                        }
                        None if single && !core.tilde => u.set(tparam, core.typ),
                        _ => {}
                    }
                }
                if let Some(tx) = tx.filter(|&t| !self.is_parameterized(tparams, t)) {
                    let iface = self.s.under(tparam);
                    let mut cause = String::new();
                    let mut same = |c: &mut Checker<'a>, x, y| u.unify(c, x, y, Exactness::EXACT);
                    if !self.has_all_methods(tx, iface, true, &mut same, Some(&mut cause)) {
                        let (p, t, b) =
                            (self.ts(tparam), self.ts(tx), self.ts(self.s.bound(tparam)));
                        let message = format!("{p} (type {t}) does not satisfy {b} {cause}");
                        return Err(InferError::Because(Some(pos), message));
                    }
                }
            }
            if u.unknowns() == unknown {
                return Ok(());
            }
        }
    }

    fn mismatch(
        &mut self,
        u: &Unifier,
        tparams: &[TypeId],
        tpar: TypeId,
        arg: &Operand,
        reverse: bool,
    ) -> String {
        let targs = u.inferred(tparams);
        let (targ, expr, par) = (self.ts(arg.typ), self.op_expr_string(arg), self.ts(tpar));
        if targs.iter().all(Option::is_none) {
            let names = self.tparam_names(tparams);
            return format!("type {targ} of {expr} does not match {par} (cannot infer {names})");
        }
        let inferred = self.s.subst_partial(tpar, tparams, &targs);
        if inferred == tpar {
            return format!("type {targ} of {expr} does not match {par}");
        }
        let inferred = self.ts(inferred);
        match reverse {
            true => {
                format!("inferred type {inferred} for {par} does not match type {targ} of {expr}")
            }
            false => {
                format!("type {targ} of {expr} does not match inferred type {inferred} for {par}")
            }
        }
    }

    fn tparam_names(&self, tparams: &[TypeId]) -> String {
        let names: Vec<&str> = tparams
            .iter()
            .map(|&p| self.s.type_obj(p).map_or("", |o| self.s.obj_name(o)))
            .collect();
        match &names[..] {
            [] => String::new(),
            [one] => one.to_string(),
            [one, two] => format!("{one} and {two}"),
            [head @ .., last] => format!("{}, and {last}", head.join(", ")),
        }
    }

    /// The single term of a type parameter's constraint, or its common
    /// underlying type; and whether it is the former.
    fn core_term(&self, tparam: TypeId) -> Option<(Term, bool)> {
        let terms = self.s.terms_of(tparam);
        if let [Some(single)] = terms[..] {
            return Some((single, true));
        }
        let tilde = terms.iter().flatten().any(|t| t.tilde);
        let typ = self.s.common_under(tparam).ok()?;
        Some((Term { tilde, typ }, false))
    }

    /// Puts inferred types in the place of type parameters inside each other.
    fn simplify(
        &self,
        tparams: &[TypeId],
        given: &[Option<TypeId>],
        inferred: &mut [Option<TypeId>],
    ) {
        const ENOUGH: usize = 100;
        let mut dirty: Vec<usize> =
            (0..inferred.len()).filter(|&i| inferred[i].is_some() && given[i].is_none()).collect();
        for _ in 0..ENOUGH {
            if dirty.is_empty() {
                return;
            }
            let map = inferred.to_vec();
            dirty.retain(|&i| {
                let Some(old) = inferred[i] else { return false };
                let mut new = self.s.subst_partial(old, tparams, &map);
                if new == old {
                    return false;
                }
                if let Some(sig) = self.s.as_signature(new)
                    && !sig.tparams.is_empty()
                    && !self.is_parameterized(tparams, new)
                {
                    new = self.s.signature(Signature { tparams: Box::new([]), ..sig.clone() });
                }
                inferred[i] = Some(new);
                true
            });
        }
    }

    /// Copies of type parameters, and types rewritten to use them, so that a
    /// function that calls itself does not confuse its own with the callee's.
    pub(super) fn rename_tparams(
        &self,
        tparams: &[TypeId],
        types: Vec<TypeId>,
    ) -> (Vec<TypeId>, Vec<TypeId>) {
        let s = self.s;
        let renamed: Vec<TypeId> = tparams.iter().map(|&p| s.clone_type_param(p)).collect();
        for (&old, &new) in tparams.iter().zip(&renamed) {
            s.set_bound(new, s.subst(s.bound(old), tparams, &renamed));
        }
        let types = types.into_iter().map(|t| s.subst(t, tparams, &renamed)).collect();
        (renamed, types)
    }

    /// Whether a type mentions one of some type parameters.
    pub(super) fn is_parameterized(&self, tparams: &[TypeId], t: TypeId) -> bool {
        !tparams.is_empty() && self.mentions_param(tparams, t, &mut Vec::new())
    }

    fn mentions_param(&self, tparams: &[TypeId], t: TypeId, seen: &mut Vec<TypeId>) -> bool {
        let s = self.s;
        match s.typ(t) {
            Type::Basic(_) => return false,
            Type::TypeParam(_) => return tparams.contains(&t),
            Type::Named(n) => {
                return n.targs().iter().any(|&t| self.mentions_param(tparams, t, seen));
            }
            _ => {}
        }
        if seen.contains(&t) {
            return false;
        }
        seen.push(t);
        let mut walk = |t| self.mentions_param(tparams, t, seen);
        match s.typ(t) {
            Type::Alias(_) => walk(s.unalias(t)),
            Type::Array { elem, .. }
            | Type::Slice(elem)
            | Type::Pointer(elem)
            | Type::Chan { elem, .. } => walk(*elem),
            Type::Map { key, elem } => walk(*key) || walk(*elem),
            Type::Struct(st) => st.fields.iter().any(|&f| walk(s.obj_type(f))),
            Type::Tuple(vars) => vars.iter().any(|&v| walk(s.obj_type(v))),
            Type::Signature(sig) => walk(sig.params) || walk(sig.results),
            Type::Interface(_) => {
                let set = s.type_set(t);
                set.methods.iter().any(|&m| walk(s.obj_type(m)))
                    || set.terms.list().iter().any(|x| walk(x.typ))
            }
            Type::Union(terms) => terms.iter().any(|x| walk(x.typ)),
            _ => false,
        }
    }

    /// Forgets inferred types that would contain themselves.
    fn kill_cycles(&self, tparams: &[TypeId], inferred: &mut [Option<TypeId>]) {
        for &p in tparams {
            self.find_cycle(p, tparams, inferred, &mut Vec::new());
        }
    }

    fn find_cycle(
        &self,
        t: TypeId,
        tparams: &[TypeId],
        inferred: &mut [Option<TypeId>],
        path: &mut Vec<TypeId>,
    ) {
        let s = self.s;
        let t = s.unalias(t);
        if path.contains(&t) {
            if let Some(i) = tparams.iter().position(|&p| p == t) {
                inferred[i] = None;
            }
            return;
        }
        path.push(t);
        let parts: Vec<TypeId> = match s.typ(t) {
            Type::Array { elem, .. }
            | Type::Slice(elem)
            | Type::Pointer(elem)
            | Type::Chan { elem, .. } => {
                vec![*elem]
            }
            Type::Map { key, elem } => vec![*key, *elem],
            Type::Struct(st) => st.fields.iter().map(|&f| s.obj_type(f)).collect(),
            Type::Tuple(vars) => vars.iter().map(|&v| s.obj_type(v)).collect(),
            Type::Signature(sig) => vec![sig.params, sig.results],
            Type::Interface(i) => i
                .methods
                .iter()
                .map(|&m| s.obj_type(m))
                .chain(i.embeddeds.iter().copied())
                .collect(),
            Type::Union(terms) => terms.iter().map(|x| x.typ).collect(),
            Type::Named(n) => n.targs().to_vec(),
            Type::TypeParam(_) => {
                tparams.iter().position(|&p| p == t).and_then(|i| inferred[i]).into_iter().collect()
            }
            _ => Vec::new(),
        };
        for part in parts {
            self.find_cycle(part, tparams, inferred, path);
        }
        path.pop();
    }
}
