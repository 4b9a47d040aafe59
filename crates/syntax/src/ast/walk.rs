//! Walking the tree, one node's children at a time.

use super::file::File;
use super::ids::{BlockId, DeclId, ExprId, IdentId, List, StmtId};
use super::nodes::{CaseClause, CommClause, DeclKind, ExprKind, Field, StmtKind};

/// Any node.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Node {
    Decl(DeclId),
    Stmt(StmtId),
    Block(BlockId),
    Expr(ExprId),
    Field(Field),
    Case(CaseClause),
    Comm(CommClause),
}

impl File {
    /// Calls `visit` for each node directly below `node`, in source order. Names that are declared or selected count
    /// as children. A type that several fields share is visited for each of them.
    ///
    /// A walk over a whole file should keep its own stack rather than recurse: chains of binary operators and of
    /// `else if` can be as deep as the file is long.
    ///
    /// ```
    /// use trigo_syntax::ast::{ExprKind, Node};
    /// use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
    ///
    /// let source = Source::new(FileId(0), "p.go", *b"package p; func f() { g(); h(g()) }");
    /// let file = parse_file(source, &Interner::new(), Mode::default(), &mut Vec::new());
    /// let mut calls = 0;
    /// let mut stack: Vec<Node> = file[file.decls].iter().map(|&decl| Node::Decl(decl)).collect();
    /// while let Some(node) = stack.pop() {
    ///     if let Node::Expr(x) = node && let ExprKind::Call { .. } = file[x].kind {
    ///         calls += 1;
    ///     }
    ///     file.children(node, |child| stack.push(child));
    /// }
    /// assert_eq!(calls, 3);
    /// ```
    pub fn children(&self, node: Node, mut visit: impl FnMut(Node)) {
        let mut children = Children { file: self, visit: &mut visit };
        match node {
            Node::Decl(id) => children.decl(id),
            Node::Stmt(id) => children.stmt(id),
            Node::Block(id) => children.stmts(self[id].stmts),
            Node::Expr(id) => children.expr(id),
            Node::Field(field) => {
                children.ident(field.name);
                children.one(field.ty);
                children.maybe(field.tag);
            }
            Node::Case(clause) => {
                children.exprs(clause.exprs.unwrap_or_default());
                children.stmts(clause.body);
            }
            Node::Comm(clause) => {
                children.maybe_stmt(clause.comm);
                children.stmts(clause.body);
            }
        }
    }
}

struct Children<'a, V> {
    file: &'a File,
    visit: &'a mut V,
}

