//! Reading functions. Values may be numbered in any way; they are renumbered in the order in which they are made.

use super::lex::Token;
use super::parse::{Parsed, Parser};
use crate::func::{
    Attrs, Block, BlockData, Def, Func, InstId, Signature, Slot, SlotData, Val, ValData,
};
use crate::inst::{
    AllocWhat, AtomicOp, Barrier, BinaryOp, BoundsKind, Callee, Cond, ConvertOp, Inst, Op, Place,
    Target, Terminator, UnaryOp,
};
use crate::types::Scalar;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A value's number in the text, and its type.
type Typed = (Val, Scalar);

impl Parser<'_> {
    /// A function, behind the word `func`.
    pub(super) fn func(&mut self) -> Parsed<Func> {
        let sym = self.sym()?;
        let mut func = Func::new(sym, self.sig()?);
        if self.accept_word("name") {
            func.name = self.sym()?;
        }
        while let Token::Word(word) = self.peek() {
            let Some((attr, _)) = Attrs::WORDS.iter().find(|a| a.1 == word) else {
                return self.error("no attribute of functions");
            };
            self.next();
            func.attrs = func.attrs.with(*attr);
        }
        func.pos = self.pos()?;
        let outer = std::mem::replace(&mut self.file, func.pos.map(|p| p.file));
        self.expect("{")?;
        while self.accept_word("slot") {
            self.numbered('s', func.slots.len())?;
            let slot = self.slot_data()?;
            func.slots.push(slot);
        }
        let mut numbers = FxHashMap::default();
        while !self.accept("}") {
            self.block(&mut func, &mut numbers)?;
        }
        self.renumber(&mut func, &numbers)?;
        self.file = outer;
        Ok(func)
    }

    /// From the numbers of the text to those in the order in which values are made.
    fn renumber(&self, func: &mut Func, numbers: &FxHashMap<Val, Val>) -> Parsed<()> {
        let mut unknown = None;
        let mut rename = |val: &mut Val| match numbers.get(val) {
            Some(&new) => *val = new,
            None => unknown = Some(*val),
        };
        for inst in &mut func.insts {
            inst.op.operands_mut(&mut rename);
        }
        for block in &mut func.blocks {
            if let Some(term) = &mut block.term {
                term.operands_mut(&mut rename);
            }
        }
        match unknown {
            Some(val) => self.error(format_args!("{val} is used and never made, above")),
            None => Ok(()),
        }
    }

    /// A name like `v7`.
    fn number_of(&mut self, letter: char) -> Parsed<usize> {
        let number = match self.peek() {
            Token::Word(word) => word.strip_prefix(letter).and_then(|n| n.parse::<u32>().ok()),
            _ => None,
        };
        match number {
            Some(number) => {
                self.next();
                Ok(number as usize)
            }
            None => self.error(format_args!("expected {letter} and a number")),
        }
    }

    fn numbered(&mut self, letter: char, next: usize) -> Parsed<()> {
        match self.number_of(letter)? == next {
            true => Ok(()),
            false => self.error(format_args!("expected {letter}{next} before")),
        }
    }

    fn val(&mut self) -> Parsed<Val> {
        self.number_of('v').map(Val::new)
    }

    fn block_name(&mut self) -> Parsed<Block> {
        self.number_of('b').map(Block::new)
    }

    fn slot_name(&mut self) -> Parsed<Slot> {
        self.number_of('s').map(Slot::new)
    }

    fn vals<const N: usize>(&mut self) -> Parsed<[Val; N]> {
        let mut vals = [Val::new(0); N];
        for (i, val) in vals.iter_mut().enumerate() {
            if i > 0 {
                self.expect(",")?;
            }
            *val = self.val()?;
        }
        Ok(vals)
    }

    fn typed(&mut self) -> Parsed<Typed> {
        let val = self.val()?;
        self.expect(":")?;
        match Scalar::from_word(self.word()?) {
            Some(scalar) => Ok((val, scalar)),
            None => self.error("expected the type of a value before"),
        }
    }

    fn slot_data(&mut self) -> Parsed<SlotData> {
        let ty = self.ty()?;
        let name = if self.accept_word("name") { Some(self.sym()?) } else { None };
        let param = if self.accept_word("param") { Some(self.number()?) } else { None };
        let pinned = self.accept_word("pinned");
        Ok(SlotData { ty, name, pos: self.pos()?, param, pinned })
    }

    fn block(&mut self, func: &mut Func, numbers: &mut FxHashMap<Val, Val>) -> Parsed<()> {
        let block = Block::new(func.blocks.len());
        self.numbered('b', block.index())?;
        let mut data = BlockData::default();
        if *self.peek() == Token::Punct("(") {
            for (i, typed) in self.list(["(", ",", ")"], Self::typed)?.into_iter().enumerate() {
                let val = self.make(func, numbers, typed, Def::Param(block, i as u32))?;
                data.params.push(val);
            }
        }
        data.cold = self.accept_word("cold");
        self.expect(":")?;
        while data.term.is_none() {
            let mut made = SmallVec::<[Typed; 2]>::new();
            if self.begins_results() {
                made.push(self.typed()?);
                while self.accept(",") {
                    made.push(self.typed()?);
                }
                self.expect("=")?;
            }
            let word = self.word()?;
            if let Some(term) = self.term(word)? {
                data.term = Some(term);
                data.term_pos = self.pos()?;
                continue;
            }
            let op = self.op(word, made.first().map(|m| m.1))?;
            let id = InstId::new(func.insts.len());
            let mut results = SmallVec::new();
            for (i, typed) in made.into_iter().enumerate() {
                results.push(self.make(func, numbers, typed, Def::Result(id, i as u32))?);
            }
            func.insts.push(Inst { op, results, pos: self.pos()? });
            data.insts.push(id);
        }
        func.blocks.push(data);
        Ok(())
    }

    /// Whether a line begins with a value: no operation is named like one.
    fn begins_results(&self) -> bool {
        match self.peek() {
            Token::Word(w) => w.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok()),
            _ => false,
        }
    }

    fn make(
        &self,
        func: &mut Func,
        numbers: &mut FxHashMap<Val, Val>,
        (number, scalar): Typed,
        def: Def,
    ) -> Parsed<Val> {
        let val = Val::new(func.vals.len());
        func.vals.push(ValData { scalar, def });
        match numbers.insert(number, val) {
            None => Ok(val),
            Some(_) => self.error(format_args!("{number} is made twice, before")),
        }
    }

    fn op(&mut self, word: &str, result: Option<Scalar>) -> Parsed<Op> {
        if let Some(op) = UnaryOp::from_word(word) {
            return Ok(Op::Unary(op, self.val()?));
        }
        if let Some(op) = BinaryOp::from_word(word) {
            let [x, y] = self.vals()?;
            return Ok(Op::Binary(op, x, y));
        }
        if let Some(cond) = Cond::from_word(word) {
            let [x, y] = self.vals()?;
            return Ok(Op::Compare(cond, x, y));
        }
        if let Some(op) = AtomicOp::from_word(word) {
            let [addr, x] = self.vals()?;
            return Ok(Op::AtomicRmw(op, addr, x));
        }
        if let Some(op) = ConvertOp::from_word(word) {
            return Ok(Op::Convert(op, self.result(result)?, self.val()?));
        }
        self.constant(word, result)?.map_or_else(|| self.other(word, result), Ok)
    }

    fn result(&self, result: Option<Scalar>) -> Parsed<Scalar> {
        result.map_or_else(|| self.error("an operation without result"), Ok)
    }

    fn constant(&mut self, word: &str, result: Option<Scalar>) -> Parsed<Option<Op>> {
        Ok(Some(match word {
            "iconst" => Op::Iconst(self.result(result)?, self.number()?),
            "f32const" => Op::F32const(self.number()?),
            "f64const" => Op::F64const(self.number()?),
            "null" => Op::Null,
            "sym_addr" => Op::SymAddr(self.sym()?, self.offset()?),
            "func_value" => Op::FuncValue(self.sym()?),
            "type_addr" => Op::TypeAddr(self.ty()?),
            "itab_addr" => {
                let iface = self.ty()?;
                self.expect(",")?;
                Op::ItabAddr(iface, self.ty()?)
            }
            "bytes" => Op::Bytes(self.quoted()?),
            "slot_addr" => Op::SlotAddr(self.slot_name()?, self.small_offset()?),
            _ => return Ok(None),
        }))
    }

    fn small_offset(&mut self) -> Parsed<u32> {
        let offset = self.offset()?;
        u32::try_from(offset).or_else(|_| self.error("an offset out of range before"))
    }

    fn other(&mut self, word: &str, result: Option<Scalar>) -> Parsed<Op> {
        Ok(match word {
            "fma" => self.vals().map(|[x, y, z]| Op::Fma(x, y, z))?,
            "add_carry" => self.vals().map(|[x, y, z]| Op::AddCarry(x, y, z))?,
            "sub_borrow" => self.vals().map(|[x, y, z]| Op::SubBorrow(x, y, z))?,
            "div_wide" => self.vals().map(|[hi, lo, y]| Op::DivWide { hi, lo, y })?,
            "select" => self.vals().map(|[cond, x, y]| Op::Select(cond, x, y))?,
            "ptr_add" => self.vals().map(|[base, bytes]| Op::PtrAdd(base, bytes))?,
            "load" => {
                let addr = self.val()?;
                Op::Load { scalar: self.result(result)?, addr, offset: self.small_offset()? }
            }
            "store" => {
                let (addr, offset) = (self.val()?, self.small_offset()?);
                self.expect(",")?;
                Op::Store { addr, offset, val: self.val()?, barrier: self.barrier() }
            }
            "copy" => {
                let ty = self.ty()?;
                self.expect(",")?;
                let [dst, src] = self.vals()?;
                Op::Copy { ty, dst, src, barrier: self.barrier() }
            }
            "zero" => {
                let ty = self.ty()?;
                self.expect(",")?;
                Op::Zero { ty, dst: self.val()?, barrier: self.barrier() }
            }
            "alloc" => {
                let ty = self.ty()?;
                self.expect(",")?;
                Op::Alloc { ty, what: self.what()?, place: self.place() }
            }
            "alloc_array" => {
                let elem = self.ty()?;
                self.expect(",")?;
                let len = self.val()?;
                self.expect(",")?;
                Op::AllocArray { elem, len, what: self.what()?, place: self.place() }
            }
            "nil_check" => Op::NilCheck(self.val()?),
            "div_check" => Op::DivCheck(self.val()?),
            "shift_check" => Op::ShiftCheck(self.val()?),
            "bounds_check" => {
                let word = self.word()?;
                let Some(kind) = BoundsKind::from_word(word) else {
                    return self.error(format_args!("no bounds check is called {word}"));
                };
                let [x, y] = self.vals()?;
                Op::BoundsCheck { kind, x, y, signed: self.accept_word("signed") }
            }
            "call" => {
                let (callee, sig, args) = self.call()?;
                Op::Call { callee, sig, args }
            }
            "context" => Op::Context,
            "enter_defer" => Op::EnterDefer(self.slot_name()?),
            "poll" => Op::Poll,
            "frame_addr" => Op::FrameAddr,
            "atomic_load" => Op::AtomicLoad(self.result(result)?, self.val()?),
            "atomic_store" => self.vals().map(|[addr, x]| Op::AtomicStore(addr, x))?,
            "atomic_cas" => self.vals().map(|[addr, old, new]| Op::AtomicCas(addr, old, new))?,
            "keep_alive" => Op::KeepAlive(self.val()?),
            "prefetch" => Op::Prefetch(self.val()?),
            _ => return self.error(format_args!("no instruction is called {word}")),
        })
    }

    fn barrier(&mut self) -> Barrier {
        let barrier = match self.peek() {
            Token::Word(word) => Barrier::from_word(word),
            _ => None,
        };
        if barrier.is_some() {
            self.next();
        }
        barrier.unwrap_or(Barrier::None)
    }

    fn place(&mut self) -> Place {
        if self.accept_word("stack") { Place::Stack } else { Place::Heap }
    }

    fn what(&mut self) -> Parsed<AllocWhat> {
        match self.word()? {
            "variable" => Ok(AllocWhat::Variable(self.sym()?)),
            word => AllocWhat::WORDS.iter().find(|w| w.1 == word).map_or_else(
                || self.error(format_args!("nothing allocated is a {word}")),
                |w| Ok(w.0),
            ),
        }
    }

    fn call(&mut self) -> Parsed<(Callee, Box<Signature>, SmallVec<[Val; 4]>)> {
        let callee = if self.accept_word("code") {
            Callee::Code(self.val()?)
        } else if self.accept_word("closure") {
            Callee::Closure(self.val()?)
        } else {
            Callee::Direct(self.sym()?)
        };
        let args = self.list(["(", ",", ")"], Self::val)?;
        self.expect(":")?;
        Ok((callee, Box::new(self.sig()?), args.into()))
    }

    fn target(&mut self) -> Parsed<Target> {
        let block = self.block_name()?;
        let args = match self.peek() {
            Token::Punct("(") => self.list(["(", ",", ")"], Self::val)?.into(),
            _ => SmallVec::new(),
        };
        Ok(Target { block, args })
    }

    fn term(&mut self, word: &str) -> Parsed<Option<Terminator>> {
        Ok(Some(match word {
            "jump" => Terminator::Jump(self.target()?),
            "branch" => {
                let cond = self.val()?;
                self.expect(",")?;
                let then = self.target()?;
                self.expect(",")?;
                Terminator::Branch { cond, then, els: self.target()? }
            }
            "switch" => {
                let val = self.val()?;
                let cases = self.list(["{", ",", "}"], |p| {
                    let value = p.number()?;
                    p.expect(":")?;
                    Ok((value, p.block_name()?))
                })?;
                Terminator::Switch { val, cases, default: self.block_name()? }
            }
            "return" => {
                let mut args = SmallVec::new();
                if self.begins_results() {
                    args.push(self.val()?);
                    while self.accept(",") {
                        args.push(self.val()?);
                    }
                }
                Terminator::Return(args)
            }
            "tail_call" => {
                let (callee, sig, args) = self.call()?;
                Terminator::TailCall { callee, sig, args }
            }
            "unreachable" => Terminator::Unreachable,
            _ => return Ok(None),
        }))
    }
}
