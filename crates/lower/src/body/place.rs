//! Operands that are in memory: variables, and elements and fields of what is in memory.
//!
//! An index is checked when the place is used, not when it is reached: in `x[i] = f()` gc calls `f` first.

use super::value::{Addr, Vals, Value};
use super::{Body, Key, Res};
use trigo_ir::func::{Pos, Val};
use trigo_ir::inst::{BinaryOp, BoundsKind, Op};
use trigo_ir::types::{Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_syntax::token::Op as Token;
use trigo_types::{Mode, ObjId, SelectionKind, VarKind};

/// Where a value is, or goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory.
    Memory(Addr),
    /// An element whose index is not checked yet, and where that is done as tracebacks have it.
    Element {
        base: Addr,
        len: Val,
        index: Val,
        signed: bool,
        size: u64,
        offset: u64,
        pos: Option<Pos>,
    },
    /// A map's element.
    MapElement { ty: IrType, map: Val, key: Val },
    /// Nowhere: `_`.
    Blank,
}

/// Something selected from.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// Something in memory.
    Place(Place),
    /// A value.
    Value(Value),
}

impl Body<'_, '_> {
    /// The address of a place, its index checked.
    pub(super) fn resolve(&mut self, place: &Place) -> Res<Addr> {
        match *place {
            Place::Memory(addr) => Ok(addr),
            Place::Element { base, len, index, signed, size, offset, pos } => {
                let check = Op::BoundsCheck { kind: BoundsKind::Index, x: index, y: len, signed };
                let here = self.b.pos();
                self.b.set_pos(pos);
                self.b.push(check, &[]);
                self.b.set_pos(here);
                let start = self.address(Addr { safe: true, ..base });
                let size = self.int(size as i64);
                let bytes = self.b.binary(BinaryOp::Mul, index, size);
                let at = self.b.ptr_add(start, bytes);
                Ok(Addr { base: at, offset, safe: base.safe })
            }
            Place::MapElement { .. } | Place::Blank => {
                Err(super::Fail("the address of what is not in memory".into()))
            }
        }
    }

    /// The value at a place, in memory form a copy.
    pub(super) fn load_place(&mut self, place: &Place, ty: IrType) -> Res<Value> {
        match *place {
            Place::MapElement { ty: map_ty, map, key } => Ok(self.map_get(map_ty, map, key)?.0),
            _ => {
                let addr = self.resolve(place)?;
                Ok(self.load(addr, ty))
            }
        }
    }

    /// Stores a value at a place.
    pub(super) fn store_place(&mut self, place: &Place, ty: IrType, value: &Value) -> Res<()> {
        match *place {
            Place::Blank => Ok(()),
            Place::MapElement { ty: map_ty, map, key } => {
                let addr = self.map_assign(map_ty, map, key)?;
                self.store(Addr::safe(addr), ty, value);
                Ok(())
            }
            _ => {
                let addr = self.resolve(place)?;
                self.store(addr, ty, value);
                Ok(())
            }
        }
    }

    /// The variable that a name means, if it means one.
    pub(super) fn named_var(&self, e: ExprId) -> Option<ObjId> {
        let obj = self.info.object(e)?;
        let var = self.world.store.obj(obj).as_var()?;
        (var.kind != VarKind::Field).then_some(obj)
    }

    pub(super) fn is_package_var(&self, obj: ObjId) -> bool {
        self.world.store.obj(obj).as_var().is_some_and(|v| v.kind == VarKind::Package)
    }

    /// Where a declared variable is.
    pub(super) fn var_place(&mut self, obj: ObjId) -> Res<Addr> {
        if self.is_package_var(obj) {
            let sym = self.world.variable(obj);
            return Ok(Addr::safe(self.b.sym_addr(sym, 0)));
        }
        self.var_addr(Key::Var(obj))
    }

