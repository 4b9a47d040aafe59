//! Whether a type implements an interface or satisfies a constraint, which
//! method it lacks, and what can be assigned to what (spec: Implementing an
//! interface, Satisfying a type constraint, Assignability).

use super::Checker;
use super::operand::Operand;
use crate::ids::{ObjId, TypeId};
use crate::lookup::Lookup;
use crate::object::ObjKind;
use crate::types::{ChanDir, Term, Type};
use crate::typestring::TypeWriter;
use crate::universe::typ;
use trigo_syntax::FilePos;

/// The equivalence by which methods are compared: identity, or unification.
pub(super) type Equivalence<'e, 'a> = &'e mut dyn FnMut(&mut Checker<'a>, TypeId, TypeId) -> bool;

enum Lack {
    NotFound,
    WrongName(ObjId),
    Unexported,
    WrongType(ObjId),
    Ambiguous,
    PointerReceiver,
    Field,
    NoInterface,
}

impl<'a> Checker<'a> {
    pub(super) fn identical(&self, x: TypeId, y: TypeId) -> bool {
        self.s.identical(x, y)
    }

    /// Checks a function object so that its type is known.
    pub(super) fn ensure_func(&mut self, f: ObjId) -> TypeId {
        let origin = self
            .s
            .obj(f)
            .as_func()
            .and_then(|func| func.origin.filter(|_| func.instance.is_some()));
        if self.s.obj(f).typ().is_none() {
            self.obj_decl(origin.unwrap_or(f));
        }
        self.s.func_type(f).unwrap_or(typ::EMPTY_FUNC)
    }

    /// The first method of interface `t` that `v` lacks; the cause is put in parentheses.
    fn missing_method(
        &mut self,
        v: TypeId,
        t: TypeId,
        is_static: bool,
        equivalent: Equivalence<'_, 'a>,
        cause: Option<&mut String>,
    ) -> bool {
        let s = self.s;
        let (vu, tu) = (s.under(v), s.under(t));
        let methods = &s.type_set(tu).methods;
        let from_interface = matches!(s.typ(vu), Type::Interface(_));
        for &m in methods {
            let o = s.obj(m);
            let lack = if from_interface {
                match s.interface_method(vu, o.pkg, o.name) {
                    None if !is_static => continue,
                    None => Some(Lack::NotFound),
                    Some(f) if !equivalent(self, s.obj_type(f), s.obj_type(m)) => {
                        Some(Lack::WrongType(f))
                    }
                    Some(_) => None,
                }
            } else {
                self.lack_of(v, m, equivalent)
            };
            if let Some(lack) = lack {
                if let Some(cause) = cause {
                    *cause = self.lack_text(&lack, v, t, m);
                }
                return true;
            }
        }
        false
    }

    fn lack_of(&mut self, v: TypeId, m: ObjId, equivalent: Equivalence<'_, 'a>) -> Option<Lack> {
        let s = self.s;
        let o = s.obj(m);
        match s.lookup_direct(v, false, o.pkg, o.name, false) {
            Lookup::Ambiguous(_) => Some(Lack::Ambiguous),
            Lookup::NeedsPointer => Some(Lack::PointerReceiver),
            Lookup::Missing => {
                let near = s.lookup_direct(v, false, o.pkg, o.name, true).obj();
                let near = near.filter(|&f| matches!(s.obj(f).kind, ObjKind::Func(_)));
                Some(match near {
                    Some(f) if s.obj(f).name == o.name => Lack::Unexported,
                    Some(f) => {
                        self.ensure_func(f);
                        Lack::WrongName(f)
                    }
                    None => Lack::NotFound,
                })
            }
            Lookup::Found { obj: f, .. } => {
                if !matches!(s.obj(f).kind, ObjKind::Func(_)) {
                    return Some(Lack::Field);
                }
                let ft = self.ensure_func(f);
                if self.is_nointerface(f) {
                    return Some(Lack::NoInterface);
                }
                (!equivalent(self, ft, s.obj_type(m))).then_some(Lack::WrongType(f))
            }
        }
    }

    /// Whether a method is marked `//go:nointerface`.
    fn is_nointerface(&self, _f: ObjId) -> bool {
        false
    }

