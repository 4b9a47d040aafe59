//! Selectors that mean methods: which method it is, the receiver it takes, method values and method expressions.

use super::place::{Operand, Place};
use super::value::{Addr, Value};
use super::{Body, Res};
use crate::env::Env;
use crate::methods::ITAB_FUN;
use crate::names::Inner;
use smallvec::SmallVec;
use trigo_ir::func::{Signature, Val};
use trigo_ir::inst::{AllocWhat, Callee, Op};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::{Lookup, MethodEntry, ObjId, Type, TypeId};

/// What a selector selects, with type parameters replaced.
pub(super) struct Selected {
    /// The type selected from.
    pub recv: TypeId,
    /// The field or method.
    pub obj: ObjId,
    /// How to reach it.
    pub path: SmallVec<[u32; 4]>,
    /// Whether a pointer is followed on the way.
    pub indirect: bool,
}

/// What a call calls, before its arguments are evaluated.
pub(super) enum Code {
    /// A function by name.
    Func(trigo_ir::Sym),
    /// A function value.
    Closure(Val),
    /// The method at a place of an itab, which may be nil.
    InItab(Val, u32),
}

/// A method to call: who, and the operands before the arguments.
pub(super) struct Method {
    pub code: Code,
    /// The receiver's type in the signature.
    pub recv_ty: IrType,
    pub recv: Value,
    /// The method's type without receiver.
    pub ty: IrType,
}

impl Body<'_, '_> {
    /// What a selector selects.
    pub(super) fn selected(&self, e: ExprId) -> Res<Selected> {
        let Some(s) = self.info.selections.get(&e) else {
            return self.fail_at(e, "a selector that selects nothing");
        };
        if self.env.is_empty() {
            let path = s.path.clone();
            return Ok(Selected { recv: s.recv, obj: s.obj, path, indirect: s.indirect });
        }
        let store = self.world.store;
        let recv = self.env.subst(store, s.recv);
        let object = store.obj(s.obj);
        match store.lookup(recv, true, object.pkg, object.name) {
            Lookup::Found { obj, path, indirect } => Ok(Selected { recv, obj, path, indirect }),
            _ => self.fail_at(e, "a selector that selects nothing in this instance"),
        }
    }

    /// The type arguments of a generic method that a selector names.
    fn method_targs(&self, e: ExprId) -> Vec<TypeId> {
        let ExprKind::Selector { sel, .. } = self.file[e].kind else { return Vec::new() };
        self.info.instances.get(&sel.expr()).map_or(Vec::new(), |i| i.targs.to_vec())
    }

    /// The type of the method that a selector names, without receiver, an instance's if it is one.
    fn method_ty(&self, e: ExprId) -> Res<IrType> {
        let ExprKind::Selector { sel, .. } = self.file[e].kind else { return self.ty(e) };
        match self.info.instances.get(&sel.expr()) {
            Some(instance) => Ok(self.env.ty(self.world, instance.typ)),
            None => self.ty(e),
        }
    }

    /// Goes along the embedded fields that lead to a method, and on to what declares it.
    fn walk_to_method(&mut self, x: ExprId, selected: &Selected) -> Res<(Operand, IrType, TypeId)> {
        let store = self.world.store;
        let mut ty = self.world.ty(selected.recv);
        let mut checked = selected.recv;
        let mut operand = self.operand(x)?;
        let Some((_, fields)) = selected.path.split_last() else {
            return self.fail_at(x, "a method without a place");
        };
        for &field in fields {
            (operand, ty) = self.field_of(operand, ty, field as usize)?;
            if let Type::Pointer(elem) = store.typ(store.under(checked)) {
                checked = *elem;
            }
            let Type::Struct(st) = store.typ(store.under(checked)) else {
                return self.fail_at(x, "an embedded field of what is no struct");
            };
            checked = store.obj_type(st.fields[field as usize]);
        }
        Ok((operand, ty, checked))
    }

