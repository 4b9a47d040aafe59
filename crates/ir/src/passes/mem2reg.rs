//! Slots that nobody looks at by address become values.
//!
//! A slot's memory is divided into *cells*: the scalars that loads and stores name. If all its uses are loads and stores
//! of whole cells, and copies or clearings of the whole slot, each cell is a variable, and the function is brought into
//! static single assignment for them: block parameters are made where definitions meet and the variable is live
//! (Cytron et al., "Efficiently Computing Static Single Assignment Form", 1991, pruned by liveness). A load becomes what
//! reaches it; what was never stored is zero.
//!
//! Pinned slots, parameters in memory form, and slots whose address goes anywhere else stay in memory.

use crate::cfg::Cfg;
use crate::func::{Block, Def, Func, InstId, Slot, Val, ValData};
use crate::inst::{Inst, Op, Target, Terminator};
use crate::program::Context;
use crate::types::{Scalar, TypeId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Runs the pass.
pub fn run(context: &Context, func: &mut Func) {
    split_switches(func);
    let addresses = addresses(func);
    let cells = Cells::find(context, func, &addresses);
    if cells.count == 0 {
        return;
    }
    let cfg = Cfg::new(func);
    let params = place_params(context, func, &cfg, &addresses, &cells);
    Rename::new(context, func, &cfg, &addresses, &cells, params).run();
}

/// An address in a slot.
#[derive(Clone, Copy)]
struct Address {
    slot: Slot,
    offset: u32,
}

/// The values that are addresses at known offsets in slots.
fn addresses(func: &Func) -> Vec<Option<Address>> {
    let mut found: Vec<Option<Address>> = vec![None; func.vals.len()];
    let mut changed = true;
    // Definitions may come after uses in the list of blocks; chains are short.
    while changed {
        changed = false;
        for &inst in func.blocks.iter().flat_map(|b| &b.insts) {
            let Inst { op, results, .. } = &func.insts[inst.index()];
            let address = match op {
                Op::SlotAddr(slot, offset) => Some(Address { slot: *slot, offset: *offset }),
                Op::PtrAdd(base, bytes) => match (found[base.index()], func.def(*bytes)) {
                    (Some(base), Some(&Op::Iconst(_, more))) => {
                        u32::try_from(i64::from(base.offset) + more)
                            .ok()
                            .map(|offset| Address { slot: base.slot, offset })
                    }
                    _ => None,
                },
                _ => None,
            };
            if address.is_some() && found[results[0].index()].is_none() {
                found[results[0].index()] = address;
                changed = true;
            }
        }
    }
    found
}

/// The cells of the slots that become values.
struct Cells {
    /// By slot, its cells by offset: number and type. None for a slot that stays.
    slots: Vec<Option<FxHashMap<u32, (usize, Scalar)>>>,
    count: usize,
}

impl Cells {
    fn find(context: &Context, func: &Func, addresses: &[Option<Address>]) -> Self {
        let able = |s: &crate::func::SlotData| !s.pinned && s.param.is_none();
        let slots = func.slots.iter().map(|s| able(s).then(FxHashMap::default)).collect();
        let mut cells = Self { slots, count: 0 };
        for block in &func.blocks {
            for &inst in &block.insts {
                cells.visit(context, func, addresses, &func.insts[inst.index()]);
            }
            let term = block.term.as_ref().expect("a finished block has a terminator");
            term.operands(&mut |v| cells.escape(addresses, v));
        }
        for slot in 0..cells.slots.len() {
            if !cells.are_apart(slot, context.types.size(func.slots[slot].ty)) {
                cells.slots[slot] = None;
            }
        }
        // Numbers in the order of slots and offsets.
        for slot in cells.slots.iter_mut().flatten() {
            let mut list: Vec<_> = slot.iter_mut().collect();
            list.sort_unstable_by_key(|c| *c.0);
            for (_, cell) in list {
                cell.0 = cells.count;
                cells.count += 1;
            }
        }
        cells
    }

    fn visit(
        &mut self,
        context: &Context,
        func: &Func,
        addresses: &[Option<Address>],
        inst: &Inst,
    ) {
        match &inst.op {
            Op::Load { scalar, addr, offset } => self.access(addresses, *addr, *offset, *scalar),
            Op::Store { addr, offset, val, .. } => {
                self.access(addresses, *addr, *offset, func.scalar(*val));
                self.escape(addresses, *val);
            }
            Op::Copy { ty, dst, src, .. } => {
                self.whole(context, addresses, *dst, *ty);
                self.whole(context, addresses, *src, *ty);
            }
            Op::Zero { ty, dst, .. } => self.whole(context, addresses, *dst, *ty),
            Op::NilCheck(_) => {}
            Op::EnterDefer(slot) => self.slots[slot.index()] = None,
            // An address made from an address is an address itself; others are unknown.
            Op::PtrAdd(base, bytes) if addresses[inst.results[0].index()].is_none() => {
                self.escape(addresses, *base);
                self.escape(addresses, *bytes);
            }
            Op::PtrAdd(..) => {}
            op => op.operands(&mut |v| self.escape(addresses, v)),
        }
    }

    fn escape(&mut self, addresses: &[Option<Address>], val: Val) {
        if let Some(address) = addresses[val.index()] {
            self.slots[address.slot.index()] = None;
        }
    }

    fn access(&mut self, addresses: &[Option<Address>], addr: Val, offset: u32, scalar: Scalar) {
        let Some(address) = addresses[addr.index()] else { return };
        let Some(cells) = &mut self.slots[address.slot.index()] else { return };
        let cell = cells.entry(address.offset + offset).or_insert((0, scalar));
        if cell.1 != scalar {
            self.slots[address.slot.index()] = None;
        }
    }

    /// A copy or clearing names all parts of a value in parts form.
    fn whole(&mut self, context: &Context, addresses: &[Option<Address>], addr: Val, ty: TypeId) {
        if addresses[addr.index()].is_none() {
            return;
        }
        match context.types.parts(ty) {
            Some(parts) => {
                parts.iter().for_each(|p| self.access(addresses, addr, p.offset, p.scalar))
            }
            None => self.escape(addresses, addr),
        }
    }

    /// Whether no two cells of a slot overlap and all are inside.
    fn are_apart(&self, slot: usize, size: u64) -> bool {
        let Some(cells) = &self.slots[slot] else { return false };
        let mut ranges: Vec<_> = cells
            .iter()
            .map(|(&at, cell)| (u64::from(at), u64::from(at) + cell.1.size()))
            .collect();
        ranges.sort_unstable();
        ranges.windows(2).all(|w| w[0].1 <= w[1].0) && ranges.last().is_none_or(|r| r.1 <= size)
    }

    /// The cell at an address, if its slot becomes values.
    fn at(&self, addresses: &[Option<Address>], addr: Val, offset: u32) -> Option<(usize, Scalar)> {
        let address = addresses[addr.index()]?;
        self.slots[address.slot.index()].as_ref()?.get(&(address.offset + offset)).copied()
    }

    /// Whether an address is in a slot that becomes values.
    fn covers(&self, addresses: &[Option<Address>], addr: Val) -> bool {
        addresses[addr.index()].is_some_and(|a| self.slots[a.slot.index()].is_some())
    }

    fn scalars(&self) -> Vec<Scalar> {
        let mut scalars = vec![Scalar::I8; self.count];
        for &(number, scalar) in self.slots.iter().flatten().flat_map(FxHashMap::values) {
            scalars[number] = scalar;
        }
        scalars
    }
}

/// What an instruction does to cells, in order.
fn each_access(
    context: &Context,
    cells: &Cells,
    addresses: &[Option<Address>],
    op: &Op,
    f: &mut dyn FnMut(usize, bool),
) {
    let mut whole = |addr: Val, ty: TypeId, writes: bool| {
        if cells.covers(addresses, addr) {
            for part in context.types.parts(ty).unwrap_or_default() {
                let (cell, _) =
                    cells.at(addresses, addr, part.offset).expect("a cell for each part");
                f(cell, writes);
            }
        }
    };
    match op {
        Op::Copy { ty, dst, src, .. } => {
            whole(*src, *ty, false);
            whole(*dst, *ty, true);
        }
        Op::Zero { ty, dst, .. } => whole(*dst, *ty, true),
        Op::Load { addr, offset, .. } => {
            if let Some((cell, _)) = cells.at(addresses, *addr, *offset) {
                f(cell, false);
            }
        }
        Op::Store { addr, offset, .. } => {
            if let Some((cell, _)) = cells.at(addresses, *addr, *offset) {
                f(cell, true);
            }
        }
        _ => {}
    }
}

/// By block, the cells for which it gets a parameter.
fn place_params(
    context: &Context,
    func: &Func,
    cfg: &Cfg,
    addresses: &[Option<Address>],
    cells: &Cells,
) -> Vec<Vec<usize>> {
    let mut written: Vec<Vec<Block>> = vec![Vec::new(); cells.count];
    let mut wanted: Vec<Vec<Block>> = vec![Vec::new(); cells.count];
    let mut in_block: Vec<(u32, bool)> = vec![(u32::MAX, false); cells.count];
    for &block in &cfg.order {
        let stamp = block.index() as u32;
        for &inst in &func.blocks[block.index()].insts {
            each_access(
                context,
                cells,
                addresses,
                &func.insts[inst.index()].op,
                &mut |cell, writes| {
                    if in_block[cell].0 != stamp {
                        in_block[cell] = (stamp, false);
                        if !writes {
                            wanted[cell].push(block);
                        }
                    }
                    if writes && !in_block[cell].1 {
                        in_block[cell].1 = true;
                        written[cell].push(block);
                    }
                },
            );
        }
    }
    let frontiers = frontiers(func, cfg);
    let mut params = vec![Vec::new(); func.blocks.len()];
    let mut live = vec![usize::MAX; func.blocks.len()];
    let mut placed = vec![usize::MAX; func.blocks.len()];
    for cell in 0..cells.count {
        let mut writes = vec![false; func.blocks.len()];
        written[cell].iter().for_each(|b| writes[b.index()] = true);
        let mut work = wanted[cell].clone();
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut live[block.index()], cell) == cell {
                continue;
            }
            work.extend(cfg.preds[block.index()].iter().filter(|p| !writes[p.index()]));
        }
        let mut work = written[cell].clone();
        while let Some(block) = work.pop() {
            for &meet in &frontiers[block.index()] {
                if live[meet.index()] == cell && placed[meet.index()] != cell {
                    placed[meet.index()] = cell;
                    params[meet.index()].push(cell);
                    work.push(meet);
                }
            }
        }
    }
    params
}

