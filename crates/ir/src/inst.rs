//! Instructions and terminators.
//!
//! Scalars are as wide as their type says and have no sign; operations do. All arithmetic wraps as Go's does.
//! Booleans are `I8` values 0 and 1.

use crate::func::{Block, Pos, Signature, Slot, Val};
use crate::sym::Sym;
use crate::types::{Scalar, TypeId};
use smallvec::SmallVec;

/// An instruction with its results and source position.
#[derive(Clone, Debug)]
pub struct Inst {
    /// What it does.
    pub op: Op,
    /// The values it makes.
    pub results: SmallVec<[Val; 2]>,
    /// Where it comes from.
    pub pos: Option<Pos>,
}

/// Operations on one value; the result has the operand's type unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// Two's complement negation.
    Neg,
    /// All bits inverted.
    Not,
    /// Sign inverted, of a float.
    FNeg,
    /// Absolute value of a float.
    FAbs,
    /// Square root.
    FSqrt,
    /// Rounded down.
    FFloor,
    /// Rounded up.
    FCeil,
    /// Rounded towards zero.
    FTrunc,
    /// Rounded to nearest, ties to even.
    FNearest,
    /// Number of leading zero bits.
    Clz,
    /// Number of trailing zero bits; the width for 0.
    Ctz,
    /// Number of one bits.
    Popcnt,
    /// Bytes reversed.
    Bswap,
    /// Bits reversed.
    Bitrev,
}

/// Operations on two values of the same type, which the result has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    /// Upper half of the signed product.
    SMulHi,
    /// Upper half of the unsigned product.
    UMulHi,
    /// Signed quotient; the divisor is not zero. The least number by -1 is the least number.
    SDiv,
    /// Unsigned quotient; the divisor is not zero.
    UDiv,
    /// Signed remainder, of the dividend's sign; the divisor is not zero. By -1 it is 0.
    SRem,
    /// Unsigned remainder; the divisor is not zero.
    URem,
    And,
    Or,
    Xor,
    /// `x &^ y`
    AndNot,
    /// Left shift as Go's: 0 from the width on. The count is an unsigned `I64` whatever the type of the other operand.
    Shl,
    /// Unsigned right shift as Go's, count as for `Shl`.
    LShr,
    /// Signed right shift as Go's: only sign bits from the width on; count as for `Shl`.
    AShr,
    /// Left rotation by the count modulo the width; count as for `Shl`.
    Rotl,
    FAdd,
    FSub,
    FMul,
    FDiv,
    /// Go's `min` of floats: NaN if either is, and -0 below 0.
    FMin,
    /// Go's `max` of floats.
    FMax,
    /// The first's magnitude with the second's sign.
    FCopysign,
}

/// Conditions of comparisons; the result is an `I8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Cond {
    Eq,
    Ne,
    Slt,
    Sle,
    Sgt,
    Sge,
    Ult,
    Ule,
    Ugt,
    Uge,
    /// Floats: false if either is NaN.
    FEq,
    /// Floats: true if either is NaN.
    FNe,
    FLt,
    FLe,
    FGt,
    FGe,
}

/// Conversions; the result's type is given beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvertOp {
    /// To a wider integer, by zeros.
    Zext,
    /// To a wider integer, by the sign.
    Sext,
    /// To a narrower integer.
    Trunc,
    /// Signed integer (`I32`, `I64`) to float.
    SToF,
    /// Unsigned `I64` to float.
    UToF,
    /// Float to signed integer (`I32`, `I64`), towards zero; out of range as amd64's `cvttsd2si`: the least number.
    FToS,
    /// Float to unsigned `I64`, as gc does on amd64.
    FToU,
    /// Between `F32` and `F64`.
    FToF,
    /// The same bits, between integer and float of one size.
    Bits,
    /// `Ptr` to `I64`: an address that keeps nothing alive.
    PtrToInt,
    /// `I64` to `Ptr`.
    IntToPtr,
}

/// Whether a store of pointers needs the write barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Barrier {
    /// Not decided yet; the barrier pass does. Treated as needed by code generation.
    #[default]
    Undecided,
    /// Never: no pointer, not a heap or global location, or said so by the runtime's sources.
    None,
    /// First store into fresh memory that was not zeroed for it: only the new value is recorded.
    Init,
    /// Old and new value are recorded while marking.
    Full,
}

