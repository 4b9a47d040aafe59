//! Basic, function and composite literals (spec: Composite literals, Function literals).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use crate::constant::{Kind, Value};
use crate::ids::{ObjId, TypeId};
use crate::lookup::{Lookup, Path};
use crate::object::ObjKind;
use crate::types::Type;
use crate::universe::typ;
use rustc_hash::{FxHashMap, FxHashSet};
use trigo_syntax::Pos;
use trigo_syntax::ast::{BlockId, ExprId, ExprKind, List};
use trigo_syntax::token::LitKind;

/// A constant map key, so that equal ones are found.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum ConstKey {
    Bool(bool),
    Int(i64),
    Number(String),
    Text(Vec<u8>),
}

/// The key for a constant, numbers of equal value having equal keys.
pub(super) fn const_key(v: &Value) -> Option<ConstKey> {
    Some(match v.kind() {
        Kind::Bool => ConstKey::Bool(v.as_bool()?),
        Kind::String => ConstKey::Text(v.as_str()?.to_vec()),
        Kind::Int => match v.as_i64() {
            Some(x) => ConstKey::Int(x),
            None => ConstKey::Number(v.to_string()),
        },
        Kind::Float | Kind::Complex => {
            let int = v.to_int();
            if int.kind() == Kind::Int {
                return const_key(&int);
            }
            let (re, im) = (v.real().to_f64(), v.imag().to_f64());
            ConstKey::Number(format!("{re:?} {im:?}"))
        }
        Kind::Unknown => return None,
    })
}

impl<'a> Checker<'a> {
    pub(super) fn basic_lit(&mut self, e: ExprId, kind: LitKind) -> Operand {
        const LIMIT: usize = 10_000;
        let text = self.file().literal(e);
        if matches!(kind, LitKind::Int | LitKind::Float | LitKind::Imag) {
            self.check_literal_version(e, kind, text);
            if text.len() > LIMIT {
                let message =
                    format!("excessively long constant: {}... ({} chars)", &text[..10], text.len());
                self.error_expr(e, message);
                return Operand::invalid(e);
            }
        }
        let (t, val) = match kind {
            LitKind::Int => (typ::UNTYPED_INT, Value::from_int_literal(text)),
            LitKind::Float => (typ::UNTYPED_FLOAT, Value::from_float_literal(text)),
            LitKind::Imag => (typ::UNTYPED_COMPLEX, Value::from_imaginary_literal(text)),
            LitKind::Rune => (typ::UNTYPED_RUNE, Value::from_rune_literal(text)),
            LitKind::String => (typ::UNTYPED_STRING, Value::from_string_literal(text)),
        };
        if val.is_unknown() {
            self.error_expr(e, format!("malformed constant: {text}"));
            return Operand::invalid(e);
        }
        let mut x = Operand::new(Mode::Constant, t, e);
        x.val = val;
        let at = self.overflow_pos(&x);
        self.overflow(&mut x, at);
        x
    }

    fn check_literal_version(&mut self, e: ExprId, kind: LitKind, text: &str) {
        if text.len() <= 2 || self.allow_version(13) {
            return;
        }
        let what = match text.as_bytes() {
            _ if text.contains('_') => "underscore in numeric literal",
            [b'0', b'b' | b'B', ..] => "binary literal",
            [b'0', b'o' | b'O', ..] => "0o/0O-style octal literal",
            [b'0', b'x' | b'X', ..] if kind != LitKind::Int => "hexadecimal floating-point literal",
            _ => return,
        };
        let at = self.start(e);
        self.verify_version(at, 13, |_| what.into());
    }

    pub(super) fn func_lit(&mut self, e: ExprId, ty: ExprId, body: BlockId) -> Operand {
        let (sig, scope) = self.func_type(None, None, List::EMPTY, ty);
        self.record_type(ty, Mode::Type, sig, None);
        self.scope_mut(scope).func_lit = Some(e);
        if !self.conf.ignore_func_bodies {
            let (decl, iota) = (self.env.decl, self.env.iota.clone());
            self.later(move |c| c.func_body(decl, sig, scope, body, iota));
        }
        Operand::new(Mode::Value, sig, e)
    }

