//! Built-in functions (spec: Built-in functions).

use super::Checker;
use super::assign::Context;
use super::call::Call;
use super::operand::{Mode, Operand};
use crate::constant::{BinaryOp, CompareOp, Value};
use crate::ids::TypeId;
use crate::types::{ChanDir, Term, Type, info};
use crate::universe::{Builtin, typ};
use trigo_syntax::ast::ExprKind;

impl<'a> Checker<'a> {
    /// A call of a built-in function; none after an error.
    pub(super) fn builtin_call(&mut self, call: Call<'a>, id: Builtin) -> Option<Operand> {
        let bin = id.info();
        if call.spread && id != Builtin::Append {
            let message =
                format!("invalid operation: invalid use of ... with built-in {}", bin.name);
            self.error_expr(call.e, message);
            self.use_all(call.args);
            return None;
        }
        // Whether len and cap are constant depends on their argument alone.
        let saved = self.env.has_call_or_recv;
        let is_len = matches!(id, Builtin::Len | Builtin::Cap);
        if is_len {
            self.env.has_call_or_recv = false;
        }
        let result = self.builtin_body(call, id);
        if is_len {
            self.env.has_call_or_recv = saved;
        }
        result
    }

    fn builtin_body(&mut self, call: Call<'a>, id: Builtin) -> Option<Operand> {
        let bin = id.info();
        let by_expr =
            matches!(id, Builtin::Make | Builtin::New | Builtin::Offsetof | Builtin::Trace);
        let mut args = Vec::new();
        let mut count = call.args.len();
        if !by_expr {
            args = self.expr_list(call.args);
            count = args.len();
            if args.iter().any(|x| !x.is_valid()) {
                return None;
            }
        }
        let how = match count {
            _ if count < bin.args => Some("not enough"),
            _ if !bin.variadic && count > bin.args => Some("too many"),
            _ => None,
        };
        if let Some(how) = how {
            let text = self.es(call.e);
            let message = format!(
                "invalid operation: {how} arguments for {text} (expected {}, found {count})",
                bin.args
            );
            self.error_expr(call.e, message);
            return None;
        }
        match id {
            Builtin::Append => self.append(call, args),
            Builtin::Cap | Builtin::Len => self.len_cap(call, args, id),
            Builtin::Clear => self.clear(call, args),
            Builtin::Close => self.close(call, args),
            Builtin::Complex => self.complex(call, args),
            Builtin::Copy => self.copy(call, args),
            Builtin::Delete => self.delete(call, args),
            Builtin::Imag | Builtin::Real => self.real_imag(call, args, id),
            Builtin::Make => self.make(call),
            Builtin::Max | Builtin::Min => self.min_max(call, args, id),
            Builtin::New => self.new_builtin(call),
            Builtin::Panic => self.panic_builtin(call, args),
            Builtin::Print | Builtin::Println => self.print(call, args, id),
            Builtin::Recover => {
                self.record_builtin(call.fun, &[], Some(typ::EMPTY_INTERFACE), false);
                Some(Operand::new(Mode::Value, typ::EMPTY_INTERFACE, call.e))
            }
            Builtin::Assert => self.assert_builtin(call, args),
            Builtin::Trace => {
                for &arg in call.args {
                    self.raw_expr(None, arg, None, false);
                }
                Some(Operand::new(Mode::NoValue, typ::INVALID, call.e))
            }
            _ => self.unsafe_builtin(call, args, id),
        }
    }

    /// The result of a built-in function used as a statement.
    fn no_value(&mut self, call: Call<'a>, params: &[TypeId]) -> Option<Operand> {
        self.record_builtin(call.fun, params, None, false);
        Some(Operand::new(Mode::NoValue, typ::INVALID, call.e))
    }

    /// The element type of slices, or why an operand is none.
    fn slice_elem(&self, x: &Operand) -> Result<TypeId, String> {
        let mut elem: Option<TypeId> = None;
        for (_, u) in self.s.under_set(x.typ) {
            let Some(Type::Slice(e)) = u.map(|u| self.s.typ(u)) else {
                return Err(match x.is_nil() {
                    true => "argument must be a slice; have untyped nil".into(),
                    false => format!("argument must be a slice; have {}", self.op_string(x)),
                });
            };
            match elem {
                Some(old) if !self.s.identical(old, *e) => {
                    let (a, b, x) = (self.ts(old), self.ts(*e), self.op_string(x));
                    return Err(format!("mismatched slice element types {a} and {b} in {x}"));
                }
                _ => elem = Some(*e),
            }
        }
        Ok(elem.unwrap_or(typ::INVALID))
    }

