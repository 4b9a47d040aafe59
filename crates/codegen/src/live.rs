//! What a program needs: functions that its roots, data and types reach once passes have removed code.

use rustc_hash::{FxHashMap, FxHashSet};
use trigo_ir::data::RelocTarget;
use trigo_ir::func::Func;
use trigo_ir::inst::{Callee, Op, Terminator};
use trigo_ir::program::Program;
use trigo_ir::sym::Sym;
use trigo_ir::types::{Shape, TypeId};

/// The names of functions and data that `roots` reach, those of all data and of all descriptors included.
pub fn live(program: &Program, roots: impl Iterator<Item = Sym>) -> FxHashSet<Sym> {
    let funcs = program.funcs.iter().map(|func| (func.sym, func)).collect();
    let aliases = program.aliases.iter().copied().collect();
    let mut walk = Walk { program, funcs, aliases, live: FxHashSet::default(), next: Vec::new() };
    roots.for_each(|sym| walk.sym(sym));
    for reloc in program.data.iter().flat_map(|data| &data.relocs) {
        match &reloc.target {
            RelocTarget::Sym(sym) | RelocTarget::FuncValue(sym) => walk.sym(*sym),
            _ => {}
        }
    }
    program.types.iter().for_each(|&ty| walk.descriptor(ty));
    while let Some(sym) = walk.next.pop() {
        if let Some(func) = walk.funcs.get(&sym).copied() {
            walk.func(func);
        }
    }
    walk.live
}

struct Walk<'p> {
    program: &'p Program,
    funcs: FxHashMap<Sym, &'p Func>,
    aliases: FxHashMap<Sym, Sym>,
    live: FxHashSet<Sym>,
    next: Vec<Sym>,
}

impl Walk<'_> {
    fn sym(&mut self, sym: Sym) {
        let mut sym = sym;
        while self.live.insert(sym) {
            self.next.push(sym);
            match self.aliases.get(&sym) {
                Some(&other) => sym = other,
                None => break,
            }
        }
    }

    fn descriptor(&mut self, ty: TypeId) {
        let context = &self.program.context;
        for method in context.types.methods(ty).unwrap_or_default() {
            self.sym(method.ifn);
            self.sym(method.tfn);
        }
        if let Some(equal) = context.equal_sym(ty) {
            self.sym(equal);
        }
        if let Shape::Map { key, .. } = context.types.shape(ty)
            && let Some(hash) = context.hash_sym(*key)
        {
            self.sym(hash);
        }
    }

    fn func(&mut self, func: &Func) {
        for block in &func.blocks {
            for &inst in &block.insts {
                match &func.insts[inst.index()].op {
                    Op::SymAddr(sym, _)
                    | Op::FuncValue(sym)
                    | Op::Call { callee: Callee::Direct(sym), .. } => self.sym(*sym),
                    _ => {}
                }
            }
            if let Some(Terminator::TailCall { callee: Callee::Direct(sym), .. }) = &block.term {
                self.sym(*sym);
            }
        }
    }
}
