//! Values while an expression is lowered, and how they come from memory and go there.

use super::analysis::MAX_IN_FRAME;
use super::{Body, Res};
use smallvec::SmallVec;
use trigo_ir::func::Val;
use trigo_ir::inst::{AllocWhat, Barrier, Op};
use trigo_ir::types::{Basic, Part, Scalar, Shape, TypeId as IrType};
use trigo_ir::verify::MAX_OFFSET;

/// The scalars of a value in parts form.
pub(super) type Vals = SmallVec<[Val; 4]>;

/// A value; its type is known beside.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Of a type in parts form.
    Parts(Vals),
    /// Of a type in memory form: the address of memory that is not written while the value is in use.
    Memory(Val),
}

impl Value {
    /// A value of one scalar.
    pub fn one(val: Val) -> Self {
        Value::Parts(SmallVec::from_slice(&[val]))
    }

    /// A value of these scalars.
    pub fn of(vals: &[Val]) -> Self {
        Value::Parts(SmallVec::from_slice(vals))
    }

    /// The scalars, or the address.
    pub fn operands(&self) -> &[Val] {
        match self {
            Value::Parts(vals) => vals,
            Value::Memory(addr) => std::slice::from_ref(addr),
        }
    }

    /// The first scalar.
    pub fn first(&self) -> Val {
        self.operands()[0]
    }
}

/// Where something lies: an address and a number of bytes beyond it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addr {
    /// The address.
    pub base: Val,
    /// Bytes beyond.
    pub offset: u64,
    /// Whether the base is known not to be nil.
    pub safe: bool,
}

impl Addr {
    /// An address that is not nil.
    pub fn safe(base: Val) -> Self {
        Self { base, offset: 0, safe: true }
    }

    /// An address that may be nil.
    pub fn pointer(base: Val) -> Self {
        Self { base, offset: 0, safe: false }
    }

    /// Bytes beyond.
    pub fn plus(self, bytes: u64) -> Self {
        Self { offset: self.offset + bytes, ..self }
    }
}

