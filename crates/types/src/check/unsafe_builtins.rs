//! Functions of package unsafe (spec: Package unsafe).

use super::Checker;
use super::call::Call;
use super::operand::{Mode, Operand};
use crate::constant::Value;
use crate::ids::TypeId;
use crate::lookup::Lookup;
use crate::object::ObjKind;
use crate::results::{Selection, SelectionKind};
use crate::types::Type;
use crate::universe::{Builtin, typ};
use trigo_syntax::ast::ExprKind;

impl<'a> Checker<'a> {
    pub(super) fn unsafe_builtin(
        &mut self,
        call: Call<'a>,
        mut args: Vec<Operand>,
        id: Builtin,
    ) -> Option<Operand> {
        let s = self.s;
        let at = self.start(call.fun);
        let (params, result) = match id {
            Builtin::Add => {
                self.verify_version(at, 17, |_| "unsafe.Add".into());
                self.assignment(&mut args[0], Some(typ::UNSAFE_POINTER), "argument to unsafe.Add");
                if !args[0].is_valid() || !self.is_valid_index(&mut args[1], "length", true) {
                    return None;
                }
                (vec![args[0].typ, args[1].typ], typ::UNSAFE_POINTER)
            }
            Builtin::Alignof => return self.measured(call, args, id),
            Builtin::Sizeof => return self.measured(call, args, id),
            Builtin::Offsetof => return self.offsetof(call),
            Builtin::Slice => {
                self.verify_version(at, 17, |_| "unsafe.Slice".into());
                let Some(Type::Pointer(base)) = s.common_under(args[0].typ).ok().map(|u| s.typ(u))
                else {
                    return self.not_a(&args[0], "pointer");
                };
                if !self.is_valid_index(&mut args[1], "length", false) {
                    return None;
                }
                (vec![args[0].typ, args[1].typ], s.slice(*base))
            }
            Builtin::SliceData => {
                self.verify_version(at, 20, |_| "unsafe.SliceData".into());
                let Some(Type::Slice(elem)) = s.common_under(args[0].typ).ok().map(|u| s.typ(u))
                else {
                    return self.not_a(&args[0], "slice");
                };
                (vec![args[0].typ], s.pointer(*elem))
            }
            Builtin::String => {
                self.verify_version(at, 20, |_| "unsafe.String".into());
                let bytes = s.pointer(typ::BYTE);
                self.assignment(&mut args[0], Some(bytes), "argument to unsafe.String");
                if !args[0].is_valid() || !self.is_valid_index(&mut args[1], "length", false) {
                    return None;
                }
                (vec![bytes, args[1].typ], typ::STRING)
            }
            _ => {
                self.verify_version(at, 20, |_| "unsafe.StringData".into());
                self.assignment(&mut args[0], Some(typ::STRING), "argument to unsafe.StringData");
                if !args[0].is_valid() {
                    return None;
                }
                (vec![typ::STRING], s.pointer(typ::BYTE))
            }
        };
        self.record_builtin(call.fun, &params, Some(result), false);
        Some(Operand::new(Mode::Value, result, call.e))
    }

    fn not_a(&mut self, x: &Operand, what: &str) -> Option<Operand> {
        let text = self.op_string(x);
        self.error_op(x, format!("invalid argument: {text} is not a {what}"));
        None
    }

    /// `unsafe.Sizeof` and `unsafe.Alignof`.
    fn measured(&mut self, call: Call<'a>, mut args: Vec<Operand>, id: Builtin) -> Option<Operand> {
        let context = if id == Builtin::Sizeof {
            "argument to unsafe.Sizeof"
        } else {
            "argument to unsafe.Alignof"
        };
        let x = &mut args[0];
        self.assignment(x, None, context);
        if !x.is_valid() {
            return None;
        }
        let t = x.typ;
        let mut result = Operand::new(Mode::Value, typ::UINTPTR, call.e);
        if self.has_var_size(t) {
            self.record_builtin(call.fun, &[t], Some(typ::UINTPTR), false);
            return Some(result);
        }
        let size = if id == Builtin::Sizeof { self.s.size_of(t) } else { Some(self.s.align_of(t)) };
        let Some(size) = size else {
            let text = self.op_string(&args[0]);
            self.error_op(&args[0], format!("{text} is too large"));
            return None;
        };
        result.mode = Mode::Constant;
        result.val = Value::Int(size);
        Some(result)
    }