    pub(super) fn composite_lit(
        &mut self,
        e: ExprId,
        ty: Option<ExprId>,
        elems: List<ExprId>,
        rbrace: Pos,
        hint: Option<TypeId>,
    ) -> Operand {
        let s = self.s;
        let file = self.file();
        let elems = &file[elems];
        let mut open_array = None;
        let (mut t, base) = match (ty, hint) {
            (Some(ty), _) => {
                if let ExprKind::Array { len: None, elem } = file[ty].kind {
                    open_array = Some(ty);
                    let elem = self.var_type(elem);
                    let t = s.array(-1, elem);
                    (t, t)
                } else {
                    let t = self.typ(ty);
                    (t, t)
                }
            }
            (None, Some(hint)) => {
                let base = s.common_under(hint).map(|u| s.deref(u));
                (hint, base.ok().filter(|(_, is_ptr)| *is_ptr).map_or(hint, |(b, _)| b))
            }
            (None, None) => {
                self.error_expr(e, "missing type in composite literal");
                (typ::INVALID, typ::INVALID)
            }
        };
        if !self.is_complete(base) {
            return Operand::invalid(e);
        }
        let under = s.common_under(base);
        match under.ok().map(|u| s.typ(u)) {
            Some(Type::Struct(_)) => {
                if let (Some(&first), Ok(u)) = (elems.first(), under) {
                    match file[first].kind {
                        ExprKind::KeyValue { .. } => self.keyed_fields(elems, u, base),
                        _ => self.listed_fields(elems, u, base, rbrace),
                    }
                }
            }
            Some(Type::Array { len, elem }) => {
                let n = self.indexed_elems(elems, *elem, *len);
                if let Some(ty) = open_array {
                    t = s.array(n, *elem);
                    self.record_type(ty, Mode::Type, t, None);
                }
            }
            Some(Type::Slice(elem)) => {
                self.indexed_elems(elems, *elem, -1);
            }
            Some(Type::Map { key, elem }) => self.map_elems(elems, *key, *elem),
            _ => {
                for &elem in elems {
                    let value = match file[elem].kind {
                        ExprKind::KeyValue { value, .. } => value,
                        _ => elem,
                    };
                    self.use_expr(value);
                }
                if under.map_or(true, |u| s.is_valid(u)) {
                    let what = if ty.is_none() && hint.is_some() { " element" } else { "" };
                    let cause = if under.is_err() { " (no common underlying type)" } else { "" };
                    let text = self.ts(t);
                    self.error_expr(
                        e,
                        format!("invalid composite literal{what} type {text}{cause}"),
                    );
                    return Operand::invalid(e);
                }
            }
        }
        Operand::new(Mode::Value, t, e)
    }

    fn keyed_fields(&mut self, elems: &[ExprId], st: TypeId, base: TypeId) {
        let s = self.s;
        let file = self.file();
        let mut visited: Vec<(Path, ObjId)> = Vec::new();
        for &elem in elems {
            let ExprKind::KeyValue { key, value } = file[elem].kind else {
                self.error_expr(
                    elem,
                    "mixture of field:value and value elements in struct literal",
                );
                continue;
            };
            let mut x = self.generic_expr(value, None);
            let Some(ident) = file.as_ident(key) else {
                let text = self.es(key);
                self.error_expr(elem, format!("invalid field name {text} in struct literal"));
                continue;
            };
            let name = file.symbol(ident);
            let Lookup::Found { obj, path, indirect } = s.lookup(st, false, Some(self.pkg), name)
            else {
                let near = s.lookup_folded(st, false, Some(self.pkg), name, true).obj();
                let message = self.lookup_error(base, name, near, true);
                self.error_expr(key, message);
                continue;
            };
            if !matches!(s.obj(obj).kind, ObjKind::Var(_)) {
                let text = self.es(key);
                self.error_expr(key, format!("{text} is not a field"));
                continue;
            }
            if path.len() > 1 {
                let at = self.start(key);
                let fine = self.verify_version(at, 27, |c| {
                    let full = c.field_path(st, &path);
                    format!("use of promoted field {full} in struct literal of type {}", c.ts(base))
                });
                if !fine {
                    continue;
                }
            }
            if indirect {
                let text = self.es(key);
                self.error_expr(
                    key,
                    format!("invalid implicit pointer indirection to reach {text}"),
                );
                continue;
            }
            self.record_object(key, obj);
            self.assignment(&mut x, Some(s.obj_type(obj)), "struct literal");
            self.check_overlap(elem, &visited, &path, obj);
            visited.push((path, obj));
        }
    }

    /// Reports a field set twice, by itself or by a struct around it.
    fn check_overlap(&mut self, elem: ExprId, visited: &[(Path, ObjId)], path: &Path, obj: ObjId) {
        let name = self.s.obj_name(obj);
        let hit =
            visited.iter().find(|(other, _)| other.starts_with(path) || path.starts_with(other));
        let Some((other, alt)) = hit else { return };
        let alt_name = self.s.obj_name(*alt);
        let message = if other.len() == path.len() {
            format!("duplicate field name {name} in struct literal")
        } else if other.len() < path.len() {
            format!("cannot specify promoted field {name} and enclosing embedded field {alt_name}")
        } else {
            format!("cannot specify embedded field {name} and enclosed promoted field {alt_name}")
        };
        self.error_expr(elem, message);
    }

