//! One function: from the IR to machine code.
//!
//! IR values become Cranelift values one to one, block parameters block parameters; slots become stack slots. Blocks are
//! translated in an order in which definitions come before uses.
//!
//! # Functions that recover
//!
//! Where `EnterDefer` returns a second time, memory of the frame is as it was when the panic began, and registers are as they
//! were at that instruction. So nothing that Cranelift may have spilled after it can be relied on, and its optimiser does
//! not know that: it may share a value between code before `EnterDefer` and the recovery block. Hence in such functions
//!
//! 1. all slots lie in one area, whose address is, from `EnterDefer` on, made from a result of that call, not from the stack
//!    pointer; and
//! 2. addresses of symbols before and after it are different entities to Cranelift.
//!
//! What else Cranelift would share is constants, and those it makes anew in each block.

mod call;
mod check;
mod memory;
mod op;
mod stub;

pub use stub::native_stub;

use crate::abi::{Assignment, Place};
use crate::target::{Environment, Target};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self as clif, AbiParam, ExtFuncData, ExternalName, FuncRef, GlobalValue, GlobalValueData,
    InstBuilder, MemFlagsData, SigRef, SourceLoc, StackSlot, StackSlotData, StackSlotKind,
    TrapCode, UserExternalName, Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::{Context, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rustc_hash::FxHashMap;
use trigo_abi::{entries, worker};
use trigo_ir::cfg::Cfg;
use trigo_ir::data::RelocTarget;
use trigo_ir::func::{Attrs, Block, Func, Pos, Slot, Val};
use trigo_ir::inst::{Op, Terminator};
use trigo_ir::sym::Sym;
use trigo_ir::types::{Part, Scalar};

/// Machine code of one function.
pub struct Code {
    /// The instructions, with the constants they load behind them.
    pub bytes: Vec<u8>,
    /// Bytes that its address must be a multiple of.
    pub align: u64,
    /// Addresses to be filled in.
    pub relocs: Vec<CodeReloc>,
    /// Where each stretch of code comes from: its first byte, and the place; sorted.
    pub lines: Vec<(u32, Option<Pos>)>,
}

/// An address in code.
pub struct CodeReloc {
    /// Where, in bytes from the function's start.
    pub at: u32,
    /// How it is written.
    pub kind: Reloc,
    /// Whose address.
    pub target: Target,
    /// What is added to it.
    pub addend: i64,
}

/// Memory that is used again from function to function.
pub struct Scratch {
    context: Context,
    frontend: FunctionBuilderContext,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { context: Context::new(), frontend: FunctionBuilderContext::new() }
    }
}

/// Functions that call nothing and have no larger frame go without a stack check.
const SMALL_FRAME: u64 = 256;

/// Where a slot is.
#[derive(Clone, Copy)]
enum SlotPlace {
    /// At the beginning of a stack slot.
    Frame(StackSlot),
    /// At this offset of the area, in a function that recovers.
    Area(u32),
    /// In the caller's block of arguments.
    Block(u32),
}

/// All slots of a function that recovers.
struct Area {
    slot: StackSlot,
    /// Its address as far as `EnterDefer` says it.
    base: Option<Value>,
    /// Where in it the address of the caller's block is kept.
    block: u32,
}

/// A function being translated.
struct Translator<'a> {
    env: &'a Environment,
    func: &'a Func,
    b: FunctionBuilder<'a>,
    assignment: Assignment,
    vals: Vec<Option<Value>>,
    blocks: Vec<clif::Block>,
    slots: Vec<SlotPlace>,
    area: Option<Area>,
    targets: Vec<Target>,
    names: FxHashMap<Target, u32>,
    functions: FxHashMap<Sym, FuncRef>,
    globals: FxHashMap<(Target, i64), GlobalValue>,
    positions: Vec<Pos>,
    /// The address of the caller's block, where one was handed over and the function does not recover.
    block: Option<Value>,
    /// This function's own block for the calls it makes: one for all, as large as the largest.
    outgoing: Option<StackSlot>,
    context_value: Option<Value>,
}