/// What in the source an allocation is; for `-m` and for profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocWhat {
    /// A variable whose address is taken or that a closure captures: `moved to heap: x`.
    Variable(Sym),
    /// `new(T)`
    New,
    /// `&T{…}`
    Literal,
    /// The backing array of a slice literal.
    SliceLiteral,
    /// `make([]T, n)`
    MakeSlice,
    /// A function literal.
    Closure,
    /// A method value.
    MethodValue,
    /// A value put into an interface.
    Interface,
    /// The array behind `f(xs...)` arguments.
    Variadic,
    /// The deferred or started call's closure.
    Spawn,
    /// Made by the compiler for its own ends.
    Temporary,
}

/// How far an allocation's life reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Place {
    /// The heap: the default before and without escape analysis.
    #[default]
    Heap,
    /// The frame of the function.
    Stack,
}

/// What a failed bounds check is about; decides the panic's text. The comments give the check that must hold, `x` and `y`
/// being its operands, compared as unsigned; the names are gc's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoundsKind {
    /// `s[x]`, `x < y = len(s)`
    Index,
    /// `s[?:x]`, `x <= y = len(s)` of an array or string
    SliceAlen,
    /// `s[?:x]`, `x <= y = cap(s)`
    SliceAcap,
    /// `s[x:y]`, `x <= y`
    SliceB,
    /// `s[::x]`, `x <= y = len(s)` of an array
    Slice3Alen,
    /// `s[::x]`, `x <= y = cap(s)`
    Slice3Acap,
    /// `s[:x:y]`, `x <= y`
    Slice3B,
    /// `s[x:y:]`, `x <= y`
    Slice3C,
    /// `(*[x]T)(s)`, `x <= y = len(s)`
    Convert,
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A function by name.
    Direct(Sym),
    /// Code at an address, without closure context: an interface's method.
    Code(Val),
    /// A function value: a pointer to a closure, whose first word is the code's address. Nil faults.
    Closure(Val),
}

/// Read-modify-write operations; they return the old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AtomicOp {
    Add,
    And,
    Or,
    Exchange,
}

