//! Index and slice expressions (spec: Index expressions, Slice expressions).

use super::Checker;
use super::operand::{Mode, OpExpr, Operand};
use crate::ids::TypeId;
use crate::types::{Type, info};
use crate::universe::typ;
use trigo_syntax::ast::{ExprId, List};

/// What indexing a type gives.
struct Element {
    mode: Mode,
    /// The length if it is known, else negative.
    len: i64,
    /// The key type of a map.
    key: Option<TypeId>,
    elem: TypeId,
}

impl<'a> Checker<'a> {
    /// `base[args]`; true if it is a generic function to instantiate.
    pub(super) fn index_expr(
        &mut self,
        e: ExprId,
        base: ExprId,
        args: List<ExprId>,
    ) -> (Operand, bool) {
        let s = self.s;
        let list = &self.file()[args];
        let mut x = self.expr_or_type(base, true);
        let invalid = (Operand::invalid(e), false);
        match x.mode {
            Mode::Invalid => {
                self.use_all(list);
                return invalid;
            }
            Mode::Type => {
                let t = self.var_type(e);
                let mode = if s.is_valid(t) { Mode::Type } else { Mode::Invalid };
                return (Operand::new(mode, t, e), false);
            }
            Mode::Value
                if s.as_signature(s.under(x.typ)).is_some_and(|sig| !sig.tparams.is_empty()) =>
            {
                return (x, true);
            }
            _ => {}
        }
        self.non_generic(None, &mut x);
        if !x.is_valid() || !self.is_complete(x.typ) {
            return invalid;
        }
        let inner = match s.typ(s.under(x.typ)) {
            Type::Pointer(base) => Some(*base),
            Type::Map { elem, .. } => Some(*elem),
            _ => None,
        };
        if inner.is_some_and(|t| !self.is_complete(t)) {
            return invalid;
        }
        let Some(element) = self.element(&x) else {
            let text = self.op_string(&x);
            self.error_at(self.pos(e), format!("cannot index {text}"));
            self.use_all(list);
            return invalid;
        };
        if let [_, second, ..] = list {
            self.error_expr(*second, "invalid operation: more than one index");
        }
        let Some(&index) = list.first() else {
            return invalid;
        };
        x.mode = element.mode;
        x.typ = element.elem;
        x.expr = OpExpr::Node(e);
        match element.key {
            Some(key) => {
                let mut k = self.generic_expr(index, None);
                self.assignment(&mut k, Some(key), "map index");
            }
            None => {
                self.index(index, element.len);
            }
        }
        (x, false)
    }

    /// What indexing an operand gives, if that is allowed.
    fn element(&self, x: &Operand) -> Option<Element> {
        let s = self.s;
        let mut result: Option<Element> = None;
        for (_, u) in s.under_set(x.typ) {
            let next = self.element_of(x, u?)?;
            match &mut result {
                None => result = Some(next),
                Some(old) => {
                    let same_key = match (old.key, next.key) {
                        (Some(a), Some(b)) => s.identical(a, b),
                        (a, b) => a == b,
                    };
                    if !same_key || !s.identical(old.elem, next.elem) {
                        return None;
                    }
                    if next.len >= 0 && next.len < old.len {
                        old.len = next.len;
                    }
                    if next.mode == Mode::Value {
                        old.mode = Mode::Value;
                    }
                }
            }
        }
        result
    }

    fn element_of(&self, x: &Operand, u: TypeId) -> Option<Element> {
        let s = self.s;
        let plain = |mode, len, elem| Some(Element { mode, len, key: None, elem });
        match s.typ(u) {
            Type::Basic(b) if b.info & info::STRING != 0 => {
                let len = x.val.str_len().filter(|_| x.is_const()).map_or(-1, |len| len as i64);
                plain(Mode::Value, len, typ::BYTE)
            }
            Type::Array { len, elem } => plain(
                if x.mode == Mode::Variable { Mode::Variable } else { Mode::Value },
                *len,
                *elem,
            ),
            Type::Pointer(base) => match s.typ(s.under(*base)) {
                Type::Array { len, elem } => plain(Mode::Variable, *len, *elem),
                _ => None,
            },
            Type::Slice(elem) => plain(Mode::Variable, -1, *elem),
            Type::Map { key, elem } => {
                Some(Element { mode: Mode::MapIndex, len: -1, key: Some(*key), elem: *elem })
            }
            _ => None,
        }
    }

