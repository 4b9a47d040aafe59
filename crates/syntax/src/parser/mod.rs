//! From tokens to the tree: a parser by recursive descent with one token of lookahead.
//!
//! The grammar, and above all what happens where a program breaks it, follow Go's compiler
//! (`cmd/compile/internal/syntax`, parser.go), because the texts and places of its errors are what Go programmers
//! know. Each method that reads a piece of the grammar names it in the notation of the Go specification.
//!
//! Recursion is bounded: every nested expression, type or statement passes through [`Parser::enter`]. Chains that
//! are loops in the source, such as `a.b.c` or `a + b + c`, are loops here; those of the first kind still count,
//! since they make the tree as deep as nesting does ([`Parser::deepen`]).

mod decl;
mod errors;
mod expr;
mod fields;
mod header;
mod operand;
mod stmt;
mod type_decl;
mod types;

use std::panic::resume_unwind;
use std::thread;

use crate::ast::{
    BlockId, DeclId, Directive, Expr, ExprId, ExprKind, Field, File, IdentId, List, Nodes, Stmt,
    StmtId, StmtKind,
};
use crate::branches;
use crate::diagnostic::Diagnostic;
use crate::directives;
use crate::intern::{Interner, Symbol, sym};
use crate::lexer::Lexer;
use crate::pos::{Pos, Source};
use crate::printer::Tree;
use crate::token::{Op, Token};
use crate::{MAX_ERRORS, MAX_NESTING, MAX_TYPE_NESTING, Mode};

/// How many levels are read on the caller's stack; without optimisation a level can take several kilobytes.
const SMALL_STACK_NESTING: usize = 128;
/// The stack for the levels beyond.
const LARGE_STACK_BYTES: usize = MAX_NESTING * (32 << 10);

pub(crate) struct Parser<'s> {
    lex: Lexer<'s>,
    mode: Mode,
    nodes: Nodes,
    /// How deep the parser is in nested expressions, types and statements.
    depth: usize,
    /// How deep it is in nested types.
    type_depth: usize,
    /// The depth that the tree read since the last reset reaches, counted from the file.
    reach: usize,
    /// How many functions the parser is in; statements are worth stopping at only inside one.
    function_depth: u32,
    /// Negative in the head of a control clause, where a `{` starts the body and not a literal.
    expr_level: i32,
    /// Directives before this one belong to somebody, or to nobody.
    next_directive: usize,
    /// How many of the errors are about branches, which do not make a function malformed.
    branch_errors: usize,
    /// Whether the rest of the file was given up.
    gave_up: bool,
    /// Lists under construction, each on top of the ones around it.
    expr_stack: Vec<ExprId>,
    ident_stack: Vec<IdentId>,
    stmt_stack: Vec<StmtId>,
    decl_stack: Vec<DeclId>,
    field_stack: Vec<Field>,
}

pub(crate) fn parse(
    source: Source,
    interner: &Interner,
    mode: Mode,
    diagnostics: &mut Vec<Diagnostic>,
) -> File {
    let mut parser = Parser {
        lex: Lexer::new(&source, interner),
        mode,
        nodes: Nodes::with_capacity(source.text.len()),
        depth: 0,
        type_depth: 0,
        reach: 0,
        function_depth: 0,
        expr_level: 0,
        next_directive: 0,
        branch_errors: 0,
        gave_up: false,
        expr_stack: Vec::new(),
        ident_stack: Vec::new(),
        stmt_stack: Vec::new(),
        decl_stack: Vec::new(),
        field_stack: Vec::new(),
    };
    parser.lex.keep_comments = mode.comments;
    parser.next();
    let top = parser.file();
    let mut nodes = parser.nodes;
    nodes.directives = parser.lex.directives;
    nodes.comments = parser.lex.comments;
    let lines = parser.lex.lines;
    diagnostics.append(&mut parser.lex.diagnostics);
    nodes.shrink();
    File {
        source,
        lines,
        nodes,
        pos: top.pos,
        package: top.package,
        directives: top.directives,
        decls: top.decls,
        go_version: top.go_version,
        eof: top.eof,
    }
}

/// What [`Parser::file`] found.
struct Top {
    pos: Pos,
    package: Option<IdentId>,
    directives: List<Directive>,
    decls: List<DeclId>,
    go_version: Option<Box<str>>,
    eof: Pos,
}

