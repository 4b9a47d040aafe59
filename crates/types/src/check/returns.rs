//! Terminating statements (spec: Terminating statements).

use super::Checker;
use trigo_syntax::Symbol;
use trigo_syntax::ast::{BranchKind, List, StmtId, StmtKind};

impl<'a> Checker<'a> {
    pub(super) fn is_terminating_list(&self, list: List<StmtId>, label: Option<Symbol>) -> bool {
        let file = self.file();
        let last = file[list].iter().rev().find(|&&s| !matches!(file[s].kind, StmtKind::Empty));
        last.is_some_and(|&s| self.is_terminating(s, label))
    }

    fn is_terminating(&self, s: StmtId, label: Option<Symbol>) -> bool {
        let file = self.file();
        let mut s = s;
        loop {
            return match file[s].kind {
                StmtKind::Labeled { label, stmt } => {
                    self.is_terminating(stmt, Some(file.symbol(label)))
                }
                StmtKind::Expr(e) => self.is_panic_call(e),
                StmtKind::Return(_) => true,
                StmtKind::Branch { kind, .. } => {
                    matches!(kind, BranchKind::Goto | BranchKind::Fallthrough)
                }
                StmtKind::Block(b) => self.is_terminating_list(file[b].stmts, None),
                StmtKind::If { then, els: Some(els), .. } => {
                    if !self.is_terminating_list(file[then].stmts, None) {
                        return false;
                    }
                    s = els;
                    continue;
                }
                StmtKind::Switch { clauses, .. } => {
                    let clauses = &file[clauses];
                    clauses.iter().any(|c| c.exprs.is_none())
                        && clauses.iter().all(|c| {
                            self.is_terminating_list(c.body, None)
                                && !self.has_break_list(c.body, label, true)
                        })
                }
                StmtKind::Select { clauses, .. } => file[clauses].iter().all(|c| {
                    self.is_terminating_list(c.body, None)
                        && !self.has_break_list(c.body, label, true)
                }),
                StmtKind::For { cond: None, body, .. } => {
                    !self.has_break_list(file[body].stmts, label, true)
                }
                _ => false,
            };
        }
    }

    fn has_break_list(&self, list: List<StmtId>, label: Option<Symbol>, implicit: bool) -> bool {
        self.file()[list].iter().any(|&s| self.has_break(s, label, implicit))
    }

    /// Whether a statement breaks out of the one with `label`, or, with
    /// `implicit`, out of the one around it.
    fn has_break(&self, s: StmtId, label: Option<Symbol>, implicit: bool) -> bool {
        let file = self.file();
        let labeled = label.is_some();
        let mut s = s;
        loop {
            return match file[s].kind {
                StmtKind::Labeled { stmt, .. } => self.has_break(stmt, label, implicit),
                StmtKind::Branch { kind: BranchKind::Break, label: to, .. } => match to {
                    None => implicit,
                    Some(to) => Some(file.symbol(to)) == label,
                },
                StmtKind::Block(b) => self.has_break_list(file[b].stmts, label, implicit),
                StmtKind::If { then, els, .. } => {
                    if self.has_break_list(file[then].stmts, label, implicit) {
                        return true;
                    }
                    match els {
                        Some(els) => {
                            s = els;
                            continue;
                        }
                        None => false,
                    }
                }
                StmtKind::Switch { clauses, .. } => {
                    labeled
                        && file[clauses].iter().any(|c| self.has_break_list(c.body, label, false))
                }
                StmtKind::Select { clauses, .. } => {
                    labeled
                        && file[clauses].iter().any(|c| self.has_break_list(c.body, label, false))
                }
                StmtKind::For { body, .. } | StmtKind::Range { body, .. } => {
                    labeled && self.has_break_list(file[body].stmts, label, false)
                }
                _ => false,
            };
        }
    }
}
