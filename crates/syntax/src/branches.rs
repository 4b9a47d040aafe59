//! Labels and the statements that jump: whether they are used well, and where they go.
//!
//! Each function body is looked at on its own, block by block. A `goto` to a label that is not there yet waits until
//! the label turns up in its own block or one around it; it may not have passed a variable's declaration by then. The
//! rules are those of the Go specification ("Labeled statements", "Break", "Continue", "Goto", "Fallthrough"), the
//! messages those of Go's compiler (`cmd/compile/internal/syntax`, branches.go).

use std::collections::HashMap;

use crate::ast::{
    AssignOp, BlockId, BranchKind, CaseClause, DeclKind, ExprKind, IdentId, List, Nodes, StmtId,
    StmtKind,
};
use crate::intern::{Interner, Symbol, sym};
use crate::pos::{Pos, Position};
use crate::printer::Tree;

/// A message that may name a second place.
pub(crate) struct BranchError {
    before: String,
    other: Option<Pos>,
}

impl BranchError {
    /// The text, with the second place as `position` writes it.
    pub(crate) fn message(&self, position: &dyn Fn(Pos) -> Position) -> String {
        match self.other {
            Some(pos) => format!("{}{}", self.before, position(pos)),
            None => self.before.clone(),
        }
    }
}

/// Checks a function's body and fills in the targets of its branches.
pub(crate) fn check(
    nodes: &mut Nodes,
    src: &[u8],
    names: &Interner,
    body: BlockId,
) -> Vec<(Pos, BranchError)> {
    let mut checker = Checker {
        tree: Tree::new(nodes, src, names),
        blocks: Vec::new(),
        labels: Vec::new(),
        by_name: HashMap::new(),
        waiting: Vec::new(),
        targets: Vec::new(),
        errors: Vec::new(),
    };
    let block = checker.tree.nodes[body];
    checker.block(None, Context::default(), None, block.lbrace, block.stmts);
    checker.finish();
    let Checker { targets, errors, .. } = checker;
    for (branch, to) in targets {
        if let StmtKind::Branch { target, .. } = &mut nodes.stmts[branch.index()].kind {
            *target = Some(to);
        }
    }
    errors
}

/// What unlabeled branches refer to at some place.
#[derive(Clone, Copy, Default)]
struct Context {
    /// The innermost `for`, `switch` or `select`.
    breaks: Option<StmtId>,
    /// The innermost `for`.
    continues: Option<StmtId>,
    /// Directly in a clause of a `switch`: whether it is the last one.
    clause: Option<Clause>,
}

#[derive(Clone, Copy, PartialEq)]
enum Clause {
    Last,
    NotLast,
}

struct BlockInfo {
    parent: Option<usize>,
    start: Pos,
    /// The labeled statement that the block is part of.
    labeled: Option<StmtId>,
}

struct Label {
    name: IdentId,
    stmt: StmtId,
    /// The block that declares it.
    block: usize,
    used: bool,
}

/// A `goto` whose label was not met yet.
struct Waiting {
    branch: StmtId,
    label: IdentId,
    symbol: Symbol,
    /// The statement of the current block in which it is.
    since: usize,
}

struct Checker<'a> {
    tree: Tree<'a>,
    blocks: Vec<BlockInfo>,
    labels: Vec<Label>,
    by_name: HashMap<Symbol, usize>,
    /// Those of the current block are above those of the blocks around it.
    waiting: Vec<Waiting>,
    targets: Vec<(StmtId, StmtId)>,
    errors: Vec<(Pos, BranchError)>,
}

/// The last variable declaration in a block so far.
struct LastVar {
    at: usize,
    pos: Pos,
    name: String,
}

