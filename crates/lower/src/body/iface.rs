//! Interfaces: putting values in, and taking them out by type assertions.
//!
//! An interface value is an itab's address (for interfaces without methods, a type descriptor's) and a data word: the value
//! itself if it is a single pointer, else the address of a copy that nobody writes.

use super::value::{Addr, Value};
use super::{Body, Res};
use crate::world::Definition;
use std::sync::Arc;
use trigo_ir::data::{Data, Reloc, RelocTarget, Section};
use trigo_ir::func::{Block, Val};
use trigo_ir::inst::{AllocWhat, Cond, Op, Target, Terminator};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};
use trigo_syntax::ast::ExprId;

/// Where an itab has its type's descriptor (`internal/abi.ITab.Type`).
const ITAB_TYPE: u32 = 8;

impl Body<'_, '_> {
    /// A value converted to a type that it can be assigned to.
    pub(super) fn assign_convert(&mut self, value: Value, from: IrType, to: IrType) -> Res<Value> {
        if from == to || !self.types().is_interface(to) {
            return Ok(value);
        }
        if !self.types().is_interface(from) {
            return Ok(self.boxed(&value, from, to));
        }
        // An itab is of one interface type, even where another has the same methods: interfaces are compared by it.
        if self.is_empty_interface(from) && self.is_empty_interface(to) {
            return Ok(value);
        }
        let data = value.operands()[1];
        let typ = self.type_word(&value, from);
        if self.is_empty_interface(to) {
            return Ok(Value::of(&[typ, data]));
        }
        let null = self.b.null();
        let is_nil = self.b.compare(Cond::Eq, typ, null);
        let (some, done) = (self.b.new_block(), self.b.new_block());
        let itab = self.b.block_param(done, Scalar::Ptr);
        self.branch_with(is_nil, (done, &[null]), (some, &[]));
        self.b.switch_to(some);
        let inter = self.type_addr(to);
        let made = self.runtime1("assertE2I", &[inter, typ])?;
        self.b.jump(done, &[made]);
        self.b.switch_to(done);
        Ok(Value::of(&[itab, data]))
    }

    /// A branch whose targets have parameters.
    pub(super) fn branch_with(
        &mut self,
        cond: Val,
        (then, then_args): (Block, &[Val]),
        (els, els_args): (Block, &[Val]),
    ) {
        let target = |block, args: &[Val]| Target { block, args: args.iter().copied().collect() };
        let (then, els) = (target(then, then_args), target(els, els_args));
        self.b.terminate(Terminator::Branch { cond, then, els });
    }

    /// A type's descriptor.
    pub(super) fn type_addr(&mut self, ty: IrType) -> Val {
        self.b.push(Op::TypeAddr(ty), &[Scalar::Ptr])[0]
    }

    /// The first word of an interface value with something of type `from` in it.
    fn first_word(&mut self, from: IrType, to: IrType) -> Val {
        match self.is_empty_interface(to) {
            true => self.type_addr(from),
            false => self.b.push(Op::ItabAddr(to, from), &[Scalar::Ptr])[0],
        }
    }

    /// A value in an interface.
    fn boxed(&mut self, value: &Value, from: IrType, to: IrType) -> Value {
        let data = match self.types().is_direct(from) {
            true => value.first(),
            false => self.heap(from, AllocWhat::Interface, value),
        };
        let word = self.first_word(from, to);
        Value::of(&[word, data])
    }