    fn offsetof(&mut self, call: Call<'a>) -> Option<Operand> {
        let s = self.s;
        let arg = call.args[0];
        let inner = self.file().unparen(arg);
        let ExprKind::Selector { x: base, sel } = self.file()[inner].kind else {
            let text = self.es(arg);
            self.error_expr(arg, format!("invalid argument: {text} is not a selector expression"));
            self.use_expr(arg);
            return None;
        };
        let x = self.expr(None, base);
        if !x.is_valid() {
            return None;
        }
        let struct_type = s.deref_struct_ptr(x.typ);
        let name = self.file().symbol(sel);
        let Lookup::Found { obj, path, indirect } =
            s.lookup(struct_type, false, Some(self.pkg), name)
        else {
            let text = self.ts(struct_type);
            let message = format!("invalid argument: {text} has no single field {}", s.text(name));
            self.error_op(&x, message);
            return None;
        };
        if matches!(s.obj(obj).kind, ObjKind::Func(_)) {
            let text = self.es(arg);
            self.error_expr(arg, format!("invalid argument: {text} is a method value"));
            return None;
        }
        if indirect {
            let text = self.ts(struct_type);
            let message = format!(
                "invalid argument: field {} is embedded via a pointer in {text}",
                s.text(name)
            );
            self.error_op(&x, message);
            return None;
        }
        let field_type = s.obj_type(obj);
        let selection = Selection {
            kind: SelectionKind::Field,
            recv: struct_type,
            obj,
            path: path.clone(),
            indirect: false,
        };
        self.record_selection(inner, selection);
        let mode = if x.mode == Mode::Variable { Mode::Variable } else { Mode::Value };
        self.record_type(inner, mode, field_type, None);
        let mut result = Operand::new(Mode::Value, typ::UINTPTR, call.e);
        if self.has_var_size(struct_type) {
            self.record_builtin(call.fun, &[field_type], Some(typ::UINTPTR), false);
            return Some(result);
        }
        let Some(offset) = s.offset_of(struct_type, &path) else {
            let text = self.op_string(&x);
            self.error_op(&x, format!("{text} is too large"));
            return None;
        };
        result.mode = Mode::Constant;
        result.val = Value::Int(offset);
        Some(result)
    }

    /// Whether a type's size depends on type arguments. Reports types that contain themselves.
    fn has_var_size(&mut self, t: TypeId) -> bool {
        let s = self.s;
        let t = s.unalias(t);
        match s.typ(t) {
            Type::Named(n) => {
                if let Some(&known) = self.var_sized.get(&t) {
                    return known;
                }
                if let Some(start) = self.size_path.iter().position(|&p| p == t) {
                    let mut steps: Vec<_> =
                        self.size_path[start..].iter().map(|&p| self.type_step(p)).collect();
                    let first = (0..steps.len()).min_by_key(|&i| steps[i].pos).unwrap_or(0);
                    steps.rotate_left(first);
                    self.report_cycle(steps, true);
                    return true;
                }
                let declaring = self.obj_path.iter().position(|&o| o == n.obj);
                if let Some(start) = declaring.filter(|_| n.inst.is_none()) {
                    let cycle = self.obj_path[start..].to_vec();
                    self.cycle_error(&cycle, self.first_in_source(&cycle));
                    return true;
                }
                self.size_path.push(t);
                let rhs = s.named_rhs(t).unwrap_or(typ::INVALID);
                let simd = s.obj_name(n.obj) == "_simd"
                    && s.obj(n.obj).pkg.is_some_and(|p| &*s.pkg(p).path == "simd");
                let result = self.has_var_size(rhs) || simd;
                self.size_path.pop();
                self.var_sized.insert(t, result);
                result
            }
            Type::Array { elem, .. } => self.has_var_size(*elem),
            Type::Struct(st) => st.fields.iter().any(|&f| self.has_var_size(s.obj_type(f))),
            Type::TypeParam(_) => true,
            _ => false,
        }
    }
}
