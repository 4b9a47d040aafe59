//! Calls.

use super::select_method::{Code, Method};
use super::value::{Addr, Vals, Value};
use super::{Body, Res};
use smallvec::SmallVec;
use trigo_ir::func::{Signature, Slot, Val};
use trigo_ir::inst::{AllocWhat, Callee, ConvertOp, Op};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::{Builtin, Mode, ObjId, ObjKind, SelectionKind};

/// A call whose callee and arguments are evaluated.
pub(super) struct Prepared {
    pub callee: Callee,
    pub sig: Signature,
    /// Receiver and arguments.
    pub args: Vec<Value>,
    /// Pointers that the callee is given as numbers and that stay alive until it returns.
    pub kept: Vec<Val>,
}

/// What a call expression calls.
pub(super) enum Called {
    /// A conversion to a type.
    Conversion(IrType),
    Builtin(Builtin),
    /// A declared function; the identifier that names it.
    Func(ObjId, ExprId),
    /// A method, by its selector.
    Method(ExprId),
    /// A function value.
    Value,
}

impl Body<'_, '_> {
    /// What `fun` is in `fun(…)`.
    pub(super) fn called(&self, fun: ExprId) -> Res<Called> {
        let mut fun = self.file.unparen(fun);
        if let Some((Mode::Type, _)) = self.info.typ(fun) {
            return Ok(Called::Conversion(self.ty(fun)?));
        }
        if let ExprKind::Index { x, .. } = self.file[fun].kind
            && self.names_function(x)
        {
            fun = self.file.unparen(x);
        }
        let ident = match self.file[fun].kind {
            ExprKind::Name(_) => fun,
            ExprKind::Selector { sel, .. } => match self.info.selections.get(&fun) {
                None => sel.expr(),
                Some(s) if s.kind == SelectionKind::Method => return Ok(Called::Method(fun)),
                Some(_) => return Ok(Called::Value),
            },
            _ => return Ok(Called::Value),
        };
        let Some(obj) = self.info.object(ident) else { return Ok(Called::Value) };
        Ok(match self.world.store.obj(obj).kind {
            ObjKind::Func(_) => Called::Func(obj, ident),
            ObjKind::Builtin(builtin) => Called::Builtin(builtin),
            _ => Called::Value,
        })
    }

    /// The type of the function that a call calls.
    fn called_type(&self, fun: ExprId, ident: Option<ExprId>) -> Res<IrType> {
        match ident.and_then(|i| self.info.instances.get(&i)) {
            Some(instance) => Ok(self.env.ty(self.world, instance.typ)),
            None => self.ty(fun),
        }
    }

    /// A call's results with their types.
    pub(super) fn call_results(&mut self, e: ExprId) -> Res<Vec<(Value, IrType)>> {
        let ExprKind::Call { fun, args, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a call");
        };
        self.at_expr(e);
        match self.called(fun)? {
            Called::Conversion(to) => {
                let value = self.conversion(e, self.file[args][0], to)?;
                return Ok(vec![(value, to)]);
            }
            Called::Builtin(builtin) => return self.builtin(e, builtin),
            Called::Func(obj, _) => {
                if let Some(result) = self.intrinsic(e, obj)? {
                    return Ok(result);
                }
            }
            _ => {}
        }
        let prepared = self.prepare(e)?;
        self.at_expr(e);
        let held: Vec<_> = prepared.kept.into_iter().map(|pointer| self.hold(pointer)).collect();
        let results = self.call_with(prepared.callee, prepared.sig.clone(), &prepared.args);
        for slot in held {
            let (addr, nothing) = (self.b.slot_addr(slot, 0), self.b.null());
            self.b.store(addr, 0, nothing);
        }
        Ok(results.into_iter().zip(prepared.sig.results).collect())
    }

