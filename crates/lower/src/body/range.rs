//! `for … range`.

use super::value::{Addr, Value};
use super::{Body, Res};
use trigo_ir::func::{Block, Slot, Val};
use trigo_ir::inst::{BinaryOp, Cond};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{BlockId, ExprId, StmtId, StmtKind};

/// A loop's parts.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub stmt: StmtId,
    pub key: Option<ExprId>,
    pub value: Option<ExprId>,
    pub define: bool,
    pub x: ExprId,
    pub body: BlockId,
}

/// The blocks of a loop.
struct Blocks {
    head: Block,
    inside: Block,
    next: Block,
    done: Block,
}

impl Body<'_, '_> {
    /// A `range` loop.
    pub(super) fn range_stmt(&mut self, s: StmtId) -> Res<()> {
        let StmtKind::Range { lhs, define, x, body, .. } = self.file[s].kind else {
            return self.fail(self.file[s].pos, "not a range loop");
        };
        let lhs = &self.file[lhs];
        let used = |e: Option<&ExprId>| e.copied().filter(|&e| !self.is_unused(e));
        let (key, value) = (used(lhs.first()), used(lhs.get(1)));
        let range = Range { stmt: s, key, value, define, x, body };
        let ty = self.ty(x)?;
        match *self.shape(ty) {
            Shape::Basic(Basic::String) => self.range_string(range),
            Shape::Basic(_) => self.range_number(range, ty),
            Shape::Slice(elem) => self.range_slice(range, elem),
            Shape::Array { len, elem } => self.range_array(range, ty, len, elem),
            Shape::Pointer(array) => {
                let Shape::Array { len, elem } = *self.shape(array) else {
                    return self.fail_at(x, "a range over what has no elements");
                };
                let pointer = self.expr(x)?.first();
                self.range_elements(range, Addr::pointer(pointer), len, elem)
            }
            Shape::Map { key, elem } => self.range_map(range, ty, key, elem),
            Shape::Chan { elem, .. } => self.range_chan(range, elem),
            Shape::Func { .. } => self.range_func(range, ty),
            _ => self.fail_at(x, "a range over what has no elements"),
        }
    }

    fn is_unused(&self, e: ExprId) -> bool {
        let e = self.file.unparen(e);
        self.file.as_ident(e).is_some_and(|i| self.world.store.text(self.file.symbol(i)) == "_")
    }

    fn blocks(&mut self) -> Blocks {
        Blocks {
            head: self.b.new_block(),
            inside: self.b.new_block(),
            next: self.b.new_block(),
            done: self.b.new_block(),
        }
    }

    fn body(&mut self, range: Range, blocks: &Blocks) -> Res<()> {
        self.breaks.insert(range.stmt, blocks.done);
        self.continues.insert(range.stmt, blocks.next);
        self.block(range.body)?;
        self.jump(blocks.next);
        self.b.switch_to(blocks.next);
        self.at(self.file[range.stmt].pos);
        Ok(())
    }

    fn word(&mut self, value: Val) -> Slot {
        let ty = match self.b.func.scalar(value) {
            Scalar::Ptr => Basic::UnsafePointer,
            _ => Basic::Int,
        };
        let slot = self.temp(ty.id());
        self.set(slot, value);
        slot
    }

    fn set(&mut self, slot: Slot, value: Val) {
        let at = self.b.slot_addr(slot, 0);
        self.b.store(at, 0, value);
    }

    fn get(&mut self, slot: Slot) -> Val {
        let at = self.b.slot_addr(slot, 0);
        let pointer = self.b.func.slots[slot.index()].ty == Basic::UnsafePointer.id();
        self.b.load(if pointer { Scalar::Ptr } else { Scalar::I64 }, at, 0)
    }

    fn bump(&mut self, slot: Slot, by: i64) {
        let old = self.get(slot);
        let by = self.int(by);
        let new = self.b.binary(BinaryOp::Add, old, by);
        self.set(slot, new);
    }

    /// Gives the iteration variables their values.
    fn assign_parts(&mut self, range: Range, parts: &[(Value, IrType)]) -> Res<()> {
        self.assign_values(&[range.key, range.value], range.define, parts)
    }

