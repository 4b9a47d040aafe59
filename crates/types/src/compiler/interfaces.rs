//! Anonymous interfaces that refer to themselves, which only aliases make possible (`noder.cycleFinder`).

use super::{Compiler, expressions};
use crate::ids::TypeId;
use crate::sizes::with_stack;
use crate::store::Store;
use crate::types::Type;
use rustc_hash::FxHashMap;
use trigo_syntax::ast::{ExprId, ExprKind};

impl Compiler<'_> {
    pub(super) fn interface_errors(&mut self) {
        let mut finder = Finder { store: self.store, cyclic: FxHashMap::default() };
        for (file, info) in self.checked_files() {
            let is_interface = |&e: &ExprId| matches!(file[e].kind, ExprKind::Interface { .. });
            let mut literals: Vec<_> = expressions(file).filter(is_interface).collect();
            literals.sort_by_key(|&e| file[e].pos);
            let mut end = file.pos;
            for e in literals {
                let Some((_, t)) = info.typ(e).filter(|_| file[e].pos >= end) else { continue };
                // Only the outermost of nested literals is reported.
                end = file.end(e);
                if finder.has_cycle(self.store.unalias(t)) {
                    self.error(
                        file,
                        file[e].pos,
                        "invalid recursive type: anonymous interface refers to itself (see https://go.dev/issue/56103)",
                    );
                    finder.cyclic.values_mut().for_each(|cyclic| *cyclic = false);
                }
            }
        }
    }
}

struct Finder<'a> {
    store: &'a Store,
    /// The interfaces met: whether they are being looked into.
    cyclic: FxHashMap<TypeId, bool>,
}

impl Finder<'_> {
    /// Whether a type that is an interface literal is part of a cycle.
    fn has_cycle(&mut self, t: TypeId) -> bool {
        let s = self.store;
        let methods = s.type_set(t).methods.iter();
        methods.into_iter().any(|&m| self.visit(s.obj_type(m)))
    }

    fn visit(&mut self, t: TypeId) -> bool {
        with_stack(|| self.leads_back(t))
    }

    fn leads_back(&mut self, t: TypeId) -> bool {
        let s = self.store;
        let t = s.unalias(t);
        match s.typ(t) {
            // A named type breaks the cycle.
            Type::Basic(_)
            | Type::Named(_)
            | Type::TypeParam(_)
            | Type::Alias(_)
            | Type::Union(_) => false,
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => self.visit(*elem),
            Type::Map { key, elem } => self.visit(*key) || self.visit(*elem),
            Type::Struct(st) => st.fields.iter().any(|&f| self.visit(s.obj_type(f))),
            Type::Tuple(vars) => vars.iter().any(|&v| self.visit(s.obj_type(v))),
            Type::Signature(sig) => self.visit(sig.params) || self.visit(sig.results),
            Type::Interface(i) if i.methods.is_empty() && i.embeddeds.is_empty() => false,
            Type::Interface(_) => {
                if let Some(&known) = self.cyclic.get(&t) {
                    return known;
                }
                self.cyclic.insert(t, true);
                if self.has_cycle(t) {
                    return true;
                }
                self.cyclic.insert(t, false);
                false
            }
        }
    }
}