impl Checker<'_> {
    fn error(&mut self, pos: Pos, before: String, other: Option<Pos>) {
        self.errors.push((pos, BranchError { before, other }));
    }

    fn symbol(&self, ident: IdentId) -> Symbol {
        match self.tree.nodes[ident.expr()].kind {
            ExprKind::Name(symbol) => symbol,
            _ => sym::BLANK,
        }
    }

    fn text(&self, ident: IdentId) -> String {
        self.tree.names.text(self.symbol(ident)).to_owned()
    }

    fn pos(&self, ident: IdentId) -> Pos {
        self.tree.nodes[ident.expr()].pos
    }

    /// Complains of gotos that found no label, and of labels that found no use.
    fn finish(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            let (pos, name) = (self.pos(waiting.label), self.text(waiting.label));
            match self.by_name.get(&waiting.symbol) {
                Some(&label) => {
                    self.labels[label].used = true;
                    let start = self.blocks[self.labels[label].block].start;
                    self.error(
                        pos,
                        format!("goto {name} jumps into block starting at "),
                        Some(start),
                    );
                }
                None => self.error(pos, format!("label {name} not defined"), None),
            }
        }
        for i in 0..self.labels.len() {
            if !self.labels[i].used {
                let name = self.labels[i].name;
                let message = format!("label {} defined and not used", self.text(name));
                self.error(self.pos(name), message, None);
            }
        }
    }

    fn block(
        &mut self,
        parent: Option<usize>,
        context: Context,
        labeled: Option<StmtId>,
        start: Pos,
        stmts: List<StmtId>,
    ) {
        let block = self.blocks.len();
        self.blocks.push(BlockInfo { parent, start, labeled });
        let first_waiting = self.waiting.len();
        let nodes = self.tree.nodes;
        let stmts = &nodes[stmts];
        // A fallthrough may be followed by empty statements.
        let significant = |stmt: &StmtId| !matches!(nodes[*stmt].kind, StmtKind::Empty);
        let len = stmts.iter().rposition(significant).map_or(0, |last| last + 1);
        let mut last_var = None;
        for (i, &stmt) in stmts[..len].iter().enumerate() {
            let context = Context { clause: context.clause.filter(|_| i + 1 == len), ..context };
            self.stmt(block, context, i, first_waiting, stmt, &mut last_var);
        }
    }

    /// Looks at a statement through its labels.
    fn stmt(
        &mut self,
        block: usize,
        context: Context,
        index: usize,
        first_waiting: usize,
        mut stmt: StmtId,
        last_var: &mut Option<LastVar>,
    ) {
        let mut labeled = None;
        while let StmtKind::Labeled { label, stmt: inner } = self.tree.nodes[stmt].kind {
            if self.symbol(label) != sym::BLANK {
                self.declare(block, label, stmt);
                self.arrive(label, stmt, first_waiting, last_var.as_ref());
                labeled = Some(stmt);
            }
            stmt = inner;
        }
        let node = self.tree.nodes[stmt];
        match node.kind {
            StmtKind::Decl(decls) => {
                let nodes = self.tree.nodes;
                for &decl in &nodes[decls] {
                    if let DeclKind::Var { names, .. } = nodes[decl].kind {
                        *last_var = Some(LastVar {
                            at: index,
                            pos: nodes[decl].pos,
                            name: self.text(nodes[names][0]),
                        });
                        break;
                    }
                }
            }
            StmtKind::Assign { op: AssignOp::Define, lhs, .. } => {
                *last_var =
                    Some(LastVar { at: index, pos: node.pos, name: self.tree.expr_list(lhs) });
            }
            StmtKind::Branch { kind, label, .. } => match label {
                Some(label) => self.labeled_branch(block, stmt, kind, label, index),
                None => self.plain_branch(context, stmt, kind, node.pos),
            },
            _ => {
                let inner = self.waiting.len();
                stacker::maybe_grow(64 * 1024, 1024 * 1024, || {
                    self.nested(block, context, labeled, stmt);
                });
                for waiting in &mut self.waiting[inner..] {
                    waiting.since = index;
                }
            }
        }
    }

    /// Looks at the blocks of a statement.
    fn nested(&mut self, block: usize, context: Context, labeled: Option<StmtId>, stmt: StmtId) {
        let nodes = self.tree.nodes;
        let parent = Some(block);
        let inner = Context { clause: None, ..context };
        let in_loop = Context { breaks: Some(stmt), continues: Some(stmt), clause: None };
        let in_switch = Context { breaks: Some(stmt), ..inner };
        match nodes[stmt].kind {
            StmtKind::Block(b) => {
                self.block(parent, inner, labeled, nodes[b].lbrace, nodes[b].stmts)
            }
            StmtKind::If { .. } => {
                let mut next = Some(stmt);
                while let Some(stmt) = next.take() {
                    match nodes[stmt].kind {
                        StmtKind::If { then: b, els, .. } => {
                            self.block(parent, inner, labeled, nodes[b].lbrace, nodes[b].stmts);
                            next = els;
                        }
                        StmtKind::Block(b) => {
                            self.block(parent, inner, labeled, nodes[b].lbrace, nodes[b].stmts)
                        }
                        _ => {}
                    }
                }
            }
            StmtKind::For { body: b, .. } | StmtKind::Range { body: b, .. } => {
                self.block(parent, in_loop, labeled, nodes[b].lbrace, nodes[b].stmts);
            }
            StmtKind::Switch { clauses, .. } => {
                self.clauses(parent, in_switch, labeled, &nodes[clauses])
            }
            StmtKind::Select { clauses, .. } => {
                for clause in &nodes[clauses] {
                    self.block(parent, in_switch, labeled, clause.pos, clause.body);
                }
            }
            _ => {}
        }
    }

    fn clauses(
        &mut self,
        parent: Option<usize>,
        context: Context,
        labeled: Option<StmtId>,
        clauses: &[CaseClause],
    ) {
        for (i, clause) in clauses.iter().enumerate() {
            let is_last = i + 1 == clauses.len();
            let context = Context {
                clause: Some(if is_last { Clause::Last } else { Clause::NotLast }),
                ..context
            };
            self.block(parent, context, labeled, clause.pos, clause.body);
        }
    }

    fn declare(&mut self, block: usize, name: IdentId, stmt: StmtId) {
        let symbol = self.symbol(name);
        if let Some(&other) = self.by_name.get(&symbol) {
            let other = self.pos(self.labels[other].name);
            let message = format!("label {} already defined at ", self.text(name));
            return self.error(self.pos(name), message, Some(other));
        }
        self.by_name.insert(symbol, self.labels.len());
        self.labels.push(Label { name, stmt, block, used: false });
    }

    /// Lets the gotos of this block that wait for `label` go there.
    fn arrive(
        &mut self,
        label: IdentId,
        stmt: StmtId,
        first_waiting: usize,
        last_var: Option<&LastVar>,
    ) {
        let symbol = self.symbol(label);
        let mut i = first_waiting;
        while i < self.waiting.len() {
            if self.waiting[i].symbol != symbol {
                i += 1;
                continue;
            }
            let waiting = self.waiting.remove(i);
            self.targets.push((waiting.branch, stmt));
            if let Some(&label) = self.by_name.get(&symbol) {
                self.labels[label].used = true;
            }
            if let Some(var) = last_var
                && waiting.since < var.at
            {
                let name = self.text(label);
                let message = format!("goto {name} jumps over declaration of {} at ", var.name);
                self.error(self.pos(waiting.label), message, Some(var.pos));
            }
        }
    }

    fn plain_branch(&mut self, context: Context, branch: StmtId, kind: BranchKind, pos: Pos) {
        let (target, complaint) = match kind {
            BranchKind::Break => (context.breaks, "break is not in a loop, switch, or select"),
            BranchKind::Continue => (context.continues, "continue is not in a loop"),
            BranchKind::Fallthrough => return self.fallthrough(context, pos),
            BranchKind::Goto => return,
        };
        match target {
            Some(target) => self.targets.push((branch, target)),
            None => self.error(pos, complaint.into(), None),
        }
    }

    fn fallthrough(&mut self, context: Context, pos: Pos) {
        let tag = match context.breaks.map(|stmt| self.tree.nodes[stmt].kind) {
            Some(StmtKind::Switch { tag, .. }) => tag,
            _ => return self.error(pos, "fallthrough statement out of place".into(), None),
        };
        let is_type_switch = tag.is_some_and(|tag| {
            matches!(self.tree.nodes[tag].kind, ExprKind::TypeSwitchGuard { .. })
        });
        let message = match context.clause {
            _ if is_type_switch => "cannot fallthrough in type switch",
            None => "fallthrough statement out of place",
            Some(Clause::Last) => "cannot fallthrough final case in switch",
            Some(Clause::NotLast) => return,
        };
        self.error(pos, message.into(), None);
    }

    fn labeled_branch(
        &mut self,
        block: usize,
        branch: StmtId,
        kind: BranchKind,
        label: IdentId,
        index: usize,
    ) {
        let symbol = self.symbol(label);
        if kind == BranchKind::Goto {
            return match self.goto_target(block, symbol) {
                Some(target) => self.targets.push((branch, target)),
                None => self.waiting.push(Waiting { branch, label, symbol, since: index }),
            };
        }
        let word = if kind == BranchKind::Break { "break" } else { "continue" };
        let (pos, name) = (self.pos(label), self.text(label));
        let Some(&declared) = self.by_name.get(&symbol) else {
            return self.error(pos, format!("{word} label not defined: {name}"), None);
        };
        self.labels[declared].used = true;
        let target = self.enclosing(block, self.labels[declared].stmt);
        let target = target.filter(|&target| match self.tree.nodes[target].kind {
            StmtKind::For { .. } | StmtKind::Range { .. } => true,
            StmtKind::Switch { .. } | StmtKind::Select { .. } => kind == BranchKind::Break,
            _ => false,
        });
        match target {
            Some(target) => self.targets.push((branch, target)),
            None => self.error(pos, format!("invalid {word} label {name}"), None),
        }
    }

    /// The labeled statement of a label that is declared already, in this block or one around it.
    fn goto_target(&mut self, block: usize, symbol: Symbol) -> Option<StmtId> {
        let label = &mut self.labels[*self.by_name.get(&symbol)?];
        label.used = true;
        let mut next = Some(block);
        while let Some(block) = next {
            if label.block == block {
                return Some(label.stmt);
            }
            next = self.blocks[block].parent;
        }
        None
    }

    /// The statement under the label of `labeled`, if `block` is part of it.
    fn enclosing(&self, block: usize, labeled: StmtId) -> Option<StmtId> {
        let mut next = Some(block);
        while let Some(block) = next {
            let info = &self.blocks[block];
            if info.labeled == Some(labeled)
                && let StmtKind::Labeled { stmt, .. } = self.tree.nodes[labeled].kind
            {
                return Some(stmt);
            }
            next = info.parent;
        }
        None
    }
}