    /// The receiver as the method takes it, with its type.
    fn receiver(
        &mut self,
        (operand, ty): (Operand, IrType),
        takes_pointer: bool,
    ) -> Res<(Value, IrType)> {
        let pointer = match *self.shape(ty) {
            Shape::Pointer(elem) if self.types().name(ty).is_none() => Some(elem),
            _ => None,
        };
        match (takes_pointer, pointer) {
            (true, Some(_)) => Ok((self.operand_value(&operand, ty)?, ty)),
            (false, Some(elem)) => {
                let pointer = self.operand_value(&operand, ty)?.first();
                Ok((self.load(Addr::pointer(pointer), elem), elem))
            }
            (false, None) => match operand {
                Operand::Value(value) => Ok((value, ty)),
                Operand::Place(place) => Ok((self.load_place(&place, ty)?, ty)),
            },
            (true, None) => {
                let addr = match operand {
                    Operand::Place(ref place @ (Place::Memory(_) | Place::Element { .. })) => {
                        let addr = self.resolve(place)?;
                        self.address(addr)
                    }
                    other => {
                        let value = self.operand_value(&other, ty)?;
                        self.heap(ty, AllocWhat::Temporary, &value)
                    }
                };
                Ok((Value::one(addr), self.pointer_to(ty)))
            }
        }
    }

    /// The code of the method at a place of an itab.
    pub(super) fn interface_method(&mut self, itab: Val, index: u32) -> Val {
        let at = Addr::pointer(itab).plus(u64::from(ITAB_FUN) + 8 * u64::from(index));
        self.load_scalar(at, Scalar::Ptr)
    }

    /// The method that a selector calls, its receiver evaluated.
    pub(super) fn method(&mut self, e: ExprId) -> Res<Method> {
        let ExprKind::Selector { x, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a selector");
        };
        let store = self.world.store;
        let selected = self.selected(e)?;
        let (operand, ty, _) = self.walk_to_method(x, &selected)?;
        self.at_expr(e);
        let in_interface = store.obj(selected.obj).as_func().is_some_and(|f| f.in_interface);
        if in_interface {
            let value = self.operand_value(&operand, ty)?;
            let index = *selected.path.last().unwrap_or(&0);
            self.world.note_interface_call(ty, index);
            let (itab, data) = (value.operands()[0], value.operands()[1]);
            return Ok(Method {
                code: Code::InItab(itab, index),
                recv_ty: Basic::UnsafePointer.id(),
                recv: Value::one(data),
                ty: self.method_ty(e)?,
            });
        }
        let takes_pointer = store.has_ptr_recv(selected.obj);
        let (recv, recv_ty) = self.receiver((operand, ty), takes_pointer)?;
        let targs = self.method_targs(e);
        let sym = self.world.func(self.env, selected.obj, &targs);
        Ok(Method { code: Code::Func(sym), recv_ty, recv, ty: self.method_ty(e)? })
    }

    /// `x.M` as a value.
    pub(super) fn method_value(&mut self, e: ExprId) -> Res<Val> {
        let ExprKind::Selector { x, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a selector");
        };
        let store = self.world.store;
        let selected = self.selected(e)?;
        if !self.method_targs(e).is_empty() {
            return self.generic_method_value(e);
        }
        let (operand, ty, checked) = self.walk_to_method(x, &selected)?;
        self.at_expr(e);
        let in_interface = store.obj(selected.obj).as_func().is_some_and(|f| f.in_interface);
        let (recv, recv_checked) = if in_interface {
            let value = self.operand_value(&operand, ty)?;
            self.b.push(Op::NilCheck(value.first()), &[]);
            (value, checked)
        } else {
            let takes_pointer = store.has_ptr_recv(selected.obj);
            let is_pointer = matches!(store.typ(store.unalias(checked)), Type::Pointer(_));
            let (recv, _) = self.receiver((operand, ty), takes_pointer)?;
            let recv_checked = match (takes_pointer, store.typ(store.unalias(checked))) {
                (true, _) if !is_pointer => store.pointer(checked),
                (false, Type::Pointer(elem)) => *elem,
                _ => checked,
            };
            (recv, recv_checked)
        };
        let last = selected.path.last().copied().unwrap_or(0);
        let path = SmallVec::from_slice(&[last]);
        let entry = MethodEntry { method: selected.obj, path, indirect: false };
        let sym = self.world.method_value_func(recv_checked, &entry);
        let recv_ty = self.world.ty(recv_checked);
        let closure = self.world.method_value_type(recv_ty);
        let offset = self.types().layout(closure).fields[1];
        let object = self.b.alloc(closure, AllocWhat::MethodValue);
        let code = self.b.sym_addr(sym, 0);
        let code = self.b.convert(trigo_ir::inst::ConvertOp::PtrToInt, Scalar::I64, code);
        self.b.store(object, 0, code);
        self.store(Addr::safe(object).plus(offset), recv_ty, &recv);
        Ok(object)
    }

