//! Expressions: operators and primary expressions.

use super::Parser;
use crate::ast::{ChanDir, ExprId, ExprKind, List};
use crate::pos::Pos;
use crate::token::{Op, Token};

impl Parser<'_> {
    /// `Expression = UnaryExpr | Expression binary_op Expression .`
    pub(super) fn expression(&mut self) -> ExprId {
        let x = self.unary_expr();
        self.binary_expr(x, 0)
    }

    /// The rest of an expression that starts with `x`, as far as operators bind stronger than `precedence`.
    pub(super) fn binary_expr(&mut self, mut x: ExprId, precedence: u8) -> ExprId {
        while matches!(self.tok(), Token::Operator | Token::Star)
            && self.lex.precedence > precedence
        {
            let (pos, op, inner) = (self.pos(), self.lex.op, self.lex.precedence);
            self.next();
            let y = self.unary_expr();
            let y = self.binary_expr(y, inner);
            x = self.expr(pos, ExprKind::Binary { op, x, y });
        }
        x
    }

    /// `UnaryExpr = PrimaryExpr | unary_op UnaryExpr .`
    fn unary_expr(&mut self) -> ExprId {
        match self.enter(Self::unary_expr_inside) {
            Some(x) => x,
            None => self.bad_expr(),
        }
    }

    fn unary_expr_inside(&mut self) -> ExprId {
        let pos = self.pos();
        match self.tok() {
            Token::Operator | Token::Star => match self.lex.op {
                op @ (Op::Mul | Op::Add | Op::Sub | Op::Not | Op::Xor | Op::Tilde | Op::And) => {
                    self.next();
                    let x = self.unary_expr();
                    self.expr(pos, ExprKind::Unary { op, x })
                }
                _ => self.primary_expr(true),
            },
            Token::Arrow => {
                self.next();
                let x = self.unary_expr();
                if let ExprKind::Chan { .. } = self.kind(x) {
                    self.receive_from(x);
                    return x;
                }
                self.expr(pos, ExprKind::Unary { op: Op::Recv, x })
            }
            _ => self.primary_expr(true),
        }
    }

    /// After `<-` and the channel type `x`: the arrow belongs to the type. `<-chan<- E` has taken one arrow too few
    /// at each level below: `<-(chan<- E)` means `<-chan (<-E)`.
    fn receive_from(&mut self, x: ExprId) {
        let mut ty = x;
        let mut dir = ChanDir::Send;
        while dir == ChanDir::Send
            && let ExprKind::Chan { dir: found, elem } = self.kind(ty)
        {
            dir = found;
            if dir == ChanDir::Recv {
                self.syntax_error("unexpected <-, expected chan");
            }
            self.nodes.exprs[ty.index()].kind = ExprKind::Chan { dir: ChanDir::Recv, elem };
            ty = elem;
        }
        if dir == ChanDir::Send {
            let found = self.tree().expr(ty).to_string();
            self.syntax_error(&format!("unexpected {found}, expected chan"));
        }
    }

    /// ```text
    /// PrimaryExpr = Operand | Conversion | PrimaryExpr Selector | PrimaryExpr Index | PrimaryExpr Slice
    ///             | PrimaryExpr TypeAssertion | PrimaryExpr Arguments .
    /// ```
    pub(super) fn primary_expr(&mut self, keep_parens: bool) -> ExprId {
        self.primary_from(|p| {
            let operand = p.operand(keep_parens);
            p.primary_rest(operand)
        })
    }

    /// Lets `read` read a primary expression, with its depth counted from here.
    pub(super) fn primary_from(&mut self, read: impl FnOnce(&mut Self) -> ExprId) -> ExprId {
        let outer = std::mem::replace(&mut self.reach, self.depth);
        let x = read(self);
        self.reach = self.reach.max(outer);
        x
    }

    /// The selectors, indices, calls and literal values that follow `x`.
    pub(super) fn primary_rest(&mut self, mut x: ExprId) -> ExprId {
        loop {
            let pos = self.pos();
            let longer = match self.tok() {
                Token::Dot => self.after_dot(pos, x),
                Token::LBrack => self.index_or_slice(pos, x),
                Token::LParen => {
                    self.next();
                    let (args, spread, rparen) = self.arguments();
                    let fun = x;
                    self.expr(pos, ExprKind::Call { fun, args, spread, rparen })
                }
                Token::LBrace if self.can_be_literal_type(x) => {
                    if self.unparen(x) != x {
                        self.syntax_error("cannot parenthesize type in composite literal");
                    }
                    self.literal_value(Some(x))
                }
                _ => return x,
            };
            if !self.deepen() {
                return self.bad_expr();
            }
            x = longer;
        }
    }

    /// `Selector = "." identifier .` or `TypeAssertion = "." "(" Type ")" .`
    fn after_dot(&mut self, pos: Pos, x: ExprId) -> ExprId {
        self.next();
        match self.tok() {
            Token::Name => {
                let sel = self.name();
                self.expr(pos, ExprKind::Selector { x, sel })
            }
            Token::LParen => {
                self.next();
                let kind = if self.got(Token::Type) {
                    ExprKind::TypeSwitchGuard { lhs: None, x }
                } else {
                    let ty = self.type_();
                    ExprKind::Assert { x, ty }
                };
                self.want(Token::RParen);
                self.expr(pos, kind)
            }
            _ => {
                self.syntax_error("expected name or (");
                self.advance(&[Token::Semi, Token::RParen]);
                x
            }
        }
    }

    /// ```text
    /// Index = "[" Expression "]" .
    /// Slice = "[" [ Expression ] ":" [ Expression ] "]" | "[" [ Expression ] ":" Expression ":" Expression "]" .
    /// ```
    fn index_or_slice(&mut self, pos: Pos, x: ExprId) -> ExprId {
        self.next();
        let mut lo = None;
        if self.tok() != Token::Colon {
            let (args, comma) = if self.tok() == Token::RBrack {
                self.syntax_error("expected operand");
                let bad = self.bad_expr();
                (self.one_expr(bad), false)
            } else {
                self.type_list(false)
            };
            if comma || self.tok() == Token::RBrack {
                let rbrack = self.pos();
                self.want(Token::RBrack);
                return self.expr(pos, ExprKind::Index { x, args, rbrack });
            }
            lo = self.nodes[args].first().copied();
        }
        if !self.got(Token::Colon) {
            self.syntax_error("expected comma, : or ]");
            self.advance(&[Token::Comma, Token::Colon, Token::RBrack]);
        }
        self.expr_level += 1;
        let mut hi = None;
        if !matches!(self.tok(), Token::Colon | Token::RBrack) {
            hi = Some(self.expression());
        }
        let full = self.tok() == Token::Colon;
        let mut max = None;
        if full {
            if hi.is_none() {
                self.error("middle index required in 3-index slice");
                hi = Some(self.bad_expr());
            }
            self.next();
            max = Some(if self.tok() != Token::RBrack {
                self.expression()
            } else {
                self.error("final index required in 3-index slice");
                self.bad_expr()
            });
        }
        self.expr_level -= 1;
        self.want(Token::RBrack);
        self.expr(pos, ExprKind::Slice { x, lo, hi, max, full })
    }

    /// `Arguments = "(" [ ( ExpressionList | Type [ "," ExpressionList ] ) [ "..." ] [ "," ] ] ")" .`, without the `(`.
    fn arguments(&mut self) -> (List<ExprId>, bool, Pos) {
        let mark = self.expr_stack.len();
        let mut spread = false;
        self.expr_level += 1;
        let rparen = self.list("argument list", Token::Comma, Token::RParen, |p| {
            let x = p.expression();
            p.expr_stack.push(x);
            spread = p.got(Token::DotDotDot);
            spread
        });
        self.expr_level -= 1;
        (self.exprs_since(mark), spread, rparen)
    }

    /// Types separated by commas, at least one, with the comma that may follow the last; whether there was any comma.
    /// Unless `strict`, the first may be any expression.
    pub(super) fn type_list(&mut self, strict: bool) -> (List<ExprId>, bool) {
        self.expr_level += 1;
        let mark = self.expr_stack.len();
        let first = if strict { self.type_() } else { self.expression() };
        self.expr_stack.push(first);
        let comma = self.tok() == Token::Comma;
        while self.got(Token::Comma)
            && let Some(ty) = self.type_or_none()
        {
            self.expr_stack.push(ty);
        }
        self.expr_level -= 1;
        (self.exprs_since(mark), comma)
    }

    /// Whether a `{` after `x` starts a literal of type `x` rather than a block.
    fn can_be_literal_type(&self, x: ExprId) -> bool {
        let ty = self.unparen(x);
        match self.kind(ty) {
            ExprKind::Name(_) | ExprKind::Selector { .. } => self.expr_level >= 0,
            ExprKind::Index { .. } => self.expr_level >= 0 && !self.is_value(ty),
            ExprKind::Array { .. }
            | ExprKind::SliceType { .. }
            | ExprKind::Struct { .. }
            | ExprKind::Map { .. } => true,
            _ => false,
        }
    }

    /// Whether `x` cannot be a type, by its form alone.
    fn is_value(&self, x: ExprId) -> bool {
        match self.kind(x) {
            ExprKind::Literal { .. }
            | ExprKind::Composite { .. }
            | ExprKind::FuncLit { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Assert { .. }
            | ExprKind::TypeSwitchGuard { .. }
            | ExprKind::Call { .. }
            | ExprKind::Binary { .. } => true,
            ExprKind::Unary { op, .. } => op != Op::Mul,
            ExprKind::Paren(x) => self.is_value(x),
            ExprKind::Index { x, args, .. } => {
                // A list of several is a list of types.
                self.is_value(x) || matches!(self.nodes[args], [arg] if self.is_value(arg))
            }
            _ => false,
        }
    }
}
