//! Built-in functions.

use super::value::{Addr, Value};
use super::{Body, Res};
use trigo_ir::func::Val;
use trigo_ir::inst::{AllocWhat, BinaryOp, Cond};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind};
use trigo_types::{Builtin, Mode};

type Results = Vec<(Value, IrType)>;

/// Constant `make`s of up to this many bytes are allocated without a check of their size.
const MAX_KNOWN: u64 = 1 << 24;

impl Body<'_, '_> {
    /// A call of a built-in function; no results for those without.
    pub(super) fn builtin(&mut self, e: ExprId, builtin: Builtin) -> Res<Results> {
        let ExprKind::Call { args, spread, .. } = self.file[e].kind else {
            return self.fail_at(e, "not a call");
        };
        let args = &self.file[args];
        let one = |value, ty| Ok(vec![(value, ty)]);
        let int = Basic::Int.id();
        match builtin {
            Builtin::Append => {
                let ty = self.ty(e)?;
                let value = match spread {
                    true => self.append_slice(e, args, ty)?,
                    false => self.append(e, args, ty)?,
                };
                one(value, ty)
            }
            Builtin::Len | Builtin::Cap => {
                let value = self.length(args[0], builtin)?;
                one(Value::one(value), int)
            }
            Builtin::Make => {
                let ty = self.ty(args[0])?;
                let value = self.make(e, ty, &args[1..])?;
                one(value, ty)
            }
            Builtin::New => self.new_object(e, args[0]),
            Builtin::Complex => {
                let ty = self.ty(e)?;
                let part = match self.basic(ty) {
                    Some(Basic::Complex64) => Basic::Float32,
                    _ => Basic::Float64,
                };
                let values = self.values(args, |_, _| part.id())?;
                let [(re, _), (im, _)] = &values[..] else {
                    return self.fail_at(e, "a complex number of other than two parts");
                };
                one(Value::of(&[re.first(), im.first()]), ty)
            }
            Builtin::Real | Builtin::Imag => {
                let ty = self.ty(e)?;
                let value = self.expr(args[0])?;
                let part = value.operands()[usize::from(builtin == Builtin::Imag)];
                one(Value::one(part), ty)
            }
            Builtin::Max | Builtin::Min => {
                let ty = self.ty(e)?;
                let value = self.extreme(e, args, ty, builtin == Builtin::Min)?;
                one(value, ty)
            }
            Builtin::Add
            | Builtin::Alignof
            | Builtin::Offsetof
            | Builtin::Sizeof
            | Builtin::Slice
            | Builtin::SliceData
            | Builtin::String
            | Builtin::StringData => self.unsafe_builtin(e, builtin, args),
            Builtin::Assert | Builtin::Trace => self.fail_at(e, "a function of tests alone"),
            _ => {
                let values = self.effect_arguments(builtin, args)?;
                self.at_expr(e);
                self.effect(builtin, &values)
            }
        }
    }

    /// The arguments of a built-in function that `defer` and `go` can call, with their types.
    pub(super) fn effect_arguments(&mut self, builtin: Builtin, args: &[ExprId]) -> Res<Results> {
        let any = self.any();
        let key = match args.first().map(|&map| self.ty(map)).transpose()?.map(|t| self.shape(t)) {
            Some(Shape::Map { key, .. }) => Some(*key),
            _ => None,
        };
        self.values(args, |place, own| match (builtin, place, key) {
            (Builtin::Panic, ..) => any,
            (Builtin::Delete, 1, Some(key)) => key,
            _ => own,
        })
    }

    /// Arguments as the types that `to` gives for their places and own types: one by one, or the results of the call that is
    /// the only one.
    fn values(&mut self, args: &[ExprId], to: impl Fn(usize, IrType) -> IrType) -> Res<Results> {
        let mut values = Vec::new();
        if let Some(call) = self.only_call(args) {
            for (i, (value, own)) in self.call_results(call)?.into_iter().enumerate() {
                let ty = to(i, own);
                values.push((self.assign_convert(value, own, ty)?, ty));
            }
            return Ok(values);
        }
        for (i, &arg) in args.iter().enumerate() {
            let ty = to(i, self.ty(arg)?);
            values.push((self.expr_as(arg, ty)?, ty));
        }
        Ok(values)
    }

    fn any(&self) -> IrType {
        self.types().intern(Shape::Interface(Box::default()))
    }