    fn field_path(&self, st: TypeId, path: &Path) -> String {
        let (mut t, mut names) = (st, Vec::new());
        for &i in path {
            let Some(st) = self.s.as_struct(self.s.under(self.s.deref_struct_ptr(t))) else {
                break;
            };
            let field = st.fields[i as usize];
            names.push(self.s.obj_name(field));
            t = self.s.obj_type(field);
        }
        names.join(".")
    }

    fn listed_fields(&mut self, elems: &[ExprId], st: TypeId, base: TypeId, rbrace: Pos) {
        let s = self.s;
        let Some(st) = s.as_struct(st) else { return };
        let hidden = |c: &Self, f: ObjId| {
            let o = c.s.obj(f);
            !c.s.is_exported(o.name) && o.pkg != Some(c.pkg)
        };
        for (i, &elem) in elems.iter().enumerate() {
            if matches!(self.file()[elem].kind, ExprKind::KeyValue { .. }) {
                self.error_expr(
                    elem,
                    "mixture of field:value and value elements in struct literal",
                );
                continue;
            }
            let mut x = self.generic_expr(elem, None);
            let Some(&field) = st.fields.get(i) else {
                let text = self.ts(base);
                self.error_op(&x, format!("too many values in struct literal of type {text}"));
                break;
            };
            if hidden(self, field) {
                let (name, text) = (s.obj_name(field), self.ts(base));
                let message = format!(
                    "implicit assignment to unexported field {name} in struct literal of type {text}"
                );
                self.error_op(&x, message);
                continue;
            }
            self.assignment(&mut x, Some(s.obj_type(field)), "struct literal");
        }
        if elems.len() < st.fields.len() {
            let any_hidden = st.fields.iter().any(|&f| hidden(self, f));
            let hint =
                if any_hidden { " (type has unexported fields - use key:value pairs)" } else { "" };
            let text = self.ts(base);
            let message = format!("too few values in struct literal of type {text}{hint}");
            self.error_at(self.here(rbrace), message);
        }
    }

    /// Checks the elements of an array or slice literal; gives the length.
    fn indexed_elems(&mut self, elems: &[ExprId], t: TypeId, len: i64) -> i64 {
        let mut visited = FxHashSet::default();
        let (mut index, mut max) = (0i64, 0i64);
        for &elem in elems {
            let mut valid = false;
            let mut value = elem;
            if let ExprKind::KeyValue { key, value: v } = self.file()[elem].kind {
                value = v;
                if let Some((_, i)) = self.index(key, len) {
                    if i >= 0 {
                        index = i;
                        valid = true;
                    } else {
                        let text = self.es(key);
                        self.error_expr(elem, format!("index {text} must be integer constant"));
                    }
                }
            } else if len >= 0 && index >= len {
                self.error_expr(elem, format!("index {index} is out of bounds (>= {len})"));
            } else {
                valid = true;
            }
            if valid && !visited.insert(index) {
                self.error_expr(elem, format!("duplicate index {index} in array or slice literal"));
            }
            index = index.saturating_add(1);
            max = max.max(index);
            let mut x = self.generic_expr(value, Some(t));
            self.assignment(&mut x, Some(t), "array or slice literal");
        }
        max
    }

    fn map_elems(&mut self, elems: &[ExprId], key_type: TypeId, elem_type: TypeId) {
        let s = self.s;
        let interface_key = s.is_plain_interface(key_type);
        let mut visited: FxHashMap<ConstKey, Vec<TypeId>> = FxHashMap::default();
        for &elem in elems {
            let ExprKind::KeyValue { key, value } = self.file()[elem].kind else {
                self.error_expr(elem, "missing key in map literal");
                continue;
            };
            let mut x = self.generic_expr(key, Some(key_type));
            self.assignment(&mut x, Some(key_type), "map literal");
            if !x.is_valid() {
                continue;
            }
            if let Some(k) = const_key(&x.val).filter(|_| x.is_const()) {
                let known = visited.entry(k).or_default();
                let duplicate = match interface_key {
                    true => known.iter().any(|&t| s.identical(t, x.typ)),
                    false => !known.is_empty(),
                };
                known.push(x.typ);
                if duplicate {
                    let message = format!("duplicate key {} in map literal", x.val);
                    self.error_op(&x, message);
                    continue;
                }
            }
            let mut v = self.generic_expr(value, Some(elem_type));
            self.assignment(&mut v, Some(elem_type), "map literal");
        }
    }

    /// An operand for the constant true, as a switch without a tag has.
    pub(super) fn true_operand(&self, pos: trigo_syntax::FilePos) -> Operand {
        let mut x = Operand::text(Mode::Constant, typ::BOOL, pos, "true");
        x.val = Value::Bool(true);
        debug_assert!(matches!(x.expr, OpExpr::Text(..)));
        x
    }
}
