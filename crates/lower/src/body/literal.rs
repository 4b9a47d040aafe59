//! Composite literals.

use super::value::{Addr, Vals, Value};
use super::{Body, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{AllocWhat, BinaryOp};
use trigo_ir::types::{Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::Lookup;

/// An element of a literal: its index or the fields on its way, and its value.
struct Element {
    index: u64,
    value: ExprId,
}

/// An element of a struct's literal.
struct StructElement {
    /// The field's type.
    field: IrType,
    /// Where it is in the struct.
    offset: u64,
    /// Whether it has no name.
    is_blank: bool,
    value: ExprId,
}

/// Maps with up to this many elements need no space reserved (`internal/abi.MapGroupSlots`).
const SMALL_MAP: usize = 8;

impl Body<'_, '_> {
    fn elements(&self, e: ExprId) -> Res<Vec<ExprId>> {
        match self.file[e].kind {
            ExprKind::Composite { elems, .. } => Ok(self.file[elems].to_vec()),
            _ => self.fail_at(e, "not a composite literal"),
        }
    }

    /// The value of a composite literal.
    pub(super) fn composite(&mut self, e: ExprId, ty: IrType) -> Res<Value> {
        match *self.shape(ty) {
            Shape::Pointer(elem) => {
                Ok(Value::one(self.composite_on_heap(e, elem, AllocWhat::Literal)?))
            }
            Shape::Slice(elem) => self.slice_literal(e, elem),
            Shape::Map { key, elem } => self.map_literal(e, ty, key, elem),
            Shape::Struct(_) if self.parts_of(ty).is_some() => self.struct_in_parts(e, ty),
            Shape::Struct(_) | Shape::Array { .. } => {
                let addr = Addr::safe(self.temp_addr(ty));
                self.composite_into(e, ty, addr, false)?;
                Ok(self.borrow(addr, ty))
            }
            _ => self.fail_at(e, "a composite literal of a type that has none"),
        }
    }

    /// The address of a new object with a composite literal's value.
    pub(super) fn composite_on_heap(&mut self, e: ExprId, ty: IrType, what: AllocWhat) -> Res<Val> {
        if !matches!(self.shape(ty), Shape::Struct(_) | Shape::Array { .. }) {
            let value = self.composite(e, ty)?;
            self.at_expr(e);
            return Ok(self.heap(ty, what, &value));
        }
        let object = self.b.alloc(ty, what);
        self.composite_into(e, ty, Addr::safe(object), true)?;
        Ok(object)
    }

    /// Stores an expression's value into memory that nothing else refers to.
    fn expr_into(&mut self, e: ExprId, ty: IrType, addr: Addr, zeroed: bool) -> Res<()> {
        let inner = self.file.unparen(e);
        if let ExprKind::Composite { .. } = self.file[inner].kind
            && self.ty(inner)? == ty
            && matches!(self.shape(ty), Shape::Struct(_) | Shape::Array { .. })
        {
            return self.composite_into(inner, ty, addr, zeroed);
        }
        let value = self.expr_as(e, ty)?;
        self.store(addr, ty, &value);
        Ok(())
    }

    /// Stores a struct's or an array's literal.
    fn composite_into(&mut self, e: ExprId, ty: IrType, addr: Addr, zeroed: bool) -> Res<()> {
        let elements = self.elements(e)?;
        let whole = match *self.shape(ty) {
            Shape::Struct(ref fields) => elements.len() == fields.len(),
            Shape::Array { len, .. } => elements.len() as u64 == len,
            _ => false,
        };
        let keyed =
            elements.iter().any(|&x| matches!(self.file[x].kind, ExprKind::KeyValue { .. }));
        if !zeroed && (!whole || keyed) {
            self.store_zero(addr, ty);
        }
        if let Shape::Array { elem, .. } = *self.shape(ty) {
            let size = self.size(elem);
            for Element { index, value } in self.indexed(&elements)? {
                self.expr_into(value, elem, addr.plus(index * size), zeroed)?;
            }
            return Ok(());
        }
        for (i, &x) in elements.iter().enumerate() {
            let StructElement { field, offset, is_blank, value } =
                self.struct_element(e, ty, i, x)?;
            let addr = addr.plus(offset);
            match is_blank {
                false => self.expr_into(value, field, addr, zeroed)?,
                true => {
                    self.expr_as(value, field)?;
                    if !zeroed {
                        self.store_zero(addr, field);
                    }
                }
            }
        }
        Ok(())
    }

    /// The fields on the way to a literal's element, and its value.
    fn element_path(&self, e: ExprId, i: usize, x: ExprId) -> Res<(Vec<u32>, ExprId)> {
        let ExprKind::KeyValue { key, value } = self.file[x].kind else {
            return Ok((vec![i as u32], x));
        };
        let Some(ident) = self.file.as_ident(key) else {
            return self.fail_at(key, "a field that is no name");
        };
        let store = self.world.store;
        let mut t = self.checked_type(e)?;
        if let trigo_types::Type::Pointer(elem) = store.typ(store.under(t)) {
            t = *elem;
        }
        let pkg = self.world.packages[self.package as usize].pkg;
        match store.lookup(store.under(t), false, Some(pkg), self.file.symbol(ident)) {
            Lookup::Found { path, .. } => Ok((path.to_vec(), value)),
            _ => self.fail_at(key, "a field that the struct does not have"),
        }
    }

    fn struct_element(&self, e: ExprId, ty: IrType, i: usize, x: ExprId) -> Res<StructElement> {
        let (path, value) = self.element_path(e, i, x)?;
        let mut element = StructElement { field: ty, offset: 0, is_blank: false, value };
        for field in path {
            element.is_blank = self.is_blank_field(element.field, field as usize);
            let (field_ty, bytes) = self.field(element.field, field as usize)?;
            (element.field, element.offset) = (field_ty, element.offset + bytes);
        }
        Ok(element)
    }

    /// Whether a struct's field has no name, so that nothing is stored in it.
    fn is_blank_field(&self, ty: IrType, field: usize) -> bool {
        match self.shape(ty) {
            Shape::Struct(fields) => self.world.context.is_blank(&fields[field]),
            _ => false,
        }
    }

    fn struct_in_parts(&mut self, e: ExprId, ty: IrType) -> Res<Value> {
        let Shape::Struct(fields) = self.shape(ty) else {
            return self.fail_at(e, "not a struct");
        };
        let elements = self.elements(e)?;
        let mut values: Vec<Option<Value>> = vec![None; fields.len()];
        for (i, &x) in elements.iter().enumerate() {
            let (path, value) = self.element_path(e, i, x)?;
            let [field] = path[..] else {
                // A promoted field.
                let addr = Addr::safe(self.temp_addr(ty));
                self.composite_into(e, ty, addr, false)?;
                return Ok(self.load(addr, ty));
            };
            let field = field as usize;
            let value = self.expr_as(value, fields[field].ty)?;
            values[field] = (!self.is_blank_field(ty, field)).then_some(value);
        }
        self.at_expr(e);
        let mut vals = Vals::new();
        for (field, value) in fields.iter().zip(values) {
            let value = match value {
                Some(value) => value,
                None => self.zero(field.ty),
            };
            vals.extend_from_slice(value.operands());
        }
        Ok(Value::Parts(vals))
    }

    /// Elements with their indices.
    fn indexed(&self, elements: &[ExprId]) -> Res<Vec<Element>> {
        let mut next = 0;
        let mut found = Vec::new();
        for &x in elements {
            let (index, value) = match self.file[x].kind {
                ExprKind::KeyValue { key, value } => {
                    let index = self.info.value(key).and_then(|v| v.to_int().as_u64());
                    let Some(index) = index else {
                        return self.fail_at(key, "an index that is no constant");
                    };
                    (index, value)
                }
                _ => (next, x),
            };
            found.push(Element { index, value });
            next = index + 1;
        }
        Ok(found)
    }

    fn slice_literal(&mut self, e: ExprId, elem: IrType) -> Res<Value> {
        let elements = self.elements(e)?;
        let elements = self.indexed(&elements)?;
        let len = elements.iter().map(|x| x.index + 1).max().unwrap_or(0);
        let count = self.int(len as i64);
        self.at_expr(e);
        let data = self.b.alloc_array(elem, count, AllocWhat::SliceLiteral);
        let size = self.size(elem);
        for Element { index, value } in elements {
            self.expr_into(value, elem, Addr::safe(data).plus(index * size), true)?;
        }
        Ok(Value::of(&[data, count, count]))
    }

    fn map_literal(&mut self, e: ExprId, ty: IrType, key: IrType, elem: IrType) -> Res<Value> {
        let elements = self.elements(e)?;
        let map =
            self.make_map(ty, (elements.len() > SMALL_MAP).then_some(elements.len() as i64))?;
        for x in elements {
            let ExprKind::KeyValue { key: k, value } = self.file[x].kind else {
                return self.fail_at(x, "a map's element without a key");
            };
            let k = self.expr_as(k, key)?;
            let value = self.expr_as(value, elem)?;
            self.at_expr(x);
            let k = self.spill(key, &k);
            let at = self.map_assign(ty, map, k)?;
            self.store(Addr::safe(at), elem, &value);
        }
        Ok(Value::one(map))
    }

    /// A new map, with space for a number of elements.
    pub(super) fn make_map(&mut self, ty: IrType, hint: Option<i64>) -> Res<Val> {
        match hint {
            None => self.runtime1("makemap_small", &[]),
            Some(hint) => {
                let hint = self.int(hint);
                let (typ, null) = (self.type_addr(ty), self.b.null());
                self.runtime1("makemap", &[typ, hint, null])
            }
        }
    }

    /// Bytes of a number of elements.
    pub(super) fn bytes_of(&mut self, elem: IrType, count: Val) -> Val {
        let size = self.int(self.size(elem) as i64);
        self.b.binary(BinaryOp::Mul, count, size)
    }
}