    /// A built-in function that is called for its effect, with evaluated arguments.
    pub(super) fn effect(&mut self, builtin: Builtin, args: &[(Value, IrType)]) -> Res<Results> {
        match builtin {
            Builtin::Clear => {
                let (value, ty) = &args[0];
                self.clear(value, *ty)?;
            }
            Builtin::Close => {
                self.runtime("closechan", &[args[0].0.first()])?;
            }
            Builtin::Copy => {
                let n = self.copy(&args[0], &args[1])?;
                return Ok(vec![(Value::one(n), Basic::Int.id())]);
            }
            Builtin::Delete => {
                let (map, ty) = &args[0];
                let (key, key_ty) = &args[1];
                let key = self.spill(*key_ty, key);
                self.map_call("mapdelete", *ty, map.first(), key)?;
            }
            Builtin::Panic => {
                self.runtime("gopanic", args[0].0.operands())?;
                self.unreachable();
            }
            Builtin::Print | Builtin::Println => self.print(args, builtin == Builtin::Println)?,
            Builtin::Recover => {
                let frame = self.frame_addr()?;
                let value = self.runtime("gorecover", &[frame])?;
                return Ok(vec![(Value::Parts(value), self.any())]);
            }
            _ => return Err(super::Fail(format!("the built-in function {}", builtin.info().name))),
        }
        Ok(Vec::new())
    }

    fn print(&mut self, args: &[(Value, IrType)], line: bool) -> Res<()> {
        self.runtime("printlock", &[])?;
        for (i, (value, ty)) in args.iter().enumerate() {
            if line && i > 0 {
                self.runtime("printsp", &[])?;
            }
            self.print_one(value, *ty)?;
        }
        if line {
            self.runtime("printnl", &[])?;
        }
        self.runtime("printunlock", &[])?;
        Ok(())
    }

    fn print_one(&mut self, value: &Value, ty: IrType) -> Res<()> {
        let first = value.operands().first().copied();
        let is_hex = self
            .types()
            .name(ty)
            .is_some_and(|n| self.world.context.syms.text(n.link) == "runtime.hex");
        let (name, args): (&str, Vec<Val>) = match (self.shape(ty), first) {
            (Shape::Basic(basic), Some(first)) => match basic {
                Basic::Bool => ("printbool", vec![first]),
                Basic::Float32 if self.world.find_runtime("printfloat32").is_some() => {
                    ("printfloat32", vec![first])
                }
                Basic::Float64 if self.world.find_runtime("printfloat64").is_some() => {
                    ("printfloat64", vec![first])
                }
                Basic::Complex64 if self.world.find_runtime("printcomplex64").is_some() => {
                    ("printcomplex64", value.operands().to_vec())
                }
                Basic::Complex128 if self.world.find_runtime("printcomplex128").is_some() => {
                    ("printcomplex128", value.operands().to_vec())
                }
                Basic::Float32 | Basic::Float64 | Basic::Complex64 | Basic::Complex128 => {
                    let wide = |b: &mut Self, v: Val| match b.b.func.scalar(v) {
                        Scalar::F32 => b.b.convert(trigo_ir::inst::ConvertOp::FToF, Scalar::F64, v),
                        _ => v,
                    };
                    let vals: Vec<Val> = value.operands().iter().map(|&v| wide(self, v)).collect();
                    (if vals.len() == 1 { "printfloat" } else { "printcomplex" }, vals)
                }
                Basic::String => ("printstring", value.operands().to_vec()),
                Basic::UnsafePointer => ("printpointer", vec![first]),
                Basic::Uintptr if self.world.find_runtime("printuintptr").is_some() => {
                    ("printuintptr", vec![first])
                }
                _ => {
                    let signed = !self.is_unsigned(ty);
                    let wide = self.widen(first, signed);
                    let name = match (is_hex, signed) {
                        (true, _) => "printhex",
                        (_, true) => "printint",
                        (_, false) => "printuint",
                    };
                    (name, vec![wide])
                }
            },
            (Shape::Interface(methods), _) => {
                let name = if methods.is_empty() { "printeface" } else { "printiface" };
                (name, value.operands().to_vec())
            }
            (Shape::Slice(_), _) => ("printslice", value.operands().to_vec()),
            (_, Some(first)) => ("printpointer", vec![first]),
            (_, None) => return Err(super::Fail("print of a type that cannot be printed".into())),
        };
        self.runtime(name, &args)?;
        Ok(())
    }