    /// A constant in an interface, whose data is constant too.
    pub(super) fn constant_in_interface(
        &mut self,
        e: ExprId,
        from: IrType,
        to: IrType,
    ) -> Res<Option<Value>> {
        let Some(value) = self.info.value(e) else { return Ok(None) };
        if !self.types().is_interface(to) || self.types().is_interface(from) {
            return Ok(None);
        }
        let Some(basic) = self.basic(from) else { return Ok(None) };
        self.at_expr(e);
        let data = match basic {
            Basic::String => {
                let bytes = value.as_str().unwrap_or_default();
                self.string_object(bytes)
            }
            Basic::Float32 => self.bytes(&value.to_f32().to_bits().to_le_bytes()),
            Basic::Float64 => self.bytes(&value.to_f64().to_bits().to_le_bytes()),
            Basic::Complex64 | Basic::Complex128 | Basic::UnsafePointer => return Ok(None),
            Basic::Bool => self.bytes(&[u8::from(value.as_bool().unwrap_or_default())]),
            _ => {
                let size = self.size(from) as usize;
                let number = super::konst::integer(value).to_le_bytes();
                self.bytes(&number[..size])
            }
        };
        let word = self.first_word(from, to);
        Ok(Some(Value::of(&[word, data])))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Val {
        self.b.push(Op::Bytes(bytes.into()), &[Scalar::Ptr])[0]
    }

    /// The address of a constant string, as an object that holds it.
    fn string_object(&mut self, bytes: &[u8]) -> Val {
        let world = self.world;
        let name = format!("go:string.object.\"{}\"", bytes.escape_ascii());
        let sym = world.context.syms.intern(&name);
        world.define(sym, || {
            let mut image = vec![0; 8];
            image.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            let target = RelocTarget::Bytes(bytes.into());
            let reloc = Reloc { at: 0, target, addend: 0 };
            Definition::Data(Arc::new(Data {
                sym,
                ty: Basic::String.id(),
                bytes: image,
                relocs: if bytes.is_empty() { Vec::new() } else { vec![reloc] },
                section: Section::Constant,
                pos: None,
            }))
        });
        self.b.sym_addr(sym, 0)
    }

    /// The descriptor of what an interface value holds; nil if it is nil.
    pub(super) fn type_word(&mut self, value: &Value, iface: IrType) -> Val {
        let word = value.first();
        if self.is_empty_interface(iface) {
            return word;
        }
        let null = self.b.null();
        let is_nil = self.b.compare(Cond::Eq, word, null);
        let (some, done) = (self.b.new_block(), self.b.new_block());
        let typ = self.b.block_param(done, Scalar::Ptr);
        self.branch_with(is_nil, (done, &[null]), (some, &[]));
        self.b.switch_to(some);
        let loaded = self.b.load(Scalar::Ptr, word, ITAB_TYPE);
        self.b.jump(done, &[loaded]);
        self.b.switch_to(done);
        typ
    }

    /// What an interface's data word stands for.
    pub(super) fn unboxed(&mut self, data: Val, ty: IrType) -> Value {
        match self.types().is_direct(ty) {
            true => Value::one(data),
            false => self.borrow(Addr::safe(data), ty),
        }
    }

    /// `x.(T)`, which panics if it does not hold.
    pub(super) fn assert(&mut self, e: ExprId, x: ExprId, to: IrType) -> Res<Value> {
        let from = self.ty(x)?;
        let value = self.expr(x)?;
        self.at_expr(e);
        let data = value.operands()[1];
        let typ = self.type_word(&value, from);
        if !self.types().is_interface(to) {
            let want = self.type_addr(to);
            let same = self.b.compare(Cond::Eq, typ, want);
            let (good, bad) = (self.b.new_block(), self.b.new_block());
            self.b.set_cold(bad);
            self.b.branch(same, good, bad);
            self.b.switch_to(bad);
            let iface = self.type_addr(from);
            self.runtime("panicdottypeE", &[typ, want, iface])?;
            self.b.terminate(Terminator::Unreachable);
            self.b.switch_to(good);
            return Ok(self.unboxed(data, to));
        }
        let inter = self.type_addr(to);
        if !self.is_empty_interface(to) {
            let itab = self.runtime1("assertE2I", &[inter, typ])?;
            return Ok(Value::of(&[itab, data]));
        }
        let null = self.b.null();
        let some = self.b.compare(Cond::Ne, typ, null);
        let (good, bad) = (self.b.new_block(), self.b.new_block());
        self.b.set_cold(bad);
        self.b.branch(some, good, bad);
        self.b.switch_to(bad);
        self.runtime("panicnildottype", &[inter])?;
        self.b.terminate(Terminator::Unreachable);
        self.b.switch_to(good);
        Ok(Value::of(&[typ, data]))
    }

    /// Whether an interface value holds a type, given its descriptor; for interface types, with the first word that it has as
    /// one of these.
    pub(super) fn holds(&mut self, typ: Val, to: IrType) -> Res<(Val, Option<Val>)> {
        let null = self.b.null();
        if !self.types().is_interface(to) {
            let want = self.type_addr(to);
            return Ok((self.b.compare(Cond::Eq, typ, want), None));
        }
        if self.is_empty_interface(to) {
            return Ok((self.b.compare(Cond::Ne, typ, null), Some(typ)));
        }
        let inter = self.type_addr(to);
        let itab = self.runtime1("assertE2I2", &[inter, typ])?;
        Ok((self.b.compare(Cond::Ne, itab, null), Some(itab)))
    }

    /// `x.(T)` with its second result.
    pub(super) fn assert_ok(&mut self, e: ExprId, x: ExprId, to: IrType) -> Res<(Value, Val)> {
        let from = self.ty(x)?;
        let value = self.expr(x)?;
        self.at_expr(e);
        let data = value.operands()[1];
        let typ = self.type_word(&value, from);
        let (ok, word) = self.holds(typ, to)?;
        let addr = self.temp_addr(to);
        self.store_zero(Addr::safe(addr), to);
        let (good, done) = (self.b.new_block(), self.b.new_block());
        self.b.branch(ok, good, done);
        self.b.switch_to(good);
        let held = match word {
            Some(word) => Value::of(&[word, data]),
            None => self.unboxed(data, to),
        };
        self.store(Addr::safe(addr), to, &held);
        self.jump(done);
        self.b.switch_to(done);
        Ok((self.borrow(Addr::safe(addr), to), ok))
    }
}
