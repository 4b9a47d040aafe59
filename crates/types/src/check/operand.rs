//! Operands: expressions with what is known about them while they are checked.

use super::Checker;
use crate::constant::Value;
use crate::ids::TypeId;
pub(super) use crate::results::Mode;
use crate::types::Type;
use crate::universe::{Builtin, typ};
use std::rc::Rc;
use trigo_syntax::FilePos;
use trigo_syntax::ast::ExprId;

/// The expression of an operand, or a text in its place.
#[derive(Clone, Debug)]
pub(super) enum OpExpr {
    Node(ExprId),
    Text(FilePos, Rc<str>),
}

/// An operand.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub mode: Mode,
    pub typ: TypeId,
    /// The value of a constant.
    pub val: Value,
    pub expr: OpExpr,
    /// The built-in function.
    pub id: Builtin,
}

impl Operand {
    pub fn new(mode: Mode, typ: TypeId, e: ExprId) -> Self {
        Self { mode, typ, val: Value::Unknown, expr: OpExpr::Node(e), id: Builtin::Append }
    }

    pub fn invalid(e: ExprId) -> Self {
        Self::new(Mode::Invalid, typ::INVALID, e)
    }

    pub fn text(mode: Mode, typ: TypeId, pos: FilePos, text: impl Into<Rc<str>>) -> Self {
        Self {
            mode,
            typ,
            val: Value::Unknown,
            expr: OpExpr::Text(pos, text.into()),
            id: Builtin::Append,
        }
    }

    pub fn is_valid(&self) -> bool {
        self.mode != Mode::Invalid
    }

    pub fn invalidate(&mut self) {
        self.mode = Mode::Invalid;
    }

    pub fn is_nil(&self) -> bool {
        self.mode == Mode::Nil
    }

    pub fn is_const(&self) -> bool {
        self.mode == Mode::Constant
    }

    pub fn node(&self) -> Option<ExprId> {
        match self.expr {
            OpExpr::Node(e) => Some(e),
            _ => None,
        }
    }
}

fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Invalid => "invalid operand",
        Mode::NoValue => "no value",
        Mode::Builtin => "built-in",
        Mode::Type => "type",
        Mode::Constant => "constant",
        Mode::Variable => "variable",
        Mode::MapIndex => "map index expression",
        Mode::Value => "value",
        Mode::Nil => "nil",
        Mode::CommaOk => "comma, ok expression",
    }
}

impl<'a> Checker<'a> {
    /// The source text of an operand's expression.
    pub(super) fn op_expr_string(&self, x: &Operand) -> String {
        match &x.expr {
            OpExpr::Node(e) => self.es(*e),
            OpExpr::Text(_, text) => text.to_string(),
        }
    }

    /// An operand as messages show it: expression, mode, value and type.
    pub(super) fn op_string(&self, x: &Operand) -> String {
        if x.mode == Mode::Nil {
            return match x.typ {
                typ::INVALID => "nil (with invalid type)".into(),
                typ::UNTYPED_NIL => "nil".into(),
                t => format!("nil (of type {})", self.ts(t)),
            };
        }
        let mut expr = self.op_expr_string(x);
        if expr.is_empty() {
            expr = match x.mode {
                Mode::Builtin => x.id.info().name.into(),
                Mode::Type => self.ts(x.typ),
                Mode::Constant => x.val.to_string(),
                _ => String::new(),
            };
        }
        let mut out = String::new();
        let mut typed =
            !matches!(x.mode, Mode::Invalid | Mode::NoValue | Mode::Builtin | Mode::Type);
        if let (true, Type::Basic(b)) = (typed && self.s.is_untyped(x.typ), self.s.typ(x.typ)) {
            out.push_str(b.name);
            out.push(' ');
            typed = false;
        }
        out.push_str(mode_text(x.mode));
        if x.is_const() {
            let value = x.val.to_string();
            if value != expr {
                out.push(' ');
                out.push_str(&value);
            }
        }
        if typed {
            self.push_type(&mut out, x.typ);
        }
        if expr.is_empty() { out } else { format!("{expr} ({out})") }
    }

    fn push_type(&self, out: &mut String, t: TypeId) {
        let s = self.s;
        if !s.is_valid(t) {
            out.push_str(" with invalid type");
            return;
        }
        let mut desc = String::new();
        if s.is_generic(t) {
            desc.push_str("generic ");
        }
        let is_param = s.is_type_param(t);
        if !is_param && matches!(s.typ(t), Type::Alias(_) | Type::Named(_)) {
            desc.push_str(match (s.composite_kind(t), s.basic(t)) {
                ("", Some(b)) => b.name,
                (kind, _) => kind,
            });
            desc.push(' ');
        }
        out.push_str(&format!(" of {desc}type {}", self.ts(t)));
        if is_param {
            let bound = s.bound(s.unalias(t));
            out.push_str(&format!(" constrained by {}", self.ts(bound)));
            if s.type_set(s.under(t)).is_empty() {
                out.push_str(" with empty type set");
            }
        }
    }
}