    /// `x.M[T]` as a value: a closure of its own that holds the receiver.
    fn generic_method_value(&mut self, e: ExprId) -> Res<Val> {
        let method = self.method(e)?;
        let Code::Func(sym) = method.code else {
            return self.fail_at(e, "a generic method of an interface");
        };
        let Some((own, _)) = self.signature(method.ty) else {
            return self.fail_at(e, "a method without a function's type");
        };
        let mut full = own.clone();
        full.params.insert(0, method.recv_ty);
        let held = [(method.recv_ty, method.recv)];
        let kind = Inner::Closure;
        self.thunk(kind, own, &held, AllocWhat::MethodValue, move |inner, held| {
            let args: Vec<Value> = held.into_iter().chain(inner.own_params()).collect();
            inner.tail(Callee::Direct(sym), full, &args);
            Ok(())
        })
    }

    /// `T.M` as a value.
    pub(super) fn method_expr(&mut self, e: ExprId) -> Res<Val> {
        let selected = self.selected(e)?;
        let targs = self.method_targs(e);
        let store = self.world.store;
        if !targs.is_empty() {
            if selected.path.len() > 1
                || store.has_ptr_recv(selected.obj)
                    != matches!(store.typ(store.unalias(selected.recv)), Type::Pointer(_))
            {
                return self.fail_at(e, "an expression of a generic method that is promoted");
            }
            let sym = self.world.func(self.env, selected.obj, &targs);
            return Ok(self.func_value(sym));
        }
        let Selected { recv, obj, path, indirect } = selected;
        let entry = MethodEntry { method: obj, path, indirect };
        let sym = self.world.method_func(recv, &entry);
        Ok(self.func_value(sym))
    }

    /// The constant closure of a function.
    pub(super) fn func_value(&mut self, sym: trigo_ir::Sym) -> Val {
        self.b.push(Op::FuncValue(sym), &[Scalar::Ptr])[0]
    }

    /// A declared function, with type arguments if `ident` names an instance.
    pub(super) fn func_sym(&mut self, ident: ExprId, obj: ObjId) -> trigo_ir::Sym {
        let targs = self.info.instances.get(&ident).map_or(&[][..], |i| &i.targs);
        let sym = self.world.func(self.env, obj, targs);
        if self.world.definition(sym).is_none()
            && let Some(t) = self.world.store.func_type(obj)
            && targs.is_empty()
        {
            let ty = Env::default().ty(self.world, t);
            if let Some((sig, _)) = self.signature(ty) {
                self.world.note_extern(sym, &sig);
            }
        }
        sym
    }

    /// Calls in place of a return, with the results passed on.
    pub(super) fn tail(&mut self, callee: Callee, sig: Signature, args: &[Value]) {
        let results = self.call_with(callee, sig, args);
        let vals = results.iter().flat_map(|v| v.operands().iter().copied()).collect();
        self.b.terminate(trigo_ir::inst::Terminator::Return(vals));
    }
}