    /// Whether a type holds byte slices and strings only, and whether any strings.
    fn bytes_or_strings(&self, t: TypeId) -> Option<bool> {
        let mut has_string = false;
        for (_, u) in self.s.under_set(t) {
            match self.s.typ(u?) {
                Type::Slice(elem) if self.s.identical(*elem, typ::BYTE) => {}
                Type::Basic(b) if b.info & info::STRING != 0 => has_string = true,
                _ => return None,
            }
        }
        Some(has_string)
    }

    fn append(&mut self, call: Call<'a>, mut args: Vec<Operand>) -> Option<Operand> {
        let t = args[0].typ;
        let elem = match self.slice_elem(&args[0]) {
            Ok(elem) => elem,
            Err(why) => {
                self.error_op(&args[0], format!("invalid append: {why}"));
                return None;
            }
        };
        let mut done = false;
        if args.len() == 2
            && call.spread
            && self.assignable_to(&args[0], typ::BYTES, &mut String::new())
        {
            done = self.bytes_or_strings(args[1].typ) == Some(true);
        }
        let slice = self.s.slice(elem);
        let params = if done { [t, args[1].typ] } else { [t, slice] };
        if !done {
            let sig = self.make_signature(&params, true);
            self.arguments(call, sig, &[], &[], &mut args, Vec::new());
        }
        self.record_builtin(call.fun, &params, Some(t), true);
        Some(Operand::new(Mode::Value, t, call.e))
    }

    fn len_cap(&mut self, call: Call<'a>, args: Vec<Operand>, id: Builtin) -> Option<Operand> {
        let s = self.s;
        let x = &args[0];
        let is_len = id == Builtin::Len;
        let mut result = Operand::new(Mode::Value, typ::INT, call.e);
        let under = s.array_ptr_deref(s.under(x.typ));
        let ok = match s.typ(under) {
            Type::Basic(b) if b.info & info::STRING != 0 && is_len => {
                if x.is_const() {
                    result.mode = Mode::Constant;
                    result.val =
                        x.val.str_len().map_or(Value::Unknown, |len| Value::Int(len as i64));
                }
                true
            }
            Type::Array { len, .. } => {
                if !self.env.has_call_or_recv {
                    result.mode = Mode::Constant;
                    result.val = if *len >= 0 { Value::Int(*len) } else { Value::Unknown };
                }
                true
            }
            Type::Slice(_) | Type::Chan { .. } => true,
            Type::Map { .. } => is_len,
            Type::Interface(_) if s.is_type_param(x.typ) => {
                s.under_set(x.typ).iter().all(|(_, u)| {
                    u.is_some_and(|u| match s.typ(s.array_ptr_deref(u)) {
                        Type::Basic(b) => b.info & info::STRING != 0 && is_len,
                        Type::Array { .. } | Type::Slice(_) | Type::Chan { .. } => true,
                        Type::Map { .. } => is_len,
                        _ => false,
                    })
                })
            }
            _ => false,
        };
        if !ok {
            if s.is_valid(s.under(x.typ)) {
                let text = self.op_string(x);
                let name = id.info().name;
                self.error_op(x, format!("invalid argument: {text} for built-in {name}"));
            }
            return None;
        }
        if !result.is_const() {
            self.record_builtin(call.fun, &[x.typ], Some(typ::INT), false);
        }
        Some(result)
    }

    fn clear(&mut self, call: Call<'a>, args: Vec<Operand>) -> Option<Operand> {
        let x = &args[0];
        let at = self.start(call.fun);
        self.verify_version(at, 21, |_| "clear".into());
        let fits = |u: Option<TypeId>| {
            matches!(u.map(|u| self.s.typ(u)), Some(Type::Map { .. } | Type::Slice(_)))
        };
        if !self.s.under_set(x.typ).iter().all(|(_, u)| fits(*u)) {
            let text = self.op_string(x);
            let message = format!(
                "invalid argument: cannot clear {text}: argument must be (or constrained by) map or slice"
            );
            self.error_op(x, message);
            return None;
        }
        self.no_value(call, &[x.typ])
    }

