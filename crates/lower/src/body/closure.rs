//! Inner functions. A function value is the address of an object: the code's address, then what was captured, in the order
//! in which the inner function first refers to it.
//!
//! Captures are found while the inner function is lowered: a variable that is not its own becomes the closure's next word
//! (or words), and the function around makes the object afterwards.

use super::analysis::Analysis;
use super::value::{Addr, Value};
use super::{Body, Fail, Key, Res, Role, Storage};
use crate::env::Env;
use crate::names::{self, Inner};
use crate::world::World;
use std::rc::Rc;
use trigo_ir::Sym;
use trigo_ir::func::{Attrs, Func, Signature, Val};
use trigo_ir::inst::{AllocWhat, Op};
use trigo_ir::types::{Basic, Field, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::ObjId;

/// Something captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capture {
    pub key: Key,
    /// What the closure holds: the variable, or the address of its object.
    pub ty: IrType,
    pub by_reference: bool,
    /// Where it lies in the closure.
    pub offset: u64,
}

/// How many inner functions of each kind there are so far.
#[derive(Default)]
pub(super) struct Counts {
    literals: u32,
    ranges: u32,
    spawned: u32,
}

impl<'w, 'a> Body<'w, 'a> {
    /// Where a variable lives and its type; one that is not known yet is captured.
    pub(super) fn variable(&mut self, key: Key) -> Res<(Storage, IrType)> {
        if let Some(&known) = self.vars.get(&key) {
            return Ok(known);
        }
        if self.context.is_none() {
            return Err(Fail(self.unknown(key)));
        }
        let (ty, by_reference) = match key {
            Key::Var(var) => (self.obj_ty(var), self.analysis.is_boxed(var)),
            Key::Exit | Key::LoopState(_) => (Basic::Int.id(), true),
            Key::DeferFrame => (Basic::UnsafePointer.id(), false),
            Key::FrameAddr => (Basic::Uintptr.id(), false),
        };
        let held = if by_reference { Basic::UnsafePointer.id() } else { ty };
        let end = self.captures.last().map_or(8, |c| c.offset + self.size(c.ty));
        let offset = end.next_multiple_of(self.types().layout(held).align);
        self.captures.push(Capture { key, ty: held, by_reference, offset });
        let storage = match by_reference {
            true => Storage::CapturedBox(offset),
            false => Storage::Captured(offset),
        };
        self.vars.insert(key, (storage, ty));
        Ok((storage, ty))
    }

    fn unknown(&self, key: Key) -> String {
        match key {
            Key::Var(var) => {
                let at = self.world.object_pos(var);
                let name = self.world.store.obj_name(var);
                let line = at.map_or(0, |p| p.line);
                format!("{}: {name}, declared in line {line}, has no place", self.file.name())
            }
            _ => format!("{key:?} has no place"),
        }
    }

    /// The link name of the next inner function of a kind.
    pub(super) fn inner_sym(&mut self, kind: Inner) -> Sym {
        let count = match kind {
            Inner::Closure => &mut self.counts.literals,
            Inner::RangeBody => &mut self.counts.ranges,
            Inner::GoWrap | Inner::DeferWrap => &mut self.counts.spawned,
        };
        *count += 1;
        let number = *count;
        let syms = &self.world.context.syms;
        let outer = syms.text(self.b.func.sym);
        syms.intern(&names::inner(outer, self.is_closure, kind, number))
    }

    /// A function inside this one, ready to be lowered.
    pub(super) fn inner(&mut self, sym: Sym, sig: Signature) -> Body<'w, 'a> {
        let place = (self.package, self.file_index);
        let mut inner = Body::new(self.world, self.env, place, (sym, sig), self.analysis.clone());
        let pos = self.b.pos();
        inner.b.func.pos = pos;
        inner.b.set_pos(pos);
        let kept = self.b.func.attrs;
        for attr in [Attrs::NOPOLL, Attrs::NOWRITEBARRIER] {
            if kept.has(attr) {
                inner.b.func.attrs = inner.b.func.attrs.with(attr);
            }
        }
        inner.open_closure();
        inner
    }

    /// Takes in a lowered inner function and makes its closure.
    pub(super) fn close(&mut self, mut inner: Body<'w, 'a>, what: AllocWhat) -> Res<Val> {
        let captures = std::mem::take(&mut inner.captures);
        let sym = inner.b.func.sym;
        self.done.append(&mut inner.done);
        self.done.push(inner.finished());
        self.closure(sym, &captures, what)
    }

