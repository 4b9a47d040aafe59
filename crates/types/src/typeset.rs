//! Type sets of interfaces: their methods and the types they admit
//! (spec: Interface types, General interfaces).

use crate::ids::{ObjId, TypeId};
use crate::store::Store;
use crate::types::{Interface, Term, Type};
use crate::universe::typ;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::LazyLock;
use trigo_syntax::Symbol;

/// The greatest number of terms in a union; Go's compiler has the same limit.
pub(crate) const MAX_TERMS: usize = 100;

/// The types a type set admits.
#[derive(Clone, Debug)]
pub enum Terms {
    /// Every type.
    All,
    /// Only the types of these terms; none if the list is empty.
    Listed(Vec<Term>),
}

/// What an interface demands.
#[derive(Clone, Debug)]
pub struct TypeSet {
    /// All methods, sorted.
    pub methods: Box<[ObjId]>,
    /// The admitted types.
    pub terms: Terms,
    /// Whether only comparable types are admitted; then the terms are all types.
    pub comparable: bool,
}

static ALL: LazyLock<TypeSet> = LazyLock::new(TypeSet::all);

thread_local! {
    /// Interfaces whose type set this thread is computing: one that embeds
    /// itself sees the set of all types in the inner place.
    static COMPUTING: RefCell<Vec<TypeId>> = const { RefCell::new(Vec::new()) };
}

impl Terms {
    /// Whether every type is admitted.
    pub fn is_all(&self) -> bool {
        matches!(self, Terms::All)
    }

    /// Whether no type is admitted.
    pub fn is_empty(&self) -> bool {
        matches!(self, Terms::Listed(list) if list.is_empty())
    }

    /// The listed terms; none if all types are admitted.
    pub fn list(&self) -> &[Term] {
        match self {
            Terms::All => &[],
            Terms::Listed(list) => list,
        }
    }
}

/// Methods with different names, found by name.
#[derive(Default)]
pub(crate) struct MethodList {
    methods: Vec<ObjId>,
    /// Places in the list. Few have the same name: methods that packages do not export.
    by_name: FxHashMap<Symbol, SmallVec<[usize; 1]>>,
}

impl MethodList {
    /// Adds a method, or gives the place of the one that has its name already.
    pub fn add(&mut self, s: &Store, m: ObjId) -> Option<usize> {
        let places = self.by_name.entry(s.obj(m).name).or_default();
        let known = places.iter().copied().find(|&i| s.same_method(m, self.methods[i]));
        if known.is_none() {
            places.push(self.methods.len());
            self.methods.push(m);
        }
        known
    }
}

impl TypeSet {
    /// The set of all types.
    pub fn all() -> Self {
        Self { methods: Box::new([]), terms: Terms::All, comparable: false }
    }

    /// Whether no type is in the set.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether every type is in the set.
    pub fn is_all(&self) -> bool {
        self.is_method_set() && self.methods.is_empty()
    }

    /// Whether methods alone decide.
    pub fn is_method_set(&self) -> bool {
        !self.comparable && self.terms.is_all()
    }

    /// Whether there are specific types.
    pub fn has_terms(&self) -> bool {
        !self.terms.is_empty() && !self.terms.is_all()
    }
}

impl Store {
    /// The type set of an interface; of any other type, that of all types.
    pub fn type_set(&self, iface: TypeId) -> &TypeSet {
        let Type::Interface(i) = self.typ(iface) else {
            return &ALL;
        };
        if let Some(set) = i.type_set.get() {
            return set;
        }
        if COMPUTING.with_borrow(|list| list.contains(&iface)) {
            return &ALL;
        }
        COMPUTING.with_borrow_mut(|list| list.push(iface));
        let set = self.compute_type_set(i);
        COMPUTING.with_borrow_mut(|list| list.pop());
        i.type_set.get_or_init(|| set)
    }

    fn compute_type_set(&self, interface: &Interface) -> TypeSet {
        let mut all_methods = MethodList::default();
        for &m in &interface.methods {
            all_methods.add(self, m);
        }
        let mut terms = Terms::All;
        let mut comparable = false;
        for &e in &interface.embeddeds {
            let under = self.under(e);
            let (set_terms, set_comparable) = match self.typ(under) {
                Type::Interface(_) => {
                    let set = self.type_set(under);
                    for &m in &set.methods {
                        all_methods.add(self, m);
                    }
                    (set.terms.clone(), set.comparable)
                }
                _ if interface.interfaces_only => continue,
                Type::Union(list) => match self.union_terms(list) {
                    Some(terms) => (terms, false),
                    None => continue,
                },
                _ if under == typ::INVALID => continue,
                _ => (Terms::Listed(vec![Term { tilde: false, typ: e }]), false),
            };
            (terms, comparable) =
                self.intersect_sets(terms, comparable, &set_terms, set_comparable);
        }
        let mut methods = all_methods.methods;
        methods.sort_by(|&a, &b| self.compare_methods(a, b));
        TypeSet { methods: methods.into(), terms, comparable }
    }

