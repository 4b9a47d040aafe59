//! Cycles among declarations.

use super::Checker;
use super::errors::Report;
use super::scope::ScopeId;
use crate::ids::{ObjId, TypeId};
use crate::object::ObjKind;
use crate::types::{Type, load};
use crate::universe::typ;
use rustc_hash::FxHashMap;
use trigo_syntax::FilePos;
use trigo_syntax::ast::DeclKind;

/// One declaration on a cycle.
pub(super) struct Step {
    pub name: String,
    pub pos: Option<FilePos>,
}

impl<'a> Checker<'a> {
    /// Reports types declared as each other's names only, such as `type A B; type B A`.
    pub(super) fn direct_cycles(&mut self) {
        let mut done: FxHashMap<ObjId, bool> = FxHashMap::default();
        for obj in self.obj_list.clone() {
            if !self.s.obj(obj).is_type_name() {
                continue;
            }
            let mut path: Vec<ObjId> = Vec::new();
            let mut at = Some(obj);
            while let Some(name) = at {
                if let Some(start) = path.iter().position(|&o| o == name) {
                    self.s.obj(name).set_typ(typ::INVALID);
                    let cycle = path[start..].to_vec();
                    self.cycle_error(&cycle, self.first_in_source(&cycle));
                    break;
                }
                if done.contains_key(&name) {
                    break;
                }
                path.push(name);
                at = self.direct_rhs(name);
            }
            done.extend(path.into_iter().map(|o| (o, true)));
        }
    }

    /// The type name of this package that is another's whole right-hand side.
    fn direct_rhs(&self, obj: ObjId) -> Option<ObjId> {
        let info = &self.decls[*self.obj_decls.get(&obj)?];
        let file = self.files[info.file as usize];
        let DeclKind::Type { ty, .. } = file[info.tdecl?].kind else {
            return None;
        };
        let rhs = self.scope(ScopeId::PACKAGE).lookup(file.symbol(file.as_ident(ty)?))?;
        self.s.obj(rhs).is_type_name().then_some(rhs)
    }

    /// Whether values of the type can be used now; reports a cycle if its
    /// declaration is still being checked.
    pub(super) fn is_complete(&mut self, t: TypeId) -> bool {
        let mut t = t;
        loop {
            let (obj, rhs) = match self.s.typ(t) {
                Type::Alias(a) => (a.obj, load(&a.rhs)),
                Type::Named(n) if n.inst.is_none() => (n.obj, load(&n.rhs)),
                _ => return true,
            };
            // Only this package's declarations can be incomplete.
            if self.s.obj(obj).pkg != Some(self.pkg) {
                return true;
            }
            if let Some(start) = self.obj_path.iter().position(|&o| o == obj) {
                let cycle = self.obj_path[start..].to_vec();
                self.cycle_error(&cycle, self.first_in_source(&cycle));
                return false;
            }
            match rhs {
                Some(rhs) => t = rhs,
                None => return true,
            }
        }
    }

    /// Whether the cycle from `obj` to the end of the path is allowed; reports it if not.
    pub(super) fn valid_cycle(&mut self, obj: ObjId) -> bool {
        let Some(start) = self.obj_path.iter().position(|&o| o == obj) else {
            return true;
        };
        let cycle = self.obj_path[start..].to_vec();
        let (mut values, mut definitions) = (0, 0);
        for &o in &cycle {
            match &self.s.obj(o).kind {
                ObjKind::Const(_) | ObjKind::Var(_) => values += 1,
                ObjKind::TypeName => {
                    if self.env.in_tparam_list && self.s.is_generic(self.s.obj_type(o)) {
                        return true;
                    }
                    if !self.s.is_alias(o) {
                        definitions += 1;
                    }
                }
                _ => {}
            }
        }
        // Values only: initialisation order decides later. Types only: fine if
        // one is a definition.
        if values == cycle.len() || values == 0 && definitions > 0 {
            return true;
        }
        self.cycle_error(&cycle, self.first_in_source(&cycle));
        false
    }

    pub(super) fn first_in_source(&self, cycle: &[ObjId]) -> usize {
        (0..cycle.len()).min_by_key(|&i| self.s.obj(cycle[i]).pos).unwrap_or(0)
    }

    pub(super) fn obj_step(&self, obj: ObjId) -> Step {
        let o = self.s.obj(obj);
        let prefix = o.pkg.map_or_else(String::new, |p| self.qualifier(p));
        let dot = if prefix.is_empty() { "" } else { "." };
        Step { name: format!("{prefix}{dot}{}", self.s.text(o.name)), pos: o.pos }
    }

    /// Reports a cycle of declarations, starting with the one at `start`.
    pub(super) fn cycle_error(&mut self, cycle: &[ObjId], start: usize) {
        let o = self.s.obj(cycle[start]);
        if let Some(t) = o.typ().filter(|&t| matches!(self.s.typ(t), Type::Alias(_))) {
            self.s.set_rhs(t, typ::INVALID);
        }
        let mut steps: Vec<Step> = cycle.iter().map(|&o| self.obj_step(o)).collect();
        steps.rotate_left(start);
        self.report_cycle(steps, o.is_type_name());
    }

    pub(super) fn report_cycle(&mut self, steps: Vec<Step>, of_types: bool) {
        let Some(first) = steps.first() else { return };
        if let [only] = &steps[..] {
            let what =
                if of_types { "invalid recursive type" } else { "invalid cycle in declaration" };
            let message = format!("{what}: {} refers to itself", only.name);
            return self.error(only.pos, message);
        }
        let what =
            if of_types { "invalid recursive type" } else { "invalid cycle in declaration of" };
        let mut report = Report::new(first.pos, format!("{what} {}", first.name));
        for (i, step) in steps.iter().enumerate() {
            let next = &steps[(i + 1) % steps.len()];
            self.add_line(&mut report, step.pos, &format!("{} refers to {}", step.name, next.name));
        }
        self.send(report);
    }
}
