//! Expressions.

use super::place::{Operand, Place};
use super::value::{Addr, Vals, Value};
use super::{Body, Res, deep};
use trigo_ir::func::{Block, Val};
use trigo_ir::inst::{AllocWhat, BinaryOp, BoundsKind, Cond, Op};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op as Token;
use trigo_types::{Mode, ObjKind, SelectionKind};

impl Body<'_, '_> {
    /// An expression's value converted to a type that it can be assigned to.
    pub(super) fn expr_as(&mut self, e: ExprId, to: IrType) -> Res<Value> {
        if self.is_nil(e) {
            return Ok(self.zero(to));
        }
        let from = self.ty(e)?;
        if let Some(value) = self.constant_in_interface(e, from, to)? {
            return Ok(value);
        }
        let value = self.expr(e)?;
        self.assign_convert(value, from, to)
    }

    /// Whether an expression is `nil`.
    pub(super) fn is_nil(&self, e: ExprId) -> bool {
        matches!(self.info.typ(e), Some((Mode::Nil, _)))
    }

    /// An expression that is evaluated for its effects.
    pub(super) fn discard(&mut self, e: ExprId) -> Res<()> {
        let e = self.file.unparen(e);
        if self.info.value(e).is_some() || self.is_nil(e) {
            return Ok(());
        }
        if let ExprKind::Call { .. } = self.file[e].kind {
            self.call_results(e)?;
            return Ok(());
        }
        if self.is_place(e)? {
            let place = self.place(e)?;
            let addr = self.resolve(&place)?;
            if !addr.safe {
                self.b.push(Op::NilCheck(addr.base), &[]);
            }
            return Ok(());
        }
        self.expr(e)?;
        Ok(())
    }

    /// An expression's value; in memory form a copy that nothing else writes.
    pub(super) fn expr(&mut self, e: ExprId) -> Res<Value> {
        deep(|| self.shallow_expr(e))
    }

    fn shallow_expr(&mut self, e: ExprId) -> Res<Value> {
        self.at_expr(e);
        if self.info.value(e).is_some() {
            return self.constant_expr(e);
        }
        if self.is_nil(e) {
            let ty = self.ty(e)?;
            return Ok(self.zero(ty));
        }
        match self.file[e].kind {
            ExprKind::Paren(x) => self.expr(x),
            ExprKind::Name(_) => self.name(e, e),
            ExprKind::Selector { sel, .. } => match self.info.selections.get(&e) {
                None => self.name(e, sel.expr()),
                Some(s) => match s.kind {
                    SelectionKind::Field => {
                        let (operand, ty) = self.select_field(e)?;
                        self.at_expr(e);
                        match operand {
                            Operand::Value(value) => Ok(value),
                            Operand::Place(place) => self.load_place(&place, ty),
                        }
                    }
                    SelectionKind::Method => Ok(Value::one(self.method_value(e)?)),
                    SelectionKind::MethodExpr => Ok(Value::one(self.method_expr(e)?)),
                },
            },
            ExprKind::FuncLit { .. } => Ok(Value::one(self.func_lit(e)?)),
            ExprKind::Composite { .. } => {
                let ty = self.ty(e)?;
                self.composite(e, ty)
            }
            ExprKind::Index { x, args, .. } => self.index_expr(e, x, self.file[args][0]),
            ExprKind::Slice { x, lo, hi, max, .. } => self.slice_expr(e, x, [lo, hi, max]),
            ExprKind::Assert { x, ty } => {
                let to = self.ty(ty)?;
                self.assert(e, x, to)
            }
            ExprKind::Unary { op, x } => self.unary_expr(e, op, x),
            ExprKind::Binary { op, x, y } => self.binary_expr(e, op, x, y),
            ExprKind::Call { .. } => {
                let mut results = self.call_results(e)?;
                match results.len() {
                    1 => Ok(results.remove(0).0),
                    n => self.fail_at(e, format_args!("a call with {n} results as a value")),
                }
            }
            _ => self.fail_at(e, "an expression of a kind that has no value"),
        }
    }