    fn clear(&mut self, value: &Value, ty: IrType) -> Res<()> {
        match *self.shape(ty) {
            Shape::Map { .. } => {
                let typ = self.type_addr(ty);
                self.runtime("mapclear", &[typ, value.first()])?;
            }
            Shape::Slice(elem) => {
                let bytes = self.bytes_of(elem, value.operands()[1]);
                let name = match self.types().has_pointers(elem) {
                    true => "memclrHasPointers",
                    false => "memclrNoHeapPointers",
                };
                self.runtime(name, &[value.first(), bytes])?;
            }
            _ => return Err(super::Fail("clear of what is neither map nor slice".into())),
        }
        Ok(())
    }

    /// The smaller of two signed numbers.
    fn smaller(&mut self, x: Val, y: Val) -> Val {
        let less = self.b.compare(Cond::Slt, x, y);
        self.b.select(less, x, y)
    }

    fn copy(&mut self, dst: &(Value, IrType), src: &(Value, IrType)) -> Res<Val> {
        let elem = self.elem_of(dst.1);
        let (to, to_len) = (dst.0.operands()[0], dst.0.operands()[1]);
        let (from, from_len) = (src.0.operands()[0], src.0.operands()[1]);
        if self.types().has_pointers(elem) {
            let typ = self.type_addr(elem);
            return self.runtime1("typedslicecopy", &[typ, to, to_len, from, from_len]);
        }
        let count = self.smaller(to_len, from_len);
        let bytes = self.bytes_of(elem, count);
        self.runtime("memmove", &[to, from, bytes])?;
        Ok(count)
    }

    /// Room for more elements behind a slice's: where its elements are then, and its capacity.
    fn grow(&mut self, slice: &Value, elem: IrType, more: Val) -> Res<[Val; 3]> {
        let [data, len, cap] = slice.operands()[..] else {
            return Err(super::Fail("a slice has three parts".into()));
        };
        let new_len = self.b.binary(BinaryOp::Add, len, more);
        let full = self.b.compare(Cond::Ugt, new_len, cap);
        let (grow, done) = (self.b.new_block(), self.b.new_block());
        let new_data = self.b.block_param(done, Scalar::Ptr);
        let new_cap = self.b.block_param(done, Scalar::I64);
        self.branch_with(full, (grow, &[]), (done, &[data, cap]));
        self.b.set_cold(grow);
        self.b.switch_to(grow);
        let typ = self.type_addr(elem);
        let made = self.runtime("growslice", &[data, new_len, cap, more, typ])?;
        let [grown, _, grown_cap] = made[..] else {
            return Err(super::Fail("growslice gives a slice".into()));
        };
        self.b.jump(done, &[grown, grown_cap]);
        self.b.switch_to(done);
        Ok([new_data, new_len, new_cap])
    }

    fn append(&mut self, e: ExprId, args: &[ExprId], ty: IrType) -> Res<Value> {
        let elem = self.elem_of(ty);
        let mut values = self.values(args, |place, _| if place == 0 { ty } else { elem })?;
        let slice = values.remove(0).0;
        if values.is_empty() {
            return Ok(slice);
        }
        self.at_expr(e);
        let more = self.int(values.len() as i64);
        let [data, len, cap] = self.grow(&slice, elem, more)?;
        let offset = self.bytes_of(elem, slice.operands()[1]);
        let at = Addr::safe(self.b.ptr_add(data, offset));
        let size = self.size(elem);
        for (i, (value, _)) in values.iter().enumerate() {
            self.store(at.plus(i as u64 * size), elem, value);
        }
        Ok(Value::of(&[data, len, cap]))
    }

    fn append_slice(&mut self, e: ExprId, args: &[ExprId], ty: IrType) -> Res<Value> {
        let elem = self.elem_of(ty);
        let slice = self.expr_as(args[0], ty)?;
        if self.is_nil(args[1]) {
            return Ok(slice);
        }
        let more = self.expr(args[1])?;
        self.at_expr(e);
        let (from, count) = (more.operands()[0], more.operands()[1]);
        let [data, len, cap] = self.grow(&slice, elem, count)?;
        let offset = self.bytes_of(elem, slice.operands()[1]);
        let at = self.b.ptr_add(data, offset);
        if self.types().has_pointers(elem) {
            let typ = self.type_addr(elem);
            self.runtime("typedslicecopy", &[typ, at, count, from, count])?;
        } else {
            let bytes = self.bytes_of(elem, count);
            self.runtime("memmove", &[at, from, bytes])?;
        }
        Ok(Value::of(&[data, len, cap]))
    }