/// Instructions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An integer, sign-extended in the field; not `Ptr`.
    Iconst(Scalar, i64),
    /// An `F32` by its bits.
    F32const(u32),
    /// An `F64` by its bits.
    F64const(u64),
    /// The nil pointer.
    Null,
    /// The address of a function's code or of data, plus an offset. `Ptr`.
    SymAddr(Sym, i64),
    /// The address of the function value of a function that captures nothing: a constant closure. `Ptr`.
    FuncValue(Sym),
    /// The address of a type's descriptor. `Ptr`.
    TypeAddr(TypeId),
    /// The address of the itab of a concrete type (second) for an interface type (first). `Ptr`.
    ItabAddr(TypeId, TypeId),
    /// The address of constant bytes: a string's data. `Ptr`.
    Bytes(Box<[u8]>),
    /// Arithmetic on one value.
    Unary(UnaryOp, Val),
    /// Arithmetic on two values.
    Binary(BinaryOp, Val, Val),
    /// `x*y + z`, rounded once.
    Fma(Val, Val, Val),
    /// `x + y + carry`; results: the sum, the carry out (0 or 1). All `I64`.
    AddCarry(Val, Val, Val),
    /// `x - y - borrow`; results: the difference, the borrow out (0 or 1). All `I64`.
    SubBorrow(Val, Val, Val),
    /// The quotient and remainder of `hi:lo / y`, unsigned `I64`; `y > hi`.
    DivWide {
        /// Upper half of the dividend.
        hi: Val,
        /// Lower half.
        lo: Val,
        /// Divisor.
        y: Val,
    },
    /// A comparison. `I8`.
    Compare(Cond, Val, Val),
    /// The second if the first, an `I8`, is not zero, else the third.
    Select(Val, Val, Val),
    /// A conversion to the given type.
    Convert(ConvertOp, Scalar, Val),
    /// A pointer moved by an `I64` number of bytes. The result stays within the object, or at its end where the compiler
    /// keeps the object alive by other means.
    PtrAdd(Val, Val),
    /// The address of a slot plus an offset. `Ptr`.
    SlotAddr(Slot, u32),
    /// Loads a scalar at an address plus an offset. Faults, as Go's nil dereference, if the address is nil.
    Load {
        /// What is loaded.
        scalar: Scalar,
        /// The address.
        addr: Val,
        /// Bytes beyond it, below 4096.
        offset: u32,
    },
    /// Stores a scalar at an address plus an offset. Faults if the address is nil.
    Store {
        /// The address.
        addr: Val,
        /// Bytes beyond it, below 4096.
        offset: u32,
        /// What is stored.
        val: Val,
        /// For `Ptr` values; `None` for others.
        barrier: Barrier,
    },
    /// Copies a value of a Go type from one address to another; they may overlap. Faults if either is nil.
    Copy {
        /// The type.
        ty: TypeId,
        /// To where.
        dst: Val,
        /// From where.
        src: Val,
        /// For types with pointers; `None` for others.
        barrier: Barrier,
    },
    /// Stores the zero value of a Go type. Faults if the address is nil.
    Zero {
        /// The type.
        ty: TypeId,
        /// Where.
        dst: Val,
        /// For types with pointers; `None` for others.
        barrier: Barrier,
    },
    /// A new object of a Go type, zeroed. Never nil; a type of size zero gives the address of `runtime.zerobase`. A
    /// safepoint.
    Alloc {
        /// The type.
        ty: TypeId,
        /// What in the source it is.
        what: AllocWhat,
        /// Where it lives.
        place: Place,
    },
    /// A new array of `len` (`I64`, checked already to be neither negative nor too large) elements, zeroed. A safepoint.
    AllocArray {
        /// The element type.
        elem: TypeId,
        /// Number of elements.
        len: Val,
        /// What in the source it is.
        what: AllocWhat,
        /// Where it lives; on the stack only with a constant length.
        place: Place,
    },
    /// Panics as a nil dereference if the pointer is nil. Loads and stores through it need no check of their own.
    NilCheck(Val),
    /// Panics with "integer divide by zero" if zero.
    DivCheck(Val),
    /// Panics with "negative shift amount" if a signed count is negative.
    ShiftCheck(Val),
    /// Panics unless the kind's condition holds, both `I64`.
    BoundsCheck {
        /// What is checked.
        kind: BoundsKind,
        /// Left side, of which the panic's text says whether it was written signed.
        x: Val,
        /// Right side.
        y: Val,
        /// Whether `x` is of a signed type: it then shows as such in the panic's text.
        signed: bool,
    },
    /// Calls. Arguments as the signature says; then, for each result in memory form, the address of the caller's memory
    /// for it. Results: the parts of the results in parts form, in order. A safepoint.
    Call {
        /// Who.
        callee: Callee,
        /// The type of the callee.
        sig: Box<Signature>,
        /// Arguments.
        args: SmallVec<[Val; 4]>,
    },
    /// The closure that was called, at the very start of the entry block. `Ptr`.
    Context,
    /// Gets ready for deferred calls: registers the slot, of type `runtime._deferframe`, with the running goroutine.
    /// The result, an `I8`, is 0; it is 1 when the same instruction is returned to after a recovered panic: then no value
    /// made before holds, only pinned slots do. In the entry block of a function with `defer`.
    EnterDefer(Slot),
    /// A safepoint on a loop's way back. Nothing happens unless the worker was asked to answer.
    Poll,
    /// The address of the running frame, to be compared with others by `recover`. `I64`.
    FrameAddr,
    /// Loads a scalar, sequentially consistent.
    AtomicLoad(Scalar, Val),
    /// Stores a scalar, sequentially consistent. No barrier.
    AtomicStore(Val, Val),
    /// Address, operand; returns the old value. No barrier.
    AtomicRmw(AtomicOp, Val, Val),
    /// Address, expected, new value; returns an `I8`: whether it was stored. No barrier.
    AtomicCas(Val, Val, Val),
    /// Keeps a value alive up to here: `runtime.KeepAlive`.
    KeepAlive(Val),
    /// Fetches memory ahead of use.
    Prefetch(Val),
}

/// A jump's target and what it gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub block: Block,
    /// Values for its parameters.
    pub args: SmallVec<[Val; 2]>,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Goes on elsewhere.
    Jump(Target),
    /// To `then` if the `I8` is not zero, else to `els`.
    Branch {
        /// The condition.
        cond: Val,
        /// If it is not zero.
        then: Target,
        /// If it is.
        els: Target,
    },
    /// By the value of an integer; targets have no parameters.
    Switch {
        /// The integer.
        val: Val,
        /// Targets by value, distinct.
        cases: Vec<(i64, Block)>,
        /// For all others.
        default: Block,
    },
    /// Returns. Per result the parts, or for memory form the address of the value, which is copied to the caller.
    Return(SmallVec<[Val; 4]>),
    /// Calls a function with the same results in place of this one; the frame is gone. For wrappers.
    TailCall {
        /// Who.
        callee: Callee,
        /// Its type.
        sig: Box<Signature>,
        /// Arguments, all in parts form.
        args: SmallVec<[Val; 4]>,
    },
    /// Is not reached: after a call that does not return.
    Unreachable,
}
