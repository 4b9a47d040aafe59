//! Statements.

use super::{Body, Exit, Res, Role, deep};
use trigo_ir::func::Block;
use trigo_syntax::ast::{
    BlockId, BranchKind, DeclId, DeclKind, ExprId, ExprKind, List, StmtId, StmtKind,
};
use trigo_syntax::token::Op as Token;
use trigo_types::{GoVersion, ObjId};

impl<'w> Body<'w, '_> {
    /// Statements in braces.
    pub(super) fn block(&mut self, block: BlockId) -> Res<()> {
        self.stmts(self.file[block].stmts)
    }

    /// Statements one after another.
    pub(super) fn stmts(&mut self, list: List<StmtId>) -> Res<()> {
        let file = self.file;
        deep(|| file[list].iter().try_for_each(|&s| self.stmt(s)))
    }

    /// A statement.
    pub(super) fn stmt(&mut self, s: StmtId) -> Res<()> {
        self.at(self.file[s].pos);
        match self.file[s].kind {
            StmtKind::Empty => Ok(()),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Expr(x) => {
                let x = self.file.unparen(x);
                match self.file[x].kind {
                    ExprKind::Unary { op: Token::Recv, x: chan } => {
                        let chan = self.expr(chan)?.first();
                        self.at_expr(x);
                        let null = self.b.null();
                        self.runtime("chanrecv1", &[chan, null])?;
                        Ok(())
                    }
                    _ => self.discard(x),
                }
            }
            StmtKind::Send { chan, value } => {
                let ty = self.ty(chan)?;
                let elem = self.elem_of(ty);
                let chan = self.expr(chan)?.first();
                let value = self.expr_as(value, elem)?;
                self.at(self.file[s].pos);
                let at = self.spill(elem, &value);
                self.runtime("chansend1", &[chan, at])?;
                Ok(())
            }
            StmtKind::IncDec { x, op } => self.inc_dec(s, x, op),
            StmtKind::Assign { op, lhs, rhs } => self.assign(s, op, lhs, rhs),
            StmtKind::Decl(decls) => {
                let file = self.file;
                file[decls].iter().try_for_each(|&d| self.declaration(d))
            }
            StmtKind::Labeled { stmt, .. } => {
                let block = self.label(s);
                self.jump(block);
                self.b.switch_to(block);
                self.stmt(stmt)
            }
            StmtKind::Branch { kind, target, .. } => self.branch(s, kind, target),
            StmtKind::Spawn { kind, call } => self.spawn(s, kind, call),
            StmtKind::Return(results) => self.return_stmt(s, results),
            StmtKind::If { .. } => self.if_stmt(s),
            StmtKind::For { init, cond, post, body } => self.for_stmt(s, init, cond, post, body),
            StmtKind::Range { .. } => self.range_stmt(s),
            StmtKind::Switch { .. } => self.switch_stmt(s),
            StmtKind::Select { .. } => self.select_stmt(s),
        }
    }

    fn declaration(&mut self, decl: DeclId) -> Res<()> {
        let DeclKind::Var { names, values, .. } = self.file[decl].kind else { return Ok(()) };
        let names = &self.file[names];
        let values = &self.file[values];
        self.at(self.file[decl].pos);
        let vars: Vec<Option<ObjId>> = names.iter().map(|n| self.declared(n.expr())).collect();
        if values.is_empty() {
            for var in vars.into_iter().flatten() {
                let ty = self.obj_ty(var);
                self.declare(var, ty, None);
            }
            return Ok(());
        }
        self.define_vars(decl, &vars, names, values)
    }

    fn define_vars(
        &mut self,
        decl: DeclId,
        vars: &[Option<ObjId>],
        names: &[trigo_syntax::ast::IdentId],
        values: &[ExprId],
    ) -> Res<()> {
        let mut types = Vec::new();
        for (name, var) in names.iter().zip(vars) {
            types.push(match (var, self.info.object(name.expr())) {
                (Some(var), _) => self.obj_ty(*var),
                (None, Some(blank)) => self.obj_ty(blank),
                (None, None) => return self.fail(self.file[decl].pos, "a name without a variable"),
            });
        }
        let made = match (names.len(), values.len()) {
            (n, 1) if n > 1 => self.several(values[0], &types)?,
            _ => {
                let pairs: Vec<_> = values.iter().copied().zip(types.iter().copied()).collect();
                self.in_order(&pairs)?
            }
        };
        self.at(self.file[decl].pos);
        for ((var, ty), value) in vars.iter().zip(types).zip(&made) {
            if let Some(var) = *var {
                self.declare(var, ty, Some(value));
            }
        }
        Ok(())
    }

    /// The variable that a name declares; none for `_`.
    pub(super) fn declared(&self, e: ExprId) -> Option<ObjId> {
        let var = self.info.object(e)?;
        (self.world.store.obj_name(var) != "_").then_some(var)
    }

    /// The block of a label.
    fn label(&mut self, labeled: StmtId) -> Block {
        if let Some(&block) = self.labels.get(&labeled) {
            return block;
        }
        let block = self.b.new_block();
        self.labels.insert(labeled, block);
        block
    }

    fn branch(&mut self, s: StmtId, kind: BranchKind, target: Option<StmtId>) -> Res<()> {
        if kind == BranchKind::Fallthrough {
            let Some(next) = self.fallthrough else {
                return self.fail(self.file[s].pos, "fallthrough out of place");
            };
            self.jump(next);
            self.dead();
            return Ok(());
        }
        let Some(target) = target else {
            return self.fail(self.file[s].pos, "a branch without a target");
        };
        let exit = match kind {
            BranchKind::Break => Exit::Break(target),
            BranchKind::Continue => Exit::Continue(target),
            BranchKind::Goto | BranchKind::Fallthrough => Exit::Goto(target),
        };
        self.leave(exit)
    }

    /// The block in this function where a branch goes.
    pub(super) fn exit_block(&mut self, exit: Exit) -> Option<Block> {
        match exit {
            Exit::Break(stmt) => self.breaks.get(&stmt).copied(),
            Exit::Continue(stmt) => self.continues.get(&stmt).copied(),
            Exit::Goto(stmt) => match self.role {
                Role::RangeBody { stmt: range, .. } if !self.is_inside(stmt, range) => None,
                _ => Some(self.label(stmt)),
            },
            Exit::Return => None,
        }
    }

    /// Branches to somewhere in this function or, from the body of a loop over a function, in one around it.
    pub(super) fn leave(&mut self, exit: Exit) -> Res<()> {
        match self.exit_block(exit) {
            Some(block) => {
                self.jump(block);
                self.dead();
                Ok(())
            }
            None => self.leave_range_body(exit),
        }
    }

    fn return_stmt(&mut self, s: StmtId, results: List<ExprId>) -> Res<()> {
        let exprs = &self.file[results];
        if exprs.is_empty() {
            return self.return_named();
        }
        let types: Vec<_> = self.outer_results().iter().map(|r| r.1).collect();
        let values = match (exprs, types.len()) {
            ([only], n) if n > 1 => self.several(*only, &types)?,
            _ => {
                let pairs: Vec<_> = exprs.iter().copied().zip(types).collect();
                self.in_order(&pairs)?
            }
        };
        self.at(self.file[s].pos);
        self.return_values(values)
    }

    fn if_stmt(&mut self, s: StmtId) -> Res<()> {
        let done = self.b.new_block();
        let mut next = Some(s);
        while let Some(s) = next.take() {
            let StmtKind::If { init, cond, then, els } = self.file[s].kind else {
                self.stmt(s)?;
                break;
            };
            if let Some(init) = init {
                self.stmt(init)?;
            }
            let known = self.info.value(cond).and_then(|v| v.as_bool());
            match known {
                // Dead branches are not lowered unless a label is in them.
                Some(true) if els.is_none_or(|els| !self.has_label(els)) => {
                    self.block(then)?;
                    break;
                }
                Some(false) if !self.block_has_label(then) => {
                    next = els;
                    continue;
                }
                _ => {}
            }
            let (yes, no) = (self.b.new_block(), self.b.new_block());
            self.condition(cond, yes, no)?;
            self.b.switch_to(yes);
            self.block(then)?;
            self.jump(done);
            self.b.switch_to(no);
            next = els;
        }
        self.jump(done);
        self.b.switch_to(done);
        Ok(())
    }

    fn block_has_label(&self, block: BlockId) -> bool {
        self.finds(trigo_syntax::ast::Node::Block(block), &|file, s| {
            matches!(file[s].kind, StmtKind::Labeled { .. })
        })
    }

    fn has_label(&self, s: StmtId) -> bool {
        self.finds(trigo_syntax::ast::Node::Stmt(s), &|file, s| {
            matches!(file[s].kind, StmtKind::Labeled { .. })
        })
    }

    /// Whether a statement is part of another.
    fn is_inside(&self, inner: StmtId, outer: StmtId) -> bool {
        self.finds(trigo_syntax::ast::Node::Stmt(outer), &|_, s| s == inner)
    }

    fn finds(
        &self,
        node: trigo_syntax::ast::Node,
        test: &dyn Fn(&trigo_syntax::ast::File, StmtId) -> bool,
    ) -> bool {
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if let trigo_syntax::ast::Node::Stmt(s) = node
                && test(self.file, s)
            {
                return true;
            }
            self.file.children(node, |child| stack.push(child));
        }
        false
    }

    fn for_stmt(
        &mut self,
        s: StmtId,
        init: Option<StmtId>,
        cond: Option<ExprId>,
        post: Option<StmtId>,
        body: BlockId,
    ) -> Res<()> {
        if let Some(init) = init {
            self.stmt(init)?;
        }
        let (head, inside) = (self.b.new_block(), self.b.new_block());
        let (next, done) = (self.b.new_block(), self.b.new_block());
        self.jump(head);
        self.b.switch_to(head);
        match cond {
            Some(cond) => self.condition(cond, inside, done)?,
            None => self.jump(inside),
        }
        self.b.switch_to(inside);
        self.breaks.insert(s, done);
        self.continues.insert(s, next);
        self.block(body)?;
        self.jump(next);
        self.b.switch_to(next);
        self.at(self.file[s].pos);
        self.renew_loop_vars(init);
        if let Some(post) = post {
            self.stmt(post)?;
        }
        self.jump(head);
        self.b.switch_to(done);
        Ok(())
    }

    /// From go1.22 on each iteration has variables of its own: those that are objects are copied.
    fn renew_loop_vars(&mut self, init: Option<StmtId>) {
        if self.info.version.is_some_and(|v| v < GoVersion(22)) {
            return;
        }
        let Some(StmtKind::Assign { op: trigo_syntax::ast::AssignOp::Define, lhs, .. }) =
            init.map(|s| self.file[s].kind)
        else {
            return;
        };
        let file = self.file;
        for &name in &file[lhs] {
            let Some(var) = self.declared(name).filter(|&v| self.analysis.is_boxed(v)) else {
                continue;
            };
            let ty = self.obj_ty(var);
            if let Ok(old) = self.var_addr(super::Key::Var(var)) {
                let value = self.borrow(old, ty);
                let new = self.fresh_var(var, ty);
                self.store(new, ty, &value);
            }
        }
    }
}