/// Translates a function.
///
/// # Errors
/// A text that says what Cranelift refuses, which is a fault of this crate or of the IR.
pub fn function(env: &Environment, scratch: &mut Scratch, func: &Func) -> Result<Code, String> {
    let assignment = Assignment::of(&env.context.types, &func.sig);
    scratch.context.clear();
    scratch.context.func.signature = signature(&assignment);
    let b = FunctionBuilder::new(&mut scratch.context.func, &mut scratch.frontend);
    let mut translator = Translator::new(env, func, b, assignment);
    translator.translate();
    let Translator { b, targets, positions, .. } = translator;
    b.finalize(env.isa.frontend_config());
    finish(env, func.sym, &mut scratch.context, &targets, &positions)
}

/// Compiles what was built.
fn finish(
    env: &Environment,
    sym: Sym,
    context: &mut Context,
    targets: &[Target],
    positions: &[Pos],
) -> Result<Code, String> {
    let name = env.context.syms.text(sym);
    context
        .compile(&*env.isa, &mut Default::default())
        .map_err(|error| format!("{name}: {:?}", error.inner))?;
    let compiled = context.compiled_code().expect("it was compiled");
    let buffer = &compiled.buffer;
    let names = context.func.params.user_named_funcs();
    let reloc = |r: &cranelift_codegen::FinalizedMachReloc| {
        let target = match &r.target {
            FinalizedRelocTarget::ExternalName(ExternalName::User(id)) => {
                targets[names[*id].index as usize].clone()
            }
            other => return Err(format!("{name}: code refers to {other:?}")),
        };
        Ok(CodeReloc { at: r.offset, kind: r.kind, target, addend: r.addend })
    };
    let relocs = buffer.relocs().iter().map(reloc).collect::<Result<_, _>>()?;
    let place = |loc: SourceLoc| positions.get(loc.bits() as usize).copied();
    let lines = buffer.get_srclocs_sorted().iter().map(|l| (l.start, place(l.loc))).collect();
    let align = u64::from(buffer.alignment).max(16);
    Ok(Code { bytes: buffer.data().to_vec(), align, relocs, lines })
}

/// The Cranelift type of a scalar.
fn clif_type(scalar: Scalar) -> clif::Type {
    match scalar {
        Scalar::I8 => types::I8,
        Scalar::I16 => types::I16,
        Scalar::I32 => types::I32,
        Scalar::I64 | Scalar::Ptr => types::I64,
        Scalar::F32 => types::F32,
        Scalar::F64 => types::F64,
    }
}

/// The Cranelift signature of a compiled function.
fn signature(assignment: &Assignment) -> clif::Signature {
    let mut signature = clif::Signature::new(CallConv::Tail);
    let param = |part: Part| AbiParam::new(clif_type(part.scalar));
    signature.params.extend(assignment.param_registers().map(param));
    signature.returns.extend(assignment.result_registers().map(param));
    signature
}

/// For memory that is always there: the frame, the worker.
const OWN: MemFlagsData = MemFlagsData::trusted();
/// For memory that Go code names: may fault.
const GO: MemFlagsData = MemFlagsData::new();

impl<'a> Translator<'a> {
    fn new(
        env: &'a Environment,
        func: &'a Func,
        b: FunctionBuilder<'a>,
        assignment: Assignment,
    ) -> Self {
        Self {
            env,
            func,
            b,
            assignment,
            vals: vec![None; func.vals.len()],
            blocks: Vec::new(),
            slots: Vec::new(),
            area: None,
            targets: Vec::new(),
            names: FxHashMap::default(),
            functions: FxHashMap::default(),
            globals: FxHashMap::default(),
            positions: Vec::new(),
            block: None,
            outgoing: None,
            context_value: None,
        }
    }

    fn translate(&mut self) {
        for (i, block) in self.func.blocks.iter().enumerate() {
            let made = self.b.create_block();
            if block.cold {
                self.b.set_cold_block(made);
            }
            self.blocks.push(made);
            if i > 0 {
                for &param in &block.params {
                    let ty = clif_type(self.func.scalar(param));
                    self.vals[param.index()] = Some(self.b.append_block_param(made, ty));
                }
            }
        }
        self.locate(self.func.pos);
        self.enter();
        for block in Cfg::new(self.func).order {
            if block != self.func.entry() {
                self.b.switch_to_block(self.blocks[block.index()]);
            }
            let data = &self.func.blocks[block.index()];
            for &inst in &data.insts {
                let inst = &self.func.insts[inst.index()];
                self.locate(inst.pos);
                self.inst(inst);
            }
            self.locate(data.term_pos);
            self.terminator(data.term.as_ref().expect("a block has an end"));
        }
        self.b.seal_all_blocks();
    }

