//! `switch` on values and on types.

use super::value::Value;
use super::{Body, Key, Res};
use rustc_hash::FxHashSet;
use trigo_ir::func::{Block, Val};
use trigo_ir::inst::{Cond, Terminator};
use trigo_ir::types::{Basic, Scalar, TypeId as IrType};
use trigo_syntax::ast::{CaseClause, ExprId, ExprKind, List, StmtId, StmtKind};
use trigo_types::Mode;

impl Body<'_, '_> {
    /// A `switch`.
    pub(super) fn switch_stmt(&mut self, s: StmtId) -> Res<()> {
        let StmtKind::Switch { init, tag, clauses, .. } = self.file[s].kind else {
            return self.fail(self.file[s].pos, "not a switch");
        };
        if let Some(init) = init {
            self.stmt(init)?;
        }
        let outer = self.fallthrough.take();
        let done = self.b.new_block();
        self.breaks.insert(s, done);
        match tag.map(|t| (t, self.file[t].kind)) {
            Some((_, ExprKind::TypeSwitchGuard { x, .. })) => self.type_switch(x, clauses, done)?,
            Some((tag, _)) => self.value_switch(s, Some(tag), clauses, done)?,
            None => self.value_switch(s, None, clauses, done)?,
        }
        self.fallthrough = outer;
        self.b.switch_to(done);
        Ok(())
    }

    fn value_switch(
        &mut self,
        s: StmtId,
        tag: Option<ExprId>,
        clauses: List<CaseClause>,
        done: Block,
    ) -> Res<()> {
        let file = self.file;
        let clauses = &file[clauses];
        let blocks: Vec<Block> = clauses.iter().map(|_| self.b.new_block()).collect();
        let default = clauses.iter().position(|c| c.exprs.is_none());
        let default = default.map_or(done, |i| blocks[i]);
        let cases: Vec<(ExprId, Block)> = clauses
            .iter()
            .zip(&blocks)
            .flat_map(|(c, &b)| file[c.exprs.unwrap_or_default()].iter().map(move |&e| (e, b)))
            .collect();
        match tag {
            None => {
                for (e, block) in cases {
                    let next = self.b.new_block();
                    // A missing tag is `true`, which an interface may hold.
                    if self.types().is_interface(self.ty(e)?) {
                        let tag = Value::one(self.b.iconst(Scalar::I8, 1));
                        let same = self.case_holds(&tag, Basic::Bool.id(), e)?;
                        self.b.branch(same, block, next);
                    } else {
                        self.condition(e, block, next)?;
                    }
                    self.b.switch_to(next);
                }
                self.jump(default);
            }
            Some(tag) => self.dispatch(s, tag, &cases, default)?,
        }
        for (i, clause) in clauses.iter().enumerate() {
            self.b.switch_to(blocks[i]);
            self.fallthrough = blocks.get(i + 1).copied();
            self.stmts(clause.body)?;
            self.jump(done);
        }
        Ok(())
    }

    /// Goes to the block of the first case that equals the tag.
    fn dispatch(
        &mut self,
        s: StmtId,
        tag: ExprId,
        cases: &[(ExprId, Block)],
        default: Block,
    ) -> Res<()> {
        let ty = self.ty(tag)?;
        let value = self.expr(tag)?;
        self.at(self.file[s].pos);
        if let Some(numbers) = self.constant_cases(ty, cases) {
            let val = value.first();
            self.b.terminate(Terminator::Switch { val, cases: numbers, default });
            return Ok(());
        }
        for &(e, block) in cases {
            let next = self.b.new_block();
            let same = self.case_holds(&value, ty, e)?;
            self.b.branch(same, block, next);
            self.b.switch_to(next);
        }
        self.jump(default);
        Ok(())
    }

