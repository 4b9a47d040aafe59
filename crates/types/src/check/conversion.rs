//! Conversions (spec: Conversions).

use super::Checker;
use super::operand::{Mode, Operand};
use crate::constant::Value;
use crate::ids::TypeId;
use crate::types::{BasicKind, Type, info};
use crate::universe::typ;

impl<'a> Checker<'a> {
    /// Converts an operand to a type.
    pub(super) fn conversion(&mut self, x: &mut Operand, t: TypeId) {
        let s = self.s;
        let constant = x.is_const();
        let mut cause = String::new();
        let ok = if constant && s.is_const_type(t) {
            let converted = self.convert_constant(x, t);
            if converted.is_none() && s.is_integer(x.typ) && s.is_integer(t) {
                let message = format!("constant {} overflows {}", x.val, self.ts(t));
                self.error_op(x, message);
                return x.invalidate();
            }
            let ok = converted.is_some();
            if let Some(val) = converted {
                x.val = val;
            }
            ok
        } else if constant && s.is_type_param(t) {
            let ok = self.convert_constant_to_param(x, t, &mut cause);
            x.mode = Mode::Value;
            ok
        } else {
            let ok = self.convertible_to(x, t, &mut cause);
            if ok {
                x.mode = Mode::Value;
            }
            ok
        };
        if !ok {
            let mut message =
                format!("cannot convert {} to type {}", self.op_string(x), self.ts(t));
            if !cause.is_empty() {
                message.push_str(&format!(": {cause}"));
            }
            self.error_op(x, message);
            return x.invalidate();
        }
        if s.is_untyped(x.typ) {
            let mut settled = t;
            if x.typ == typ::UNTYPED_NIL {
                // Nil takes the type as it is.
            } else if s.is_plain_interface(t) || constant && !s.is_const_type(t) {
                settled = s.default_type(x.typ);
            } else if x.is_const() && s.is_integer(x.typ) && s.all_basic(t, info::STRING) {
                settled = x.typ;
            }
            self.update_operand_type(x, settled, true);
        }
        x.typ = t;
    }

    fn convert_constant(&self, x: &Operand, t: TypeId) -> Option<Value> {
        let s = self.s;
        s.basic(t)?;
        if let Some(v) = self.represent_as(&x.val, t) {
            return Some(v);
        }
        if s.is_integer(x.typ) && s.is_string(t) {
            let code = x.val.as_u64().and_then(|c| u32::try_from(c).ok());
            let c = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Some(Value::from_str_bytes(c.encode_utf8(&mut [0; 4]).as_bytes()));
        }
        None
    }

    fn convert_constant_to_param(&self, x: &Operand, t: TypeId, cause: &mut String) -> bool {
        let s = self.s;
        for (_, u) in s.under_set(t) {
            let Some(u) = u else {
                *cause = format!("{} does not contain specific types", self.ts(t));
                return false;
            };
            if s.is_string(x.typ) && s.is_bytes_or_runes(u) || self.convert_constant(x, u).is_some()
            {
                continue;
            }
            *cause = match s.is_integer(x.typ) && s.is_integer(u) {
                true => format!("constant {} overflows {} (in {})", x.val, self.ts(u), self.ts(t)),
                false => {
                    format!(
                        "cannot convert {} to type {} (in {})",
                        self.op_string(x),
                        self.ts(u),
                        self.ts(t)
                    )
                }
            };
            return false;
        }
        true
    }

    /// Whether a value can be converted to a type.
    fn convertible_to(&mut self, x: &Operand, t: TypeId, cause: &mut String) -> bool {
        let s = self.s;
        if self.assignable_to(x, t, cause) {
            return true;
        }
        let orig = t;
        let (v, t) = (s.unalias(x.typ), s.unalias(t));
        let (vu, tu) = (s.under(v), s.under(t));
        let (vp, tp) = (s.is_type_param(v), s.is_type_param(t));
        if !vp && !tp && s.identical_ignore_tags(vu, tu) {
            return true;
        }
        if let (Type::Pointer(a), Type::Pointer(b)) = (s.typ(v), s.typ(t))
            && s.identical_ignore_tags(s.under(*a), s.under(*b))
            && !s.is_type_param(*a)
            && !s.is_type_param(*b)
        {
            return true;
        }
        if self.basic_convertible(vu, tu) {
            return true;
        }
        if let Type::Slice(elem) = s.typ(vu)
            && let Some(ok) = self.slice_to_array(*elem, tu, cause)
        {
            return ok;
        }
        if !vp && !tp {
            return false;
        }
        let sources = if vp { s.terms_of(v) } else { vec![] };
        let goals = if tp { s.terms_of(t) } else { vec![] };
        if sources.contains(&None) || goals.contains(&None) {
            return false;
        }
        let sources: Vec<TypeId> =
            if vp { sources.into_iter().flatten().map(|x| x.typ).collect() } else { vec![x.typ] };
        let goals: Vec<TypeId> =
            if tp { goals.into_iter().flatten().map(|x| x.typ).collect() } else { vec![t] };
        for &source in &sources {
            for &goal in &goals {
                let y = Operand { typ: source, ..x.clone() };
                if self.convertible_to(&y, goal, cause) {
                    continue;
                }
                let source_text = self.ts(source)
                    + &if vp { format!(" (in {})", self.ts(v)) } else { String::new() };
                let goal_text = match tp {
                    true => format!("{} (in {})", self.ts(goal), self.ts(t)),
                    false => self.ts(orig),
                };
                let text = format!("cannot convert {source_text} to type {goal_text}");
                *cause = if cause.is_empty() { text } else { format!("{text}\n\t{cause}") };
                return false;
            }
        }
        true
    }

    fn basic_convertible(&self, vu: TypeId, tu: TypeId) -> bool {
        let s = self.s;
        let real = info::INTEGER | info::FLOAT;
        let both = |p| s.is_basic(vu, p) && s.is_basic(tu, p);
        let is_uintptr = |t| s.basic_kind(t) == Some(BasicKind::Uintptr);
        let is_unsafe = |t| s.basic_kind(t) == Some(BasicKind::UnsafePointer);
        both(real)
            || both(info::COMPLEX)
            || s.is_string(tu) && (s.is_integer(vu) || s.is_bytes_or_runes(vu))
            || s.is_string(vu) && s.is_bytes_or_runes(tu)
            || is_unsafe(tu) && (s.is_pointer(vu) || is_uintptr(vu))
            || is_unsafe(vu) && (s.is_pointer(tu) || is_uintptr(tu))
    }

    /// Whether a slice converts to an array or array pointer; none if `tu` is neither.
    fn slice_to_array(&self, elem: TypeId, tu: TypeId, cause: &mut String) -> Option<bool> {
        let s = self.s;
        let (array, minor, what) = match s.typ(tu) {
            Type::Array { elem, .. } => (*elem, 20, "slice to array"),
            Type::Pointer(base) => match s.typ(s.under(*base)) {
                Type::Array { elem, .. } => (*elem, 17, "slice to array pointer"),
                _ => return None,
            },
            _ => return None,
        };
        if !s.identical(elem, array) {
            return None;
        }
        if !self.allow_version(minor) {
            *cause = format!("conversion of {what} requires go1.{minor} or later");
            return Some(false);
        }
        Some(true)
    }
}