    /// The terms of a union, or `None` if there are too many.
    pub(crate) fn union_terms(&self, list: &[Term]) -> Option<Terms> {
        let mut all = Vec::new();
        for &term in list {
            let under = self.under(term.typ);
            match self.typ(under) {
                Type::Interface(_) => match &self.type_set(under).terms {
                    Terms::All => return Some(Terms::All),
                    Terms::Listed(list) => all.extend_from_slice(list),
                },
                _ if under == typ::INVALID => continue,
                _ if term.tilde && !self.identical(term.typ, under) => continue,
                _ => all.push(term),
            }
            all = self.normalize(all);
            if all.len() > MAX_TERMS {
                return None;
            }
        }
        Some(Terms::Listed(all))
    }

    fn normalize(&self, list: Vec<Term>) -> Vec<Term> {
        let mut out: Vec<Term> = Vec::with_capacity(list.len());
        for term in list {
            match out.iter_mut().find(|x| !self.disjoint(**x, term)) {
                Some(x) if term.tilde && !x.tilde => *x = term,
                Some(_) => {}
                None => out.push(term),
            }
        }
        out
    }

    /// Whether no type is in both terms.
    pub(crate) fn disjoint(&self, x: Term, y: Term) -> bool {
        let ux = if y.tilde { self.under(x.typ) } else { x.typ };
        let uy = if x.tilde { self.under(y.typ) } else { y.typ };
        !self.identical(ux, uy)
    }

    /// Whether a term stands for a type.
    pub(crate) fn term_includes(&self, term: Term, t: TypeId) -> bool {
        self.identical(term.typ, if term.tilde { self.under(t) } else { t })
    }

    fn intersect_terms(&self, x: &Terms, y: &Terms) -> Terms {
        let (Terms::Listed(xs), Terms::Listed(ys)) = (x, y) else {
            return if x.is_all() { y.clone() } else { x.clone() };
        };
        let mut out = Vec::new();
        for &x in xs {
            for &y in ys {
                if !self.disjoint(x, y) {
                    out.push(if !x.tilde || y.tilde { x } else { y });
                }
            }
        }
        Terms::Listed(self.normalize(out))
    }

    fn intersect_sets(&self, x: Terms, xcomp: bool, y: &Terms, ycomp: bool) -> (Terms, bool) {
        let mut comparable = xcomp || ycomp;
        let mut terms = self.intersect_terms(&x, y);
        if let (true, Terms::Listed(list)) = (comparable, &mut terms) {
            list.retain(|t| self.comparable_type(t.typ, false).is_ok());
            comparable = false;
        }
        (terms, comparable)
    }

    /// Whether every type of `x` is in `y`.
    pub(crate) fn terms_subset(&self, x: &Terms, y: &Terms) -> bool {
        match (x, y) {
            (_, Terms::All) => true,
            (Terms::All, _) => false,
            (Terms::Listed(xs), Terms::Listed(ys)) => xs
                .iter()
                .all(|&x| ys.iter().any(|&y| !self.disjoint(x, y) && (!x.tilde || y.tilde))),
        }
    }

    /// Whether two lists of terms admit the same types.
    pub(crate) fn terms_equal(&self, x: &Terms, y: &Terms) -> bool {
        self.terms_subset(x, y) && self.terms_subset(y, x)
    }

    /// Whether two methods have the same name, seen from their packages.
    pub(crate) fn same_method(&self, a: ObjId, b: ObjId) -> bool {
        self.obj(a).name == self.obj(b).name && self.same_id(a, self.obj(b).pkg, self.obj(b).name)
    }

    /// Exported methods first, then by name and package.
    pub(crate) fn compare_methods(&self, a: ObjId, b: ObjId) -> Ordering {
        let (x, y) = (self.obj(a), self.obj(b));
        let (ex, ey) = (self.is_exported(x.name), self.is_exported(y.name));
        let path = |p: Option<crate::PkgId>| p.map_or("", |p| &self.pkg(p).path);
        ey.cmp(&ex)
            .then_with(|| self.text(x.name).cmp(self.text(y.name)))
            .then_with(|| if ex { Ordering::Equal } else { path(x.pkg).cmp(path(y.pkg)) })
    }
}
