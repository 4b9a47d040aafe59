//! A parsed file: the arenas its nodes live in, and access to them.

use std::ops::Index;
use std::sync::Arc;

use super::ids::{BlockId, DeclId, ExprId, GroupId, IdentId, List, StmtId};
use super::nodes::{
    Block, CaseClause, CommClause, Comment, Decl, DeclKind, Directive, Expr, ExprKind, Field,
    Group, Stmt,
};
use crate::intern::Symbol;
use crate::lines::LineTable;
use crate::pos::{FileId, LineCol, Pos, Position, Source};

/// A parsed source file. It owns its nodes and keeps its source; it can be shared between threads.
///
/// Index it with ids and lists to reach the nodes.
#[derive(Debug)]
pub struct File {
    pub(crate) source: Source,
    pub(crate) lines: LineTable,
    /// The `package` keyword, or the file's first token where that is missing.
    pub pos: Pos,
    /// The package's name; `None` if the package clause is missing or wrong, and then nothing else was read.
    pub package: Option<IdentId>,
    /// The directives before the package clause.
    pub directives: List<Directive>,
    /// The top-level declarations in source order; each line of a group is one.
    pub decls: List<DeclId>,
    /// The Go version that a `//go:build` line above the package clause asks for, such as `go1.21`.
    pub go_version: Option<Box<str>>,
    /// The end of the file.
    pub eof: Pos,
    pub(crate) nodes: Nodes,
}

/// The arenas. Lists of nodes lie in the nodes' own arena; lists of ids have arenas of their own.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub exprs: Vec<Expr>,
    pub stmts: Vec<Stmt>,
    pub decls: Vec<Decl>,
    pub blocks: Vec<Block>,
    pub groups: Vec<Group>,
    pub fields: Vec<Field>,
    pub cases: Vec<CaseClause>,
    pub comms: Vec<CommClause>,
    pub directives: Vec<Directive>,
    pub comments: Vec<Comment>,
    pub expr_lists: Vec<ExprId>,
    pub stmt_lists: Vec<StmtId>,
    pub decl_lists: Vec<DeclId>,
    pub ident_lists: Vec<IdentId>,
}

macro_rules! index_by_id {
    ($($id:ty => $arena:ident: $node:ty,)*) => {$(
        impl Index<$id> for Nodes {
            type Output = $node;
            fn index(&self, id: $id) -> &$node {
                &self.$arena[id.index()]
            }
        }
        impl Index<$id> for File {
            type Output = $node;
            fn index(&self, id: $id) -> &$node {
                &self.nodes[id]
            }
        }
    )*};
}

macro_rules! index_by_list {
    ($($node:ty => $arena:ident,)*) => {$(
        impl Index<List<$node>> for Nodes {
            type Output = [$node];
            fn index(&self, list: List<$node>) -> &[$node] {
                &self.$arena[list.range()]
            }
        }
        impl Index<List<$node>> for File {
            type Output = [$node];
            fn index(&self, list: List<$node>) -> &[$node] {
                &self.nodes[list]
            }
        }
    )*};
}

index_by_id! {
    ExprId => exprs: Expr,
    StmtId => stmts: Stmt,
    DeclId => decls: Decl,
    BlockId => blocks: Block,
    GroupId => groups: Group,
}

index_by_list! {
    ExprId => expr_lists,
    StmtId => stmt_lists,
    DeclId => decl_lists,
    IdentId => ident_lists,
    Field => fields,
    CaseClause => cases,
    CommClause => comms,
    Directive => directives,
    Comment => comments,
}

impl Nodes {
    /// Arenas with room for what a source of `bytes` bytes usually has.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            exprs: Vec::with_capacity(bytes / 8),
            stmts: Vec::with_capacity(bytes / 64),
            expr_lists: Vec::with_capacity(bytes / 24),
            ..Self::default()
        }
    }

    /// Gives back what room is left, once a file is read.
    pub(crate) fn shrink(&mut self) {
        self.exprs.shrink_to_fit();
        self.stmts.shrink_to_fit();
        self.fields.shrink_to_fit();
        self.expr_lists.shrink_to_fit();
    }
}

impl File {
    /// The file's number, as the caller chose it.
    pub fn id(&self) -> FileId {
        self.source.id
    }

    /// The file's name.
    pub fn name(&self) -> &Arc<str> {
        &self.source.name
    }

    /// The source the file was parsed from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The name of an identifier.
    pub fn symbol(&self, ident: IdentId) -> Symbol {
        match self[ident.0].kind {
            ExprKind::Name(symbol) => symbol,
            _ => unreachable!("an IdentId names an identifier"),
        }
    }

