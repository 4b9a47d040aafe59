//! A program: functions and data over one table of names and types.

use crate::data::{Data, Reloc, RelocTarget};
use crate::func::{Func, Pos, Signature};
use crate::sym::{Sym, Syms};
use crate::types::{TypeId, TypeTable};
use std::sync::Arc;

/// What functions and data of a program share. Grows from many threads while the program is lowered.
pub struct Context {
    /// All link names.
    pub syms: Syms,
    /// All types.
    pub types: TypeTable,
}

impl Default for Context {
    fn default() -> Self {
        let syms = Syms::default();
        let types = TypeTable::new(&syms);
        Self { syms, types }
    }
}

/// A package's initialiser and the packages that must be initialised before.
#[derive(Clone, Debug)]
pub struct Init {
    /// The package's path.
    pub package: Sym,
    /// Functions without parameters to call, in order.
    pub funcs: Vec<Sym>,
}

/// A function without a Go body: a native of the runtime.
#[derive(Clone, Debug)]
pub struct Extern {
    /// Its link name.
    pub sym: Sym,
    /// Its type.
    pub sig: Signature,
    /// Where it is declared, if a source declares it. Not part of the text form.
    pub pos: Option<Pos>,
}

/// A whole program, ready for passes and code generation.
pub struct Program {
    /// Names and types.
    pub context: Arc<Context>,
    /// Functions with bodies, by name.
    pub funcs: Vec<Func>,
    /// Functions that are called or named and have no Go body.
    pub externs: Vec<Extern>,
    /// Variables and constants, by name.
    pub data: Vec<Data>,
    /// Types whose descriptors the program needs, beyond those its functions and data name.
    pub types: Vec<TypeId>,
    /// Package initialisers, in the order in which they run.
    pub inits: Vec<Init>,
    /// `//go:linkname` aliases: the first name stands for the second.
    pub aliases: Vec<(Sym, Sym)>,
}

impl Program {
    /// Gives a string variable the contents that the linker supplies: `runtime.buildVersion`, what `-X` says. Whether the
    /// program has such a variable.
    pub fn set_string(&mut self, name: &str, value: &str) -> bool {
        let sym = self.context.syms.intern(name);
        let string = crate::types::Basic::String.id();
        let Some(data) = self.data.iter_mut().find(|d| d.sym == sym && d.ty == string) else {
            return false;
        };
        data.bytes = [[0; 8], (value.len() as u64).to_le_bytes()].concat();
        let target = RelocTarget::Bytes(value.as_bytes().into());
        data.relocs = vec![Reloc { at: 0, target, addend: 0 }];
        true
    }
}