    fn name(&mut self, e: ExprId, ident: ExprId) -> Res<Value> {
        let Some(obj) = self.info.object(ident) else {
            return self.fail_at(e, "a name that means nothing");
        };
        match &self.world.store.obj(obj).kind {
            ObjKind::Var(_) => {
                let ty = self.obj_ty(obj);
                let addr = self.var_place(obj)?;
                Ok(self.load(addr, ty))
            }
            ObjKind::Func(_) => {
                let sym = self.func_sym(ident, obj);
                Ok(Value::one(self.func_value(sym)))
            }
            ObjKind::Nil => {
                let ty = self.ty(e)?;
                Ok(self.zero(ty))
            }
            _ => self.fail_at(e, "a name that has no value"),
        }
    }

    fn index_expr(&mut self, e: ExprId, x: ExprId, index: ExprId) -> Res<Value> {
        if self.names_function(x) {
            // A generic function with type arguments.
            return self.expr(x);
        }
        let ty = self.ty(x)?;
        match *self.shape(ty) {
            Shape::Map { key, .. } => {
                let map = self.expr(x)?.first();
                let index = self.expr_as(index, key)?;
                self.at_expr(e);
                let key = self.spill(key, &index);
                Ok(self.map_get(ty, map, key)?.0)
            }
            Shape::Basic(Basic::String) => {
                let string = self.expr(x)?;
                let [data, len] = string.operands()[..] else {
                    return self.fail_at(x, "a string without two parts");
                };
                let (index, signed) = self.index(index)?;
                self.at_expr(e);
                let check = Op::BoundsCheck { kind: BoundsKind::Index, x: index, y: len, signed };
                self.b.push(check, &[]);
                let at = self.b.ptr_add(data, index);
                Ok(Value::one(self.b.load(Scalar::I8, at, 0)))
            }
            Shape::Array { len, elem } if !self.is_place(e)? => {
                let array = self.expr(x)?;
                let (index, signed) = self.index(index)?;
                self.at_expr(e);
                match array {
                    Value::Memory(base) => {
                        let len = self.int(len as i64);
                        let (base, size) = (Addr::safe(base), self.size(elem));
                        let pos = self.b.pos();
                        let place =
                            Place::Element { base, len, index, signed, size, offset: 0, pos };
                        self.load_place(&place, elem)
                    }
                    parts => {
                        let len = self.int(len as i64);
                        let kind = BoundsKind::Index;
                        self.b.push(Op::BoundsCheck { kind, x: index, y: len, signed }, &[]);
                        match self.parts_of(elem) {
                            Some([]) => Ok(Value::of(&[])),
                            // An array of one.
                            _ => Ok(parts),
                        }
                    }
                }
            }
            _ => {
                let place = self.place(e)?;
                let elem = self.index_elem(ty);
                self.at_expr(e);
                self.load_place(&place, elem)
            }
        }
    }

    /// Whether an operand is a function by name, which type arguments may follow.
    pub(super) fn names_function(&self, x: ExprId) -> bool {
        let x = self.file.unparen(x);
        match self.file[x].kind {
            ExprKind::Name(_) => self.info.instances.contains_key(&x),
            ExprKind::Selector { sel, .. } => self.info.instances.contains_key(&sel.expr()),
            _ => false,
        }
    }

    /// The element type that an index reaches.
    pub(super) fn index_elem(&self, ty: IrType) -> IrType {
        match *self.shape(ty) {
            Shape::Pointer(array) => self.elem_of(array),
            _ => self.elem_of(ty),
        }
    }