    /// `len(x)` or `cap(x)`.
    fn length(&mut self, x: ExprId, builtin: Builtin) -> Res<Val> {
        let ty = self.ty(x)?;
        let array = match *self.shape(ty) {
            Shape::Pointer(array) => array,
            _ => ty,
        };
        if let Shape::Array { len, .. } = *self.shape(array) {
            self.discard(x)?;
            return Ok(self.int(len as i64));
        }
        let value = self.expr(x)?;
        self.length_of(&value, ty, builtin)
    }

    /// The length or capacity of a value that is no array.
    pub(super) fn length_of(&mut self, value: &Value, ty: IrType, builtin: Builtin) -> Res<Val> {
        match *self.shape(ty) {
            Shape::Basic(_) => Ok(value.operands()[1]),
            Shape::Slice(_) if builtin == Builtin::Len => Ok(value.operands()[1]),
            Shape::Slice(_) => Ok(value.operands()[2]),
            Shape::Map { .. } => {
                // The first word of a map is the number of its elements (internal/runtime/maps.Map.used).
                let map = value.first();
                let null = self.b.null();
                let is_nil = self.b.compare(Cond::Eq, map, null);
                let (some, done) = (self.b.new_block(), self.b.new_block());
                let result = self.b.block_param(done, Scalar::I64);
                let zero = self.int(0);
                self.branch_with(is_nil, (done, &[zero]), (some, &[]));
                self.b.switch_to(some);
                let used = self.b.load(Scalar::I64, map, 0);
                self.b.jump(done, &[used]);
                self.b.switch_to(done);
                Ok(result)
            }
            Shape::Chan { .. } if builtin == Builtin::Len => {
                self.runtime1("chanlen", &[value.first()])
            }
            Shape::Chan { .. } => self.runtime1("chancap", &[value.first()]),
            _ => Err(super::Fail("the length of what has none".into())),
        }
    }

    fn make(&mut self, e: ExprId, ty: IrType, args: &[ExprId]) -> Res<Value> {
        match *self.shape(ty) {
            Shape::Slice(elem) => {
                let known = |arg: ExprId| self.info.value(arg).and_then(|v| v.to_int().as_u64());
                let len = known(args[0]);
                let cap = args.get(1).map_or(len, |&c| known(c));
                if let (Some(len), Some(cap)) = (len, cap)
                    && cap.saturating_mul(self.size(elem).max(1)) <= MAX_KNOWN
                {
                    self.at_expr(e);
                    let count = self.int(cap as i64);
                    let data = self.b.alloc_array(elem, count, AllocWhat::MakeSlice);
                    let len = self.int(len as i64);
                    return Ok(Value::of(&[data, len, count]));
                }
                let len = self.index(args[0])?.0;
                let cap = match args.get(1) {
                    Some(&cap) => self.index(cap)?.0,
                    None => len,
                };
                self.at_expr(e);
                let typ = self.type_addr(elem);
                let data = self.runtime1("makeslice", &[typ, len, cap])?;
                Ok(Value::of(&[data, len, cap]))
            }
            Shape::Map { .. } => {
                let Some(&hint) = args.first() else {
                    return Ok(Value::one(self.make_map(ty, None)?));
                };
                let hint = self.index(hint)?.0;
                self.at_expr(e);
                let (typ, null) = (self.type_addr(ty), self.b.null());
                Ok(Value::one(self.runtime1("makemap", &[typ, hint, null])?))
            }
            Shape::Chan { .. } => {
                let size = match args.first() {
                    Some(&size) => self.index(size)?.0,
                    None => self.int(0),
                };
                self.at_expr(e);
                let typ = self.type_addr(ty);
                Ok(Value::one(self.runtime1("makechan", &[typ, size])?))
            }
            _ => self.fail_at(e, "make of a type that has none"),
        }
    }

