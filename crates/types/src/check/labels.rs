//! Labels and the jumps to them (spec: Labeled statements, Goto statements).

use super::Checker;
use super::errors::Report;
use crate::ids::ObjId;
use crate::object::ObjKind;
use crate::universe::typ;
use rustc_hash::FxHashSet;
use trigo_syntax::ast::{AssignOp, BlockId, BranchKind, DeclKind, IdentId, List, StmtId, StmtKind};
use trigo_syntax::{FilePos, Symbol, sym};

/// A block with the labels declared in it so far.
struct Block<'p> {
    parent: Option<&'p Block<'p>>,
    /// The label of the statement the block belongs to.
    labeled: Option<(Symbol, StmtId)>,
    labels: Vec<Symbol>,
}

impl Block<'_> {
    fn sees(&self, name: Symbol) -> bool {
        self.labels.contains(&name) || self.parent.is_some_and(|p| p.sees(name))
    }

    fn enclosing(&self, name: Symbol) -> Option<StmtId> {
        match self.labeled {
            Some((label, stmt)) if label == name => Some(stmt),
            _ => self.parent.and_then(|p| p.enclosing(name)),
        }
    }
}

/// The labels of a function.
#[derive(Default)]
struct Labels {
    all: Vec<(Symbol, ObjId)>,
    used: FxHashSet<Symbol>,
}

/// Gotos whose label has not been met yet, and which of them jump over a variable declaration.
#[derive(Default)]
struct Jumps {
    forward: Vec<IdentId>,
    bad: Vec<IdentId>,
    declared_at: Option<FilePos>,
}

impl<'a> Checker<'a> {
    /// Checks the labels of a function body.
    pub(super) fn labels(&mut self, body: BlockId) {
        let mut labels = Labels::default();
        let stmts = self.file()[body].stmts;
        let root = Block { parent: None, labeled: None, labels: Vec::new() };
        let forward = self.block_labels(&mut labels, root, stmts);
        for jump in forward {
            let name = self.file().symbol(jump);
            let text = self.s.text(name);
            let known = labels.all.iter().any(|(n, _)| *n == name);
            let message = match known {
                true => format!("goto {text} jumps into block"),
                false => format!("label {text} not declared"),
            };
            if known {
                labels.used.insert(name);
            }
            self.error_expr(jump.expr(), message);
        }
        for (name, obj) in labels.all {
            if !labels.used.contains(&name) {
                let message = format!("label {} declared and not used", self.s.text(name));
                self.soft_error(self.s.obj(obj).pos, message);
            }
        }
    }

    fn block_labels(
        &mut self,
        labels: &mut Labels,
        mut block: Block<'_>,
        list: List<StmtId>,
    ) -> Vec<IdentId> {
        let mut jumps = Jumps::default();
        for &s in &self.file()[list] {
            self.stmt_labels(labels, &mut block, &mut jumps, None, s);
        }
        jumps.forward
    }

    fn declare_label(
        &mut self,
        labels: &mut Labels,
        block: &mut Block<'_>,
        jumps: &mut Jumps,
        label: IdentId,
    ) {
        let name = self.file().symbol(label);
        if let Some(&(_, other)) = labels.all.iter().find(|(n, _)| *n == name) {
            let pos = self.here(self.file().ident_pos(label));
            let mut report =
                Report::new(Some(pos), format!("label {} already declared", self.s.text(name)));
            self.add_other(&mut report, other);
            self.send(report);
        } else {
            let obj = self.new_ident_object(ObjKind::Label, label);
            self.s.obj(obj).set_typ(typ::INVALID);
            self.record_object(label.expr(), obj);
            labels.all.push((name, obj));
            block.labels.push(name);
        }
        let (arrived, rest): (Vec<_>, Vec<_>) =
            jumps.forward.iter().copied().partition(|&j| self.file().symbol(j) == name);
        jumps.forward = rest;
        for jump in arrived {
            labels.used.insert(name);
            if let Some((_, obj)) = labels.all.iter().find(|(n, _)| *n == name) {
                self.record_object(jump.expr(), *obj);
            }
            if let Some(at) = jumps.declared_at.filter(|_| jumps.bad.contains(&jump)) {
                let line = self.s.position(at).map_or(0, |p| p.line);
                let text = self.s.text(name);
                let message = format!("goto {text} jumps over variable declaration at line {line}");
                let start = Some(self.start(jump.expr()));
                self.soft_error(start, message);
            }
        }
    }