impl<V: FnMut(Node)> Children<'_, V> {
    fn one(&mut self, x: ExprId) {
        (self.visit)(Node::Expr(x));
    }

    fn maybe(&mut self, x: Option<ExprId>) {
        x.into_iter().for_each(|x| self.one(x));
    }

    fn ident(&mut self, x: Option<IdentId>) {
        self.maybe(x.map(IdentId::expr));
    }

    fn exprs(&mut self, list: List<ExprId>) {
        self.file[list].iter().for_each(|&x| self.one(x));
    }

    fn idents(&mut self, list: List<IdentId>) {
        self.file[list].iter().for_each(|&x| self.one(x.expr()));
    }

    fn fields(&mut self, list: List<Field>) {
        self.file[list].iter().for_each(|&field| (self.visit)(Node::Field(field)));
    }

    fn stmts(&mut self, list: List<StmtId>) {
        self.file[list].iter().for_each(|&stmt| (self.visit)(Node::Stmt(stmt)));
    }

    fn maybe_stmt(&mut self, stmt: Option<StmtId>) {
        stmt.into_iter().for_each(|stmt| (self.visit)(Node::Stmt(stmt)));
    }

    fn block(&mut self, block: BlockId) {
        (self.visit)(Node::Block(block));
    }

    fn decl(&mut self, id: DeclId) {
        match self.file[id].kind {
            DeclKind::Import { name, path } => {
                self.ident(name);
                self.maybe(path);
            }
            DeclKind::Const { names, ty, values } | DeclKind::Var { names, ty, values } => {
                self.idents(names);
                self.maybe(ty);
                self.exprs(values);
            }
            DeclKind::Type { name, type_params, ty, .. } => {
                self.ident(Some(name));
                self.fields(type_params);
                self.one(ty);
            }
            DeclKind::Func { recv, name, type_params, ty, body } => {
                self.fields(recv);
                self.ident(Some(name));
                self.fields(type_params);
                self.one(ty);
                body.into_iter().for_each(|body| self.block(body));
            }
        }
    }

    fn stmt(&mut self, id: StmtId) {
        match self.file[id].kind {
            StmtKind::Empty => {}
            StmtKind::Block(block) => self.block(block),
            StmtKind::Expr(x) | StmtKind::IncDec { x, .. } | StmtKind::Spawn { call: x, .. } => {
                self.one(x)
            }
            StmtKind::Send { chan, value } => [chan, value].into_iter().for_each(|x| self.one(x)),
            StmtKind::Assign { lhs, rhs, .. } => {
                [lhs, rhs].into_iter().for_each(|list| self.exprs(list))
            }
            StmtKind::Decl(decls) => {
                self.file[decls].iter().for_each(|&decl| (self.visit)(Node::Decl(decl)));
            }
            StmtKind::Labeled { label, stmt } => {
                self.ident(Some(label));
                self.maybe_stmt(Some(stmt));
            }
            StmtKind::Branch { label, .. } => self.ident(label),
            StmtKind::Return(results) => self.exprs(results),
            StmtKind::If { init, cond, then, els } => {
                self.maybe_stmt(init);
                self.one(cond);
                self.block(then);
                self.maybe_stmt(els);
            }
            StmtKind::For { init, cond, post, body } => {
                self.maybe_stmt(init);
                self.maybe(cond);
                self.maybe_stmt(post);
                self.block(body);
            }
            StmtKind::Range { lhs, x, body, .. } => {
                self.exprs(lhs);
                self.one(x);
                self.block(body);
            }
            StmtKind::Switch { init, tag, clauses, .. } => {
                self.maybe_stmt(init);
                self.maybe(tag);
                let clauses = self.file[clauses].iter();
                clauses.for_each(|&clause| (self.visit)(Node::Case(clause)));
            }
            StmtKind::Select { clauses, .. } => {
                let clauses = self.file[clauses].iter();
                clauses.for_each(|&clause| (self.visit)(Node::Comm(clause)));
            }
        }
    }

    fn expr(&mut self, id: ExprId) {
        match self.file[id].kind {
            ExprKind::Bad | ExprKind::Name(_) | ExprKind::Literal { .. } => {}
            ExprKind::Composite { ty, elems, .. } => {
                self.maybe(ty);
                self.exprs(elems);
            }
            ExprKind::FuncLit { ty, body } => {
                self.one(ty);
                self.block(body);
            }
            ExprKind::Selector { x, sel } => [x, sel.expr()].into_iter().for_each(|x| self.one(x)),
            ExprKind::Index { x, args, .. } | ExprKind::Call { fun: x, args, .. } => {
                self.one(x);
                self.exprs(args);
            }
            ExprKind::Slice { x, lo, hi, max, .. } => {
                self.one(x);
                [lo, hi, max].into_iter().for_each(|x| self.maybe(x));
            }
            ExprKind::TypeSwitchGuard { lhs, x } => {
                self.ident(lhs);
                self.one(x);
            }
            ExprKind::KeyValue { key: x, value: y }
            | ExprKind::Assert { x, ty: y }
            | ExprKind::Binary { x, y, .. }
            | ExprKind::Map { key: x, value: y } => [x, y].into_iter().for_each(|x| self.one(x)),
            ExprKind::Array { len, elem } => {
                self.maybe(len);
                self.one(elem);
            }
            ExprKind::Paren(x)
            | ExprKind::Unary { x, .. }
            | ExprKind::SliceType { elem: x }
            | ExprKind::Variadic { elem: x }
            | ExprKind::Chan { elem: x, .. } => self.one(x),
            ExprKind::Struct { fields, .. } | ExprKind::Interface { elems: fields, .. } => {
                self.fields(fields)
            }
            ExprKind::Func { params, results } => {
                [params, results].into_iter().for_each(|list| self.fields(list));
            }
        }
    }
}
