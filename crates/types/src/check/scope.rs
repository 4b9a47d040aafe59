//! Scopes of one package while it is checked. The package's own scope comes
//! first; outside of it is the universe, which the store holds.

use super::Checker;
use crate::ids::ObjId;
use crate::object::{ObjKind, VarKind};
use rustc_hash::FxHashMap;
use trigo_syntax::Symbol;
use trigo_syntax::ast::ExprId;

/// A scope's number; 0 is the package's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ScopeId(u32);

impl ScopeId {
    pub(super) const PACKAGE: ScopeId = ScopeId(0);
}

/// Names and what they mean. Few names are searched one by one.
#[derive(Default)]
pub(super) struct Scope {
    pub parent: Option<ScopeId>,
    pub children: Vec<ScopeId>,
    /// Whether it is a function's outermost scope.
    pub is_func: bool,
    /// The function literal whose outermost scope it is.
    pub func_lit: Option<ExprId>,
    names: Vec<(Symbol, ObjId)>,
    map: Option<FxHashMap<Symbol, ObjId>>,
}

const FEW: usize = 12;

impl Scope {
    pub fn lookup(&self, name: Symbol) -> Option<ObjId> {
        match &self.map {
            Some(map) => map.get(&name).copied(),
            None => self.names.iter().find(|(n, _)| *n == name).map(|(_, o)| *o),
        }
    }

    pub fn insert(&mut self, name: Symbol, obj: ObjId) {
        self.names.push((name, obj));
        match &mut self.map {
            Some(map) => {
                map.insert(name, obj);
            }
            None if self.names.len() > FEW => self.map = Some(self.names.iter().copied().collect()),
            None => {}
        }
    }

    /// All names in order of declaration.
    pub fn names(&self) -> &[(Symbol, ObjId)] {
        &self.names
    }

    pub fn take_map(&mut self) -> FxHashMap<Symbol, ObjId> {
        self.names.iter().copied().collect()
    }
}

impl<'a> Checker<'a> {
    pub(super) fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    pub(super) fn scope_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.scopes[id.0 as usize]
    }

    pub(super) fn new_scope(&mut self, parent: ScopeId) -> ScopeId {
        let id = ScopeId(self.scopes.len() as u32);
        self.scopes.push(Scope { parent: Some(parent), ..Scope::default() });
        self.scope_mut(parent).children.push(id);
        id
    }

    /// Opens a scope inside the current one.
    pub(super) fn open_scope(&mut self) {
        self.env.scope = self.new_scope(self.env.scope);
    }

    /// Returns to the enclosing scope.
    pub(super) fn close_scope(&mut self) {
        self.env.scope = self.scope(self.env.scope).parent.unwrap_or(ScopeId::PACKAGE);
    }

    /// What a name means here; the scope is none for predeclared names.
    pub(super) fn lookup_scope(&self, name: Symbol) -> Option<(Option<ScopeId>, ObjId)> {
        let mut scope = Some(self.env.scope);
        while let Some(id) = scope {
            if let Some(obj) = self.scope(id).lookup(name) {
                return Some((Some(id), obj));
            }
            scope = self.scope(id).parent;
        }
        self.s.universe.get(&name).map(|&obj| (None, obj))
    }

    pub(super) fn lookup_name(&self, name: Symbol) -> Option<ObjId> {
        self.lookup_scope(name).map(|(_, obj)| obj)
    }

    /// Notes a use of a variable of an enclosing function in function literals.
    pub(super) fn record_capture(&mut self, obj: ObjId, declared_in: Option<ScopeId>) {
        let local = match &self.s.obj(obj).kind {
            ObjKind::Var(v) => !matches!(v.kind, VarKind::Package | VarKind::Field),
            _ => false,
        };
        if !local || declared_in.is_none() {
            return;
        }
        let mut scope = Some(self.env.scope);
        while let Some(id) = scope.filter(|_| scope != declared_in) {
            if let Some(lit) = self.scope(id).func_lit {
                let file = self.env.file as usize;
                let list = self.info.files[file].captures.entry(lit).or_default();
                if !list.contains(&obj) {
                    list.push(obj);
                }
            }
            scope = self.scope(id).parent;
        }
    }

    /// Reports variables of a function that are declared and not used. Scopes nest as deep as chains of `else if` are
    /// long, so this is a loop.
    pub(super) fn usage(&mut self, scope: ScopeId) {
        let mut work = vec![scope];
        while let Some(scope) = work.pop() {
            self.unused_in(scope);
            let inner = self.scope(scope).children.iter().rev().copied();
            work.extend(inner.filter(|&child| !self.scope(child).is_func));
        }
    }

    fn unused_in(&mut self, scope: ScopeId) {
        let needs_use = |o: ObjId| matches!(&self.s.obj(o).kind, ObjKind::Var(v) if matches!(v.kind, VarKind::Local | VarKind::Package));
        let mut unused: Vec<ObjId> = self.scope(scope).names().iter().map(|(_, o)| *o).collect();
        unused.retain(|&o| needs_use(o) && !self.used.contains(&o));
        unused.sort_by_key(|&o| self.s.obj(o).pos);
        for o in unused {
            let message = format!("declared and not used: {}", self.s.obj_name(o));
            self.soft_error(self.s.obj(o).pos, message);
        }
    }
}
