//! Statements.

use super::Parser;
use crate::ast::{
    AssignOp, Block, BlockId, BranchKind, CaseClause, CommClause, ExprId, ExprKind, IdentId, List,
    SpawnKind, StmtId, StmtKind,
};
use crate::pos::Pos;
use crate::token::{Op, Token};

/// A statement that can stand in the head of a control clause. It becomes a node once it is known to be one: the
/// condition of an `if` starts like a statement.
#[derive(Clone, Copy)]
pub(super) struct Simple {
    pub pos: Pos,
    pub kind: SimpleKind,
}

/// The kinds of simple statements.
#[derive(Clone, Copy)]
pub(super) enum SimpleKind {
    /// A statement of its own.
    Stmt(StmtKind),
    /// What a `for` ranges over.
    Range { lhs: List<ExprId>, define: bool, x: ExprId },
}

impl Parser<'_> {
    /// ```text
    /// SimpleStmt = EmptyStmt | ExpressionStmt | SendStmt | IncDecStmt | Assignment | ShortVarDecl .
    /// ```
    ///
    /// The first expression may be given. After `keyword` a `for` may range and a `switch` may have a guard.
    pub(super) fn simple_stmt(&mut self, first: Option<ExprId>, keyword: Token) -> Simple {
        if keyword == Token::For && self.tok() == Token::Range {
            return self.range_clause(List::EMPTY, false);
        }
        let first = match first {
            Some(first) => first,
            None => self.expression(),
        };
        let pos = self.pos();
        match self.tok() {
            Token::Assign | Token::Define => {
                let lhs = self.one_expr(first);
                self.assignment(lhs, keyword)
            }
            Token::Comma => {
                let lhs = self.expr_list_from(first);
                self.assignment(lhs, keyword)
            }
            Token::AssignOp => {
                let op = AssignOp::Op(self.lex.op);
                self.next();
                let lhs = self.one_expr(first);
                let rhs = self.expression();
                let rhs = self.one_expr(rhs);
                Simple::stmt(pos, StmtKind::Assign { op, lhs, rhs })
            }
            Token::IncOp => {
                let op = self.lex.op;
                self.next();
                Simple::stmt(pos, StmtKind::IncDec { x: first, op })
            }
            Token::Arrow => {
                self.next();
                let value = self.expression();
                Simple::stmt(pos, StmtKind::Send { chan: first, value })
            }
            _ => self.expr_stmt(first),
        }
    }

    fn expr_stmt(&self, x: ExprId) -> Simple {
        Simple::stmt(self.nodes[x].pos, StmtKind::Expr(x))
    }

    /// The rest of an assignment, a declaration or a range clause after its left side.
    fn assignment(&mut self, lhs: List<ExprId>, keyword: Token) -> Simple {
        let pos = self.pos();
        let op = match self.tok() {
            Token::Assign => AssignOp::Assign,
            Token::Define => AssignOp::Define,
            _ => {
                self.syntax_error("expected := or = or comma");
                self.advance(&[Token::Semi, Token::RBrace]);
                let first = self.nodes[lhs][0];
                return self.expr_stmt(first);
            }
        };
        self.next();
        if keyword == Token::For && self.tok() == Token::Range {
            return self.range_clause(lhs, op == AssignOp::Define);
        }
        let rhs = self.expr_list();
        if keyword == Token::Switch
            && op == AssignOp::Define
            && let (&[x], &[name]) = (&self.nodes[rhs], &self.nodes[lhs])
            && let Some(name) = self.as_ident(name)
            && let ExprKind::TypeSwitchGuard { x: value, .. } = self.kind(x)
        {
            let guard = &mut self.nodes.exprs[x.index()];
            guard.kind = ExprKind::TypeSwitchGuard { lhs: Some(name), x: value };
            return self.expr_stmt(x);
        }
        Simple::stmt(pos, StmtKind::Assign { op, lhs, rhs })
    }

    fn range_clause(&mut self, lhs: List<ExprId>, define: bool) -> Simple {
        let pos = self.pos();
        self.next();
        let x = self.expression();
        Simple { pos, kind: SimpleKind::Range { lhs, define, x } }
    }

    pub(super) fn simple_to_stmt(&mut self, simple: Simple) -> StmtId {
        match simple.kind {
            SimpleKind::Stmt(kind) => self.stmt(simple.pos, kind),
            SimpleKind::Range { x, .. } => self.stmt(simple.pos, StmtKind::Expr(x)),
        }
    }

    /// `StatementList = { Statement ";" } .`
    pub(super) fn stmt_list(&mut self) -> List<StmtId> {
        let mark = self.stmt_stack.len();
        while !matches!(self.tok(), Token::Eof | Token::RBrace | Token::Case | Token::Default) {
            let stmt = self.stmt_or_none();
            self.drop_directives();
            let Some(stmt) = stmt else { break };
            self.stmt_stack.push(stmt);
            if !self.got(Token::Semi) && self.tok() != Token::RBrace {
                self.syntax_error("at end of statement");
                self.advance(&[Token::Semi, Token::RBrace, Token::Case, Token::Default]);
                self.got(Token::Semi);
            }
        }
        self.stmts_since(mark)
    }

    /// ```text
    /// Statement = Declaration | LabeledStmt | SimpleStmt | GoStmt | ReturnStmt | BreakStmt | ContinueStmt | GotoStmt
    ///           | FallthroughStmt | Block | IfStmt | SwitchStmt | SelectStmt | ForStmt | DeferStmt .
    /// ```
    fn stmt_or_none(&mut self) -> Option<StmtId> {
        self.enter(Self::stmt_or_none_inside)?
    }

    fn stmt_or_none_inside(&mut self) -> Option<StmtId> {
        let pos = self.pos();
        if matches!(self.tok(), Token::Var | Token::Const | Token::Type) {
            let mark = self.decl_stack.len();
            self.declarations();
            let decls = self.decls_since(mark);
            return Some(self.stmt(pos, StmtKind::Decl(decls)));
        }
        self.drop_directives();
        let kind = match self.tok() {
            Token::Name => {
                let first = self.expression();
                if self.tok() == Token::Colon
                    && let Some(label) = self.as_ident(first)
                {
                    return self.labeled_stmt(label);
                }
                let simple = self.simple_stmt(Some(first), Token::Eof);
                return Some(self.simple_to_stmt(simple));
            }
            Token::Operator | Token::Star => match self.lex.op {
                Op::Add | Op::Sub | Op::Mul | Op::And | Op::Xor | Op::Not => {
                    return Some(self.plain_simple_stmt());
                }
                _ => return None,
            },
            Token::Literal
            | Token::Func
            | Token::LParen
            | Token::LBrack
            | Token::Struct
            | Token::Map
            | Token::Chan
            | Token::Interface
            | Token::Arrow => return Some(self.plain_simple_stmt()),
            Token::LBrace => StmtKind::Block(self.block("")),
            Token::For => self.for_stmt(),
            Token::Switch => self.switch_stmt(),
            Token::Select => self.select_stmt(),
            Token::If => return Some(self.if_stmt()),
            Token::Fallthrough | Token::Break | Token::Continue | Token::Goto => self.branch_stmt(),
            Token::Go => self.spawn_stmt(SpawnKind::Go),
            Token::Defer => self.spawn_stmt(SpawnKind::Defer),
            Token::Return => self.return_stmt(),
            Token::Semi => StmtKind::Empty,
            _ => return None,
        };
        Some(self.stmt(pos, kind))
    }

    fn plain_simple_stmt(&mut self) -> StmtId {
        let simple = self.simple_stmt(None, Token::Eof);
        self.simple_to_stmt(simple)
    }

    fn branch_stmt(&mut self) -> StmtKind {
        let kind = match self.tok() {
            Token::Break => BranchKind::Break,
            Token::Continue => BranchKind::Continue,
            Token::Goto => BranchKind::Goto,
            _ => BranchKind::Fallthrough,
        };
        self.next();
        let label = match kind {
            BranchKind::Goto => Some(self.name()),
            BranchKind::Break | BranchKind::Continue if self.tok() == Token::Name => {
                Some(self.name())
            }
            _ => None,
        };
        StmtKind::Branch { kind, label, target: None }
    }

    fn return_stmt(&mut self) -> StmtKind {
        self.next();
        if matches!(self.tok(), Token::Semi | Token::RBrace) {
            return StmtKind::Return(List::EMPTY);
        }
        StmtKind::Return(self.expr_list())
    }

    fn spawn_stmt(&mut self, kind: SpawnKind) -> StmtKind {
        let keyword = self.tok();
        self.next();
        let keep_parens = self.tok() == Token::LParen;
        let x = self.primary_expr(keep_parens);
        let call = self.unparen(x);
        if call != x {
            let message = format!("expression in {keyword} must not be parenthesized");
            self.error_at(self.nodes[x].pos, message);
        }
        StmtKind::Spawn { kind, call }
    }

    /// `LabeledStmt = Label ":" Statement .`, at the `:`. Complains if there is no statement.
    fn labeled_stmt(&mut self, label: IdentId) -> Option<StmtId> {
        let pos = self.pos();
        self.want(Token::Colon);
        let stmt = if self.tok() == Token::RBrace {
            Some(self.stmt(self.pos(), StmtKind::Empty))
        } else {
            self.stmt_or_none()
        };
        let Some(stmt) = stmt else {
            self.syntax_error_at(pos, "missing statement after label");
            return None;
        };
        Some(self.stmt(pos, StmtKind::Labeled { label, stmt }))
    }

    /// `Block = "{" StatementList "}" .` Unless it starts with a `{` for certain, `context` says what it belongs to.
    pub(super) fn block(&mut self, context: &str) -> BlockId {
        let lbrace = self.pos();
        if !self.got(Token::LBrace) {
            self.syntax_error(&format!("expected {{ after {context}"));
            self.advance(&[Token::Name, Token::RBrace]);
            let rbrace = self.pos();
            if self.got(Token::RBrace) {
                return self.push_block(lbrace, List::EMPTY, rbrace);
            }
        }
        let stmts = self.stmt_list();
        let rbrace = self.pos();
        self.want(Token::RBrace);
        self.push_block(lbrace, stmts, rbrace)
    }

    fn push_block(&mut self, lbrace: Pos, stmts: List<StmtId>, rbrace: Pos) -> BlockId {
        let id = BlockId::from_index(self.nodes.blocks.len());
        self.nodes.blocks.push(Block { lbrace, stmts, rbrace });
        id
    }

    fn for_stmt(&mut self) -> StmtKind {
        let head = self.header(Token::For);
        let body = self.block("for clause");
        if let Some(Simple { pos: range_pos, kind: SimpleKind::Range { lhs, define, x } }) =
            head.init
        {
            return StmtKind::Range { lhs, define, x, range_pos, body };
        }
        let init = head.init.map(|init| self.simple_to_stmt(init));
        let post = head.post.map(|post| self.simple_to_stmt(post));
        StmtKind::For { init, cond: head.cond, post, body }
    }

    /// `IfStmt = "if" [ SimpleStmt ";" ] Expression Block [ "else" ( IfStmt | Block ) ] .`
    fn if_stmt(&mut self) -> StmtId {
        let mut chain = Vec::new();
        let mut els = None;
        loop {
            let pos = self.pos();
            let head = self.header(Token::If);
            let init = head.init.map(|init| self.simple_to_stmt(init));
            let cond = match head.cond {
                Some(cond) => cond,
                None => self.expr(pos, ExprKind::Bad),
            };
            let then = self.block("if clause");
            chain.push((pos, init, cond, then));
            if !self.got(Token::Else) {
                break;
            }
            match self.tok() {
                Token::If => continue,
                Token::LBrace => {
                    let pos = self.pos();
                    let block = self.block("");
                    els = Some(self.stmt(pos, StmtKind::Block(block)));
                }
                _ => {
                    self.syntax_error("else must be followed by if or statement block");
                    self.advance(&[Token::Name, Token::RBrace]);
                }
            }
            break;
        }
        while let Some((pos, init, cond, then)) = chain.pop() {
            let stmt = self.stmt(pos, StmtKind::If { init, cond, then, els });
            if chain.is_empty() {
                return stmt;
            }
            els = Some(stmt);
        }
        unreachable!("an if statement has at least one condition")
    }

    fn switch_stmt(&mut self) -> StmtKind {
        let head = self.header(Token::Switch);
        let init = head.init.map(|init| self.simple_to_stmt(init));
        self.open_clauses("missing { after switch clause");
        let mut clauses = Vec::new();
        while !matches!(self.tok(), Token::Eof | Token::RBrace) {
            let pos = self.pos();
            let exprs = self.clause_head(Self::expr_list);
            let colon = self.pos();
            self.want(Token::Colon);
            let body = self.stmt_list();
            clauses.push(CaseClause { pos, exprs, colon, body });
        }
        let rbrace = self.pos();
        self.want(Token::RBrace);
        let start = self.nodes.cases.len();
        self.nodes.cases.append(&mut clauses);
        StmtKind::Switch {
            init,
            tag: head.cond,
            clauses: List::from_range(start..self.nodes.cases.len()),
            rbrace,
        }
    }

    fn select_stmt(&mut self) -> StmtKind {
        self.want(Token::Select);
        self.open_clauses("missing { after select clause");
        let mut clauses = Vec::new();
        while !matches!(self.tok(), Token::Eof | Token::RBrace) {
            let pos = self.pos();
            let comm = self.clause_head(Self::plain_simple_stmt);
            let colon = self.pos();
            self.want(Token::Colon);
            let body = self.stmt_list();
            clauses.push(CommClause { pos, comm, colon, body });
        }
        let rbrace = self.pos();
        self.want(Token::RBrace);
        let start = self.nodes.comms.len();
        self.nodes.comms.append(&mut clauses);
        StmtKind::Select { clauses: List::from_range(start..self.nodes.comms.len()), rbrace }
    }

    fn open_clauses(&mut self, complaint: &str) {
        if !self.got(Token::LBrace) {
            self.syntax_error(complaint);
            self.advance(&[Token::Case, Token::Default, Token::RBrace]);
        }
    }

    /// `case` and what `read` reads after it, or `default`.
    fn clause_head<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        match self.tok() {
            Token::Case => {
                self.next();
                return Some(read(self));
            }
            Token::Default => self.next(),
            _ => {
                self.syntax_error("expected case or default or }");
                self.advance(&[Token::Colon, Token::Case, Token::Default, Token::RBrace]);
            }
        }
        None
    }
}

impl Simple {
    fn stmt(pos: Pos, kind: StmtKind) -> Self {
        Self { pos, kind: SimpleKind::Stmt(kind) }
    }
}
