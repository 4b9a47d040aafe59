//! Checks all package-level objects, types first.

use super::Checker;
use super::scope::ScopeId;
use crate::ids::ObjId;
use trigo_syntax::ast::{DeclKind, ExprId, ExprKind, IdentId};
use trigo_syntax::token::Op;

impl<'a> Checker<'a> {
    /// A receiver's type without parentheses, pointer and type parameters.
    pub(super) fn unpack_recv(&self, ty: ExprId) -> (bool, ExprId) {
        let file = self.file();
        let mut base = file.unparen(ty);
        let mut ptr = false;
        if let ExprKind::Unary { op: Op::Mul, x } = file[base].kind {
            ptr = true;
            base = file.unparen(x);
        }
        if let ExprKind::Index { x, .. } = file[base].kind {
            base = x;
        }
        (ptr, base)
    }

    /// Follows alias declarations from a receiver's type name to the type
    /// declaration; also says whether a pointer is on the way.
    pub(super) fn resolve_base_type_name(
        &self,
        mut ptr: bool,
        name: IdentId,
    ) -> Option<(bool, ObjId)> {
        let mut symbol = self.file().symbol(name);
        let mut seen = Vec::new();
        loop {
            let obj = self.scope(ScopeId::PACKAGE).lookup(symbol)?;
            if !self.s.obj(obj).is_type_name() || seen.contains(&obj) {
                return None;
            }
            let info = &self.decls[*self.obj_decls.get(&obj)?];
            let file = self.files[info.file as usize];
            let DeclKind::Type { type_params, alias, ty, .. } = file[info.tdecl?].kind else {
                return None;
            };
            if !alias {
                return Some((ptr, obj));
            }
            if !type_params.is_empty() {
                return None;
            }
            seen.push(obj);
            let mut base = file.unparen(ty);
            if let ExprKind::Unary { op: Op::Mul, x } = file[base].kind {
                if ptr {
                    return None;
                }
                ptr = true;
                base = file.unparen(x);
            }
            symbol = file.symbol(file.as_ident(base)?);
        }
    }

    /// Checks every package-level object: defined types, then aliases, then the rest.
    pub(super) fn package_objects(&mut self) {
        let list = self.obj_list.clone();
        for &obj in &list {
            if self.s.obj(obj).is_type_name() && self.s.obj(obj).typ().is_some() {
                self.collect_methods(obj);
            }
        }
        let rank = |c: &Self, obj: ObjId| {
            let info = &c.decls[c.obj_decls[&obj]];
            match info.tdecl.map(|d| c.files[info.file as usize][d].kind) {
                Some(DeclKind::Type { alias: false, .. }) => 0,
                Some(_) => 1,
                None => 2,
            }
        };
        for wanted in 0..3 {
            for &obj in &list {
                if rank(self, obj) == wanted {
                    self.obj_decl(obj);
                }
            }
        }
        self.methods.clear();
    }
}
