//! Loads, stores, copies, zeroing and allocation, with their write barriers.

use super::{GO, Translator, clif_type, frame_slot};
use crate::target::Target;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, Value, types};
use cranelift_codegen::isa::CallConv;
use trigo_abi::{cursors, entries, worker};
use trigo_ir::data::RelocTarget;
use trigo_ir::func::Val;
use trigo_ir::inst::{Barrier, Place};
use trigo_ir::types::{Scalar, TypeId};

/// The most bytes that are copied or zeroed in line.
const INLINE: u64 = 64;

impl Translator<'_> {
    /// Loads a scalar.
    pub(super) fn load(&mut self, scalar: Scalar, addr: Val, offset: u32) -> Value {
        let addr = self.val(addr);
        self.b.ins().load(clif_type(scalar), GO, addr, offset as i32)
    }

    /// Stores a scalar.
    pub(super) fn store(&mut self, addr: Val, offset: u32, val: Val, barrier: Barrier) {
        let pointer = self.func.scalar(val) == Scalar::Ptr;
        let (addr, val) = (self.val(addr), self.val(val));
        if pointer && barrier != Barrier::None {
            self.if_worker(worker::BARRIER, |t| {
                let place = t.moved(addr, i64::from(offset));
                t.preserving(entries::BARRIER, &[place, val]);
            });
        }
        self.b.ins().store(GO, val, addr, offset as i32);
    }

    /// Copies a value of a type.
    pub(super) fn copy(&mut self, ty: TypeId, dst: Val, src: Val, barrier: Barrier) {
        let (dst, src) = (self.val(dst), self.val(src));
        self.typed_barrier(ty, dst, Some(src), barrier);
        self.copy_bytes(dst, src, self.env.context.types.size(ty));
    }

    /// Stores a type's zero value.
    pub(super) fn zero(&mut self, ty: TypeId, dst: Val, barrier: Barrier) {
        let dst = self.val(dst);
        self.typed_barrier(ty, dst, None, barrier);
        self.zero_bytes(dst, self.env.context.types.size(ty));
    }

    fn typed_barrier(&mut self, ty: TypeId, dst: Value, src: Option<Value>, barrier: Barrier) {
        if barrier == Barrier::None || !self.env.context.types.has_pointers(ty) {
            return;
        }
        self.if_worker(worker::BARRIER, |t| {
            let descriptor = t.address_of(RelocTarget::Type(ty), 0);
            let src = src.unwrap_or_else(|| t.iconst(0));
            t.preserving(entries::BARRIER_TYPED, &[descriptor, dst, src]);
        });
    }

    /// Copies bytes that may overlap. Words at multiples of eight are never torn.
    pub(super) fn copy_bytes(&mut self, dst: Value, src: Value, size: u64) {
        if size > INLINE {
            let size = self.iconst(size as i64);
            self.leaf("runtime.memmove", &[dst, src, size]);
            return;
        }
        let pieces: Vec<_> =
            pieces(size).map(|(ty, at)| (self.b.ins().load(ty, GO, src, at), at)).collect();
        for (value, at) in pieces {
            self.b.ins().store(GO, value, dst, at);
        }
    }

    fn zero_bytes(&mut self, dst: Value, size: u64) {
        if size > INLINE {
            let size = self.iconst(size as i64);
            self.leaf("runtime.memclrNoHeapPointers", &[dst, size]);
            return;
        }
        for (ty, at) in pieces(size) {
            let zero = match ty {
                types::I8X16 => {
                    let byte = self.b.ins().iconst(types::I8, 0);
                    self.b.ins().splat(types::I8X16, byte)
                }
                _ => self.b.ins().iconst(ty, 0),
            };
            self.b.ins().store(GO, zero, dst, at);
        }
    }

    /// Calls a leaf native of words without results.
    fn leaf(&mut self, name: &str, args: &[Value]) {
        let mut signature = clif::Signature::new(CallConv::SystemV);
        signature.params.extend(args.iter().map(|_| AbiParam::new(types::I64)));
        let signature = self.b.import_signature(signature);
        let sym = self.env.context.syms.intern(name);
        let function = self.function(Target::Native(sym), signature);
        self.b.ins().call(function, args);
    }

    /// A new object.
    pub(super) fn alloc(&mut self, ty: TypeId, place: Place) -> Value {
        let layout = self.env.context.types.layout(ty);
        if layout.size == 0 {
            return self.address_of(RelocTarget::Sym(self.env.runtime.zerobase), 0);
        }
        if place == Place::Stack {
            return self.alloc_in_frame(layout.size, layout.align);
        }
        match self.cursor(ty) {
            Some((cursor, slot)) => self.bump(ty, cursor, slot),
            None => self.new_object(ty),
        }
    }

    fn new_object(&mut self, ty: TypeId) -> Value {
        let descriptor = self.address_of(RelocTarget::Type(ty), 0);
        self.entry(CallConv::Tail, entries::NEW_OBJECT, &[descriptor], 1)[0]
    }

    /// The cursor for objects of a type, and their slots' size, if the type is small and all pointers or none.
    fn cursor(&self, ty: TypeId) -> Option<(usize, u64)> {
        let types = &self.env.context.types;
        let size = types.size(ty);
        let class = cursors::SLOTS.iter().position(|&slot| size <= slot)?;
        let mut pointers = 0;
        types.each_pointer(ty, 0, &mut |_| pointers += 1);
        let uniform = pointers == 0 || pointers * 8 == size;
        uniform.then(|| (cursors::of(class, pointers > 0), cursors::SLOTS[class]))
    }

    /// Takes the next slot of a cursor; the runtime finds more when there is none.
    fn bump(&mut self, ty: TypeId, cursor: usize, slot: u64) -> Value {
        let object = self.load_worker(types::I64, cursor);
        let end = self.moved(object, slot as i64);
        let limit = self.load_worker(types::I64, cursor + cursors::LIMIT);
        let full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        let [slow, fast, done] = [(); 3].map(|()| self.b.create_block());
        let result = self.b.append_block_param(done, types::I64);
        self.b.set_cold_block(slow);
        self.b.ins().brif(full, slow, &[], fast, &[]);
        self.b.switch_to_block(slow);
        let made = self.new_object(ty);
        self.b.ins().jump(done, &[clif::BlockArg::Value(made)]);
        self.b.switch_to_block(fast);
        self.store_worker(cursor, end);
        self.b.ins().jump(done, &[clif::BlockArg::Value(object)]);
        self.b.switch_to_block(done);
        result
    }

    /// A new array.
    pub(super) fn alloc_array(&mut self, elem: TypeId, len: Val, place: Place) -> Value {
        let layout = self.env.context.types.layout(elem);
        if layout.size == 0 {
            return self.address_of(RelocTarget::Sym(self.env.runtime.zerobase), 0);
        }
        if place == Place::Stack
            && let Some(&trigo_ir::inst::Op::Iconst(_, count)) = self.func.def(len)
        {
            return self.alloc_in_frame(layout.size * count as u64, layout.align);
        }
        let descriptor = self.address_of(RelocTarget::Type(elem), 0);
        let len = self.val(len);
        self.entry(CallConv::Tail, entries::NEW_ARRAY, &[descriptor, len], 1)[0]
    }

    fn alloc_in_frame(&mut self, size: u64, align: u64) -> Value {
        let slot = frame_slot(&mut self.b, size, align);
        let address = self.b.ins().stack_addr(types::I64, slot, 0);
        self.zero_bytes(address, size);
        address
    }
}

/// The loads and stores that cover a number of bytes: type, offset.
fn pieces(size: u64) -> impl Iterator<Item = (clif::Type, i32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (ty, bytes) = match size - at {
            0 => return None,
            16.. => (types::I8X16, 16),
            8.. => (types::I64, 8),
            4.. => (types::I32, 4),
            2.. => (types::I16, 2),
            _ => (types::I8, 1),
        };
        at += bytes;
        Some((ty, (at - bytes) as i32))
    })
}