/// Dominance frontiers, as Cooper, Harvey and Kennedy compute them.
fn frontiers(func: &Func, cfg: &Cfg) -> Vec<Vec<Block>> {
    let mut frontiers: Vec<Vec<Block>> = vec![Vec::new(); func.blocks.len()];
    for &block in &cfg.order {
        let preds = &cfg.preds[block.index()];
        if preds.len() < 2 {
            continue;
        }
        for &pred in preds {
            let mut runner = pred;
            while runner != cfg.idom(block) {
                let list = &mut frontiers[runner.index()];
                if list.last() != Some(&block) {
                    list.push(block);
                }
                runner = cfg.idom(runner);
            }
        }
    }
    frontiers
}

/// Gives each target of a switch a block of its own that jumps there, for switches give no arguments.
fn split_switches(func: &mut Func) {
    for b in 0..func.blocks.len() {
        let Some(Terminator::Switch { .. }) = &func.blocks[b].term else { continue };
        let mut made: FxHashMap<Block, Block> = FxHashMap::default();
        let mut term = func.blocks[b].term.take().expect("a switch");
        let (pos, blocks) = (func.blocks[b].term_pos, &mut func.blocks);
        term.blocks_mut(&mut |target| {
            *target = *made.entry(*target).or_insert_with(|| {
                let jump = Terminator::Jump(Target { block: *target, args: SmallVec::new() });
                let cold = blocks[target.index()].cold;
                blocks.push(crate::func::BlockData {
                    term: Some(jump),
                    term_pos: pos,
                    cold,
                    ..Default::default()
                });
                Block::new(blocks.len() - 1)
            });
        });
        func.blocks[b].term = Some(term);
    }
}