    fn lack_text(&self, lack: &Lack, v: TypeId, t: TypeId, m: ObjId) -> String {
        let name = self.s.obj_name(m);
        match lack {
            Lack::NotFound if self.s.is_interface_ptr(v) => {
                format!("({})", self.interface_ptr_error(v))
            }
            Lack::NotFound if self.s.is_interface_ptr(t) => {
                format!("({})", self.interface_ptr_error(t))
            }
            Lack::NotFound => format!("(missing method {name})"),
            Lack::WrongName(f) => {
                let (have, want) = (self.func_string(*f, false), self.func_string(m, false));
                format!("(missing method {name})\n\t\thave {have}\n\t\twant {want}")
            }
            Lack::Unexported => format!("(unexported method {name})"),
            Lack::WrongType(f) => {
                let mut pair = (self.func_string(*f, false), self.func_string(m, false));
                if pair.0 == pair.1 {
                    pair = (self.func_string(*f, true), self.func_string(m, true));
                }
                if pair.0 == pair.1 {
                    return format!("(wrong type for method {name})");
                }
                format!("(wrong type for method {name})\n\t\thave {}\n\t\twant {}", pair.0, pair.1)
            }
            Lack::Ambiguous => format!("(ambiguous selector {}.{name})", self.ts(v)),
            Lack::PointerReceiver => format!("(method {name} has pointer receiver)"),
            Lack::Field => format!("({}.{name} is a field, not a method)", self.ts(v)),
            Lack::NoInterface => format!("({name} method is marked 'nointerface')"),
        }
    }

    fn func_string(&self, f: ObjId, full: bool) -> String {
        let short = |p| self.qualifier(p);
        let long = |p: crate::PkgId| self.s.pkg(p).path.to_string();
        let mut w = TypeWriter::new(self.s, if full { &long } else { &short });
        w.pkg_info = full;
        w.param_names = false;
        w.out.push_str(self.s.obj_name(f));
        if let Some(sig) = self.s.func_type(f).and_then(|t| self.s.as_signature(t)) {
            w.signature(sig);
        }
        w.out
    }

    /// Whether `v` has all methods of interface `t`. With `is_static` unset,
    /// an interface `v` may lack methods that its values could have.
    pub(super) fn has_all_methods(
        &mut self,
        v: TypeId,
        t: TypeId,
        is_static: bool,
        equivalent: Equivalence<'_, 'a>,
        cause: Option<&mut String>,
    ) -> bool {
        !self.s.is_valid(v)
            || !self.missing_method(v, t, is_static, equivalent, cause)
            || self.has_invalid_embedded(v, &mut Vec::new())
    }

    fn has_invalid_embedded(&self, t: TypeId, seen: &mut Vec<TypeId>) -> bool {
        let under = self.s.under(self.s.deref_struct_ptr(t));
        let Some(st) = self.s.as_struct(under) else {
            return false;
        };
        if seen.contains(&under) {
            return false;
        }
        seen.push(under);
        st.fields.iter().any(|&f| {
            let ft = self.s.obj_type(f);
            self.s.obj(f).is_embedded()
                && (!self.s.is_valid(ft) || self.has_invalid_embedded(ft, seen))
        })
    }

    pub(super) fn interface_ptr_error(&self, t: TypeId) -> String {
        let is_param =
            matches!(self.s.typ(self.s.under(t)), Type::Pointer(b) if self.s.is_type_param(*b));
        let text = self.ts(t);
        match is_param {
            true => format!("type {text} is pointer to type parameter, not type parameter"),
            false => format!("type {text} is pointer to interface, not interface"),
        }
    }

    /// Whether an interface value of type `v` can hold a `t`.
    pub(super) fn assertable_to(&mut self, v: TypeId, t: TypeId, cause: &mut String) -> bool {
        self.s.is_interface(t)
            || self.has_all_methods(t, v, false, &mut |c, x, y| c.identical(x, y), Some(cause))
    }

