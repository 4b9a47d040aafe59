//! Where parameters and results go: Go's `abiSeq`, as `reflect` and the compiler have it (`src/reflect/abi.go`,
//! `cmd/compile/abi-internal.md`), with the register counts of [`trigo_abi`].
//!
//! A value goes into registers whole or not at all. What does not, lies in a block of the caller's: first the
//! arguments, then, aligned to 8, the results.

use trigo_abi::{FLOAT_REGISTERS, INT_REGISTERS};
use trigo_ir::func::Signature;
use trigo_ir::types::{Part, Scalar, Shape, TypeId, TypeTable};

/// Where one parameter or result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In registers: its scalars in order, each with its offset in the value.
    Registers(Vec<Part>),
    /// In the block, at this offset.
    Block(u32),
}

/// The assignment of a whole signature.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Of the parameters.
    pub params: Vec<Place>,
    /// Of the results.
    pub results: Vec<Place>,
    /// Bytes of the block; 0 if there is none.
    pub block: u32,
}

impl Assignment {
    /// With as many registers as compiled code has.
    pub fn of(types: &TypeTable, sig: &Signature) -> Self {
        Self::with(types, sig, INT_REGISTERS, FLOAT_REGISTERS)
    }

    /// Everything in the block: what natives get (Go's ABI0).
    pub fn on_stack(types: &TypeTable, sig: &Signature) -> Self {
        Self::with(types, sig, 0, 0)
    }

    fn with(types: &TypeTable, sig: &Signature, ints: usize, floats: usize) -> Self {
        let mut block = 0;
        let mut side = |list: &[TypeId]| {
            let mut left = Registers { ints, floats };
            let places = list.iter().map(|&ty| left.place(types, ty, &mut block)).collect();
            block = block.next_multiple_of(8);
            places
        };
        let params = side(&sig.params);
        let results = side(&sig.results);
        Self { params, results, block }
    }

    /// The scalars of the parameters that are in registers, in order.
    pub fn param_registers(&self) -> impl Iterator<Item = Part> + '_ {
        registers(&self.params)
    }

    /// The scalars of the results that are in registers, in order.
    pub fn result_registers(&self) -> impl Iterator<Item = Part> + '_ {
        registers(&self.results)
    }
}

fn registers(places: &[Place]) -> impl Iterator<Item = Part> + '_ {
    places
        .iter()
        .flat_map(|place| match place {
            Place::Registers(parts) => parts.as_slice(),
            Place::Block(_) => &[],
        })
        .copied()
}

/// Registers that are left.
#[derive(Clone, Copy)]
struct Registers {
    ints: usize,
    floats: usize,
}

impl Registers {
    fn place(&mut self, types: &TypeTable, ty: TypeId, block: &mut u32) -> Place {
        let layout = types.layout(ty);
        if layout.size == 0 {
            // It takes no place, but aligns what follows it.
            *block = block.next_multiple_of(layout.align as u32);
            return Place::Registers(Vec::new());
        }
        let mut rest = *self;
        let mut parts = Vec::new();
        if rest.take(types, ty, 0, &mut parts).is_some() {
            *self = rest;
            return Place::Registers(parts);
        }
        let at = block.next_multiple_of(layout.align as u32);
        *block = at + layout.size as u32;
        Place::Block(at)
    }

    /// Takes registers for a type's scalars; none if there are too few, or if they are reached by an index.
    fn take(
        &mut self,
        types: &TypeTable,
        ty: TypeId,
        at: u32,
        parts: &mut Vec<Part>,
    ) -> Option<()> {
        match types.shape(ty) {
            Shape::Array { len: 0, .. } => Some(()),
            Shape::Array { len: 1, elem } => self.take(types, *elem, at, parts),
            Shape::Array { .. } => None,
            Shape::Struct(fields) => {
                let offsets = &types.layout(ty).fields;
                fields.iter().zip(offsets).try_for_each(|(field, offset)| {
                    self.take(types, field.ty, at + *offset as u32, parts)
                })
            }
            _ => {
                for part in types.parts(ty)? {
                    let left = match part.scalar {
                        Scalar::F32 | Scalar::F64 => &mut self.floats,
                        _ => &mut self.ints,
                    };
                    *left = left.checked_sub(1)?;
                    parts.push(Part { offset: part.offset + at, ..*part });
                }
                Some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trigo_ir::program::Context;
    use trigo_ir::types::Basic;

    fn sig(params: &[TypeId], results: &[TypeId]) -> Signature {
        Signature { params: params.into(), results: results.into() }
    }

    #[test]
    fn a_value_goes_into_registers_whole_or_not_at_all() {
        let context = Context::default();
        let (int, string) = (Basic::Int.id(), Basic::String.id());
        let bytes = context.types.intern(Shape::Slice(Basic::Uint8.id()));
        let assignment =
            Assignment::of(&context.types, &sig(&[bytes, string, string, int], &[string, int]));
        assert_eq!(assignment.param_registers().count(), 6);
        assert_eq!(assignment.params[2], Place::Block(0));
        assert!(matches!(&assignment.params[3], Place::Registers(parts) if parts.len() == 1));
        assert_eq!((assignment.result_registers().count(), assignment.block), (3, 16));
    }

    #[test]
    fn natives_have_all_in_the_block() {
        let context = Context::default();
        let (byte, string) = (Basic::Uint8.id(), Basic::String.id());
        let assignment = Assignment::on_stack(&context.types, &sig(&[byte, string], &[byte]));
        assert_eq!(assignment.params, [Place::Block(0), Place::Block(8)]);
        assert_eq!((assignment.results, assignment.block), (vec![Place::Block(24)], 32));
    }
}
