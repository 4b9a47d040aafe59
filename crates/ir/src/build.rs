//! Making functions, instruction by instruction.
//!
//! A [`Builder`] appends to its current block. It checks what is cheap to check; the verifier checks the rest.

use crate::func::{Block, BlockData, Def, Func, InstId, Pos, Slot, SlotData, Val, ValData};
use crate::inst::{
    AllocWhat, AtomicOp, Barrier, BinaryOp, Callee, Cond, ConvertOp, Inst, Op, Place, Target,
    Terminator, UnaryOp,
};
use crate::program::Context;
use crate::sym::Sym;
use crate::types::{Scalar, TypeId};
use smallvec::SmallVec;

/// Appends to a function.
pub struct Builder<'c> {
    /// The names and types it refers to.
    pub context: &'c Context,
    /// The function so far.
    pub func: Func,
    block: Block,
    pos: Option<Pos>,
}

impl<'c> Builder<'c> {
    /// Starts a function: makes its entry block with the parameters that are in parts form, and slots for the others.
    pub fn new(context: &'c Context, sym: Sym, sig: crate::func::Signature) -> Self {
        let mut func = Func::new(sym, sig);
        let entry = Block::new(0);
        func.blocks.push(BlockData::default());
        for (i, ty) in func.sig.params.clone().into_iter().enumerate() {
            match context.types.parts(ty) {
                Some(parts) => {
                    for part in parts {
                        push_param(&mut func, entry, part.scalar);
                    }
                }
                None => func.slots.push(SlotData {
                    ty,
                    name: None,
                    pos: None,
                    param: Some(i as u32),
                    pinned: false,
                }),
            }
        }
        Self { context, func, block: entry, pos: None }
    }

    /// The values of the entry block's parameters.
    pub fn params(&self) -> &[Val] {
        &self.func.blocks[0].params
    }

    /// The slot that holds a parameter in memory form.
    pub fn param_slot(&self, param: usize) -> Option<Slot> {
        self.func.slots.iter().position(|s| s.param == Some(param as u32)).map(Slot::new)
    }

    /// A new block without parameters. It becomes current by [`Builder::switch_to`].
    pub fn new_block(&mut self) -> Block {
        self.func.blocks.push(BlockData::default());
        Block::new(self.func.blocks.len() - 1)
    }

    /// A new parameter of a block.
    pub fn block_param(&mut self, block: Block, scalar: Scalar) -> Val {
        push_param(&mut self.func, block, scalar)
    }

    /// Says that a block is rarely run.
    pub fn set_cold(&mut self, block: Block) {
        self.func.blocks[block.index()].cold = true;
    }

    /// Goes on in another block.
    pub fn switch_to(&mut self, block: Block) {
        self.block = block;
    }

    /// The current block.
    pub fn block(&self) -> Block {
        self.block
    }

    /// Whether the current block has its terminator.
    pub fn is_terminated(&self) -> bool {
        self.func.blocks[self.block.index()].term.is_some()
    }

    /// The source of what follows.
    pub fn set_pos(&mut self, pos: Option<Pos>) {
        self.pos = pos;
    }

    /// The source of what is appended now.
    pub fn pos(&self) -> Option<Pos> {
        self.pos
    }

    /// A new slot.
    pub fn slot(&mut self, ty: TypeId, name: Option<Sym>) -> Slot {
        let pos = self.pos;
        self.func.slots.push(SlotData { ty, name, pos, param: None, pinned: false });
        Slot::new(self.func.slots.len() - 1)
    }

    /// Appends an instruction whose results have these types.
    ///
    /// # Panics
    /// If the current block has a terminator.
    pub fn push(&mut self, op: Op, results: &[Scalar]) -> SmallVec<[Val; 2]> {
        assert!(!self.is_terminated(), "an instruction after the end of its block");
        let inst = InstId::new(self.func.insts.len());
        let mut vals = SmallVec::new();
        for (i, &scalar) in results.iter().enumerate() {
            vals.push(Val::new(self.func.vals.len()));
            self.func.vals.push(ValData { scalar, def: Def::Result(inst, i as u32) });
        }
        self.func.insts.push(Inst { op, results: vals.clone(), pos: self.pos });
        self.func.blocks[self.block.index()].insts.push(inst);
        vals
    }

    fn one(&mut self, op: Op, scalar: Scalar) -> Val {
        self.push(op, &[scalar])[0]
    }

    /// Ends the current block.
    ///
    /// # Panics
    /// If it has a terminator already.
    pub fn terminate(&mut self, term: Terminator) {
        assert!(!self.is_terminated(), "a second end of a block");
        let block = &mut self.func.blocks[self.block.index()];
        block.term = Some(term);
        block.term_pos = self.pos;
    }

    /// Ends the current block by a jump.
    pub fn jump(&mut self, block: Block, args: &[Val]) {
        self.terminate(Terminator::Jump(Target { block, args: args.into() }));
    }