    /// Says where the code that follows comes from.
    fn locate(&mut self, pos: Option<Pos>) {
        let Some(pos) = pos else {
            return self.b.set_srcloc(SourceLoc::default());
        };
        if self.positions.last() != Some(&pos) {
            self.positions.push(pos);
        }
        self.b.set_srcloc(SourceLoc::new(self.positions.len() as u32 - 1));
    }

    /// The function's beginning: the stack check, what the caller handed over, slots.
    fn enter(&mut self) {
        let entry = self.blocks[0];
        self.b.switch_to_block(entry);
        self.b.append_block_params_for_function_params(entry);
        let params: Vec<Value> = self.b.block_params(entry).to_vec();
        if self.needs_stack_check() {
            self.stack_check(&params);
        }
        if self.func.attrs.has(Attrs::CLOSURE) {
            self.context_value = Some(self.load_worker(types::I64, worker::CONTEXT));
        }
        self.make_slots();
        if self.assignment.block > 0 {
            let address = self.load_worker(types::I64, worker::ARGS);
            match self.area.as_ref().map(|area| area.block) {
                Some(at) => {
                    let area = self.area_address();
                    self.b.ins().store(OWN, address, area, at as i32);
                }
                None => self.block = Some(address),
            }
        }
        self.bind_params(&params);
    }

    fn needs_stack_check(&self) -> bool {
        let calls = |op: &Op| {
            matches!(
                op,
                Op::Call { .. }
                    | Op::Alloc { .. }
                    | Op::AllocArray { .. }
                    | Op::EnterDefer(_)
                    | Op::Copy { .. }
                    | Op::Zero { .. }
                    | Op::Store { .. }
                    | Op::BoundsCheck { .. }
                    | Op::DivCheck(_)
                    | Op::ShiftCheck(_)
            )
        };
        let frame: u64 =
            self.func.slots.iter().map(|slot| self.env.context.types.size(slot.ty)).sum();
        let live = || self.func.blocks.iter().flat_map(|block| &block.insts);
        let tail = |block: &trigo_ir::func::BlockData| {
            matches!(block.term, Some(Terminator::TailCall { .. }))
        };
        !self.func.attrs.has(Attrs::NOSPLIT)
            && (frame > SMALL_FRAME
                || live().any(|inst| calls(&self.func.insts[inst.index()].op))
                || self.func.blocks.iter().any(tail))
    }

    /// Goes to the runtime for more stack if the frame reaches below the limit. Everything is as it was at the call, so
    /// the runtime can call this function again elsewhere.
    fn stack_check(&mut self, params: &[Value]) {
        let sp = self.b.ins().get_stack_pointer(types::I64);
        let limit = self.load_worker(types::I64, worker::STACK_LIMIT);
        let short = self.b.ins().icmp(IntCC::UnsignedLessThan, sp, limit);
        let (grow, body) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(grow);
        self.b.ins().brif(short, grow, &[], body, &[]);
        self.b.switch_to_block(grow);
        let own = self.address_of(RelocTarget::Sym(self.func.sym), 0);
        self.store_worker(worker::ENTRY, own);
        self.store_worker(worker::ENTRY_SP, sp);
        let signature = self.b.func.signature.clone();
        let signature = self.b.import_signature(signature);
        let morestack = self.function(Target::Runtime(entries::MORESTACK), signature);
        self.b.ins().return_call(morestack, params);
        self.b.switch_to_block(body);
    }

