//! Interface types (spec: Interface types).

use super::Checker;
use super::errors::Report;
use crate::ids::{ObjId, TypeId};
use crate::object::{Func, ObjKind, Object};
use crate::types::Type;
use crate::typeset::{MAX_TERMS, MethodList};
use crate::universe::typ;
use std::sync::atomic::AtomicBool;
use trigo_syntax::ast::{ExprId, Field, List};
use trigo_syntax::{FilePos, sym};

impl<'a> Checker<'a> {
    pub(super) fn interface_type(&mut self, elems: List<Field>) -> TypeId {
        let mut methods: Vec<ObjId> = Vec::new();
        let mut embeddeds: Vec<(TypeId, FilePos)> = Vec::new();
        for f in &self.file()[elems] {
            let Some(name) = f.name else {
                let t = self.interface_elem(f.ty);
                embeddeds.push((t, self.start(f.ty)));
                continue;
            };
            if self.file().symbol(name) == sym::BLANK {
                self.error_expr(name.expr(), "methods must have a unique non-blank name");
                continue;
            }
            let sig = self.typ(f.ty);
            if self.s.as_signature(sig).is_none() {
                continue;
            }
            let func = Func {
                origin: None,
                instance: None,
                in_interface: true,
                ptr_recv: AtomicBool::new(false),
            };
            let (pos, symbol) = (self.here(self.file().ident_pos(name)), self.file().symbol(name));
            let object =
                Object::new(ObjKind::Func(func), Some(pos), Some(self.pkg), symbol, Some(sig));
            let m = self.s.new_object(object);
            self.record_object(name.expr(), m);
            methods.push(m);
        }
        self.finish_interface(methods, embeddeds, false)
    }

    /// The interface a constraint `~T` or `A | B` stands for.
    pub(super) fn implicit_interface(&mut self, e: ExprId) -> TypeId {
        let t = self.interface_elem(e);
        let t = self.finish_interface(Vec::new(), vec![(t, self.start(e))], true);
        self.record_type(e, super::operand::Mode::Type, t, None);
        t
    }

    fn finish_interface(
        &mut self,
        methods: Vec<ObjId>,
        embeddeds: Vec<(TypeId, FilePos)>,
        implicit: bool,
    ) -> TypeId {
        let mut sorted = methods.clone();
        sorted.sort_by(|&a, &b| self.s.compare_methods(a, b));
        sorted.dedup_by(|a, b| self.s.same_method(*a, *b));
        let elements = embeddeds.iter().map(|(t, _)| *t).collect();
        let old = !self.allow_version(18);
        let t = self.s.versioned_interface(sorted, elements, implicit, old);
        if !methods.is_empty() || !embeddeds.is_empty() {
            self.later(move |c| c.check_interface(&methods, &embeddeds));
        }
        t
    }

    /// Reports what is wrong with an interface's elements, once they are complete.
    fn check_interface(&mut self, methods: &[ObjId], embeddeds: &[(TypeId, FilePos)]) {
        let s = self.s;
        let mut all = MethodList::default();
        // For each method in the list, it and where it comes from.
        let mut origins: Vec<(ObjId, Option<FilePos>)> = Vec::new();
        for &m in methods {
            let pos = s.obj(m).pos;
            match all.add(s, m) {
                Some(other) => self.duplicate_method(m, pos, origins[other].1),
                None => origins.push((m, pos)),
            }
        }
        for &(t, pos) in embeddeds {
            let under = s.under(t);
            match s.typ(under) {
                Type::Interface(_) => {
                    if self.is_imported_constraint(t)
                        && !self.verify_version(pos, 18, |c| {
                            format!("embedding constraint interface {}", c.ts(t))
                        })
                    {
                        continue;
                    }
                    for &m in &s.type_set(under).methods {
                        match all.add(s, m) {
                            None => origins.push((m, Some(pos))),
                            Some(other) => {
                                let (other, place) = origins[other];
                                let same = s.identical(s.obj_type(m), s.obj_type(other));
                                if !self.allow_version(14) || !same {
                                    self.duplicate_method(m, Some(pos), place);
                                }
                            }
                        }
                    }
                }
                Type::Union(terms) => {
                    let fine = self.verify_version(pos, 18, |c| {
                        format!("embedding interface element {}", c.ts(under))
                    });
                    if fine && s.union_terms(terms).is_none() {
                        self.error_at(
                            pos,
                            format!("cannot handle more than {MAX_TERMS} union terms (implementation limitation)"),
                        );
                    }
                }
                _ if under == typ::INVALID => {}
                _ => {
                    self.verify_version(pos, 18, |c| {
                        format!("embedding non-interface type {}", c.ts(t))
                    });
                }
            }
        }
    }

    fn duplicate_method(&mut self, m: ObjId, pos: Option<FilePos>, other: Option<FilePos>) {
        let name = self.s.obj_name(m);
        let mut report = Report::new(pos, format!("duplicate method {name}"));
        self.add_line(&mut report, other, &format!("other declaration of method {name}"));
        self.send(report);
    }
}
