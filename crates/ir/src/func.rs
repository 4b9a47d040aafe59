//! Functions: a graph of blocks over values, slots and positions.
//!
//! Invariants, which the verifier checks:
//!
//! 1. Each value is made once, by an instruction or as a block's parameter, and used only where that dominates.
//! 2. The entry block is block 0, nothing jumps to it, and its parameters are those parts of the function's
//!    parameters that are in parts form, in order. A parameter in memory form is a [slot](SlotData::param) instead.
//! 3. Each block ends in one terminator; a jump gives a target as many values as it has parameters, of their types.

use crate::inst::{Inst, Op, Terminator};
use crate::sym::Sym;
use crate::types::{Scalar, TypeId};
use smallvec::SmallVec;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The entity at a place in its function's list.
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 entities"))
            }

            /// Its place in its function's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

entities! {
    /// A scalar value.
    Val;
    /// A basic block.
    Block;
    /// An instruction.
    InstId;
    /// A slot of the frame.
    Slot;
}

/// Where in the source something comes from. Line 0 stands for code that no line wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pos {
    /// The file's name as Go's compiler would record it.
    pub file: Sym,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1; 0 if unknown.
    pub col: u32,
}

/// The type of a function: what [`Val`]s go in and out follows from it, see the crate's page. A method's receiver is
/// the first parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Signature {
    /// Parameter types.
    pub params: Vec<TypeId>,
    /// Result types.
    pub results: Vec<TypeId>,
}

/// Properties of a function, as a bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Attrs(pub u16);

impl Attrs {
    /// Checks no stack limit at entry: it runs where the stack cannot grow or the worker must not be looked at.
    pub const NOSPLIT: Attrs = Attrs(1);
    /// Has no polls: it may hold a lock of the runtime, or run in a forked child.
    pub const NOPOLL: Attrs = Attrs(2);
    /// Is not inlined.
    pub const NOINLINE: Attrs = Attrs(4);
    /// Was made by the compiler to reach another function; tracebacks and `recover` look through it.
    pub const WRAPPER: Attrs = Attrs(8);
    /// Reads its closure context by [`Op::Context`].
    pub const CLOSURE: Attrs = Attrs(16);
    /// May be defined in several compilations; the linker keeps one.
    pub const DUPLICATE_OK: Attrs = Attrs(32);
    /// Stores need no write barrier: it runs while no goroutine is there to be collected.
    pub const NOWRITEBARRIER: Attrs = Attrs(64);

    /// Whether all of `other` are set.
    pub fn has(self, other: Attrs) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }
}

/// Memory in the frame for one variable or temporary.
#[derive(Clone, Debug)]
pub struct SlotData {
    /// The Go type it holds.
    pub ty: TypeId,
    /// The variable's name; none for temporaries.
    pub name: Option<Sym>,
    /// Where it is declared.
    pub pos: Option<Pos>,
    /// The parameter, in memory form, whose value it has at entry. All other slots begin undefined: a slot whose type
    /// has pointers is zeroed before anything can look at it by its address.
    pub param: Option<u32>,
    /// Must stay in memory: a recovery block reads it.
    pub pinned: bool,
}

/// What makes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    /// A block's parameter, by its place.
    Param(Block, u32),
    /// An instruction's result, by its place.
    Result(InstId, u32),
}

/// A value's type and origin.
#[derive(Clone, Copy, Debug)]
pub struct ValData {
    /// Its type.
    pub scalar: Scalar,
    /// What makes it.
    pub def: Def,
}

/// A basic block.
#[derive(Clone, Debug, Default)]
pub struct BlockData {
    /// Values that each jump to it gives.
    pub params: SmallVec<[Val; 4]>,
    /// Its instructions in order.
    pub insts: Vec<InstId>,
    /// Its end; none while the block is being made.
    pub term: Option<Terminator>,
    /// The source of the terminator.
    pub term_pos: Option<Pos>,
    /// Rarely run: a path to a panic, a slow path.
    pub cold: bool,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Func {
    /// Its link name.
    pub sym: Sym,
    /// The name that tracebacks and `runtime.Func.Name` show, where it is not the link name (instances print as `F[...]`).
    pub name: Sym,
    /// Its type.
    pub sig: Signature,
    /// Its properties.
    pub attrs: Attrs,
    /// Where it is declared.
    pub pos: Option<Pos>,
    /// Its slots.
    pub slots: Vec<SlotData>,
    /// Its values.
    pub vals: Vec<ValData>,
    /// Its instructions; those that no block lists are dead.
    pub insts: Vec<Inst>,
    /// Its blocks; the first is the entry.
    pub blocks: Vec<BlockData>,
}

impl Func {
    /// A function without blocks.
    pub fn new(sym: Sym, sig: Signature) -> Self {
        Self {
            sym,
            name: sym,
            sig,
            attrs: Attrs::default(),
            pos: None,
            slots: Vec::new(),
            vals: Vec::new(),
            insts: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// The entry block.
    pub fn entry(&self) -> Block {
        Block::new(0)
    }

    /// A value's type.
    pub fn scalar(&self, val: Val) -> Scalar {
        self.vals[val.index()].scalar
    }

    /// The instruction that makes a value, if one does.
    pub fn def(&self, val: Val) -> Option<&Op> {
        match self.vals[val.index()].def {
            Def::Result(inst, _) => Some(&self.insts[inst.index()].op),
            Def::Param(..) => None,
        }
    }
}