    fn stmt_labels(
        &mut self,
        labels: &mut Labels,
        block: &mut Block<'_>,
        jumps: &mut Jumps,
        labeled: Option<(Symbol, StmtId)>,
        s: StmtId,
    ) {
        let file = self.file();
        let declares = |c: &Self, jumps: &mut Jumps, pos| {
            jumps.declared_at = Some(c.here(pos));
            jumps.bad = jumps.forward.clone();
        };
        match file[s].kind {
            StmtKind::Decl(list) => {
                for &d in &file[list] {
                    if matches!(file[d].kind, DeclKind::Var { .. }) {
                        declares(self, jumps, file[d].pos);
                    }
                }
            }
            StmtKind::Assign { op: AssignOp::Define, .. } => declares(self, jumps, file[s].pos),
            StmtKind::Labeled { label, stmt } => {
                let name = file.symbol(label);
                let mut labeled = labeled;
                if name != sym::BLANK {
                    self.declare_label(labels, block, jumps, label);
                    labeled = Some((name, stmt));
                }
                self.stmt_labels(labels, block, jumps, labeled, stmt);
            }
            StmtKind::Branch { kind, label: Some(label), .. } => {
                self.branch_label(labels, block, jumps, kind, label)
            }
            StmtKind::Block(b) => self.nested(labels, block, jumps, labeled, file[b].stmts),
            StmtKind::If { then, els, .. } => {
                self.nested(labels, block, jumps, labeled, file[then].stmts);
                if let Some(els) = els {
                    self.deep(|c| c.stmt_labels(labels, block, jumps, labeled, els));
                }
            }
            StmtKind::Switch { clauses, .. } => {
                let outer = Block { parent: Some(block), labeled, labels: Vec::new() };
                for clause in &file[clauses] {
                    let inner = Block { parent: Some(&outer), labeled: None, labels: Vec::new() };
                    let forward = self.deep(|c| c.block_labels(labels, inner, clause.body));
                    jumps.forward.extend(forward);
                }
            }
            StmtKind::Select { clauses, .. } => {
                let outer = Block { parent: Some(block), labeled, labels: Vec::new() };
                for clause in &file[clauses] {
                    let inner = Block { parent: Some(&outer), labeled: None, labels: Vec::new() };
                    let forward = self.deep(|c| c.block_labels(labels, inner, clause.body));
                    jumps.forward.extend(forward);
                }
            }
            StmtKind::For { body, .. } | StmtKind::Range { body, .. } => {
                self.nested(labels, block, jumps, labeled, file[body].stmts);
            }
            _ => {}
        }
    }

    fn nested(
        &mut self,
        labels: &mut Labels,
        block: &Block<'_>,
        jumps: &mut Jumps,
        labeled: Option<(Symbol, StmtId)>,
        list: List<StmtId>,
    ) {
        let inner = Block { parent: Some(block), labeled, labels: Vec::new() };
        let forward = self.deep(|c| c.block_labels(labels, inner, list));
        jumps.forward.extend(forward);
    }

    fn branch_label(
        &mut self,
        labels: &mut Labels,
        block: &Block<'_>,
        jumps: &mut Jumps,
        kind: BranchKind,
        label: IdentId,
    ) {
        let file = self.file();
        let name = file.symbol(label);
        let target = block.enclosing(name).map(|s| file[s].kind);
        let is_loop = matches!(target, Some(StmtKind::For { .. } | StmtKind::Range { .. }));
        let fits = match kind {
            BranchKind::Break => {
                is_loop || matches!(target, Some(StmtKind::Switch { .. } | StmtKind::Select { .. }))
            }
            BranchKind::Continue => is_loop,
            BranchKind::Goto => {
                if !block.sees(name) {
                    jumps.forward.push(label);
                    return;
                }
                true
            }
            BranchKind::Fallthrough => return,
        };
        if !fits {
            let word = if kind == BranchKind::Break { "break" } else { "continue" };
            let text = self.s.text(name);
            self.error_expr(label.expr(), format!("invalid {word} label {text}"));
            return;
        }
        labels.used.insert(name);
        if let Some((_, obj)) = labels.all.iter().find(|(n, _)| *n == name) {
            self.record_object(label.expr(), *obj);
        }
    }
}