    fn new_object(&mut self, e: ExprId, arg: ExprId) -> Res<Results> {
        let ty = self.ty(e)?;
        let elem = self.elem_of(ty);
        let is_type = matches!(self.info.typ(arg), Some((Mode::Type, _)));
        let object = match is_type {
            true => self.b.alloc(elem, AllocWhat::New),
            false => {
                let value = self.expr_as(arg, elem)?;
                self.at_expr(e);
                self.heap(elem, AllocWhat::New, &value)
            }
        };
        Ok(vec![(Value::one(object), ty)])
    }

    fn extreme(&mut self, e: ExprId, args: &[ExprId], ty: IrType, least: bool) -> Res<Value> {
        let values = self.values(args, |_, _| ty)?;
        self.at_expr(e);
        let mut values = values.into_iter().map(|v| v.0);
        let Some(mut best) = values.next() else {
            return self.fail_at(e, "min or max of nothing");
        };
        for other in values {
            best = match self.basic(ty) {
                Some(Basic::Float32 | Basic::Float64) => {
                    let op = if least { BinaryOp::FMin } else { BinaryOp::FMax };
                    Value::one(self.b.binary(op, best.first(), other.first()))
                }
                Some(Basic::String) => {
                    let args: Vec<Val> =
                        other.operands().iter().chain(best.operands()).copied().collect();
                    let order = self.runtime1("cmpstring", &args)?;
                    let zero = self.int(0);
                    let cond = if least { Cond::Slt } else { Cond::Sgt };
                    let better = self.b.compare(cond, order, zero);
                    self.choose(better, &other, &best)
                }
                _ => {
                    let cond = match (self.is_unsigned(ty), least) {
                        (true, true) => Cond::Ult,
                        (true, false) => Cond::Ugt,
                        (false, true) => Cond::Slt,
                        (false, false) => Cond::Sgt,
                    };
                    let better = self.b.compare(cond, other.first(), best.first());
                    self.choose(better, &other, &best)
                }
            };
        }
        Ok(best)
    }

    fn choose(&mut self, cond: Val, yes: &Value, no: &Value) -> Value {
        let pairs = yes.operands().iter().zip(no.operands());
        Value::Parts(pairs.map(|(&y, &n)| self.b.select(cond, y, n)).collect())
    }

    fn unsafe_builtin(&mut self, e: ExprId, builtin: Builtin, args: &[ExprId]) -> Res<Results> {
        let ty = self.ty(e)?;
        let number = |b: &mut Self, n: u64| Value::one(b.int(n as i64));
        let value = match builtin {
            Builtin::Add => {
                let pointer = self.expr(args[0])?.first();
                let bytes = self.index(args[1])?.0;
                self.at_expr(e);
                Value::one(self.b.ptr_add(pointer, bytes))
            }
            Builtin::Sizeof => {
                let arg = self.ty(args[0])?;
                let size = self.size(arg);
                number(self, size)
            }
            Builtin::Alignof => {
                let arg = self.ty(args[0])?;
                let align = self.types().layout(arg).align;
                number(self, align)
            }
            Builtin::Offsetof => {
                let offset = self.offset_of(args[0])?;
                number(self, offset)
            }
            Builtin::Slice => {
                let pointer = self.expr(args[0])?.first();
                let len = self.index(args[1])?.0;
                self.at_expr(e);
                let elem = self.elem_of(ty);
                let typ = self.type_addr(elem);
                self.runtime("unsafeslice", &[typ, pointer, len])?;
                Value::of(&[pointer, len, len])
            }
            Builtin::String => {
                let pointer = self.expr(args[0])?.first();
                let len = self.index(args[1])?.0;
                self.at_expr(e);
                self.runtime("unsafestring", &[pointer, len])?;
                Value::of(&[pointer, len])
            }
            _ => Value::one(self.expr(args[0])?.first()),
        };
        Ok(vec![(value, ty)])
    }

    fn offset_of(&self, e: ExprId) -> Res<u64> {
        let e = self.file.unparen(e);
        let ExprKind::Selector { x, .. } = self.file[e].kind else {
            return self.fail_at(e, "the offset of what is no field");
        };
        let selected = self.selected(e)?;
        let mut ty = self.ty(x)?;
        let mut offset = 0;
        for &field in &selected.path {
            if let Shape::Pointer(elem) = *self.shape(ty) {
                (ty, offset) = (elem, 0);
            }
            let (field_ty, bytes) = self.field(ty, field as usize)?;
            (ty, offset) = (field_ty, offset + bytes);
        }
        Ok(offset)
    }
}