    fn close(&mut self, call: Call<'a>, args: Vec<Operand>) -> Option<Operand> {
        let x = &args[0];
        for (_, u) in self.s.under_set(x.typ) {
            let what = match u.map(|u| self.s.typ(u)) {
                Some(Type::Chan { dir: ChanDir::Recv, .. }) => "receive-only channel",
                Some(Type::Chan { .. }) => continue,
                _ => "non-channel",
            };
            let text = self.op_string(x);
            self.error_op(x, format!("invalid operation: cannot close {what} {text}"));
            return None;
        }
        self.no_value(call, &[x.typ])
    }

    fn complex(&mut self, call: Call<'a>, mut args: Vec<Operand>) -> Option<Operand> {
        let s = self.s;
        let mut y = args.pop()?;
        let mut x = args.pop()?;
        match (s.is_untyped(x.typ), s.is_untyped(y.typ)) {
            (false, false) => {}
            (true, false) => self.convert_untyped(&mut x, y.typ),
            (false, true) => self.convert_untyped(&mut y, x.typ),
            (true, true) if x.is_const() && y.is_const() => {
                for z in [&mut x, &mut y] {
                    if s.is_numeric(z.typ) && z.val.imag().signum() == 0 {
                        z.typ = typ::UNTYPED_FLOAT;
                    }
                }
            }
            (true, true) => {
                self.convert_untyped(&mut x, typ::FLOAT64);
                self.convert_untyped(&mut y, typ::FLOAT64);
            }
        }
        if !x.is_valid() || !y.is_valid() {
            return None;
        }
        if !self.identical(x.typ, y.typ) {
            let (text, a, b) = (self.es(call.e), self.ts(x.typ), self.ts(y.typ));
            self.error_op(&x, format!("invalid operation: {text} (mismatched types {a} and {b})"));
            return None;
        }
        let result = self.apply(&x, Builtin::Complex, |u| match u {
            typ::FLOAT32 => Some(typ::COMPLEX64),
            typ::FLOAT64 => Some(typ::COMPLEX128),
            typ::UNTYPED_FLOAT => Some(typ::UNTYPED_COMPLEX),
            _ => None,
        });
        let Some(t) = result else {
            let text = self.ts(x.typ);
            let message =
                format!("invalid argument: arguments have type {text}, expected floating-point");
            self.error_op(&x, message);
            return None;
        };
        let mut result = Operand::new(Mode::Value, t, call.e);
        if x.is_const() && y.is_const() {
            result.mode = Mode::Constant;
            result.val = x.val.to_float().binary(BinaryOp::Add, &y.val.to_float().times_i());
        } else {
            self.record_builtin(call.fun, &[x.typ, x.typ], Some(t), false);
        }
        Some(result)
    }

    fn copy(&mut self, call: Call<'a>, args: Vec<Operand>) -> Option<Operand> {
        let (x, y) = (&args[0], &args[1]);
        let dst = match self.slice_elem(x) {
            Ok(elem) => elem,
            Err(why) => {
                self.error_op(x, format!("invalid copy: {why}"));
                return None;
            }
        };
        let special = self.assignable_to(x, typ::BYTES, &mut String::new())
            && self.bytes_or_strings(y.typ).is_some();
        if !special {
            let src = match self.slice_elem(y) {
                Ok(elem) => elem,
                Err(_) if self.s.all_basic(y.typ, info::STRING) => typ::BYTE,
                Err(why) => {
                    self.error_op(y, format!("invalid copy: {why}"));
                    return None;
                }
            };
            if !self.identical(dst, src) {
                let (xs, ys, d, e) =
                    (self.op_string(x), self.op_string(y), self.ts(dst), self.ts(src));
                let message = format!(
                    "invalid copy: arguments {xs} and {ys} have different element types {d} and {e}"
                );
                self.error_op(x, message);
                return None;
            }
        }
        self.record_builtin(call.fun, &[x.typ, y.typ], Some(typ::INT), false);
        Some(Operand::new(Mode::Value, typ::INT, call.e))
    }

    fn delete(&mut self, call: Call<'a>, mut args: Vec<Operand>) -> Option<Operand> {
        let mut key: Option<TypeId> = None;
        let map = args[0].typ;
        for (_, u) in self.s.under_set(map) {
            let text = |c: &Self| c.op_string(&args[0]);
            let message = match u.map(|u| self.s.typ(u)) {
                Some(Type::Map { key: k, .. })
                    if key.is_none_or(|old| self.s.identical(*k, old)) =>
                {
                    key = Some(*k);
                    continue;
                }
                Some(Type::Map { .. }) => {
                    format!(
                        "invalid argument: maps of {} must have identical key types",
                        text(self)
                    )
                }
                _ => format!("invalid argument: {} is not a map", text(self)),
            };
            self.error_op(&args[0], message);
            return None;
        }
        let key = key?;
        self.assignment(&mut args[1], Some(key), "argument to delete");
        if !args[1].is_valid() {
            return None;
        }
        self.no_value(call, &[map, key])
    }

