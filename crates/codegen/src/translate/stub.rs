//! Stubs for Go functions that the runtime implements in Rust.

use super::call::leaf_signature;
use super::{Code, OWN, Scratch, Translator, clif_type, finish, frame_slot, signature};
use crate::abi::{Assignment, Place};
use crate::target::{Environment, Target};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature as ClifSignature, Value, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use trigo_abi::{entries, worker};
use trigo_ir::func::{Func, Signature};
use trigo_ir::sym::Sym;

/// The function with the link name of a native and the compiled convention that calls the native.
///
/// # Errors
/// A text that says what Cranelift refuses.
pub fn native_stub(
    env: &Environment,
    scratch: &mut Scratch,
    sym: Sym,
    sig: &Signature,
) -> Result<Code, String> {
    let assignment = Assignment::of(&env.context.types, sig);
    scratch.context.clear();
    scratch.context.func.signature = signature(&assignment);
    let b = FunctionBuilder::new(&mut scratch.context.func, &mut scratch.frontend);
    let func = Func::new(sym, sig.clone());
    let mut t = Translator::new(env, &func, b, assignment);
    let entry = t.b.create_block();
    t.b.switch_to_block(entry);
    t.b.append_block_params_for_function_params(entry);
    let params: Vec<Value> = t.b.block_params(entry).to_vec();
    match env.leaves.contains(&sym) {
        true => t.leaf_stub(&params),
        false => t.block_stub(&params),
    }
    t.b.seal_all_blocks();
    let Translator { b, targets, .. } = t;
    b.finalize(env.isa.frontend_config());
    finish(env, sym, &mut scratch.context, &targets, &[])
}

impl Translator<'_> {
    fn leaf_stub(&mut self, params: &[Value]) {
        let signature = self.b.import_signature(leaf_signature(&self.assignment));
        let function = self.function(Target::Native(self.func.sym), signature);
        let call = self.b.ins().call(function, params);
        let results = self.b.inst_results(call).to_vec();
        self.b.ins().return_(&results);
    }

    fn block_stub(&mut self, params: &[Value]) {
        let types = &self.env.context.types;
        let all = Assignment::on_stack(types, &self.func.sig);
        let own = self.assignment.clone();
        let incoming = (own.block > 0).then(|| self.load_worker(types::I64, worker::ARGS));
        // The caller's block is handed on to nobody, and a park may change the worker: it is kept in a value.
        let slot = frame_slot(&mut self.b, u64::from(all.block), 8);
        let block = self.b.ins().stack_addr(types::I64, slot, 0);
        let mut registers = params.iter().copied();
        for ((from, to), &ty) in own.params.iter().zip(&all.params).zip(&self.func.sig.params) {
            let Place::Block(to) = *to else { continue };
            match from {
                Place::Registers(parts) => {
                    for (part, value) in parts.iter().zip(registers.by_ref().take(parts.len())) {
                        self.b.ins().store(OWN, value, block, (to + part.offset) as i32);
                    }
                }
                Place::Block(from) => {
                    let from = self.moved(incoming.expect("a block"), i64::from(*from));
                    let to = self.moved(block, i64::from(to));
                    self.copy_bytes(to, from, types.size(ty));
                }
            }
        }
        self.call_native(block);
        let mut results = Vec::new();
        for ((to, from), &ty) in own.results.iter().zip(&all.results).zip(&self.func.sig.results) {
            let Place::Block(from) = *from else { continue };
            match to {
                Place::Registers(parts) => {
                    for part in parts {
                        let (ty, at) = (clif_type(part.scalar), (from + part.offset) as i32);
                        results.push(self.b.ins().load(ty, OWN, block, at));
                    }
                }
                Place::Block(to) => {
                    let from = self.moved(block, i64::from(from));
                    let to = self.moved(incoming.expect("a block"), i64::from(*to));
                    self.copy_bytes(to, from, types.size(ty));
                }
            }
        }
        self.b.ins().return_(&results);
    }

    fn call_native(&mut self, block: Value) {
        let mut signature = ClifSignature::new(CallConv::Tail);
        signature.params = vec![AbiParam::new(types::I64); 2];
        let signature = self.b.import_signature(signature);
        let function = self.function(Target::Runtime(entries::NATIVE), signature);
        let native = self.address_of(Target::Native(self.func.sym), 0);
        self.b.ins().call(function, &[native, block]);
    }
}