    fn unary_expr(&mut self, e: ExprId, op: Token, x: ExprId) -> Res<Value> {
        match op {
            Token::And => {
                let inner = self.file.unparen(x);
                if let ExprKind::Composite { .. } = self.file[inner].kind {
                    let ty = self.ty(inner)?;
                    return Ok(Value::one(self.composite_on_heap(
                        inner,
                        ty,
                        AllocWhat::Literal,
                    )?));
                }
                Ok(Value::one(self.address_of(x)?))
            }
            Token::Mul => {
                let ty = self.ty(x)?;
                let pointer = self.expr(x)?.first();
                self.at_expr(e);
                let elem = self.elem_of(ty);
                Ok(self.load(Addr::pointer(pointer), elem))
            }
            Token::Recv => {
                let ty = self.ty(x)?;
                let chan = self.expr(x)?.first();
                self.at_expr(e);
                let elem = self.elem_of(ty);
                Ok(self.receive(chan, elem, false)?.0)
            }
            Token::Not => {
                let value = self.expr(x)?.first();
                let one = self.b.iconst(Scalar::I8, 1);
                Ok(Value::one(self.b.binary(BinaryOp::Xor, value, one)))
            }
            Token::Add => self.expr(x),
            Token::Sub | Token::Xor => {
                let ty = self.ty(e)?;
                let value = self.expr(x)?;
                self.at_expr(e);
                self.negate(op, ty, &value)
            }
            _ => self.fail_at(e, format_args!("the unary operator {op}")),
        }
    }

    /// Receives from a channel: the value, and whether it was sent.
    pub(super) fn receive(
        &mut self,
        chan: Val,
        elem: IrType,
        with_ok: bool,
    ) -> Res<(Value, Option<Val>)> {
        let addr = self.temp_addr(elem);
        self.store_zero(Addr::safe(addr), elem);
        let ok = match with_ok {
            true => Some(self.runtime1("chanrecv2", &[chan, addr])?),
            false => {
                self.runtime("chanrecv1", &[chan, addr])?;
                None
            }
        };
        Ok((self.borrow(Addr::safe(addr), elem), ok))
    }

    fn binary_expr(&mut self, e: ExprId, op: Token, x: ExprId, y: ExprId) -> Res<Value> {
        match op {
            Token::AndAnd | Token::OrOr => {
                let (yes, no, done) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
                let result = self.b.block_param(done, Scalar::I8);
                self.condition(e, yes, no)?;
                for (block, value) in [(yes, 1), (no, 0)] {
                    self.b.switch_to(block);
                    let value = self.b.iconst(Scalar::I8, value);
                    self.b.jump(done, &[value]);
                }
                self.b.switch_to(done);
                Ok(Value::one(result))
            }
            Token::Eql | Token::Neq | Token::Lss | Token::Leq | Token::Gtr | Token::Geq => {
                Ok(Value::one(self.comparison(e, op, x, y)?))
            }
            Token::Shl | Token::Shr => {
                let ty = self.ty(e)?;
                let value = self.expr_as(x, ty)?.first();
                let count = self.shift_count(y)?;
                self.at_expr(e);
                Ok(Value::one(self.shift(op, ty, value, count)))
            }
            _ => {
                let ty = self.ty(e)?;
                if op == Token::Add && self.basic(ty) == Some(Basic::String) {
                    return self.concat(e);
                }
                let values = self.in_order(&[(x, ty), (y, ty)])?;
                let [left, right] = &values[..] else { unreachable!("two values") };
                self.at_expr(e);
                self.arithmetic(op, ty, left, right, self.info.value(y).is_some())
            }
        }
    }

    /// Goes to `yes` if a truth value is true, else to `no`.
    pub(super) fn condition(&mut self, e: ExprId, yes: Block, no: Block) -> Res<()> {
        deep(|| self.shallow_condition(e, yes, no))
    }

    fn shallow_condition(&mut self, e: ExprId, yes: Block, no: Block) -> Res<()> {
        if self.info.value(e).is_none() {
            match self.file[e].kind {
                ExprKind::Paren(x) => return self.condition(x, yes, no),
                ExprKind::Unary { op: Token::Not, x } => return self.condition(x, no, yes),
                ExprKind::Binary { op: Token::AndAnd, x, y } => {
                    let more = self.b.new_block();
                    self.condition(x, more, no)?;
                    self.b.switch_to(more);
                    return self.condition(y, yes, no);
                }
                ExprKind::Binary { op: Token::OrOr, x, y } => {
                    let more = self.b.new_block();
                    self.condition(x, yes, more)?;
                    self.b.switch_to(more);
                    return self.condition(y, yes, no);
                }
                _ => {}
            }
        }
        let value = self.expr(e)?.first();
        self.b.branch(value, yes, no);
        Ok(())
    }

