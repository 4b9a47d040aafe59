//! Assignments, and in which order gc evaluates several expressions.

use super::place::Place;
use super::value::Value;
use super::{Body, Res, deep};
use trigo_ir::types::{Basic, Shape, TypeId as IrType};
use trigo_syntax::FilePos;
use trigo_syntax::ast::{AssignOp, ExprId, ExprKind, List, Node, StmtId};
use trigo_syntax::token::Op as Token;
use trigo_types::{Builtin, Mode, ObjId, ObjKind};

impl Body<'_, '_> {
    /// The values of several expressions, each as a type. gc evaluates calls, receive operations and what else it computes
    /// ahead first and in order, and variables afterwards (`cmd/compile/internal/walk/order.go`).
    pub(super) fn in_order(&mut self, exprs: &[(ExprId, IrType)]) -> Res<Vec<Value>> {
        let ahead: Vec<bool> = match exprs.len() {
            1 => vec![true],
            _ => exprs.iter().map(|&(e, _)| self.is_ahead(e)).collect(),
        };
        let mut values: Vec<Option<Value>> = vec![None; exprs.len()];
        for first in [true, false] {
            for (i, &(e, ty)) in exprs.iter().enumerate() {
                if ahead[i] == first {
                    values[i] = Some(self.expr_as(e, ty)?);
                }
            }
        }
        Ok(values.into_iter().flatten().collect())
    }

    /// Whether an expression has parts that gc computes ahead. What is known of chains of operators is kept: each link asks.
    pub(super) fn is_ahead(&mut self, e: ExprId) -> bool {
        if let Some(&known) = self.ahead.get(&e) {
            return known;
        }
        let found = deep(|| self.has_part_ahead(e));
        if let ExprKind::Binary { .. } = self.file[e].kind {
            self.ahead.insert(e, found);
        }
        found
    }

    fn has_part_ahead(&mut self, e: ExprId) -> bool {
        if self.info.value(e).is_some() {
            return false;
        }
        match self.file[e].kind {
            ExprKind::FuncLit { .. } => return false,
            ExprKind::Call { fun, args, .. }
                if self.is_call(fun) || self.is_string_to_slice(fun, &self.file[args]) =>
            {
                return true;
            }
            ExprKind::Slice { .. }
            | ExprKind::Unary { op: Token::Recv, .. }
            | ExprKind::Assert { .. }
            | ExprKind::Binary { op: Token::AndAnd | Token::OrOr, .. } => return true,
            ExprKind::Index { x, .. } => {
                let is_map = |t| matches!(self.shape(t), Shape::Map { .. });
                let value = !matches!(self.info.typ(x), None | Some((Mode::Type, _)));
                if value && !self.names_function(x) && self.ty(x).is_ok_and(is_map) {
                    return true;
                }
            }
            _ => {}
        }
        let mut found = false;
        let file = self.file;
        file.children(Node::Expr(e), |child| {
            if let Node::Expr(child) = child {
                found = found || self.is_ahead(child);
            }
        });
        found
    }

    fn is_call(&self, fun: ExprId) -> bool {
        let fun = self.file.unparen(fun);
        if let Some((Mode::Type, _)) = self.info.typ(fun) {
            return false;
        }
        let ident = match self.file[fun].kind {
            ExprKind::Name(_) => fun,
            ExprKind::Selector { sel, .. } => sel.expr(),
            _ => return true,
        };
        let Some(obj) = self.info.object(ident) else { return true };
        match self.world.store.obj(obj).kind {
            ObjKind::Builtin(builtin) => matches!(
                builtin,
                Builtin::Append
                    | Builtin::Cap
                    | Builtin::Complex
                    | Builtin::Copy
                    | Builtin::Imag
                    | Builtin::Len
                    | Builtin::Make
                    | Builtin::Max
                    | Builtin::Min
                    | Builtin::New
                    | Builtin::Real
                    | Builtin::Recover
            ),
            _ => true,
        }
    }

    /// Whether a call is a conversion that copies a string's bytes or runes.
    fn is_string_to_slice(&self, fun: ExprId, args: &[ExprId]) -> bool {
        let is_type = matches!(self.info.typ(self.file.unparen(fun)), Some((Mode::Type, _)));
        let is_slice = |t| matches!(self.shape(t), Shape::Slice(_));
        let is_string = |t| self.basic(t) == Some(Basic::String);
        is_type
            && self.ty(fun).is_ok_and(is_slice)
            && args.first().is_some_and(|&x| self.ty(x).is_ok_and(is_string))
    }