/// Tokens.
impl Parser<'_> {
    fn tok(&self) -> Token {
        self.lex.tok
    }

    fn pos(&self) -> Pos {
        self.lex.pos()
    }

    fn next(&mut self) {
        if !self.gave_up {
            self.lex.next_token();
            if self.lex.diagnostics.len() >= MAX_ERRORS {
                self.stop();
            }
        }
    }

    /// Takes `tok` if it is next.
    fn got(&mut self, tok: Token) -> bool {
        let there = self.lex.tok == tok;
        if there {
            self.next();
        }
        there
    }

    /// Takes `tok`, or complains that it is missing and skips a token.
    fn want(&mut self, tok: Token) {
        if !self.got(tok) {
            self.syntax_error(&format!("expected {}", errors::describe(tok)));
            self.skip_one();
        }
    }

    /// Takes a `=`; takes a `:=` for it, with a complaint.
    fn got_assign(&mut self) -> bool {
        match self.tok() {
            Token::Define => {
                self.syntax_error("expected =");
                self.next();
                true
            }
            _ => self.got(Token::Assign),
        }
    }

    /// Whether the binary or unary operator `op` is next.
    fn at_op(&self, op: Op) -> bool {
        self.tok() == Token::Operator && self.lex.op == op
    }
}

/// Depth.
impl<'s> Parser<'s> {
    /// Reads something one level deeper, or nothing if that is too deep.
    fn enter<T: Send>(&mut self, read: impl FnOnce(&mut Self) -> T + Send) -> Option<T> {
        if self.depth >= MAX_NESTING {
            self.give_up(MAX_NESTING);
            return None;
        }
        self.depth += 1;
        self.reach = self.reach.max(self.depth);
        let result = if self.depth == SMALL_STACK_NESTING {
            self.on_large_stack(read)
        } else {
            Some(read(self))
        };
        self.depth -= 1;
        result
    }

    /// The same for a type in a type.
    fn enter_type<T: Send>(&mut self, read: impl FnOnce(&mut Self) -> T + Send) -> Option<T> {
        if self.type_depth >= MAX_TYPE_NESTING {
            self.give_up(MAX_TYPE_NESTING);
            return None;
        }
        self.type_depth += 1;
        let result = self.enter(read);
        self.type_depth -= 1;
        result
    }

    /// Goes on on a thread of its own, so that the caller's stack may be of any usual size.
    #[cold]
    fn on_large_stack<T: Send>(&mut self, read: impl FnOnce(&mut Self) -> T + Send) -> Option<T> {
        let outcome = thread::scope(|scope| {
            let builder = thread::Builder::new().stack_size(LARGE_STACK_BYTES);
            let thread = builder.spawn_scoped(scope, || read(self)).ok()?;
            Some(thread.join())
        });
        match outcome {
            Some(Ok(result)) => Some(result),
            Some(Err(panic)) => resume_unwind(panic),
            None => {
                self.give_up(SMALL_STACK_NESTING);
                None
            }
        }
    }

    /// Puts all that was read since the last reset of `reach` a level deeper; false if that is too deep.
    fn deepen(&mut self) -> bool {
        self.reach += 1;
        if self.reach > MAX_NESTING {
            self.give_up(MAX_NESTING);
        }
        self.reach <= MAX_NESTING
    }

    /// Complains that the file nests deeper than a limit and acts from here on as if it ended.
    #[cold]
    fn give_up(&mut self, limit: usize) {
        if !self.gave_up {
            self.error_at(self.pos(), format!("nesting is deeper than {limit} levels"));
            self.stop();
        }
    }

    /// Acts from here on as if the file ended.
    #[cold]
    fn stop(&mut self) {
        self.lex.skip_all();
        self.gave_up = true;
    }
}

/// Nodes and lists.
impl<'s> Parser<'s> {
    fn tree(&self) -> Tree<'_> {
        Tree::new(&self.nodes, self.lex.src, self.lex.interner)
    }

    fn expr(&mut self, pos: Pos, kind: ExprKind) -> ExprId {
        let id = ExprId::from_index(self.nodes.exprs.len());
        self.nodes.exprs.push(Expr { pos, kind });
        id
    }

    fn kind(&self, id: ExprId) -> ExprKind {
        self.nodes[id].kind
    }

    fn stmt(&mut self, pos: Pos, kind: StmtKind) -> StmtId {
        let id = StmtId::from_index(self.nodes.stmts.len());
        self.nodes.stmts.push(Stmt { pos, kind });
        id
    }

    fn bad_expr(&mut self) -> ExprId {
        self.expr(self.pos(), ExprKind::Bad)
    }

    fn ident(&mut self, pos: Pos, symbol: Symbol) -> IdentId {
        IdentId(self.expr(pos, ExprKind::Name(symbol)))
    }

    fn as_ident(&self, id: ExprId) -> Option<IdentId> {
        matches!(self.kind(id), ExprKind::Name(_)).then_some(IdentId(id))
    }

    fn unparen(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Paren(x) = self.kind(id) {
            id = x;
        }
        id
    }

    fn exprs_since(&mut self, mark: usize) -> List<ExprId> {
        let start = self.nodes.expr_lists.len();
        self.nodes.expr_lists.extend(self.expr_stack.drain(mark..));
        List::from_range(start..self.nodes.expr_lists.len())
    }

    fn one_expr(&mut self, id: ExprId) -> List<ExprId> {
        let start = self.nodes.expr_lists.len();
        self.nodes.expr_lists.push(id);
        List::from_range(start..start + 1)
    }

    fn stmts_since(&mut self, mark: usize) -> List<StmtId> {
        let start = self.nodes.stmt_lists.len();
        self.nodes.stmt_lists.extend(self.stmt_stack.drain(mark..));
        List::from_range(start..self.nodes.stmt_lists.len())
    }

    fn decls_since(&mut self, mark: usize) -> List<DeclId> {
        let start = self.nodes.decl_lists.len();
        self.nodes.decl_lists.extend(self.decl_stack.drain(mark..));
        List::from_range(start..self.nodes.decl_lists.len())
    }

    fn fields_since(&mut self, mark: usize) -> List<Field> {
        let start = self.nodes.fields.len();
        self.nodes.fields.extend(self.field_stack.drain(mark..));
        List::from_range(start..self.nodes.fields.len())
    }
}