    /// Evaluates what a call calls and its arguments.
    pub(super) fn prepare(&mut self, e: ExprId) -> Res<Prepared> {
        let ExprKind::Call { fun, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a call");
        };
        let mut kept = Vec::new();
        let mut keeps = false;
        let (code, ty, recv) = match self.called(fun)? {
            Called::Func(obj, ident) => {
                let ty = self.called_type(fun, Some(ident))?;
                let sym = self.func_sym(ident, obj);
                keeps = self.world.keeps_pointers(obj);
                (Code::Func(sym), ty, None)
            }
            Called::Method(selector) => {
                keeps = self.world.keeps_pointers(self.selected(selector)?.obj);
                let Method { code, recv_ty, recv, ty } = self.method(selector)?;
                (code, ty, Some((recv_ty, recv)))
            }
            Called::Value => {
                let ty = self.ty(fun)?;
                let func = self.expr(fun)?.first();
                (Code::Closure(func), ty, None)
            }
            Called::Conversion(_) | Called::Builtin(_) => {
                return self.fail_at(e, "not a call of a function");
            }
        };
        let Some((mut sig, variadic)) = self.signature(ty) else {
            return self.fail_at(e, "a call of what is no function");
        };
        let kept_here = keeps.then_some(&mut kept);
        let mut args = self.arguments(e, &sig.params, variadic, kept_here)?;
        if let Some((recv_ty, recv)) = recv {
            sig.params.insert(0, recv_ty);
            args.insert(0, recv);
        }
        let callee = match code {
            Code::Func(sym) => {
                self.note(sym, &sig);
                Callee::Direct(sym)
            }
            Code::Closure(func) => Callee::Closure(func),
            Code::InItab(itab, index) => {
                // Nil faults here, after the arguments.
                self.at_expr(e);
                Callee::Code(self.interface_method(itab, index))
            }
        };
        Ok(Prepared { callee, sig, args, kept })
    }

    /// Keeps a pointer alive, in a place of the frame, until that is written anew.
    fn hold(&mut self, pointer: Val) -> Slot {
        let slot = self.temp(Basic::UnsafePointer.id());
        self.b.func.slots[slot.index()].pinned = true;
        let addr = self.b.slot_addr(slot, 0);
        self.b.store(addr, 0, pointer);
        slot
    }

    /// Keeps values alive up to here.
    pub(super) fn keep_alive(&mut self, vals: &[Val]) {
        vals.iter().for_each(|&val| drop(self.b.push(Op::KeepAlive(val), &[])));
    }

    /// A call's arguments as its parameters' types say. Pointers that become numbers are put into `kept`, if it is there.
    fn arguments(
        &mut self,
        e: ExprId,
        params: &[IrType],
        variadic: bool,
        kept: Option<&mut Vec<Val>>,
    ) -> Res<Vec<Value>> {
        let ExprKind::Call { args, spread, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a call");
        };
        let args = &self.file[args];
        if let Some(only) = self.only_call(args) {
            let results = self.call_results(only)?;
            self.at_expr(e);
            let fixed = if variadic { params.len() - 1 } else { params.len() };
            let mut values = Vec::new();
            let mut rest = Vec::new();
            for (i, (value, from)) in results.into_iter().enumerate() {
                match i < fixed {
                    true => values.push(self.assign_convert(value, from, params[i])?),
                    false => {
                        let elem = self.elem_of(params[fixed]);
                        rest.push(self.assign_convert(value, from, elem)?);
                    }
                }
            }
            if variadic {
                values.push(self.variadic(params[fixed], &rest));
            }
            return Ok(values);
        }
        if !variadic || spread {
            let pairs: Vec<_> = args.iter().copied().zip(params.iter().copied()).collect();
            return self.in_order_keeping(pairs, kept);
        }
        let fixed = params.len() - 1;
        let elem = self.elem_of(params[fixed]);
        let types = params[..fixed].iter().copied().chain(std::iter::repeat(elem));
        let pairs: Vec<_> = args.iter().copied().zip(types).collect();
        let mut values = self.in_order_keeping(pairs, kept)?;
        self.at_expr(e);
        let rest = values.split_off(fixed);
        values.push(self.variadic(params[fixed], &rest));
        Ok(values)
    }