    fn closure(&mut self, sym: Sym, captures: &[Capture], what: AllocWhat) -> Res<Val> {
        if captures.is_empty() {
            return Ok(self.b.push(Op::FuncValue(sym), &[Scalar::Ptr])[0]);
        }
        let types: Vec<IrType> = captures.iter().map(|c| c.ty).collect();
        let ty = self.closure_type(&types);
        let mut values = Vec::new();
        for capture in captures {
            let value = match capture.by_reference {
                true => Value::one(self.var_addr(capture.key)?.base),
                false => {
                    let addr = self.var_addr(capture.key)?;
                    self.borrow(addr, capture.ty)
                }
            };
            values.push(value);
        }
        let object = self.b.alloc(ty, what);
        let code = self.b.sym_addr(sym, 0);
        let code = self.b.convert(trigo_ir::inst::ConvertOp::PtrToInt, Scalar::I64, code);
        self.b.store(object, 0, code);
        for (capture, value) in captures.iter().zip(&values) {
            self.store(Addr::safe(object).plus(capture.offset), capture.ty, value);
        }
        Ok(object)
    }

    /// The type of a closure that holds these after its code.
    pub(super) fn closure_type(&self, held: &[IrType]) -> IrType {
        let syms = &self.world.context.syms;
        let field = |(i, ty): (usize, IrType)| {
            let name = if i == 0 { "F".to_string() } else { format!("X{}", i - 1) };
            let (pkg, tag) = (None, Box::default());
            Field { name: syms.intern(&name), pkg, ty, tag, embedded: false }
        };
        let all = std::iter::once(Basic::Uintptr.id()).chain(held.iter().copied());
        self.types().intern(Shape::Struct(all.enumerate().map(field).collect()))
    }

    /// A function literal.
    pub(super) fn func_lit(&mut self, e: ExprId) -> Res<Val> {
        // Those of a package's initialiser have names that do not depend on what became data.
        if self.world.is_package_literal(self.package, self.file_index, e) {
            let sym = self.world.package_literal(self.package, self.file_index, e);
            return Ok(self.b.push(Op::FuncValue(sym), &[Scalar::Ptr])[0]);
        }
        let sym = self.inner_sym(Inner::Closure);
        let sig = self.literal_signature(e)?;
        let mut inner = self.inner(sym, sig);
        inner.literal(e)?;
        self.close(inner, AllocWhat::Closure)
    }

    fn literal_signature(&self, e: ExprId) -> Res<Signature> {
        let ty = self.ty(e)?;
        match self.signature(ty) {
            Some((sig, _)) => Ok(sig),
            None => self.fail_at(e, "a function literal without a function's type"),
        }
    }

    /// Lowers this function as a literal.
    fn literal(&mut self, e: ExprId) -> Res<()> {
        let ExprKind::FuncLit { body, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a function literal");
        };
        let store = self.world.store;
        let Some(sig) = self.info.typ(e).and_then(|t| store.as_signature(t.1)) else {
            return self.fail_at(e, "a function literal without a function's type");
        };
        let params: Vec<ObjId> = store.vars(sig.params).to_vec();
        let results: Vec<ObjId> = store.vars(sig.results).to_vec();
        let pos = self.pos_of(self.file[e].pos);
        self.b.func.pos = Some(pos);
        self.function(&params, &results, body)
    }

    /// The results of the function that a `return` here leaves.
    pub(super) fn outer_results(&self) -> Rc<[(ObjId, IrType)]> {
        match &self.role {
            Role::RangeBody { results, .. } => results.clone(),
            Role::Function => self.frame.results.clone().into(),
        }
    }
}

/// Lowers a function literal outside functions.
pub(super) fn lower_literal(
    world: &World<'_>,
    env: &Env,
    place: (u32, u32),
    e: ExprId,
    sym: Sym,
    analysis: Rc<Analysis>,
) -> Res<Vec<Func>> {
    let mut body = Body::new(world, env, place, (sym, Signature::default()), analysis.clone());
    let sig = body.literal_signature(e)?;
    body = Body::new(world, env, place, (sym, sig), analysis);
    body.is_closure = true;
    body.literal(e)?;
    Ok(body.finish())
}