/// The walk over the dominator tree that replaces loads by values.
struct Rename<'a> {
    context: &'a Context,
    func: &'a mut Func,
    cfg: &'a Cfg,
    addresses: &'a [Option<Address>],
    cells: &'a Cells,
    scalars: Vec<Scalar>,
    params: Vec<Vec<usize>>,
    /// What each cell holds here.
    current: Vec<Option<Val>>,
    /// What cells held before, to go back.
    trail: Vec<(usize, Option<Val>)>,
    /// What a load's result is.
    replaced: Vec<Val>,
    /// Instructions of the block at hand.
    out: Vec<InstId>,
}

impl<'a> Rename<'a> {
    fn new(
        context: &'a Context,
        func: &'a mut Func,
        cfg: &'a Cfg,
        addresses: &'a [Option<Address>],
        cells: &'a Cells,
        params: Vec<Vec<usize>>,
    ) -> Self {
        let scalars = cells.scalars();
        let replaced = (0..func.vals.len()).map(Val::new).collect();
        let current = vec![None; cells.count];
        let (trail, out) = (Vec::new(), Vec::new());
        Self {
            context,
            func,
            cfg,
            addresses,
            cells,
            scalars,
            params,
            current,
            trail,
            replaced,
            out,
        }
    }

    fn run(mut self) {
        let mut children: Vec<Vec<Block>> = vec![Vec::new(); self.func.blocks.len()];
        for &block in &self.cfg.order[1..] {
            children[self.cfg.idom(block).index()].push(block);
        }
        for &block in &self.cfg.order {
            for &cell in &self.params[block.index()] {
                let data = &mut self.func.blocks[block.index()];
                let val = Val::new(self.func.vals.len());
                let def = Def::Param(block, data.params.len() as u32);
                data.params.push(val);
                self.func.vals.push(ValData { scalar: self.scalars[cell], def });
                self.replaced.push(val);
            }
        }
        let mut stack = vec![(self.func.entry(), None)];
        while let Some((block, depth)) = stack.pop() {
            if let Some(depth) = depth {
                while self.trail.len() > depth {
                    let (cell, before) = self.trail.pop().expect("longer than its former length");
                    self.current[cell] = before;
                }
                continue;
            }
            stack.push((block, Some(self.trail.len())));
            self.block(block);
            stack.extend(children[block.index()].iter().map(|&b| (b, None)));
        }
    }