    /// Whether `v` implements interface `t`, or satisfies it as a constraint.
    pub(super) fn implements(
        &mut self,
        v: TypeId,
        t: TypeId,
        constraint: bool,
        cause: Option<&mut String>,
    ) -> bool {
        let s = self.s;
        let (vu, tu) = (s.under(v), s.under(t));
        if !s.is_valid(vu) || !s.is_valid(tu) {
            return true;
        }
        if matches!(s.typ(vu), Type::Pointer(base) if !s.is_valid(s.under(*base))) {
            return true;
        }
        let mut scratch = String::new();
        let wants_cause = cause.is_some();
        let cause = cause.unwrap_or(&mut scratch);
        let verb = if constraint { "satisfy" } else { "implement" };
        if !matches!(s.typ(tu), Type::Interface(_)) {
            if wants_cause {
                let detail = match s.is_interface_ptr(tu) {
                    true => self.interface_ptr_error(t),
                    false => format!("{} is not an interface", self.ts(t)),
                };
                *cause = format!("{} does not {verb} {} ({detail})", self.ts(v), self.ts(t));
            }
            return false;
        }
        let tset = s.type_set(tu);
        if tset.is_all() {
            return true;
        }
        let v_is_interface = matches!(s.typ(vu), Type::Interface(_));
        if v_is_interface && s.type_set(vu).is_empty() {
            return true;
        }
        if tset.is_empty() {
            *cause = format!("cannot {verb} {} (empty type set)", self.ts(t));
            return false;
        }
        let inner = wants_cause.then_some(&mut *cause);
        if !self.has_all_methods(v, t, true, &mut |c, x, y| c.identical(x, y), inner) {
            if wants_cause {
                *cause = format!("{} does not {verb} {} {cause}", self.ts(v), self.ts(t));
            }
            return false;
        }
        if tset.has_terms() {
            let inside = match v_is_interface {
                true => s.terms_subset(&s.type_set(vu).terms, &tset.terms),
                false => tset.terms.list().iter().any(|&x| s.term_includes(x, v)),
            };
            if !inside {
                if wants_cause {
                    *cause = self.outside_terms(v, t, tu, v_is_interface, verb);
                }
                return false;
            }
        }
        self.satisfies_comparable(v, tu, constraint, verb, cause)
    }

    fn satisfies_comparable(
        &self,
        v: TypeId,
        tu: TypeId,
        constraint: bool,
        verb: &str,
        cause: &mut String,
    ) -> bool {
        let s = self.s;
        if !s.set_is_comparable(tu) || s.comparable_type(v, false).is_ok() {
            return true;
        }
        if constraint && s.comparable_type(v, true).is_ok() {
            if self.allow_version(20) {
                return true;
            }
            *cause = format!("{} to {verb} comparable requires go1.20 or later", self.ts(v));
            return false;
        }
        *cause = format!("{} does not {verb} comparable", self.ts(v));
        false
    }

    fn outside_terms(
        &self,
        v: TypeId,
        t: TypeId,
        tu: TypeId,
        v_is_interface: bool,
        verb: &str,
    ) -> String {
        let s = self.s;
        let (vt, tt) = (self.ts(v), self.ts(t));
        if v_is_interface {
            return format!("{vt} does not {verb} {tt}");
        }
        let terms = &s.type_set(tu).terms;
        let alt = terms.list().iter().find(|x| {
            let loose = Term { tilde: true, ..**x };
            !x.tilde && s.identical(x.typ, s.under(x.typ)) && s.term_includes(loose, v)
        });
        let detail = match alt {
            Some(alt) => format!("possibly missing ~ for {} in {tt}", self.ts(alt.typ)),
            None if self.mentions(tu, v) => {
                format!("{tt} mentions {vt}, but {vt} is not in the type set of {tt}")
            }
            None => {
                let long = |p: crate::PkgId| self.s.pkg(p).path.to_string();
                let mut w = TypeWriter::new(s, &long);
                w.term_list(terms);
                format!("{vt} missing in {}", w.out)
            }
        };
        format!("{vt} does not {verb} {tt} ({detail})")
    }

    fn mentions(&self, t: TypeId, v: TypeId) -> bool {
        match self.s.typ(t) {
            Type::Interface(i) => i.embeddeds.iter().any(|&e| self.mentions(e, v)),
            Type::Union(terms) => terms.iter().any(|x| self.mentions(x.typ, v)),
            _ => self.s.identical(t, v),
        }
    }