    fn make_slots(&mut self) {
        let types = &self.env.context.types;
        let recovers = self.func.insts.iter().any(|inst| matches!(inst.op, Op::EnterDefer(_)));
        let (mut end, mut align) = (8u64, 8u64);
        for slot in &self.func.slots {
            let layout = types.layout(slot.ty);
            let place = match slot.param.map(|i| &self.assignment.params[i as usize]) {
                Some(Place::Block(at)) => SlotPlace::Block(*at),
                _ if recovers => {
                    let at = end.next_multiple_of(layout.align.max(8));
                    end = at + layout.size;
                    align = align.max(layout.align);
                    SlotPlace::Area(u32::try_from(at).unwrap_or(u32::MAX))
                }
                _ => SlotPlace::Frame(frame_slot(&mut self.b, layout.size, layout.align)),
            };
            self.slots.push(place);
        }
        if recovers {
            let slot = frame_slot(&mut self.b, end, align);
            self.area = Some(Area { slot, base: None, block: 0 });
        }
    }

    /// Gives the entry's parameters their values, and slots of parameters what came in registers.
    fn bind_params(&mut self, params: &[Value]) {
        let mut registers = params.iter().copied();
        let mut named = self.func.blocks[0].params.clone().into_iter();
        for (i, ty) in self.func.sig.params.iter().enumerate() {
            let parts = self.env.context.types.parts(*ty);
            match (self.assignment.params[i].clone(), parts) {
                (Place::Registers(list), Some(_)) => {
                    for val in named.by_ref().take(list.len()) {
                        self.vals[val.index()] = registers.next();
                    }
                }
                (Place::Registers(list), None) => {
                    let slot = self.func.slots.iter().position(|s| s.param == Some(i as u32));
                    let address = slot.map(|slot| self.slot_address(Slot::new(slot), 0));
                    for (part, value) in list.iter().zip(registers.by_ref().take(list.len())) {
                        if let Some(address) = address {
                            self.b.ins().store(OWN, value, address, part.offset as i32);
                        }
                    }
                }
                (Place::Block(at), Some(parts)) => {
                    let block = self.block_address();
                    for (part, val) in parts.iter().zip(named.by_ref().take(parts.len())) {
                        let ty = clif_type(part.scalar);
                        let offset = (at + part.offset) as i32;
                        self.vals[val.index()] = Some(self.b.ins().load(ty, OWN, block, offset));
                    }
                }
                (Place::Block(_), None) => {}
            }
        }
    }

    /// The address of the caller's block.
    fn block_address(&mut self) -> Value {
        match self.block {
            Some(value) => value,
            None => {
                let at = self.area.as_ref().map_or(0, |area| area.block);
                let area = self.area_address();
                self.b.ins().load(types::I64, OWN, area, at as i32)
            }
        }
    }

    /// The address of the area of a function that recovers.
    fn area_address(&mut self) -> Value {
        let area = self.area.as_ref().expect("the function recovers");
        match area.base {
            Some(base) => base,
            None => self.b.ins().stack_addr(types::I64, area.slot, 0),
        }
    }

    fn slot_address(&mut self, slot: Slot, offset: u32) -> Value {
        let (base, at) = match self.slots[slot.index()] {
            SlotPlace::Frame(slot) => {
                return self.b.ins().stack_addr(types::I64, slot, offset as i32);
            }
            SlotPlace::Area(at) => (self.area_address(), at),
            SlotPlace::Block(at) => (self.block_address(), at),
        };
        self.moved(base, i64::from(at) + i64::from(offset))
    }

    /// An address plus a number of bytes.
    fn moved(&mut self, address: Value, bytes: i64) -> Value {
        if bytes == 0 {
            return address;
        }
        let bytes = self.iconst(bytes);
        self.b.ins().iadd(address, bytes)
    }

    fn val(&self, val: Val) -> Value {
        self.vals[val.index()].expect("a definition comes before its uses")
    }

    fn iconst(&mut self, value: i64) -> Value {
        self.b.ins().iconst(types::I64, value)
    }

    fn load_worker(&mut self, ty: clif::Type, offset: usize) -> Value {
        let worker = self.b.ins().get_pinned_reg(types::I64);
        self.b.ins().load(ty, OWN, worker, offset as i32)
    }

    fn store_worker(&mut self, offset: usize, value: Value) {
        let worker = self.b.ins().get_pinned_reg(types::I64);
        self.b.ins().store(OWN, value, worker, offset as i32);
    }

    fn name(&mut self, target: Target) -> ExternalName {
        let index = match self.names.get(&target) {
            Some(&index) => index,
            None => {
                let index = self.targets.len() as u32;
                self.targets.push(target.clone());
                self.names.insert(target, index);
                index
            }
        };
        let name = UserExternalName { namespace: 0, index };
        ExternalName::user(self.b.func.declare_imported_user_function(name))
    }

