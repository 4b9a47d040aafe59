//! Statements.

use super::{Form, Printer};
use crate::ast::{AssignOp, BlockId, BranchKind, List, SpawnKind, StmtId, StmtKind};

impl Printer<'_> {
    pub(super) fn block(&mut self, block: BlockId) {
        let nodes = self.tree.nodes;
        if self.form == Form::Short {
            return self.text(if nodes[block].stmts.is_empty() { "{}" } else { "{…}" });
        }
        self.braced(&nodes[nodes[block].stmts], "", Self::stmt);
    }

    pub(super) fn stmt(&mut self, stmt: StmtId) {
        self.stmt_kind(self.tree.nodes[stmt].kind);
    }

    pub(super) fn stmt_kind(&mut self, kind: StmtKind) {
        let nodes = self.tree.nodes;
        match kind {
            StmtKind::Empty => self.text(";"),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Expr(x) => self.expr(x),
            StmtKind::Send { chan, value } => {
                self.expr(chan);
                self.text(" <- ");
                self.expr(value);
            }
            StmtKind::IncDec { x, op } => {
                self.expr(x);
                self.text(op.as_str());
                self.text(op.as_str());
            }
            StmtKind::Assign { op, lhs, rhs } => {
                self.exprs(lhs);
                self.text(" ");
                self.text(match op {
                    AssignOp::Assign => "",
                    AssignOp::Define => ":",
                    AssignOp::Op(op) => op.as_str(),
                });
                self.text("= ");
                self.exprs(rhs);
            }
            StmtKind::Decl(decls) => self.local_decls(&nodes[decls]),
            StmtKind::Labeled { label, stmt } => {
                self.expr(label.expr());
                self.text(":");
                self.line();
                self.stmt(stmt);
            }
            StmtKind::Branch { kind, label, .. } => {
                self.text(match kind {
                    BranchKind::Break => "break",
                    BranchKind::Continue => "continue",
                    BranchKind::Goto => "goto",
                    BranchKind::Fallthrough => "fallthrough",
                });
                if let Some(label) = label {
                    self.text(" ");
                    self.expr(label.expr());
                }
            }
            StmtKind::Spawn { kind, call } => {
                self.text(match kind {
                    SpawnKind::Go => "go ",
                    SpawnKind::Defer => "defer ",
                });
                self.expr(call);
            }
            StmtKind::Return(results) => {
                self.text("return");
                if !results.is_empty() {
                    self.text(" ");
                    self.exprs(results);
                }
            }
            StmtKind::If { .. } => self.if_stmt(kind),
            _ => self.clause_stmt(kind),
        }
    }

    fn if_stmt(&mut self, mut kind: StmtKind) {
        while let StmtKind::If { init, cond, then, els } = kind {
            self.text("if ");
            self.init(init);
            self.expr(cond);
            self.text(" ");
            self.block(then);
            let Some(els) = els else { return };
            self.text(" else ");
            kind = self.tree.nodes[els].kind;
        }
        self.stmt_kind(kind);
    }

    fn init(&mut self, init: Option<StmtId>) {
        if let Some(init) = init {
            self.stmt(init);
            self.text("; ");
        }
    }

    fn clause_stmt(&mut self, kind: StmtKind) {
        let nodes = self.tree.nodes;
        match kind {
            StmtKind::For { init, cond, post, body } => {
                self.text("for ");
                if init.is_some() || post.is_some() {
                    init.into_iter().for_each(|init| self.stmt(init));
                    self.text("; ");
                    cond.into_iter().for_each(|cond| self.expr(cond));
                    self.text("; ");
                    post.into_iter().for_each(|post| self.stmt(post));
                    self.text(" ");
                } else if let Some(cond) = cond {
                    self.expr(cond);
                    self.text(" ");
                }
                self.block(body);
            }
            StmtKind::Range { lhs, define, x, body, .. } => {
                self.text("for ");
                if !lhs.is_empty() {
                    self.exprs(lhs);
                    self.text(if define { " := " } else { " = " });
                }
                self.text("range ");
                self.expr(x);
                self.text(" ");
                self.block(body);
            }
            StmtKind::Switch { init, tag, clauses, .. } => {
                self.text("switch ");
                self.init(init);
                if let Some(tag) = tag {
                    self.expr(tag);
                    self.text(" ");
                }
                self.clauses(&nodes[clauses], |p, clause| {
                    if let Some(exprs) = clause.exprs {
                        p.text("case ");
                        p.exprs(exprs);
                    }
                    p.clause_body(clause.exprs.is_none(), clause.body);
                });
            }
            StmtKind::Select { clauses, .. } => {
                self.text("select ");
                self.clauses(&nodes[clauses], |p, clause| {
                    if let Some(comm) = clause.comm {
                        p.text("case ");
                        p.stmt(comm);
                    }
                    p.clause_body(clause.comm.is_none(), clause.body);
                });
            }
            _ => {}
        }
    }

    fn clauses<T: Copy>(&mut self, clauses: &[T], mut clause: impl FnMut(&mut Self, T)) {
        self.text("{");
        for &each in clauses {
            self.line();
            clause(self, each);
        }
        self.line();
        self.text("}");
    }

    fn clause_body(&mut self, is_default: bool, body: List<StmtId>) {
        self.text(if is_default { "default:" } else { ":" });
        self.indent += 1;
        let nodes = self.tree.nodes;
        for &stmt in &nodes[body] {
            self.line();
            self.stmt(stmt);
        }
        self.indent -= 1;
    }
}