    pub(super) fn slice_expr(
        &mut self,
        e: ExprId,
        base: ExprId,
        bounds: [Option<ExprId>; 3],
        full: bool,
    ) -> Operand {
        let s = self.s;
        let mut x = self.expr(None, base);
        if !x.is_valid() {
            for bound in bounds.into_iter().flatten() {
                self.use_expr(bound);
            }
            return Operand::invalid(e);
        }
        let Some(u) = self.sliced_type(&x) else {
            return Operand::invalid(e);
        };
        if let Type::Pointer(base) = s.typ(s.under(x.typ))
            && !self.is_complete(*base)
        {
            return Operand::invalid(e);
        }
        let mut len = -1;
        match s.typ(u) {
            Type::Basic(b) if b.info & info::STRING != 0 => {
                if full {
                    let at = bounds[2].unwrap_or(e);
                    self.error_expr(at, "invalid operation: 3-index slice of string");
                    return Operand::invalid(e);
                }
                if let (true, Some(n)) = (x.is_const(), x.val.str_len()) {
                    len = n as i64;
                }
                if s.is_untyped(x.typ) {
                    x.typ = typ::STRING;
                }
            }
            Type::Array { len: n, elem } => {
                len = *n;
                if x.mode != Mode::Variable {
                    let text = self.op_string(&x);
                    self.error_op(&x, format!("cannot slice unaddressable value {text}"));
                    return Operand::invalid(e);
                }
                x.typ = s.slice(*elem);
            }
            Type::Pointer(base) if matches!(s.typ(s.under(*base)), Type::Array { .. }) => {
                if let Type::Array { len: n, elem } = s.typ(s.under(*base)) {
                    len = *n;
                    x.typ = s.slice(*elem);
                }
            }
            Type::Slice(_) => {}
            _ => {
                let text = self.op_string(&x);
                self.error_op(&x, format!("cannot slice {text}"));
                return Operand::invalid(e);
            }
        }
        x.mode = Mode::Value;
        if full && (bounds[1].is_none() || bounds[2].is_none()) {
            return Operand::invalid(e);
        }
        self.slice_bounds(bounds, len);
        x
    }

    /// The common type of what is sliced, strings counting as byte slices if they are mixed.
    fn sliced_type(&mut self, x: &Operand) -> Option<TypeId> {
        let s = self.s;
        let mut common: Option<(TypeId, TypeId)> = None;
        let mut has_string = false;
        for (t, u) in s.under_set(x.typ) {
            let (Some(t), Some(mut u)) = (t, u) else {
                let (text, tt) = (self.op_string(x), self.ts(x.typ));
                self.error_op(x, format!("cannot slice {text}: no specific type in {tt}"));
                return None;
            };
            if s.is_string(u) {
                u = typ::BYTES;
                has_string = true;
            }
            match common {
                None => common = Some((t, u)),
                Some((ct, cu)) if !s.identical(cu, u) => {
                    let text = self.op_string(x);
                    let (a, b) = (self.ts(ct), self.ts(t));
                    self.error_op(
                        x,
                        format!("cannot slice {text}: {a} and {b} have different underlying types"),
                    );
                    return None;
                }
                _ => {}
            }
        }
        if has_string {
            return Some(if s.is_type_param(x.typ) { typ::STRING } else { s.under(x.typ) });
        }
        common.map(|(_, u)| u)
    }

    fn slice_bounds(&mut self, bounds: [Option<ExprId>; 3], len: i64) {
        let mut values = [-1i64; 3];
        for (i, bound) in bounds.into_iter().enumerate() {
            values[i] = match bound {
                Some(b) => {
                    self.index(b, if len >= 0 { len + 1 } else { -1 }).map_or(-1, |(_, v)| v)
                }
                None if i == 0 => 0,
                None => len,
            };
        }
        for i in 0..2 {
            for j in i + 1..3 {
                let (x, y) = (values[i], values[j]);
                if x > 0 && y >= 0 && y < x {
                    if let Some(at) = bounds[j] {
                        self.error_expr(at, format!("invalid slice indices: {y} < {x}"));
                    }
                    return;
                }
            }
        }
    }

    /// An index below `max`, unless that is negative: its type, and its value
    /// or -1. None after an error.
    pub(super) fn index(&mut self, e: ExprId, max: i64) -> Option<(TypeId, i64)> {
        let mut x = self.expr(None, e);
        if !self.is_valid_index(&mut x, "index", false) {
            return None;
        }
        if !x.is_const() {
            return Some((x.typ, -1));
        }
        let v = x.val.as_i64()?;
        if max >= 0 && v >= max {
            let message = format!("invalid argument: index {} out of bounds [0:{max}]", x.val);
            self.error_op(&x, message);
            return None;
        }
        Some((x.typ, v))
    }

    pub(super) fn is_valid_index(
        &mut self,
        x: &mut Operand,
        what: &str,
        allow_negative: bool,
    ) -> bool {
        if !x.is_valid() {
            return false;
        }
        self.convert_untyped(x, typ::INT);
        if !x.is_valid() {
            return false;
        }
        let problem = if !self.s.all_basic(x.typ, info::INTEGER) {
            "must be integer"
        } else if !x.is_const() {
            return true;
        } else if !allow_negative && x.val.signum() < 0 {
            "must not be negative"
        } else if let Some(v) = self.represent_as(&x.val, typ::INT) {
            x.val = v;
            return true;
        } else {
            "overflows int"
        };
        let text = self.op_string(x);
        self.error_op(x, format!("invalid argument: {what} {text} {problem}"));
        false
    }
}