    /// Whether an identifier declares the variable that it means.
    fn declares(&self, e: ExprId, var: ObjId) -> bool {
        let here = FilePos { file: self.file.id(), pos: self.file[e].pos };
        self.world.store.obj(var).pos == Some(here)
    }

    /// A value to store right away, in memory form maybe not a copy.
    fn expr_to_store(&mut self, e: ExprId, ty: IrType) -> Res<Value> {
        if self.parts_of(ty).is_none() && self.is_place(e)? && self.ty(e)? == ty {
            let place = self.place(e)?;
            let addr = self.resolve(&place)?;
            return Ok(self.borrow(addr, ty));
        }
        self.expr_as(e, ty)
    }

    /// An assignment.
    pub(super) fn assign(
        &mut self,
        s: StmtId,
        op: AssignOp,
        lhs: List<ExprId>,
        rhs: List<ExprId>,
    ) -> Res<()> {
        let file = self.file;
        let (lhs, rhs) = (&file[lhs], &file[rhs]);
        match (op, lhs, rhs) {
            (AssignOp::Op(op), &[x], &[y]) => self.op_assign(s, op, x, y),
            (AssignOp::Define, &[x], &[y]) => {
                if let Some(var) = self.declared(x)
                    && self.declares(x, var)
                {
                    let ty = self.obj_ty(var);
                    let value = self.expr_to_store(y, ty)?;
                    self.at(self.file[s].pos);
                    self.declare(var, ty, Some(&value));
                    return Ok(());
                }
                self.assign_one(s, x, y)
            }
            (AssignOp::Assign, &[x], &[y]) => self.assign_one(s, x, y),
            _ => self.assign_several(s, op == AssignOp::Define, lhs, rhs),
        }
    }

    fn is_blank(&self, e: ExprId) -> bool {
        let e = self.file.unparen(e);
        match self.file.as_ident(e) {
            Some(ident) => self.world.store.text(self.file.symbol(ident)) == "_",
            None => false,
        }
    }

    fn assign_one(&mut self, s: StmtId, x: ExprId, y: ExprId) -> Res<()> {
        if self.is_blank(x) {
            // A conversion to an interface may be what matters.
            return self.discard(y);
        }
        let ty = self.place_ty(x)?;
        let place = self.place(x)?;
        let value = self.expr_to_store(y, ty)?;
        self.at(self.file[s].pos);
        self.store_place(&place, ty, &value)
    }

    /// The type that an assignable operand has.
    pub(super) fn place_ty(&self, x: ExprId) -> Res<IrType> {
        let inner = self.file.unparen(x);
        match self.file[inner].kind {
            ExprKind::Name(_) => match self.info.object(inner) {
                Some(var) => Ok(self.obj_ty(var)),
                None => self.ty(inner),
            },
            ExprKind::Index { x, .. } => {
                let ty = self.ty(x)?;
                match *self.shape(ty) {
                    Shape::Map { elem, .. } => Ok(elem),
                    _ => Ok(self.index_elem(ty)),
                }
            }
            _ => self.ty(inner),
        }
    }

    fn assign_several(
        &mut self,
        s: StmtId,
        define: bool,
        lhs: &[ExprId],
        rhs: &[ExprId],
    ) -> Res<()> {
        let mut targets = Vec::new();
        for &x in lhs {
            let new = self.declared(x).filter(|&v| define && self.declares(x, v));
            targets.push(match new {
                Some(var) => (Target::New(var), Some(self.obj_ty(var))),
                None if self.is_blank(x) => (Target::Old(Place::Blank), None),
                None => {
                    let ty = self.place_ty(x)?;
                    (Target::Old(self.place(x)?), Some(ty))
                }
            });
        }
        let values = match rhs {
            &[only] if lhs.len() > 1 => {
                let mut values = Vec::new();
                for ((value, from), (_, to)) in self.several_values(only)?.into_iter().zip(&targets)
                {
                    let to = to.unwrap_or(from);
                    values.push((self.assign_convert(value, from, to)?, to));
                }
                values
            }
            _ => {
                let mut pairs = Vec::new();
                for (&y, (_, to)) in rhs.iter().zip(&targets) {
                    let to = match to {
                        Some(to) => *to,
                        None => self.ty(y)?,
                    };
                    pairs.push((y, to));
                }
                let values = self.in_order(&pairs)?;
                values.into_iter().zip(pairs.into_iter().map(|p| p.1)).collect()
            }
        };
        self.at(self.file[s].pos);
        for ((target, _), (value, ty)) in targets.into_iter().zip(values) {
            match target {
                Target::New(var) => self.declare(var, ty, Some(&value)),
                Target::Old(place) => self.store_place(&place, ty, &value)?,
            }
        }
        Ok(())
    }

