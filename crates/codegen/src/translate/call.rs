//! Calls and returns by the compiled convention, and calls of leaves by System V's.

use super::{GO, OWN, Translator, clif_type, frame_slot, signature};
use crate::abi::{Assignment, Place};
use crate::target::Target;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, SigRef, Value, types};
use cranelift_codegen::isa::CallConv;
use trigo_abi::worker;
use trigo_ir::data::RelocTarget;
use trigo_ir::func::{Signature, Val};
use trigo_ir::inst::Callee;
use trigo_ir::sym::Sym;
use trigo_ir::types::{Part, TypeId};

impl Translator<'_> {
    /// A call; gives the parts of the results in parts form.
    pub(super) fn call(&mut self, callee: &Callee, sig: &Signature, args: &[Val]) -> Vec<Value> {
        let assignment = Assignment::of(&self.env.context.types, sig);
        let mut operands = args.iter().map(|&val| self.val(val)).collect::<Vec<_>>().into_iter();
        let block = (assignment.block > 0).then(|| self.outgoing_block(assignment.block));
        let registers = self.place_args(&assignment, &sig.params, block, &mut operands);
        if let Some(block) = block {
            self.store_worker(worker::ARGS, block);
        }
        let call = self.emit_call(callee, &assignment, &registers);
        let results = self.b.inst_results(call).to_vec();
        self.take_results(&assignment, &sig.results, block, results, &mut operands)
    }

    /// Puts arguments into the block, and gives those that go into registers.
    fn place_args(
        &mut self,
        assignment: &Assignment,
        tys: &[TypeId],
        block: Option<Value>,
        operands: &mut impl Iterator<Item = Value>,
    ) -> Vec<Value> {
        let mut registers = Vec::new();
        for (place, &ty) in assignment.params.iter().zip(tys) {
            let parts = self.env.context.types.parts(ty);
            match (place, parts) {
                (Place::Registers(list), Some(_)) => {
                    registers.extend(operands.by_ref().take(list.len()));
                }
                (Place::Registers(list), None) => {
                    let from = operands.next().expect("an operand for each argument");
                    registers.extend(self.load_parts(list, from));
                }
                (Place::Block(at), Some(parts)) => {
                    let block = block.expect("a block for what is in it");
                    for (part, value) in parts.iter().zip(operands.by_ref().take(parts.len())) {
                        self.b.ins().store(OWN, value, block, (at + part.offset) as i32);
                    }
                }
                (Place::Block(at), None) => {
                    let from = operands.next().expect("an operand for each argument");
                    let to = self.moved(block.expect("a block for what is in it"), i64::from(*at));
                    self.copy_bytes(to, from, self.env.context.types.size(ty));
                }
            }
        }
        registers
    }

    fn load_parts(&mut self, parts: &[Part], from: Value) -> Vec<Value> {
        let load =
            |part: &Part| self.b.ins().load(clif_type(part.scalar), GO, from, part.offset as i32);
        parts.iter().map(load).collect()
    }

    fn emit_call(
        &mut self,
        callee: &Callee,
        assignment: &Assignment,
        registers: &[Value],
    ) -> clif::Inst {
        match *callee {
            Callee::Direct(sym) => {
                let function = self.direct(sym, assignment);
                self.b.ins().call(function, registers)
            }
            Callee::Code(code) => {
                let code = self.val(code);
                let signature = self.b.import_signature(signature(assignment));
                self.b.ins().call_indirect(signature, code, registers)
            }
            Callee::Closure(closure) => {
                let (code, signature) = self.enter_closure(closure, assignment);
                self.b.ins().call_indirect(signature, code, registers)
            }
        }
    }

    fn direct(&mut self, sym: Sym, assignment: &Assignment) -> clif::FuncRef {
        if let Some(&function) = self.functions.get(&sym) {
            return function;
        }
        let leaf = self.env.leaves.contains(&sym);
        let (target, signature) = match leaf {
            true => (Target::Native(sym), leaf_signature(assignment)),
            false => (RelocTarget::Sym(sym).into(), signature(assignment)),
        };
        let signature = self.b.import_signature(signature);
        let function = self.function(target, signature);
        self.functions.insert(sym, function);
        function
    }

    /// The code of a closure, which is handed over in the worker's word.
    fn enter_closure(&mut self, closure: Val, assignment: &Assignment) -> (Value, SigRef) {
        let closure = self.val(closure);
        let code = self.b.ins().load(types::I64, GO, closure, 0);
        self.store_worker(worker::CONTEXT, closure);
        (code, self.b.import_signature(signature(assignment)))
    }

    /// Gives the results in parts form, and stores the others to where the remaining operands say.
    fn take_results(
        &mut self,
        assignment: &Assignment,
        tys: &[TypeId],
        block: Option<Value>,
        registers: Vec<Value>,
        operands: &mut impl Iterator<Item = Value>,
    ) -> Vec<Value> {
        let mut registers = registers.into_iter();
        let mut results = Vec::new();
        for (place, &ty) in assignment.results.iter().zip(tys) {
            match (place, self.env.context.types.parts(ty)) {
                (Place::Registers(list), Some(_)) => {
                    results.extend(registers.by_ref().take(list.len()));
                }
                (Place::Registers(list), None) => {
                    let to = operands.next().expect("a place for each result in memory form");
                    for (part, value) in list.iter().zip(registers.by_ref().take(list.len())) {
                        self.b.ins().store(GO, value, to, part.offset as i32);
                    }
                }
                (Place::Block(at), Some(parts)) => {
                    let block = block.expect("a block for what is in it");
                    for part in parts {
                        let (ty, at) = (clif_type(part.scalar), (at + part.offset) as i32);
                        results.push(self.b.ins().load(ty, OWN, block, at));
                    }
                }
                (Place::Block(at), None) => {
                    let to = operands.next().expect("a place for each result in memory form");
                    let from =
                        self.moved(block.expect("a block for what is in it"), i64::from(*at));
                    self.copy_bytes(to, from, self.env.context.types.size(ty));
                }
            }
        }
        results
    }

    /// The block for arguments and results of calls, at least so large.
    fn outgoing_block(&mut self, size: u32) -> Value {
        let slot = *self.outgoing.get_or_insert_with(|| frame_slot(&mut self.b, 8, 8));
        let data = &mut self.b.func.sized_stack_slots[slot];
        data.size = data.size.max(size.next_multiple_of(8));
        self.b.ins().stack_addr(types::I64, slot, 0)
    }

    /// Returns: per result its parts, or the address of the value.
    pub(super) fn return_(&mut self, vals: &[Val]) {
        let values = vals.iter().map(|&val| self.val(val)).collect::<Vec<_>>();
        self.return_values(values);
    }

    fn return_values(&mut self, values: Vec<Value>) {
        let mut operands = values.into_iter();
        let mut registers = Vec::new();
        for (place, &ty) in self.assignment.results.clone().iter().zip(&self.func.sig.results) {
            match (place, self.env.context.types.parts(ty)) {
                (Place::Registers(list), Some(_)) => {
                    registers.extend(operands.by_ref().take(list.len()));
                }
                (Place::Registers(list), None) => {
                    let from = operands.next().expect("an operand for each result");
                    registers.extend(self.load_parts(list, from));
                }
                (Place::Block(at), Some(parts)) => {
                    let block = self.block_address();
                    for (part, value) in parts.iter().zip(operands.by_ref().take(parts.len())) {
                        self.b.ins().store(OWN, value, block, (at + part.offset) as i32);
                    }
                }
                (Place::Block(at), None) => {
                    let from = operands.next().expect("an operand for each result");
                    let block = self.block_address();
                    let to = self.moved(block, i64::from(*at));
                    self.copy_bytes(to, from, self.env.context.types.size(ty));
                }
            }
        }
        self.b.ins().return_(&registers);
    }

    /// A call in place of this function; an ordinary one if it needs a block, which would lie in this frame.
    pub(super) fn tail_call(&mut self, callee: &Callee, sig: &Signature, args: &[Val]) {
        let assignment = Assignment::of(&self.env.context.types, sig);
        let leaf = matches!(callee, Callee::Direct(sym) if self.env.leaves.contains(sym));
        if assignment.block > 0 || leaf {
            return self.call_and_return(callee, sig, args);
        }
        let registers: Vec<Value> = args.iter().map(|&val| self.val(val)).collect();
        match *callee {
            Callee::Direct(sym) => {
                let function = self.direct(sym, &assignment);
                self.b.ins().return_call(function, &registers);
            }
            Callee::Code(code) => {
                let code = self.val(code);
                let signature = self.b.import_signature(signature(&assignment));
                self.b.ins().return_call_indirect(signature, code, &registers);
            }
            Callee::Closure(closure) => {
                let (code, signature) = self.enter_closure(closure, &assignment);
                self.b.ins().return_call_indirect(signature, code, &registers);
            }
        }
    }

    fn call_and_return(&mut self, callee: &Callee, sig: &Signature, args: &[Val]) {
        // Results in memory form are put into temporaries, whose addresses follow the arguments.
        let types = &self.env.context.types;
        let assignment = Assignment::of(types, sig);
        let mut operands: Vec<Value> = args.iter().map(|&val| self.val(val)).collect();
        let mut temporaries = Vec::new();
        for &ty in sig.results.iter().filter(|&&ty| types.parts(ty).is_none()) {
            let layout = types.layout(ty);
            let slot = frame_slot(&mut self.b, layout.size, layout.align);
            temporaries.push(self.b.ins().stack_addr(types::I64, slot, 0));
        }
        operands.extend(&temporaries);
        let mut operands = operands.into_iter();
        let block = (assignment.block > 0).then(|| self.outgoing_block(assignment.block));
        let registers = self.place_args(&assignment, &sig.params, block, &mut operands);
        if let Some(block) = block {
            self.store_worker(worker::ARGS, block);
        }
        let call = self.emit_call(callee, &assignment, &registers);
        let results = self.b.inst_results(call).to_vec();
        let mut parts =
            self.take_results(&assignment, &sig.results, block, results, &mut operands).into_iter();
        let mut temporaries = temporaries.into_iter();
        let mut values = Vec::new();
        for &ty in &sig.results {
            match types.parts(ty) {
                Some(list) => values.extend(parts.by_ref().take(list.len())),
                None => values.extend(temporaries.next()),
            }
        }
        self.return_values(values);
    }
}

/// The System V signature of a leaf native.
pub(super) fn leaf_signature(assignment: &Assignment) -> clif::Signature {
    let mut signature = clif::Signature::new(CallConv::SystemV);
    let param = |part: Part| match clif_type(part.scalar) {
        ty @ (types::I8 | types::I16 | types::I32) => AbiParam::new(ty).uext(),
        ty => AbiParam::new(ty),
    };
    signature.params.extend(assignment.param_registers().map(param));
    signature.returns.extend(assignment.result_registers().map(param));
    signature
}