    /// Ends the current block by a branch to blocks without parameters.
    pub fn branch(&mut self, cond: Val, then: Block, els: Block) {
        let target = |block| Target { block, args: SmallVec::new() };
        self.terminate(Terminator::Branch { cond, then: target(then), els: target(els) });
    }

    /// An integer constant.
    pub fn iconst(&mut self, scalar: Scalar, value: i64) -> Val {
        self.one(Op::Iconst(scalar, value), scalar)
    }

    /// The nil pointer.
    pub fn null(&mut self) -> Val {
        self.one(Op::Null, Scalar::Ptr)
    }

    /// The address of a function or data.
    pub fn sym_addr(&mut self, sym: Sym, offset: i64) -> Val {
        self.one(Op::SymAddr(sym, offset), Scalar::Ptr)
    }

    /// The address of a slot.
    pub fn slot_addr(&mut self, slot: Slot, offset: u32) -> Val {
        self.one(Op::SlotAddr(slot, offset), Scalar::Ptr)
    }

    /// One operand.
    pub fn unary(&mut self, op: UnaryOp, x: Val) -> Val {
        let scalar = self.func.scalar(x);
        self.one(Op::Unary(op, x), scalar)
    }

    /// Two operands.
    pub fn binary(&mut self, op: BinaryOp, x: Val, y: Val) -> Val {
        let scalar = self.func.scalar(x);
        self.one(Op::Binary(op, x, y), scalar)
    }

    /// A comparison.
    pub fn compare(&mut self, cond: Cond, x: Val, y: Val) -> Val {
        self.one(Op::Compare(cond, x, y), Scalar::I8)
    }

    /// One of two values.
    pub fn select(&mut self, cond: Val, then: Val, els: Val) -> Val {
        let scalar = self.func.scalar(then);
        self.one(Op::Select(cond, then, els), scalar)
    }

    /// A conversion.
    pub fn convert(&mut self, op: ConvertOp, to: Scalar, x: Val) -> Val {
        self.one(Op::Convert(op, to, x), to)
    }

    /// A pointer moved by a number of bytes.
    pub fn ptr_add(&mut self, base: Val, bytes: Val) -> Val {
        self.one(Op::PtrAdd(base, bytes), Scalar::Ptr)
    }

    /// A pointer moved by a constant number of bytes.
    pub fn ptr_offset(&mut self, base: Val, bytes: i64) -> Val {
        if bytes == 0 {
            return base;
        }
        let bytes = self.iconst(Scalar::I64, bytes);
        self.ptr_add(base, bytes)
    }

    /// Loads a scalar.
    pub fn load(&mut self, scalar: Scalar, addr: Val, offset: u32) -> Val {
        self.one(Op::Load { scalar, addr, offset }, scalar)
    }

    /// Stores a scalar; the barrier of pointers is left to the pass.
    pub fn store(&mut self, addr: Val, offset: u32, val: Val) {
        let barrier = match self.func.scalar(val) {
            Scalar::Ptr => Barrier::Undecided,
            _ => Barrier::None,
        };
        self.push(Op::Store { addr, offset, val, barrier }, &[]);
    }

    /// A new object.
    pub fn alloc(&mut self, ty: TypeId, what: AllocWhat) -> Val {
        self.one(Op::Alloc { ty, what, place: Place::Heap }, Scalar::Ptr)
    }

    /// A new array.
    pub fn alloc_array(&mut self, elem: TypeId, len: Val, what: AllocWhat) -> Val {
        self.one(Op::AllocArray { elem, len, what, place: Place::Heap }, Scalar::Ptr)
    }

    /// An atomic read-modify-write.
    pub fn atomic_rmw(&mut self, op: AtomicOp, addr: Val, x: Val) -> Val {
        let scalar = self.func.scalar(x);
        self.one(Op::AtomicRmw(op, addr, x), scalar)
    }

    /// Calls; gives the parts of the results in parts form.
    pub fn call(
        &mut self,
        callee: Callee,
        sig: crate::func::Signature,
        args: &[Val],
    ) -> SmallVec<[Val; 2]> {
        let mut scalars: SmallVec<[Scalar; 8]> = SmallVec::new();
        for &ty in &sig.results {
            let parts = self.context.types.parts(ty).unwrap_or_default();
            scalars.extend(parts.iter().map(|p| p.scalar));
        }
        self.push(Op::Call { callee, sig: Box::new(sig), args: args.into() }, &scalars)
    }

    /// The finished function.
    pub fn finish(self) -> Func {
        self.func
    }
}

fn push_param(func: &mut Func, block: Block, scalar: Scalar) -> Val {
    let val = Val::new(func.vals.len());
    let params = &mut func.blocks[block.index()].params;
    params.push(val);
    let def = Def::Param(block, params.len() as u32 - 1);
    func.vals.push(ValData { scalar, def });
    val
}