    /// Where an operand is, if it is in memory; nothing has been evaluated if it is not.
    pub(super) fn try_place(&mut self, e: ExprId) -> Res<Option<Place>> {
        self.at_expr(e);
        match self.file[e].kind {
            ExprKind::Paren(x) => self.try_place(x),
            ExprKind::Name(_) => match self.named_var(e) {
                Some(obj) => Ok(Some(Place::Memory(self.var_place(obj)?))),
                None => Ok(None),
            },
            ExprKind::Unary { op: Token::Mul, x } => {
                let pointer = self.expr(x)?.first();
                Ok(Some(Place::Memory(Addr::pointer(pointer))))
            }
            ExprKind::Selector { x, sel } => match self.info.selections.get(&e) {
                None => match self.named_var(sel.expr()) {
                    Some(obj) => Ok(Some(Place::Memory(self.var_place(obj)?))),
                    None => Ok(None),
                },
                Some(s) if s.kind == SelectionKind::Field => {
                    if !s.indirect && !self.is_place(x)? {
                        return Ok(None);
                    }
                    let (operand, _) = self.select_field(e)?;
                    match operand {
                        Operand::Place(place) => Ok(Some(place)),
                        Operand::Value(_) => self.fail_at(e, "a field that is not in memory"),
                    }
                }
                Some(_) => Ok(None),
            },
            ExprKind::Index { x, args, .. } => {
                let index = self.file[args][0];
                self.try_element(e, x, index)
            }
            _ => Ok(None),
        }
    }

    /// Whether an operand is in memory; evaluates nothing.
    pub(super) fn is_place(&self, e: ExprId) -> Res<bool> {
        Ok(match self.file[e].kind {
            ExprKind::Paren(x) => self.is_place(x)?,
            ExprKind::Name(_) => self.named_var(e).is_some(),
            ExprKind::Unary { op: Token::Mul, .. } => true,
            ExprKind::Selector { x, sel } => match self.info.selections.get(&e) {
                None => self.named_var(sel.expr()).is_some(),
                Some(s) if s.kind == SelectionKind::Field => s.indirect || self.is_place(x)?,
                Some(_) => false,
            },
            ExprKind::Index { x, .. } => {
                if !matches!(self.info.typ(x), Some((mode, _)) if mode != Mode::Type && mode != Mode::Builtin)
                {
                    return Ok(false);
                }
                match self.shape(self.ty(x)?) {
                    Shape::Slice(_) | Shape::Pointer(_) => true,
                    Shape::Array { .. } => self.is_place(x)?,
                    _ => false,
                }
            }
            _ => false,
        })
    }

    /// Where an operand that is in memory is; a map's element too.
    pub(super) fn place(&mut self, e: ExprId) -> Res<Place> {
        let e = self.file.unparen(e);
        if let ExprKind::Name(_) = self.file[e].kind
            && self.world.store.text(self.file.symbol(self.file.as_ident(e).expect("a name")))
                == "_"
        {
            return Ok(Place::Blank);
        }
        if let ExprKind::Index { x, args, .. } = self.file[e].kind {
            let map_ty = self.ty(x)?;
            if let Shape::Map { key, .. } = *self.shape(map_ty) {
                let map = self.expr(x)?.first();
                let index = self.expr_as(self.file[args][0], key)?;
                self.at_expr(e);
                let key = self.spill(key, &index);
                return Ok(Place::MapElement { ty: map_ty, map, key });
            }
        }
        match self.try_place(e)? {
            Some(place) => Ok(place),
            None => self.fail_at(e, "an operand that is not in memory"),
        }
    }

    fn try_element(&mut self, e: ExprId, x: ExprId, index: ExprId) -> Res<Option<Place>> {
        if !self.is_place(e)? {
            return Ok(None);
        }
        let ty = self.ty(x)?;
        let (base, len, elem) = match *self.shape(ty) {
            Shape::Slice(elem) => {
                let parts = self.expr(x)?;
                let [data, len, _] = parts.operands()[..] else {
                    return self.fail_at(x, "a slice without three parts");
                };
                (Addr::safe(data), len, elem)
            }
            Shape::Pointer(array) => {
                let Shape::Array { len, elem } = *self.shape(array) else {
                    return self.fail_at(x, "an index into what has no elements");
                };
                let pointer = self.expr(x)?.first();
                (Addr::pointer(pointer), self.int(len as i64), elem)
            }
            Shape::Array { len, elem } => {
                let Some(place) = self.try_place(x)? else {
                    return self.fail_at(x, "an array that is not in memory");
                };
                let addr = self.resolve(&place)?;
                (addr, self.int(len as i64), elem)
            }
            _ => return self.fail_at(x, "an index into what has no elements"),
        };
        let (index, signed) = self.index(index)?;
        self.at_expr(e);
        let pos = self.b.pos();
        let size = self.size(elem);
        if !base.safe && base.offset != 0 {
            let base = Addr::safe(self.address(base));
            return Ok(Some(Place::Element { base, len, index, signed, size, offset: 0, pos }));
        }
        if !base.safe {
            // gc looks at the pointer before the index.
            self.b.push(Op::NilCheck(base.base), &[]);
        }
        let base = Addr { safe: true, ..base };
        Ok(Some(Place::Element { base, len, index, signed, size, offset: 0, pos }))
    }

