//! Struct types (spec: Struct types).

use super::Checker;
use super::errors::Report;
use crate::constant::unquote;
use crate::ids::{ObjId, TypeId};
use crate::types::{BasicKind, Struct, Type};
use crate::universe::typ;
use rustc_hash::FxHashMap;
use trigo_syntax::ast::{ExprId, ExprKind, Field, IdentId, List};
use trigo_syntax::sym;
use trigo_syntax::token::Op;

impl<'a> Checker<'a> {
    pub(super) fn struct_type(&mut self, list: List<Field>) -> TypeId {
        let decls = &self.file()[list];
        let mut fields: Vec<ObjId> = Vec::with_capacity(decls.len());
        let mut tags: Vec<Box<[u8]>> = Vec::new();
        let mut seen = FxHashMap::default();
        let mut t = typ::INVALID;
        for (i, f) in decls.iter().enumerate() {
            if i == 0 || decls[i - 1].ty != f.ty {
                t = self.var_type(f.ty);
            }
            let tag = f.tag.map_or_else(Vec::new, |tag| self.tag(tag));
            let (name, embedded) = match f.name {
                Some(name) => (Some(name), false),
                None => (self.embedded_name(f.ty), true),
            };
            let Some(name) = name else {
                let text = self.es(f.ty);
                self.error_expr(f.ty, format!("invalid embedded field type {text}"));
                continue;
            };
            let pos = self.here(self.file().ident_pos(name));
            let field = self.new_field(pos, name, t, embedded);
            if embedded {
                let (at, t) = (f.ty, t);
                self.later(move |c| c.check_embedded(at, t));
            }
            if !self.insert_field(&mut seen, field) {
                continue;
            }
            self.record_object(name.expr(), field);
            fields.push(field);
            if !tag.is_empty() {
                tags.resize(fields.len() - 1, Box::default());
                tags.push(tag.into());
            }
        }
        if !tags.is_empty() {
            tags.resize(fields.len(), Box::default());
        }
        self.s.new_type(Type::Struct(Struct { fields: fields.into(), tags: tags.into() }))
    }

    fn insert_field(
        &mut self,
        seen: &mut FxHashMap<trigo_syntax::Symbol, ObjId>,
        field: ObjId,
    ) -> bool {
        let o = self.s.obj(field);
        if o.name == sym::BLANK {
            return true;
        }
        if let Some(&other) = seen.get(&o.name) {
            let mut report = Report::new(o.pos, format!("{} redeclared", self.s.text(o.name)));
            self.add_other(&mut report, other);
            self.send(report);
            return false;
        }
        seen.insert(o.name, field);
        true
    }

    fn tag(&mut self, e: ExprId) -> Vec<u8> {
        match self.file()[e].kind {
            ExprKind::Literal { bad: false, .. } => {
                unquote(self.file().literal(e)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The identifier by which an embedded field is selected.
    fn embedded_name(&self, e: ExprId) -> Option<IdentId> {
        let file = self.file();
        match file[e].kind {
            ExprKind::Name(_) => file.as_ident(e),
            ExprKind::Unary { op: Op::Mul, x }
                if !matches!(file[x].kind, ExprKind::Unary { op: Op::Mul, .. }) =>
            {
                self.embedded_name(x)
            }
            ExprKind::Selector { sel, .. } => Some(sel),
            ExprKind::Index { x, .. } => self.embedded_name(x),
            _ => None,
        }
    }

    fn check_embedded(&mut self, at: ExprId, t: TypeId) {
        let (base, is_ptr) = self.s.deref(t);
        let message = match self.s.typ(self.s.under(base)) {
            Type::Basic(b) if b.kind == BasicKind::UnsafePointer => {
                "embedded field type cannot be unsafe.Pointer"
            }
            Type::Pointer(_) => "embedded field type cannot be a pointer",
            Type::Interface(_) if self.s.is_type_param(base) => {
                "embedded field type cannot be a (pointer to a) type parameter"
            }
            Type::Interface(_) if is_ptr => {
                "embedded field type cannot be a pointer to an interface"
            }
            _ => return,
        };
        self.error_expr(at, message);
    }
}
