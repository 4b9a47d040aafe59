//! A function's frame: its parameters and results, deferred calls, entry and return.
//!
//! A function with deferred calls has its results in pinned slots (or in objects whose addresses are in such) and one
//! epilogue, which runs the deferred calls, loads the results and returns. A recovered panic comes back in the entry block
//! and goes straight to the epilogue, where nothing but pinned slots is looked at.

use super::value::{Addr, Vals, Value};
use super::{Body, Exit, Fail, Key, Res, Role, Storage};
use trigo_ir::func::{Attrs, Slot, Val};
use trigo_ir::inst::{AllocWhat, Op, Terminator};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};
use trigo_syntax::ast::BlockId;
use trigo_types::{Initializer, ObjId};

/// What a function has beside its variables.
#[derive(Default)]
pub(super) struct Frame {
    /// The results in order.
    pub results: Vec<(ObjId, IrType)>,
    /// Where deferred calls are linked.
    pub defers: Option<Slot>,
}

impl Body<'_, '_> {
    /// Lowers a whole function.
    pub(super) fn function(
        &mut self,
        params: &[ObjId],
        results: &[ObjId],
        body: BlockId,
    ) -> Res<()> {
        self.at(self.file[body].lbrace);
        let defers = self.analysis.defers(body);
        self.open(params, results, defers)?;
        if defers {
            self.enter_defer(body)?;
        }
        self.block(body)?;
        self.at(self.file[body].rbrace);
        self.fall_off_end()
    }

    /// Reads the closure's address; before anything else.
    pub(super) fn open_closure(&mut self) {
        self.is_closure = true;
        self.b.func.attrs = self.b.func.attrs.with(Attrs::CLOSURE);
        self.context = Some(self.b.push(Op::Context, &[Scalar::Ptr])[0]);
    }

    fn is_named(&self, var: ObjId) -> bool {
        !matches!(self.world.store.obj_name(var), "" | "_")
    }

    fn open(&mut self, params: &[ObjId], results: &[ObjId], defers: bool) -> Res<()> {
        let mut vals = self.b.params().to_vec().into_iter();
        let types = self.b.func.sig.params.clone();
        for (i, (&var, &ty)) in params.iter().zip(&types).enumerate() {
            let value = match self.parts_of(ty) {
                Some(parts) => Value::Parts(vals.by_ref().take(parts.len()).collect()),
                None => {
                    let Some(slot) = self.b.param_slot(i) else {
                        return Err(Fail("a parameter in memory form without a slot".into()));
                    };
                    if self.is_named(var) && !self.analysis.is_boxed(var) {
                        self.vars.insert(Key::Var(var), (Storage::Slot(slot), ty));
                        continue;
                    }
                    Value::Memory(self.b.slot_addr(slot, 0))
                }
            };
            if self.is_named(var) {
                self.declare(var, ty, Some(&value));
            }
        }
        let types = self.b.func.sig.results.clone();
        self.frame.results = results.iter().copied().zip(types).collect();
        for (var, ty) in self.frame.results.clone() {
            let unnamed = self.world.store.obj_name(var).is_empty();
            if !unnamed || defers || self.analysis.is_boxed(var) {
                self.declare(var, ty, None);
                if let Some((Storage::Slot(slot) | Storage::Boxed(slot), _)) =
                    self.vars.get(&Key::Var(var))
                    && defers
                {
                    self.b.func.slots[slot.index()].pinned = true;
                }
            }
        }
        Ok(())
    }

    /// Makes the place where deferred calls are linked. A panic that one of them has recovered from goes on here, as if at the
    /// end of the body.
    fn enter_defer(&mut self, body: BlockId) -> Res<()> {
        let begin = self.b.pos();
        let ty = self.runtime_type("_deferframe")?;
        let slot = self.temp(ty);
        self.b.func.slots[slot.index()].pinned = true;
        let again = self.b.push(Op::EnterDefer(slot), &[Scalar::I8])[0];
        let (first, recovered) = (self.b.new_block(), self.b.new_block());
        self.b.branch(again, recovered, first);
        self.b.switch_to(recovered);
        self.at(self.file[body].rbrace);
        self.return_deferred(slot)?;
        self.b.switch_to(first);
        self.b.set_pos(begin);
        self.frame.defers = Some(slot);
        Ok(())
    }

    /// Runs the deferred calls, from here as tracebacks have it, and returns what is in the results' variables then.
    fn return_deferred(&mut self, slot: Slot) -> Res<()> {
        let frame = self.b.slot_addr(slot, 0);
        self.runtime("deferreturn", &[frame])?;
        let mut returned = Vals::new();
        for (var, ty) in self.frame.results.clone() {
            let addr = self.var_addr(Key::Var(var))?;
            let value = self.borrow(addr, ty);
            returned.extend_from_slice(value.operands());
        }
        self.b.terminate(Terminator::Return(returned.into_iter().collect()));
        Ok(())
    }

    /// Makes a variable with a value, or zero.
    pub(super) fn declare(&mut self, var: ObjId, ty: IrType, value: Option<&Value>) {
        let addr = self.fresh_var(var, ty);
        match value {
            Some(value) => self.store(addr, ty, value),
            // An object is zeroed already.
            None if self.analysis.is_boxed(var) => {}
            None => self.store_zero(addr, ty),
        }
    }