    fn real_imag(
        &mut self,
        call: Call<'a>,
        mut args: Vec<Operand>,
        id: Builtin,
    ) -> Option<Operand> {
        let mut x = args.pop()?;
        if self.s.is_untyped(x.typ) {
            if !x.is_const() {
                self.convert_untyped(&mut x, typ::COMPLEX128);
                if !x.is_valid() {
                    return None;
                }
            } else if self.s.is_numeric(x.typ) {
                x.typ = typ::UNTYPED_COMPLEX;
            }
        }
        let result = self.apply(&x, id, |u| match u {
            typ::COMPLEX64 => Some(typ::FLOAT32),
            typ::COMPLEX128 => Some(typ::FLOAT64),
            typ::UNTYPED_COMPLEX => Some(typ::UNTYPED_FLOAT),
            _ => None,
        });
        let Some(t) = result else {
            let text = self.ts(x.typ);
            self.error_op(
                &x,
                format!("invalid argument: argument has type {text}, expected complex type"),
            );
            return None;
        };
        let mut result = Operand::new(Mode::Value, t, call.e);
        if x.is_const() {
            result.mode = Mode::Constant;
            result.val = if id == Builtin::Real { x.val.real() } else { x.val.imag() };
        } else {
            self.record_builtin(call.fun, &[x.typ], Some(t), false);
        }
        Some(result)
    }

    /// Maps the operand's basic type by `f`, or each type of a type parameter.
    fn apply(
        &mut self,
        x: &Operand,
        id: Builtin,
        f: impl Fn(TypeId) -> Option<TypeId>,
    ) -> Option<TypeId> {
        let s = self.s;
        if !s.is_type_param(x.typ) {
            return f(s.under(x.typ));
        }
        let tparam = s.unalias(x.typ);
        let mut terms = Vec::new();
        for term in s.terms_of(tparam) {
            let term = term?;
            terms.push(Term { tilde: term.tilde, typ: f(s.under(term.typ))? });
        }
        let text = self.op_string(x);
        let message = format!(
            "{text} not supported as argument to built-in {} for go1.18 (see go.dev/issue/50937)",
            id.info().name
        );
        let at = self.at(x);
        self.soft_error(at, message);
        let new = s.clone_type_param(tparam);
        let union = s.new_type(Type::Union(terms.into()));
        s.set_bound(new, s.interface(Vec::new(), vec![union], false));
        Some(new)
    }

    fn make(&mut self, call: Call<'a>) -> Option<Operand> {
        let s = self.s;
        let arg = call.args[0];
        let t = self.var_type(arg);
        if !s.is_valid(t) {
            return None;
        }
        let mut cause = None;
        for (_, u) in s.under_set(t) {
            match u.map(|u| s.typ(u)) {
                Some(Type::Slice(_) | Type::Map { .. } | Type::Chan { .. }) => {}
                None => cause = Some("no specific type".to_string()),
                _ => cause = Some("type must be slice, map, or channel".to_string()),
            }
            if cause.is_some() {
                break;
            }
        }
        let common = s.common_under(t);
        if let (None, Err(why)) = (&cause, common) {
            cause = Some(self.no_common(why));
        }
        if let Some(cause) = cause {
            let text = self.es(arg);
            self.error_expr(arg, format!("invalid argument: cannot make {text}: {cause}"));
            return None;
        }
        let min = if matches!(common.map(|u| s.typ(u)), Ok(Type::Slice(_))) { 2 } else { 1 };
        let count = call.args.len();
        if count < min || min + 1 < count {
            let text = self.es(call.e);
            let message = format!(
                "invalid operation: {text} expects {min} or {} arguments; found {count}",
                min + 1
            );
            self.error_expr(call.e, message);
            return None;
        }
        let mut types = vec![t];
        let mut sizes = Vec::new();
        for &size in &call.args[1..] {
            let (t, v) = self.index(size, -1).unwrap_or((typ::INVALID, -1));
            types.push(t);
            if v >= 0 {
                sizes.push(v);
            }
        }
        if let [len, cap] = sizes[..]
            && len > cap
        {
            self.error_expr(call.args[1], "invalid argument: length and capacity swapped");
        }
        self.record_builtin(call.fun, &types, Some(t), false);
        Some(Operand::new(Mode::Value, t, call.e))
    }