impl<'w> Body<'w, '_> {
    /// The scalars of a type in parts form.
    pub(super) fn parts_of(&self, ty: IrType) -> Option<&'w [Part]> {
        self.types().parts(ty)
    }

    fn barrier(&self, ty: IrType) -> Barrier {
        match self.types().has_pointers(ty) {
            true => Barrier::Undecided,
            false => Barrier::None,
        }
    }

    /// A base and an offset that instructions can have.
    fn near(&mut self, addr: Addr, beyond: u32) -> (Val, u32) {
        let offset = addr.offset + u64::from(beyond);
        if offset < u64::from(MAX_OFFSET) {
            return (addr.base, offset as u32);
        }
        let base = self.address(Addr { offset: addr.offset, ..addr });
        (base, beyond)
    }

    /// The address as one value, which is not that of a part of nothing.
    pub(super) fn address(&mut self, addr: Addr) -> Val {
        if !addr.safe {
            self.b.push(Op::NilCheck(addr.base), &[]);
        }
        self.b.ptr_offset(addr.base, addr.offset as i64)
    }

    /// The address as one value, of something of a type that is copied or cleared as a whole: that faults at nothing, unless
    /// it may begin far behind it.
    fn faulting_address(&mut self, addr: Addr, ty: IrType) -> Val {
        match addr.offset == 0 && self.size(ty) <= u64::from(MAX_OFFSET) {
            true => addr.base,
            false => self.address(addr),
        }
    }

    /// The value at an address, in memory form a copy.
    pub(super) fn load(&mut self, addr: Addr, ty: IrType) -> Value {
        match self.parts_of(ty) {
            Some([]) => {
                if !addr.safe {
                    self.b.push(Op::NilCheck(addr.base), &[]);
                }
                Value::of(&[])
            }
            Some(parts) => {
                let mut vals = Vals::new();
                for part in parts {
                    let (base, offset) = self.near(addr, part.offset);
                    vals.push(self.b.load(part.scalar, base, offset));
                }
                Value::Parts(vals)
            }
            None => {
                let copy = self.temp_addr(ty);
                let src = self.faulting_address(addr, ty);
                let barrier = self.barrier(ty);
                self.b.push(Op::Copy { ty, dst: copy, src, barrier }, &[]);
                Value::Memory(copy)
            }
        }
    }

    /// The value at an address, which must not be written while the value is in use.
    pub(super) fn borrow(&mut self, addr: Addr, ty: IrType) -> Value {
        match self.parts_of(ty) {
            Some(_) => self.load(addr, ty),
            None => Value::Memory(self.address(addr)),
        }
    }

    /// One scalar at an address.
    pub(super) fn load_scalar(&mut self, addr: Addr, scalar: Scalar) -> Val {
        let (base, offset) = self.near(addr, 0);
        self.b.load(scalar, base, offset)
    }

    /// Stores a value.
    pub(super) fn store(&mut self, addr: Addr, ty: IrType, value: &Value) {
        match value {
            Value::Parts(vals) => {
                let parts = self.parts_of(ty).unwrap_or_default();
                if parts.is_empty() && !addr.safe {
                    self.b.push(Op::NilCheck(addr.base), &[]);
                }
                for (part, &val) in parts.iter().zip(vals) {
                    let (base, offset) = self.near(addr, part.offset);
                    self.b.store(base, offset, val);
                }
            }
            Value::Memory(src) => {
                let dst = self.faulting_address(addr, ty);
                let barrier = self.barrier(ty);
                self.b.push(Op::Copy { ty, dst, src: *src, barrier }, &[]);
            }
        }
    }

    /// Stores the zero value.
    pub(super) fn store_zero(&mut self, addr: Addr, ty: IrType) {
        match self.parts_of(ty) {
            Some(_) => {
                let zero = self.zero(ty);
                self.store(addr, ty, &zero);
            }
            None => {
                let dst = self.faulting_address(addr, ty);
                let barrier = self.barrier(ty);
                self.b.push(Op::Zero { ty, dst, barrier }, &[]);
            }
        }
    }

    /// The zero value of a scalar.
    pub(super) fn zero_scalar(&mut self, scalar: Scalar) -> Val {
        match scalar {
            Scalar::Ptr => self.b.null(),
            Scalar::F32 => self.b.push(Op::F32const(0), &[Scalar::F32])[0],
            Scalar::F64 => self.b.push(Op::F64const(0), &[Scalar::F64])[0],
            int => self.b.iconst(int, 0),
        }
    }

    /// The zero value.
    pub(super) fn zero(&mut self, ty: IrType) -> Value {
        match self.parts_of(ty) {
            Some(parts) => Value::Parts(parts.iter().map(|p| self.zero_scalar(p.scalar)).collect()),
            None => {
                let addr = self.temp_addr(ty);
                let barrier = self.barrier(ty);
                self.b.push(Op::Zero { ty, dst: addr, barrier }, &[]);
                Value::Memory(addr)
            }
        }
    }

    /// The address of fresh memory: in the frame, if it has room for it.
    pub(super) fn temp_addr(&mut self, ty: IrType) -> Val {
        if self.size(ty) > MAX_IN_FRAME {
            return self.b.alloc(ty, AllocWhat::Temporary);
        }
        let slot = self.temp(ty);
        self.b.slot_addr(slot, 0)
    }

    /// The address of memory with a value in it, which nobody else writes.
    pub(super) fn spill(&mut self, ty: IrType, value: &Value) -> Val {
        match value {
            Value::Memory(addr) => *addr,
            Value::Parts(_) => {
                let addr = self.temp_addr(ty);
                self.store(Addr::safe(addr), ty, value);
                addr
            }
        }
    }

    /// A new object with a value in it.
    pub(super) fn heap(&mut self, ty: IrType, what: AllocWhat, value: &Value) -> Val {
        let addr = self.b.alloc(ty, what);
        self.store(Addr::safe(addr), ty, value);
        addr
    }

    /// How many scalars the fields before this one have, and how many it has: of a struct in parts form.
    pub(super) fn field_parts(&self, ty: IrType, field: usize) -> (usize, usize) {
        let Shape::Struct(fields) = self.shape(ty) else { return (0, 0) };
        let count = |t: IrType| self.parts_of(t).map_or(0, <[_]>::len);
        let before = fields[..field].iter().map(|f| count(f.ty)).sum();
        (before, count(fields[field].ty))
    }

    /// A field's type and offset.
    pub(super) fn field(&self, ty: IrType, field: usize) -> Res<(IrType, u64)> {
        match self.shape(ty) {
            Shape::Struct(fields) if field < fields.len() => {
                Ok((fields[field].ty, self.types().layout(ty).fields[field]))
            }
            _ => Err(super::Fail("a field of what is no struct".into())),
        }
    }

    /// Whether numbers of a type have no sign.
    pub(super) fn is_unsigned(&self, ty: IrType) -> bool {
        matches!(
            self.basic(ty),
            Some(
                Basic::Uint
                    | Basic::Uint8
                    | Basic::Uint16
                    | Basic::Uint32
                    | Basic::Uint64
                    | Basic::Uintptr
                    | Basic::Bool
            )
        )
    }

    /// The scalar of a type that is one.
    pub(super) fn scalar_of(&self, ty: IrType) -> Scalar {
        match self.parts_of(ty) {
            Some([part, ..]) => part.scalar,
            _ => Scalar::I64,
        }
    }
}