    /// Arguments in order. With `kept`, those that convert an `unsafe.Pointer` to a number are evaluated as pointers, which
    /// are put there, and converted afterwards (`cmd/compile/internal/walk/order.go`, `call`).
    fn in_order_keeping(
        &mut self,
        mut pairs: Vec<(ExprId, IrType)>,
        kept: Option<&mut Vec<Val>>,
    ) -> Res<Vec<Value>> {
        let Some(kept) = kept else { return self.in_order(&pairs) };
        let mut pointers = Vec::new();
        for (i, pair) in pairs.iter_mut().enumerate() {
            if let Some(pointer) = self.pointer_in_number(pair.0)? {
                *pair = (pointer, Basic::UnsafePointer.id());
                pointers.push(i);
            }
        }
        let mut values = self.in_order(&pairs)?;
        for i in pointers {
            let pointer = values[i].first();
            kept.push(pointer);
            values[i] = Value::one(self.b.convert(ConvertOp::PtrToInt, Scalar::I64, pointer));
        }
        Ok(values)
    }

    /// The pointer `p` of `uintptr(p)`.
    fn pointer_in_number(&self, e: ExprId) -> Res<Option<ExprId>> {
        let ExprKind::Call { fun, args, .. } = self.file[self.file.unparen(e)].kind else {
            return Ok(None);
        };
        let Called::Conversion(to) = self.called(fun)? else { return Ok(None) };
        let x = self.file[args][0];
        let is_it = self.basic(to) == Some(Basic::Uintptr)
            && !self.is_nil(x)
            && self.basic(self.ty(x)?) == Some(Basic::UnsafePointer);
        Ok(is_it.then_some(x))
    }

    /// The call that gives all arguments: `g()` in `f(g())`, where `g` has several results.
    pub(super) fn only_call(&self, args: &[ExprId]) -> Option<ExprId> {
        let &[only] = args else { return None };
        let only = self.file.unparen(only);
        let ExprKind::Call { .. } = self.file[only].kind else { return None };
        let (_, t) = self.info.typ(only)?;
        (self.world.store.vars(t).len() > 1).then_some(only)
    }

    /// The slice of the arguments that a variadic parameter takes.
    fn variadic(&mut self, slice: IrType, values: &[Value]) -> Value {
        if values.is_empty() {
            return self.zero(slice);
        }
        let elem = self.elem_of(slice);
        let len = self.int(values.len() as i64);
        let data = self.b.alloc_array(elem, len, AllocWhat::Variadic);
        let size = self.size(elem);
        for (i, value) in values.iter().enumerate() {
            self.store(Addr::safe(data).plus(i as u64 * size), elem, value);
        }
        Value::of(&[data, len, len])
    }

    /// Calls with evaluated arguments; gives the results.
    pub(super) fn call_with(
        &mut self,
        callee: Callee,
        sig: Signature,
        args: &[Value],
    ) -> Vec<Value> {
        let mut operands: Vec<Val> = Vec::new();
        args.iter().for_each(|a| operands.extend_from_slice(a.operands()));
        let mut memory = Vec::new();
        for &ty in &sig.results {
            let addr = self.parts_of(ty).is_none().then(|| self.temp_addr(ty));
            operands.extend(addr);
            memory.push(addr);
        }
        let types = sig.results.clone();
        let mut made = self.b.call(callee, sig, &operands).into_iter();
        let mut results = Vec::new();
        for (ty, addr) in types.into_iter().zip(memory) {
            results.push(match addr {
                Some(addr) => Value::Memory(addr),
                None => {
                    let count = self.parts_of(ty).map_or(0, <[_]>::len);
                    Value::Parts(made.by_ref().take(count).collect())
                }
            });
        }
        results
    }

