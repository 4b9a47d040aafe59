//! Small functions of a whole program in the place of calls to them: which [`trigo_ir::inline`] may take.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use trigo_ir::inline::{self, Body, Names};
use trigo_ir::program::Program;
use trigo_ir::{Sym, Syms, passes};

/// How often small functions are looked for: each time, those are found too whose calls were inlined the time before.
const ROUNDS: usize = 3;

/// Functions that end the program; those that panic are called `runtime.panic…`.
const NEVER_RETURN: &[&str] = &["runtime.throw", "runtime.fatal", "internal/runtime/maps.fatal"];

/// Inlines small functions wherever they are called.
pub fn inline_small(program: &mut Program) {
    let context = program.context.clone();
    // The frame that `getfp` means is that of its caller.
    let leaves = trigo_abi::LEAVES.iter().filter(|name| **name != "runtime.getfp");
    let leaves = leaves.map(|name| context.syms.intern(name)).collect();
    let names = LinkNames { syms: &context.syms, leaves };
    for round in 0..ROUNDS {
        let funcs = program.funcs.par_iter();
        let bodies: FxHashMap<Sym, Body> =
            funcs.filter_map(|func| Some((func.sym, Body::new(&context, func, &names)?))).collect();
        program.funcs.par_iter_mut().for_each(|func| {
            if inline::run(func, &bodies) || round == 0 {
                passes::run_again(&context, func);
            }
        });
    }
}

struct LinkNames<'a> {
    syms: &'a Syms,
    leaves: FxHashSet<Sym>,
}

impl Names for LinkNames<'_> {
    fn is_native_leaf(&self, sym: Sym) -> bool {
        self.leaves.contains(&sym)
    }

    /// As gc's tracebacks have it.
    fn is_hidden(&self, sym: Sym) -> bool {
        let name = self.syms.text(sym);
        name.starts_with("runtime.") || name.starts_with("internal/runtime/")
    }

    fn never_returns(&self, sym: Sym) -> bool {
        let name = self.syms.text(sym);
        name.starts_with("runtime.panic") || NEVER_RETURN.contains(&name)
    }
}