/// Productions used everywhere.
impl<'s> Parser<'s> {
    /// The identifier that is next, or `_` with a complaint.
    fn name(&mut self) -> IdentId {
        let pos = self.pos();
        if self.tok() == Token::Name {
            let symbol = self.lex.symbol;
            self.next();
            return self.ident(pos, symbol);
        }
        let name = self.ident(pos, sym::BLANK);
        self.syntax_error("expected name");
        self.skip_one();
        name
    }

    /// `IdentifierList = identifier { "," identifier } .`
    fn name_list(&mut self, first: IdentId) -> List<IdentId> {
        let mark = self.ident_stack.len();
        self.ident_stack.push(first);
        while self.got(Token::Comma) {
            let name = self.name();
            self.ident_stack.push(name);
        }
        let start = self.nodes.ident_lists.len();
        self.nodes.ident_lists.extend(self.ident_stack.drain(mark..));
        List::from_range(start..self.nodes.ident_lists.len())
    }

    /// `ExpressionList = Expression { "," Expression } .`
    fn expr_list(&mut self) -> List<ExprId> {
        let first = self.expression();
        self.expr_list_from(first)
    }

    /// The rest of an expression list whose first element was read already.
    fn expr_list_from(&mut self, first: ExprId) -> List<ExprId> {
        if self.tok() != Token::Comma {
            return self.one_expr(first);
        }
        let mark = self.expr_stack.len();
        self.expr_stack.push(first);
        while self.got(Token::Comma) {
            let x = self.expression();
            self.expr_stack.push(x);
        }
        self.exprs_since(mark)
    }

    /// `list = [ element { separator element } [ separator ] ] close .` Returns the position of `close`.
    ///
    /// `element` returns true if it can only be the last one.
    fn list(
        &mut self,
        context: &str,
        separator: Token,
        close: Token,
        mut element: impl FnMut(&mut Self) -> bool,
    ) -> Pos {
        let mut done = false;
        while self.tok() != Token::Eof && self.tok() != close && !done {
            done = element(self);
            if !self.got(separator) && self.tok() != close {
                let (separator, end) = (errors::describe(separator), errors::describe(close));
                self.syntax_error(&format!("in {context}; possibly missing {separator} or {end}"));
                self.advance(&[Token::RParen, Token::RBrack, Token::RBrace]);
                if self.tok() != close {
                    return self.pos();
                }
            }
        }
        let pos = self.pos();
        self.want(close);
        pos
    }

    /// Takes the directives read since the last declaration, for the one that starts here.
    fn take_directives(&mut self) -> List<Directive> {
        let range = self.next_directive..self.lex.directives.len();
        self.next_directive = range.end;
        for directive in &mut self.lex.directives[range.clone()] {
            directive.attached = true;
        }
        List::from_range(range)
    }

    /// Leaves the directives read since the last declaration to nobody.
    fn drop_directives(&mut self) {
        self.next_directive = self.lex.directives.len();
    }

    /// Resolves branches in a function's body, if that was asked for and the body is well-formed.
    fn check_branches(&mut self, body: BlockId, errors_before: usize) {
        if self.mode.check_branches && self.error_count() == errors_before {
            let errors = branches::check(&mut self.nodes, self.lex.src, self.lex.interner, body);
            for (pos, error) in errors {
                let message =
                    error.message(&|pos| self.lex.lines.position(&self.lex.source.name, pos));
                self.error_at(pos, message);
                self.branch_errors += 1;
            }
        }
    }

    /// How many errors there are, but for those about branches.
    fn error_count(&self) -> usize {
        self.lex.diagnostics.len() - self.branch_errors
    }

    fn go_version(&self) -> Option<Box<str>> {
        let mut version = None;
        for directive in &self.lex.directives {
            let text = &self.lex.src[directive.pos.offset()..directive.end.offset()];
            let text = str::from_utf8(text).unwrap_or("");
            if let Some(found) = directives::go_version_of_build_line(text) {
                version = found;
            }
        }
        version
    }
}