    /// Whether a value is an address in a slot that becomes values; those that the pass makes are none.
    fn covers(&self, addr: Val) -> bool {
        addr.index() < self.addresses.len() && self.cells.covers(self.addresses, addr)
    }

    fn set(&mut self, cell: usize, val: Val) {
        self.trail.push((cell, self.current[cell]));
        self.current[cell] = Some(val);
    }

    /// What a cell holds; zero if nothing was stored.
    fn get(&mut self, cell: usize) -> Val {
        match self.current[cell] {
            Some(val) => val,
            None => {
                let zero = self.zero(self.scalars[cell]);
                self.set(cell, zero);
                zero
            }
        }
    }

    fn push(&mut self, op: Op, scalar: Option<Scalar>) -> Option<Val> {
        let id = InstId::new(self.func.insts.len());
        let val = scalar.map(|scalar| {
            let val = Val::new(self.func.vals.len());
            self.func.vals.push(ValData { scalar, def: Def::Result(id, 0) });
            self.replaced.push(val);
            val
        });
        self.func.insts.push(Inst { op, results: val.into_iter().collect(), pos: None });
        self.out.push(id);
        val
    }

    fn zero(&mut self, scalar: Scalar) -> Val {
        let op = match scalar {
            Scalar::Ptr => Op::Null,
            Scalar::F32 => Op::F32const(0),
            Scalar::F64 => Op::F64const(0),
            _ => Op::Iconst(scalar, 0),
        };
        self.push(op, Some(scalar)).expect("a constant has a result")
    }

