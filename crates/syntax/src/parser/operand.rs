//! Operands: names, literals, functions, and types standing where a value is wanted.

use super::Parser;
use crate::ast::{BlockId, ExprId, ExprKind};
use crate::token::Token;

impl Parser<'_> {
    /// ```text
    /// Operand     = Literal | OperandName [ TypeArgs ] | "(" Expression ")" .
    /// Literal     = BasicLit | CompositeLit | FunctionLit .
    /// OperandName = identifier | QualifiedIdent .
    /// ```
    ///
    /// Composite literals and qualified names are left to [`Parser::primary_rest`].
    pub(super) fn operand(&mut self, keep_parens: bool) -> ExprId {
        match self.tok() {
            Token::Name => self.name().expr(),
            Token::Literal => self.basic_literal(),
            Token::LParen => self.parenthesized(keep_parens),
            Token::Func => self.function(),
            Token::LBrack | Token::Chan | Token::Map | Token::Struct | Token::Interface => {
                self.type_()
            }
            _ => {
                let bad = self.bad_expr();
                self.syntax_error("expected expression");
                self.advance(&[Token::RParen, Token::RBrack, Token::RBrace]);
                bad
            }
        }
    }

    fn basic_literal(&mut self) -> ExprId {
        let kind = ExprKind::Literal {
            kind: self.lex.lit_kind,
            bad: self.lex.lit_bad,
            len: self.lex.span().len() as u32,
        };
        let literal = self.expr(self.pos(), kind);
        self.next();
        literal
    }

    pub(super) fn literal_or_none(&mut self) -> Option<ExprId> {
        (self.tok() == Token::Literal).then(|| self.basic_literal())
    }

    /// Parentheses are kept if `keep_parens`, or before a `{`, where they matter to [`Parser::primary_rest`].
    fn parenthesized(&mut self, keep_parens: bool) -> ExprId {
        let pos = self.pos();
        self.next();
        self.expr_level += 1;
        let x = self.expression();
        self.expr_level -= 1;
        self.want(Token::RParen);
        if keep_parens || self.tok() == Token::LBrace {
            self.expr(pos, ExprKind::Paren(x))
        } else {
            x
        }
    }

    /// `FunctionLit = "func" Signature FunctionBody .`, or a function type.
    fn function(&mut self) -> ExprId {
        let pos = self.pos();
        self.next();
        let (_, ty) = self.func_type("function type");
        if self.tok() != Token::LBrace {
            return ty;
        }
        self.expr_level += 1;
        let body = self.func_body();
        self.expr_level -= 1;
        self.expr(pos, ExprKind::FuncLit { ty, body })
    }

    pub(super) fn func_body(&mut self) -> BlockId {
        self.function_depth += 1;
        let errors = self.error_count();
        let body = self.block("");
        self.function_depth -= 1;
        self.check_branches(body, errors);
        body
    }

    /// `LiteralValue = "{" [ ElementList [ "," ] ] "}" .`
    pub(super) fn literal_value(&mut self, ty: Option<ExprId>) -> ExprId {
        let pos = self.pos();
        let mark = self.expr_stack.len();
        self.expr_level += 1;
        self.want(Token::LBrace);
        let rbrace = self.list("composite literal", Token::Comma, Token::RBrace, |p| {
            let element = p.element();
            p.expr_stack.push(element);
            false
        });
        self.expr_level -= 1;
        let elems = self.exprs_since(mark);
        self.expr(pos, ExprKind::Composite { ty, elems, rbrace })
    }

    /// `KeyedElement = [ Key ":" ] Element .`
    fn element(&mut self) -> ExprId {
        let key = self.element_value();
        let pos = self.pos();
        if !self.got(Token::Colon) {
            return key;
        }
        let value = self.element_value();
        self.expr(pos, ExprKind::KeyValue { key, value })
    }

    /// `Element = Expression | LiteralValue .`
    fn element_value(&mut self) -> ExprId {
        if self.tok() != Token::LBrace {
            return self.expression();
        }
        match self.enter(|p| p.literal_value(None)) {
            Some(x) => x,
            None => self.bad_expr(),
        }
    }
}
