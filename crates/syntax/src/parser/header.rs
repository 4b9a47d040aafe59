//! What stands between `if`, `for` or `switch` and the `{`.

use super::Parser;
use super::stmt::{Simple, SimpleKind};
use crate::ast::{AssignOp, ExprId, ExprKind, StmtKind};
use crate::lexer::Semi;
use crate::pos::Pos;
use crate::token::Token;

/// The parts of a control clause's head.
#[derive(Default)]
pub(super) struct Header {
    pub init: Option<Simple>,
    pub cond: Option<ExprId>,
    pub post: Option<Simple>,
}

impl Parser<'_> {
    /// ```text
    /// [ SimpleStmt ";" ] [ Expression ]
    /// [ SimpleStmt ] ";" [ Expression ] ";" [ SimpleStmt ]
    /// ```
    pub(super) fn header(&mut self, keyword: Token) -> Header {
        self.want(keyword);
        let mut header = Header::default();
        if self.tok() == Token::LBrace {
            if keyword == Token::If {
                self.syntax_error("missing condition in if statement");
                header.cond = Some(self.bad_expr());
            }
            return header;
        }
        let outer = std::mem::replace(&mut self.expr_level, -1);
        self.header_parts(keyword, &mut header);
        self.expr_level = outer;
        header
    }

    fn header_parts(&mut self, keyword: Token, header: &mut Header) {
        if self.tok() != Token::Semi {
            if self.got(Token::Var) {
                self.syntax_error(&format!("var declaration not allowed in {keyword} initializer"));
            }
            let init = self.simple_stmt(None, keyword);
            header.init = Some(init);
            if matches!(init.kind, SimpleKind::Range { .. }) {
                return;
            }
        }
        let mut semi = None;
        let condition;
        if self.tok() == Token::LBrace {
            condition = header.init.take();
        } else {
            if self.tok() == Token::Semi {
                semi = Some((self.pos(), self.lex.semi));
                self.next();
            } else {
                // Wanting a `{` rather than a `;` makes the better message.
                self.want(Token::LBrace);
                if self.tok() != Token::LBrace {
                    self.advance(&[Token::LBrace, Token::RBrace]);
                }
            }
            condition = if keyword == Token::For {
                self.for_condition_and_post(header)
            } else if self.tok() != Token::LBrace {
                Some(self.simple_stmt(None, keyword))
            } else {
                None
            };
        }
        header.cond = self.condition(keyword, condition, semi);
    }

    fn for_condition_and_post(&mut self, header: &mut Header) -> Option<Simple> {
        let mut condition = None;
        if self.tok() != Token::Semi {
            if self.tok() == Token::LBrace {
                self.syntax_error("expected for loop condition");
                return None;
            }
            condition = Some(self.simple_stmt(None, Token::Eof));
        }
        self.want(Token::Semi);
        if self.tok() != Token::LBrace {
            let post = self.simple_stmt(None, Token::Eof);
            header.post = Some(post);
            if let SimpleKind::Stmt(StmtKind::Assign { op: AssignOp::Define, .. }) = post.kind {
                self.syntax_error_at(post.pos, "cannot declare in post statement of for loop");
            }
        }
        condition
    }

    /// The expression that the statement in the condition's place should be.
    fn condition(
        &mut self,
        keyword: Token,
        simple: Option<Simple>,
        semi: Option<(Pos, Semi)>,
    ) -> Option<ExprId> {
        let Some(simple) = simple else {
            let (pos, semi) = semi.filter(|_| keyword == Token::If)?;
            if semi == Semi::Semicolon {
                self.syntax_error_at(pos, "missing condition in if statement");
            } else {
                let found = semi.as_str();
                self.syntax_error_at(
                    pos,
                    &format!("unexpected {found}, expected {{ after if clause"),
                );
            }
            return Some(self.expr(pos, ExprKind::Bad));
        };
        let kind = match simple.kind {
            SimpleKind::Stmt(StmtKind::Expr(x)) => return Some(x),
            SimpleKind::Stmt(kind) => kind,
            SimpleKind::Range { x, .. } => StmtKind::Expr(x),
        };
        let stmt = self.tree().condition_misread(kind);
        self.syntax_error_at(simple.pos, &format!("cannot use {stmt} as value"));
        None
    }
}
