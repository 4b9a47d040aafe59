//! Finds defined types that contain themselves.
//!
//! The walk keeps the defined types it is inside of. A type parameter stands
//! for its argument in the innermost instance and is followed there with that
//! instance left again, so that the walk ends even for instances that grow.

use super::Checker;
use super::cycles::Step;
use crate::ids::TypeId;
use crate::types::Type;
use crate::universe::typ;

impl<'a> Checker<'a> {
    /// Reports a defined type that contains itself.
    pub(super) fn valid_type(&mut self, t: TypeId) {
        let t = self.s.unalias(t);
        self.walk_type(t, &mut Vec::new(), &mut Vec::new());
    }

    /// A defined type on a cycle; an instance is shown where it was written.
    pub(super) fn type_step(&self, t: TypeId) -> Step {
        let declared = self.s.type_obj(t).and_then(|o| self.s.obj(o).pos);
        Step { name: self.ts_plain(t), pos: self.inst_pos.get(&t).copied().or(declared) }
    }

    /// A defined type without the type parameters it declares.
    fn ts_plain(&self, t: TypeId) -> String {
        match (self.s.as_named(t), self.s.type_obj(t)) {
            (Some(n), Some(obj)) if n.inst.is_none() => self.obj_step(obj).name,
            _ => self.ts(t),
        }
    }

    fn walk_type(&mut self, t: TypeId, nest: &mut Vec<TypeId>, path: &mut Vec<TypeId>) -> bool {
        let s = self.s;
        let t = s.unalias(t);
        match s.typ(t) {
            Type::Array { elem, .. } => self.walk_type(*elem, nest, path),
            Type::Struct(st) => {
                st.fields.iter().all(|&f| self.walk_type(s.obj_type(f), nest, path))
            }
            Type::Union(terms) => terms.iter().all(|x| self.walk_type(x.typ, nest, path)),
            Type::Interface(i) => i.embeddeds.iter().all(|&e| self.walk_type(e, nest, path)),
            Type::Named(n) => {
                // Types of other packages are valid, but their arguments may be ours.
                if n.inst.is_none() && s.obj(n.obj).pkg != Some(self.pkg) {
                    return true;
                }
                if self.valid_types.contains(&t) {
                    return true;
                }
                if nest.iter().any(|&e| s.identical(e, t)) {
                    s.set_rhs(s.origin(t), typ::INVALID);
                    if let Some(start) = path.iter().position(|&p| s.identical(p, t)) {
                        let cycle = path[start..].iter().map(|&p| self.type_step(p)).collect();
                        self.report_cycle(cycle, true);
                    }
                    return false;
                }
                let Some(rhs) = s.named_rhs(s.origin(t)) else {
                    return true;
                };
                nest.push(t);
                path.push(t);
                let valid = self.deep(|c| c.walk_type(rhs, nest, path));
                nest.pop();
                path.pop();
                // An instance may be valid in one place only, depending on what is around it.
                if valid && n.inst.is_none() && s.type_params(t).is_empty() {
                    self.valid_types.insert(t);
                }
                valid
            }
            Type::TypeParam(_) => {
                let Some(inst) = nest.pop() else { return true };
                let arg = s.type_params(inst).iter().position(|&p| p == t);
                let arg =
                    arg.and_then(|i| s.as_named(inst).and_then(|n| n.targs().get(i).copied()));
                let valid = arg.is_none_or(|arg| self.walk_type(arg, nest, path));
                nest.push(inst);
                valid
            }
            _ => true,
        }
    }
}