    /// An index or a bound as 64 bits, and whether its type has a sign. What does not fit is out of any bounds.
    pub(super) fn index(&mut self, e: ExprId) -> Res<(Val, bool)> {
        if let Some(value) = self.info.value(e) {
            let value = value.to_int();
            let number = value.as_i64().or_else(|| value.as_u64().map(|v| v as i64));
            if let Some(number) = number {
                return Ok((self.int(number), true));
            }
        }
        let ty = self.ty(e)?;
        let value = self.expr(e)?.first();
        let signed = !self.is_unsigned(ty);
        Ok((self.widen(value, signed), signed))
    }

    /// An integer as 64 bits.
    pub(super) fn widen(&mut self, value: Val, signed: bool) -> Val {
        use trigo_ir::inst::ConvertOp::{Sext, Zext};
        match self.b.func.scalar(value) {
            Scalar::I64 => value,
            _ => self.b.convert(if signed { Sext } else { Zext }, Scalar::I64, value),
        }
    }

    /// A value or a place.
    pub(super) fn operand(&mut self, e: ExprId) -> Res<Operand> {
        match self.try_place(e)? {
            Some(place) => Ok(Operand::Place(place)),
            None => Ok(Operand::Value(self.expr(e)?)),
        }
    }

    /// The value of an operand; in memory form maybe not a copy.
    pub(super) fn operand_value(&mut self, operand: &Operand, ty: IrType) -> Res<Value> {
        match operand {
            Operand::Value(value) => Ok(value.clone()),
            Operand::Place(place @ Place::MapElement { .. }) => self.load_place(place, ty),
            Operand::Place(place) => {
                let addr = self.resolve(place)?;
                Ok(self.borrow(addr, ty))
            }
        }
    }

    /// A field of an operand, which a pointer may lead to; with its type.
    pub(super) fn field_of(
        &mut self,
        operand: Operand,
        ty: IrType,
        field: usize,
    ) -> Res<(Operand, IrType)> {
        if let Shape::Pointer(elem) = *self.shape(ty) {
            let pointer = self.operand_value(&operand, ty)?.first();
            let place = Operand::Place(Place::Memory(Addr::pointer(pointer)));
            return self.field_of(place, elem, field);
        }
        let (field_ty, bytes) = self.field(ty, field)?;
        let operand = match operand {
            Operand::Place(Place::Memory(addr)) => Operand::Place(Place::Memory(addr.plus(bytes))),
            Operand::Place(Place::Element { base, len, index, signed, size, offset, pos }) => {
                let offset = offset + bytes;
                Operand::Place(Place::Element { base, len, index, signed, size, offset, pos })
            }
            Operand::Place(place) => {
                let value = self.load_place(&place, ty)?;
                return self.field_of(Operand::Value(value), ty, field);
            }
            Operand::Value(Value::Memory(addr)) => {
                let addr = Addr::safe(addr).plus(bytes);
                Operand::Value(self.borrow(addr, field_ty))
            }
            Operand::Value(Value::Parts(vals)) => {
                let (before, own) = self.field_parts(ty, field);
                let vals: Vals = vals[before..before + own].iter().copied().collect();
                Operand::Value(Value::Parts(vals))
            }
        };
        Ok((operand, field_ty))
    }

    /// The field that a selector means.
    pub(super) fn select_field(&mut self, e: ExprId) -> Res<(Operand, IrType)> {
        let ExprKind::Selector { x, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a selector");
        };
        let path = self.selected(e)?.path;
        let mut ty = self.ty(x)?;
        let mut operand = self.operand(x)?;
        self.at_expr(e);
        for &field in &path {
            (operand, ty) = self.field_of(operand, ty, field as usize)?;
        }
        Ok((operand, ty))
    }

    /// The address of an operand: of a variable or a part of one.
    pub(super) fn address_of(&mut self, e: ExprId) -> Res<Val> {
        let place = self.place(e)?;
        let addr = self.resolve(&place)?;
        self.at_expr(e);
        Ok(self.address(addr))
    }
}