    fn block(&mut self, block: Block) {
        let params = std::mem::take(&mut self.params[block.index()]);
        let first = self.func.blocks[block.index()].params.len() - params.len();
        for (i, &cell) in params.iter().enumerate() {
            let val = self.func.blocks[block.index()].params[first + i];
            self.set(cell, val);
        }
        self.params[block.index()] = params;
        for inst in std::mem::take(&mut self.func.blocks[block.index()].insts) {
            self.inst(inst);
        }
        let mut term =
            self.func.blocks[block.index()].term.take().expect("a finished block has a terminator");
        term.operands_mut(&mut |v| *v = self.replaced[v.index()]);
        for target in term.targets_mut() {
            for i in 0..self.params[target.block.index()].len() {
                let cell = self.params[target.block.index()][i];
                target.args.push(self.get(cell));
            }
        }
        let data = &mut self.func.blocks[block.index()];
        data.term = Some(term);
        data.insts = std::mem::take(&mut self.out);
    }

    fn inst(&mut self, id: InstId) {
        let replaced = &self.replaced;
        let inst = &mut self.func.insts[id.index()];
        inst.op.operands_mut(&mut |v| *v = replaced[v.index()]);
        let (op, pos) = (inst.op.clone(), inst.pos);
        match op {
            Op::Load { addr, offset, .. } if self.covers(addr) => {
                let (cell, _) =
                    self.cells.at(self.addresses, addr, offset).expect("a cell for each load");
                let result = self.func.insts[id.index()].results[0];
                self.replaced[result.index()] = self.get(cell);
            }
            Op::Store { addr, offset, val, .. } if self.covers(addr) => {
                let (cell, _) =
                    self.cells.at(self.addresses, addr, offset).expect("a cell for each store");
                self.set(cell, val);
            }
            Op::Zero { ty, dst, .. } if self.covers(dst) => {
                for part in self.context.types.parts(ty).unwrap_or_default() {
                    let (cell, scalar) = self
                        .cells
                        .at(self.addresses, dst, part.offset)
                        .expect("a cell for each part");
                    let zero = self.zero(scalar);
                    self.set(cell, zero);
                }
            }
            Op::Copy { ty, dst, src, barrier } if self.covers(dst) || self.covers(src) => {
                let parts = self.context.types.parts(ty).unwrap_or_default();
                let first = self.out.len();
                let vals: SmallVec<[Val; 4]> =
                    parts.iter().map(|p| self.part_of(src, p.offset, p.scalar)).collect();
                for (part, val) in parts.iter().zip(vals) {
                    match self
                        .cells
                        .at(self.addresses, dst, part.offset)
                        .filter(|_| self.covers(dst))
                    {
                        Some((cell, _)) => self.set(cell, val),
                        None => {
                            let pointer = part.scalar == Scalar::Ptr;
                            let barrier = if pointer && part.traced {
                                barrier
                            } else {
                                crate::inst::Barrier::None
                            };
                            self.push(
                                Op::Store { addr: dst, offset: part.offset, val, barrier },
                                None,
                            );
                        }
                    }
                }
                let made = self.out[first..].to_vec();
                made.iter().for_each(|i| self.func.insts[i.index()].pos = pos);
            }
            Op::NilCheck(addr) if self.covers(addr) => {}
            Op::SlotAddr(slot, _) if self.cells.slots[slot.index()].is_some() => {}
            Op::PtrAdd(base, _) if self.covers(base) => {}
            _ => self.out.push(id),
        }
    }

    /// A part of what is at an address.
    fn part_of(&mut self, src: Val, offset: u32, scalar: Scalar) -> Val {
        match self.covers(src) {
            true => {
                let (cell, _) =
                    self.cells.at(self.addresses, src, offset).expect("a cell for each part");
                self.get(cell)
            }
            false => self
                .push(Op::Load { scalar, addr: src, offset }, Some(scalar))
                .expect("a load has a result"),
        }
    }
}
