//! The words of the text form: one for each operation and property.

use crate::func::Attrs;
use crate::inst::{AllocWhat, AtomicOp, Barrier, BinaryOp, BoundsKind, Cond, ConvertOp, UnaryOp};
use crate::types::{Basic, Scalar};

macro_rules! words {
    ($($ty:ident { $($variant:ident $word:literal,)* })*) => {$(
        impl $ty {
            const WORDS: &[($ty, &'static str)] = &[$(($ty::$variant, $word)),*];

            /// Its word in the text form.
            pub fn word(self) -> &'static str {
                match self { $($ty::$variant => $word),* }
            }

            /// What a word of the text form stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::WORDS.iter().find(|w| w.1 == word).map(|w| w.0)
            }
        }
    )*};
}

words! {
    Scalar {
        I8 "i8", I16 "i16", I32 "i32", I64 "i64", F32 "f32", F64 "f64", Ptr "ptr",
    }
    UnaryOp {
        Neg "neg", Not "not", FNeg "fneg", FAbs "fabs", FSqrt "fsqrt", FFloor "ffloor", FCeil "fceil",
        FTrunc "ftrunc", FNearest "fnearest", Clz "clz", Ctz "ctz", Popcnt "popcnt", Bswap "bswap",
        Bitrev "bitrev",
    }
    BinaryOp {
        Add "add", Sub "sub", Mul "mul", SMulHi "smulhi", UMulHi "umulhi", SDiv "sdiv", UDiv "udiv",
        SRem "srem", URem "urem", And "and", Or "or", Xor "xor", AndNot "andnot", Shl "shl",
        LShr "lshr", AShr "ashr", Rotl "rotl", FAdd "fadd", FSub "fsub", FMul "fmul", FDiv "fdiv",
        FMin "fmin", FMax "fmax", FCopysign "fcopysign",
    }
    Cond {
        Eq "eq", Ne "ne", Slt "slt", Sle "sle", Sgt "sgt", Sge "sge", Ult "ult", Ule "ule", Ugt "ugt",
        Uge "uge", FEq "feq", FNe "fne", FLt "flt", FLe "fle", FGt "fgt", FGe "fge",
    }
    ConvertOp {
        Zext "zext", Sext "sext", Trunc "trunc", SToF "stof", UToF "utof", FToS "ftos", FToU "ftou",
        FToF "ftof", Bits "bits", PtrToInt "ptr_to_int", IntToPtr "int_to_ptr",
    }
    AtomicOp {
        Add "atomic_add", And "atomic_and", Or "atomic_or", Exchange "atomic_exchange",
    }
    Barrier {
        Undecided "undecided", None "none", Init "init", Full "full",
    }
    BoundsKind {
        Index "index", SliceAlen "slice_alen", SliceAcap "slice_acap", SliceB "slice_b",
        Slice3Alen "slice3_alen", Slice3Acap "slice3_acap", Slice3B "slice3_b", Slice3C "slice3_c",
        Convert "convert",
    }
}

impl Attrs {
    /// Each attribute with its word in the text form.
    pub const WORDS: &[(Attrs, &'static str)] = &[
        (Attrs::NOSPLIT, "nosplit"),
        (Attrs::NOPOLL, "nopoll"),
        (Attrs::NOINLINE, "noinline"),
        (Attrs::WRAPPER, "wrapper"),
        (Attrs::CLOSURE, "closure"),
        (Attrs::DUPLICATE_OK, "duplicate_ok"),
        (Attrs::NOWRITEBARRIER, "nowritebarrier"),
    ];
}

impl AllocWhat {
    /// Each kind of allocation but variables, which have a name, with its word in the text form.
    pub const WORDS: &[(AllocWhat, &'static str)] = &[
        (AllocWhat::New, "new"),
        (AllocWhat::Literal, "literal"),
        (AllocWhat::SliceLiteral, "slice_literal"),
        (AllocWhat::MakeSlice, "make_slice"),
        (AllocWhat::Closure, "closure"),
        (AllocWhat::MethodValue, "method_value"),
        (AllocWhat::Interface, "interface"),
        (AllocWhat::Variadic, "variadic"),
        (AllocWhat::Spawn, "spawn"),
        (AllocWhat::Temporary, "temporary"),
    ];
}

impl Basic {
    /// The predeclared type with this name.
    pub fn from_name(name: &str) -> Option<Basic> {
        Self::ALL.iter().find(|b| b.1 == name).map(|b| b.0)
    }
}