    /// The several values of an expression with their types: a call's results, or a value with its second result.
    pub(super) fn several_values(&mut self, e: ExprId) -> Res<Vec<(Value, IrType)>> {
        let inner = self.file.unparen(e);
        match self.file[inner].kind {
            ExprKind::Call { .. } => self.call_results(inner),
            _ => self.comma_ok(inner),
        }
    }

    /// The several values of an expression, as these types.
    pub(super) fn several(&mut self, e: ExprId, types: &[IrType]) -> Res<Vec<Value>> {
        let values = self.several_values(e)?;
        let mut converted = Vec::new();
        for ((value, from), &to) in values.into_iter().zip(types) {
            converted.push(self.assign_convert(value, from, to)?);
        }
        Ok(converted)
    }

    /// A value with its second result: of a map's element, a type assertion, a receive operation.
    pub(super) fn comma_ok(&mut self, e: ExprId) -> Res<Vec<(Value, IrType)>> {
        let second = match self.info.typ(e).map(|t| self.world.store.vars(t.1)) {
            Some([_, second]) => self.obj_ty(*second),
            _ => Basic::Bool.id(),
        };
        let (value, ty, ok) = match self.file[e].kind {
            ExprKind::Index { x, args, .. } => {
                let map_ty = self.ty(x)?;
                let Shape::Map { key, elem } = *self.shape(map_ty) else {
                    return self.fail_at(e, "two values of what is no map's element");
                };
                let map = self.expr(x)?.first();
                let index = self.expr_as(self.file[args][0], key)?;
                self.at_expr(e);
                let key = self.spill(key, &index);
                let (value, ok) = self.map_get_ok(map_ty, map, key)?;
                (value, elem, ok)
            }
            ExprKind::Assert { x, ty } => {
                let to = self.ty(ty)?;
                let (value, ok) = self.assert_ok(e, x, to)?;
                (value, to, ok)
            }
            ExprKind::Unary { op: trigo_syntax::token::Op::Recv, x } => {
                let chan_ty = self.ty(x)?;
                let chan = self.expr(x)?.first();
                self.at_expr(e);
                let elem = self.elem_of(chan_ty);
                match self.receive(chan, elem, true)? {
                    (value, Some(ok)) => (value, elem, ok),
                    _ => return self.fail_at(e, "a receive operation without a second result"),
                }
            }
            _ => return self.fail_at(e, "two values of what has one"),
        };
        Ok(vec![(value, ty), (Value::one(ok), second)])
    }

    /// A parameter's or variable's values of this function, in order.
    pub(super) fn own_params(&mut self) -> Vec<Value> {
        let mut vals = self.b.params().to_vec().into_iter();
        let types = self.b.func.sig.params.clone();
        let mut values = Vec::new();
        for (i, ty) in types.into_iter().enumerate() {
            values.push(match self.parts_of(ty) {
                Some(parts) => Value::Parts(vals.by_ref().take(parts.len()).collect()),
                None => match self.b.param_slot(i) {
                    Some(slot) => Value::Memory(self.b.slot_addr(slot, 0)),
                    None => Value::of(&[]),
                },
            });
        }
        values
    }

    /// A map's element, or zero.
    pub(super) fn map_get(&mut self, ty: IrType, map: Val, key: Val) -> Res<(Value, Val)> {
        let elem = self.elem_of_map(ty);
        if self.size(elem) > MAP_ZERO {
            let (value, _) = self.map_get_ok(ty, map, key)?;
            return Ok((value, map));
        }
        let at = self.map_call("mapaccess1", ty, map, key)?[0];
        Ok((self.load(Addr::safe(at), elem), map))
    }

