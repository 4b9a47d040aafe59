//! `go` and `defer`: the callee and its arguments are evaluated now, and a function without parameters that holds them is
//! given to the runtime.

use super::call::{Called, Prepared};
use super::value::{Addr, Value};
use super::{Body, Res};
use crate::names::Inner;
use trigo_ir::func::{Attrs, Signature, Val};
use trigo_ir::inst::{AllocWhat, Callee, ConvertOp};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind, SpawnKind, StmtId};

impl<'w, 'a> Body<'w, 'a> {
    /// `go call` or `defer call`.
    pub(super) fn spawn(&mut self, s: StmtId, kind: SpawnKind, call: ExprId) -> Res<()> {
        let call = self.file.unparen(call);
        let inner = match kind {
            SpawnKind::Go => Inner::GoWrap,
            SpawnKind::Defer => Inner::DeferWrap,
        };
        let func = self.postponed(inner, call)?;
        self.at(self.file[s].pos);
        match kind {
            SpawnKind::Go => self.runtime("newproc", &[func])?,
            SpawnKind::Defer => {
                let frame = self.defer_frame()?;
                self.runtime("deferproc", &[frame, func])?
            }
        };
        Ok(())
    }

    /// A function value without parameters and results that does a call.
    fn postponed(&mut self, kind: Inner, call: ExprId) -> Res<Val> {
        let ExprKind::Call { fun, args, .. } = self.file[call].kind else {
            return self.fail_at(call, "not a call");
        };
        let what = AllocWhat::Spawn;
        match self.called(fun)? {
            Called::Builtin(builtin) => {
                let args = self.file[args].to_vec();
                let values = self.effect_arguments(builtin, &args)?;
                let held: Vec<(IrType, Value)> =
                    values.into_iter().map(|(value, ty)| (ty, value)).collect();
                let types: Vec<IrType> = held.iter().map(|h| h.0).collect();
                return self.thunk(kind, Signature::default(), &held, what, |inner, values| {
                    let args: Vec<_> = values.into_iter().zip(types).collect();
                    inner.effect(builtin, &args)?;
                    inner.return_nothing();
                    Ok(())
                });
            }
            Called::Conversion(_) => {
                self.discard(call)?;
                return self.thunk(kind, Signature::default(), &[], what, |inner, _| {
                    inner.return_nothing();
                    Ok(())
                });
            }
            _ => {}
        }
        let Prepared { callee, sig, args, kept } = self.prepare(call)?;
        self.at_expr(call);
        if sig.params.is_empty() && sig.results.is_empty() {
            match callee {
                Callee::Closure(func) => return Ok(func),
                Callee::Direct(sym) => return Ok(self.func_value(sym)),
                Callee::Code(_) => {}
            }
        }
        let mut held: Vec<(IrType, Value)> = sig.params.iter().copied().zip(args).collect();
        let word = Basic::UnsafePointer.id();
        if let Callee::Code(val) | Callee::Closure(val) = callee {
            held.push((word, Value::one(val)));
        }
        let before_kept = held.len();
        held.extend(kept.into_iter().map(|pointer| (word, Value::one(pointer))));
        self.thunk(kind, Signature::default(), &held, what, |inner, mut values| {
            let kept = values.split_off(before_kept);
            let callee = match callee {
                Callee::Direct(sym) => Callee::Direct(sym),
                Callee::Code(_) => Callee::Code(last(&mut values)?),
                Callee::Closure(_) => Callee::Closure(last(&mut values)?),
            };
            inner.call_with(callee, sig, &values);
            let kept: Vec<Val> = kept.iter().map(Value::first).collect();
            inner.keep_alive(&kept);
            inner.return_nothing();
            Ok(())
        })
    }

    /// A closure that holds values, made by the compiler.
    pub(super) fn thunk(
        &mut self,
        kind: Inner,
        sig: Signature,
        held: &[(IrType, Value)],
        what: AllocWhat,
        body: impl FnOnce(&mut Self, Vec<Value>) -> Res<()>,
    ) -> Res<Val> {
        let sym = self.inner_sym(kind);
        let mut inner = self.inner(sym, sig);
        inner.b.func.attrs = inner.b.func.attrs.with(Attrs::WRAPPER);
        let types: Vec<IrType> = held.iter().map(|h| h.0).collect();
        let closure = self.closure_type(&types);
        let offsets = self.types().layout(closure).fields.clone();
        let context = inner.context()?;
        let mut values = Vec::new();
        for (i, &ty) in types.iter().enumerate() {
            values.push(inner.borrow(Addr::safe(context).plus(offsets[i + 1]), ty));
        }
        body(&mut inner, values)?;
        self.done.append(&mut inner.done);
        self.done.push(inner.finished());
        if held.is_empty() {
            return Ok(self.func_value(sym));
        }
        let object = self.b.alloc(closure, what);
        let code = self.b.sym_addr(sym, 0);
        let code = self.b.convert(ConvertOp::PtrToInt, Scalar::I64, code);
        self.b.store(object, 0, code);
        for (i, (ty, value)) in held.iter().enumerate() {
            self.store(Addr::safe(object).plus(offsets[i + 1]), *ty, value);
        }
        Ok(object)
    }
}

fn last(values: &mut Vec<Value>) -> Res<Val> {
    match values.pop() {
        Some(value) => Ok(value.first()),
        None => Err(super::Fail("a call without a callee".into())),
    }
}
