//! Declarations inside functions.

use super::Checker;
use super::collect::ConstGroup;
use crate::ids::ObjId;
use crate::object::{ObjKind, VarKind};
use std::sync::OnceLock;
use trigo_syntax::ast::{DeclId, DeclKind, ExprId, IdentId, List};

impl<'a> Checker<'a> {
    pub(super) fn decl_stmt(&mut self, list: List<DeclId>) {
        let file = self.file();
        let mut consts = ConstGroup::default();
        for (index, &id) in file[list].iter().enumerate() {
            match file[id].kind {
                DeclKind::Const { names, ty, values } => {
                    let spec = consts.next(index, &file[id], ty, values);
                    let top = self.delayed.len();
                    let values = &file[spec.values];
                    let mut objs = Vec::new();
                    for (i, &name) in file[names].iter().enumerate() {
                        let obj = self.new_ident_object(ObjKind::Const(OnceLock::new()), name);
                        self.const_decl(
                            obj,
                            spec.ty,
                            values.get(i).copied(),
                            spec.inherited,
                            spec.iota,
                        );
                        objs.push((name, obj));
                    }
                    self.arity(self.here(file[id].pos), &file[names], values, true, spec.inherited);
                    self.process_delayed(top);
                    self.declare_all(&objs);
                }
                DeclKind::Var { names, ty, values } => {
                    self.local_vars(id, names, ty, &file[values])
                }
                DeclKind::Type { name, .. } => {
                    let obj = self.new_ident_object(ObjKind::TypeName, name);
                    self.local_type_scopes.insert(obj, self.env.scope);
                    self.declare(self.env.scope, Some(name), obj);
                    self.obj_path.push(obj);
                    self.type_decl(obj, id);
                    self.obj_path.pop();
                }
                DeclKind::Import { .. } | DeclKind::Func { .. } => {}
            }
        }
    }

    fn declare_all(&mut self, objs: &[(IdentId, ObjId)]) {
        for &(name, obj) in objs {
            self.declare(self.env.scope, Some(name), obj);
        }
    }

    fn local_vars(
        &mut self,
        id: DeclId,
        names: List<IdentId>,
        ty: Option<ExprId>,
        values: &[ExprId],
    ) {
        let file = self.file();
        let top = self.delayed.len();
        let objs: Vec<(IdentId, ObjId)> =
            file[names].iter().map(|&n| (n, self.new_local(VarKind::Local, n))).collect();
        let vars: Vec<ObjId> = objs.iter().map(|(_, o)| *o).collect();
        for (i, &obj) in vars.iter().enumerate() {
            if values.len() == 1 && vars.len() > 1 {
                self.var_decl(obj, &vars, ty, Some(values[0]));
                break;
            }
            self.var_decl(obj, &[], ty, values.get(i).copied());
        }
        if ty.is_none() || !values.is_empty() {
            self.arity(self.here(file[id].pos), &file[names], values, false, false);
        }
        self.process_delayed(top);
        self.declare_all(&objs);
    }
}
