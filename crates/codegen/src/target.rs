//! The machine that code is made for, and what all functions of a compilation share.

use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use trigo_ir::data::RelocTarget;
use trigo_ir::inst::BoundsKind;
use trigo_ir::program::Context;
use trigo_ir::sym::Sym;
use trigo_ir::types::TypeId;

/// Whose address a function or a piece of data wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Something of the program's.
    Program(RelocTarget),
    /// An entry of the runtime's that no Go source names.
    Runtime(&'static str),
    /// The native of a Go function.
    Native(Sym),
    /// A name as type descriptors have it, without and with the path of a package behind it.
    Name(Box<[u8]>, Option<Sym>),
    /// A bitmap of pointer words.
    Mask(Box<[u8]>),
    /// Where the runtime puts the address of a large type's bitmap.
    MaskCell(TypeId),
}

impl From<RelocTarget> for Target {
    fn from(target: RelocTarget) -> Self {
        Target::Program(target)
    }
}

/// What all functions of a compilation share.
pub struct Environment {
    /// Names and types.
    pub context: Arc<Context>,
    /// The machine.
    pub isa: OwnedTargetIsa,
    /// Go functions that are called as leaf natives.
    pub leaves: FxHashSet<Sym>,
    /// Functions and variables of package runtime that code refers to by itself.
    pub runtime: RuntimeSyms,
}

/// See [`Environment::runtime`].
pub struct RuntimeSyms {
    /// `runtime.panicdivide`
    pub divide: Sym,
    /// `runtime.panicshift`
    pub shift: Sym,
    /// `runtime.zerobase`
    pub zerobase: Sym,
    /// The panics of bounds checks, for `x` signed and unsigned.
    bounds: [[Sym; 2]; 9],
}

impl RuntimeSyms {
    fn new(context: &Context) -> Self {
        let name = |name: &str| context.syms.intern(&format!("runtime.{name}"));
        let pair = |text: &str| [name(text), name(&format!("{text}U"))];
        let convert = name("panicSliceConvert");
        Self {
            divide: name("panicdivide"),
            shift: name("panicshift"),
            zerobase: name("zerobase"),
            bounds: [
                pair("panicIndex"),
                pair("panicSliceAlen"),
                pair("panicSliceAcap"),
                pair("panicSliceB"),
                pair("panicSlice3Alen"),
                pair("panicSlice3Acap"),
                pair("panicSlice3B"),
                pair("panicSlice3C"),
                [convert, convert],
            ],
        }
    }

    /// The function that panics when a bounds check fails.
    pub fn bounds(&self, kind: BoundsKind, signed: bool) -> Sym {
        self.bounds[kind as usize][usize::from(!signed)]
    }

    /// All functions that code may call without a call in the IR.
    pub fn functions(&self) -> impl Iterator<Item = Sym> + '_ {
        [self.divide, self.shift].into_iter().chain(self.bounds.iter().flatten().copied())
    }
}

impl Environment {
    /// For x86-64 of the third level (2013 and later): code uses AVX2, BMI and FMA without asking.
    ///
    /// # Panics
    /// If Cranelift does not know its own settings.
    pub fn new(context: Arc<Context>) -> Self {
        let mut flags = settings::builder();
        for (name, value) in [
            ("opt_level", "speed"),
            ("preserve_frame_pointers", "true"),
            ("enable_pinned_reg", "true"),
            ("is_pic", "false"),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
            ("enable_probestack", "false"),
            ("unwind_info", "false"),
        ] {
            flags.set(name, value).expect("a setting of Cranelift's");
        }
        let mut machine = isa::lookup_by_name("x86_64-unknown-linux-gnu").expect("x86-64");
        machine.enable("x86-64-v3").expect("a level of x86-64");
        // Part of the level, but not of what Cranelift calls so; without it there is no fused multiplication.
        machine.enable("has_avx").expect("a feature of x86-64");
        let isa = machine.finish(settings::Flags::new(flags)).expect("settings that agree");
        let leaves = trigo_abi::LEAVES.iter().map(|name| context.syms.intern(name)).collect();
        let runtime = RuntimeSyms::new(&context);
        Self { context, isa, leaves, runtime }
    }
}