    /// Checks type arguments against constraints; gives the first that fails
    /// and why.
    pub(super) fn verify(
        &mut self,
        tparams: &[TypeId],
        targs: &[TypeId],
    ) -> Result<(), (usize, String)> {
        for (i, &p) in tparams.iter().enumerate() {
            let bound = self.s.subst(self.s.bound(p), tparams, targs);
            // A constraint that is no interface stands for the one embedding it.
            let bound = match self.s.typ(self.s.under(bound)) {
                Type::Interface(_) => bound,
                _ if !self.s.is_valid(bound) => continue,
                _ => self.s.interface(Vec::new(), vec![bound], true),
            };
            let mut cause = String::new();
            if !self.implements(targs[i], bound, true, Some(&mut cause)) {
                return Err((i, cause));
            }
        }
        Ok(())
    }

    /// Verifies an instantiation and notes it for the check of infinite ones.
    pub(super) fn verify_instance(
        &mut self,
        pos: FilePos,
        tparams: &[TypeId],
        targs: &[TypeId],
        places: &[FilePos],
    ) {
        match self.verify(tparams, targs) {
            Err((i, cause)) => self.soft_error(Some(places.get(i).copied().unwrap_or(pos)), cause),
            Ok(()) => self.mono_instance(pos, tparams, targs, places),
        }
    }

    /// Whether an operand can be assigned to a variable of type `t`.
    pub(super) fn assignable_to(&mut self, x: &Operand, t: TypeId, cause: &mut String) -> bool {
        let s = self.s;
        if !x.is_valid() || !s.is_valid(t) {
            return true;
        }
        let orig = t;
        let (v, t) = (s.unalias(x.typ), s.unalias(t));
        if s.identical(v, t) {
            return true;
        }
        let (vu, tu) = (s.under(v), s.under(t));
        let (vp, tp) = (s.is_type_param(v), s.is_type_param(t));
        if s.is_untyped(vu) {
            if tp {
                return s
                    .terms_of(t)
                    .iter()
                    .all(|x2| x2.is_some_and(|x2| self.implicit_type(x, x2.typ).is_ok()));
            }
            return self.implicit_type(x, t).is_ok();
        }
        if s.identical(vu, tu) && (!s.has_name(v) || !s.has_name(t)) && !vp && !tp {
            return true;
        }
        if s.is_plain_interface(t) || s.is_interface_ptr(tu) {
            if self.implements(v, t, false, Some(cause)) {
                return true;
            }
            if !vp {
                return false;
            }
            cause.clear();
        }
        if !vp && s.is_interface(v) && self.implements(t, v, false, None) {
            *cause = "need type assertion".into();
            return false;
        }
        if let (Type::Chan { dir: ChanDir::Both, elem: ve }, Type::Chan { elem: te, .. }) =
            (s.typ(vu), s.typ(tu))
            && s.identical(*ve, *te)
        {
            return !s.has_name(v) || !s.has_name(t);
        }
        if tp && !s.has_name(v) {
            return self.each_term_assignable(t, cause, |c, term, cause| {
                c.assignable_to(x, term, cause).then_some(()).ok_or_else(|| {
                    format!("cannot assign {} to {} (in {})", c.ts(x.typ), c.ts(term), c.ts(t))
                })
            });
        }
        if vp && !s.has_name(t) {
            return self.each_term_assignable(v, cause, |c, term, cause| {
                let y = Operand { typ: term, ..x.clone() };
                c.assignable_to(&y, t, cause).then_some(()).ok_or_else(|| {
                    format!("cannot assign {} (in {}) to {}", c.ts(term), c.ts(v), c.ts(orig))
                })
            });
        }
        false
    }

    fn each_term_assignable(
        &mut self,
        tparam: TypeId,
        cause: &mut String,
        mut check: impl FnMut(&mut Self, TypeId, &mut String) -> Result<(), String>,
    ) -> bool {
        for term in self.s.terms_of(tparam) {
            let Some(term) = term else { return false };
            if let Err(text) = check(self, term.typ, cause) {
                *cause = if cause.is_empty() { text } else { format!("{text}\n\t{cause}") };
                return false;
            }
        }
        true
    }
}