    fn min_max(&mut self, call: Call<'a>, mut args: Vec<Operand>, id: Builtin) -> Option<Operand> {
        let at = self.start(call.fun);
        let name = id.info().name;
        self.verify_version(at, 21, |_| format!("built-in {name}"));
        let op = if id == Builtin::Max { CompareOp::Gt } else { CompareOp::Lt };
        let mut x = args[0].clone();
        for (i, a) in args.iter_mut().enumerate() {
            if !self.s.all_basic(a.typ, info::ORDERED) {
                let text = self.op_string(a);
                self.error_op(a, format!("invalid argument: {text} cannot be ordered"));
                return None;
            }
            if i == 0 {
                continue;
            }
            self.match_types(&mut x, a);
            if !x.is_valid() {
                return None;
            }
            if !self.identical(x.typ, a.typ) {
                let (xt, at, text) = (self.ts(x.typ), self.ts(a.typ), self.op_expr_string(a));
                let message = format!(
                    "invalid argument: mismatched types {xt} (previous argument) and {at} (type of {text})"
                );
                self.error_op(a, message);
                return None;
            }
            if x.is_const() && a.is_const() {
                if a.val.compare(op, &x.val) {
                    x = a.clone();
                }
            } else {
                x.mode = Mode::Value;
            }
        }
        if !x.is_const() {
            x.mode = Mode::Value;
            self.assignment(&mut x, Some(typ::EMPTY_INTERFACE), Context::ArgumentToBuiltin(name));
            if !x.is_valid() {
                return None;
            }
        }
        for a in &args {
            self.update_operand_type(a, x.typ, true);
        }
        if !x.is_const() {
            self.record_builtin(call.fun, &vec![x.typ; args.len()], Some(x.typ), false);
        }
        Some(x)
    }

    fn new_builtin(&mut self, call: Call<'a>) -> Option<Operand> {
        let arg = call.args[0];
        let mut x = self.expr_or_type(arg, false);
        self.exclude(&mut x, true, false);
        match x.mode {
            Mode::Invalid => return None,
            Mode::Type => self.valid_var_type(arg, x.typ),
            _ => {
                if self.s.is_untyped(x.typ) {
                    self.assignment(&mut x, None, "argument to new");
                    if !x.is_valid() {
                        return None;
                    }
                }
                let at = self.start(call.fun);
                self.verify_version(at, 26, |c| format!("new({})", c.es(arg)));
            }
        }
        let t = self.s.pointer(x.typ);
        self.record_builtin(call.fun, &[x.typ], Some(t), false);
        Some(Operand::new(Mode::Value, t, call.e))
    }

    fn panic_builtin(&mut self, call: Call<'a>, mut args: Vec<Operand>) -> Option<Operand> {
        self.env.panics.push(call.e);
        self.assignment(&mut args[0], Some(typ::EMPTY_INTERFACE), "argument to panic");
        if !args[0].is_valid() {
            return None;
        }
        self.no_value(call, &[typ::EMPTY_INTERFACE])
    }

    fn print(&mut self, call: Call<'a>, mut args: Vec<Operand>, id: Builtin) -> Option<Operand> {
        for a in &mut args {
            self.assignment(a, None, Context::ArgumentToBuiltin(id.info().name));
            if !a.is_valid() {
                return None;
            }
        }
        let params: Vec<TypeId> = args.iter().map(|a| a.typ).collect();
        self.no_value(call, &params)
    }

    fn assert_builtin(&mut self, call: Call<'a>, args: Vec<Operand>) -> Option<Operand> {
        let x = &args[0];
        if !x.is_const() || !self.s.is_boolean(x.typ) {
            let text = self.op_string(x);
            self.error_op(x, format!("invalid argument: {text} is not a boolean constant"));
            return None;
        }
        if x.val.as_bool() == Some(false) {
            let text = self.es(call.e);
            self.error_expr(call.e, format!("{text} failed"));
        }
        Some(x.clone())
    }

    /// Whether an expression is a call of the predeclared panic.
    pub(super) fn is_panic_call(&self, e: trigo_syntax::ast::ExprId) -> bool {
        let e = self.file().unparen(e);
        matches!(self.file()[e].kind, ExprKind::Call { .. }) && self.env.panics.contains(&e)
    }
}
