//! `select`.

use super::value::{Addr, Value};
use super::{Body, Res};
use trigo_ir::func::{Block, Val};
use trigo_ir::inst::Terminator;
use trigo_ir::types::{Basic, Field, Scalar, Shape, TypeId as IrType};
use trigo_syntax::ast::{AssignOp, CommClause, ExprId, ExprKind, StmtId, StmtKind};
use trigo_syntax::token::Op as Token;

/// A clause that communicates, its operands evaluated.
struct Comm<'f> {
    clause: &'f CommClause,
    chan: Val,
    /// What is sent.
    sent: Option<Val>,
    /// What is received into, with the element's type.
    received: Option<(Val, IrType)>,
    /// What the received value and the second result are assigned to.
    lhs: Vec<ExprId>,
    define: bool,
}

impl<'w> Body<'w, '_> {
    /// A `select`.
    pub(super) fn select_stmt(&mut self, s: StmtId) -> Res<()> {
        let StmtKind::Select { clauses, .. } = self.file[s].kind else {
            return self.fail(self.file[s].pos, "not a select");
        };
        let file = self.file;
        let clauses = &file[clauses];
        let done = self.b.new_block();
        self.breaks.insert(s, done);
        let default = clauses.iter().find(|c| c.comm.is_none());
        let mut comms = Vec::new();
        for clause in clauses {
            if let Some(comm) = clause.comm {
                comms.push(self.comm(clause, comm)?);
            }
        }
        self.at(self.file[s].pos);
        match (&comms[..], default) {
            ([], None) => {
                self.runtime("block", &[])?;
                self.unreachable();
            }
            ([], Some(default)) => {
                self.stmts(default.body)?;
                self.jump(done);
            }
            ([only], None) => {
                let ok = match only.sent {
                    Some(value) => {
                        self.runtime("chansend1", &[only.chan, value])?;
                        None
                    }
                    None => {
                        let to = self.target(only);
                        Some(self.runtime1("chanrecv2", &[only.chan, to])?)
                    }
                };
                self.comm_body(only, ok, done)?;
            }
            ([only], Some(default)) => self.try_one(only, default, done)?,
            _ => self.select_many(&comms, default, done)?,
        }
        self.b.switch_to(done);
        Ok(())
    }

    /// Evaluates a clause's operands.
    fn comm(&mut self, clause: &'w CommClause, comm: StmtId) -> Res<Comm<'w>> {
        self.at(self.file[comm].pos);
        let (x, lhs, define) = match self.file[comm].kind {
            StmtKind::Send { chan, value } => {
                let ty = self.ty(chan)?;
                let elem = self.elem_of(ty);
                let chan = self.expr(chan)?.first();
                let value = self.expr_as(value, elem)?;
                let sent = Some(self.spill(elem, &value));
                let lhs = Vec::new();
                return Ok(Comm { clause, chan, sent, received: None, lhs, define: false });
            }
            StmtKind::Expr(x) => (x, Vec::new(), false),
            StmtKind::Assign { op, lhs, rhs } => {
                (self.file[rhs][0], self.file[lhs].to_vec(), op == AssignOp::Define)
            }
            _ => return self.fail(self.file[comm].pos, "a clause that does not communicate"),
        };
        let x = self.file.unparen(x);
        let ExprKind::Unary { op: Token::Recv, x: chan } = self.file[x].kind else {
            return self.fail_at(x, "a clause that does not receive");
        };
        let ty = self.ty(chan)?;
        let elem = self.elem_of(ty);
        let chan = self.expr(chan)?.first();
        let mut received = None;
        if !lhs.is_empty() {
            let addr = self.temp_addr(elem);
            self.store_zero(Addr::safe(addr), elem);
            received = Some((addr, elem));
        }
        Ok(Comm { clause, chan, sent: None, received, lhs, define })
    }

    /// Where a clause receives.
    fn target(&mut self, comm: &Comm<'_>) -> Val {
        match comm.received {
            Some((addr, _)) => addr,
            None => self.b.null(),
        }
    }

    /// What a clause does after it has communicated.
    fn comm_body(&mut self, comm: &Comm<'_>, ok: Option<Val>, done: Block) -> Res<()> {
        if let Some((addr, elem)) = comm.received {
            let value = self.borrow(Addr::safe(addr), elem);
            if let Some(&x) = comm.lhs.first() {
                self.assign_value(x, comm.define, &value, elem)?;
            }
            if let (Some(&x), Some(ok)) = (comm.lhs.get(1), ok) {
                self.assign_value(x, comm.define, &Value::one(ok), Basic::Bool.id())?;
            }
        }
        self.stmts(comm.clause.body)?;
        self.jump(done);
        Ok(())
    }

    /// One communication that must not block.
    fn try_one(&mut self, comm: &Comm<'_>, default: &CommClause, done: Block) -> Res<()> {
        let (selected, ok) = match comm.sent {
            Some(value) => (self.runtime1("selectnbsend", &[comm.chan, value])?, None),
            None => {
                let to = self.target(comm);
                let results = self.runtime("selectnbrecv", &[to, comm.chan])?;
                let [selected, ok] = results[..] else {
                    return Err(super::Fail("selectnbrecv has two results".into()));
                };
                (selected, Some(ok))
            }
        };
        let (yes, no) = (self.b.new_block(), self.b.new_block());
        self.b.branch(selected, yes, no);
        self.b.switch_to(yes);
        self.comm_body(comm, ok, done)?;
        self.b.switch_to(no);
        self.stmts(default.body)?;
        self.jump(done);
        Ok(())
    }

    /// The runtime takes an array of cases: those that send from the front, those that receive from the back.
    fn select_many(
        &mut self,
        comms: &[Comm<'_>],
        default: Option<&CommClause>,
        done: Block,
    ) -> Res<()> {
        let count = comms.len();
        let cases = self.temp_addr(self.cases_type(count as u64));
        let elem = Basic::Uint16.id();
        let order_ty = self.types().intern(Shape::Array { len: 2 * count as u64, elem });
        let order = self.temp_addr(order_ty);
        let sends = comms.iter().filter(|c| c.sent.is_some()).count();
        let (mut front, mut back) = (0, count);
        let mut places = Vec::new();
        for comm in comms {
            let (place, at) = match comm.sent {
                Some(value) => (front, value),
                None => (back - 1, self.target(comm)),
            };
            match comm.sent {
                Some(_) => front += 1,
                None => back -= 1,
            }
            places.push(place as i64);
            let offset = 16 * place as u32;
            let case = self.b.ptr_offset(cases, i64::from(offset));
            self.b.store(case, 0, comm.chan);
            self.b.store(case, 8, at);
        }
        let null = self.b.null();
        let sends_val = self.int(sends as i64);
        let recvs = self.int((count - sends) as i64);
        let blocks = self.b.iconst(Scalar::I8, i64::from(default.is_none()));
        let args = [cases, order, null, sends_val, recvs, blocks];
        let results = self.runtime("selectgo", &args)?;
        let [chosen, ok] = results[..] else {
            return Err(super::Fail("selectgo has two results".into()));
        };
        let bodies: Vec<Block> = comms.iter().map(|_| self.b.new_block()).collect();
        let other = self.b.new_block();
        let table = places.into_iter().zip(bodies.iter().copied()).collect();
        self.b.terminate(Terminator::Switch { val: chosen, cases: table, default: other });
        for (comm, block) in comms.iter().zip(bodies) {
            self.b.switch_to(block);
            self.comm_body(comm, Some(ok), done)?;
        }
        self.b.switch_to(other);
        match default {
            Some(default) => {
                self.stmts(default.body)?;
                self.jump(done);
            }
            None => self.b.terminate(Terminator::Unreachable),
        }
        Ok(())
    }

    /// An array of `runtime.scase`.
    fn cases_type(&self, len: u64) -> IrType {
        let ty = Basic::UnsafePointer.id();
        let field = |name| Field {
            name: self.world.context.syms.intern(name),
            pkg: None,
            ty,
            tag: Box::default(),
            embedded: false,
        };
        let elem = self.types().intern(Shape::Struct([field("C"), field("Elem")].into()));
        self.types().intern(Shape::Array { len, elem })
    }
}
