//! Type declarations, and how to tell type parameters from the length of an array.
//!
//! `type T[P *C]` starts like an array whose length is `P*C`. So an expression is read first, and split into a name
//! and a constraint where it can be; a `,` after it, or a part that can only be a type, says that it must be.

use super::Parser;
use super::fields::Param;
use crate::ast::{DeclKind, ExprId, ExprKind, IdentId, List};
use crate::token::{Op, Token};

impl Parser<'_> {
    /// `TypeSpec = identifier [ TypeParameters ] [ "=" ] Type .`
    pub(super) fn type_spec(&mut self) -> DeclKind {
        let name = self.name();
        let mut type_params = List::EMPTY;
        let mut alias = false;
        let ty = if self.tok() == Token::LBrack {
            let pos = self.pos();
            self.next();
            match self.tok() {
                Token::Name => match self.first_type_param() {
                    Ok(first) => {
                        type_params = self.type_params(Some(first));
                        alias = self.got_assign();
                        self.type_or_none()
                    }
                    Err(len) => Some(self.array_type(pos, Some(len))),
                },
                Token::RBrack => {
                    self.next();
                    Some(self.slice_type(pos))
                }
                _ => Some(self.array_type(pos, None)),
            }
        } else {
            alias = self.got_assign();
            self.type_or_none()
        };
        let ty = match ty {
            Some(ty) => ty,
            None => self.missing_type(),
        };
        DeclKind::Type { name, type_params, alias, ty }
    }

    fn missing_type(&mut self) -> ExprId {
        let bad = self.bad_expr();
        self.syntax_error("in type declaration");
        self.advance(&[Token::Semi, Token::RParen]);
        bad
    }

    /// At the name after `type T[`: the first type parameter, as far as it could be told from an expression, or else
    /// the length of an array.
    fn first_type_param(&mut self) -> Result<Param, ExprId> {
        let pos = self.pos();
        let name = self.name();
        let mut x = name.expr();
        // A constraint can start with a `[`, and indexing is never constant: no length can.
        if self.tok() != Token::LBrack {
            self.expr_level += 1;
            x = self.primary_from(|p| p.primary_rest(x));
            x = self.binary_expr(x, 0);
            self.expr_level -= 1;
        }
        match self.split_type_param(x, self.tok() == Token::Comma) {
            Some((name, ty)) if ty.is_some() || self.tok() != Token::RBrack => {
                Ok(Param { pos, name: Some(name), ty })
            }
            _ => Err(x),
        }
    }

    /// Splits `x` into a name and a constraint, if it can be read so and must be: because of `force`, or because part
    /// of the constraint can only be a type.
    ///
    /// `P *E` and `P (E)` look like a product and a call, and `|` may join more terms to them.
    fn split_type_param(&mut self, x: ExprId, force: bool) -> Option<(IdentId, Option<ExprId>)> {
        if let Some(name) = self.as_ident(x) {
            return Some((name, None));
        }
        let mut first_term = x;
        let mut force = force;
        let mut inner_union = None;
        while let ExprKind::Binary { op: Op::Or, x: left, y } = self.kind(first_term) {
            force = force || self.is_type_elem(y);
            inner_union = Some((first_term, y));
            first_term = left;
        }
        let (name, ty) = match self.kind(first_term) {
            ExprKind::Binary { op: Op::Mul, x: left, y } => {
                let name = self.as_ident(left)?;
                if !force && !self.is_type_elem(y) {
                    return None;
                }
                let pos = self.nodes[first_term].pos;
                (name, self.pointer_to(pos, y))
            }
            ExprKind::Call { fun, args, spread, .. } => {
                let name = self.as_ident(fun)?;
                let &[arg] = &self.nodes[args] else {
                    return None;
                };
                if spread || !force && !self.is_type_elem(arg) {
                    return None;
                }
                (name, self.unparen(arg))
            }
            _ => return None,
        };
        let Some((union, y)) = inner_union else {
            return Some((name, Some(ty)));
        };
        self.nodes.exprs[union.index()].kind = ExprKind::Binary { op: Op::Or, x: ty, y };
        Some((name, Some(x)))
    }

    /// Whether `x` can only be a type or a set of types, and no value.
    fn is_type_elem(&self, mut x: ExprId) -> bool {
        loop {
            x = match self.kind(x) {
                ExprKind::Array { .. }
                | ExprKind::SliceType { .. }
                | ExprKind::Struct { .. }
                | ExprKind::Func { .. }
                | ExprKind::Interface { .. }
                | ExprKind::Map { .. }
                | ExprKind::Chan { .. }
                | ExprKind::Unary { op: Op::Tilde, .. } => return true,
                ExprKind::Binary { x, y, .. } => {
                    if self.is_type_elem(y) {
                        return true;
                    }
                    x
                }
                ExprKind::Unary { x, .. } | ExprKind::Paren(x) => x,
                _ => return false,
            }
        }
    }
}
