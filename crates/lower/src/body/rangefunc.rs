//! `for … range f`, where `f` is a function: the body becomes a function `func(k, v) bool`.
//!
//! Each loop has a state, shared between the body's function and the function around it, by which the runtime's panics
//! for misused iterators are told; the numbers are `internal/abi`'s `RF_State`. Whatever leaves the body for a place
//! outside notes where to in a word shared by the whole nest ([`Key::Exit`]) and returns false; after the call of `f`, the
//! function around looks at the word and goes on there, or leaves in the same way. Follows
//! `cmd/compile/internal/rangefunc/rewrite.go`.

use super::range::Range;
use super::value::{Addr, Value};
use super::{Body, Exit, Key, Res, Role};
use crate::names::Inner;
use trigo_ir::inst::{AllocWhat, Callee, Cond, Op, Terminator};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};

/// States of a loop.
mod state {
    pub const DONE: i64 = 0;
    pub const READY: i64 = 1;
    pub const PANIC: i64 = 2;
    pub const EXHAUSTED: i64 = 3;
    pub const MISSING_PANIC: i64 = 4;
}

impl Body<'_, '_> {
    fn store_number(&mut self, key: Key, value: i64) -> Res<()> {
        let addr = self.var_addr(key)?;
        let value = self.int(value);
        self.store(addr, Basic::Int.id(), &Value::one(value));
        Ok(())
    }

    fn load_number(&mut self, key: Key) -> Res<trigo_ir::func::Val> {
        let addr = self.var_addr(key)?;
        Ok(self.load_scalar(addr, Scalar::I64))
    }

    /// A loop over a function.
    pub(super) fn range_func(&mut self, range: Range, ty: IrType) -> Res<()> {
        let func = self.expr(range.x)?.first();
        self.at(self.file[range.stmt].pos);
        let Some((outer, _)) = self.signature(ty) else {
            return self.fail_at(range.x, "a range over what is no function");
        };
        let yield_ty = match outer.params[..] {
            [one] => one,
            _ => return self.fail_at(range.x, "a range over a function without one parameter"),
        };
        let Some((sig, _)) = self.signature(yield_ty) else {
            return self.fail_at(range.x, "a range over a function that takes no function");
        };
        if let Role::Function = self.role {
            self.shared_with_bodies()?;
        }
        let state = Key::LoopState(range.stmt);
        self.declare_shared(state, state::READY);

        let sym = self.inner_sym(Inner::RangeBody);
        let results = self.outer_results();
        let mut inner = self.inner(sym, sig);
        inner.role = Role::RangeBody { stmt: range.stmt, results };
        inner.range_body(range)?;
        let mut exits = std::mem::take(&mut inner.exits);
        let body = self.close(inner, AllocWhat::Closure)?;
        let args = [Value::one(body)];
        self.call_with(Callee::Closure(func), outer, &args);
        self.after_range_func(range, &mut exits)
    }

    /// What the bodies of loops in this function share with it.
    fn shared_with_bodies(&mut self) -> Res<()> {
        self.declare_shared(Key::Exit, 0);
        if let Some(slot) = self.frame.defers {
            let frame = self.b.slot_addr(slot, 0);
            self.keep(Key::DeferFrame, frame, Basic::UnsafePointer.id());
        }
        let frame = self.b.push(Op::FrameAddr, &[Scalar::I64])[0];
        self.keep(Key::FrameAddr, frame, Basic::Uintptr.id());
        Ok(())
    }

    fn keep(&mut self, key: Key, value: trigo_ir::func::Val, ty: IrType) {
        let slot = self.temp(ty);
        self.vars.insert(key, (super::Storage::Slot(slot), ty));
        let at = self.b.slot_addr(slot, 0);
        self.b.store(at, 0, value);
    }