    /// `for i := range n`.
    fn range_number(&mut self, range: Range, ty: IrType) -> Res<()> {
        // An untyped constant has the variable's type.
        let ty = match range.key {
            Some(key) if self.info.value(range.x).is_some() => self.place_ty(key)?,
            _ => ty,
        };
        let limit = match self.info.value(range.x) {
            Some(value) => {
                let value = value.clone();
                self.constant(&value, ty)?.first()
            }
            None => self.expr(range.x)?.first(),
        };
        self.at(self.file[range.stmt].pos);
        let slot = self.temp(ty);
        let zero = self.zero(ty);
        let at = |b: &mut Self| Addr::safe(b.b.slot_addr(slot, 0));
        let start = at(self);
        self.store(start, ty, &zero);
        let blocks = self.blocks();
        self.jump(blocks.head);
        self.b.switch_to(blocks.head);
        let addr = at(self);
        let i = self.load(addr, ty);
        let cond = if self.is_unsigned(ty) { Cond::Ult } else { Cond::Slt };
        let more = self.b.compare(cond, i.first(), limit);
        self.b.branch(more, blocks.inside, blocks.done);
        self.b.switch_to(blocks.inside);
        self.assign_parts(range, &[(i, ty)])?;
        self.body(range, &blocks)?;
        let addr = at(self);
        let i = self.load(addr, ty).first();
        let one = self.b.iconst(self.scalar_of(ty), 1);
        let next = self.b.binary(BinaryOp::Add, i, one);
        let addr = at(self);
        self.store(addr, ty, &Value::one(next));
        self.jump(blocks.head);
        self.b.switch_to(blocks.done);
        Ok(())
    }

    fn range_slice(&mut self, range: Range, elem: IrType) -> Res<()> {
        let slice = self.expr(range.x)?;
        let (data, len) = (slice.operands()[0], slice.operands()[1]);
        self.range_counted(range, Addr::safe(data), len, elem)
    }

    fn range_array(&mut self, range: Range, ty: IrType, len: u64, elem: IrType) -> Res<()> {
        if range.value.is_none() {
            self.discard(range.x)?;
            let null = self.b.null();
            return self.range_elements(range, Addr::safe(null), len, elem);
        }
        let array = self.expr(range.x)?;
        let addr = self.spill(ty, &array);
        self.range_elements(range, Addr::safe(addr), len, elem)
    }

    fn range_elements(&mut self, range: Range, at: Addr, len: u64, elem: IrType) -> Res<()> {
        let len = self.int(len as i64);
        self.range_counted(range, at, len, elem)
    }

    /// A loop over a number of elements that lie one after another.
    fn range_counted(&mut self, range: Range, base: Addr, len: Val, elem: IrType) -> Res<()> {
        self.at(self.file[range.stmt].pos);
        let zero = self.int(0);
        let slot = self.word(zero);
        let blocks = self.blocks();
        self.jump(blocks.head);
        self.b.switch_to(blocks.head);
        let i = self.get(slot);
        let more = self.b.compare(Cond::Slt, i, len);
        self.b.branch(more, blocks.inside, blocks.done);
        self.b.switch_to(blocks.inside);
        let element = match range.value {
            Some(_) => {
                let offset = self.bytes_of(elem, i);
                let at = self.b.ptr_add(base.base, offset);
                Some(self.load(Addr { base: at, ..base }, elem))
            }
            None => None,
        };
        let mut parts = vec![(Value::one(i), Basic::Int.id())];
        parts.extend(element.map(|element| (element, elem)));
        self.assign_parts(range, &parts)?;
        self.body(range, &blocks)?;
        self.bump(slot, 1);
        self.jump(blocks.head);
        self.b.switch_to(blocks.done);
        Ok(())
    }