    /// Fixes a place whose index is checked, so that it is loaded and stored with one check.
    fn fixed(&mut self, place: Place) -> Res<Place> {
        match place {
            Place::Element { .. } => Ok(Place::Memory(self.resolve(&place)?)),
            other => Ok(other),
        }
    }

    /// `x op= y`; `y` comes first.
    fn op_assign(&mut self, s: StmtId, op: Token, x: ExprId, y: ExprId) -> Res<()> {
        let ty = self.place_ty(x)?;
        let place = self.place(x)?;
        let shift = matches!(op, Token::Shl | Token::Shr);
        let right = match shift {
            true => Value::one(self.shift_count(y)?),
            false => self.expr_as(y, ty)?,
        };
        self.at(self.file[s].pos);
        let place = self.fixed(place)?;
        let left = self.load_place(&place, ty)?;
        let value = match shift {
            true => Value::one(self.shift(op, ty, left.first(), right.first())),
            false => {
                let known = self.info.value(y).is_some();
                self.arithmetic(op, ty, &left, &right, known)?
            }
        };
        self.store_place(&place, ty, &value)
    }

    /// `x++` and `x--`.
    pub(super) fn inc_dec(&mut self, s: StmtId, x: ExprId, op: Token) -> Res<()> {
        let ty = self.place_ty(x)?;
        let place = self.place(x)?;
        self.at(self.file[s].pos);
        let place = self.fixed(place)?;
        let left = self.load_place(&place, ty)?;
        let one = match self.basic(ty) {
            Some(Basic::Float32) => Value::one(self.f32const(1.0)),
            Some(Basic::Float64) => Value::one(self.f64const(1.0)),
            Some(Basic::Complex64) => Value::of(&[1.0, 0.0].map(|v| self.f32const(v))),
            Some(Basic::Complex128) => Value::of(&[1.0, 0.0].map(|v| self.f64const(v))),
            _ => {
                let scalar = self.scalar_of(ty);
                Value::one(self.b.iconst(scalar, 1))
            }
        };
        let value = self.arithmetic(op, ty, &left, &one, true)?;
        self.store_place(&place, ty, &value)
    }

    /// Stores several values, with their types, in what `targets` say, if anything: operands of all of these come first.
    pub(super) fn assign_values(
        &mut self,
        targets: &[Option<ExprId>],
        define: bool,
        values: &[(Value, IrType)],
    ) -> Res<()> {
        let pairs = targets.iter().zip(values);
        if define {
            return pairs
                .filter_map(|(x, value)| Some((x.as_ref()?, value)))
                .try_for_each(|(&x, (value, ty))| self.assign_value(x, true, value, *ty));
        }
        let mut places = Vec::new();
        for (x, (value, from)) in pairs {
            if let Some(x) = x.filter(|&x| !self.is_blank(x)) {
                places.push((self.place(x)?, self.place_ty(x)?, value, *from));
            }
        }
        for (place, ty, value, from) in places {
            let value = self.assign_convert(value.clone(), from, ty)?;
            self.store_place(&place, ty, &value)?;
        }
        Ok(())
    }

    /// Stores a value of a type in what `x` says: a new variable if it declares one.
    pub(super) fn assign_value(
        &mut self,
        x: ExprId,
        define: bool,
        value: &Value,
        from: IrType,
    ) -> Res<()> {
        if self.is_blank(x) {
            return Ok(());
        }
        if let Some(var) = self.declared(x)
            && define
            && self.declares(x, var)
        {
            let ty = self.obj_ty(var);
            let value = self.assign_convert(value.clone(), from, ty)?;
            self.declare(var, ty, Some(&value));
            return Ok(());
        }
        let ty = self.place_ty(x)?;
        let place = self.place(x)?;
        let value = self.assign_convert(value.clone(), from, ty)?;
        self.store_place(&place, ty, &value)
    }
}

/// What is assigned to.
enum Target {
    New(ObjId),
    Old(Place),
}
