//! Statements (spec: Statements).

use super::Checker;
use super::errors::{Report, assign_op_text};
use super::operand::Mode;
use crate::ids::ObjId;
use crate::types::info;
use crate::universe::{ExprClass, typ};
use trigo_syntax::ast::{
    AssignOp, BlockId, BranchKind, CommClause, ExprId, ExprKind, List, SpawnKind, StmtId, StmtKind,
};
use trigo_syntax::token::Op;

/// What jumps are allowed where a statement stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub break_ok: bool,
    pub continue_ok: bool,
    pub fallthrough_ok: bool,
    pub final_case: bool,
    pub type_switch: bool,
}

impl Context {
    fn inner(self) -> Self {
        Self { fallthrough_ok: false, final_case: false, type_switch: false, ..self }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn stmt_list(&mut self, context: Context, list: List<StmtId>) {
        let file = self.file();
        let list = &file[list];
        // Empty statements at the end do not hide a fallthrough.
        let len = list
            .iter()
            .rposition(|&s| !matches!(file[s].kind, StmtKind::Empty))
            .map_or(0, |i| i + 1);
        for (i, &s) in list[..len].iter().enumerate() {
            let fallthrough_ok = context.fallthrough_ok && i + 1 == len;
            self.stmt(Context { fallthrough_ok, ..context }, s);
        }
    }

    pub(super) fn simple_stmt(&mut self, s: Option<StmtId>) {
        if let Some(s) = s {
            self.stmt(Context::default(), s);
        }
    }

    pub(super) fn stmt(&mut self, context: Context, id: StmtId) {
        let top = self.delayed.len();
        self.deep(|c| {
            c.stmt_kind(context, id);
            // The bodies of function literals are deeper yet.
            c.process_delayed(top);
        });
    }

    pub(super) fn block(&mut self, context: Context, body: BlockId) {
        let top = self.delayed.len();
        self.open_scope();
        let stmts = self.file()[body].stmts;
        self.stmt_list(context.inner(), stmts);
        self.close_scope();
        self.process_delayed(top);
    }

    fn stmt_kind(&mut self, context: Context, id: StmtId) {
        let file = self.file();
        let stmt = &file[id];
        let inner = context.inner();
        match stmt.kind {
            StmtKind::Empty => {}
            StmtKind::Decl(list) => self.decl_stmt(list),
            StmtKind::Labeled { stmt, .. } => {
                self.env.has_label = true;
                self.stmt(context, stmt);
            }
            StmtKind::Expr(e) => self.expr_stmt(e),
            StmtKind::Send { chan, value } => {
                let ch = self.expr(None, chan);
                let mut val = self.generic_expr(value, None);
                if ch.is_valid() && val.is_valid() {
                    let at = Some(self.stmt_start(id));
                    if let Some(elem) = self.chan_elem(at, &ch, false) {
                        self.assignment(&mut val, Some(elem), "send");
                    }
                }
            }
            StmtKind::IncDec { x, op } => self.inc_dec(x, op),
            StmtKind::Assign { op, lhs, rhs } => self.assign_stmt(id, op, &file[lhs], &file[rhs]),
            StmtKind::Spawn { kind, call } => {
                let keyword = match kind {
                    SpawnKind::Go => "go",
                    SpawnKind::Defer => "defer",
                };
                self.suspended_call(keyword, call);
            }
            StmtKind::Return(results) => self.return_stmt(id, &file[results]),
            StmtKind::Branch { kind, label, .. } => match label {
                Some(_) => self.env.has_label = true,
                None if self.conf.ignore_branch_errors => {}
                None => self.branch(context, kind, id),
            },
            StmtKind::Block(body) => self.block(context, body),
            StmtKind::If { init, cond, then, els } => {
                self.open_scope();
                self.simple_stmt(init);
                self.condition(cond, "if");
                self.block(inner, then);
                if let Some(els) = els {
                    self.stmt(inner, els);
                }
                self.close_scope();
            }
            StmtKind::Switch { init, tag, clauses, rbrace } => {
                let inner = Context { break_ok: true, ..inner };
                self.open_scope();
                self.simple_stmt(init);
                match tag.map(|tag| (tag, file[tag].kind)) {
                    Some((_, ExprKind::TypeSwitchGuard { lhs, x })) => {
                        self.type_switch(Context { type_switch: true, ..inner }, lhs, x, clauses);
                    }
                    _ => self.expr_switch(inner, tag, clauses, rbrace),
                }
                self.close_scope();
            }
            StmtKind::Select { clauses, .. } => {
                self.select_stmt(Context { break_ok: true, ..inner }, clauses)
            }
            StmtKind::For { init, cond, post, body } => {
                let inner = Context { break_ok: true, continue_ok: true, ..inner };
                self.open_scope();
                self.simple_stmt(init);
                if let Some(cond) = cond {
                    self.condition(cond, "for");
                }
                self.simple_stmt(post);
                if let Some(post) = post
                    && let StmtKind::Assign { op: AssignOp::Define, lhs, .. } = file[post].kind
                {
                    self.use_all(&file[lhs]);
                }
                self.block(inner, body);
                self.close_scope();
            }
            StmtKind::Range { .. } => {
                self.range_stmt(Context { break_ok: true, continue_ok: true, ..inner }, id);
            }
        }
    }

    fn expr_stmt(&mut self, e: ExprId) {
        let (x, class) = self.raw_expr(None, e, None, false);
        let problem = match x.mode {
            Mode::Builtin => "must be called",
            Mode::Type => "is not an expression",
            _ if class == ExprClass::Statement => return,
            _ => "is not used",
        };
        let text = self.op_string(&x);
        self.error_op(&x, format!("{text} {problem}"));
    }

    fn inc_dec(&mut self, e: ExprId, op: Op) {
        let mut x = self.expr(None, e);
        if !x.is_valid() {
            return;
        }
        if !self.s.all_basic(x.typ, info::NUMERIC) {
            let (text, t) = (self.es(e), self.ts(x.typ));
            self.error_expr(e, format!("invalid operation: {text}{op}{op} (non-numeric type {t})"));
            return;
        }
        self.assign_operand(e, &mut x, "assignment");
    }

    fn assign_stmt(&mut self, id: StmtId, op: AssignOp, lhs: &[ExprId], rhs: &[ExprId]) {
        match op {
            AssignOp::Assign => self.assign_vars(lhs, rhs),
            AssignOp::Define => {
                let pos = self.here(self.file()[id].pos);
                self.short_var_decl(pos, lhs, rhs);
            }
            AssignOp::Op(binary) => {
                let ([l], [r]) = (lhs, rhs) else {
                    let text = assign_op_text(op);
                    let at = self.stmt_start(id);
                    let message =
                        format!("assignment operation {text} requires single-valued expressions");
                    return self.error_at(at, message);
                };
                let mut x = self.binary(None, *l, *r, binary);
                self.assign_operand(*l, &mut x, "assignment");
            }
        }
    }

    fn condition(&mut self, e: ExprId, keyword: &str) {
        let x = self.expr(None, e);
        if x.is_valid() && !self.s.all_basic(x.typ, info::BOOLEAN) {
            self.error_expr(e, format!("non-boolean condition in {keyword} statement"));
        }
    }

    fn suspended_call(&mut self, keyword: &str, call: ExprId) {
        if !matches!(self.file()[call].kind, ExprKind::Call { .. }) {
            self.error_expr(call, format!("expression in {keyword} must be function call"));
            self.use_expr(call);
            return;
        }
        let (x, class) = self.raw_expr(None, call, None, false);
        let problem = match class {
            ExprClass::Conversion => "requires function call, not conversion",
            ExprClass::Expression => "discards result of",
            ExprClass::Statement => return,
        };
        let text = self.op_string(&x);
        self.error_op(&x, format!("{keyword} {problem} {text}"));
    }

    fn return_stmt(&mut self, id: StmtId, results: &[ExprId]) {
        let sig = self.env.sig.and_then(|t| self.s.as_signature(t));
        let vars: &'a [ObjId] = self.s.vars(sig.map_or(typ::EMPTY_TUPLE, |s| s.results));
        let named = vars.first().is_some_and(|&v| !self.s.obj_name(v).is_empty());
        if results.is_empty() && named {
            for &v in vars {
                let name = self.s.obj(v).name;
                if let Some(alt) = self.lookup_name(name).filter(|&alt| alt != v) {
                    let text =
                        format!("result parameter {} not in scope at return", self.s.text(name));
                    let mut report = Report::new(Some(self.stmt_start(id)), text);
                    let inner = format!("inner declaration of {}", self.os(v));
                    self.add_line(&mut report, self.s.obj(alt).pos, &inner);
                    self.send(report);
                }
            }
        } else if !vars.is_empty() || !results.is_empty() {
            self.init_vars(vars, results, Some(id));
        }
    }

    fn branch(&mut self, context: Context, kind: BranchKind, id: StmtId) {
        let message = match kind {
            BranchKind::Break if !context.break_ok => {
                "break not in for, switch, or select statement"
            }
            BranchKind::Continue if !context.continue_ok => "continue not in for statement",
            BranchKind::Fallthrough if !context.fallthrough_ok => match context {
                Context { final_case: true, .. } => "cannot fallthrough final case in switch",
                Context { type_switch: true, .. } => "cannot fallthrough in type switch",
                _ => "fallthrough statement out of place",
            },
            _ => return,
        };
        self.error_at(self.stmt_start(id), message);
    }

    fn select_stmt(&mut self, inner: Context, clauses: List<CommClause>) {
        let file = self.file();
        let mut first_default = None;
        for clause in &file[clauses] {
            if clause.comm.is_none() {
                self.check_single_default(&mut first_default, clause.pos);
            }
        }
        for clause in &file[clauses] {
            let received = match clause.comm.map(|s| file[s].kind) {
                None | Some(StmtKind::Send { .. }) => None,
                Some(StmtKind::Assign { rhs, .. }) if rhs.len() == 1 => Some(file[rhs][0]),
                Some(StmtKind::Expr(e)) => Some(e),
                _ => {
                    self.bad_comm(clause.comm);
                    continue;
                }
            };
            let is_recv = |e: ExprId| {
                matches!(file[file.unparen(e)].kind, ExprKind::Unary { op: Op::Recv, .. })
            };
            if received.is_some_and(|e| !is_recv(e)) {
                self.bad_comm(clause.comm);
                continue;
            }
            self.open_scope();
            if let Some(comm) = clause.comm {
                self.stmt(inner, comm);
            }
            self.stmt_list(inner, clause.body);
            self.close_scope();
        }
    }

    fn bad_comm(&mut self, comm: Option<StmtId>) {
        if let Some(comm) = comm {
            let at = self.stmt_start(comm);
            self.error_at(at, "select case must be send or receive (possibly with assignment)");
        }
    }

    /// Reports a second default clause.
    pub(super) fn check_single_default(
        &mut self,
        first: &mut Option<trigo_syntax::FilePos>,
        pos: trigo_syntax::Pos,
    ) {
        let pos = self.here(pos);
        match *first {
            None => *first = Some(pos),
            Some(first) => {
                let place = self.s.position(first).map_or_else(String::new, |p| p.to_string());
                self.error_at(pos, format!("multiple defaults (first at {place})"));
            }
        }
    }
}