    fn range_string(&mut self, range: Range) -> Res<()> {
        let string = self.expr(range.x)?;
        let (data, len) = (string.operands()[0], string.operands()[1]);
        self.at(self.file[range.stmt].pos);
        let zero = self.int(0);
        let (start, end) = (self.word(zero), self.word(zero));
        let rune_ty = Basic::Int32.id();
        let rune = self.temp(rune_ty);
        let blocks = self.blocks();
        self.jump(blocks.head);
        self.b.switch_to(blocks.head);
        let i = self.get(end);
        self.set(start, i);
        let more = self.b.compare(Cond::Slt, i, len);
        let (some, ascii, other) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        self.b.branch(more, some, blocks.done);
        self.b.switch_to(some);
        let at = self.b.ptr_add(data, i);
        let byte = self.b.load(Scalar::I8, at, 0);
        let wide = self.b.convert(trigo_ir::inst::ConvertOp::Zext, Scalar::I32, byte);
        let limit = self.b.iconst(Scalar::I32, 0x80);
        let is_ascii = self.b.compare(Cond::Ult, wide, limit);
        self.b.branch(is_ascii, ascii, other);
        self.b.switch_to(ascii);
        let one = self.int(1);
        let after = self.b.binary(BinaryOp::Add, i, one);
        self.set(end, after);
        let at = self.b.slot_addr(rune, 0);
        self.b.store(at, 0, wide);
        self.jump(blocks.inside);
        self.b.switch_to(other);
        let decoded = self.runtime("decoderune", &[data, len, i])?;
        let [value, after] = decoded[..] else {
            return self.fail_at(range.x, "decoderune has two results");
        };
        self.set(end, after);
        let at = self.b.slot_addr(rune, 0);
        self.b.store(at, 0, value);
        self.jump(blocks.inside);
        self.b.switch_to(blocks.inside);
        let i = self.get(start);
        let at = Addr::safe(self.b.slot_addr(rune, 0));
        let value = self.load(at, rune_ty);
        self.assign_parts(range, &[(Value::one(i), Basic::Int.id()), (value, rune_ty)])?;
        self.body(range, &blocks)?;
        self.jump(blocks.head);
        self.b.switch_to(blocks.done);
        Ok(())
    }

    fn range_map(&mut self, range: Range, ty: IrType, key: IrType, elem: IrType) -> Res<()> {
        let map = self.expr(range.x)?.first();
        self.at(self.file[range.stmt].pos);
        let iter_ty = self.iterator_type()?;
        let iter = self.temp_addr(iter_ty);
        self.store_zero(Addr::safe(iter), iter_ty);
        let typ = self.type_addr(ty);
        self.runtime("mapIterStart", &[typ, map, iter])?;
        let blocks = self.blocks();
        self.jump(blocks.head);
        self.b.switch_to(blocks.head);
        // An iterator begins with the addresses of key and element (internal/runtime/maps.Iter).
        let key_at = self.b.load(Scalar::Ptr, iter, 0);
        let null = self.b.null();
        let more = self.b.compare(Cond::Ne, key_at, null);
        self.b.branch(more, blocks.inside, blocks.done);
        self.b.switch_to(blocks.inside);
        if range.key.is_some() || range.value.is_some() {
            let mut parts = vec![(self.load(Addr::safe(key_at), key), key)];
            if range.value.is_some() {
                let elem_at = self.b.load(Scalar::Ptr, iter, 8);
                parts.push((self.load(Addr::safe(elem_at), elem), elem));
            }
            self.assign_parts(range, &parts)?;
        }
        self.body(range, &blocks)?;
        self.runtime("mapIterNext", &[iter])?;
        self.jump(blocks.head);
        self.b.switch_to(blocks.done);
        Ok(())
    }

    /// The type of a map's iterator: what `mapIterNext` takes a pointer to.
    fn iterator_type(&self) -> Res<IrType> {
        let Some(func) = self.world.find_runtime("mapIterNext") else {
            return Err(super::Fail("package runtime declares no mapIterNext".into()));
        };
        match self.signature(self.world.ty(self.world.store.obj_type(func))) {
            Some((sig, _)) if sig.params.len() == 1 => Ok(self.elem_of(sig.params[0])),
            _ => Err(super::Fail("runtime.mapIterNext takes one pointer".into())),
        }
    }

    fn range_chan(&mut self, range: Range, elem: IrType) -> Res<()> {
        let chan = self.expr(range.x)?.first();
        let blocks = self.blocks();
        self.jump(blocks.head);
        self.b.switch_to(blocks.head);
        self.at(self.file[range.stmt].pos);
        let (value, ok) = self.receive(chan, elem, true)?;
        let Some(ok) = ok else {
            return self.fail_at(range.x, "a receive operation without a second result");
        };
        self.b.branch(ok, blocks.inside, blocks.done);
        self.b.switch_to(blocks.inside);
        self.assign_parts(range, &[(value, elem)])?;
        self.body(range, &blocks)?;
        self.jump(blocks.head);
        self.b.switch_to(blocks.done);
        Ok(())
    }
}
