//! Types.

use super::Parser;
use crate::ast::{ChanDir, ExprId, ExprKind, Field, IdentId, List};
use crate::intern::sym;
use crate::pos::Pos;
use crate::token::{Op, Token};

/// What `name "[" …` turned out to be, once its bracket is closed.
pub(super) enum ArrayOrArgs {
    /// An array or slice type; then `name` is that of a field or parameter.
    Array(ExprId),
    /// Type arguments of the generic type `name`.
    Args { pos: Pos, args: List<ExprId>, rbrack: Pos },
}

impl Parser<'_> {
    /// A type; without one complains.
    pub(super) fn type_(&mut self) -> ExprId {
        if let Some(ty) = self.type_or_none() {
            return ty;
        }
        let bad = self.bad_expr();
        self.syntax_error("expected type");
        self.advance(&[
            Token::Comma,
            Token::Colon,
            Token::Semi,
            Token::RParen,
            Token::RBrack,
            Token::RBrace,
        ]);
        bad
    }

    /// ```text
    /// Type     = TypeName [ TypeArgs ] | TypeLit | "(" Type ")" .
    /// TypeName = identifier | QualifiedIdent .
    /// TypeLit  = ArrayType | StructType | PointerType | FunctionType | InterfaceType | SliceType | MapType
    ///          | ChannelType .
    /// ```
    pub(super) fn type_or_none(&mut self) -> Option<ExprId> {
        match self.tok() {
            Token::Name => Some(self.qualified_name(None)),
            Token::Star
            | Token::Arrow
            | Token::Func
            | Token::LBrack
            | Token::Chan
            | Token::Map
            | Token::Struct
            | Token::Interface
            | Token::LParen => Some(match self.enter_type(Self::type_literal) {
                Some(ty) => ty,
                None => self.bad_expr(),
            }),
            _ => None,
        }
    }

    /// At a token that starts a type but no type name.
    fn type_literal(&mut self) -> ExprId {
        let pos = self.pos();
        match self.tok() {
            Token::Struct => return self.struct_type(),
            Token::Interface => return self.interface_type(),
            Token::Map => return self.map_type(),
            _ => {}
        }
        let first = self.tok();
        self.next();
        match first {
            Token::Star => {
                let ty = self.type_();
                self.pointer_to(pos, ty)
            }
            Token::Arrow => {
                self.want(Token::Chan);
                let elem = self.chan_elem();
                let dir = ChanDir::Recv;
                self.expr(pos, ExprKind::Chan { dir, elem })
            }
            Token::Chan => {
                let dir = match self.got(Token::Arrow) {
                    true => ChanDir::Send,
                    false => ChanDir::Both,
                };
                let elem = self.chan_elem();
                self.expr(pos, ExprKind::Chan { dir, elem })
            }
            Token::Func => self.func_type("function type").1,
            Token::LBrack if self.got(Token::RBrack) => self.slice_type(pos),
            Token::LBrack => self.array_type(pos, None),
            _ => {
                let ty = self.type_();
                self.want(Token::RParen);
                ty
            }
        }
    }

    pub(super) fn pointer_to(&mut self, pos: Pos, x: ExprId) -> ExprId {
        self.expr(pos, ExprKind::Unary { op: Op::Mul, x })
    }

    fn chan_elem(&mut self) -> ExprId {
        if let Some(ty) = self.type_or_none() {
            return ty;
        }
        let bad = self.bad_expr();
        self.syntax_error("missing channel element type");
        bad
    }

    fn map_type(&mut self) -> ExprId {
        let pos = self.pos();
        self.next();
        self.want(Token::LBrack);
        let key = self.type_();
        self.want(Token::RBrack);
        let value = self.type_();
        self.expr(pos, ExprKind::Map { key, value })
    }

    /// The rest of an array type, after its `[` at `pos` and, if given, its length.
    pub(super) fn array_type(&mut self, pos: Pos, len: Option<ExprId>) -> ExprId {
        let mut len = len;
        if len.is_none() && !self.got(Token::DotDotDot) {
            self.expr_level += 1;
            len = Some(self.expression());
            self.expr_level -= 1;
        }
        if self.tok() == Token::Comma {
            // Type parameter lists may end in a comma; a length may not, but is easily taken for one.
            self.syntax_error("unexpected comma; expected ]");
            self.next();
        }
        self.want(Token::RBrack);
        let elem = self.type_();
        self.expr(pos, ExprKind::Array { len, elem })
    }

    /// The rest of a slice type, after its `[` at `pos` and its `]`.
    pub(super) fn slice_type(&mut self, pos: Pos) -> ExprId {
        let elem = self.type_();
        self.expr(pos, ExprKind::SliceType { elem })
    }

    /// At the `[` after a name: an array type `[n]E`, or type arguments `[n,]`, `[n1, n2]`.
    pub(super) fn array_or_args(&mut self) -> ArrayOrArgs {
        let pos = self.pos();
        self.want(Token::LBrack);
        if self.got(Token::RBrack) {
            return ArrayOrArgs::Array(self.slice_type(pos));
        }
        let (args, comma) = self.type_list(false);
        let rbrack = self.pos();
        self.want(Token::RBrack);
        if !comma && let Some(elem) = self.type_or_none() {
            let len = self.nodes[args].first().copied();
            return ArrayOrArgs::Array(self.expr(pos, ExprKind::Array { len, elem }));
        }
        ArrayOrArgs::Args { pos, args, rbrack }
    }

    /// `QualifiedIdent [ TypeArgs ]`, its first name read already if given.
    pub(super) fn qualified_name(&mut self, first: Option<IdentId>) -> ExprId {
        let mut x = match first {
            Some(name) => name.expr(),
            None if self.tok() == Token::Name => self.name().expr(),
            None => {
                let name = self.ident(self.pos(), sym::BLANK);
                self.syntax_error("expected name");
                self.advance(&[Token::Dot, Token::Semi, Token::RBrace]);
                name.expr()
            }
        };
        if self.tok() == Token::Dot {
            let pos = self.pos();
            self.next();
            let sel = self.name();
            x = self.expr(pos, ExprKind::Selector { x, sel });
        }
        if self.tok() == Token::LBrack {
            x = match self.enter_type(|p| p.type_instance(x)) {
                Some(x) => x,
                None => self.bad_expr(),
            };
        }
        x
    }

    /// `TypeArgs = "[" TypeList [ "," ] "]" .`
    fn type_instance(&mut self, x: ExprId) -> ExprId {
        let pos = self.pos();
        self.want(Token::LBrack);
        let args = if self.tok() == Token::RBrack {
            self.syntax_error("expected type argument list");
            let bad = self.bad_expr();
            self.one_expr(bad)
        } else {
            self.type_list(true).0
        };
        let rbrack = self.pos();
        self.want(Token::RBrack);
        self.expr(pos, ExprKind::Index { x, args, rbrack })
    }

    /// `[ TypeParameters ] Signature`. With a `context` complains about type parameters.
    pub(super) fn func_type(&mut self, context: &str) -> (List<Field>, ExprId) {
        let pos = self.pos();
        let mut type_params = List::EMPTY;
        if self.got(Token::LBrack) {
            if !context.is_empty() {
                self.syntax_error_at(pos, &format!("{context} must have no type parameters"));
            }
            if self.tok() == Token::RBrack {
                self.syntax_error("empty type parameter list");
                self.next();
            } else {
                type_params = self.type_params(None);
            }
        }
        self.want(Token::LParen);
        let params = self.params(Token::RParen, true);
        let results = self.results();
        (type_params, self.expr(pos, ExprKind::Func { params, results }))
    }

    /// `Result = Parameters | Type .`
    fn results(&mut self) -> List<Field> {
        if self.got(Token::LParen) {
            return self.params(Token::RParen, false);
        }
        let pos = self.pos();
        let Some(ty) = self.type_or_none() else {
            return List::EMPTY;
        };
        let mark = self.field_stack.len();
        self.field_stack.push(Field { pos, name: None, ty, tag: None });
        self.fields_since(mark)
    }
}