    /// A map's element or zero, and whether it is there.
    fn map_get_ok(&mut self, ty: IrType, map: Val, key: Val) -> Res<(Value, Val)> {
        let elem = self.elem_of_map(ty);
        let found = self.map_call("mapaccess2", ty, map, key)?;
        let [at, ok] = found[..] else {
            return Err(super::Fail("mapaccess2 has two results".into()));
        };
        if self.size(elem) <= MAP_ZERO {
            return Ok((self.load(Addr::safe(at), elem), ok));
        }
        let addr = Addr::safe(self.temp_addr(elem));
        self.store_zero(addr, elem);
        let (some, done) = (self.b.new_block(), self.b.new_block());
        self.b.branch(ok, some, done);
        self.b.switch_to(some);
        let value = self.borrow(Addr::safe(at), elem);
        self.store(addr, elem, &value);
        self.jump(done);
        self.b.switch_to(done);
        Ok((self.borrow(addr, elem), ok))
    }

    /// Where to store a map's element.
    pub(super) fn map_assign(&mut self, ty: IrType, map: Val, key: Val) -> Res<Val> {
        Ok(self.map_call("mapassign", ty, map, key)?[0])
    }

    /// Calls a function of maps with a key in memory, or its variant that takes such a key by value.
    pub(super) fn map_call(&mut self, name: &str, ty: IrType, map: Val, key: Val) -> Res<Vals> {
        let typ = self.type_addr(ty);
        let Some((mut suffix, key_ty)) = self.map_variant(ty) else {
            return self.runtime(name, &[typ, map, key]);
        };
        let key = self.load(Addr::safe(key), key_ty);
        let mut args: SmallVec<[Val; 4]> = [typ, map].into_iter().collect();
        match key.operands() {
            // Only storing a pointer takes it as one, for the barrier.
            &[pointer] if self.b.func.scalar(pointer) == Scalar::Ptr => {
                if name == "mapassign" {
                    suffix = "_fast64ptr";
                    args.push(pointer);
                } else {
                    args.push(self.b.convert(ConvertOp::PtrToInt, Scalar::I64, pointer));
                }
            }
            parts => args.extend_from_slice(parts),
        }
        self.runtime(&format!("{name}{suffix}"), &args)
    }

    /// The variant for a map's type, and the key's type: keys that are hashed and compared as a number or a string,
    /// elements that are stored in place.
    fn map_variant(&self, ty: IrType) -> Option<(&'static str, IrType)> {
        let Shape::Map { key, elem } = *self.shape(ty) else { return None };
        if self.size(elem) > MAP_IN_PLACE {
            return None;
        }
        let suffix = match self.shape(key) {
            Shape::Basic(Basic::String) => "_faststr",
            Shape::Basic(_) | Shape::Pointer(_) | Shape::Chan { .. } => {
                let [part] = self.parts_of(key)? else { return None };
                match part.scalar {
                    Scalar::I32 => "_fast32",
                    Scalar::I64 | Scalar::Ptr => "_fast64",
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some((suffix, key))
    }

    /// The element type of a map, not of its key.
    pub(super) fn elem_of_map(&self, ty: IrType) -> IrType {
        match *self.shape(ty) {
            Shape::Map { elem, .. } => elem,
            _ => ty,
        }
    }

    /// The running frame's address, or that of the function around a loop's body, as `recover` takes it.
    pub(super) fn frame_addr(&mut self) -> Res<Val> {
        if let super::Role::RangeBody { .. } = self.role {
            let addr = self.var_addr(super::Key::FrameAddr)?;
            return Ok(self.load_scalar(addr, Scalar::I64));
        }
        Ok(self.b.push(Op::FrameAddr, &[Scalar::I64])[0])
    }
}

/// Elements up to this size have a shared zero (`internal/abi.ZeroValSize`).
const MAP_ZERO: u64 = 1024;

/// Elements up to this size are stored in place (`internal/abi.MapMaxElemBytes`).
const MAP_IN_PLACE: u64 = 128;