    /// Lowers this function as the body of a loop.
    fn range_body(&mut self, range: Range) -> Res<()> {
        let state = Key::LoopState(range.stmt);
        self.at(self.file[range.stmt].pos);
        let now = self.load_number(state)?;
        let ready = self.int(state::READY);
        let is_ready = self.b.compare(Cond::Eq, now, ready);
        let (good, bad) = (self.b.new_block(), self.b.new_block());
        self.b.set_cold(bad);
        self.b.branch(is_ready, good, bad);
        self.b.switch_to(bad);
        self.runtime("panicrangestate", &[now])?;
        self.b.terminate(Terminator::Unreachable);
        self.b.switch_to(good);
        self.store_number(state, state::PANIC)?;
        let types = self.b.func.sig.params.clone();
        let params = self.own_params();
        let values: Vec<_> = params.into_iter().zip(types).collect();
        self.assign_values(&[range.key, range.value], range.define, &values)?;
        let (next, done) = (self.b.new_block(), self.b.new_block());
        self.continues.insert(range.stmt, next);
        self.breaks.insert(range.stmt, done);
        self.block(range.body)?;
        self.jump(next);
        for (block, state_after, more) in [(next, state::READY, 1), (done, state::DONE, 0)] {
            self.b.switch_to(block);
            self.store_number(state, state_after)?;
            self.give(more);
        }
        Ok(())
    }

    fn give(&mut self, more: i64) {
        let more = self.b.iconst(Scalar::I8, more);
        self.b.terminate(Terminator::Return([more].into_iter().collect()));
    }

    /// Leaves the body of a loop for somewhere around it.
    pub(super) fn leave_range_body(&mut self, exit: Exit) -> Res<()> {
        let Role::RangeBody { stmt, .. } = self.role else {
            return Err(super::Fail(format!("{exit:?} leaves no loop over a function")));
        };
        self.exits.push(exit);
        self.store_number(Key::Exit, exit.code())?;
        self.store_number(Key::LoopState(stmt), state::DONE)?;
        self.give(0);
        self.dead();
        Ok(())
    }

    /// After the call of the iterator: it must not have hidden a panic, and the body may have left for somewhere else.
    fn after_range_func(&mut self, range: Range, exits: &mut Vec<Exit>) -> Res<()> {
        let state = Key::LoopState(range.stmt);
        self.at(self.file[range.stmt].pos);
        let now = self.load_number(state)?;
        let panic = self.int(state::PANIC);
        let hidden = self.b.compare(Cond::Eq, now, panic);
        let (bad, good) = (self.b.new_block(), self.b.new_block());
        self.b.set_cold(bad);
        self.b.branch(hidden, bad, good);
        self.b.switch_to(bad);
        let missing = self.int(state::MISSING_PANIC);
        self.runtime("panicrangestate", &[missing])?;
        self.b.terminate(Terminator::Unreachable);
        self.b.switch_to(good);
        self.store_number(state, state::EXHAUSTED)?;
        exits.sort();
        exits.dedup();
        let done = self.b.new_block();
        for &exit in exits.iter() {
            let code = self.load_number(Key::Exit)?;
            let want = self.int(exit.code());
            let is_it = self.b.compare(Cond::Eq, code, want);
            let (take, next) = (self.b.new_block(), self.b.new_block());
            self.b.branch(is_it, take, next);
            self.b.switch_to(take);
            self.go_on(exit)?;
            self.b.switch_to(next);
        }
        self.jump(done);
        self.b.switch_to(done);
        Ok(())
    }

    /// Goes where a body inside wanted to go.
    fn go_on(&mut self, exit: Exit) -> Res<()> {
        match (exit, self.exit_block(exit)) {
            (_, Some(block)) => {
                self.store_number(Key::Exit, 0)?;
                self.jump(block);
            }
            (Exit::Return, None) if matches!(self.role, Role::Function) => {
                // The results are in their variables.
                return self.return_named();
            }
            _ => return self.leave_range_body(exit),
        }
        Ok(())
    }

    /// The address of the frame of deferred calls.
    pub(super) fn defer_frame(&mut self) -> Res<trigo_ir::func::Val> {
        match self.frame.defers {
            Some(slot) => Ok(self.b.slot_addr(slot, 0)),
            None => {
                let addr: Addr = self.var_addr(Key::DeferFrame)?;
                Ok(self.load_scalar(addr, Scalar::Ptr))
            }
        }
    }
}
