//! Where nodes start and end.

use super::file::{File, Nodes};
use super::ids::{BlockId, ExprId, StmtId};
use super::nodes::{DeclKind, ExprKind, Field, StmtKind};
use crate::pos::Pos;

impl Nodes {
    /// The position of the first token of `x`.
    pub(crate) fn start(&self, mut x: ExprId) -> Pos {
        loop {
            let node = &self[x];
            x = match node.kind {
                ExprKind::Composite { ty: Some(x), .. }
                | ExprKind::KeyValue { key: x, .. }
                | ExprKind::Selector { x, .. }
                | ExprKind::Index { x, .. }
                | ExprKind::Slice { x, .. }
                | ExprKind::Assert { x, .. }
                | ExprKind::TypeSwitchGuard { lhs: None, x }
                | ExprKind::Binary { x, .. }
                | ExprKind::Call { fun: x, .. } => x,
                ExprKind::TypeSwitchGuard { lhs: Some(lhs), .. } => lhs.0,
                _ => return node.pos,
            }
        }
    }
}

impl File {
    /// The position of the first token of an expression. (Its own position may be further right, see
    /// [`Expr`](super::Expr).)
    pub fn start(&self, x: ExprId) -> Pos {
        self.nodes.start(x)
    }

    /// The position just after an expression, as near as the tree knows it: after names, literals and closing
    /// brackets exactly; for slices, type assertions, pairs of parentheses and empty parameter lists, which keep no
    /// position of their end, the end of their last part.
    pub fn end(&self, mut x: ExprId) -> Pos {
        let after = |pos: Pos| Pos(pos.0 + 1);
        loop {
            let node = &self[x];
            x = match node.kind {
                ExprKind::Bad => return node.pos,
                ExprKind::Name(_) => return self.ident_end(x),
                ExprKind::Literal { len, .. } => return Pos(node.pos.0 + len),
                ExprKind::Composite { rbrace: end, .. }
                | ExprKind::Index { rbrack: end, .. }
                | ExprKind::Call { rparen: end, .. }
                | ExprKind::Struct { rbrace: end, .. }
                | ExprKind::Interface { rbrace: end, .. } => return after(end),
                ExprKind::FuncLit { body, .. } => return self.block_end(body),
                ExprKind::Func { params, results } => {
                    match self[results].last().or(self[params].last()) {
                        Some(field) => field.ty,
                        None => return node.pos,
                    }
                }
                ExprKind::Slice { x, lo, hi, max, .. } => max.or(hi).or(lo).unwrap_or(x),
                ExprKind::Selector { sel, .. } => sel.0,
                ExprKind::KeyValue { value: x, .. }
                | ExprKind::Paren(x)
                | ExprKind::Assert { ty: x, .. }
                | ExprKind::TypeSwitchGuard { x, .. }
                | ExprKind::Unary { x, .. }
                | ExprKind::Binary { y: x, .. }
                | ExprKind::Array { elem: x, .. }
                | ExprKind::SliceType { elem: x }
                | ExprKind::Variadic { elem: x }
                | ExprKind::Map { value: x, .. }
                | ExprKind::Chan { elem: x, .. } => x,
            }
        }
    }

    /// The position of the first token of a statement.
    pub fn stmt_start(&self, stmt: StmtId) -> Pos {
        match self[stmt].kind {
            StmtKind::Expr(x) | StmtKind::Send { chan: x, .. } | StmtKind::IncDec { x, .. } => {
                self.start(x)
            }
            StmtKind::Assign { lhs, .. } => self.start(self[lhs][0]),
            StmtKind::Labeled { label, .. } => self.ident_pos(label),
            _ => self[stmt].pos,
        }
    }

    /// The position just after a statement, as near as [`File::end`] has it.
    pub fn stmt_end(&self, mut stmt: StmtId) -> Pos {
        loop {
            let node = &self[stmt];
            stmt = match node.kind {
                StmtKind::Empty => return node.pos,
                StmtKind::Block(body)
                | StmtKind::If { then: body, els: None, .. }
                | StmtKind::For { body, .. }
                | StmtKind::Range { body, .. } => return self.block_end(body),
                StmtKind::If { els: Some(stmt), .. } | StmtKind::Labeled { stmt, .. } => stmt,
                StmtKind::Expr(x)
                | StmtKind::Send { value: x, .. }
                | StmtKind::Spawn { call: x, .. } => {
                    return self.end(x);
                }
                StmtKind::IncDec { .. } => return Pos(node.pos.0 + 2),
                StmtKind::Assign { rhs: list, .. } | StmtKind::Return(list) => {
                    return self[list].last().map_or(node.pos, |&x| self.end(x));
                }
                StmtKind::Decl(decls) => {
                    return self[decls].last().map_or(node.pos, |&decl| match self[decl].kind {
                        DeclKind::Import { path, .. } => {
                            path.map_or(node.pos, |path| self.end(path))
                        }
                        DeclKind::Const { names, ty, values }
                        | DeclKind::Var { names, ty, values } => {
                            let name = self[names].last().map(|name| name.0);
                            let last = self[values].last().copied().or(ty).or(name);
                            last.map_or(node.pos, |x| self.end(x))
                        }
                        DeclKind::Type { ty, .. } => self.end(ty),
                        DeclKind::Func { ty, body, .. } => {
                            body.map_or_else(|| self.end(ty), |body| self.block_end(body))
                        }
                    });
                }
                StmtKind::Branch { label, .. } => {
                    return label.map_or(node.pos, |label| self.ident_end(label.0));
                }
                StmtKind::Switch { rbrace, .. } | StmtKind::Select { rbrace, .. } => {
                    return Pos(rbrace.0 + 1);
                }
            }
        }
    }

    /// The position just after a block.
    pub fn block_end(&self, block: BlockId) -> Pos {
        Pos(self[block].rbrace.0 + 1)
    }

    /// The position just after a field's type.
    pub fn field_end(&self, field: Field) -> Pos {
        self.end(field.ty)
    }

    /// The position just after an identifier: its characters are read again from the source.
    fn ident_end(&self, ident: ExprId) -> Pos {
        let pos = self[ident].pos;
        let rest = &self.source.text[pos.offset()..];
        let len = rest
            .iter()
            .position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80));
        Pos(pos.0 + len.unwrap_or(rest.len()) as u32)
    }
}