    /// The numbers of the cases, if all are constants and the tag is a number.
    fn constant_cases(&self, ty: IrType, cases: &[(ExprId, Block)]) -> Option<Vec<(i64, Block)>> {
        use Basic::{Bool, Complex64, Complex128, Float32, Float64, String};
        let basic = self.basic(ty)?;
        if matches!(basic, Bool | Complex64 | Complex128 | Float32 | Float64 | String) {
            return None;
        }
        let scalar = self.scalar_of(ty);
        if scalar == Scalar::Ptr {
            return None;
        }
        let mut seen = FxHashSet::default();
        let mut numbers = Vec::new();
        for &(e, block) in cases {
            let number =
                super::konst::truncated(super::konst::integer(self.info.value(e)?), scalar);
            if self.ty(e).ok()? != ty || !seen.insert(number) {
                return None;
            }
            numbers.push((number, block));
        }
        Some(numbers)
    }

    fn case_holds(&mut self, tag: &Value, ty: IrType, e: ExprId) -> Res<Val> {
        if self.is_nil(e) {
            let null = self.b.null();
            return Ok(self.b.compare(Cond::Eq, tag.first(), null));
        }
        let own = self.ty(e)?;
        let (tag, ty) = match (self.types().is_interface(ty), self.types().is_interface(own)) {
            (false, true) => (self.assign_convert(tag.clone(), ty, own)?, own),
            (true, true) if self.is_empty_interface(own) => {
                (self.assign_convert(tag.clone(), ty, own)?, own)
            }
            _ => (tag.clone(), ty),
        };
        let value = self.expr_as(e, ty)?;
        self.at_expr(e);
        self.equal(ty, &tag, &value)
    }

    fn type_switch(&mut self, x: ExprId, clauses: List<CaseClause>, done: Block) -> Res<()> {
        let file = self.file;
        let from = self.ty(x)?;
        let value = self.expr(x)?;
        self.at_expr(x);
        let typ = self.type_word(&value, from);
        let mut default = None;
        for (clause, place) in file[clauses].iter().zip(clauses.range()) {
            let Some(exprs) = clause.exprs else {
                default = Some((clause, place));
                continue;
            };
            self.at(clause.pos);
            let exprs = &file[exprs];
            if let &[only] = exprs
                && !self.is_nil(only)
            {
                let to = self.ty(only)?;
                let (ok, word) = self.holds(typ, to)?;
                let (block, next) = (self.b.new_block(), self.b.new_block());
                self.b.branch(ok, block, next);
                self.b.switch_to(block);
                if self.info.clause_vars.contains_key(&place) {
                    let data = value.operands()[1];
                    let held = match word {
                        Some(word) => Value::of(&[word, data]),
                        None => self.unboxed(data, to),
                    };
                    self.clause(clause, place, &held, done)?;
                } else {
                    self.clause(clause, place, &value, done)?;
                }
                self.b.switch_to(next);
                continue;
            }
            let block = self.b.new_block();
            for &e in exprs {
                let ok = match self.info.typ(e) {
                    Some((Mode::Nil, _)) => {
                        let null = self.b.null();
                        self.b.compare(Cond::Eq, typ, null)
                    }
                    _ => {
                        let to = self.ty(e)?;
                        self.holds(typ, to)?.0
                    }
                };
                let next = self.b.new_block();
                self.b.branch(ok, block, next);
                self.b.switch_to(next);
            }
            let after = self.b.block();
            self.b.switch_to(block);
            self.clause(clause, place, &value, done)?;
            self.b.switch_to(after);
        }
        match default {
            Some((clause, place)) => self.clause(clause, place, &value, done),
            None => {
                self.jump(done);
                Ok(())
            }
        }
    }

    /// A type switch's clause with the value that its variable has.
    fn clause(&mut self, clause: &CaseClause, place: usize, value: &Value, done: Block) -> Res<()> {
        if let Some(&var) = self.info.clause_vars.get(&place) {
            let ty = self.obj_ty(var);
            debug_assert!(!self.vars.contains_key(&Key::Var(var)), "a clause is lowered once");
            self.declare(var, ty, Some(value));
        }
        self.stmts(clause.body)?;
        self.jump(done);
        Ok(())
    }
}