    /// Makes a variable without a value; in an object it is zero.
    pub(super) fn fresh_var(&mut self, var: ObjId, ty: IrType) -> Addr {
        let name = self.world.context.syms.intern(self.world.store.obj_name(var));
        let boxed = self.analysis.is_boxed(var);
        let known = self.vars.get(&Key::Var(var)).copied();
        let slot = match known {
            Some((Storage::Slot(slot) | Storage::Boxed(slot), _)) => slot,
            _ => {
                let slot_ty = if boxed { Basic::UnsafePointer.id() } else { ty };
                self.b.slot(slot_ty, Some(name))
            }
        };
        if !boxed {
            self.vars.insert(Key::Var(var), (Storage::Slot(slot), ty));
            return Addr::safe(self.b.slot_addr(slot, 0));
        }
        self.vars.insert(Key::Var(var), (Storage::Boxed(slot), ty));
        let object = self.b.alloc(ty, AllocWhat::Variable(name));
        let at = self.b.slot_addr(slot, 0);
        self.b.store(at, 0, object);
        Addr::safe(object)
    }

    /// A variable of the compiler's own in an object of its own, with a number in it.
    pub(super) fn declare_shared(&mut self, key: Key, value: i64) {
        let int = Basic::Int.id();
        let slot = self.temp(Basic::UnsafePointer.id());
        self.vars.insert(key, (Storage::Boxed(slot), int));
        let object = self.b.alloc(int, AllocWhat::Temporary);
        let at = self.b.slot_addr(slot, 0);
        self.b.store(at, 0, object);
        let value = self.int(value);
        self.b.store(object, 0, value);
    }

    /// Where a variable is.
    pub(super) fn var_addr(&mut self, key: Key) -> Res<Addr> {
        let (storage, _) = self.variable(key)?;
        Ok(match storage {
            Storage::Slot(slot) => Addr::safe(self.b.slot_addr(slot, 0)),
            Storage::Boxed(slot) => {
                let at = self.b.slot_addr(slot, 0);
                Addr::safe(self.b.load(Scalar::Ptr, at, 0))
            }
            Storage::Captured(offset) => Addr::safe(self.context()?).plus(offset),
            Storage::CapturedBox(offset) => {
                let at = Addr::safe(self.context()?).plus(offset);
                Addr::safe(self.load_scalar(at, Scalar::Ptr))
            }
        })
    }

    /// The closure's address.
    pub(super) fn context(&self) -> Res<Val> {
        self.context.ok_or_else(|| Fail("a variable that nothing declares".into()))
    }

    /// `return` with values of the results' types.
    pub(super) fn return_values(&mut self, values: Vec<Value>) -> Res<()> {
        if let Role::RangeBody { results, .. } = &self.role {
            let results = results.clone();
            for (&(var, ty), value) in results.iter().zip(&values) {
                let addr = self.var_addr(Key::Var(var))?;
                self.store(addr, ty, value);
            }
            return self.leave_range_body(Exit::Return);
        }
        let results = self.frame.results.clone();
        for (&(var, ty), value) in results.iter().zip(&values) {
            if self.frame.defers.is_some() || self.analysis.is_boxed(var) {
                let addr = self.var_addr(Key::Var(var))?;
                self.store(addr, ty, value);
            }
        }
        match self.frame.defers {
            Some(slot) => self.return_deferred(slot)?,
            None => {
                let vals = values.iter().flat_map(|v| v.operands().iter().copied());
                self.b.terminate(Terminator::Return(vals.collect()));
            }
        }
        self.dead();
        Ok(())
    }

    /// `return` without values.
    pub(super) fn return_named(&mut self) -> Res<()> {
        if let Role::RangeBody { .. } = self.role {
            return self.leave_range_body(Exit::Return);
        }
        if let Some(slot) = self.frame.defers {
            self.return_deferred(slot)?;
        } else {
            let mut vals = Vals::new();
            for (var, ty) in self.frame.results.clone() {
                let addr = self.var_addr(Key::Var(var))?;
                let value = self.borrow(addr, ty);
                vals.extend_from_slice(value.operands());
            }
            self.b.terminate(Terminator::Return(vals.into_iter().collect()));
        }
        self.dead();
        Ok(())
    }

    /// Ends a function without results.
    pub(super) fn return_nothing(&mut self) {
        self.b.terminate(Terminator::Return([].into_iter().collect()));
    }

    /// Goes on in a block that nothing reaches.
    pub(super) fn dead(&mut self) {
        let block = self.b.new_block();
        self.b.switch_to(block);
    }

    fn fall_off_end(&mut self) -> Res<()> {
        match self.frame.defers {
            Some(slot) if self.frame.results.is_empty() => self.return_deferred(slot)?,
            None if self.frame.results.is_empty() => self.return_nothing(),
            // The checker made sure that nothing comes here.
            _ => self.b.terminate(Terminator::Unreachable),
        }
        Ok(())
    }

    /// One step of a package's initialisation.
    pub(super) fn initializer(&mut self, init: &Initializer) -> Res<()> {
        self.at(self.file.start(init.rhs));
        let values = match init.lhs[..] {
            [var] => {
                let ty = self.obj_ty(var);
                vec![self.expr_as(init.rhs, ty)?]
            }
            _ => {
                let types: Vec<IrType> = init.lhs.iter().map(|&v| self.obj_ty(v)).collect();
                self.several(init.rhs, &types)?
            }
        };
        for (&var, value) in init.lhs.iter().zip(&values) {
            if self.world.store.obj_name(var) == "_" {
                continue;
            }
            let sym = self.world.variable(var);
            let addr = Addr::safe(self.b.sym_addr(sym, 0));
            let ty = self.obj_ty(var);
            self.store(addr, ty, value);
        }
        Ok(())
    }

    /// Goes on with a file of the same package.
    pub(super) fn enter_file(&mut self, file: u32) {
        let p = &self.world.packages[self.package as usize];
        self.file_index = file;
        self.file = &p.files[file as usize];
        self.info = &p.info.files[file as usize];
        self.last_pos = None;
        self.ahead.clear();
    }
}