    /// The address of something.
    fn address_of(&mut self, target: impl Into<Target>, offset: i64) -> Value {
        let key = (target.into(), offset);
        let global = match self.globals.get(&key) {
            Some(&global) => global,
            None => {
                let name = self.name(key.0.clone());
                let offset = offset.into();
                let symbol = GlobalValueData::Symbol { name, offset, colocated: true, tls: false };
                let global = self.b.create_global_value(symbol);
                self.globals.insert(key, global);
                global
            }
        };
        self.b.ins().symbol_value(types::I64, global)
    }

    /// Something that can be called.
    fn function(&mut self, target: Target, signature: SigRef) -> FuncRef {
        let name = self.name(target);
        self.b.import_function(ExtFuncData { name, signature, colocated: true, patchable: false })
    }

    /// Calls a preserving entry of the runtime's.
    fn preserving(&mut self, entry: &'static str, args: &[Value]) {
        self.entry(CallConv::PreserveAll, entry, args, 0);
    }

    /// Calls an entry of the runtime's, which takes and gives words.
    fn entry(
        &mut self,
        convention: CallConv,
        entry: &'static str,
        args: &[Value],
        results: usize,
    ) -> Vec<Value> {
        let mut signature = clif::Signature::new(convention);
        signature.params.extend(args.iter().map(|_| AbiParam::new(types::I64)));
        signature.returns.extend((0..results).map(|_| AbiParam::new(types::I64)));
        let signature = self.b.import_signature(signature);
        let function = self.function(Target::Runtime(entry), signature);
        let call = self.b.ins().call(function, args);
        self.b.inst_results(call).to_vec()
    }

    /// Does something rare if a word of the worker is not zero.
    fn if_worker(&mut self, word: usize, rare: impl FnOnce(&mut Self)) {
        let flag = self.load_worker(types::I32, word);
        let (cold, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(flag, cold, &[], after, &[]);
        self.b.switch_to_block(cold);
        rare(self);
        self.b.ins().jump(after, &[]);
        self.b.switch_to_block(after);
    }

    fn terminator(&mut self, term: &Terminator) {
        match term {
            Terminator::Jump(target) => {
                let args = self.block_args(&target.args);
                self.b.ins().jump(self.blocks[target.block.index()], &args);
            }
            Terminator::Branch { cond, then, els } => {
                let cond = self.val(*cond);
                let (a, b) = (self.block_args(&then.args), self.block_args(&els.args));
                let (then, els) = (self.blocks[then.block.index()], self.blocks[els.block.index()]);
                self.b.ins().brif(cond, then, &a, els, &b);
            }
            Terminator::Switch { val, cases, default } => self.switch(*val, cases, *default),
            Terminator::Return(vals) => self.return_(vals),
            Terminator::TailCall { callee, sig, args } => self.tail_call(callee, sig, args),
            Terminator::Unreachable => self.unreachable(),
        }
    }

    fn switch(&mut self, val: Val, cases: &[(i64, Block)], default: Block) {
        let mut switch = cranelift_frontend::Switch::new();
        let width = clif_type(self.func.scalar(val)).bits();
        for (value, target) in cases {
            let mask = u128::MAX >> (128 - width);
            switch.set_entry(*value as u128 & mask, self.blocks[target.index()]);
        }
        let (val, default) = (self.val(val), self.blocks[default.index()]);
        switch.emit(&mut self.b, val, default);
    }

    fn unreachable(&mut self) {
        self.b.ins().trap(TrapCode::unwrap_user(1));
    }

    fn block_args(&self, vals: &[Val]) -> Vec<clif::BlockArg> {
        vals.iter().map(|&val| clif::BlockArg::Value(self.val(val))).collect()
    }
}

/// Memory in the frame.
fn frame_slot(b: &mut FunctionBuilder<'_>, size: u64, align: u64) -> StackSlot {
    let size = u32::try_from(size.max(1).next_multiple_of(8)).unwrap_or(u32::MAX);
    let align = align.max(8).trailing_zeros() as u8;
    b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, align))
}
