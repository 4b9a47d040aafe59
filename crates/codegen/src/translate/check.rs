//! Checks that panic: branches to cold calls of package runtime.

use super::{GO, Translator, clif_type};
use crate::target::Target;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, Value, types};
use cranelift_codegen::isa::CallConv;
use trigo_ir::data::RelocTarget;
use trigo_ir::func::Val;
use trigo_ir::inst::BoundsKind;
use trigo_ir::sym::Sym;

impl Translator<'_> {
    /// A load through the pointer: the hardware finds nil.
    pub(super) fn nil_check(&mut self, val: Val) {
        let addr = self.val(val);
        self.b.ins().load(types::I8, GO, addr, 0);
    }

    pub(super) fn div_check(&mut self, val: Val) {
        let divisor = self.val(val);
        let zero = self.b.ins().iconst(clif_type(self.func.scalar(val)), 0);
        let bad = self.b.ins().icmp(IntCC::Equal, divisor, zero);
        self.panic_if(bad, self.env.runtime.divide, &[]);
    }

    pub(super) fn shift_check(&mut self, val: Val) {
        let count = self.val(val);
        let zero = self.b.ins().iconst(clif_type(self.func.scalar(val)), 0);
        let bad = self.b.ins().icmp(IntCC::SignedLessThan, count, zero);
        self.panic_if(bad, self.env.runtime.shift, &[]);
    }

    pub(super) fn bounds_check(&mut self, kind: BoundsKind, x: Val, y: Val, signed: bool) {
        let (x, y) = (self.val(x), self.val(y));
        let cond = match kind {
            BoundsKind::Index => IntCC::UnsignedGreaterThanOrEqual,
            _ => IntCC::UnsignedGreaterThan,
        };
        let bad = self.b.ins().icmp(cond, x, y);
        self.panic_if(bad, self.env.runtime.bounds(kind, signed), &[x, y]);
    }

    fn panic_if(&mut self, bad: Value, panic: Sym, args: &[Value]) {
        let (cold, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(bad, cold, &[], after, &[]);
        self.b.switch_to_block(cold);
        let mut signature = clif::Signature::new(CallConv::Tail);
        signature.params.extend(args.iter().map(|_| AbiParam::new(types::I64)));
        let function = match self.functions.get(&panic) {
            Some(&function) => function,
            None => {
                let signature = self.b.import_signature(signature);
                let function = self.function(Target::Program(RelocTarget::Sym(panic)), signature);
                self.functions.insert(panic, function);
                function
            }
        };
        self.b.ins().call(function, args);
        self.unreachable();
        self.b.switch_to_block(after);
    }
}