    /// The position of an identifier.
    pub fn ident_pos(&self, ident: IdentId) -> Pos {
        self[ident.0].pos
    }

    /// `expr` as an identifier, if it is one.
    pub fn as_ident(&self, expr: ExprId) -> Option<IdentId> {
        matches!(self[expr].kind, ExprKind::Name(_)).then_some(IdentId(expr))
    }

    /// The text of a literal as it stands in the source, quotes included; empty for other expressions.
    ///
    /// A literal that is not UTF-8 has been reported and marked bad, and reads as empty.
    pub fn literal(&self, expr: ExprId) -> &str {
        match self[expr] {
            Expr { pos, kind: ExprKind::Literal { len, .. } } => self.text(pos, Pos(pos.0 + len)),
            _ => "",
        }
    }

    /// The source text between two positions; empty if it is not UTF-8.
    ///
    /// # Panics
    ///
    /// If the positions are not in order, or not of this file.
    pub fn text(&self, start: Pos, end: Pos) -> &str {
        str::from_utf8(&self.source.text[start.offset()..end.offset()]).unwrap_or("")
    }

    /// `expr` without any parentheses around it.
    pub fn unparen(&self, mut expr: ExprId) -> ExprId {
        while let ExprKind::Paren(x) = self[expr].kind {
            expr = x;
        }
        expr
    }

    /// How many expressions there are: the size of a side table by [`ExprId`].
    pub fn expr_count(&self) -> usize {
        self.nodes.exprs.len()
    }

    /// How many statements there are: the size of a side table by [`StmtId`].
    pub fn stmt_count(&self) -> usize {
        self.nodes.stmts.len()
    }

    /// How many declarations there are, local ones included: the size of a side table by [`DeclId`].
    pub fn decl_count(&self) -> usize {
        self.nodes.decls.len()
    }

    /// How many blocks there are: the size of a side table by [`BlockId`].
    pub fn block_count(&self) -> usize {
        self.nodes.blocks.len()
    }

    /// All comments in source order, if [`Mode::comments`](crate::Mode) was set; else none.
    pub fn comments(&self) -> &[Comment] {
        &self.nodes.comments
    }

    /// The comments that document what is at `pos`: those directly before it, with no empty line between them or after
    /// them. Needs [`Mode::comments`](crate::Mode).
    ///
    /// For a declaration ask at its [`keyword`](Decl::keyword), for a field at its [`pos`](Field::pos).
    pub fn comments_before(&self, pos: Pos) -> &[Comment] {
        let comments = &self.nodes.comments;
        let end = comments.partition_point(|comment| comment.end <= pos);
        let mut start = end;
        let mut next = pos;
        while let Some(before) = start.checked_sub(1).map(|i| comments[i]) {
            let between = &self.source.text[before.end.offset()..next.offset()];
            let blank = between.iter().all(u8::is_ascii_whitespace);
            if !blank
                || memchr::memchr_iter(b'\n', between).count() > 1
                || !self.is_first_on_line(before.pos)
            {
                break;
            }
            start -= 1;
            next = before.pos;
        }
        &comments[start..end]
    }

    fn is_first_on_line(&self, pos: Pos) -> bool {
        let before = &self.source.text[..pos.offset()];
        let last = before.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        last.is_none_or(|last| before[last] == b'\n')
    }

    /// All `//go:` directives in source order.
    pub fn all_directives(&self) -> &[Directive] {
        &self.nodes.directives
    }

    /// The text of a comment, with its `//` or `/*` and `*/`.
    pub fn comment_text(&self, comment: Comment) -> &str {
        self.text(comment.pos, comment.end).trim_end_matches('\r')
    }

    /// The text of a directive without its `//`: `go:linkname local remote`.
    pub fn directive_text(&self, directive: Directive) -> &str {
        self.text(Pos(directive.pos.0 + 2), directive.end).trim_end_matches('\r')
    }

    /// The paths of the file's imports, with the declaration of each. Paths that are missing or malformed are left
    /// out.
    pub fn imports(&self) -> impl Iterator<Item = (DeclId, ExprId)> {
        self[self.decls].iter().filter_map(|&id| match self[id].kind {
            DeclKind::Import { path: Some(path), .. } => match self[path].kind {
                ExprKind::Literal { bad: false, .. } => Some((id, path)),
                _ => None,
            },
            _ => None,
        })
    }

    /// The line and column of `pos` in the file itself, whatever `//line` directives say.
    pub fn line_col(&self, pos: Pos) -> LineCol {
        self.lines.line_col(pos)
    }

    /// The file, line and column of `pos` as Go reports it, after `//line` directives.
    pub fn position(&self, pos: Pos) -> Position {
        self.lines.position(&self.source.name, pos)
    }
}