    /// `x[lo:hi:max]`.
    fn slice_expr(&mut self, e: ExprId, x: ExprId, bounds: [Option<ExprId>; 3]) -> Res<Value> {
        let ty = self.ty(x)?;
        let is_string = self.basic(ty) == Some(Basic::String);
        let (data, len, cap, elem, of_array) = match *self.shape(ty) {
            Shape::Basic(Basic::String) => {
                let value = self.expr(x)?;
                let len = value.operands()[1];
                (value.first(), len, len, Basic::Uint8.id(), false)
            }
            Shape::Slice(elem) => {
                let value = self.expr(x)?;
                let parts = value.operands();
                (parts[0], parts[1], parts[2], elem, false)
            }
            Shape::Pointer(array) => {
                let pointer = self.expr(x)?.first();
                let Shape::Array { len, elem } = *self.shape(array) else {
                    return self.fail_at(x, "a slice of what has no elements");
                };
                self.at_expr(e);
                self.b.push(Op::NilCheck(pointer), &[]);
                let len = self.int(len as i64);
                (pointer, len, len, elem, true)
            }
            Shape::Array { len, elem } => {
                let addr = self.address_of(x)?;
                let len = self.int(len as i64);
                (addr, len, len, elem, true)
            }
            _ => return self.fail_at(x, "a slice of what has no elements"),
        };
        let mut given = [None; 3];
        for (slot, bound) in given.iter_mut().zip(bounds) {
            if let Some(bound) = bound {
                *slot = Some(self.index(bound)?);
            }
        }
        self.at_expr(e);
        let array_like = of_array || is_string;
        self.slice_of(data, [len, cap], elem, given, array_like, is_string)
    }

    fn bounds(&mut self, kind: BoundsKind, (x, signed): (Val, bool), y: Val) {
        self.b.push(Op::BoundsCheck { kind, x, y, signed }, &[]);
    }

    /// Slices what is at an address, its bounds evaluated.
    fn slice_of(
        &mut self,
        data: Val,
        [len, cap]: [Val; 2],
        elem: IrType,
        [lo, hi, max]: [Option<(Val, bool)>; 3],
        array_like: bool,
        is_string: bool,
    ) -> Res<Value> {
        let mut new_cap = cap;
        if let Some(max) = max {
            let kind = if array_like { BoundsKind::Slice3Alen } else { BoundsKind::Slice3Acap };
            self.bounds(kind, max, cap);
            new_cap = max.0;
            if let Some(hi) = hi {
                self.bounds(BoundsKind::Slice3B, hi, max.0);
            }
            if let (Some(lo), Some(hi)) = (lo, hi) {
                self.bounds(BoundsKind::Slice3C, lo, hi.0);
            }
        } else {
            if let Some(hi) = hi {
                let kind = if array_like { BoundsKind::SliceAlen } else { BoundsKind::SliceAcap };
                self.bounds(kind, hi, cap);
            }
            if let Some(lo) = lo {
                let end = hi.map_or(len, |h| h.0);
                self.bounds(BoundsKind::SliceB, lo, end);
            }
        }
        let end = hi.map_or(len, |h| h.0);
        let Some((lo, _)) = lo else {
            return Ok(match is_string {
                true => Value::of(&[data, end]),
                false => Value::of(&[data, end, new_cap]),
            });
        };
        let new_len = self.b.binary(BinaryOp::Sub, end, lo);
        let left = match is_string {
            true => new_len,
            false => self.b.binary(BinaryOp::Sub, new_cap, lo),
        };
        // An empty rest must not point past the object.
        let size = self.int(self.size(elem) as i64);
        let bytes = self.b.binary(BinaryOp::Mul, lo, size);
        let zero = self.int(0);
        let none = self.b.compare(Cond::Eq, left, zero);
        let bytes = self.b.select(none, zero, bytes);
        let data = self.b.ptr_add(data, bytes);
        let vals: Vals = match is_string {
            true => Vals::from_slice(&[data, new_len]),
            false => Vals::from_slice(&[data, new_len, left]),
        };
        Ok(Value::Parts(vals))
    }
}
