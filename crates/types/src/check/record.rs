//! Notes what was found out in the tables of [`Info`](crate::Info).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use super::untyped::Untyped;
use crate::constant::Value;
use crate::ids::{ObjId, TypeId};
use crate::results::{FileInfo, InstanceInfo, Selection};
use crate::universe::typ;
use trigo_syntax::ast::{ExprId, ExprKind};

impl<'a> Checker<'a> {
    pub(super) fn file_info(&mut self) -> &mut FileInfo {
        &mut self.info.files[self.env.file as usize]
    }

    /// Records an operand, or remembers it until its untyped type is settled.
    pub(super) fn record(&mut self, x: &Operand) {
        let OpExpr::Node(e) = x.expr else { return };
        let t = match x.mode {
            Mode::Invalid => typ::INVALID,
            Mode::NoValue => typ::EMPTY_TUPLE,
            _ => x.typ,
        };
        if self.s.is_untyped(t) {
            let val = x.is_const().then(|| x.val.clone());
            let entry = Untyped { is_lhs: false, mode: x.mode, typ: t, val };
            self.untyped.insert((self.env.file, e), entry);
        } else {
            let val = x.is_const().then_some(&x.val);
            self.record_type(e, x.mode, t, val.cloned());
        }
    }

    pub(super) fn record_type(&mut self, e: ExprId, mode: Mode, t: TypeId, val: Option<Value>) {
        if mode == Mode::Invalid {
            return;
        }
        let info = self.file_info();
        info.types[e.index()] = Some((mode, t));
        if let Some(val) = val {
            info.values.insert(e, val);
        }
    }

    /// Settles what stayed untyped to the end, such as constants in constant declarations.
    pub(super) fn record_untyped(&mut self) {
        for ((file, e), u) in std::mem::take(&mut self.untyped) {
            self.env.file = file;
            self.record_type(e, u.mode, u.typ, u.val);
        }
    }

    /// Records the type with which a built-in function is used.
    pub(super) fn record_builtin(
        &mut self,
        fun: ExprId,
        params: &[TypeId],
        result: Option<TypeId>,
        variadic: bool,
    ) {
        let blank = self.s.interner().intern("");
        let var = |kind, t| self.s.new_var(kind, None, None, blank, Some(t));
        let params: Vec<ObjId> =
            params.iter().map(|&t| var(crate::VarKind::Param, self.s.default_type(t))).collect();
        let results: Vec<ObjId> =
            result.into_iter().map(|t| var(crate::VarKind::Result, t)).collect();
        let sig = self.s.signature(crate::Signature {
            tparams: Box::new([]),
            rparams: Box::new([]),
            recv: None,
            params: self.s.tuple(params),
            results: self.s.tuple(results),
            variadic,
        });
        let mut e = fun;
        loop {
            self.record_type(e, Mode::Builtin, sig, None);
            match self.file()[e].kind {
                ExprKind::Paren(x) => e = x,
                _ => return,
            }
        }
    }

    /// Records that a value is used together with its optional second result.
    pub(super) fn record_comma_ok(&mut self, e: ExprId, first: TypeId, second: TypeId) {
        let pos = Some(self.pos(e));
        let blank = self.s.interner().intern("");
        let pair = [first, second]
            .map(|t| self.s.new_var(crate::VarKind::Local, pos, Some(self.pkg), blank, Some(t)));
        let tuple = self.s.tuple(pair.to_vec());
        let mut e = e;
        loop {
            if let Some(entry) = &mut self.file_info().types[e.index()] {
                entry.1 = tuple;
            }
            match self.file()[e].kind {
                ExprKind::Paren(x) => e = x,
                _ => return,
            }
        }
    }

    /// Records an instance at the identifier that names the generic type or function.
    pub(super) fn record_instance(&mut self, e: ExprId, targs: &[TypeId], t: TypeId) {
        let file = self.file();
        let mut e = e;
        let ident = loop {
            match file[e].kind {
                ExprKind::Index { x, .. } | ExprKind::Paren(x) => e = x,
                ExprKind::Selector { sel, .. } => break sel.expr(),
                _ => break e,
            }
        };
        self.file_info().instances.insert(ident, InstanceInfo { targs: targs.into(), typ: t });
    }

    pub(super) fn record_object(&mut self, ident: ExprId, obj: ObjId) {
        self.file_info().objects[ident.index()] = Some(obj);
    }

    pub(super) fn record_selection(&mut self, e: ExprId, selection: Selection) {
        if let ExprKind::Selector { sel, .. } = self.file()[e].kind {
            self.record_object(sel.expr(), selection.obj);
        }
        self.file_info().selections.insert(e, selection);
    }
}
